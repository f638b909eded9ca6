"""PostgresSink through its ABI on a real server. Names carry the ids of the
traps they prove us free of."""

import random
import threading
import time
from contextlib import closing

import pytest

from support.drive import PluginError
from support.env import wait_for


def field(label, kind, optional=True, **more):
    return {"field": label, "type": kind, "optional": optional, **more}


def struct(fields, payload):
    return {"schema": {"type": "struct", "optional": False, "name": "v",
                       "fields": fields}, "payload": payload}


ORDER = [field("id", "int64", False), field("note", "string")]


def order(i, note="n"):
    return struct(ORDER, {"id": i, "note": note})


UPSERT = {"insert_mode": "upsert", "pk_mode": "record_value",
          "pk_fields": "id"}
BY_KEY = {"insert_mode": "upsert", "pk_mode": "record_key",
          "pk_fields": "id", "delete_enabled": "true"}


# Modes

def test_insert_appends_and_creates_the_table(sql, sink):
    s = sink(auto_create="true")
    assert s.put([(None, order(i)) for i in range(3)]) == []
    assert s.put([(None, order(1, "again"))]) == []
    assert sql("SELECT id, note FROM t ORDER BY 1, 2") == [
        (0, "n"), (1, "again"), (1, "n"), (2, "n")]


def test_upsert_keeps_the_last_of_each_key_C6(sql, sink):
    s = sink(auto_create="true", **UPSERT)
    s.put([(None, order(i % 3, f"v{i}")) for i in range(10)])
    assert sql("SELECT id, note FROM t ORDER BY 1") == [
        (0, "v9"), (1, "v7"), (2, "v8")]
    s.put([(None, order(1, None)), (None, order(5, "new"))])
    assert sql("SELECT id, note FROM t ORDER BY 1") == [
        (0, "v9"), (1, None), (2, "v8"), (5, "new")]


def test_update_changes_only_what_is_there(sql, sink):
    sql("CREATE TABLE t (id int PRIMARY KEY, note text)")
    sql("INSERT INTO t VALUES (1, 'old'), (2, 'old')")
    s = sink(**{**UPSERT, "insert_mode": "update"})
    s.put([(None, order(2, "new")), (None, order(3, "new"))])
    assert sql("SELECT * FROM t ORDER BY 1") == [(1, "old"), (2, "new")]


@pytest.mark.parametrize("seed", range(6))
def test_any_sequence_of_keys_folds_as_if_one_by_one_C6(sql, sink, seed):
    rng = random.Random(seed)
    sql("CREATE TABLE t (id int PRIMARY KEY, a text DEFAULT 'd', b text)")
    s = sink(**BY_KEY)
    state = {}
    for _ in range(6):
        batch = []
        for _ in range(rng.randint(1, 60)):
            key = rng.randint(0, 8)
            if rng.random() < 0.3:
                batch.append((key, None))
                state.pop(key, None)
                continue
            value = {k: rng.choice([None, "x", "y", str(rng.random())])
                     for k in rng.sample("ab", rng.randint(1, 2))}
            batch.append((key, value))
            state.setdefault(key, {"a": "d", "b": None}).update(value)
        assert s.put(batch) == []
        now = {i: {"a": a, "b": b}
               for i, a, b in sql("SELECT id, a, b FROM t")}
        assert now == state


def test_deletes_and_inserts_keep_their_order_in_insert_mode(sql, sink):
    sql("CREATE TABLE t (id int PRIMARY KEY, a text)")
    s = sink(**{**BY_KEY, "insert_mode": "insert"})
    assert s.put([(1, {"a": "x"}), (1, None), (1, {"a": "y"}),
                  (2, {"a": "z"}), (2, None)]) == []
    assert sql("SELECT * FROM t") == [(1, "y")]


def test_kafka_coordinates_can_be_the_key(sql, sink):
    s = sink(auto_create="true", pk_mode="kafka")
    s.put([(None, order(7))])
    assert sql("SELECT __connect_topic, __connect_partition, "
               "__connect_offset, id FROM t") == [("t", 0, 0, 7)]


# Values

def test_created_columns_have_connects_types_and_values_arrive(sql, sink):
    fields = [
        field("i8", "int8", False), field("i16", "int16"),
        field("i32", "int32"), field("i64", "int64"), field("f", "float"),
        field("d", "double"), field("b", "boolean"), field("s", "string"),
        field("by", "bytes"),
        field("dec", "bytes", parameters={"scale": "3"},
              name="org.apache.kafka.connect.data.Decimal"),
        field("da", "int32", name="org.apache.kafka.connect.data.Date"),
        field("ti", "int32", name="org.apache.kafka.connect.data.Time"),
        field("ts", "int64",
              name="org.apache.kafka.connect.data.Timestamp"),
        field("arr", "array", items={"type": "string", "optional": True}),
        field("dflt", "string", False, default="it's \\ \n"),
    ]
    s = sink(auto_create="true")
    awkward = "tab\t nl\n cr\r bs\\ q' dq\" \\N \\."
    value = {"i8": -128, "i16": 32767, "i32": -5, "i64": 2**63 - 1,
             "f": 0.1, "d": 0.1, "b": True, "s": awkward,
             "by": {"hex": "00ff5c"}, "dec": {"hex": "ff85"}, "da": -1,
             "ti": 3723004, "ts": -1,
             "arr": ["a", None, "", "NULL", awkward, "{x,y}"],
             "dflt": None}
    nulls = {"i8": 1, "dflt": "x"}
    assert s.put([(None, struct(fields, value)),
                  (None, struct(fields, nulls))]) == []
    kinds = dict(sql("SELECT attname, format_type(atttypid, atttypmod) "
                     "FROM pg_attribute WHERE attrelid='t'::regclass "
                     "AND attnum > 0"))
    assert kinds == {
        "i8": "smallint", "i16": "smallint", "i32": "integer",
        "i64": "bigint", "f": "real", "d": "double precision",
        "b": "boolean", "s": "text", "by": "bytea", "dec": "numeric",
        "da": "date", "ti": "time without time zone",
        "ts": "timestamp without time zone", "arr": "text[]",
        "dflt": "text"}
    row = sql("SELECT i8, i16, i32, i64, f::text, d::text, b, s, by, "
              "dec::text, da::text, ti::text, ts::text, arr, dflt FROM t "
              "WHERE i8 = -128")[0]
    assert bytes(row[8]) == b"\x00\xff\x5c"
    assert row[:8] == (-128, 32767, -5, 2**63 - 1, "0.1", "0.1", True,
                       awkward)
    assert row[9:13] == ("-0.123", "1969-12-31", "01:02:03.004",
                         "1969-12-31 23:59:59.999")
    assert row[13] == value["arr"] and row[14] == "it's \\ \n"
    assert sql("SELECT count(*) FROM t WHERE i16 IS NULL AND arr IS NULL "
               "AND s IS NULL") == [(1,)]


def test_plain_json_goes_into_an_existing_table_C9(sql, sink):
    sql("CREATE TYPE mood AS ENUM ('sad', 'ok')")
    sql("CREATE DOMAIN js AS jsonb")
    sql("CREATE TABLE t (id int PRIMARY KEY, u uuid, j jsonb, k js, m mood,"
        " a int[], ts timestamptz, d date, n numeric(10,2), by bytea,"
        " ip inet, r int4range, txt text, tt text[])")
    s = sink(**UPSERT)
    assert s.put([(None, {
        "id": 1, "u": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
        "j": {"a": [1, None, {"b": "q\"\\\n\u0001ü"}], "f": 1.5, "t": True},
        "k": [1], "m": "ok", "a": [1, None, 3], "ts": 1600000000123,
        "d": 18518, "n": 12.345, "by": "AP9c", "ip": "10.0.0.1",
        "r": "[1,5)", "txt": {"x": 1}, "tt": ["a,b", "c\"d\\"]})]) == []
    row = sql("SELECT u::text, j, k, m::text, a, ts::text, d::text, n::text,"
              " by, ip::text, r::text, txt, tt FROM t")[0]
    assert row[0] == "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"
    assert row[1] == {"a": [1, None, {"b": "q\"\\\n\u0001ü"}], "f": 1.5,
                      "t": True}
    assert row[2] == [1] and row[3] == "ok" and row[4] == [1, None, 3]
    assert row[5:8] == ("2020-09-13 12:26:40.123+00", "2020-09-13", "12.35")
    assert bytes(row[8]) == b"\x00\xff\x5c"
    assert row[9:] == ("10.0.0.1/32", "[1,5)", '{"x":1}',
                       ["a,b", "c\"d\\"])


def test_missing_field_takes_the_default_and_null_is_null_C7(sql, sink):
    sql("CREATE TABLE t (id int PRIMARY KEY, a text DEFAULT 'd',"
        " twice int GENERATED ALWAYS AS (id * 2) STORED)")
    s = sink(**UPSERT)
    s.put([(None, {"id": 1}), (None, {"id": 2, "a": None}),
           (None, {"id": 3, "a": "x", "twice": 9})])
    assert sql("SELECT * FROM t ORDER BY 1") == [
        (1, "d", 2), (2, None, 4), (3, "x", 6)]


# Tables

def test_tables_evolve_and_say_why_not(sql, sink):
    sql("CREATE TABLE t (id bigint PRIMARY KEY)")
    s = sink(**UPSERT)
    with pytest.raises(PluginError, match=(
            r"Table t is missing fields \(\[note\]\) and auto-evolution is "
            "disabled")):
        s.put([(None, order(1))])
    s = sink(auto_evolve="true", **UPSERT)
    more = ORDER + [field("x", "int32", False, default=5)]
    s.put([(None, order(1)), (None, struct(more, {"id": 2, "x": 6})),
           (None, order(3))])
    assert sql("SELECT id, x FROM t ORDER BY 1") == [(1, 5), (2, 6), (3, 5)]
    bad = ORDER + [field("y", "int32", False)]
    with pytest.raises(PluginError, match="Cannot ALTER TABLE t to add "
                                          "missing field y"):
        s.put([(None, struct(bad, {"id": 2, "y": 6}))])
    s = sink()
    with pytest.raises(PluginError, match="Table u is missing and "
                                          "auto-creation is disabled"):
        s.put([(None, order(1))], topic="u")


def test_awkward_names_are_quoted_or_refused_C10(sql, sink):
    sql('CREATE SCHEMA "s""x"')
    s = sink(auto_create="true", table_name_format='s"x.${topic}', **{
        **UPSERT, "pk_fields": 'a"b'})
    fields = [field('a"b', "int32", False), field("c;d'", "string")]
    for topic in ["plain", 'q"; DROP TABLE x; --', "ünï-cödé", "a b"]:
        s.put([(None, struct(fields, {'a"b': 1, "c;d'": "v"}))],
              topic=topic)
        quoted = '"' + topic.replace('"', '""') + '"'
        assert sql(f'SELECT * FROM "s""x".{quoted}') == [(1, "v")]
    with pytest.raises(PluginError, match="63 bytes"):
        s.put([(None, struct(fields, {'a"b': 1}))], topic="x" * 64)


# Bad records

@pytest.mark.parametrize("mode", ["insert", "upsert"])
@pytest.mark.parametrize("why,bad", [
    ("check", {"id": 77, "v": -1}), ("null", {"id": 77}),
    ("range", {"id": 77, "v": 2**40}), ("text", {"id": 77, "v": "abc"}),
    ("key", {"v": 1}), ("field", {"id": 77, "v": 1, "nope": 1}),
    ("trigger", {"id": 77, "v": 13}), ("shape", {"id": 77, "v": {"a": 1}})])
def test_one_bad_row_of_3000_is_reported_C1(sql, sink, mode, why, bad):
    sql("CREATE TABLE t (id int PRIMARY KEY, v int NOT NULL CHECK (v >= 0))")
    sql("CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF new.v = 13 THEN RAISE 'thirteen'; END IF; RETURN new; END $$")
    sql("CREATE TRIGGER f BEFORE INSERT ON t FOR EACH ROW "
        "EXECUTE FUNCTION f()")
    s = sink(insert_mode=mode, pk_mode="record_value", pk_fields="id")
    rows = [{"id": i, "v": 5} for i in range(1000, 4000)]
    rows[1234] = bad
    reports = s.put([(None, r) for r in rows])
    assert [r[:2] for r in reports] == [[0, 1234]], reports
    assert "table t" in reports[0][2] or "column v" in reports[0][2] or (
        "id" in reports[0][2] or "nope" in reports[0][2])
    assert sql("SELECT count(*), min(v), max(v) FROM t") == [(2999, 5, 5)]


def test_bad_row_costs_at_most_15_statements_C1(sql, sink):
    sql("CREATE TABLE t (id int PRIMARY KEY, v int CHECK (v >= 0))")
    sql("CREATE TABLE made (n int)")
    sql("CREATE SEQUENCE statements")
    sql("CREATE FUNCTION c() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN PERFORM nextval('statements'); RETURN NULL; END $$")
    sql("CREATE TRIGGER c BEFORE INSERT ON t FOR EACH STATEMENT "
        "EXECUTE FUNCTION c()")
    for at in [0, 1, 1500, 2998, 2999]:
        sql("ALTER SEQUENCE statements RESTART")
        sql("TRUNCATE t")
        s = sink(**UPSERT)
        rows = [{"id": i, "v": -1 if i == at else 1} for i in range(3000)]
        reports = s.put([(None, r) for r in rows])
        assert len(reports) == 1
        assert f"({at}, -1)" in reports[0][2]
        assert sql("SELECT last_value FROM statements")[0][0] <= 15
        s.kill()
        sql("DROP TABLE penstock_offsets")


def test_many_bad_rows_are_all_found_C1(sql, sink):
    rng = random.Random(3)
    sql("CREATE TABLE t (id int PRIMARY KEY, v int CHECK (v >= 0))")
    s = sink(**UPSERT)
    rows, bad = [], []
    for i in range(2000):
        r = rng.random()
        rows.append({"id": i, "v": -1 if r < 0.05 else
                     "x" if r < 0.1 else 1})
        if r < 0.1:
            bad.append(i)
    reports = s.put([(None, r) for r in rows])
    assert sorted(r[1] for r in reports) == bad
    assert sql("SELECT count(*) FROM t") == [(2000 - len(bad),)]
    reports = s.put([(None, {"id": i, "v": -1}) for i in range(500)])
    assert len(reports) == 500


def test_without_tolerance_nothing_of_the_batch_is_in(sql, sink):
    sql("CREATE TABLE t (id int PRIMARY KEY, v int)")
    s = sink(**UPSERT)
    s.ask("intolerant")
    with pytest.raises(PluginError, match="column v") as e:
        s.put([(None, {"id": 1, "v": 1}), (None, {"id": 2, "v": "x"})])
    assert e.value.code == "DATA"
    assert sql("SELECT count(*) FROM t") == [(0,)]


def test_constraint_that_fails_at_commit_is_the_records_fault_C2(sql, sink):
    sql("CREATE TABLE p (id int PRIMARY KEY)")
    sql("INSERT INTO p VALUES (1)")
    sql("CREATE TABLE t (id int PRIMARY KEY, p int REFERENCES p "
        "DEFERRABLE INITIALLY DEFERRED)")
    s = sink(**UPSERT)
    reports = s.put([(None, {"id": i, "p": 2 if i == 5 else 1})
                     for i in range(10)])
    assert [r[1] for r in reports] == [5]
    assert sql("SELECT count(*) FROM t") == [(9,)]
    assert sql("SELECT next_offset FROM penstock_offsets") == [(10,)]


def test_tombstone_without_deletes_is_reported_in_connects_words(sql, sink):
    sql("CREATE TABLE t (id int PRIMARY KEY)")
    s = sink(**{**BY_KEY, "delete_enabled": "false"})
    why = s.put([(1, None), (2, {})])[0][2]
    assert "'delete.enabled=false' and 'pk.mode=record_key'" in why
    assert sql("SELECT id FROM t") == [(2,)]


# Exactly once

def put_three(sink, **config):
    s = sink(auto_create="true", **config)
    assert s.put([(None, order(i)) for i in range(3)]) == []
    return s


def place(sql):
    return sql("SELECT next_offset FROM penstock_offsets")[0][0]


def test_position_moves_past_records_that_were_dropped(sql, sink):
    s = put_three(sink)
    assert s.pre_commit(10) == 10
    assert place(sql) == 10
    assert s.pre_commit(12) == 12
    s.next["t", 0] = 12
    assert s.put([(None, order(7))]) == []
    assert place(sql) == 13
    assert sink().open(committed=5) == 13


def test_position_moves_when_all_records_were_dropped(sql, sink):
    s = sink()
    assert place(sql) == -1
    assert s.pre_commit(7) == 7
    assert place(sql) == 7


def test_position_moves_when_the_task_is_asked_to_stop(sql, sink):
    s = put_three(sink)
    s.ask("stopping")
    assert s.pre_commit(10) == 10
    assert place(sql) == 10


def test_position_moves_after_a_put_that_the_stop_cut_off(
        postgres, db, sql, sink):
    s = put_three(sink)
    with closing(postgres.connect(db)) as other:
        other.cursor().execute("LOCK TABLE t")
        s.ask("stopping")
        with pytest.raises(PluginError, match="asked to stop"):
            s.put([(None, order(3))])
        assert s.pre_commit(3) == 3
        assert s.pre_commit(10) == 10
    assert place(sql) == 10


def test_position_of_the_group_is_never_ahead_of_the_targets(
        postgres, db, sql, sink):
    """The target does not answer: no error, and nothing beyond its own
    position is committed."""
    s = put_three(sink)
    with closing(postgres.connect(db)) as other:
        other.cursor().execute("LOCK TABLE penstock_offsets")
        s.ask("stopping")
        began = time.monotonic()
        assert s.pre_commit(10) == 3
        assert time.monotonic() - began < 10
    # What was given up may have happened all the same.
    wait_for("both positions", lambda: s.pre_commit(10) == place(sql) == 10)


def test_position_is_not_moved_by_a_task_that_was_replaced(sql, sink):
    s = put_three(sink)
    sink()
    assert s.pre_commit(10) == 3
    with pytest.raises(PluginError, match="another task has taken over") as e:
        s.pre_commit(10)
    assert e.value.code == "FATAL"
    assert place(sql) == 3


def test_without_positions_the_group_has_them(sink):
    s = put_three(sink, offsets_table="")
    assert s.pre_commit(10) == 10


def test_position_moves_with_the_rows_and_is_answered_at_open(sql, sink):
    s = sink(auto_create="true")
    s.put([(None, order(i)) for i in range(5)])
    s.kill()
    s = sink(auto_create="true")
    assert s.next["t", 0] == 5
    # redelivered from an older commit: passed over
    s.next["t", 0] = 3
    s.put([(None, order(i)) for i in range(3, 8)])
    assert sql("SELECT id FROM t ORDER BY 1") == [(i,) for i in range(8)]


@pytest.mark.parametrize("seed", range(3))
def test_kill_at_any_moment_writes_nothing_twice_C4(sql, sink, seed):
    rng = random.Random(seed)
    sql("CREATE TABLE t (id int, v int)")
    for _ in range(8):
        s = sink()
        timer = threading.Timer(rng.uniform(0.01, 0.25), s.kill)
        timer.start()
        with pytest.raises((AssertionError, BrokenPipeError)):
            while True:
                at = s.next["t", 0]
                s.put([(None, {"id": i, "v": 0})
                       for i in range(at, at + rng.randint(1, 2000))])
        timer.join()
    total = sink().next["t", 0]
    assert total > 0
    assert sql("SELECT count(*), count(DISTINCT id), max(id) FROM t") == [
        (total, total, total - 1)]


def test_lost_connections_write_nothing_twice_C3(postgres, db, sql, sink):
    sql("CREATE TABLE t (id int, v int)")
    s = sink()
    done = threading.Event()

    def killer():
        while not done.is_set():
            postgres.terminate_sessions(db)
            time.sleep(0.02)
    t = threading.Thread(target=killer)
    t.start()
    errors = 0
    try:
        for at in range(0, 20000, 200):
            while True:
                try:
                    s.put([(None, {"id": i, "v": 0})
                           for i in range(at, at + 200)])
                    break
                except PluginError as e:
                    assert e.code == "RETRY", e.text
                    errors += 1
    finally:
        done.set()
        t.join()
    assert errors > 0
    assert sql("SELECT count(*), count(DISTINCT id) FROM t") == [
        (20000, 20000)]


def test_zombie_cannot_commit_and_is_told_C11(sql, sink):
    s = sink(auto_create="true")
    s.put([(None, order(1))])
    other = sink(auto_create="true")
    with pytest.raises(PluginError):
        s.put([(None, order(2))])
    with pytest.raises(PluginError, match="another task has taken over "
                                          "t-0.*epoch") as e:
        s.put([(None, order(2))])
    assert e.value.code == "FATAL"
    other.put([(None, order(3))])
    assert sql("SELECT id FROM t ORDER BY 1") == [(1,), (3,)]


def test_operator_changes_the_position(sql, sink):
    s = sink(auto_create="true", **UPSERT)
    s.put([(None, order(i)) for i in range(5)])
    s.kill()
    s = sink(start=False, auto_create="true", **UPSERT)
    assert s.ask("alter", [["t", 0, 2]])["ok"] == 1
    s.start()
    assert s.open(committed=5) == 2
    s.kill()
    s = sink(start=False, auto_create="true", **UPSERT)
    s.ask("alter", [["t", 0, -1]])
    s.start()
    assert s.open(committed=4) == 4


# Outages

def test_locks_and_deadlocks_are_outages_C8(postgres, db, sql, sink):
    sql("CREATE TABLE t (id int PRIMARY KEY, v int)")
    for code, kind in [("40P01", "RETRY"), ("40001", "RETRY"),
                       ("55P03", "RETRY"), ("25006", "RETRY"),
                       ("53300", "RETRY"), ("57P03", "RETRY"),
                       ("42501", "FATAL"), ("0A000", "FATAL")]:
        sql("CREATE OR REPLACE FUNCTION f() RETURNS trigger LANGUAGE "
            f"plpgsql AS $$ BEGIN RAISE 'no' USING ERRCODE='{code}'; "
            "END $$")
        sql("DROP TRIGGER IF EXISTS f ON t; CREATE TRIGGER f BEFORE INSERT "
            "ON t FOR EACH ROW EXECUTE FUNCTION f()")
        s = sink(**UPSERT)
        with pytest.raises(PluginError, match=code) as e:
            s.put([(None, {"id": 1, "v": 1})])
        assert e.value.code == kind, code
        s.kill()
    sql("DROP TRIGGER f ON t")
    s = sink(**UPSERT)
    assert s.put([(None, {"id": 1, "v": 1})]) == []
    assert sql("SELECT count(*) FROM t") == [(1,)]


@pytest.mark.parametrize("change,words", [
    ({"connection_url": "jdbc:postgresql://127.0.0.1:1/x?user=u"},
     ["127.0.0.1:1/x"]),
    ({"delete_enabled": "true"}, ["delete.enabled", "record_key"]),
    ({"insert_mode": "upsert"}, ["pk.mode", "upsert"]),
    ({"table_name_format": "${tpoic}"}, ["tpoic"]),
])
def test_wrong_configurations_are_named(sink, change, words):
    text = sink(start=False, **change).ask("validate")["ok"]
    for word in words:
        assert word in text
