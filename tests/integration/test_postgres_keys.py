"""Keys of the Postgres source and sink that no other test sets, through the
ABI on a real server: what each changes in what arrives."""

import calendar
import datetime
import time

import pytest

from support.drive import drain, until
from support.env import wait_for
from support.postgres import table

UTC = datetime.timezone.utc


def rows_of(s, count):
    s.start()
    until(s, count)
    return s.values()[:count]


# Times

GRANULARITIES = {  # of 1969-12-31 23:59:59.123456 and 2020-02-29 10:00:00.5
    "micros_long": (-876544, 1582970400500000),
    "micros_string": ("-876544", "1582970400500000"),
    "micros_iso_datetime_string": ("1969-12-31T23:59:59.123456",
                                   "2020-02-29T10:00:00.500000"),
    "nanos_long": (-876544000, 1582970400500000000),
    "nanos_string": ("-876544000", "1582970400500000000"),
    "nanos_iso_datetime_string": ("1969-12-31T23:59:59.123456000",
                                  "2020-02-29T10:00:00.500000000"),
}


@pytest.mark.parametrize("granularity", GRANULARITIES)
def test_timestamps_are_delivered_as_fine_as_asked(sql, source, granularity):
    sql("CREATE TABLE t (id int PRIMARY KEY, ts timestamp, tz timestamptz)")
    sql("INSERT INTO t VALUES (1, '1969-12-31 23:59:59.123456',"
        " '2020-02-29 12:00:00.5+02'), (2, NULL, NULL)")
    s = source(mode="bulk", tables=table("t"),
               timestamp_granularity=granularity.upper())
    one, two = rows_of(s, 2)
    assert (one["ts"], one["tz"]) == GRANULARITIES[granularity]
    assert two["ts"] is two["tz"] is None
    s.poll(schema=True)
    until(s, 3)
    kind = "int64" if "long" in granularity else "string"
    s.close()
    s = source(mode="bulk", tables=table("t"),
               timestamp_granularity=granularity)
    s.start()
    s.poll(schema=True)
    for field in s.last["schema"]["fields"][1:]:
        assert field["type"] == kind and not field.get("name"), field


def ms(*when):
    return calendar.timegm(when + (0,) * (6 - len(when))) * 1000


def test_timestamps_without_zone_are_in_db_timezone(sql, source):
    """As values, summer time included, and where a read ends."""
    sql("CREATE TABLE t (id int PRIMARY KEY, ts timestamp NOT NULL,"
        " tz timestamptz)")
    sql("INSERT INTO t VALUES (1, '2020-07-01 12:00', '2020-07-01 12:00Z'),"
        " (2, '2020-01-01 12:00', NULL),"
        " (3, now() AT TIME ZONE 'America/New_York', NULL)")
    s = source(mode="timestamp", timestamp_column_name="ts",
               tables=table("t"), db_timezone="America/New_York")
    s.start()
    until(s, 3)
    rows = {r["id"]: r for r in s.values()}
    assert rows[1]["ts"] == ms(2020, 7, 1, 16)
    assert rows[1]["tz"] == ms(2020, 7, 1, 12)
    assert rows[2]["ts"] == ms(2020, 1, 1, 17)
    [now] = sql("SELECT extract(epoch FROM now()) * 1000")[0]
    assert abs(rows[3]["ts"] - float(now)) < 60000
    # In UTC the last one would be hours old; an hour ahead is not read yet.
    sql("INSERT INTO t VALUES (4, now() AT TIME ZONE 'America/New_York'"
        " + interval '1 hour')")
    drain(s)
    assert len(s.records) == 3


def test_rows_are_read_when_they_are_as_old_as_asked(sql, source):
    sql("CREATE TABLE t (id int PRIMARY KEY, ts timestamptz NOT NULL)")
    sql("INSERT INTO t VALUES (0, now() - interval '1 minute')")
    s = source(mode="timestamp+incrementing", timestamp_column_name="ts",
               incrementing_column_name="id", tables=table("t"),
               timestamp_delay_interval_ms="1500")
    s.start()
    until(s, 1)
    sql("INSERT INTO t VALUES (1, now())")
    until(s, 2)
    [age] = sql("SELECT extract(epoch FROM clock_timestamp() - ts)::float8"
                " FROM t WHERE id = 1")[0]
    assert 1.5 <= age < 20


@pytest.mark.parametrize("mode", ["timestamp", "timestamp+incrementing"])
def test_reading_begins_after_timestamp_initial(sql, source, mode):
    sql("CREATE TABLE t (id int PRIMARY KEY, ts timestamptz NOT NULL)")
    sql("INSERT INTO t SELECT d, '2020-01-01 00:00Z'::timestamptz + d *"
        " interval '1 day' FROM generate_series(0, 9) d")
    s = source(mode=mode, timestamp_column_name="ts",
               incrementing_column_name="id", tables=table("t"),
               timestamp_initial=ms(2020, 1, 5, 12))
    s.start()
    until(s, 5)
    drain(s)
    assert s.values("id") == [5, 6, 7, 8, 9]


# Queries

@pytest.mark.parametrize("config", [
    {"tables": table("t")}, {"query": "SELECT * FROM t"}])
def test_query_suffix_ends_each_query(sql, source, config):
    sql("CREATE TABLE t (id int PRIMARY KEY)")
    sql("INSERT INTO t SELECT generate_series(1, 10)")
    s = source(mode="incrementing", incrementing_column_name="id",
               query_suffix="LIMIT 3;", **config)
    s.start()
    sizes, seen = [], 0
    while seen < 10:
        s.poll()
        if len(s.records) > seen:
            sizes.append(len(s.records) - seen)
        seen = len(s.records)
    drain(s)
    assert s.values("id") == list(range(1, 11))
    assert max(sizes) <= 3


def found_in(s, count, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end and len(s.records) < count:
        s.poll()
    return len(s.records) >= count


def test_a_late_key_is_found_within_late_scan_interval(sql, source):
    """Looks at the whole cost a fifth of a second here, so that by itself
    ten pass between two."""
    sql("CREATE TABLE t (id int PRIMARY KEY)")
    sql("INSERT INTO t SELECT generate_series(1000, 1100)")
    both = [source(mode="incrementing", tables=table("t"),
                   incrementing_column_name="id",
                   query_suffix="OFFSET (SELECT 0 FROM pg_sleep(0.2))",
                   **more)
            for more in ({}, {"late_scan_interval_ms": "300"})]
    for s in both:
        s.start()
        until(s, 101)
        drain(s)
    sql("INSERT INTO t VALUES (7)")
    slow, quick = both
    assert found_in(quick, 102, 30)
    assert quick.values("id")[-1] == 7
    assert not found_in(slow, 102, 1)


# Values

def types_of(sql, source, **config):
    sql("CREATE TABLE n (id int PRIMARY KEY, a numeric(2), b numeric(9),"
        " c numeric(18), d numeric(19), e numeric(5,2), f numeric(25,3),"
        " g numeric)")
    sql("INSERT INTO n VALUES (1, 12, 123456789, 123456789012345678, 1,"
        " 123.45, 1234567890123456789012.125, 1.5)")
    s = source(mode="bulk", tables=table("n"), **config)
    s.start()
    s.poll(schema=True)
    fields = s.last["schema"]["fields"][1:]
    return [f["type"] for f in fields], s.values()[0]


def test_best_fit_eager_double_makes_doubles_of_all_fractions(sql, source):
    types, row = types_of(sql, source,
                          numeric_mapping="best_fit_eager_double")
    assert types[:6] == ["int8", "int32", "int64", "bytes", "double",
                         "double"]
    assert (row["a"], row["b"], row["c"]) == (12, 123456789,
                                              123456789012345678)
    assert row["e"] == 123.45 and row["f"] == 1234567890123456789012.125


@pytest.mark.parametrize("config,types", [
    ({"numeric_precision_mapping": "true"},
     ["int8", "int32", "int64", "bytes", "bytes", "bytes", "bytes"]),
    ({"numeric_precision_mapping": "false"}, ["bytes"] * 7),
    ({"numeric_precision_mapping": "true", "numeric_mapping": "none"},
     ["bytes"] * 7)])
def test_the_old_form_of_numeric_mapping(sql, source, config, types):
    assert types_of(sql, source, **config)[0] == types


def test_arrays_are_text_when_asked_for(sql, source):
    sql("CREATE TABLE a (id int PRIMARY KEY, i int[], t text[])")
    sql("INSERT INTO a VALUES (1, '{1,NULL,3}', '{\"a,b\",NULL}'),"
        " (2, '{{1,2},{3,4}}', '{}'), (3, NULL, NULL)")
    s = source(mode="bulk", tables=table("a"), array_mapping="string")
    rows = rows_of(s, 3)
    assert [(r["i"], r["t"]) for r in rows] == [
        ("{1,NULL,3}", '{"a,b",NULL}'), ("{{1,2},{3,4}}", "{}"),
        (None, None)]


def test_infinite_times_are_clamped_as_the_jdbc_driver_does(sql, source):
    sql("CREATE TABLE x (id int PRIMARY KEY, d date, ts timestamp,"
        " tz timestamptz, n numeric)")
    sql("INSERT INTO x VALUES (1, 'infinity', 'infinity', 'infinity', 1),"
        " (2, '-infinity', '-infinity', '-infinity', 1),"
        " (3, '1970-01-02', '1970-01-02', '1970-01-02', 1),"
        " (4, NULL, NULL, NULL, 'NaN')")
    s = source(mode="bulk", tables=table("x"), special_values="clamp")
    far, past, plain = rows_of(s, 3)
    # PGStatement.DATE_POSITIVE_INFINITY and its opposite, in ms
    assert far["ts"] == far["tz"] == 9223372036825200000
    assert past["ts"] == past["tz"] == -9223372036832400000
    assert (far["d"], past["d"]) == (2**31 - 1, -2**31)
    assert (plain["d"], plain["ts"]) == (1, 86400000)
    assert "column n" in s.failures[0], "no number is near NaN"


# How it reads and writes

@pytest.fixture
def statements(postgres, db):
    """statements(): those of this database's sessions, as the server logged
    them; only sessions that begin from now on."""
    postgres.execute(db, f'ALTER DATABASE "{db}" SET log_statement = \'all\'')
    with open(postgres.log, "rb") as f:
        f.seek(0, 2)
        begin = f.tell()

    def read():
        with open(postgres.log, "rb") as f:
            f.seek(begin)
            text = f.read().decode("utf-8", "replace")
        return [line.split(": ", 2)[2] for line in text.splitlines()
                if "LOG:  statement: " in line or "LOG:  execute " in line]
    return read


@pytest.mark.parametrize("config", [
    {"mode": "bulk"}, {"mode": "incrementing"},
    {"mode": "timestamp", "timestamp_column_name": "ts"}])
def test_tables_are_read_by_copy(sql, source, statements, unique, config):
    name = unique("copied").replace("-", "_")
    sql(f"CREATE TABLE {name} (id int PRIMARY KEY, ts timestamptz NOT NULL)")
    sql(f"INSERT INTO {name} SELECT i, '2020-01-01' FROM"
        " generate_series(1, 5000) i")
    s = source(incrementing_column_name="id", tables=table(name), **config)
    s.start()
    until(s, 5000)
    reads = wait_for("the log", lambda: [
        t for t in statements() if name in t and "COPY" in t])
    assert any("TO STDOUT (FORMAT binary)" in t for t in reads), reads
    others = [t for t in statements() if f"FROM \"public\".\"{name}\"" in t
              and "COPY" not in t and "max(" not in t and "min(" not in t]
    assert others == []


VALUE = [{"field": "id", "type": "int64", "optional": False},
         {"field": "note", "type": "string", "optional": True},
         {"field": "more", "type": "int32", "optional": True}]


def order(i, note="n"):
    return {"schema": {"type": "struct", "optional": False, "name": "v",
                       "fields": VALUE},
            "payload": {"id": i, "note": note, "more": 7}}


@pytest.mark.parametrize("mode", ["insert", "upsert"])
def test_a_batch_is_one_copy_and_one_insert(sql, sink, statements, mode):
    sql("CREATE TABLE t (id bigint PRIMARY KEY, note text, more int)")
    sql("CREATE TABLE made (op text, rows bigint)")
    sql("CREATE FUNCTION c() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "INSERT INTO made SELECT TG_OP, count(*) FROM fresh; RETURN NULL; "
        "END $$")
    sql("CREATE TRIGGER c AFTER INSERT ON t REFERENCING NEW TABLE AS fresh "
        "FOR EACH STATEMENT EXECUTE FUNCTION c()")
    s = sink(insert_mode=mode, pk_mode="record_value", pk_fields="id")
    s.put([(None, order(i)) for i in range(3000)])
    s.put([(None, order(i)) for i in range(3000, 6000)])
    assert sql("SELECT op, rows FROM made") == [("INSERT", 3000)] * 2
    told = [t.removeprefix("SAVEPOINT penstock;") for t in statements()]
    copies = [t for t in told if t.startswith("COPY ")]
    inserts = [t for t in told if t.startswith('INSERT INTO "t"')]
    assert len(copies) == 2 and all("FROM STDIN" in t for t in copies), told
    if mode == "insert":  # nothing to fold: straight into the table
        assert copies[0].startswith('COPY "t"') and not inserts
        return
    assert copies[0].startswith("COPY pg_temp.penstock_stage"), copies
    assert len(inserts) == 2
    assert all("ON CONFLICT" in t and "stage" in t for t in inserts), inserts


# The sink's own keys

def test_offsets_may_be_in_another_table(sql, sink):
    sql("CREATE SCHEMA own")
    s = sink(auto_create="true", offsets_table="own.where")
    s.put([(None, order(i)) for i in range(5)])
    s.kill()
    assert sql('SELECT count(*) FROM own."where"') == [(1,)]
    assert sql("SELECT to_regclass('penstock_offsets')") == [(None,)]
    s = sink(offsets_table="own.where")
    assert s.next["t", 0] == 5


def test_without_a_table_of_offsets_it_is_at_least_once(sql, sink):
    s = sink(auto_create="true", offsets_table="")
    s.put([(None, order(i)) for i in range(5)])
    s.kill()
    s = sink(offsets_table="")
    assert s.next["t", 0] == 0, "Kafka says where to go on"
    s.put([(None, order(i)) for i in range(3, 6)])
    assert sql("SELECT id, count(*) FROM t GROUP BY id ORDER BY id") == [
        (0, 1), (1, 1), (2, 1), (3, 2), (4, 2), (5, 1)]
    assert sql("SELECT tablename FROM pg_tables WHERE schemaname = "
               "'public'") == [("t",)]


@pytest.mark.parametrize("create", [True, False])
def test_only_fields_of_the_whitelist_are_written(sql, sink, create):
    if not create:
        sql("CREATE TABLE t (id bigint PRIMARY KEY, note text)")
    s = sink(auto_create=str(create).lower(), fields_whitelist="note",
             insert_mode="upsert", pk_mode="record_value", pk_fields="id")
    assert s.put([(None, order(1)), (None, order(1, "last"))]) == []
    assert sql("SELECT * FROM t") == [(1, "last")]
