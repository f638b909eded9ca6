"""PostgresSource through its ABI on a real server. Names carry the ids of the
traps they prove us free of."""

import json
import random
import re
import socket
import threading
import time

import pytest

from support.drive import PluginError, drain, until
from support.env import wait_for
from support.postgres import table


@pytest.fixture
def prepared(postgres, db):
    """prepared(sql): a transaction called "late", prepared after it. Left to
    itself it would hold back every other test's rows."""
    def run(text):
        connection = postgres.connect(db)
        connection.cursor().execute(text + "; PREPARE TRANSACTION 'late'")
        connection.close()
    yield run
    for (name,) in postgres.execute(db, "SELECT gid FROM pg_prepared_xacts"):
        postgres.execute(db, f"ROLLBACK PREPARED '{name}'")


# No late commit is missed

def test_row_that_commits_late_is_read_B19(sql, source, session):
    sql("CREATE TABLE b (id serial PRIMARY KEY)")
    s = source(mode="incrementing", tables=table("b"))
    s.start()
    a, ca = session()
    b, cb = session()
    ca.execute("INSERT INTO b DEFAULT VALUES")
    cb.execute("INSERT INTO b DEFAULT VALUES")
    b.commit()
    drain(s)
    a.commit()
    until(s, 2)
    drain(s)
    assert s.values("id") == [1, 2]


def test_row_whose_id_was_taken_long_before_is_read_B19(
        sql, source, session):
    """The id comes from a block the application fetched; no transaction
    was running when the others were read."""
    sql("CREATE TABLE b (id int PRIMARY KEY)")
    s = source(mode="incrementing", incrementing_column_name="id",
               tables=table("b"))
    s.start()
    sql("INSERT INTO b VALUES (100)")
    until(s, 1)
    sql("INSERT INTO b VALUES (200)")
    until(s, 2)
    sql("INSERT INTO b VALUES (7)")
    sql("INSERT INTO b VALUES (150)")
    until(s, 4)
    assert sorted(s.values("id")) == [7, 100, 150, 200]
    assert list(s.offsets.values())[0]["incrementing"] == 200


def test_subtransactions_are_waited_for_B19(
        postgres, db, sql, source, session):
    sql("CREATE TABLE b (id serial PRIMARY KEY, who text)")
    s = source(mode="incrementing", tables=table("b"))
    s.start()
    a, ca = session()
    ca.execute("INSERT INTO b (who) VALUES ('top')")
    ca.execute("SAVEPOINT one; INSERT INTO b (who) VALUES ('sub')")
    ca.execute("SAVEPOINT two; INSERT INTO b (who) VALUES ('subsub')")
    ca.execute("ROLLBACK TO two; SAVEPOINT three;"
               "INSERT INTO b (who) VALUES ('after')")
    sql("INSERT INTO b (who) VALUES ('other')")
    drain(s)
    assert s.values("who") == []
    a.commit()
    until(s, 4)
    assert sorted(s.values("who")) == ["after", "other", "sub", "top"]


@pytest.mark.parametrize("config", [
    {"mode": "incrementing", "tables": table("b")},
    {"mode": "timestamp+incrementing", "timestamp_column_name": "ts",
     "tables": table("b")},
    {"mode": "incrementing", "query": "SELECT * FROM b"}])
def test_prepared_transactions_are_waited_for_B19(sql, source, prepared,
                                                  config):
    """They outlive their session, and here the task as well."""
    sql("CREATE TABLE b (id serial PRIMARY KEY, who text,"
        " ts timestamptz NOT NULL DEFAULT clock_timestamp())")
    config = {"incrementing_column_name": "id", **config}
    s = source(**config)
    s.start()
    prepared("INSERT INTO b (who) VALUES ('prepared')")
    sql("INSERT INTO b (who) VALUES ('other')")
    drain(s)
    assert s.values("who") == []
    kept = s.offsets
    s.kill()
    sql("INSERT INTO b (who) VALUES ('third')")
    s = source(**config)
    s.start(kept)
    drain(s)
    assert s.values("who") == []
    sql("COMMIT PREPARED 'late'")
    until(s, 3)
    drain(s)
    assert sorted(s.values("who")) == ["other", "prepared", "third"]


def test_timestamps_of_one_instant_survive_kills_B20(sql, source):
    sql("CREATE TABLE b (id int, ts timestamptz NOT NULL)")
    sql("INSERT INTO b SELECT i, '2020-01-01' FROM generate_series(1,10000) i")
    sql("INSERT INTO b VALUES (0, '2019-01-01'), (10001, '2021-01-01')")
    seen, offsets = set(), {}
    for _ in range(40):
        s = source(mode="timestamp", timestamp_column_name="ts",
                   tables=table("b"))
        s.ask("budget", 100000)
        s.start(offsets)
        for _ in range(3):
            s.poll()
        seen.update(s.values("id"))
        offsets = s.offsets
        s.kill()
    s = source(mode="timestamp", timestamp_column_name="ts",
               tables=table("b"))
    s.start(offsets)
    until(s, 10000)
    drain(s)
    seen.update(s.values("id"))
    assert seen == set(range(10002))


def test_updates_and_late_timestamps_are_read(sql, source, session):
    sql("CREATE TABLE b (id serial PRIMARY KEY, v int,"
        " ts timestamp NOT NULL DEFAULT clock_timestamp())")
    s = source(mode="timestamp+incrementing", timestamp_column_name="ts",
               incrementing_column_name="id", tables=table("b"))
    s.start()
    a, ca = session()
    ca.execute("INSERT INTO b (v) VALUES (1)")
    sql("INSERT INTO b (v) VALUES (2)")
    sql("UPDATE b SET v = 3, ts = clock_timestamp() WHERE v = 2")
    drain(s)
    a.commit()
    until(s, 2)
    assert sorted(s.values("v")) == [1, 3]
    # a clock that was set back one hour
    sql("INSERT INTO b (v, ts) VALUES (4, now() - interval '1 hour')")
    until(s, 3)
    # a timestamp of the future is read when it is past
    sql("INSERT INTO b (v, ts) VALUES (5, now() + interval '1 second')")
    drain(s)
    assert sorted(s.values("v")) == [1, 3, 4]
    until(s, 4)
    assert sorted(s.values("v")) == [1, 3, 4, 5]


def writer(postgres, db, number, end, acked):
    """Transactions of random length, with gaps, rollbacks, savepoints and
    ids taken before anything is written."""
    rng = random.Random(number)
    conn = postgres.connect(db)
    cursor = conn.cursor()
    while time.monotonic() < end:
        ids = []
        for _ in range(rng.randint(1, 4)):
            cursor.execute("SELECT nextval('b_id_seq')")
            ids.append(cursor.fetchone()[0])
            if rng.random() < 0.3:
                conn.commit()
            time.sleep(rng.random() ** 8)
            cursor.execute("SAVEPOINT s")
            cursor.execute("INSERT INTO b VALUES (%s)", (ids[-1],))
            if rng.random() < 0.2:
                cursor.execute("ROLLBACK TO s")
                ids.pop()
        if rng.random() < 0.2:
            conn.rollback()
        else:
            conn.commit()
            acked.extend(ids)
        # a commit in the middle has made the earlier ids durable: those of
        # a rolled back transaction are unknown to this writer
    conn.close()


@pytest.mark.parametrize("mode", ["incrementing", "timestamp+incrementing"])
def test_soak_of_writers_with_open_transactions_B19(
        postgres, db, sql, source, mode):
    sql("CREATE TABLE b (id bigserial PRIMARY KEY,"
        " ts timestamptz NOT NULL DEFAULT clock_timestamp())")
    acked, end = [], time.monotonic() + 12
    threads = [threading.Thread(target=writer,
                                args=(postgres, db, i, end, acked))
               for i in range(16)]
    for t in threads:
        t.start()
    config = {"mode": mode, "tables": table("b"),
              "incrementing_column_name": "id"}
    if mode != "incrementing":
        config["timestamp_column_name"] = "ts"
    seen, offsets, rng = [], {}, random.Random(1)
    while time.monotonic() < end + 1:
        s = source(**config)
        s.start(offsets)
        stop = time.monotonic() + rng.uniform(0.3, 3)
        while time.monotonic() < stop:
            s.poll()
        seen += s.values("id")
        offsets = s.offsets
        s.kill()
    for t in threads:
        t.join()
    s = source(**config)
    s.start(offsets)
    there = {r[0] for r in sql("SELECT id FROM b")}
    assert there >= set(acked) and len(there) > 200
    drain(s, quiet=5)
    wait_for("all rows", lambda: s.poll() is not None and
             set(seen + s.values("id")) >= there, 20)
    assert set(seen + s.values("id")) == there
    # kills fell between polls, where each row's position was known
    assert len(seen + s.values("id")) == len(there)


def test_a_position_of_kafka_connect_is_taken_over(sql, source):
    sql("CREATE TABLE b (id serial PRIMARY KEY)")
    sql("INSERT INTO b SELECT generate_series(1,10)")
    s = source(mode="incrementing", tables=table("b"))
    s.start({json.dumps({"protocol": "1", "table": "public.b"}):
             {"incrementing": 7}})
    until(s, 3)
    drain(s)
    assert s.values("id") == [8, 9, 10]
    s = source(mode="incrementing", tables=table("b"))
    s.start({json.dumps({"table": "b"}): {"incrementing": 9}})
    until(s, 1)
    assert s.values("id") == [10]


def test_rows_without_a_key_are_not_read(sql, source):
    """As in the JDBC source, when validate.non.null lets such columns be."""
    sql("CREATE TABLE b (id int, ts timestamp, v text)")
    sql("INSERT INTO b VALUES (1, '2020-01-01', 'a'), (NULL, NULL, 'none'), "
        "(NULL, '2020-01-02', 'id'), (3, NULL, 'ts'), "
        "(4, '2020-01-04', 'd')")
    for config, there in [
            ({"mode": "incrementing"}, ["a", "ts", "d"]),
            ({"mode": "timestamp", "timestamp_column_name": "ts"},
             ["a", "id", "d"]),
            ({"mode": "timestamp+incrementing",
              "timestamp_column_name": "ts"}, ["a", "d"])]:
        if config["mode"] != "timestamp":
            config["incrementing_column_name"] = "id"
        for what in ({"tables": table("b")}, {"query": "SELECT * FROM b"}):
            s = source(validate_non_null="false", **config, **what)
            s.start()
            until(s, len(there))
            drain(s)
            assert s.values("v") == there, (config, what)


# Views and queries

@pytest.mark.parametrize("mode", ["DEFAULT", "READ_COMMITTED",
                                  "REPEATABLE_READ", "SERIALIZABLE"])
def test_reads_are_as_isolated_as_asked_or_more(sql, source, mode):
    s = source(mode="bulk", transaction_isolation_mode=mode,
               query="SELECT current_setting('transaction_isolation') AS i")
    s.start()
    until(s, 1)
    assert s.values("i")[0] == ("serializable" if mode == "SERIALIZABLE"
                                else "repeatable read")


def test_a_query_is_read_in_every_mode(sql, source):
    sql("CREATE TABLE b (id serial PRIMARY KEY, ts timestamptz NOT NULL)")
    sql("INSERT INTO b (ts) SELECT '2020-01-01'::timestamptz + i * interval "
        "'1 min' FROM generate_series(1,5) i")
    for config in [{"mode": "bulk"},
                   {"mode": "timestamp", "timestamp_column_name": "ts"},
                   {"mode": "incrementing", "incrementing_column_name": "id"},
                   {"mode": "timestamp+incrementing",
                    "timestamp_column_name": "ts",
                    "incrementing_column_name": "id"}]:
        s = source(query="SELECT id, ts FROM b WHERE id <> 3",
                   poll_interval_ms="3600000", **config)
        assert s.ask("validate")["ok"] == ""
        s.start()
        until(s, 4)
        assert s.values("id") == [1, 2, 4, 5], config
        assert {r["topic"] for r in s.records} == {"t-"}


def test_queries_may_fail_as_often_as_query_retry_attempts_says(sql, source):
    sql("CREATE TABLE b (id int)")
    sql("CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN IF NOT "
        "EXISTS (SELECT FROM b) THEN RAISE 'not now' USING ERRCODE='40001'; "
        "END IF; RETURN 7; END $$")

    def codes(s, count):
        found = []
        for _ in range(count):
            with pytest.raises(PluginError, match="not now") as e:
                s.poll()
            found.append(e.value.code)
        return found
    config = {"mode": "bulk", "query": "SELECT f() AS v"}
    s = source(query_retry_attempts="2", **config)
    s.start()
    assert codes(s, 3) == ["RETRY", "RETRY", "FATAL"]
    with pytest.raises(PluginError, match="query.retry.attempts=2"):
        s.poll()
    s = source(query_retry_attempts="2", **config)
    s.start()
    assert codes(s, 2) == ["RETRY"] * 2
    sql("INSERT INTO b VALUES (1)")
    until(s, 1)
    sql("TRUNCATE b")  # one that succeeded begins a new count
    assert codes(s, 3) == ["RETRY", "RETRY", "FATAL"]
    s = source(**config)
    s.start()
    assert codes(s, 9) == ["RETRY"] * 9

def test_query_waits_for_transactions_that_were_running(
        sql, source, session):
    sql("CREATE TABLE b (id serial PRIMARY KEY, v int)")
    s = source(mode="incrementing", incrementing_column_name="id",
               query="SELECT b.id, v * 2 AS twice FROM b WHERE v < 5 ;")
    s.start()
    a, ca = session()
    ca.execute("INSERT INTO b (v) VALUES (1)")
    sql("INSERT INTO b (v) VALUES (2), (9)")
    drain(s)
    assert s.records == []
    a.commit()
    until(s, 2)
    drain(s)
    assert s.values() == [{"id": 1, "twice": 2}, {"id": 2, "twice": 4}]
    assert s.records[0]["topic"] == "t-"
    assert list(s.offsets) == ['{"query": "query"}']


def test_view_is_read_in_timestamp_mode(sql, source):
    sql("CREATE TABLE b (id serial PRIMARY KEY, ts timestamp)")
    sql("CREATE VIEW v AS SELECT * FROM b WHERE id > 1")
    sql("INSERT INTO b (ts) SELECT now() - i * interval '1 min' "
        "FROM generate_series(1,5) i")
    s = source(mode="timestamp", timestamp_column_name="ts",
               tables=table("v"))
    s.start()
    until(s, 4)
    drain(s)
    assert s.values("id") == [5, 4, 3, 2]


# Faults

def test_connection_loss_costs_no_row_B22(postgres, db, sql, source):
    sql("CREATE TABLE b (id bigserial PRIMARY KEY, pad text)")
    sql("INSERT INTO b (pad) SELECT repeat('x', 300) "
        "FROM generate_series(1,150000)")
    s = source(mode="incrementing", tables=table("b"))
    s.start()
    done = threading.Event()

    def killer():
        while not done.is_set():
            postgres.terminate_sessions(db)
            time.sleep(0.2)
    t = threading.Thread(target=killer)
    t.start()
    errors = 0
    end = time.monotonic() + 4
    try:
        while time.monotonic() < end:
            try:
                s.poll()
            except PluginError as e:
                assert e.code == "RETRY", e.text
                errors += 1
                assert "connection" in e.text or "57P01" in e.text, e.text
    finally:
        done.set()
        t.join()
    assert errors > 3
    wait_for("all rows", lambda: s.poll() is not None and
             set(s.values("id")) == set(range(1, 150001)), 60, interval=0)
    assert len(s.records) == 150000  # it goes on where it was cut


@pytest.mark.parametrize("change,words", [
    ({"connection_url": "jdbc:postgresql://127.0.0.1:1/x?user=u"},
     ["127.0.0.1:1/x", "refused"]),
    ({"connection_url": "jdbc:mysql://h/x"}, ["jdbc", "postgresql"]),
    ({"connection_url": "jdbc:postgresql://h/x?frobnicate=1"},
     ["frobnicate"]),
    ({"mode": "timestamp"}, ["timestamp.column.name"]),
    ({"table_types": "TABEL"}, ["TABEL", "VIEW"]),
    ({"query": "SELECT 1", "table_whitelist": "a"}, ["query"]),
    ({"query_masked": "SELECT 1", "table_whitelist": "a"}, ["query.masked"]),
    ({"query": "SELECT 1 AS a", "query_masked": "SELECT 2 AS b"},
     ["query.masked", "one is expected"]),
    ({"incrementing_column_mapping": "t"}, [
        'incrementing.column.mapping: "t" is not of the form '
        "EXPRESSION:column"]),
    ({"incrementing_column_mapping": "t:[a|b]"}, ['"t:[a|b]"']),
    ({"mode": "timestamp", "timestamp_columns_mapping": "t:a"}, [
        'timestamp.columns.mapping: "t:a" is not of the form '
        "EXPRESSION:[column|column]"]),
    ({"mode": "timestamp", "timestamp_columns_mapping": "t:[a|]"},
     ['"t:[a|]"']),
    ({"mode": "timestamp", "timestamp_columns_mapping": "t:[a]",
      "timestamp_column_name": "b"},
     ['timestamp.column.name is "b" and timestamp.columns.mapping is '
      '"t:[a]", one of them is expected']),
    ({"timestamp_columns_mapping": "t:[a]"},
     ["makes no use of timestamp.columns.mapping"]),
    ({"query": "SELECT 1 AS a", "incrementing_column_name": "a",
      "incrementing_column_mapping": "t:a"}, ["a query has no table"]),
    # All of them at once.
    ({"mode": "timestamp+incrementing", "table_types": "VIEW",
      "timestamp_columns_mapping": "t", "incrementing_column_mapping": ":u",
      "query": "SELECT 1", "table_whitelist": "a"},
     ['"t"', '":u"', "Remove table.whitelist"]),
])
def test_wrong_configurations_are_named(source, change, words):
    s = source(**{"mode": "incrementing", **change})
    text = s.ask("validate")["ok"]
    for word in words:
        assert word in text


def test_a_table_without_a_mapping_is_named(sql, source):
    sql("CREATE TABLE a1 (id int NOT NULL); CREATE TABLE b1 (v int NOT NULL)")
    for mapping, words in [
            ("a.:id", "no expression matches public.b1"),
            ("(:id", "incrementing.column.mapping: .*regular expression"),
            ("a.:id, public[.]b.:v", "^$"), (".*:id", "^$")]:
        s = source(mode="incrementing", tables=table("b1"),
                   incrementing_column_mapping=mapping)
        assert re.search(words, s.ask("validate")["ok"]), mapping
        if mapping == "a.:id, public[.]b.:v":
            continue
        s.start()
        with pytest.raises(PluginError, match=words.strip("^$") or
                           'mapping: public.b1 has no column "id"') as e:
            s.poll()
        assert e.value.code == "CONFIG"


def test_a_server_that_never_answers_is_given_up_in_time(source):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        s = source(mode="bulk", tables=table("x"), connection_url=(
            f"jdbc:postgresql://127.0.0.1:{port}/x?user=u&connectTimeout=2"))
        began = time.monotonic()
        text = s.ask("validate")["ok"]
        assert f"127.0.0.1:{port}/x" in text and "in time" in text
        with pytest.raises(PluginError, match="in time") as e:
            s.start()
        assert e.value.code == "RETRY"
        assert time.monotonic() - began < 8


def test_wrong_password_is_told_without_showing_it(postgres, db, source):
    url = postgres.jdbc(db) + "?user=secured&password=hunter2"
    s = source(mode="bulk", tables=table("x"), connection_url=url)
    text = s.ask("validate")["ok"]
    assert "password authentication failed" in text
    assert "hunter2" not in text
    s = source(mode="bulk", tables=table("x"), connection_user="secured",
               connection_password="s3cret")
    assert s.ask("validate")["ok"] == ""


def test_missing_tables_and_columns_are_named(sql, source):
    s = source(mode="bulk", tables=table("nowhere"))
    s.start()
    with pytest.raises(PluginError, match="public.nowhere.*does not exist"):
        s.poll()
    sql("CREATE TABLE b (v int, n int, t text NOT NULL)")
    for column, words in [("w", 'no column "w"'), ("n", "nullable"),
                          ("t", "Invalid type")]:
        s = source(mode="incrementing", incrementing_column_name=column,
                   tables=table("b"))
        s.start()
        with pytest.raises(PluginError, match=words) as e:
            s.poll()
        assert e.value.code == "CONFIG"


def test_each_table_has_columns_of_its_own(sql, db, source):
    """The first expression that matches one of the forms of its name."""
    sql("CREATE SCHEMA other;"
        "CREATE TABLE orders (no int NOT NULL, made timestamp NOT NULL,"
        " changed timestamp);"
        "CREATE TABLE users (uid int NOT NULL, seen timestamp NOT NULL);"
        "CREATE TABLE other.logs (uid int NOT NULL, seen timestamp NOT NULL)")
    sql("INSERT INTO orders VALUES (1, '2020-01-01', '2020-01-05'),"
        " (2, '2020-01-02', NULL);"
        "INSERT INTO users VALUES (7, '2020-02-01');"
        "INSERT INTO other.logs VALUES (8, '2020-03-01')")
    s = source(mode="timestamp+incrementing", tables=",".join(
        [table("orders"), table("users"), '"other"."logs"']),
        timestamp_columns_mapping=(
            "public\\.(?:orders|bills):[changed|made], .*:[seen], .*:[no]"),
        incrementing_column_mapping="orders:no,"
        f"{db}\\..{{1,9}}\\.(users|[,l]ogs):uid")
    s.start()
    until(s, 4)
    sql("UPDATE orders SET changed = '2020-01-06' WHERE no = 2;"
        "INSERT INTO users VALUES (9, '2020-02-02')")
    until(s, 6)
    by_topic = {}
    for r in s.records:
        by_topic.setdefault(r["topic"], []).append(
            r["value"].get("no") or r["value"]["uid"])
    assert by_topic == {"t-orders": [2, 1, 2], "t-users": [7, 9],
                        "t-logs": [8]}
    # A new task goes on where the columns' values say.
    again = source(mode="timestamp+incrementing", tables=table("orders"),
                   timestamp_columns_mapping="orders:[changed|made]",
                   incrementing_column_mapping="orders:no")
    again.start(s.offsets)
    sql("INSERT INTO orders VALUES (3, '2020-01-07', NULL)")
    until(again, 1)
    assert again.values("no") == [3]


def test_a_masked_query_is_read_and_not_shown(sql, source):
    sql("CREATE TABLE t (id int); INSERT INTO t VALUES (1), (2)")
    s = source(mode="incrementing", incrementing_column_name="id",
               query_masked="SELECT id, 'hunter2' AS w FROM t;")
    assert s.ask("validate")["ok"] == ""
    assert s.ask("tasks", 3) == source(
        mode="bulk", query="SELECT 1 AS a").ask("tasks", 3)
    s.start()
    until(s, 2)
    assert s.values("w") == ["hunter2"] * 2
    s = source(mode="bulk", query_masked="SELECT 'hunter2' FROM nowhere")
    s.start()
    with pytest.raises(PluginError) as e:
        s.poll()
    assert "nowhere" in e.value.text and "hunter2" not in e.value.text


# Which tables

def test_tables_by_list_and_pattern_are_shared_out(sql, source):
    for name in ["a1", "a2", "a3", "b1"]:
        sql(f"CREATE TABLE {name} (id int)")
    sql("CREATE SCHEMA other; CREATE TABLE other.c1 (id int)")
    sql("CREATE VIEW v1 AS SELECT 1 AS id")

    def tasks(count, **config):
        answer = source(mode="bulk", **config).ask("tasks", count)
        return [t["tables"] for t in answer["ok"]]
    everything = [table(n) for n in ["a1", "a2", "a3", "b1"]]
    assert tasks(2) == [",".join(everything[:2]),
                        ",".join(everything[2:] + ['"other"."c1"'])]
    assert tasks(9, table_whitelist="a1,public.b1") == [
        table("a1"), table("b1")]
    assert tasks(1, table_blacklist="a1,c1") == [",".join(everything[1:])]
    assert tasks(1, table_include_list="public\\.a.") == [
        ",".join(everything[:3])]
    assert tasks(1, table_include_list=".*1",
                 table_exclude_list=".*\\.c1") == [
        table("a1") + "," + table("b1")]
    assert tasks(1, schema_pattern="oth%") == ['"other"."c1"']
    assert tasks(1, table_types="VIEW") == [table("v1")]
    assert tasks(3, table_whitelist="nothing") == []
    sql("CREATE TABLE other.a1 (id int)")
    with pytest.raises(PluginError, match='"public"."a1"'):
        tasks(1)


def test_new_table_ends_the_watch(sql, source):
    sql("CREATE TABLE a1 (id int)")
    s = source(mode="bulk", table_poll_interval_ms="50")
    s.send("watch")
    time.sleep(0.3)
    sql("CREATE TABLE a2 (id int)")
    assert s.receive()["ok"] == 1


def test_several_tables_are_read_in_turns(sql, source):
    for name in ["a", "b", "c"]:
        sql(f"CREATE TABLE {name} (id serial PRIMARY KEY)")
        sql(f"INSERT INTO {name} SELECT generate_series(1,3)")
    s = source(mode="incrementing",
               tables=",".join(table(n) for n in "abc"))
    s.start()
    until(s, 9)
    sql("INSERT INTO c VALUES (4)")
    until(s, 10)
    assert s.records[-1]["topic"] == "t-c"
    sql("ALTER TABLE c ADD COLUMN more text DEFAULT 'x'")
    sql("INSERT INTO c VALUES (5, 'y')")
    wait_for("the new column", lambda: s.poll() is not None and
             {"id": 5, "more": "y"} in s.values())


def test_now_is_the_first_look_though_no_row_came(sql, source):
    """timestamp.initial=-1 survives a kill before the first row."""
    sql("CREATE TABLE w (ts timestamptz NOT NULL, v text)")
    config = {"mode": "timestamp", "timestamp_column_name": "ts",
              "timestamp_initial": "-1",
              "tables": table("w")}
    sql("INSERT INTO w VALUES (now() - interval '1 minute', 'before')")
    s = source(**config)
    s.start()
    drain(s)
    kept = s.offsets
    assert kept and not s.records
    s.kill()
    sql("INSERT INTO w VALUES (now(), 'between')")
    s = source(**config)
    s.start(kept)
    until(s, 1)
    assert s.values("v") == ["between"]


def test_a_transaction_that_holds_rows_back_is_named(sql, source, session,
                                                     prepared):
    sql("CREATE TABLE h (id bigserial PRIMARY KEY)")
    s = source(mode="incrementing", tables=table("h"),
               incrementing_column_name="id")
    s.start()
    connection, cursor = session()
    cursor.execute("INSERT INTO h DEFAULT VALUES")
    pid = connection.info.backend_pid

    def told():
        s.poll()
        return f"pid {pid}" in s.last["cause"]
    wait_for("the cause", told)
    connection.commit()
    until(s, 1)
    wait_for("the cause to go", lambda: s.poll() or not s.last["cause"])
    prepared("INSERT INTO h DEFAULT VALUES")
    wait_for("the cause", lambda: s.poll() is not None
             and "a prepared transaction" in s.last["cause"])
