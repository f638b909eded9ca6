"""PostgresSource through its ABI on a real server. Names carry the ids of the
traps they prove us free of."""

import decimal
import json
import random
import threading
import time

import psycopg2
import pytest

from support.drive import PluginError, Source
from support.env import wait_for


@pytest.fixture
def source(postgres, db):
    """source(mode=…, …): a Source on this test's database; ends with it."""
    made = []

    def make(**config):
        settings = {"connection_url": postgres.jdbc(db) + "?user=postgres",
                    "topic_prefix": "t-", "poll_interval_ms": "0", **config}
        made.append(Source("postgres", "PostgresSource", **settings))
        return made[-1]
    yield make
    for s in made:
        s.close()


@pytest.fixture
def sql(postgres, db):
    def run(text, args=None):
        return postgres.execute(db, text, args)
    return run


@pytest.fixture
def session(postgres, db):
    """session(): a connection with a transaction of its own."""
    made = []

    def make():
        made.append(postgres.connect(db))
        return made[-1], made[-1].cursor()
    yield make
    for c in made:
        c.close()


def table(name):
    return f'"public"."{name}"'


def drain(s, quiet=2):
    """Polls until that many polls in a row brought nothing."""
    none = 0
    while none < quiet:
        none = none + 1 if not s.poll() else 0


def until(s, count, timeout=30):
    wait_for(f"{count} records",
             lambda: s.poll() is not None and len(s.records) >= count,
             timeout, interval=0)


def unscaled(value, scale):
    number = int.from_bytes(bytes.fromhex(value["hex"]), "big", signed=True)
    context = decimal.Context(prec=3000)
    return decimal.Decimal(number).scaleb(-scale, context)


# What arrives

PLAIN = [
    ("smallint", "-32768"), ("integer", "2147483647"),
    ("bigint", "-9223372036854775808"), ("real", "1.5"),
    ("double precision", "-1e-300"), ("boolean", "true"), ("text", "'ä\"\\'"),
    ("varchar(5)", "'abc'"), ("char(3)", "'x'"), ("name", "'n'"),
    ("uuid", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"),
    ("json", "'{\"a\": [1, null]}'"), ("jsonb", "'{\"b\":2,\"a\":1}'"),
    ("inet", "'10.0.0.1/8'"), ("cidr", "'10.0.0.0/8'"),
    ("macaddr", "'08:00:2b:01:02:03'"), ("xml", "'<a/>'"),
    ("interval", "'1 mon -2 days 03:04:05.6'"), ("point", "'(1,2)'"),
    ("polygon", "'((0,0),(1,1),(2,0))'"), ("int4range", "'[1,5)'"),
    ("tstzmultirange", "'{[2020-01-01 00:00+00,2021-01-01 00:00+00)}'"),
    ("tsvector", "'a:1 b:2'"), ("bit(5)", "B'10101'"),
    ("varbit", "B'101'"), ("timetz", "'04:05:06.789+02'"),
    ("mood", "'it''s ok'"), ("pair", "ROW(1,'x')"), ("year", "2020"),
    ("pg_lsn", "'16/B374D848'"), ("oid", "4294967295"),
    ("\"char\"", "'c'"), ("hstore", "'a=>1'"), ("box", "'((1,1),(0,0))'"),
]


def test_every_type_arrives_as_select_shows_it_B17(sql, source):
    sql("CREATE EXTENSION IF NOT EXISTS hstore")
    sql("CREATE TYPE mood AS ENUM ('sad', 'it''s ok')")
    sql("CREATE TYPE pair AS (a int, b text)")
    sql("CREATE DOMAIN year AS int CHECK (VALUE > 1900)")
    columns = ", ".join(f"c{i} {t}" for i, (t, _) in enumerate(PLAIN))
    sql(f"CREATE TABLE m (id serial PRIMARY KEY, {columns})")
    sql("INSERT INTO m VALUES (1, " + ",".join(v for _, v in PLAIN) + ")")
    sql("INSERT INTO m (id) VALUES (2)")
    s = source(mode="bulk", tables=table("m"))
    s.start()
    until(s, 2)
    shown = sql("SELECT " + ", ".join(f"c{i}::text" for i in
                                      range(len(PLAIN))) + " FROM m")
    row, nulls = s.values()[:2]
    for i, (kind, _) in enumerate(PLAIN):
        got = row[f"c{i}"]
        if isinstance(got, bool):
            got = "true" if got else "false"
        elif isinstance(got, float):
            assert float(shown[0][i]) == got, kind
            continue
        want = "x  " if kind == "char(3)" else shown[0][i]
        assert str(got) == want, kind
        assert nulls[f"c{i}"] is None, kind


def test_times_arrive_as_connect_counts_them_B17(sql, source):
    sql("CREATE TABLE t (id serial PRIMARY KEY, d date, t time, ts timestamp,"
        " tz timestamptz)")
    sql("INSERT INTO t (d,t,ts,tz) VALUES "
        "('1969-12-31','24:00','1969-12-31 23:59:59.9995',"
        " '2020-02-29 12:00:00.123456+02'),"
        "('4713-01-01 BC','00:00:00.001','4713-01-01 00:00 BC',"
        " '294276-12-31 23:59:59.999999+00'),"
        "('5874897-12-31','23:59:59.999999','294276-12-31','0001-01-01')")
    s = source(mode="bulk", tables=table("t"))
    s.start()
    until(s, 3)
    want = sql("SELECT d - '1970-01-01', (extract(epoch from t)*1000), "
               "floor(extract(epoch from ts)*1000), "
               "floor(extract(epoch from date_trunc('day', tz))*1000 + "
               "extract(epoch from tz::time)*1000) FROM t ORDER BY id")
    for v, (d, t, ts, tz) in zip(s.values(), want):
        assert (v["d"], v["t"], v["ts"], v["tz"]) == (
            d, int(t), int(ts), int(tz))


def test_numerics_are_exact_to_the_last_digit_B17(sql, source):
    rng = random.Random(7)
    sql("CREATE TABLE n (id serial PRIMARY KEY, v numeric(1000,500), "
        "small numeric(12,2), free numeric)")
    given = []
    for _ in range(300):
        digits = "".join(rng.choice("0009123456789")
                         for _ in range(rng.randint(1, 500)))
        fraction = "".join(rng.choice("00123456789")
                           for _ in range(rng.randint(1, 500)))
        sign = rng.choice(["", "-"])
        small = f"{rng.choice(['', '-'])}{rng.randint(0, 10**rng.randint(1, 9))}.{rng.randint(0, 99):02}"
        free = f"{sign}{rng.randint(0, 10**rng.randint(1, 60))}.{rng.randint(0, 10**18)}"
        given.append((f"{sign}{digits}.{fraction}", small, free))
    for row in given:
        sql("INSERT INTO n (v, small, free) VALUES (%s, %s, %s)", row)
    s = source(mode="bulk", tables=table("n"))
    s.start()
    until(s, 300)
    rows = sorted(s.values()[:300], key=lambda v: v["id"])
    for v, (big, small, free) in zip(rows, given):
        assert unscaled(v["v"], 500) == decimal.Decimal(big)
        assert unscaled(v["small"], 2) == decimal.Decimal(small)
        assert unscaled(v["free"], 127) == decimal.Decimal(free)
        # as short as Java makes it
        number = int(unscaled(v["small"], 2).scaleb(2))
        assert len(v["small"]["hex"]) // 2 == (
            (number if number >= 0 else ~number).bit_length() // 8 + 1)


def test_numeric_mapping_follows_precision_and_scale(sql, source):
    sql("CREATE TABLE n (id serial PRIMARY KEY, a numeric(2), b numeric(4),"
        " c numeric(9), d numeric(18), e numeric(19), f numeric(5,2))")
    sql("INSERT INTO n (a,b,c,d,e,f) VALUES "
        "(-99, 9999, 999999999, -999999999999999999, 1, 123.45)")
    wanted = {
        "precision_only": ["int8", "int16", "int32", "int64", "bytes",
                           "bytes"],
        "best_fit": ["int8", "int16", "int32", "int64", "bytes", "double"],
        "none": ["bytes"] * 6}
    for mapping, types in wanted.items():
        s = source(mode="bulk", tables=table("n"), numeric_mapping=mapping)
        s.start()
        s.poll(schema=True)
        fields = s.last["schema"]["fields"][1:]
        assert [f["type"] for f in fields] == types, mapping
    assert s.values()[0]["id"] == 1


@pytest.mark.parametrize("kind,value", [
    ("date", "infinity"), ("timestamp", "-infinity"),
    ("timestamptz", "infinity"), ("numeric(10,2)", "NaN"),
    ("numeric", "Infinity")])
def test_special_values_are_exact_or_an_explicit_failure_B17(
        sql, source, kind, value):
    sql(f"CREATE TABLE x (id serial PRIMARY KEY, v {kind})")
    sql("INSERT INTO x (v) VALUES (NULL)")
    sql(f"INSERT INTO x (v) VALUES ('{value}')"
        .replace("'Infinity'", "'Infinity'::numeric"))
    s = source(mode="bulk", tables=table("x"))
    s.start()
    until(s, 1)
    assert s.values("v") == [None]
    assert "column v" in s.failures[0]
    assert value.lower().lstrip("-") in s.failures[0].lower()
    s = source(mode="bulk", tables=table("x"), special_values="string")
    s.start()
    until(s, 2)
    assert s.values("v") == [None, value]


def test_floats_keep_nan_and_infinity(sql, source):
    sql("CREATE TABLE f (id int, v float8, r real)")
    sql("INSERT INTO f VALUES (1,'NaN','Infinity'),(2,'-Infinity','NaN')")
    s = source(mode="bulk", tables=table("f"))
    s.start()
    until(s, 2)
    assert [v["v"]["float"] for v in s.values()[:2]] == ["NaN", "-Infinity"]


def test_arrays_are_arrays_and_deeper_ones_fail_by_name(sql, source):
    sql("CREATE TABLE a (id int, i int[], t text[], n numeric(5,1)[],"
        " u uuid[], tz timestamptz[], e inet[])")
    sql("INSERT INTO a VALUES (1, '{1,NULL,3}', '{\"a,b\",NULL}', '{1.5}',"
        " '{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}', '{1970-01-02 00:00+00}',"
        " '{10.0.0.1,::1}'), (2, '{}', NULL, '{}', '{}', '{}', '{}')")
    s = source(mode="bulk", tables=table("a"))
    s.start()
    until(s, 2)
    one, two = s.values()[:2]
    assert one["i"] == [1, None, 3] and one["t"] == ["a,b", None]
    assert unscaled(one["n"][0], 1) == decimal.Decimal("1.5")
    assert one["u"] == ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"]
    assert one["tz"] == [86400000] and one["e"] == ["10.0.0.1/32", "::1/128"]
    assert two["i"] == [] and two["t"] is None
    sql("TRUNCATE a")
    sql("INSERT INTO a (id, i) VALUES (3, '{{1,2},{3,4}}')")
    s = source(mode="bulk", tables=table("a"))
    s.start()
    wait_for("a failure", lambda: s.poll() is not None and s.failures)
    assert "column i" in s.failures[0] and "2 dimensions" in s.failures[0]


def test_names_that_need_quotes_are_read(sql, source):
    for name in ['a"b', "a'b", "semi;colon", "com,ma", "ünï", "a b", "\\x"]:
        quoted = '"' + name.replace('"', '""') + '"'
        sql(f"CREATE TABLE {quoted} (id serial PRIMARY KEY, {quoted} text)"
            .replace("%", "%%"))
        sql(f"INSERT INTO {quoted} ({quoted}) VALUES ('v')")
        s = source(mode="incrementing", tables=f'"public".{quoted}')
        s.start()
        until(s, 1)
        assert s.records[0]["topic"] == "t-" + name
        assert s.values(name) == ["v"]


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


# Views and queries

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


# Bulk

def test_bulk_resumes_by_ranges_and_misses_no_moved_row_B7(sql, source):
    sql("CREATE TABLE b (id int PRIMARY KEY, v int, pad text)")
    sql("INSERT INTO b SELECT i, 0, repeat('x', 400) "
        "FROM generate_series(1,100000) i")
    config = {"mode": "bulk", "tables": table("b"),
              "poll_interval_ms": "3600000"}
    seen, offsets, rows = {}, {}, 0
    for turn in range(8):
        s = source(**config)
        s.start(offsets)
        for _ in range(12):
            s.poll()
        rows += len(s.records)
        seen.update((r["value"]["id"], r["value"]["v"]) for r in s.records)
        offsets = s.offsets
        s.kill()
        # rows move to the end of the table, or into pages read before
        sql(f"UPDATE b SET v = {turn + 1} WHERE id > 99900 - {turn} * 7 "
            "OR id < 20")
        sql("VACUUM b")
    assert len(seen) < 100000
    s = source(**config)
    s.start(offsets)
    drain(s, quiet=3)
    rows += len(s.records)
    seen.update((r["value"]["id"], r["value"]["v"]) for r in s.records)
    now = dict(sql("SELECT id, v FROM b"))
    assert seen == now
    assert rows < 400000


def test_bulk_of_a_rewritten_table_begins_again(sql, source):
    sql("CREATE TABLE b (id int, pad text)")
    sql("INSERT INTO b SELECT i, repeat('x', 400) "
        "FROM generate_series(1,50000) i")
    s = source(mode="bulk", tables=table("b"), poll_interval_ms="3600000")
    s.start()
    for _ in range(20):
        s.poll()
    s.kill()
    sql("VACUUM FULL b")
    t = source(mode="bulk", tables=table("b"), poll_interval_ms="3600000")
    t.start(s.offsets)
    drain(t, quiet=3)
    assert t.values("id") == list(range(1, 50001))


def test_bulk_memory_is_flat_B21(sql, source):
    sql("CREATE UNLOGGED TABLE b (id int, pad text)")
    sql("INSERT INTO b SELECT i, repeat('x', 100) "
        "FROM generate_series(1,1000000) i")
    s = source(mode="bulk", tables=table("b"), poll_interval_ms="3600000")
    s.start()
    small = s.ask("drain", 10000)
    large = s.ask("drain", 980000)
    assert large["peak_kb"] - small["peak_kb"] < 8192


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
])
def test_wrong_configurations_are_named(source, change, words):
    s = source(**{"mode": "incrementing", **change})
    text = s.ask("validate")["ok"]
    for word in words:
        assert word in text


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


def test_a_transaction_that_holds_rows_back_is_named(sql, source, session):
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
