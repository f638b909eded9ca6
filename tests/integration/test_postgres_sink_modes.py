"""PostgresSink: every insert.mode with every pk.mode, with and without
deletes, and the tables it makes for them. A model of one dict says what must
be in the table; records are a key and a value, each a struct."""

import pytest

from support.drive import PluginError

MODES = ("insert", "upsert", "update")
KEYS = ("none", "kafka", "record_key", "record_value")
COORDINATES = "__connect_topic, __connect_partition, __connect_offset"


def field(label, kind, optional=True, **more):
    return {"field": label, "type": kind, "optional": optional, **more}


def struct(fields, payload):
    return {"schema": {"type": "struct", "optional": False, "name": "v",
                       "fields": fields}, "payload": payload}


def key(i):
    return struct([field("id", "int64", False)], {"id": i})


def value(i, note, with_id=True):
    if not with_id:
        return struct([field("note", "string")], {"note": note})
    return struct([field("id", "int64", False), field("note", "string")],
                  {"id": i, "note": note})


# (id, note); None deletes. Ids below 10 are in the table before.
STREAM = [(1, "a"), (11, "b"), (12, "c"), (2, "d"), (1, None), (12, None),
          (13, "e"), (11, None), (11, "f"), (3, None), (99, None)]
SEEDED = {i: "old" for i in range(5)}


def model(mode, pk, deletes):
    """(rows in the table as (id, note), offsets that are reported)"""
    rows = dict(SEEDED) if pk != "kafka" else {}
    plain, refused = [], []
    for offset, (i, note) in enumerate(STREAM):
        name = ("t", 0, offset) if pk == "kafka" else i
        if note is None and not deletes:
            refused.append(offset)
        elif note is None:
            rows.pop(i, None)
        elif pk == "none":
            plain.append((i, note))
        elif mode == "insert" and name in rows:
            refused.append(offset)
        elif mode != "update" or name in rows:
            rows[name] = note
    if pk == "kafka":
        return [(STREAM[name[2]][0], note)
                for name, note in rows.items()], refused
    return list(rows.items()) + plain, refused


# The others are refused, see below.
COMBINATIONS = [(mode, pk, deletes) for mode in MODES for pk in KEYS
                for deletes in (False, True)
                if (mode == "insert" or pk != "none")
                and (not deletes or pk == "record_key")]


@pytest.mark.parametrize("mode,pk,deletes", COMBINATIONS)
def test_rows_are_as_if_written_one_by_one(sql, sink, mode, pk, deletes):
    seeds = ", ".join(f"({i}, '{n}')" for i, n in SEEDED.items())
    if pk == "kafka":
        sql("CREATE TABLE t (__connect_topic text, __connect_partition int, "
            "__connect_offset int8, id int8, note text, "
            f"PRIMARY KEY ({COORDINATES}))")
    else:
        unique = "" if pk == "none" else "PRIMARY KEY"
        sql(f"CREATE TABLE t (id int8 {unique}, note text)")
        sql(f"INSERT INTO t VALUES {seeds}")
    s = sink(insert_mode=mode, pk_mode=pk, delete_enabled=deletes,
             **({"pk_fields": "id"} if pk.startswith("record") else {}))
    reports = s.put([(key(i), None if note is None else value(
        i, note, with_id=pk != "record_key")) for i, note in STREAM])
    wanted, refused = model(mode, pk, deletes)
    assert sorted(r[1] for r in reports) == refused
    assert sorted(sql("SELECT id, note FROM t")) == sorted(wanted)


@pytest.mark.parametrize("config,says", [
    ({"insert_mode": "upsert"}, "pk.mode"),
    ({"insert_mode": "update"}, "pk.mode"),
    ({"delete_enabled": "true"}, "delete.enabled"),
    ({"delete_enabled": "true", "pk_mode": "kafka"}, "delete.enabled"),
    ({"delete_enabled": "true", "pk_mode": "record_value"},
     "delete.enabled")])
def test_combinations_without_meaning_are_refused(sink, config, says):
    assert says in sink(start=False, **config).ask("validate")["ok"]


@pytest.mark.parametrize("pk,fields,wanted", [
    ("none", "", []),
    ("kafka", "", COORDINATES.split(", ")),
    ("kafka", "ct,cp,co", ["ct", "cp", "co"]),
    ("record_key", "", ["a", "b"]),
    ("record_key", "b", ["b"]),
    ("record_value", "", ["id", "note"]),
    ("record_value", "id", ["id"])])
def test_tables_are_made_with_their_primary_key(sql, sink, pk, fields,
                                                wanted):
    s = sink(auto_create="true", pk_mode=pk, pk_fields=fields)
    keys = struct([field("a", "int32", False), field("b", "string", False)],
                  {"a": 1, "b": "x"})
    assert s.put([(keys, value(7, "n"))]) == []
    found = [r[0] for r in sql(
        "SELECT a.attname FROM pg_index i JOIN pg_attribute a ON "
        "a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey) "
        "WHERE i.indrelid = 't'::regclass AND i.indisprimary "
        "ORDER BY array_position(i.indkey::int2[], a.attnum)")]
    assert found == wanted
    assert sql("SELECT id, note FROM t") == [(7, "n")]
    if pk == "record_key" and not fields:
        assert sql("SELECT a, b FROM t") == [(1, "x")]


def test_a_plain_key_is_the_one_pk_field(sql, sink):
    s = sink(auto_create="true", insert_mode="upsert", pk_mode="record_key",
             pk_fields="k", delete_enabled="true")
    schema = {"type": "string", "optional": False}

    def plain(text):
        return {"schema": schema, "payload": text}
    s.put([(plain("a"), value(1, "x")), (plain("b"), value(2, "y")),
           (plain("a"), None), (plain("b"), value(3, "z"))])
    assert sql("SELECT k, id, note FROM t") == [("b", 3, "z")]
    s = sink(auto_create="true", insert_mode="upsert", pk_mode="record_key",
             pk_fields="k,l")
    assert "exactly one PK column" in s.put([(plain("c"), value(4, "w"))])[0][2]


DEFAULTS = [
    ("i8", field("i8", "int8", False, default=-3), "-3"),
    ("i64", field("i64", "int64", False, default=2**63 - 1), str(2**63 - 1)),
    ("f", field("f", "float", False, default=1.5), "1.5"),
    ("d", field("d", "double", False, default=-1e-300), "-1e-300"),
    ("b", field("b", "boolean", False, default=True), "true"),
    ("s", field("s", "string", False, default="it's \\N \\ \n\t"),
     "it's \\N \\ \n\t"),
    ("by", field("by", "bytes", False, default={"hex": "00ff5c27"}),
     "\\x00ff5c27"),
    ("dec", field("dec", "bytes", False, default={"hex": "ff85"},
                  name="org.apache.kafka.connect.data.Decimal",
                  parameters={"scale": "2"}), "-1.23"),
    ("da", field("da", "int32", False, default=-1,
                 name="org.apache.kafka.connect.data.Date"), "1969-12-31"),
    ("ti", field("ti", "int32", False, default=3723004,
                 name="org.apache.kafka.connect.data.Time"), "01:02:03.004"),
    ("ts", field("ts", "int64", False, default=-1,
                 name="org.apache.kafka.connect.data.Timestamp"),
     "1969-12-31 23:59:59.999"),
]


def test_defaults_of_every_type_become_the_columns(sql, sink):
    """of a new table, and of columns that are added to one with rows"""
    texts = ", ".join(f"{name}::text" for name, _, _ in DEFAULTS)
    first = [field("id", "int64", False)]
    both = first + [f for _, f, _ in DEFAULTS]
    s = sink(auto_create="true", auto_evolve="true")
    s.put([(None, struct(first, {"id": 1}))], topic="t")
    s.put([(None, struct(both, {"id": 2}))], topic="t")
    s.put([(None, struct(both, {"id": 1}))], topic="u")
    sql("INSERT INTO u (id) VALUES (2)")
    wanted = tuple(text for _, _, text in DEFAULTS)
    for name in ("t", "u"):
        assert sql(f"SELECT {texts} FROM {name} ORDER BY id") == [wanted] * 2


def test_a_column_that_cannot_be_added_stops_the_task(sql, sink):
    sql("CREATE TABLE t (id int8)")
    s = sink(auto_evolve="true")
    deep = field("deep", "map", keys={"type": "string"},
                 values={"type": "string"})
    with pytest.raises(PluginError, match="field deep.*map") as e:
        s.put([(None, struct([field("id", "int64"), deep],
                             {"id": 1, "deep": {}}))])
    assert e.value.code == "FATAL"
    assert sql("SELECT count(*) FROM t") == [(0,)]
