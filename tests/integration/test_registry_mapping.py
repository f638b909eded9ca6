"""Corners of how schemas are mapped, and options that no other file sets: at a
real registry, with Python's own client where it has a say."""

import decimal
import json
import struct

import pytest
from confluent_kafka.schema_registry.avro import AvroDeserializer
from support.env import HOST
from support.registry import ScriptedRegistry
from support.transcode import Refused, Transcoder
from test_registry_avro import (CONNECT, context, envelope, field,
                                read_with_python, record, write_with_python)
from test_registry_options import (CLASSES, KINDS, PICK, PICKED, WIDER,
                                   latest, make, payload, read)

assert make  # a fixture
STRATEGY = "io.confluent.kafka.serializers.subject."
OWN = "io.confluent.connect.avro."


def field_of(back, name):
    return [f for f in back["schema"]["fields"] if f["field"] == name][0]


def framed(registry, subject, text, kind="AVRO", references=(), body=b""):
    number = registry.register(subject, text if isinstance(
        text, str) else json.dumps(text), kind, references)
    return struct.pack(">bI", 0, number) + body


# Avro

def test_a_map_with_a_name_is_a_record_of_that_name(make, registry, unique):
    topic = unique("named")
    schema = record("lab.Row", field(
        "prices", "map", name="lab.Prices",
        keys={"type": "int32", "optional": False},
        values={"type": "string", "optional": False}))
    t = make("avro")
    raw = t.one("json", "avro", topic, envelope(schema, {
        "prices": [[1, "one"], [2, "two"]]}))
    text = json.loads(registry.latest(topic + "-value")["schema"])
    array = text["fields"][0]["type"]
    assert array["items"]["name"] == "Prices"
    assert array["items"]["connect.internal.type"] == "MapEntry"
    assert read_with_python(registry, topic, raw) == {"prices": [
        {"key": 1, "value": "one"}, {"key": 2, "value": "two"}]}
    back = read(t, "avro", topic, raw)
    assert back["payload"] == {"prices": [[1, "one"], [2, "two"]]}
    assert field_of(back, "prices")["name"] == "lab.Prices"


@pytest.mark.parametrize("scale,precision,text", [
    ("-2", None, "DA=="),  # 1200, whose unscaled value is 12
    ("5", "2", "DA==")])  # more digits behind the point than there are
def test_a_decimal_that_avro_has_no_name_for_goes_both_ways(
        make, registry, unique, scale, precision, text):
    topic = unique("decimal")
    parameters = {"scale": scale}
    if precision:
        parameters["connect.decimal.precision"] = precision
    t = make("avro")
    raw = t.one("json", "avro", topic, envelope(record("lab.Row", field(
        "d", "bytes", name=CONNECT + "Decimal", version=1,
        parameters=parameters)), {"d": text}))
    kept = json.loads(registry.latest(topic + "-value")["schema"])
    prop = kept["fields"][0]["type"]
    assert (prop["scale"], prop["precision"]) == (
        int(scale), int(precision or 64))
    assert raw[5:] == b"\x02\x0c"
    back = read(t, "avro", topic, raw)
    assert back["payload"] == {"d": text}
    assert field_of(back, "d")["parameters"] == parameters


def test_a_fixed_that_is_a_decimal(make, registry, unique):
    topic = unique("fixed")
    raw = write_with_python(registry, topic, {
        "type": "record", "name": "Row", "namespace": "lab", "fields": [
            {"name": "m", "type": {
                "type": "fixed", "name": "Money", "size": 4,
                "logicalType": "decimal", "precision": 9, "scale": 2}}]},
        {"m": decimal.Decimal("-12.34")})
    t = make("avro")
    back = read(t, "avro", topic, raw)
    of = field_of(back, "m")
    assert of["name"] == CONNECT + "Decimal"
    assert of["parameters"] == {"scale": "2", "connect.fixed.size": "4",
                                "connect.decimal.precision": "9"}
    other = unique("fixed")
    again = t.one("json", "avro", other, json.dumps(back).encode())
    assert isinstance(again, bytes), again
    assert again[5:] == raw[5:]
    assert AvroDeserializer(registry.client())(again, context(other)) == {
        "m": decimal.Decimal("-12.34")}


def test_null_alone_is_no_schema(make, registry, unique):
    topic = unique("null")
    refused = make("avro").one("avro", "json", topic, framed(
        registry, topic + "-value", '"null"'))
    assert isinstance(refused, Refused) and refused.code == "DATA"
    assert "Standalone null schemas are not supported" in refused.text


DOCUMENTED = {
    "type": "record", "name": "Row", "doc": "of rows", "connect.version": 7,
    "fields": [
        {"name": "id", "type": "int", "doc": "of ids"},
        {"name": "at", "type": {"type": "long",
                                "logicalType": "local-timestamp-millis"},
         "default": 5}]}


def test_documentation_is_kept_as_parameters(make, registry, unique):
    """And the schema's own version goes before the subject's; a time that
    Connect does not know stays a number."""
    topic = unique("doc")
    raw = write_with_python(registry, topic, DOCUMENTED, {"id": 1, "at": 2})
    back = read(make("avro"), "avro", topic, raw)
    assert back["payload"] == {"id": 1, "at": 2}
    assert back["schema"]["version"] == 7
    assert back["schema"]["parameters"] == {
        OWN + "record.doc": "of rows", OWN + "field.doc.id": "of ids"}
    at = field_of(back, "at")
    assert at["type"] == "int64" and "name" not in at
    assert at["parameters"] == {OWN + "field.default": "true"}
    back = read(make("avro", discard_type_doc_default="true"), "avro", topic,
                raw)
    assert OWN not in json.dumps(back)
    assert field_of(back, "id")["doc"] == "of ids"
    assert field_of(back, "at")["default"] == 5


@pytest.mark.parametrize("kind,text,body", [
    ("avro", {"type": "record", "name": "Row", "fields": [
        {"name": "u", "type": ["int"]}]}, b"\x00\x0a"),
    ("schema", {"type": "object", "title": "Row", "properties": {
        "u": {"oneOf": [{"type": "integer"}]}}}, b'{"u": 5}')])
def test_flatten_singleton_unions(make, registry, unique, kind, text, body):
    topic = unique("single")
    raw = framed(registry, topic + "-value", text, KINDS[kind], (), body)
    assert payload(make(kind), kind, topic, raw) == {"u": 5}
    back = read(make(kind, flatten_singleton_unions="false"), kind, topic, raw)
    assert list(back["payload"]["u"].values()) == [5]
    assert field_of(back, "u")["type"] == "struct"


# Protobuf

@pytest.mark.parametrize("enhanced,names", [
    ("false", ("Row", "Kind", "pick")),
    ("true", ("lab.Row", "lab.Row.Kind", "lab.Row.pick"))])
def test_enhanced_protobuf_schema_support(make, registry, unique, enhanced,
                                          names):
    topic = unique("package")
    raw = framed(registry, topic + "-value", PICK.replace(
        "message", "package lab; message", 1), "PROTOBUF", (), PICKED)
    back = read(make("proto", enhanced_protobuf_schema_support=enhanced),
                "proto", topic, raw)
    kind, pick = field_of(back, "kind"), field_of(back, "pick_0")
    assert (back["schema"]["name"], kind["name"],
            pick["name"].split("Union.")[1]) == names


# Schemas of other subjects

def test_a_json_schema_refers_to_another_subject(make, registry, unique):
    topic, name = unique("refs"), unique("point") + ".json"
    registry.register(name, json.dumps({
        "type": "object", "title": "Point", "properties": {
            "x": {"type": "integer"}}}), "JSON")
    raw = framed(registry, topic + "-value", {
        "type": "object", "title": "Line", "properties": {
            "from": {"$ref": name}}}, "JSON", [
                {"name": name, "subject": name, "version": 1}],
        b'{"from": {"x": 7}}')
    back = read(make("schema"), "schema", topic, raw)
    assert back["payload"] == {"from": {"x": 7}}
    assert field_of(back, "from")["name"] == "Point"


def test_a_protobuf_file_imports_another_subject(make, registry, unique):
    """also through one that it imports itself"""
    topic, name = unique("refs"), unique("point") + ".proto"
    units = unique("unit") + ".proto"
    registry.register(units, 'syntax = "proto3"; package lab; '
                      'enum Unit { CM = 0; INCH = 1; }', "PROTOBUF")
    registry.register(name, f'syntax = "proto3"; package lab; import "{units}"'
                      "; message Point { int32 x = 1; Unit unit = 2; }",
                      "PROTOBUF", [{"name": units, "subject": units,
                                    "version": 1}])
    raw = framed(registry, topic + "-value", 'syntax = "proto3"; '
                 f'package lab; import "{name}"; '
                 'message Line { lab.Point from = 1; }', "PROTOBUF", [
                     {"name": name, "subject": name, "version": 1}],
                 b"\x00\x0a\x04\x08\x07\x10\x01")
    assert payload(make("proto"), "proto", topic, raw) == {
        "from": {"x": 7, "unit": "INCH"}}


# Subjects and ids

@pytest.mark.parametrize("kind", CLASSES)
def test_id_compatibility_strict(make, registry, unique, kind):
    """false: what the schema of use.schema.id has no place for is left out"""
    topic = unique("strict")
    number = registry.register(topic + "-value", latest(kind), KINDS[kind])
    row = envelope(WIDER, {"id": 7, "more": "x"})
    use = {"auto_register_schemas": "false", "use_schema_id": str(number)}
    refused = make(kind, **use).one("json", kind, topic, row)
    assert isinstance(refused, Refused) and refused.code == "DATA"
    assert "more" in refused.text
    t = make(kind, **use, id_compatibility_strict="false")
    raw = t.one("json", kind, topic, row)
    assert isinstance(raw, bytes), raw
    assert struct.unpack(">bI", raw[:5]) == (0, number)
    assert payload(t, kind, topic, raw) == {"id": 7}


def test_a_keys_subject_is_named_by_the_keys_strategy(make, registry, unique):
    topic = unique("k").replace("-", "_")
    t = make("avro", converter_type="key",
             key_subject_name_strategy=STRATEGY + "TopicRecordNameStrategy",
             value_subject_name_strategy=STRATEGY + "RecordNameStrategy")
    raw = t.one("json", "avro", topic, envelope(
        record("lab.Key", field("id", "int32")), {"id": 1}))
    assert isinstance(raw, bytes), raw
    assert registry.versions(f"{topic}-lab.Key") == [1]


def test_without_an_association_the_topic_names_the_subject(
        make, registry, unique):
    """Confluent's newest default; this registry has no associations"""
    topic = unique("associated")
    t = make("avro", value_subject_name_strategy=STRATEGY +
             "AssociatedNameStrategy")
    raw = t.one("json", "avro", topic, envelope(
        record("lab.Row", field("id", "int32")), {"id": 1}))
    assert isinstance(raw, bytes), raw
    assert registry.versions(topic + "-value") == [1]


def test_auto_register_false_needs_the_schema(make, registry, unique):
    topic = unique("unknown")
    registry.register(topic + "-value", '"long"')
    refused = make("avro", auto_register_schemas="false").one(
        "json", "avro", topic, envelope(WIDER, {"id": 7, "more": "x"}))
    assert refused.code == "DATA"
    assert f"subject {topic}-value has no such schema and " \
        "auto.register.schemas is false" in refused.text
    assert registry.versions(topic + "-value") == [1]


# What a scripted one counts

@pytest.fixture
def scripted():
    r = ScriptedRegistry().start()
    yield r
    r.close()


@pytest.mark.parametrize("size,asked", [("1", 6), ("1000", 2)])
def test_schemas_cache_config(scripted, size, asked):
    scripted.schemas = ['"int"', '"long"']
    raws = [struct.pack(">bI", 0, n) + b"\x02" for n in (1, 2)] * 3
    with Transcoder() as t:
        t.converter("plain", "json", "JsonConverter", schemas_enable="false")
        t.converter("avro", "registry", "AvroConverter",
                    schema_registry_url=scripted.url,
                    schemas_cache_config=size)
        assert [t.one("avro", "plain", "t", raw) for raw in raws] == [b"1"] * 6
    paths = [q.path for q in scripted.requests]
    assert len([p for p in paths if "/schemas/ids/" in p]) == asked, paths


def test_a_proxy_is_asked_for_the_registrys_address(scripted):
    scripted.schemas = ['"int"']
    away = "http://registry.invalid:8081"
    scripted.faults = lambda _, request: setattr(
        request, "path", request.path.removeprefix(away))
    with Transcoder() as t:
        t.converter("plain", "json", "JsonConverter", schemas_enable="false")
        t.converter("avro", "registry", "AvroConverter",
                    schema_registry_url=away, proxy_host=HOST,
                    proxy_port=scripted.url.rsplit(":", 1)[1])
        raw = struct.pack(">bI", 0, 1) + b"\x02"
        assert t.one("avro", "plain", "t", raw) == b"1"
    assert {q.headers.get("host", q.headers.get("Host"))
            for q in scripted.requests} == {"registry.invalid:8081"}
