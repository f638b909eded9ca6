"""What PostgresSource makes of values, through its ABI on a real server."""

import decimal
import random

import pytest

from support.drive import until
from support.env import wait_for
from support.postgres import table


def unscaled(value, scale):
    number = int.from_bytes(bytes.fromhex(value["hex"]), "big", signed=True)
    context = decimal.Context(prec=3000)
    return decimal.Decimal(number).scaleb(-scale, context)


# A value of each type that a column may have; test_every_built_in_type finds
# out when the server knows one that is not here.
SAMPLES = {
    "aclitem": "postgres=r/postgres", "bit(5)": "10101", "bool": "true",
    "box": "((1,1),(0,0))", "bpchar(3)": "x", "bytea": "\\x00ff5c",
    '"char"': "c", "cid": "7", "cidr": "10.0.0.0/8", "circle": "<(1,2),3>",
    "date": "1969-12-31", "datemultirange": "{[2020-01-01,2020-02-01)}",
    "daterange": "[2020-01-01,2020-02-01)", "float4": "1.5",
    "float8": "-1e-300", "inet": "10.0.0.1/8", "int2": "-32768",
    "int2vector": "1 2", "int4": "2147483647", "int4multirange": "{[1,5)}",
    "int4range": "[1,5)", "int8": "-9223372036854775808",
    "int8multirange": "{[1,5),[7,8)}", "int8range": "[1,5)",
    "interval": "1 mon -2 days 03:04:05.6", "json": '{"a": [1, null]}',
    "jsonb": '{"b":2,"a":1}', "jsonpath": "$.a[*]", "line": "{1,2,3}",
    "lseg": "[(0,0),(1,1)]", "macaddr": "08:00:2b:01:02:03",
    "macaddr8": "08:00:2b:01:02:03:04:05", "money": "-12.34", "name": "n",
    "numeric": "-123456789012345678901234567890.000001",
    "nummultirange": "{[1.5,2.5)}", "numrange": "[1.5,2.5)",
    "oid": "4294967295", "oidvector": "1 2", "path": "[(0,0),(1,1)]",
    "pg_lsn": "16/B374D848", "pg_snapshot": "10:20:10,14,15",
    "point": "(1,2)", "polygon": "((0,0),(1,1),(2,0))", "refcursor": "r",
    "regclass": "pg_class", "regcollation": '"C"', "regconfig": "english",
    "regdictionary": "simple", "regnamespace": "pg_catalog",
    "regoper": "pg_catalog.||/", "regoperator": "+(integer,integer)",
    "regproc": "now", "regprocedure": "sum(integer)",
    "regrole": "postgres", "regtype": "integer", "text": "ä\"\\\t",
    "tid": "(1,2)", "time": "23:59:59.999", "timestamp":
    "1969-12-31 23:59:59.9995", "timestamptz": "2020-02-29 12:00:00.123+02",
    "timetz": "04:05:06.789+02",
    "tsmultirange": "{[2020-01-01 00:00,2021-01-01 00:00)}",
    "tsquery": "'a' & !'b'", "tsrange": "[2020-01-01 00:00,infinity)",
    "tstzmultirange": "{[2020-01-01 00:00+00,2021-01-01 00:00+00)}",
    "tstzrange": "[2020-01-01 00:00+00,)", "tsvector": "'a':1 'b':2",
    "txid_snapshot": "10:20:10", "uuid":
    "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "varbit": "101",
    "varchar(5)": "abc", "xid": "4294967295", "xid8": "9223372036854775807",
    "xml": "<a/>",
    # not built in, but made of such
    "mood": "it's ok", "pair": '(1,"x y")', "year": "2020", "words":
    "{a,b}", "hstore": '"a"=>"1"',
}
# What no column can hold: it has no input function.
NO_VALUES = {"gtsvector"}

# SQL of what must arrive, where that is not the value's text.
SHOWN = {
    "date": "({} - '1970-01-01')::text",
    "time": "floor(extract(epoch from {}) * 1000)::int8::text",
    "timestamp": "floor(extract(epoch from {}) * 1000)::int8::text",
    "timestamptz": "floor(extract(epoch from {}) * 1000)::int8::text",
    "money": "{}::numeric::text",
    "bpchar(3)": "rpad({}, 3)",  # a cast to text would take its blanks
}
ARRAYS = {"int2vector", "oidvector", "words"}
SCALES = {"money": 2, "numeric": 127}


def same(kind, got, want):
    if got is None or want is None:
        return got is want
    if kind in ("bool", "float4", "float8"):
        return got == {"true": True}.get(want) or got == float(want)
    if kind in SCALES:
        return unscaled(got, SCALES[kind]) == decimal.Decimal(want)
    if kind == "bytea":
        return "\\x" + got["hex"] == want
    if kind == "words":
        return "{" + ",".join(got) + "}" == want
    if kind in ARRAYS:
        return " ".join(map(str, got)) == want
    return str(got) == want


def make_types(sql):
    sql("CREATE EXTENSION hstore")
    sql("CREATE TYPE mood AS ENUM ('sad', 'it''s ok')")
    sql("CREATE TYPE pair AS (a int, b text)")
    sql("CREATE DOMAIN year AS int CHECK (VALUE > 1900)")
    sql("CREATE DOMAIN words AS text[]")


def test_every_built_in_type_arrives_as_select_shows_it_B17(sql, source):
    make_types(sql)
    known = {k.split("(")[0].strip('"') for k in SAMPLES} | NO_VALUES
    there = {r[0] for r in sql(
        "SELECT typname FROM pg_type WHERE typtype IN ('b', 'r', 'm') AND "
        "typnamespace = 'pg_catalog'::regnamespace AND typarray <> 0")}
    assert there <= known, "types without a sample"
    sql("CREATE TABLE m (id serial PRIMARY KEY, " + ", ".join(
        f"c{i} {t}" for i, t in enumerate(SAMPLES)) + ")")
    marks = ", ".join(["%s"] * len(SAMPLES))
    sql(f"INSERT INTO m VALUES (1, {marks})", list(SAMPLES.values()))
    sql("INSERT INTO m (id) VALUES (2)")
    shown = sql("SELECT " + ", ".join(
        SHOWN.get(t, "{}::text").format(f"c{i}")
        for i, t in enumerate(SAMPLES)) + " FROM m WHERE id = 1")[0]
    s = source(mode="bulk", tables=table("m"))
    s.start()
    until(s, 2)
    row, nulls = s.values()[:2]
    wrong = [(t, row[f"c{i}"], shown[i]) for i, t in enumerate(SAMPLES)
             if not same(t, row[f"c{i}"], shown[i])]
    assert wrong == []
    assert set(nulls.values()) == {2, None}


def test_arrays_of_every_built_in_type_arrive_B17(sql, source):
    make_types(sql)
    kinds = {t: v for t, v in SAMPLES.items() if t not in ARRAYS}
    sql("CREATE TABLE m (id serial PRIMARY KEY, " + ", ".join(
        f"c{i} {t}[]" for i, t in enumerate(kinds)) + ")")
    marks = ", ".join(f"ARRAY[%s::{t}, NULL]" for t in kinds)
    sql(f"INSERT INTO m VALUES (1, {marks})", list(kinds.values()))
    shown = sql("SELECT " + ", ".join(
        SHOWN.get(t, "{}::text").format(f"c{i}[1]")
        for i, t in enumerate(kinds)) + " FROM m WHERE id = 1")[0]
    s = source(mode="bulk", tables=table("m"))
    s.start()
    until(s, 1)
    row = s.values()[0]
    wrong = [(t, row[f"c{i}"], shown[i]) for i, t in enumerate(kinds)
             if len(row[f"c{i}"]) != 2 or row[f"c{i}"][1] is not None or
             not same(t, row[f"c{i}"][0], shown[i])]
    assert wrong == []


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
