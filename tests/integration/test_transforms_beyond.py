"""Transforms that are not Kafka Connect's own: Debezium's and Confluent's by
their Java names, and nested paths. What is expected is what their
documentation says; each record goes the way of a task (build/conform)."""

import json
import os
import subprocess

import pytest

from conformance.cases import (ENVELOPED, JSON, case, chain, converter,
                               envelope, logical, opt, row, s)
from support import env

DEBEZIUM = "io.debezium.transforms."
CONFLUENT = "io.confluent.connect.transforms."
APACHE = "org.apache.kafka.connect.transforms."
PLAIN = {**converter("value", JSON, schemas_enable="false"),
         **converter("key", JSON, schemas_enable="false")}


def run(value, *steps, out=PLAIN, **record):
    """the record that comes out; None: it was dropped, or what failed"""
    config = {**chain(*steps), **converter("key", JSON)}
    one = case("", value, config, out, **record)
    done = subprocess.run(
        [env.BUILD + "/conform"], input=json.dumps(one).encode(), check=True,
        capture_output=True, timeout=60,
        env={**os.environ, **env.sanitizer_options()})
    result = json.loads(done.stdout)
    assert "differs" not in result, result
    if "dropped" in result:
        return None
    for side in ("key", "value"):
        if result.get(side) is not None:
            result[side] = json.loads(bytes.fromhex(result[side]))
    result["headers"] = {n: v and bytes.fromhex(v).decode()
                         for n, v in result.get("headers", [])}
    return result


def step(name, **keys):
    return {"type": name, **{k.replace("__", "-").replace("_", "."): v
                             for k, v in keys.items()}}


ROW = {**row(id=s("int32"), name=opt(s("string")),
             n=opt(s("int32", default=7))), "name": "db.public.t.Value",
       "optional": True}
SOURCE = row(table=s("string"), ts_ms=s("int64"), lsn=opt(s("int64")))
CHANGE = {**row(before=ROW, after=ROW, source=SOURCE, op=s("string"),
                ts_ms=opt(s("int64")),
                transaction=opt(row(id=s("string")))),
          "name": "db.public.t.Envelope"}
NEW = {"id": 1, "name": "new", "n": 1}
OLD = {"id": 1, "name": "old", "n": 1}


def change(op, before=None, after=None, **more):
    return envelope(CHANGE, {
        "before": before, "after": after, "op": op, "ts_ms": 1234,
        "source": {"table": "t", "ts_ms": 99, "lsn": 5},
        "transaction": {"id": "tx"}, **more})


UNWRAP = step(DEBEZIUM + "ExtractNewRecordState")


def unwrap(**keys):
    return {**UNWRAP, **keys}


MODE = "delete.tombstone.handling.mode"


@pytest.mark.parametrize("mode,deleted,tombstone,extra", [
    ("drop", None, False, {}),
    ("tombstone", "null", False, {}),
    ("delete-to-tombstone", "null", False, {}),
    ("rewrite", {**OLD, "__deleted": "true"}, False, {"__deleted": "false"}),
    ("rewrite-with-tombstone", {**OLD, "__deleted": "true"}, True,
     {"__deleted": "false"}),
])
def test_a_change_becomes_its_row(mode, deleted, tombstone, extra):
    one = unwrap(**{MODE: mode})
    for op in "cru":
        assert run(change(op, OLD, NEW), one)["value"] == {**NEW, **extra}
    gone = run(change("d", OLD), one)
    assert gone is None if deleted is None else \
        (gone["value"] or "null") == deleted
    assert (run(None, one) is not None) == tombstone
    assert run(change("t"), one) is None


def test_what_is_no_change_event_passes():
    value = envelope(row(a=s("int32")), {"a": 1})
    assert run(value, UNWRAP)["value"] == {"a": 1}
    assert run(b'{"schema":null,"payload":{"op":"c"}}', UNWRAP)["value"] == {
        "op": "c"}


def test_metadata_comes_along_as_fields_and_headers():
    found = run(change("u", OLD, NEW), unwrap(**{
        "add.fields": "op,table,source.ts_ms,transaction.id,lsn:position",
        "add.headers": "op,source.table:origin",
        "add.headers.prefix": "_"}))
    assert found["value"] == {**NEW, "__op": "u", "__table": "t",
                              "__source_ts_ms": 99, "__transaction_id": "tx",
                              "__position": 5}
    assert found["headers"] == {"_op": "u", "_origin": "t"}
    found = run(change("d", OLD), unwrap(**{"add.headers": "op"}))
    assert found["value"] is None and found["headers"] == {"__op": "d"}
    found = run(change("c", None, NEW), unwrap(**{"add.fields": "nothing"}))
    assert found["value"] == NEW
    failed = run(change("c", None, NEW), unwrap(**{"add.fields": "no.id"}))
    assert failed["failed"] == "TRANSFORMATION"
    assert "field id: the event has no struct no" in failed["text"]


def test_a_row_routes_and_defaults_take_the_place_of_null():
    found = run(change("c", None, {"id": 1, "name": "x", "n": None}),
                unwrap(**{"route.by.field": "name"}))
    assert found["topic"] == "x" and found["value"]["n"] == 7
    enveloped = run(change("c", None, NEW), unwrap(), out=ENVELOPED)
    assert enveloped["value"]["schema"]["name"] == "db.public.t.Value"


@pytest.mark.parametrize("key,new", [
    ("drop.tombstones", MODE), ("delete.handling.mode", MODE),
    ("add.source.fields", "add.fields"), ("operation.header", "add.headers"),
])
def test_a_key_of_debezium_2_is_refused_and_the_new_one_named(key, new):
    found = run(change("c", None, NEW), unwrap(**{key: "true"}))
    assert found["failed"] == "CONFIG"
    assert key in found["text"] and f"use {new}" in found["text"]


@pytest.mark.parametrize("key", [
    "table.field.payload", "table.field.payload.id",
    "table.field.schema.version", "debezium.op.invalid.behavior",
    "table.field.additional.missing"])
def test_an_old_key_of_the_outbox_is_refused(key):
    found = run(outbox(), {**ROUTE, key: "x"})
    assert found["failed"] == "CONFIG"
    assert key in found["text"] and "use table." in found["text"]


@pytest.mark.parametrize("one,key", [
    (step(APACHE + "RegexRouter", replacement="x"), "regex"),
    (step(DEBEZIUM + "ByLogicalTableRouter", topic_replacement="x"),
     "topic.regex"),
    (step(DEBEZIUM + "ByLogicalTableRouter", topic_regex=".*",
          topic_replacement="x", key_field_replacement="x"),
     "key.field.regex"),
    (step(DEBEZIUM + "outbox.EventRouter"), "route.topic.regex"),
])
def test_a_set_in_a_set_is_refused(one, key):
    for regex in ("[a-z&&[^b]]*", "[a[b]]"):
        found = run(None, {**one, key: regex})
        assert found["failed"] == "CONFIG"
        assert key in found["text"] and "in a set" in found["text"]


OUTBOX_ROW = {**row(
    id=s("string"), aggregatetype=s("string"), aggregateid=s("string"),
    type=s("string"), payload=opt(s("string")), shard=opt(s("int32")),
    at=logical("Timestamp", "int64")), "optional": True}
OUTBOX_ROW["fields"][-1]["name"] = "io.debezium.time.MicroTimestamp"
OUTBOX = {**row(before=OUTBOX_ROW, after=OUTBOX_ROW, op=s("string"),
                ts_ms=opt(s("int64"))), "name": "o.Envelope"}
EVENT = {"id": "e1", "aggregatetype": "Order", "aggregateid": "7",
         "type": "Made", "payload": "{\"n\":1}", "shard": 2,
         "at": 5000000}
ROUTE = step(DEBEZIUM + "outbox.EventRouter")


def outbox(op="c", **more):
    return envelope(OUTBOX, {"before": None, "after": {**EVENT, **more},
                             "op": op, "ts_ms": 1234})


def test_a_row_of_the_outbox_becomes_an_event():
    found = run(outbox(), ROUTE)
    assert found["topic"] == "outbox.event.Order"
    assert found["key"] == "7" and found["value"] == EVENT["payload"]
    assert found["headers"] == {"id": "e1"} and found["timestamp"] == 1234
    assert run(outbox("d"), ROUTE) is None
    assert run(outbox("u"), ROUTE) is None
    assert run(None, ROUTE) is None
    failed = run(outbox("u"), {**ROUTE, "table.op.invalid.behavior": "fatal"})
    assert failed["failed"] == "TRANSFORMATION"


def test_columns_of_the_outbox_are_placed():
    found = run(outbox(), {
        **ROUTE, "table.field.event.timestamp": "at",
        "table.fields.additional.placement":
        "type:header:eventType,type:envelope:kind,shard:partition",
        "route.topic.replacement": "events.${routedByValue}"})
    assert found["topic"] == "events.Order" and found["partition"] == 2
    assert found["value"] == {"payload": EVENT["payload"], "kind": "Made"}
    assert found["headers"] == {"id": "e1", "eventType": "Made"}
    assert found["timestamp"] == 5000
    absent = {"table.fields.additional.placement": "absent:header"}
    assert run(outbox(), {**ROUTE, **absent})["failed"] == "TRANSFORMATION"
    without = {"table.fields.additional.error.on.missing": "false"}
    assert run(outbox(), {**ROUTE, **absent, **without}) == run(
        outbox(), ROUTE)
    empty = run(outbox(payload=" "), {
        **ROUTE, "route.tombstone.on.empty.payload": "true"})
    assert empty["value"] is None
    wrong = run(outbox(), {**ROUTE, "table.fields.additional.placement": "x"})
    assert wrong["failed"] == "CONFIG"


@pytest.mark.parametrize("text,expanded", [
    ('{"a":' * 98 + '1' + '}' * 98, True),
    ('{"a":' * 99 + '1' + '}' * 99, False),
    ('{"a":' + '[' * 97 + '1' + ']' * 97 + '}', True),
    ('{"a":' + '[' * 98 + '1' + ']' * 98 + '}', False),
    ('{"a":' + '[' * 5000 + '1' + ']' * 5000 + '}', False),
    ('{"a":[[1],' + '[' * 900 + '1' + ']' * 900 + ']}', False),
    ('{"a":2147483648,"b":-9223372036854775808}', True),
    ('{"a":9223372036854775807}', True),
    ('{"a":9223372036854775808}', False),
    ('{"a":{"b":[-9223372036854775809]}}', False),
])
def test_a_payload_is_expanded_as_far_as_can_be(text, expanded):
    expand = {**ROUTE, "table.expand.json.payload": "true"}
    want = json.loads(text) if expanded else text
    assert run(outbox(payload=text), expand)["value"] == want
    assert run(outbox(payload=text), {
        **expand, "table.fields.additional.placement": "type:envelope"})[
            "value"] == {"payload": want, "type": "Made"}


def test_tables_of_shards_share_a_topic_and_their_keys_differ():
    one = step(DEBEZIUM + "ByLogicalTableRouter",
               topic_regex="(.*)t_shard(.*)", topic_replacement="$1all")
    key = envelope({**row(id=s("int32")), "name": "old.Key"}, {"id": 1})
    enveloped = {**ENVELOPED, **converter("key", JSON)}
    found = run(change("c", None, NEW), one, out=enveloped, key=key,
                topic="db.t_shard7")
    assert found["topic"] == "db.all"
    assert found["key"]["payload"] == {
        "id": 1, "__dbz__physicalTableIdentifier": "db.t_shard7"}
    assert found["key"]["schema"]["name"] == "db.all.Key"
    schema = found["value"]["schema"]
    assert schema["name"] == "db.all.Envelope"
    assert {f["name"] for f in schema["fields"] if f["field"] in (
        "before", "after")} == {"db.all.Value"}
    found = run(None, {**one, "key.field.name": "shard",
                       "key.field.regex": ".*_shard(.*)",
                       "key.field.replacement": "$1"},
                key=key, topic="db.t_shard7")
    assert found["key"] == {"id": 1, "shard": "7"}
    found = run(None, {**one, "key.enforce.uniqueness": "false"}, key=key,
                topic="db.t_shard7")
    assert found["key"] == {"id": 1} and found["topic"] == "db.all"
    assert run(None, one, key=key, topic="other")["topic"] == "other"


PAID = {"status": "paid", "total": 12.5, "lines": [{"sku": "a"}, {"sku": "b"}],
        "who": {"name": "Ann", "age": 30}, "gone": None}


@pytest.mark.parametrize("condition,holds", [
    ("$[?(@.status == 'paid')]", True),
    ("$[?(@.status != \"paid\")]", False),
    ("$[?(@.total > 12 && @.total <= 12.5)]", True),
    ("$[?(@.total < 12 || @.who.age >= 30)]", True),
    ("$[?(!(@.status == 'paid'))]", False),
    ("$[?(! !!!(@.status == 'paid'))]", True),
    ("$[?(@.total < 99999999999999999999 && @.total > -1e3)]", True),
    ("$.who[?(@.name == 'Ann')]", True),
    ("$.lines[?(@.sku == 'b')]", True),
    ("$.lines[?(@.sku == 'c')]", False),
    ("$.lines[*].sku", True),
    ("$.lines[1]", True), ("$.lines[-1]", True), ("$.lines[2]", False),
    ("$.lines[-2]", True), ("$.lines[-3]", False),
    ("$.lines[-9223372036854775808]", False), ("$.*", True),
    ("$['who']['name']", True),
    ("$[?(@.status in ['new', 'paid'])]", True),
    ("$[?(@.status nin ['new', 'paid'])]", False),
    ("$[?(@.who.name =~ /a.*/i)]", True),
    ("$[?(@.who.name =~ /a.*/)]", False),
    ("$[?(@.status == 'paid' && $.total == 12.5)]", True),
])
def test_a_condition_keeps_or_drops(condition, holds):
    schema = row(status=s("string"), total=s("double"), lines=s(
        "array", items=row(sku=s("string"))), who=row(
            name=s("string"), age=s("int32")), gone=opt(s("string")))
    for value in (envelope(None, PAID), envelope(schema, PAID)):
        for kind in ("include", "exclude"):
            found = run(value, step(
                CONFLUENT + "Filter$Value", filter_condition=condition,
                filter_type=kind))
            assert (found is not None) == (holds == (kind == "include"))
            assert found is None or "failed" not in found


def test_a_condition_on_what_is_missing_or_null():
    one = step(CONFLUENT + "Filter$Value", filter_type="include",
               filter_condition="$[?(@.gone == 'x')]")
    for value in (PAID, {}):
        value = envelope(None, value)
        assert run(value, one)["failed"] == "TRANSFORMATION"
        kept = run(value, {**one, "missing.or.null.behavior": "include"})
        assert kept == run(value)
        assert run(value, {**one,
                           "missing.or.null.behavior": "exclude"}) is None


@pytest.mark.parametrize("condition", [
    "$[?(@.a =~ /[a-z&&[^b]]/)]", "", "status", "$[?(@.a == inf)]",
    "$[?(@.a == 0x10)]", "$[?(@.a == nan)]", "$[?(@.a == -)]",
    "$[?(" + "@.a && " * 1500 + "@.a)]", "$[?(@.a ==)]", "$[?(@.a == 'x]",
    "$.a]", "$[?(@.a =~ /(/)]",
    "$[?(1)]", "$..a", "$.a[0:2]", "$.a[0,1]",
    "$['a','b']", "$.a.length()", "$[?(@.a size 2)]",
    "$[?(@.a empty true)]", "$[?(@.a == 1]", "(" * 100,
    "$[?(" + "!" * 9999])
def test_a_wrong_condition_is_refused(condition):
    found = run(b"1", step(CONFLUENT + "Filter$Value",
                           filter_condition=condition, filter_type="include"))
    assert found["failed"] == "CONFIG"
    assert "filter.condition" in found["text"]


def test_tombstones_are_handled():
    one = step(CONFLUENT + "TombstoneHandler")
    assert run(None, one) is None
    assert run(None, {**one, "behavior": "ignore"}) is None
    assert run(None, {**one, "behavior": "fail"})["failed"] == \
        "TRANSFORMATION"
    assert run(envelope(None, 1), one)["value"] == 1
    assert run(None, {**one, "behavior": "x"})["failed"] == "CONFIG"


def test_a_time_in_the_message_routes():
    one = step(CONFLUENT + "MessageTimestampRouter",
               topic_format="foo-${topic}-${timestamp}",
               message_timestamp_format="yyyy-MM-dd",
               topic_timestamp_format="yyyy.MM.dd",
               message_timestamp_keys="timestamp,time,a.ts")
    for value in ({"time": "2019-08-06"}, {"a": {"ts": "2019-08-06"}},
                  {"timestamp": None, "time": "2019-08-06"}):
        found = run(envelope(None, value), one, topic="bar")
        assert found["topic"] == "foo-bar-2019.08.06"
    assert run(envelope(None, {"x": 1}), one)["failed"] == "TRANSFORMATION"
    assert run(envelope(None, {"time": "x"}), one)["failed"] == \
        "TRANSFORMATION"


DEEP = {"a": {"b": {"n": "5", "secret": "s"}, "x.y": 1}, "n": "6"}
DEEP_SCHEMA = row(a=row(b=opt(row(n=s("string"), secret=s("string"))),
                        **{"x.y": s("int32")}), n=s("string"))
V2 = {"field.syntax.version": "V2"}


@pytest.mark.parametrize("schema", [None, DEEP_SCHEMA])
@pytest.mark.parametrize("one,wanted", [
    (step(APACHE + "Cast$Value", spec="a.b.n:int32,n:int64"),
     {"a": {"b": {"n": 5, "secret": "s"}, "x.y": 1}, "n": 6}),
    (step(APACHE + "Cast$Value", spec="a.`x.y`:string"),
     {"a": {"b": {"n": "5", "secret": "s"}, "x.y": "1"}, "n": "6"}),
    (step(APACHE + "MaskField$Value", fields="a.b.secret",
          replacement="***"),
     {"a": {"b": {"n": "5", "secret": "***"}, "x.y": 1}, "n": "6"}),
    (step(APACHE + "ExtractField$Value", field="a.b.secret"), "s"),
    (step(APACHE + "TimestampConverter$Value", field="a.b.n", format="d",
          **{"target_type": "unix"}),
     {"a": {"b": {"n": 345600000, "secret": "s"}, "x.y": 1}, "n": "6"}),
])
def test_fields_are_named_by_paths(schema, one, wanted):
    value = envelope(schema, DEEP)
    found = run(value, {**one, **V2})
    assert found.get("value") == wanted, found


@pytest.mark.parametrize("schema", [None, DEEP_SCHEMA])
def test_nested_fields_become_keys_and_headers(schema):
    found = run(envelope(schema, DEEP), {**step(
        APACHE + "ValueToKey", fields="a.b.n,n"), **V2})
    assert found.get("failed") or found["key"] == {"n": "6"}
    found = run(envelope(schema, DEEP), {**step(
        APACHE + "ValueToKey", fields="a.b.secret,n"), **V2})
    assert found["key"] == {"secret": "s", "n": "6"}
    found = run(envelope(schema, DEEP), {**step(
        APACHE + "HeaderFrom$Value", fields="a.b.secret", headers="h",
        operation="copy"), **V2})
    assert found["headers"] == {"h": "s"} and found["value"] == DEEP
    if schema is not None:
        gone = run(envelope(schema, {**DEEP, "a": {"b": None, "x.y": 1}}), {
            **step(APACHE + "Cast$Value", spec="a.b.n:int32"), **V2})
        assert gone["value"]["a"]["b"] is None


def nested(name, value=DEEP, schema=None, **keys):
    return run(envelope(schema, value), {**step(APACHE + name, **keys), **V2})


@pytest.mark.parametrize("schema", [None, DEEP_SCHEMA])
@pytest.mark.parametrize("keys,wanted", [
    (dict(exclude="a.b.secret"), {"a": {"b": {"n": "5"}, "x.y": 1}, "n": "6"}),
    (dict(exclude="a.`x.y`,n"), {"a": {"b": {"n": "5", "secret": "s"}}}),
    (dict(include="a.b.n"), {"a": {"b": {"n": "5"}}}),
    # what is included as a whole stays whole
    (dict(include="a.b,a.b.n,n"),
     {"a": {"b": {"n": "5", "secret": "s"}}, "n": "6"}),
    (dict(include="a", exclude="a.b.secret"),
     {"a": {"b": {"n": "5"}, "x.y": 1}}),
    # a field without fields has none that were asked for
    (dict(include="n.x,a.b.n"), {"a": {"b": {"n": "5"}}}),
    (dict(exclude="a.absent,absent.n"), DEEP),
    (dict(renames="a.b.n:`m.n`,n:k"),
     {"a": {"b": {"m.n": "5", "secret": "s"}, "x.y": 1}, "k": "6"}),
    # paths name what was there before anything got another name
    (dict(exclude="a.b.secret", renames="a:z,a.b:y"),
     {"z": {"y": {"n": "5"}, "x.y": 1}, "n": "6"}),
])
def test_nested_fields_are_replaced(schema, keys, wanted):
    found = nested("ReplaceField$Value", schema=schema, **keys)
    assert found.get("value") == wanted, found


def test_a_dot_is_a_letter_unless_paths_are_asked_for():
    for keys in (dict(exclude="a.b"), dict(renames="a.b:c")):
        found = run(envelope(None, DEEP),
                    step(APACHE + "ReplaceField$Value", **keys))
        assert found["value"] == DEEP
    found = run(envelope(None, {"a.b": 1, "a": {"b": 2}}),
                step(APACHE + "ReplaceField$Value", exclude="a.b"))
    assert found["value"] == {"a": {"b": 2}}
    found = run(envelope(None, DEEP), step(
        APACHE + "InsertField$Value", topic_field="a.t"), topic="here")
    assert found["value"] == {**DEEP, "a.t": "here"}
    found = run(envelope(None, {"a.b": 1, "c": 2}), step(
        APACHE + "HeaderFrom$Value", fields="a.b", headers="h",
        operation="move"))
    assert found["value"] == {"c": 2} and found["headers"] == {"h": "1"}


NONE_THERE = {"a": {"b": None, "x.y": 1}, "n": "6"}


def test_fields_in_an_optional_struct_that_is_null_stay_null():
    for name, keys in (("ReplaceField$Value", dict(exclude="a.b.secret")),
                       ("InsertField$Value", dict(topic_field="a.b.t")),
                       ("InsertField$Value", dict(topic_field="a.b.t!"))):
        for schema in (None, DEEP_SCHEMA):
            found = nested(name, NONE_THERE, schema, **keys)
            assert found.get("value") == NONE_THERE, (name, found)


def test_a_field_keeps_its_parent_when_it_is_renamed():
    found = nested("ReplaceField$Value", renames="a.b.n:a.n")
    assert found["failed"] == "CONFIG" and "is a path" in found["text"], found


@pytest.mark.parametrize("schema", [None, DEEP_SCHEMA])
def test_fields_are_inserted_below(schema):
    found = nested("InsertField$Value", schema=schema, topic_field="a.b.t",
                   static_field="a.b.`s.t`!", static_value="x",
                   partition_field="p?")
    value = found["value"]
    assert value.pop("p", 0) is not None
    assert value == {"a": {"b": {**DEEP["a"]["b"], "t": "orders", "s.t": "x"},
                           "x.y": 1}, "n": "6"}
    # a field of a text
    found = nested("InsertField$Value", schema=schema, topic_field="n.t")
    assert found["failed"] == "TRANSFORMATION"


def test_what_is_inserted_needs_a_place():
    found = nested("InsertField$Value", schema=DEEP_SCHEMA,
                   topic_field="a.absent.t")
    assert found["failed"] == "TRANSFORMATION"
    found = nested("InsertField$Value", topic_field="a.absent.t")
    assert found["value"] == DEEP
    found = nested("InsertField$Value", schema=DEEP_SCHEMA,
                   topic_field="a.b.n")
    assert found["failed"] == "TRANSFORMATION"


@pytest.mark.parametrize("schema", [None, DEEP_SCHEMA])
def test_nested_fields_move_to_headers(schema):
    found = nested("HeaderFrom$Value", schema=schema, operation="move",
                   fields="a.b.secret,n", headers="h,i")
    assert found["headers"] == {"h": "s", "i": "6"}
    assert found["value"] == {"a": {"b": {"n": "5"}, "x.y": 1}}


@pytest.mark.parametrize("schema", [None, DEEP_SCHEMA])
def test_a_nested_field_is_hoisted_where_it_is(schema):
    found = nested("HoistField$Value", schema=schema, field="in",
                   hoisted="a.b")
    assert found["value"] == {
        "a": {"b": {"in": {"n": "5", "secret": "s"}}, "x.y": 1}, "n": "6"}
    found = nested("HoistField$Value", NONE_THERE, schema, field="in",
                   hoisted="a.b")
    assert found["value"]["a"]["b"] == {"in": None}
    found = nested("HoistField$Value", schema=schema, field="in",
                   hoisted="absent")
    if schema is None:
        assert found["value"] == DEEP
    else:
        assert found["failed"] == "TRANSFORMATION"
