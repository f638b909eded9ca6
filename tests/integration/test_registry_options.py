"""What each option of the converters with a registry does, seen at a real
registry and by Python's own client."""

import json
import struct

import pytest
from confluent_kafka.schema_registry.avro import AvroDeserializer

from support.transcode import Refused, Transcoder
from test_registry_avro import (context, envelope, field, read_with_python,
                                record, write_with_python)

CLASSES = {"avro": "AvroConverter", "schema": "JsonSchemaConverter",
           "proto": "ProtobufConverter"}


@pytest.fixture
def make(registry):
    """make(kind, **config): a Transcoder with json, which leaves nulls and
    defaults as they are, and the kind's converter"""
    with Transcoder() as t:
        def make(kind, **config):
            t.converter("json", "json", "JsonConverter", schemas_enable="true",
                        replace_null_with_default="false")
            refused = t.converter(kind, "registry", CLASSES[kind],
                                  schema_registry_url=registry.url, **config)
            assert refused is None, refused
            return t
        yield make


def read(t, kind, topic, raw):
    back = t.one(kind, "json", topic, raw)
    assert isinstance(back, bytes), back
    return json.loads(back)


def payload(t, kind, topic, raw):
    return read(t, kind, topic, raw)["payload"]


# What is written with the latest version

def latest(t):
    return {"avro": json.dumps({
        "type": "record", "name": "Row", "fields": [
            {"name": "id", "type": "long"}]}),
        "schema": json.dumps({
            "type": "object", "title": "Row", "properties": {
                "id": {"type": "integer"}}, "required": ["id"],
            "additionalProperties": False}),
        "proto": 'syntax = "proto3"; message Row { int64 id = 1; }'}[t]


KINDS = {"avro": "AVRO", "schema": "JSON", "proto": "PROTOBUF"}
WIDER = record("Row", field("id", "int64"), field("more", "string"))


@pytest.mark.parametrize("kind", CLASSES)
def test_latest_compatibility_strict(make, registry, unique, kind):
    """false: what the latest schema has no place for is left out"""
    topic = unique("strict")
    number = registry.register(topic + "-value", latest(kind), KINDS[kind])
    row = envelope(WIDER, {"id": 7, "more": "x"})
    use = {"auto_register_schemas": "false", "use_latest_version": "true"}
    refused = make(kind, **use).one("json", kind, topic, row)
    assert isinstance(refused, Refused) and refused.code == "DATA"
    assert "more" in refused.text
    t = make(kind, **use, latest_compatibility_strict="false")
    raw = t.one("json", kind, topic, row)
    assert isinstance(raw, bytes), raw
    assert struct.unpack(">bI", raw[:5]) == (0, number)
    if kind == "schema":  # JSON has no writer's schema: all of it is there
        assert json.loads(raw[5:]) == {"id": 7, "more": "x"}
    assert payload(t, kind, topic, raw) == {"id": 7}
    assert registry.versions(topic + "-value") == [1]


def test_what_a_latest_json_schema_requires_is_written(make, registry, unique):
    topic = unique("required")
    inner = {"type": "object", "properties": {"x": {"type": "integer"}}}
    registry.register(topic + "-value", json.dumps({
        "type": "object", "title": "Row", "properties": {
            "id": {"type": "integer"}, "in": {"oneOf": [
                {"type": "null"}, {**inner, "required": ["x"]}]}}}), "JSON")
    t = make("schema", auto_register_schemas="false",
             use_latest_version="true")
    for name, accepted in ("x", True), ("y", False):
        got = t.one("json", "schema", topic, envelope(
            record("Row", field("id", "int64"), field("in", "struct", fields=[
                field(name, "int64")])), {"id": 7, "in": {name: 1}}))
        assert isinstance(got, bytes) == accepted, got
    assert "field in: the registered schema requires x" in got.text


@pytest.mark.parametrize("kind", CLASSES)
def test_use_latest_version_registers_nothing(make, registry, unique, kind):
    """With auto.register.schemas, which goes first as in Confluent's, the
    schema is registered."""
    topic = unique("latest")
    number = registry.register(topic + "-value", latest(kind), KINDS[kind])
    registry.compatibility(topic + "-value", "NONE")
    row = envelope(record("Row", field("id", "int32")), {"id": 7})
    t = make(kind, auto_register_schemas="false", use_latest_version="true")
    raw = t.one("json", kind, topic, row)
    assert struct.unpack(">bI", raw[:5]) == (0, number)
    t = make(kind, use_latest_version="true")
    raw = t.one("json", kind, topic, row)
    assert struct.unpack(">bI", raw[:5])[1] != number
    assert registry.versions(topic + "-value") == [1, 2]


def test_use_latest_version_sees_no_subject(make, unique):
    t = make("avro", auto_register_schemas="false", use_latest_version="true")
    refused = t.one("json", "avro", unique("none"), envelope(
        WIDER, {"id": 7, "more": "x"}))
    assert refused.code == "DATA" and "404" in refused.text


@pytest.mark.parametrize("kind", ["avro", "schema"])
def test_normalize_schemas(make, registry, unique, kind):
    """The registry finds the schema that says the same in other words."""
    topic = unique("normal")
    written = make(kind).one("json", kind, topic, envelope(
        WIDER, {"id": 7, "more": "x"}))
    text = json.loads(registry.latest(topic + "-value")["schema"])
    other = json.dumps(dict(reversed(text.items())), indent=2)
    again = unique("normal")
    registry.call("POST", f"/subjects/{again}-value/versions?normalize=true", {
        "schema": other, "schemaType": KINDS[kind]})
    row = envelope(WIDER, {"id": 7, "more": "x"})
    t = make(kind, auto_register_schemas="false", normalize_schemas="true")
    raw = t.one("json", kind, again, row)
    assert isinstance(raw, bytes), raw
    number = registry.latest(again + "-value")["id"]
    assert struct.unpack(">bI", raw[:5]) == (0, number)
    assert raw[5:] == written[5:] and raw[:5] != written[:5]
    assert registry.versions(again + "-value") == [1]


# Nulls and defaults

@pytest.mark.parametrize("kind", ["avro", "schema"])
@pytest.mark.parametrize("ignore,want", [("false", "d"), ("true", None)])
def test_ignore_default_for_nullables(make, registry, unique, kind, ignore,
                                      want):
    topic = unique("nullable")
    t = make(kind, ignore_default_for_nullables=ignore)
    raw = t.one("json", kind, topic, envelope(record(
        "Row", field("a", "string", True, default="d"),
        field("b", "string", True)), {"a": None, "b": None}))
    assert isinstance(raw, bytes), raw
    if kind == "avro":
        assert read_with_python(registry, topic, raw) == {
            "a": want, "b": None}
    else:
        assert json.loads(raw[5:]) == {"a": want, "b": None}
    assert payload(t, kind, topic, raw) == {"a": want, "b": None}


# Maps

def test_allow_optional_map_keys(make, registry, unique):
    schema = record("Row", field(
        "m", "map", keys={"type": "string", "optional": True},
        values={"type": "int32", "optional": False}))
    row = envelope(schema, {"m": {"a": 1, "b": 2}})
    topic = unique("pairs")
    t = make("avro")
    raw = t.one("json", "avro", topic, row)
    assert read_with_python(registry, topic, raw) == {"m": [
        {"key": "a", "value": 1}, {"key": "b", "value": 2}]}
    topic = unique("map")
    t = make("avro", allow_optional_map_keys="true")
    raw = t.one("json", "avro", topic, row)
    assert read_with_python(registry, topic, raw) == {"m": {"a": 1, "b": 2}}


# Unions and enums of all formats

def test_generalized_sum_types_in_avro(make, registry, unique):
    topic = unique("sum")
    schema = {"type": "record", "name": "Row", "fields": [
        {"name": "u", "type": ["int", "string"]},
        {"name": "e", "type": {"type": "enum", "name": "Kind",
                               "symbols": ["A", "B"]}}]}
    raw = write_with_python(registry, topic, schema, {"u": "x", "e": "B"})
    t = make("avro", generalized_sum_type_support="true")
    back = json.loads(t.one("avro", "json", topic, raw))
    assert back["payload"] == {"u": {
        "connect_union_field_0": None, "connect_union_field_1": "x"},
        "e": "B"}
    union, enum = back["schema"]["fields"]
    assert union["name"] == "connect_union_0"
    assert union["parameters"] == {
        "org.apache.kafka.connect.data.Union": "connect_union_0"}
    assert {k: v for k, v in enum["parameters"].items()
            if k.startswith("org.apache")} == {
        "org.apache.kafka.connect.data.Enum": "Kind",
        "org.apache.kafka.connect.data.Enum.A": "0",
        "org.apache.kafka.connect.data.Enum.B": "1"}
    other = unique("sum")
    again = t.one("json", "avro", other, json.dumps(back).encode())
    assert isinstance(again, bytes), again
    assert again[5:] == raw[5:]
    assert AvroDeserializer(registry.client())(again, context(other)) == {
        "u": "x", "e": "B"}


def test_generalized_sum_types_in_json_schema(make, registry, unique):
    topic = unique("sum")
    number = registry.register(topic + "-value", json.dumps({
        "type": "object", "title": "Row", "properties": {
            "u": {"oneOf": [{"type": "integer"}, {"type": "string"}]},
            "e": {"enum": ["A", "B"]}}}), "JSON")
    raw = struct.pack(">bI", 0, number) + b'{"u": "x", "e": "B"}'
    t = make("schema", generalized_sum_type_support="true")
    back = json.loads(t.one("schema", "json", topic, raw))
    assert back["payload"] == {"u": {
        "connect_union_field_0": None, "connect_union_field_1": "x"},
        "e": "B"}
    union = [f for f in back["schema"]["fields"] if f["field"] == "u"][0]
    assert union["name"].startswith("connect_union_")
    assert "org.apache.kafka.connect.data.Union" in union["parameters"]


# Protobuf's own

PICK = """syntax = "proto3"; message Row {
  enum Kind { A = 0; B = 1; }
  Kind kind = 1;
  oneof pick { int32 number = 2; string text = 3; } }"""
PICKED = b"\x00\x08\x01\x1a\x01x"


@pytest.mark.parametrize("config,want", [
    ({}, {"kind": "B", "pick_0": {"number": None, "text": "x"}}),
    ({"int_for_enums": "true"},
     {"kind": 1, "pick_0": {"number": None, "text": "x"}}),
    ({"generate_index_for_unions": "false"},
     {"kind": "B", "pick": {"number": None, "text": "x"}}),
    ({"flatten_unions": "true"},
     {"kind": "B", "number": None, "text": "x"}),
])
def test_what_protobuf_is_read_as(make, registry, unique, config, want):
    topic = unique("pick")
    number = registry.register(topic + "-value", PICK, "PROTOBUF")
    t = make("proto", **config)
    back = json.loads(t.one("proto", "json", topic,
                            struct.pack(">bI", 0, number) + PICKED))
    assert back["payload"] == want


def test_scrub_invalid_names_in_protobuf(make, registry, unique):
    row = envelope(record(
        "org.acme-corp.invalid record-name", field("invalid field-name",
                                                   "string"),
        field("9", "struct", name="in-ner", fields=[field("a.b", "int32")]),
        field("aé", "int32")),
        {"invalid field-name": "foo", "9": {"a.b": 7}, "aé": 1})
    topic = unique("scrub")
    refused = make("proto").one("json", "proto", topic, row)
    assert "scrub.invalid.names" in refused.text
    t = make("proto", scrub_invalid_names="true")
    raw = t.one("json", "proto", topic, row)
    assert payload(t, "proto", topic, raw) == {
        "invalid_field_name": "foo", "x9": {"a_b": 7}, "a_C3_A9": 1}
    text = registry.latest(topic + "-value")["schema"]
    for words in ("package org.acme_corp;", "message invalid_record_name {",
                  "string invalid_field_name = 1"):
        assert words in text


def test_wrapper_for_raw_primitives(make, registry, unique):
    topic = unique("raw")
    schema, value = {"type": "int32", "optional": False}, 7
    t = make("proto")
    raw = t.one("json", "proto", topic, envelope(schema, value))
    assert payload(t, "proto", topic, raw) == 7
    t = make("proto", wrapper_for_raw_primitives="false")
    assert payload(t, "proto", topic, raw) == {"value": 7}


# Schemas without an end

@pytest.mark.parametrize("kind,text,value", [
    ("avro", json.dumps({"type": "record", "name": "Node", "fields": [
        {"name": "next", "type": ["null", "Node"]}]}), b"\x00"),
    ("schema", json.dumps({"type": "object", "title": "Node", "properties": {
        "next": {"$ref": "#"}}}), b"{}"),
    ("proto", 'syntax = "proto3"; message Node { Node next = 1; }', b"\x00"),
])
def test_a_schema_that_contains_itself_says_so(
        make, registry, unique, kind, text, value):
    topic = unique("cycle")
    number = registry.register(topic + "-value", text, KINDS[kind])
    refused = make(kind).one(kind, "json", topic,
                             struct.pack(">bI", 0, number) + value)
    assert isinstance(refused, Refused) and refused.code == "DATA"
    assert "contains itself" in refused.text, refused
