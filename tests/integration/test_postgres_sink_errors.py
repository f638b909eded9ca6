"""PostgresSink: what is an outage, what is a record's fault, and what is
neither (C8). Only the second is ever reported."""

import json

import pytest

from support import configs
from support.drive import PluginError
from support.env import wait_for

UPSERT = {"insert_mode": "upsert", "pk_mode": "record_value",
          "pk_fields": "id"}


def row(i, v=0):
    return (None, {"id": i, "v": v})


@pytest.fixture
def role(sql, unique):
    """may do all in this test's database, but is no superuser"""
    name = unique("writer")
    sql(f'CREATE ROLE "{name}" LOGIN; GRANT ALL ON SCHEMA public TO "{name}";'
        f'ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO "{name}"')
    yield name
    sql(f'ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM "{name}";'
        f'DROP OWNED BY "{name}"; DROP ROLE "{name}"')


@pytest.fixture
def mine(postgres, db, role, sink):
    """mine(…): a sink that logs in as the role"""
    def make(**config):
        return sink(connection_url=f"{postgres.jdbc(db)}?user={role}",
                    **{**UPSERT, **config})
    return make


def refused(code, words, call, *args):
    """No record is reported, and the error is of this kind."""
    with pytest.raises(PluginError, match=words) as e:
        call(*args)
    assert e.value.code == code, e.value.text


def wait_refused(words, call, *args):
    """An outage of some kind first, then this one."""
    def check():
        with pytest.raises(PluginError) as e:
            call(*args)
        assert e.value.code == "RETRY", e.value.text
        return words in e.value.text
    wait_for(words, check)


# Sessions that meet each other

def test_of_two_tasks_that_wait_for_each_other_one_writes_later_C8(sql, sink):
    """Each has a row of its first table and wants that of the other's."""
    sql("""CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_sleep(0.5); RETURN NULL; END $$""")
    for name in "ab":
        sql(f"""CREATE TABLE {name} (id int PRIMARY KEY, v int);
            INSERT INTO {name} VALUES (1, 0);
            CREATE TRIGGER dawdle AFTER INSERT ON {name}
            FOR EACH STATEMENT EXECUTE FUNCTION dawdle()""")
    # Neither has the other's partitions.
    tasks = [(sink(start=False, **UPSERT), "ab"),
             (sink(start=False, **UPSERT), "ba")]
    puts = []
    for n, (s, topics) in enumerate(tasks):
        s.start()
        for topic in topics:
            s.open(topic, n)
        puts.append(["put", [[topic, n, 0, None, {"id": 1, "v": n}]
                             for topic in topics]])
    for (s, _), put in zip(tasks, puts):
        s.send(*put)
    late = []
    for n, (s, _) in enumerate(tasks):
        try:
            assert s.receive()["reports"] == []
        except PluginError as e:
            assert e.code == "RETRY" and "40P01" in e.text, e.text
            late.append(n)
    assert len(late) == 1
    assert tasks[late[0]][0].ask(*puts[late[0]])["reports"] == []
    assert sql("SELECT a.v, b.v FROM a, b") == [(late[0], late[0])]
    assert sql("SELECT topic, part, next_offset FROM penstock_offsets "
               "ORDER BY 1, 2") == [
        ("a", 0, 1), ("a", 1, 1), ("b", 0, 1), ("b", 1, 1)]


def test_who_is_serialized_behind_another_tries_again_C8(
        sql, session, role, mine):
    sql("CREATE TABLE t (id int PRIMARY KEY, v int); "
        "INSERT INTO t VALUES (1, 0)")
    sql(f'ALTER ROLE "{role}" SET default_transaction_isolation='
        "'repeatable read'")
    s = mine()
    connection, cursor = session()
    cursor.execute("UPDATE t SET v = 7")
    put = ["put", s.records([row(1, 1)])]
    s.send(*put)
    wait_for("the sink to wait", lambda: sql(
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() "
        "AND wait_event_type = 'Lock'"))
    connection.commit()
    refused("RETRY", "40001", s.receive)
    assert s.ask(*put)["reports"] == []
    assert sql("SELECT v FROM t") == [(1,)]


def test_a_lock_that_is_not_there_in_time_is_waited_for_C8(
        sql, session, sink):
    sql("""CREATE TABLE t (id int PRIMARY KEY, v int); CREATE TABLE other ();
        CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN LOCK TABLE other NOWAIT; RETURN NEW; END $$;
        CREATE TRIGGER f BEFORE INSERT ON t FOR EACH ROW
        EXECUTE FUNCTION f()""")
    s = sink(**UPSERT)
    connection, cursor = session()
    cursor.execute("LOCK TABLE other")
    for _ in range(2):
        refused("RETRY", "55P03", s.put, [row(1)])
    connection.commit()
    assert s.put([row(1)]) == []


# A server that takes nothing, or nobody

@pytest.mark.parametrize("what", ["ROLE", "DATABASE"])
def test_a_server_that_is_read_only_is_waited_for_C8(
        postgres, db, sql, role, mine, what):
    sql("CREATE TABLE t (id int PRIMARY KEY, v int)")
    s = mine()
    assert s.put([row(1)]) == []
    alter = f'ALTER {what} "{role if what == "ROLE" else db}" '
    postgres.execute(
        "postgres", alter + "SET default_transaction_read_only = on")
    postgres.terminate_sessions(db)
    wait_refused("25006", s.put, [row(2)])
    other = mine(start=False)
    other.start()
    refused("RETRY", "25006", other.open)
    postgres.execute("postgres", alter + "RESET default_transaction_read_only")
    assert s.put([row(2)]) == []
    assert sql("SELECT id FROM t ORDER BY 1") == [(1,), (2,)]


def test_too_many_connections_are_waited_for_C8(
        postgres, db, sql, role, mine):
    sql("CREATE TABLE t (id int PRIMARY KEY, v int)")
    s = mine()
    assert s.put([row(1)]) == []
    sql(f'ALTER ROLE "{role}" CONNECTION LIMIT 0')
    postgres.terminate_sessions(db)
    wait_refused("too many connections", s.put, [row(2)])
    other = mine(start=False)
    refused("RETRY", "too many connections", other.start)
    sql(f'ALTER ROLE "{role}" CONNECTION LIMIT -1')
    assert s.put([row(2)]) == []
    other.start()
    assert sql("SELECT id FROM t ORDER BY 1") == [(1,), (2,)]


# What is no record's fault, and no outage

@pytest.mark.parametrize("change,words,undo", [
    ("REVOKE INSERT ON t FROM {}", "42501", "GRANT INSERT ON t TO {}"),
    ("ALTER TABLE t RENAME TO gone", "Table t is missing|42P01",
     "ALTER TABLE gone RENAME TO t"),
    ("REVOKE USAGE ON SCHEMA public FROM {}, PUBLIC", "42501|42P01|missing",
     "GRANT USAGE ON SCHEMA public TO {}, PUBLIC")])
def test_what_may_not_be_written_ends_the_task_and_reports_nothing_C8(
        sql, role, mine, change, words, undo):
    sql("CREATE TABLE t (id int PRIMARY KEY, v int)")
    s = mine()
    assert s.put([row(1)]) == []
    sql(change.format(f'"{role}"'))
    for _ in range(2):
        refused("FATAL", words, s.put, [row(2)])
    sql(undo.format(f'"{role}"'))
    s = mine()
    assert s.next["t", 0] == 1
    assert s.put([row(2)]) == []


# Statements that change tables

@pytest.fixture
def on_ddl(sql):
    """on_ddl(body): what is done at the end of each"""
    def make(body):
        sql("DROP EVENT TRIGGER IF EXISTS e; CREATE OR REPLACE FUNCTION e() "
            f"RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN {body}; "
            "END $$; CREATE EVENT TRIGGER e ON ddl_command_end "
            "WHEN TAG IN ('CREATE TABLE', 'ALTER TABLE') "
            "EXECUTE FUNCTION e()")
    yield make
    sql("DROP EVENT TRIGGER IF EXISTS e")


def wide(*names):
    return (None, {
        "schema": {"type": "struct", "optional": False, "fields": [
            {"field": n, "type": "int32", "optional": n != "id"}
            for n in names]},
        "payload": {n: 1 for n in names}})


@pytest.mark.parametrize("code,kind", [
    ("40P01", "RETRY"), ("40001", "RETRY"), ("55P03", "RETRY"),
    ("25006", "RETRY"), ("53300", "RETRY"), ("57014", "RETRY"),
    ("42501", "FATAL"), ("P0001", "FATAL"), ("22023", "FATAL"),
    ("23514", "FATAL")])
def test_a_table_that_is_not_made_is_no_records_fault_C8(
        sql, sink, on_ddl, code, kind):
    auto = {"auto_create": "true", "auto_evolve": "true", **UPSERT}
    s = sink(**auto)
    for names, there in ((["id", "v"], 0), (["id", "v", "w"], 1)):
        # The sink's own staging tables come after the target.
        on_ddl("IF (SELECT bool_or(schema_name <> 'pg_temp') FROM "
               "pg_event_trigger_ddl_commands()) THEN "
               f"RAISE 'no' USING ERRCODE='{code}'; END IF")
        refused(kind, code, s.put, [wide(*names)])
        assert sql("SELECT count(*) FROM pg_class WHERE relname = 't'") == [
            (there,)]
        on_ddl("NULL")
        s.close()
        s = sink(**auto)
        assert s.put([wide(*names)]) == []


def test_of_two_tasks_that_make_one_table_both_write_C8(sql, sink, on_ddl):
    """The catalog's own unique index, which no record has violated."""
    tasks = [sink(auto_create="true", **UPSERT) for _ in range(2)]
    for n, s in enumerate(tasks):
        s.open("u", n)
    on_ddl("PERFORM pg_sleep(1)")
    puts = [["put", [["u", n, 0, *wide("id", "v")]]] for n in range(2)]
    tasks[0].send(*puts[0])
    wait_for("the first to make it", lambda: sql(
        "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep' "
        "AND datname = current_database()"), interval=0.01)
    tasks[1].send(*puts[1])
    assert tasks[0].receive()["reports"] == []
    refused("RETRY", "table u", tasks[1].receive)
    assert tasks[1].ask(*puts[1])["reports"] == []
    assert sql("SELECT * FROM u") == [(1, 1)]


# In a worker, with dead letters

OUTAGES = ["40P01", "40001", "55P03", "25006", "53300", "57014"]
BAD = [{"id": 101, "u": 1}, {"id": 102, "p": 9}, {"id": 103, "n": -1},
       {"id": 104, "n": 40000}]


def test_only_bad_records_become_dead_letters_C8(
        own_postgres, kafka, topic, worker, unique):
    """Each statement of the first puts fails as if Postgres were in trouble.
    Then it is read-only, the role may not write and the table is gone."""
    p, t, dead, name = own_postgres, topic("t"), topic("dead"), unique("snk")
    p.create_db("d")
    p.execute("d", f"""CREATE ROLE writer LOGIN;
        GRANT ALL ON SCHEMA public TO writer;
        CREATE TABLE parent (id int PRIMARY KEY);
        CREATE TABLE t (id int PRIMARY KEY, u int UNIQUE,
            n smallint CHECK (n >= 0), p int REFERENCES parent);
        GRANT ALL ON t, parent TO writer;
        CREATE SEQUENCE attempts;
        CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql
        SECURITY DEFINER AS $$
        DECLARE all_of text[] := ARRAY{OUTAGES};
            n int := nextval('attempts');
        BEGIN
            IF n <= array_length(all_of, 1) THEN
                RAISE 'no' USING ERRCODE = all_of[n];
            END IF;
            RETURN NULL;
        END $$;
        CREATE TRIGGER f BEFORE INSERT ON t FOR EACH STATEMENT
        EXECUTE FUNCTION f()""")
    worker.rest.create(name, configs.postgres_sink(
        p, "d", t, "t", connection_user="writer", errors_tolerance="all",
        **UPSERT, **{"errors.deadletterqueue.topic.name": dead,
                     "errors.deadletterqueue.topic.replication.factor": 1}))
    def produce(*rows):
        kafka.produce(t, [json.dumps(r).encode() for r in rows])
    good = [{"id": i, "u": i} for i in range(20)]
    produce(*good[:10], *BAD, *good[10:])
    p.wait_count("d", "SELECT count(*) FROM t", 20)
    assert p.value("d", "SELECT last_value FROM attempts") > len(OUTAGES)
    for i, (change, cause, undo) in enumerate([
            ("ALTER SYSTEM SET default_transaction_read_only = on", "25006",
             "ALTER SYSTEM RESET default_transaction_read_only"),
            ("REVOKE INSERT ON t FROM writer", "42501",
             "GRANT INSERT ON t TO writer"),
            ("ALTER TABLE t RENAME TO gone", "table t is missing",
             "ALTER TABLE gone RENAME TO t")], 200):
        for sql in (change, "SELECT pg_reload_conf()"):
            p.execute("d", sql)
        produce({"id": i, "u": i})
        worker.rest.wait_cause(name, cause)
        for sql in (undo, "SELECT pg_reload_conf()"):
            p.execute("d", sql)
        p.wait_count("d", f"SELECT count(*) FROM t WHERE id = {i}", 1)
    worker.rest.wait_running(name)
    assert sorted(json.loads(r.value)["id"] for r in kafka.consume(dead)) == [
        r["id"] for r in BAD]
