"""PostgresSource while its tables are changed: a change that was under way
when a turn began is waited for, and the turn then sees what it left behind,
not the nothing an older snapshot has of a table written anew (B15)."""

import collections
import select

import pytest

from support.drive import PluginError, drain, until
from support.env import wait_for
from support.postgres import table

KEYED = [{"mode": "incrementing", "incrementing_column_name": "id"},
         {"mode": "timestamp", "timestamp_column_name": "ts"},
         {"mode": "timestamp+incrementing", "timestamp_column_name": "ts",
          "incrementing_column_name": "id"}]
MODES = [{"mode": "bulk"}] + KEYED
CHANGES = ["ALTER TABLE b ALTER v TYPE bigint",
           "ALTER TABLE b ADD w float8 DEFAULT random()",
           "TRUNCATE b; INSERT INTO b (ts, v) SELECT '2021-01-01', i "
           "FROM generate_series(1, 100) i"]


@pytest.fixture
def b(sql):
    sql("CREATE TABLE b (id serial PRIMARY KEY, v int,"
        " ts timestamptz NOT NULL DEFAULT '2020-01-01')")
    sql("INSERT INTO b (v) SELECT generate_series(1, 100)")


@pytest.fixture
def change(sql, session):
    """change(s, statement): it is not committed when the turn of s begins,
    and is as soon as the turn waits for it; s has taken the answer. No row
    came before that."""
    def run(s, statement, begun=lambda: None):
        connection, cursor = session()
        cursor.execute(statement)
        begun()
        s.send("poll", False)
        early = []

        def waits():
            if select.select([s.process.stdout], [], [], 0)[0]:
                early.extend(s.take())  # the turn was not due yet
                s.send("poll", False)
            return sql(
                "SELECT 1 FROM pg_stat_activity WHERE datname = "
                "current_database() AND wait_event_type = 'Lock' AND "
                "%s = ANY (pg_blocking_pids(pid))",
                [connection.info.backend_pid])
        wait_for("the turn to wait", waits, interval=0.01)
        assert not early, "rows of a turn that waited for nothing"
        connection.commit()
        return s.take()
    return run


def ids(s):
    return set(s.values("id"))


def there(sql):
    return {i for (i,) in sql("SELECT id FROM b")}


@pytest.mark.parametrize("statement", CHANGES)
def test_a_pass_that_waited_for_a_change_is_whole_B15(sql, source, b, change,
                                                      statement):
    s = source(mode="bulk", tables=table("b"), poll_interval_ms="3600000")
    s.start()
    change(s, statement)
    drain(s)
    assert sorted(s.values("id")) == sorted(there(sql))


def test_a_later_pass_that_waited_for_a_change_is_whole_B15(sql, source, b,
                                                            change):
    s = source(mode="bulk", tables=table("b"), poll_interval_ms="500")
    s.start()
    until(s, 100)
    drain(s, quiet=1)
    s.records.clear()
    change(s, CHANGES[0])
    drain(s, quiet=1)
    passes = collections.Counter(s.values("id"))
    assert set(passes) == there(sql) and len(set(passes.values())) == 1


@pytest.mark.parametrize("statement", CHANGES)
@pytest.mark.parametrize("config", KEYED)
def test_a_turn_that_waited_for_a_change_skips_no_row_B15(
        sql, source, b, change, config, statement):
    s = source(tables=table("b"), **config)
    s.start()
    until(s, 100)
    sql("INSERT INTO b (v, ts) SELECT i, '2020-06-01' "
        "FROM generate_series(101, 150) i")
    change(s, statement)
    drain(s)
    [(last,)] = sql("INSERT INTO b (v, ts) VALUES (0, '2022-01-01') "
                    "RETURNING id")
    wait_for("the last row",
             lambda: s.poll() is not None and last in ids(s))
    drain(s)
    assert len(there(sql)) == (101 if "TRUNCATE" in statement else 151)
    assert ids(s) >= there(sql)


@pytest.mark.parametrize("config", MODES)
def test_a_query_of_several_tables_that_waited_is_whole_B15(
        sql, source, b, change, config):
    """One of them would be empty, and the other move the position."""
    sql("CREATE TABLE c (id int PRIMARY KEY, v int,"
        " ts timestamptz NOT NULL DEFAULT '2020-02-01')")
    sql("INSERT INTO c SELECT generate_series(1001, 1010)")
    s = source(query="SELECT id, ts FROM b UNION ALL SELECT id, ts FROM c",
               poll_interval_ms="10" if config in KEYED else "3600000",
               **config)
    s.start()
    change(s, CHANGES[0])
    drain(s, quiet=5)
    assert ids(s) == there(sql) | set(range(1001, 1011))


@pytest.mark.parametrize("config", MODES)
def test_a_view_that_waited_is_whole_B15(sql, source, b, change, config):
    sql("CREATE TABLE c (LIKE b INCLUDING ALL)")
    sql("INSERT INTO c SELECT i, i, '2020-02-01' "
        "FROM generate_series(1001, 1010) i")
    sql("CREATE VIEW u AS SELECT id, ts FROM b UNION ALL "
        "SELECT id, ts FROM c")
    s = source(tables=table("u"),
               poll_interval_ms="10" if config in KEYED else "3600000",
               validate_non_null="false", **config)
    s.start()
    change(s, CHANGES[1])
    drain(s, quiet=5)
    assert ids(s) == there(sql) | set(range(1001, 1011))


@pytest.mark.parametrize("config", KEYED)
@pytest.mark.parametrize("what", [{"tables": table("u")},
                                  {"query": "SELECT * FROM u"}])
def test_no_key_is_passed_while_its_table_is_rewritten_B15(
        sql, source, session, b, change, config, what):
    """The turn before has found a key, and what ran then has ended when this
    one begins: all up to it would be read, and done."""
    sql("CREATE TABLE c (LIKE b INCLUDING ALL)")
    sql("INSERT INTO c SELECT i, i, '2020-02-01' "
        "FROM generate_series(1001, 1010) i")
    sql("CREATE VIEW u AS SELECT id, ts FROM b UNION ALL "
        "SELECT id, ts FROM c")
    s = source(validate_non_null="false", **config, **what)
    s.start()
    old, cursor = session()
    cursor.execute("CREATE TABLE other ()")
    drain(s)
    assert not s.records
    change(s, CHANGES[1], begun=old.commit)
    drain(s, quiet=5)
    assert ids(s) == there(sql) | set(range(1001, 1011))


@pytest.mark.parametrize("what", [{"tables": table("b")},
                                  {"query": "SELECT * FROM b"}])
def test_a_partition_that_was_loaded_again_is_not_missed_B15(
        sql, source, change, what):
    sql("CREATE TABLE b (id int NOT NULL) PARTITION BY RANGE (id)")
    sql("CREATE TABLE b1 PARTITION OF b FOR VALUES FROM (0) TO (100)")
    sql("CREATE TABLE b2 PARTITION OF b FOR VALUES FROM (100) TO (200)")
    sql("INSERT INTO b SELECT generate_series(1, 199)")
    s = source(mode="bulk", poll_interval_ms="3600000", **what)
    s.start()
    change(s, "TRUNCATE b1; INSERT INTO b1 SELECT generate_series(0, 98)")
    drain(s)
    assert sorted(s.values("id")) == sorted(there(sql))


def test_a_table_that_took_the_place_of_another_is_whole_B15(
        sql, source, b, change):
    for what in ({"tables": table("b")}, {"query": "SELECT * FROM b"}):
        s = source(mode="bulk", poll_interval_ms="3600000", **what)
        s.start()
        change(s, "ALTER TABLE b RENAME TO gone; CREATE TABLE b AS "
                  "SELECT * FROM gone; DROP TABLE gone CASCADE")
        drain(s)
        assert sorted(s.values("id")) == sorted(there(sql)), what


def test_a_table_that_becomes_another_kind_is_still_read(sql, source, b):
    s = source(mode="bulk", tables=table("b"))
    s.start()
    until(s, 100)
    sql("DROP TABLE b; CREATE TABLE b (id int) PARTITION BY RANGE (id);"
        "CREATE TABLE b1 PARTITION OF b DEFAULT; INSERT INTO b VALUES (777)")
    wait_for("its row", lambda: s.poll() is not None and 777 in ids(s))
    sql("DROP TABLE b; CREATE VIEW b AS SELECT 778 AS id")
    wait_for("that of a view", lambda: s.poll() is not None and 778 in ids(s))


@pytest.mark.parametrize("kind", ["VIEW", "MATERIALIZED VIEW"])
@pytest.mark.parametrize("config", MODES)
def test_a_table_that_becomes_a_view_is_read_from_where_it_was(
        sql, source, b, config, kind):
    s = source(tables=table("b"), validate_non_null="false", **config)
    s.start()
    until(s, 100)
    if config in KEYED:
        drain(s)
    s.records.clear()
    sql(f"ALTER TABLE b RENAME TO c; CREATE {kind} b AS SELECT * FROM c "
        "UNION ALL SELECT 101, 1, '2022-01-01'")
    wait_for("its row", lambda: s.poll() is not None and 101 in ids(s))
    if config in KEYED:
        assert s.values("id") == [101]


def test_a_table_that_becomes_a_view_has_no_constraints_to_look_for(
        sql, source, b):
    """What a table must have, a key that is not null, a view cannot."""
    s = source(tables=table("b"), **KEYED[0])
    s.start()
    until(s, 100)
    sql("ALTER TABLE b RENAME TO c; CREATE VIEW b AS SELECT * FROM c;"
        "INSERT INTO c (v) VALUES (101)")
    until(s, 101)
    assert s.values("id") == list(range(1, 102))


def test_a_lock_that_is_waited_for_is_told_while_others_are_read(
        sql, source, session, b):
    sql("CREATE TABLE c (id serial PRIMARY KEY)")
    s = source(mode="incrementing", incrementing_column_name="id",
               tables=table("b") + "," + table("c"))
    s.start()
    until(s, 100)
    drain(s)
    sql("INSERT INTO c DEFAULT VALUES")
    connection, cursor = session()
    cursor.execute("ALTER TABLE b ADD w int")
    until(s, 101)
    wait_for("the cause", lambda: s.poll() is not None
             and "public.b is not read" in s.last["cause"]
             and f"pid {connection.info.backend_pid} of postgres"
             in s.last["cause"])
    connection.commit()
    sql("INSERT INTO b (w) VALUES (7)")
    until(s, 102)
    assert s.records[-1]["value"]["w"] == 7
    assert not s.last["cause"]


# Keyed modes while columns change

def test_a_key_that_is_found_may_be_renamed_B15(sql, source, b, change):
    """What the catalog says of the columns is of one time with them."""
    s = source(mode="incrementing", tables=table("b"))
    s.start()
    until(s, 100)
    sql("INSERT INTO b (v) VALUES (101)")
    change(s, "ALTER TABLE b RENAME id TO number")
    until(s, 101)
    sql("INSERT INTO b (v) VALUES (102)")
    until(s, 102)
    drain(s)
    assert s.values()[-1]["number"] == 102
    assert [r["v"] for r in s.values()] == list(range(1, 103))


@pytest.mark.parametrize("config", KEYED)
@pytest.mark.parametrize("statement", [
    "ALTER TABLE b DROP v", "ALTER TABLE b RENAME v TO w",
    "ALTER TABLE b ALTER v TYPE text", "ALTER TABLE b ALTER id TYPE bigint",
    "ALTER TABLE b ALTER ts TYPE timestamp",
    "ALTER TABLE b ADD w int NOT NULL DEFAULT 5"])
def test_no_row_is_missed_while_columns_change_B15(
        sql, source, b, change, config, statement):
    s = source(tables=table("b"), **config)
    s.start()
    until(s, 100)
    sql("INSERT INTO b (ts) SELECT '2020-06-01' FROM generate_series(1, 50)")
    change(s, statement)
    drain(s)
    sql("INSERT INTO b (ts) SELECT '2020-07-01' FROM generate_series(1, 50)")
    wait_for("all rows", lambda: s.poll() is not None and
             ids(s) == there(sql) and len(ids(s)) == 200)
    now = [name for (name,) in sql(
        "SELECT attname::text FROM pg_attribute WHERE attnum > 0 AND NOT "
        "attisdropped AND attrelid = 'b'::regclass ORDER BY attnum")]
    assert list(s.records[-1]["value"]) == now


@pytest.mark.parametrize("config,statement,words", [
    (KEYED[0], "ALTER TABLE b RENAME id TO n", 'has no column "id"'),
    (KEYED[0], "ALTER TABLE b DROP id", 'has no column "id"'),
    (KEYED[0], "ALTER TABLE b ALTER id DROP DEFAULT, "
     "ALTER id TYPE text", "Invalid type for incrementing column: id of "
     "public.b"),
    (KEYED[1], "ALTER TABLE b DROP ts", 'has no timestamp column "ts"'),
    (KEYED[1], "ALTER TABLE b ALTER ts DROP NOT NULL", "nullable"),
    (KEYED[2], "ALTER TABLE b RENAME ts TO t",
     'has no timestamp column "ts"')])
def test_a_key_that_is_gone_is_told_B15(
        sql, source, b, change, config, statement, words):
    s = source(tables=table("b"), **config)
    s.start()
    until(s, 100)
    drain(s)
    kept = dict(s.offsets)
    with pytest.raises(PluginError, match="public.b") as e:
        change(s, statement)
    assert e.value.code == "CONFIG" and words in e.value.text
    assert s.offsets == kept


# A role that may read all columns, but not the table: no LOCK TABLE

COLUMNS = "SELECT (id, v, ts, xmin, ctid)"


@pytest.fixture
def reader(postgres, db, sql, unique, source):
    """reader(…): a source that logs in as the role reader.role"""
    role = unique("reader")
    sql(f'CREATE ROLE "{role}" LOGIN')

    def make(**config):
        return source(connection_url=f"{postgres.jdbc(db)}?user={role}",
                      **config)
    make.role = role
    yield make
    sql(f'DROP OWNED BY "{role}"')
    sql(f'DROP ROLE "{role}"')


@pytest.mark.parametrize("statement", [CHANGES[0], CHANGES[2]])
@pytest.mark.parametrize("config", MODES)
def test_what_may_not_be_locked_is_whole_after_a_change_B15(
        sql, reader, b, change, config, statement):
    sql(f'GRANT {COLUMNS} ON b TO "{reader.role}"')
    s = reader(tables=table("b"), poll_interval_ms="10"
               if config in KEYED else "3600000", **config)
    s.start()
    if config in KEYED:
        until(s, 100)
        sql("INSERT INTO b (v, ts) SELECT i, '2020-06-01' "
            "FROM generate_series(101, 150) i")
    change(s, statement)
    drain(s, quiet=5)
    assert ids(s) >= there(sql)


@pytest.mark.parametrize("config", MODES)
def test_grants_may_change_while_a_table_is_read(sql, reader, b, config):
    """From the table to its columns and back; without one it is told which
    table, and read on when there is one again."""
    sql(f'GRANT SELECT ON b TO "{reader.role}"')
    s = reader(tables=table("b"), **config)
    s.start()
    until(s, 100)
    if config in KEYED:
        drain(s)
    s.records.clear()
    for v, statement in enumerate(
            [f'REVOKE ALL ON b FROM "{reader.role}";'
             f'GRANT {COLUMNS} ON b TO "{reader.role}"',
             f'GRANT SELECT ON b TO "{reader.role}"'], 101):
        sql(statement)
        sql("INSERT INTO b (v, ts) VALUES (%s, '2021-01-01')", (v,))
        wait_for("its row", lambda v=v: s.poll() is not None
                 and v in s.values("v"))
    sql(f'REVOKE ALL ON b FROM "{reader.role}"')
    sql("INSERT INTO b (v, ts) VALUES (103, '2021-01-02')")
    with pytest.raises(PluginError, match="public.b.*42501") as e:
        drain(s)
    assert e.value.code == "FATAL"
    sql(f'GRANT {COLUMNS} ON b TO "{reader.role}"')
    wait_for("the row", lambda: s.poll() is not None
             and 103 in s.values("v"))
    if config in KEYED:
        assert s.values("v") == [101, 102, 103]


def test_a_partition_that_may_not_be_locked_is_not_missed_B15(
        sql, reader, change):
    sql("CREATE TABLE b (id int NOT NULL) PARTITION BY RANGE (id)")
    sql("CREATE TABLE b1 PARTITION OF b FOR VALUES FROM (0) TO (100)")
    sql("CREATE TABLE b2 PARTITION OF b FOR VALUES FROM (100) TO (200)")
    sql("INSERT INTO b SELECT generate_series(1, 199)")
    sql(f'GRANT SELECT (id, xmin, ctid) ON b TO "{reader.role}"')
    s = reader(mode="bulk", tables=table("b"), poll_interval_ms="3600000")
    s.start()
    change(s, "TRUNCATE b1; INSERT INTO b1 SELECT generate_series(0, 98)")
    drain(s)
    assert sorted(s.values("id")) == sorted(there(sql))


@pytest.mark.parametrize("grant,is_found", [
    ("SELECT", True), (COLUMNS, True), ("SELECT (id, v, ts)", False),
    ("SELECT (id, v, xmin, ctid)", False), ("INSERT", False)])
def test_tables_are_those_that_the_role_may_read(sql, reader, b, grant,
                                                 is_found):
    sql("CREATE TABLE c (id int)")
    sql(f'GRANT SELECT ON c TO "{reader.role}";'
        f'GRANT {grant} ON b TO "{reader.role}"')
    tasks = reader(mode="bulk").ask("tasks", 1)["ok"]
    assert tasks == [{"tables": ",".join(
        [table("b")] * is_found + [table("c")])}]
