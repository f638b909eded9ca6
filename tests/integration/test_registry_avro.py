"""AvroConverter against a real schema registry and Python's own client: what
one writes the other reads, with every type and as schemas change."""

import datetime
import decimal
import json
import struct

import pytest
from confluent_kafka.schema_registry.avro import (AvroDeserializer,
                                                  AvroSerializer)
from confluent_kafka.serialization import MessageField, SerializationContext

from support.transcode import Refused, Transcoder


@pytest.fixture
def converters(registry):
    """converters(**config): a Transcoder with json, avro and plain"""
    with Transcoder() as t:
        def make(**config):
            t.converter("json", "json", "JsonConverter", schemas_enable="true")
            t.converter("plain", "json", "JsonConverter",
                        schemas_enable="false")
            refused = t.converter("avro", "registry", "AvroConverter",
                                  schema_registry_url=registry.url, **config)
            assert refused is None, refused
            return t
        yield make


def field(field_name, kind, optional=False, /, **more):
    return {"field": field_name, "type": kind, "optional": optional, **more}


def record(full_name, *fields, **more):
    return {"type": "struct", "name": full_name, "fields": list(fields),
            "optional": False, **more}


def envelope(schema, payload):
    return json.dumps({"schema": schema, "payload": payload}).encode()


def context(topic):
    return SerializationContext(topic, MessageField.VALUE)


def read_with_python(registry, topic, raw):
    return AvroDeserializer(registry.client())(raw, context(topic))


def write_with_python(registry, topic, schema, value):
    write = AvroSerializer(registry.client(), json.dumps(schema))
    return write(value, context(topic))


CONNECT = "org.apache.kafka.connect.data."
ROW = record(
    "shop.orders.Value",
    field("i8", "int8"), field("i16", "int16"), field("i32", "int32"),
    field("i64", "int64"), field("f32", "float"), field("f64", "double"),
    field("flag", "boolean"), field("text", "string"),
    field("raw", "bytes"), field("maybe", "string", True),
    field("none", "int32", True),
    field("amount", "bytes", name=CONNECT + "Decimal", version=1,
          parameters={"scale": "2"}),
    field("day", "int32", name=CONNECT + "Date", version=1),
    field("clock", "int32", name=CONNECT + "Time", version=1),
    field("at", "int64", True, name=CONNECT + "Timestamp", version=1),
    field("list", "array", items={"type": "int64", "optional": False}),
    field("tags", "map", keys={"type": "string", "optional": False},
          values={"type": "string", "optional": True}),
    field("pairs", "map", keys={"type": "int32", "optional": False},
          values={"type": "string", "optional": False}),
    field("inner", "struct", True, name="shop.orders.Inner", fields=[
        field("x", "int32", False), field("y", "string", True)]),
    field("status", "string", False, default="new"))
PAYLOAD = {
    "i8": -8, "i16": 1600, "i32": -2 ** 31, "i64": 2 ** 63 - 1, "f32": 1.5,
    "f64": -2.25, "flag": True, "text": "grün ☃", "raw": "AP8H",
    "maybe": "yes", "none": None, "amount": "AeJA", "day": 19000,
    "clock": 3600000, "at": 1700000000123, "list": [1, -1, 2 ** 40],
    "tags": {"a": "b", "c": None}, "pairs": [[1, "one"], [2, "two"]],
    "inner": {"x": 7, "y": None}, "status": "new"}


def test_python_reads_every_type(converters, registry, unique):
    topic = unique("types")
    raw = converters().one("json", "avro", topic, envelope(ROW, PAYLOAD))
    assert raw[0] == 0, raw
    value = read_with_python(registry, topic, raw)
    utc = datetime.timezone.utc
    assert value == {
        **PAYLOAD, "raw": b"\x00\xff\x07",
        "amount": decimal.Decimal("1234.56"),
        "day": datetime.date(2022, 1, 8), "clock": datetime.time(1),
        "at": datetime.datetime.fromtimestamp(1700000000.123, utc),
        "pairs": [{"key": 1, "value": "one"}, {"key": 2, "value": "two"}]}


def test_what_was_written_is_read_back(converters, unique):
    """schema and value, through the registry's own text of the schema"""
    t, topic = converters(), unique("round")
    raw = t.one("json", "avro", topic, envelope(ROW, PAYLOAD))
    back = json.loads(t.one("avro", "json", topic, raw))
    assert back["payload"] == PAYLOAD
    schema = back["schema"]
    assert schema.pop("version") == 1  # of the subject
    assert schema == json.loads(t.one(
        "json", "json", topic, envelope(ROW, PAYLOAD)))["schema"]


def test_the_text_is_what_confluents_converter_registers(
        converters, registry, unique):
    """member by member, so that both have one id"""
    topic = unique("text")
    converters().one("json", "avro", topic, envelope(record(
        "db.shop.orders.Value", field("id", "int64"),
        field("small", "int16", True),
        field("amount", "bytes", name=CONNECT + "Decimal", version=1,
              parameters={"scale": "2", "connect.decimal.precision": "12"}),
        field("at", "int64", True, name=CONNECT + "Timestamp", version=1,
              default=0),
        field("s", "string", default="x", doc="about"),
        field("a", "struct", True, name="db.shop.Point", fields=[
            field("x", "double")]),
        field("b", "struct", name="db.shop.Point", fields=[
            field("x", "double")])),
        {"id": 1, "small": None, "amount": "AQ==", "at": None, "s": "",
         "a": None, "b": {"x": 1.5}}))
    assert registry.latest(topic + "-value")["schema"] == (
        '{"type":"record","name":"Value","namespace":"db.shop.orders",'
        '"fields":[{"name":"id","type":"long"},'
        '{"name":"small","type":["null",{"type":"int",'
        '"connect.type":"int16"}],"default":null},'
        '{"name":"amount","type":{"type":"bytes","scale":2,"precision":12,'
        '"connect.version":1,"connect.parameters":{"scale":"2",'
        '"connect.decimal.precision":"12"},'
        f'"connect.name":"{CONNECT}Decimal","logicalType":"decimal"}}}},'
        '{"name":"at","type":[{"type":"long","connect.version":1,'
        f'"connect.default":0,"connect.name":"{CONNECT}Timestamp",'
        '"logicalType":"timestamp-millis"},"null"],"default":0},'
        '{"name":"s","type":{"type":"string","connect.doc":"about",'
        '"connect.default":"x"},"default":"x"},'
        '{"name":"a","type":["null",{"type":"record","name":"Point",'
        '"namespace":"db.shop","fields":[{"name":"x","type":"double"}],'
        '"connect.name":"db.shop.Point"}],"default":null},'
        '{"name":"b","type":"db.shop.Point"}],'
        '"connect.name":"db.shop.orders.Value"}')


def test_what_python_writes_is_read(converters, registry, unique):
    """named types, enums, fixed, unions of several types"""
    topic = unique("python")
    schema = {
        "type": "record", "name": "Event", "namespace": "lab", "fields": [
            {"name": "kind", "type": {"type": "enum", "name": "Kind",
                                      "symbols": ["A", "B"]}},
            {"name": "id", "type": {"type": "fixed", "name": "Id",
                                    "size": 4}},
            {"name": "any", "type": ["null", "long", "string", "Kind"]},
            {"name": "again", "type": ["null", "Kind"], "default": None},
            {"name": "micros", "type": {"type": "long",
                                        "logicalType": "timestamp-micros"}},
            {"name": "n", "type": "int", "default": 5},
            {"name": "many", "type": {"type": "array", "items": {
                "type": "map", "values": "double"}}}]}
    raws = [write_with_python(registry, topic, schema, {
        "kind": "B", "id": b"\1\2\3\4", "any": any_, "again": again,
        "micros": 77, "n": 6, "many": [{"x": 1.5}, {}]})
        for any_, again in ((7, "A"), ("text", None), (None, None))]
    t = converters()
    rows = [json.loads(v) for v in t.all("avro", "json", topic, raws)]
    assert [r["payload"]["any"] for r in rows] == [
        {"long": 7, "string": None, "Kind": None},
        {"long": None, "string": "text", "Kind": None}, None]
    assert rows[0]["payload"]["kind"] == "B"
    assert rows[0]["payload"]["id"] == "AQIDBA=="
    assert rows[0]["payload"]["many"] == [{"x": 1.5}, {}]
    assert [r["payload"]["again"] for r in rows] == ["A", None, None]
    fields = {f["field"]: f for f in rows[0]["schema"]["fields"]}
    assert rows[0]["schema"]["name"] == "lab.Event"
    assert fields["kind"]["name"] == "lab.Kind"
    assert fields["kind"]["parameters"] == {
        "io.confluent.connect.avro.Enum": "lab.Kind",
        "io.confluent.connect.avro.Enum.A": "A",
        "io.confluent.connect.avro.Enum.B": "B"}
    assert fields["id"]["parameters"]["connect.fixed.size"] == "4"
    assert fields["any"]["name"] == "io.confluent.connect.avro.Union"
    assert fields["n"]["default"] == 5
    assert fields["micros"]["type"] == "int64"


def test_unions_enums_and_fixed_go_both_ways(converters, registry, unique):
    """enhanced.avro.schema.support: what was read is written as it was"""
    topic, other = unique("sum"), unique("copy")
    schema = {"type": "record", "name": "Sum", "namespace": "lab", "fields": [
        {"name": "u", "type": ["null", "int", "string", {
            "type": "record", "name": "P", "fields": [
                {"name": "x", "type": "long"}]}]},
        {"name": "e", "type": {"type": "enum", "name": "E",
                               "symbols": ["ON", "OFF"]}},
        {"name": "f", "type": {"type": "fixed", "name": "F", "size": 2}}]}
    values = [{"u": u, "e": "OFF", "f": b"ab"} for u in
              (None, 5, "five", {"x": 5})]
    t = converters(enhanced_avro_schema_support="true")
    raws = [write_with_python(registry, topic, schema, v) for v in values]
    t.converter("out", "registry", "AvroConverter",
                schema_registry_url=registry.url,
                enhanced_avro_schema_support="true")
    copies = t.all("avro", "out", other, raws)
    assert [read_with_python(registry, other, c) for c in copies] == values


def test_schemas_evolve(converters, registry, unique):
    """Each record is read by the schema it was written with, whatever came
    after; a compatible change is registered, another is explained."""
    t, topic = converters(), unique("evolve")
    one = record("lab.Row", field("id", "int32"))
    two = record("lab.Row", field("id", "int32"),
                 field("note", "string", True))
    registry.compatibility(topic + "-value", "BACKWARD")
    raws = [t.one("json", "avro", topic, envelope(one, {"id": 1})),
            t.one("json", "avro", topic, envelope(
                two, {"id": 2, "note": "n"}))]
    assert registry.versions(topic + "-value") == [1, 2]
    rows = [json.loads(v) for v in t.all("avro", "json", topic, raws)]
    assert [r["payload"] for r in rows] == [{"id": 1}, {"id": 2, "note": "n"}]
    assert [r["schema"]["version"] for r in rows] == [1, 2]
    bad = record("lab.Row", field("id", "string"), field("must", "int32"))
    refused = t.one("json", "avro", topic, envelope(
        bad, {"id": "x", "must": 1}))
    assert refused.code == "DATA"
    for words in (f"version 2 of subject {topic}-value",
                  "field id was int and is string",
                  "field must was added without a default",
                  "field note is gone"):
        assert words in refused.text


def test_the_latest_schema_decides(converters, registry, unique):
    """use.latest.version: fields by name, defaults for what is missing"""
    topic = unique("latest")
    registry.register(topic + "-value", json.dumps({
        "type": "record", "name": "Row", "namespace": "lab", "fields": [
            {"name": "extra", "type": "string", "default": "none"},
            {"name": "note", "type": ["null", "string"], "default": None},
            {"name": "id", "type": "long"}]}))
    t = converters(auto_register_schemas="false", use_latest_version="true")
    row = record("lab.Row", field("id", "int32"), field("note", "string"))
    raw = t.one("json", "avro", topic, envelope(row, {"id": 7, "note": "n"}))
    assert read_with_python(registry, topic, raw) == {
        "extra": "none", "note": "n", "id": 7}
    more = record("lab.Row", field("id", "int32"), field("lost", "string"))
    refused = t.one("json", "avro", topic, envelope(
        more, {"id": 7, "lost": "n"}))
    assert refused.code == "DATA" and "a field lost" in refused.text
    less = record("lab.Row", field("note", "string"))
    refused = t.one("json", "avro", topic, envelope(less, {"note": "n"}))
    assert "no field id" in refused.text


def test_a_schema_by_its_id(converters, registry, unique):
    topic = unique("by-id")
    number = registry.register(topic + "-value", json.dumps("long"))
    t = converters(auto_register_schemas="false", use_schema_id=str(number))
    raw = t.one("json", "avro", topic, envelope(
        {"type": "int32", "optional": False}, 7))
    assert raw == struct.pack(">bI", 0, number) + b"\x0e"


@pytest.mark.parametrize("strategy,subject", [
    ("TopicNameStrategy", "{topic}-value"),
    ("RecordNameStrategy", "lab.{topic}"),
    ("TopicRecordNameStrategy", "{topic}-lab.{topic}"),
])
def test_subjects_are_named_by_strategy(converters, registry, unique,
                                        strategy, subject):
    topic = unique("s").replace("-", "_")
    t = converters(value_subject_name_strategy=(
        "io.confluent.kafka.serializers.subject." + strategy))
    raw = t.one("json", "avro", topic, envelope(
        record(f"lab.{topic}", field("id", "int32")), {"id": 1}))
    assert registry.versions(subject.format(topic=topic)) == [1]
    back = json.loads(t.one("avro", "json", topic, raw))
    assert back["schema"]["version"] == 1
    if strategy != "TopicNameStrategy":
        refused = t.one("json", "avro", topic, envelope(
            {"type": "int32", "optional": False}, 7))
        assert strategy in refused.text and refused.code == "DATA"


@pytest.mark.parametrize("schema,value,payload", [
    ({"type": "int32", "optional": False}, 300, b"\xd8\x04"),
    ({"type": "bytes", "optional": False}, "AP8H", b"\x00\xff\x07"),
    ({"type": "bytes", "optional": True}, "AP8H", b"\x02\x06\x00\xff\x07"),
    ({"type": "string", "optional": False}, "é", b"\x04\xc3\xa9"),
    ({"type": "array", "optional": False, "items": {
        "type": "boolean", "optional": False}}, [True, False],
     b"\x04\x01\x00\x00"),
    ({"type": "struct", "optional": False, "fields": []}, {}, b""),
])
def test_bytes_of_plain_values(converters, unique, schema, value, payload):
    """bytes at the top have no length, all else is Avro's binary form"""
    t, topic = converters(), unique("plain")
    raw = t.one("json", "avro", topic, envelope(schema, value))
    assert raw[5:] == payload
    assert json.loads(t.one("avro", "json", topic, raw))["payload"] == value


def test_values_without_a_schema(converters, registry, unique):
    t, topic = converters(), unique("any")
    values = [b'{"a":[1,2.5,"x",null,true],"b":{}}', b"7", b'"text"', b"[]"]
    raws = t.all("plain", "avro", topic, values)
    assert t.all("avro", "plain", topic, raws) == values
    first = read_with_python(registry, topic, raws[1])
    assert first["long"] == 7 and first["string"] is None


def test_null_is_null(converters, unique):
    t, topic = converters(), unique("null")
    assert t.one("json", "avro", topic, None) is None
    assert t.one("avro", "json", topic, None) is None
    assert t.one("json", "avro", topic, envelope(
        {"type": "int32", "optional": True}, None)) is None


@pytest.mark.parametrize("raw,words", [
    (b"", "Unknown magic byte"),
    (b'{"a":1}', "Unknown magic byte"),
    (b"\x00\x00", "too few"),
    (b"\x00\x7f\xff\xff\xff\x02", "404"),
])
def test_what_no_registry_knows_is_refused(converters, unique, raw, words):
    t, topic = converters(), unique("bad")
    refused = t.one("avro", "json", topic, raw)
    assert isinstance(refused, Refused) and refused.code == "DATA"
    assert words in refused.text and topic in refused.text


def test_payloads_that_do_not_fit_are_refused(converters, unique):
    t, topic = converters(), unique("short")
    raw = t.one("json", "avro", topic, envelope(ROW, PAYLOAD))
    for cut in range(5, len(raw)):
        refused = t.one("avro", "json", topic, raw[:cut])
        assert isinstance(refused, Refused), cut
        assert refused.code == "DATA"


def test_a_schema_that_contains_itself_is_refused(
        converters, registry, unique):
    topic = unique("cycle")
    raw = write_with_python(registry, topic, {
        "type": "record", "name": "Node", "fields": [
            {"name": "next", "type": ["null", "Node"]}]}, {"next": None})
    refused = converters().one("avro", "json", topic, raw)
    assert "Node contains itself" in refused.text


def test_references_are_followed(converters, registry, unique):
    topic, name = unique("refs"), unique("Point").replace("-", "_")
    registry.register(name, json.dumps({
        "type": "record", "name": name, "namespace": "lab", "fields": [
            {"name": "x", "type": "int"}]}))
    number = registry.register(topic + "-value", json.dumps({
        "type": "record", "name": "Line", "namespace": "lab", "fields": [
            {"name": "from", "type": f"lab.{name}"}]}), references=[
                {"name": f"lab.{name}", "subject": name, "version": 1}])
    raw = struct.pack(">bI", 0, number) + b"\x0e"
    row = json.loads(converters().one("avro", "json", topic, raw))
    assert row["payload"] == {"from": {"x": 7}}


def test_names_that_avro_does_not_allow(converters, unique):
    topic = unique("scrub")
    row = envelope(record("my-lab.Row", field("a b", "int32")), {"a b": 1})
    refused = converters().one("json", "avro", topic, row)
    assert "scrub.invalid.names" in refused.text
    t = converters(scrub_invalid_names="true")
    raw = t.one("json", "avro", topic, row)
    back = json.loads(t.one("avro", "json", topic, raw))
    assert back["payload"] == {"a_b": 1}
