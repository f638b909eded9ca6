"""The cases that ours and Debezium's own transforms are compared by: change
events of all kinds, and what is no change event, with many configurations.

The records are a source's: of a sink's record without a new partition the
outbox's router makes none in Java."""

import itertools

from conformance.cases import (JSON, b64, case, chain, converter, decimal,
                               envelope, opt, row, s)

DEBEZIUM = "io.debezium.transforms."
TIME = "io.debezium.time."
BOTH = {**converter("value", JSON, replace_null_with_default="false"),
        **converter("key", JSON, replace_null_with_default="false")}
READ = {**BOTH}


def named(schema, name, **more):
    return {**schema, "name": name, **more}


def without(schema, *names):
    return {**schema, "fields": [f for f in schema["fields"]
                                 if f["field"] not in names]}


def time(kind):
    return opt(named(s("int64"), TIME + kind, version=1))


# Change events

ROW = opt(named(row(
    id=s("int32"), name=opt(s("string")), n=opt(s("int32", default=7)),
    must=s("string", default="m"), price=opt(decimal(2)),
    at=time("MicroTimestamp"), region=opt(s("string")),
    place=opt(row(x=s("double")))), "srv.db.t.Value", version=3, doc="rows",
    parameters={"p": "q"}))
SOURCE = named(row(
    version=s("string"), connector=s("string"), ts_ms=s("int64"),
    snapshot=opt(named(s("string", default="false"),
                       "io.debezium.data.Enum", version=1,
                       parameters={"allowed": "true,last,false"})),
    db=s("string"), table=s("string"), lsn=opt(s("int64"))),
    "io.debezium.connector.postgresql.Source", version=1)
TX = opt(named(row(id=s("string"), total_order=s("int64"),
                   data_collection_order=s("int64")), "event.block",
               version=1))
CHANGE = named(row(before=ROW, after=ROW, source=SOURCE, transaction=TX,
                   op=s("string"), ts_ms=opt(s("int64")),
                   ts_us=opt(s("int64")), ts_ns=opt(s("int64")),
                   extra=opt(s("string", default="e"))),
               "srv.db.t.Envelope", version=2, doc="changes")
NEW = {"id": 1, "name": "new", "n": 1, "must": "x", "price": b64(1, 0),
       "at": 5, "region": "eu", "place": {"x": 1.5}}
OLD = {**NEW, "name": "old", "region": "us"}
FEW = {"id": 2, "name": None, "n": None, "must": "y", "price": None,
       "at": None, "region": None, "place": None}
SRC = {"version": "3.3.1", "connector": "postgresql", "ts_ms": 99,
       "snapshot": None, "db": "db", "table": "t", "lsn": 5}
ORDER = {"id": "571:1", "total_order": 1, "data_collection_order": 2}


def change(op, before=None, after=None, schema=CHANGE, **more):
    return envelope(schema, {
        "before": before, "after": after, "source": SRC, "transaction": ORDER,
        "op": op, "ts_ms": 1234, "ts_us": 1234567, "ts_ns": 1234567890,
        "extra": None, **more})


LOOSE = without(CHANGE, "op", "transaction")
KEY = named(row(id=s("int32")), "srv.db.t.Key")
RECORDS = {
    "create": change("c", None, NEW),
    "update": change("u", OLD, NEW),
    "update without the old row": change("u", None, NEW),
    "read": change("r", None, NEW),
    "delete": change("d", OLD),
    "delete of few": change("d", FEW),
    "delete without the row": change("d"),
    "truncate": change("t"),
    "few": change("c", None, FEW),
    "no transaction": change("c", None, NEW, transaction=None),
    "tombstone": None,
    "null of a schema": envelope(opt(CHANGE), None),
    "blank region": change("u", OLD, {**NEW, "region": "  "}),
    "optional envelope": change("c", None, NEW, schema=opt(CHANGE)),
    "no field op": change("c", None, NEW, schema=without(CHANGE, "op")),
    "no field before": change("c", None, NEW,
                              schema=without(CHANGE, "before")),
    "no field before, delete": change("d", schema=without(CHANGE, "before")),
    "no field after": change("d", OLD, schema=without(CHANGE, "after")),
    "no field source": change("u", OLD, NEW,
                              schema=without(CHANGE, "source")),
    "no field transaction": change("u", OLD, NEW,
                                   schema=without(CHANGE, "transaction")),
    "null op": change(None, OLD, NEW, schema={
        **CHANGE, "fields": [opt(f) for f in CHANGE["fields"]]}),
    "null source": change("c", OLD, NEW, source=None, schema={
        **CHANGE, "fields": [opt(f) for f in CHANGE["fields"]]}),
    "rows of text": change("u", "{}", "{\"a\":1}", schema={
        **CHANGE, "fields": [
            {**opt(s("string")), "field": f["field"]}
            if f["field"] in ("before", "after") else f
            for f in CHANGE["fields"]]}),
    "deleted column": change(
        "u", {**OLD, "__deleted": "old"}, {**NEW, "__deleted": "no"},
        schema={**CHANGE, "fields": [
            {**f, "fields": [*f["fields"], {**opt(s("string")),
                                            "field": "__deleted"}]}
            if f["field"] in ("before", "after") else f
            for f in CHANGE["fields"]]}),
    "other name": change("u", OLD, NEW, schema=named(CHANGE, "srv.Changes")),
    "no name": change("u", OLD, NEW,
                      schema={k: v for k, v in CHANGE.items() if k != "name"}),
    "name like it": change("u", OLD, NEW, schema=named(CHANGE, "MyEnvelope")),
    "text named so": envelope(named(s("string"), "x.Envelope"), "text"),
    "struct named so": envelope(named(row(a=s("int32")), "x.Envelope"),
                                {"a": 1}),
    "heartbeat": envelope(named(row(ts_ms=s("int64")),
                                "io.debezium.connector.common.Heartbeat"),
                          {"ts_ms": 5}),
    "map": envelope(None, {"op": "c", "after": {"a": 1}}),
    "number": envelope(s("int32"), 5),
}
KEYS = {"key": envelope(KEY, {"id": 1}), "no key": None}
HEADED = [("a", b"1"), ("__op", b"text")]


def judged(title, value, one, key=KEYS["key"], **record):
    return case(title, value, {**chain(one), **READ}, BOTH, key=key,
                **{"offset": None, **record})


def transform(name, keys):
    return {"type": DEBEZIUM + name, **keys}


# ExtractNewRecordState

MODE = "delete.tombstone.handling.mode"
MODES = ["drop", "tombstone", "rewrite", "rewrite-with-tombstone",
         "delete-to-tombstone"]
ADDED = ["op", "table", "source.ts_ms", "ts_ms,ts_us,ts_ns", "lsn,snapshot",
         "transaction.id", "id", "total_order,data_collection_order",
         "op:operation,source.lsn:position", "extra", "nothing", "source.nothing",
         "transaction.nothing", "nothing.at.all", "op.x", "op,op",
         "op,source.op", "source", "after.id", "after.name,before.name",
         "after.place", "after.place.x", "after.n,after.must,after.price",
         "op,,ts_ms", "op,", " op , table ", "op:", "updateDescription",
         "updateDescription.x", "version,connector,db"]
WRONG = [".", ":", "a:b:c", "op,:"]
UNWRAPS = [
    {},
    *({"add.fields": a} for a in ADDED),
    *({"add.headers": a} for a in ADDED),
    {"add.fields": "op,table", "add.fields.prefix": ""},
    {"add.fields": "op,source.table", "add.fields.prefix": "meta."},
    {"add.fields": "id,name:name", "add.fields.prefix": ""},
    {"add.headers": "op,source.table:origin", "add.headers.prefix": ""},
    {"add.headers": "op,a", "add.headers.prefix": "dbz-"},
    {"add.fields": "op", "add.headers": "op,table"},
    *({"route.by.field": f} for f in (
        "region", "name", "must", "id", "nothing", "price", "__deleted",
        "__op")),
    {"route.by.field": "__op", "add.fields": "op"},
    {"replace.null.with.default": "false"},
    {"replace.null.with.default": "false", "add.fields": "snapshot,extra"},
]
FEW_RECORDS = ("create", "delete", "tombstone", "few", "no field op")


def unwraps():
    """All configurations in two modes, some in all."""
    for keys, mode in itertools.product(UNWRAPS, MODES):
        if mode in ("tombstone", "rewrite") or keys in UNWRAPS[:4]:
            yield {MODE: mode, **keys}
    yield from ({"add.fields": w} for w in WRONG)
    yield from ({"add.headers": w} for w in WRONG)
    yield from ({MODE: m} for m in (
        "", "none", "DROP", " drop ", "Rewrite-With-Tombstone"))


def unwrap_cases():
    for keys in unwraps():
        for title, value in RECORDS.items():
            yield judged(f"unwrap {keys} {title}", value,
                         transform("ExtractNewRecordState", keys),
                         headers=HEADED)
    for title in FEW_RECORDS:
        for mode in MODES:
            yield judged(f"unwrap {mode} {title} of no key", RECORDS[title],
                         transform("ExtractNewRecordState", {
                             MODE: mode, "add.fields": "op"}), key=None)
        yield judged(f"unwrap {title} of a sink", RECORDS[title],
                     transform("ExtractNewRecordState", {
                         "add.fields": "op", "add.headers": "op"}), offset=4)


DROPS = [b'["name"]', b'["name","n","must"]', b'["id"]', b'["absent"]', b"[]",
         b'["price","place","at"]', b"name", b"[1]", None, b'["__op","name"]']
DROP = {"drop.fields.header.name": "drop"}


def drop_cases():
    """Fields that a header lists"""
    wide = envelope(named(row(id=s("int32"), name=opt(s("string"))),
                          "srv.db.t.Key"), {"id": 1, "name": "k"})
    for names, mode, from_key, kept, title in itertools.product(
            DROPS, MODES, ("true", "false"), ("true", "false"),
            ("create", "delete", "few", "tombstone")):
        keys = {**DROP, MODE: mode, "drop.fields.from.key": from_key,
                "drop.fields.keep.schema.compatible": kept,
                "add.fields": "op"}
        yield judged(f"drop {names!r} {mode} {from_key} {kept} {title}",
                     RECORDS[title], transform("ExtractNewRecordState", keys),
                     key=wide, headers=[("drop", names), ("a", b"1")])
    for name in ("drop", "", " ", "other"):
        yield judged(f"drop by header {name!r}", RECORDS["create"], transform(
            "ExtractNewRecordState", {"drop.fields.header.name": name}),
            headers=[("drop", b'["name"]'), ("drop", b'["n"]')])


# EventRouter

OUTBOX_ROW = opt(named(row(
    id=s("string"), aggregatetype=s("string"), aggregateid=s("string"),
    type=opt(s("string", default="t")), payload=opt(s("string")),
    shard=opt(s("int32")), wide=opt(s("int64")), at=time("Timestamp"),
    micro=time("MicroTimestamp"), nano=time("NanoTimestamp"),
    plain=opt(s("int64")), text=opt(s("string")), number=opt(s("int32")),
    raw=opt(s("bytes")), body=opt(row(a=s("int32"))),
    zoned=opt(named(s("string"), TIME + "ZonedTimestamp", version=1))),
    "srv.db.outbox.Value"))
OUTBOX = named(row(before=OUTBOX_ROW, after=OUTBOX_ROW, source=SOURCE,
                   op=s("string"), ts_ms=opt(s("int64"))),
               "srv.db.outbox.Envelope")
EVENT = {"id": "e1", "aggregatetype": "Order", "aggregateid": "7",
         "type": "Made", "payload": "{\"n\":1}", "shard": 2, "wide": 3,
         "at": 5000, "micro": 5000999, "nano": -5000000999, "plain": 5,
         "text": "t", "number": 4, "raw": b64(1, 2), "body": {"a": 1},
         "zoned": "2024-01-01T00:00:00Z"}


def outbox(op="c", schema=OUTBOX, **more):
    return envelope(schema, {"before": None, "after": {**EVENT, **more},
                             "source": SRC, "op": op, "ts_ms": 1234})


def outbox_of(name):
    """Rows whose schema is called so"""
    rows = {k: v for k, v in OUTBOX_ROW.items() if k != "name"}
    if name is not None:
        rows["name"] = name
    return {**OUTBOX, "fields": [
        {**rows, "field": f["field"]} if f["field"] in ("before", "after")
        else f for f in OUTBOX["fields"]]}


EVENTS = {
    "create": outbox(), "read": outbox("r"), "update": outbox("u"),
    "delete": outbox("d"), "message": outbox("m"), "tombstone": None,
    "null payload": outbox(payload=None),
    "empty payload": outbox(payload=""),
    "blank payload": outbox(payload=" \t\n\v\u0001 "),
    "wide blank payload": outbox(payload="\u00a0"),
    "nulls": outbox(**{k: None for k in EVENT if k not in (
        "id", "aggregatetype", "aggregateid")}),
    "truncate": envelope(OUTBOX, {
        "before": None, "after": None, "source": SRC, "op": "t", "ts_ms": 1}),
    "no time": envelope(OUTBOX, {
        "before": None, "after": EVENT, "source": SRC, "op": "c",
        "ts_ms": None}),
    "no field ts_ms": outbox(schema=without(OUTBOX, "ts_ms")),
    "no field op": outbox(schema=without(OUTBOX, "op")),
    "no field after": outbox(schema=without(OUTBOX, "after")),
    "no name": outbox(schema=outbox_of(None)),
    "short name": outbox(schema=outbox_of("Value")),
    "no envelope": outbox(schema=named(OUTBOX, "x.Value")),
    "a change": RECORDS["create"], "map": RECORDS["map"],
    "text named so": RECORDS["text named so"],
    "heartbeat": RECORDS["heartbeat"],
}
PLACED = "table.fields.additional.placement"
PLACEMENTS = [
    "type:header", "type:header:eventType", "type:envelope",
    "type:envelope:kind,text:envelope", "shard:partition", "wide:partition",
    "text:partition", "type:header,type:envelope:kind,shard:partition",
    "absent:header", "absent:partition", "text:HEADER:x",
    " type : header : alias , text:envelope", "raw:header", "number:header",
    "body:header", "number:envelope:payload", "text:envelope,text:envelope",
    "at:header,micro:header:id", "body:envelope,raw:envelope"]
MISSING = "table.fields.additional.error.on.missing"
ROUTES = [
    {},
    *({PLACED: p} for p in PLACEMENTS),
    *({PLACED: p, MISSING: "false"} for p in (
        "absent:header,type:header", "absent:partition")),
    *({"table.field.event.timestamp": f} for f in (
        "at", "micro", "nano", "plain", "text", "zoned", "absent", "number",
        "")),
    *({"table.field.event.id": f} for f in ("type", "absent", "number", "")),
    *({"table.field.event.key": f} for f in (
        "id", "type", "number", "absent", "body", "")),
    *({"table.field.event.payload": f} for f in (
        "text", "raw", "number", "body", "absent", "")),
    *({"route.by.field": f} for f in ("type", "absent", "number", "text", "")),
    {"route.topic.replacement": "events.${routedByValue}"},
    {"route.topic.replacement": "fixed"},
    {"route.topic.replacement": "$1-$2"},
    {"route.topic.replacement": "${absent}"},
    {"route.topic.regex": "Ord(.*)", "route.topic.replacement": "x.$1"},
    {"route.topic.regex": "no(.*)", "route.topic.replacement": "x.$1"},
    {"route.topic.regex": "O|Order", "route.topic.replacement": "x"},
    {"route.topic.regex": "(.*?)", "route.topic.replacement": "x"},
    {"route.topic.regex": "(", "route.topic.replacement": "x"},
    *({"route.tombstone.on.empty.payload": "true", **more} for more in (
        {}, {PLACED: "type:envelope"}, {PLACED: "type:header"},
        {"table.field.event.payload": "raw"},
        {"table.field.event.payload": "body"})),
    *({"table.op.invalid.behavior": b} for b in (
        "warn", "error", "fatal", "FATAL", "ignore")),
    *({"table.field.event.schema.version": f, PLACED: "type:envelope"}
      for f in ("number", "shard", "text", "absent")),
    {"table.field.event.schema.version": "absent"},
    *({PLACED: p} for p in ("x", "a:b:c:d", ":")),
]


def outbox_cases():
    for keys in ROUTES:
        for title, value in EVENTS.items():
            yield judged(f"outbox {keys} {title}", value,
                         transform("outbox.EventRouter", keys),
                         headers=HEADED)


PAYLOADS = [
    '{"n":1}', '{"n":1,"big":5000000000,"f":1.5,"e":1e3,"t":"x","b":true}',
    '{"a":null,"b":1}', '{"a":[]}', '{"a":[1,2]}', '{"a":[1,null,2]}',
    '{"a":[null]}', '{"a":["x",1]}', '{"a":[1,5000000000]}',
    '{"a":[1,2.5]}', '{"a":{"b":{"c":[true]}}}',
    '{"a":[{"x":1},{"y":"z"},{"x":2,"y":null}]}', '{"a":[[1],[2]]}',
    '{}', '[]', "[1,2]", '[{"a":1}]', "text", "5", "", "null", "{", '{"a":1',
    '{"a":1}x', '{"a b":1,"1c":2,"d.e":3}', '{"a":1,"a":2}', " {\"a\":1}",
    '{"a":12345678901234567890}', '{"a":{}}', '{"a":[{}]}', '{"é":"ü"}',
    '{"a":1.0}', '{"a":[{"x":null},{"x":5}]}', '{"a":[{"b":[1]},{"b":[2]}]}']


def expand_cases():
    for text, nulls, more in itertools.product(
            PAYLOADS, ("ignore", "optional_bytes"), (
                {}, {PLACED: "type:envelope"},
                {"route.tombstone.on.empty.payload": "true"})):
        yield judged(
            f"expand {text} {nulls} {more}", outbox(payload=text),
            transform("outbox.EventRouter", {
                "table.expand.json.payload": "true",
                "table.json.payload.null.behavior": nulls, **more}))
    for title in ("null payload", "nulls"):
        yield judged(f"expand {title}", EVENTS[title], transform(
            "outbox.EventRouter", {"table.expand.json.payload": "true"}))
    for name in ("raw", "number", "body"):
        yield judged(f"expand {name}", outbox(), transform(
            "outbox.EventRouter", {"table.expand.json.payload": "true",
                                   "table.field.event.payload": name}))


# ByLogicalTableRouter

SHARDS = {"topic.regex": "(.*)t_shard(.*)", "topic.replacement": "$1all"}
ROUTERS = [
    SHARDS,
    {**SHARDS, "key.enforce.uniqueness": "false"},
    {**SHARDS, "key.field.name": "shard"},
    {**SHARDS, "key.field.name": "id"},
    {**SHARDS, "key.field.name": "id", "key.enforce.uniqueness": "false"},
    {**SHARDS, "key.field.regex": ".*_shard(.*)",
     "key.field.replacement": "$1"},
    {**SHARDS, "key.field.regex": "nothing(.*)",
     "key.field.replacement": "$1"},
    {**SHARDS, "key.field.regex": "db|.*", "key.field.replacement": "x"},
    {**SHARDS, "key.field.regex": ".*", "key.field.replacement": "$1"},
    {**SHARDS, "key.field.regex": ".*_shard(.*)"},
    {**SHARDS, "key.field.regex": ".*_shard(.*)",
     "key.field.replacement": " "},
    {**SHARDS, "key.field.replacement": "$1"},
    {**SHARDS, "topic.replacement": "$3"},
    {"topic.regex": "other", "topic.replacement": "x"},
    {"topic.regex": ".*", "topic.replacement": "fixed"},
    {"topic.regex": "(.*?)", "topic.replacement": "x-"},
    {"topic.regex": "db|db.t_shard7", "topic.replacement": "x"},
    {"topic.regex": "(.*)(never)?", "topic.replacement": "$2"},
    {"topic.regex": "DB.*", "topic.replacement": "x"},
    {"topic.regex": "(", "topic.replacement": "x"},
    {"topic.regex": ".*", "topic.replacement": ""}, {"topic.regex": ".*"},
    {"topic.replacement": "x"}, {"topic.regex": "", "topic.replacement": "x"},
    *({"topic.regex": ".*", "topic.replacement": to,
       "schema.name.adjustment.mode": mode}
      for to in ("all", "1a-b.c d", "é.ü", "_x.2y")
      for mode in ("none", "avro", "avro_unicode", "AVRO", "other")),
    {**SHARDS, "logical.table.cache.size": "1"},
    {**SHARDS, "logical.table.cache.size": "x"},
]
TABLE_KEYS = {
    "key": KEYS["key"], "none": None,
    "optional": envelope(opt(named(row(
        id=opt(s("int32", default=5)), b=s("string")), "k", version=2, doc="d",
        parameters={"a": "b"})), {"id": None, "b": "x"}),
    "unnamed": envelope(row(id=s("int32")), {"id": 1}),
    "null of a schema": envelope(opt(KEY), None),
    "text": envelope(s("string"), "k"), "map": envelope(None, {"id": 1}),
    "empty": envelope(row(), {}),
}
OTHER_AFTER = {**CHANGE, "fields": [
    {**f, "fields": f["fields"][:1]} if f["field"] == "before" else f
    for f in CHANGE["fields"]]}


def table_cases():
    records = {
        **{k: RECORDS[k] for k in (
            "create", "update", "delete", "truncate", "tombstone", "few",
            "null of a schema", "optional envelope", "no field before",
            "no field after", "no field source", "rows of text",
            "other name", "no name", "text named so", "struct named so",
            "heartbeat", "map", "number")},
        "other after": change("u", {"id": 1}, NEW, schema=OTHER_AFTER),
        "other after of a delete": change("d", {"id": 1}, None,
                                          schema=OTHER_AFTER),
    }
    for n, keys in enumerate(ROUTERS):
        one = transform("ByLogicalTableRouter", keys)
        for title, value in records.items():
            for key, raw in TABLE_KEYS.items():
                if key in ("key", "none", "optional") or title == "create":
                    yield judged(f"tables {n} {keys} {title} {key}", value,
                                 one, key=raw, topic="db.t_shard7",
                                 headers=HEADED)
        yield judged(f"tables {n} {keys} elsewhere", RECORDS["create"], one,
                     topic="elsewhere")


def all_cases():
    made = list(itertools.chain(unwrap_cases(), drop_cases(), outbox_cases(),
                                expand_cases(), table_cases()))
    names = [c["name"] for c in made]
    assert len(names) == len(set(names))
    return made
