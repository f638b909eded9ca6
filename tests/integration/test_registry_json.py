"""JsonSchemaConverter against a real schema registry and Python's own client:
what one writes the other reads and validates."""

import json

import pytest
from confluent_kafka.schema_registry.json_schema import (JSONDeserializer,
                                                         JSONSerializer)
from confluent_kafka.serialization import MessageField, SerializationContext

from support.transcode import Transcoder
from test_registry_avro import (PAYLOAD, ROW, envelope, field, record)


@pytest.fixture
def converters(registry):
    """converters(**config): a Transcoder with json, schema and plain"""
    with Transcoder() as t:
        def make(**config):
            t.converter("json", "json", "JsonConverter", schemas_enable="true")
            t.converter("plain", "json", "JsonConverter",
                        schemas_enable="false")
            refused = t.converter("schema", "registry", "JsonSchemaConverter",
                                  schema_registry_url=registry.url, **config)
            assert refused is None, refused
            return t
        yield make


def context(topic):
    return SerializationContext(topic, MessageField.VALUE)


def read_with_python(registry, topic, raw):
    """validated by the registered schema"""
    text = registry.latest(topic + "-value")["schema"]
    return JSONDeserializer(text, schema_registry_client=registry.client())(
        raw, context(topic))


def write_with_python(registry, topic, schema, value):
    write = JSONSerializer(json.dumps(schema), registry.client())
    return write(value, context(topic))


def test_python_reads_every_type(converters, registry, unique):
    topic = unique("types")
    raw = converters().one("json", "schema", topic, envelope(ROW, PAYLOAD))
    assert read_with_python(registry, topic, raw) == {
        **PAYLOAD, "pairs": [{"key": 1, "value": "one"},
                             {"key": 2, "value": "two"}]}


def test_what_was_written_is_read_back(converters, unique):
    t, topic = converters(), unique("round")
    raw = t.one("json", "schema", topic, envelope(ROW, PAYLOAD))
    back = json.loads(t.one("schema", "json", topic, raw))
    assert back["payload"] == PAYLOAD
    schema = back["schema"]
    assert schema.pop("version") == 1  # of the subject
    assert schema == json.loads(t.one(
        "json", "json", topic, envelope(ROW, PAYLOAD)))["schema"]


def test_the_text_of_a_schema(converters, registry, unique):
    topic = unique("text")
    converters(object_additional_properties="false").one(
        "json", "schema", topic, envelope(record(
            "lab.Row", field("id", "int64"),
            field("name", "string", True, default="x", doc="about"),
            field("at", "int64", True, version=1, name="lab.Time",
                  parameters={"a": "b"})), {
                      "id": 1, "name": None, "at": None}))
    assert json.loads(registry.latest(topic + "-value")["schema"]) == {
        "type": "object", "title": "lab.Row", "additionalProperties": False,
        "properties": {
            "id": {"type": "integer", "connect.type": "int64",
                   "connect.index": 0},
            "name": {"oneOf": [{"type": "null"}, {
                "type": "string", "default": "x", "description": "about"}],
                "connect.index": 1},
            "at": {"oneOf": [{"type": "null"}, {
                "type": "integer", "connect.type": "int64",
                "title": "lab.Time", "connect.version": 1,
                "connect.parameters": {"a": "b"}}], "connect.index": 2}}}


def test_what_python_writes_is_read(converters, registry, unique):
    """references, enums, several types, what is not required"""
    topic = unique("python")
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Event", "type": "object",
        "definitions": {"point": {
            "type": "object", "title": "Point", "properties": {
                "x": {"type": "number"}, "y": {"type": "number"}}}},
        "properties": {
            "id": {"type": "integer"},
            "kind": {"enum": ["A", "B"]},
            "at": {"$ref": "#/definitions/point"},
            "note": {"type": ["null", "string"]},
            "any": {"oneOf": [{"type": "integer"}, {"type": "string"},
                              {"$ref": "#/definitions/point"}]},
            "list": {"type": "array", "items": {"type": "boolean"}},
            "n": {"type": "integer", "default": 5}},
        "required": ["id"]}
    raws = [write_with_python(registry, topic, schema, {
        "id": 7, "kind": "B", "at": {"x": 1.5, "y": -1}, "note": note,
        "any": any_, "list": [True], "n": 6, "more": 1})
        for note, any_ in (("x", 3), (None, "s"), (None, {"x": 1, "y": 2}))]
    t = converters(use_optional_for_nonrequired="true")
    rows = [json.loads(v) for v in t.all("schema", "json", topic, raws)]
    one = "io.confluent.connect.json.OneOf"
    assert [r["payload"]["any"] for r in rows] == [
        {f"{one}.field.0": 3, f"{one}.field.1": None, f"{one}.field.2": None},
        {f"{one}.field.0": None, f"{one}.field.1": "s",
         f"{one}.field.2": None},
        {f"{one}.field.0": None, f"{one}.field.1": None,
         f"{one}.field.2": {"x": 1.0, "y": 2.0}}]
    assert rows[0]["payload"]["note"] == "x"
    assert rows[0]["payload"]["at"] == {"x": 1.5, "y": -1.0}
    schema = rows[0]["schema"]
    fields = {f["field"]: f for f in schema["fields"]}
    assert schema["name"] == "Event" and schema["version"] == 1
    assert not fields["id"]["optional"] and fields["kind"]["optional"]
    assert fields["kind"]["parameters"] == {
        "io.confluent.connect.json.Enum": "",
        "io.confluent.connect.json.Enum.A": "A",
        "io.confluent.connect.json.Enum.B": "B"}
    assert fields["n"]["default"] == 5
    assert fields["any"]["name"] == one
    # and written again it is the same JSON
    t.converter("out", "registry", "JsonSchemaConverter",
                schema_registry_url=registry.url)
    again = t.all("schema", "out", unique("copy"), raws)
    assert [json.loads(a[5:])["any"] for a in again] == [
        3, "s", {"x": 1.0, "y": 2.0}]


def test_numbers_keep_their_digits(converters, registry, unique):
    topic = unique("digits")
    row = record("lab.Money", field(
        "amount", "bytes", version=1,
        name="org.apache.kafka.connect.data.Decimal",
        parameters={"scale": "20"}), field("big", "int64"))
    amount = "DuVTYpJSZIY="
    t = converters(decimal_format="NUMERIC")
    raw = t.one("json", "schema", topic, envelope(
        row, {"amount": amount, "big": 2 ** 63 - 1}))
    assert b'"big":9223372036854775807' in raw
    back = json.loads(t.one("schema", "json", topic, raw))
    assert back["payload"] == {"amount": amount, "big": 2 ** 63 - 1}
    properties = json.loads(
        registry.latest(topic + "-value")["schema"])["properties"]
    assert properties["amount"]["type"] == "number"


def test_values_without_a_schema(converters, unique):
    t, topic = converters(), unique("any")
    values = [b'{"a":[1,2.5,"x",null,true]}', b"7", b'"text"', b"[]"]
    raws = t.all("plain", "schema", topic, values)
    assert [r[5:] for r in raws] == values
    assert t.all("schema", "plain", topic, raws) == values
    assert t.one("plain", "schema", topic, None) is None


def test_what_does_not_fit_is_refused(converters, registry, unique):
    topic = unique("bad")
    t = converters()
    raw = t.one("json", "schema", topic, envelope(
        record("lab.Row", field("id", "int32")), {"id": 1}))
    for bad, words in ((raw[:5], ""), (raw[:-1], ""),
                       (raw[:5] + b"{}", "field"), (b"{}", "magic"),
                       (raw[:5] + b"[1]", "Structs")):
        refused = t.one("schema", "json", topic, bad)
        assert refused.code == "DATA", bad
        assert words in refused.text and topic in refused.text
    node = registry.register(unique("cycle"), json.dumps({
        "type": "object", "properties": {"next": {"$ref": "#"}}}), "JSON")
    refused = t.one("schema", "json", topic,
                    b"\0" + node.to_bytes(4, "big") + b"{}")
    assert "contains itself" in refused.text


def test_schemas_evolve(converters, registry, unique):
    t, topic = converters(), unique("evolve")
    registry.compatibility(topic + "-value", "BACKWARD")
    one = record("lab.Row", field("id", "int32"))
    bad = record("lab.Row", field("id", "string"))
    assert isinstance(t.one("json", "schema", topic, envelope(
        one, {"id": 1})), bytes)
    refused = t.one("json", "schema", topic, envelope(bad, {"id": "x"}))
    assert refused.code == "DATA"
    assert f"version 1 of subject {topic}-value" in refused.text
