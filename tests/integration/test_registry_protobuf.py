"""ProtobufConverter against a real schema registry and Python's own client:
what one writes the other reads."""

import json

import pytest
from confluent_kafka.schema_registry.protobuf import (ProtobufDeserializer,
                                                      ProtobufSerializer)
from confluent_kafka.serialization import MessageField, SerializationContext
from google.protobuf import (descriptor_pb2, descriptor_pool, json_format,
                             message_factory, timestamp_pb2)

from support.transcode import Transcoder
from test_registry_avro import PAYLOAD, ROW, envelope, field, record

FIELD = descriptor_pb2.FieldDescriptorProto
UNION = "io.confluent.connect.protobuf.Union."


@pytest.fixture
def converters(registry):
    """converters(**config): a Transcoder with json and proto"""
    with Transcoder() as t:
        def make(**config):
            t.converter("json", "json", "JsonConverter", schemas_enable="true")
            refused = t.converter("proto", "registry", "ProtobufConverter",
                                  schema_registry_url=registry.url, **config)
            assert refused is None, refused
            return t
        yield make


def context(topic):
    return SerializationContext(topic, MessageField.VALUE)


def add(message, number, name, kind, **more):
    message.field.add(name=name, number=number, type=kind, **{
        "label": FIELD.LABEL_OPTIONAL, **more})


def classes(file, *names):
    """Python's classes of a file's messages"""
    pool = descriptor_pool.DescriptorPool()
    stamp = descriptor_pb2.FileDescriptorProto()
    timestamp_pb2.DESCRIPTOR.CopyToProto(stamp)
    pool.Add(stamp)
    pool.Add(file)
    return [message_factory.GetMessageClass(pool.FindMessageTypeByName(n))
            for n in names]


def event_file(package):
    """one of each that Python writes"""
    f = descriptor_pb2.FileDescriptorProto(
        name=package + ".proto", package=package, syntax="proto3",
        dependency=["google/protobuf/timestamp.proto"])
    f.message_type.add(name="Other")
    m = f.message_type.add(name="Event")
    kind = m.enum_type.add(name="Kind")
    for number, name in enumerate(("A", "B")):
        kind.value.add(name=name, number=number)
    point = m.nested_type.add(name="Point")
    add(point, 1, "x", FIELD.TYPE_DOUBLE)
    entry = m.nested_type.add(name="TagsEntry")
    entry.options.map_entry = True
    add(entry, 1, "key", FIELD.TYPE_STRING)
    add(entry, 2, "value", FIELD.TYPE_INT32)
    name = f".{package}.Event."
    m.oneof_decl.add(name="pick")
    m.oneof_decl.add(name="_maybe")
    add(m, 1, "id", FIELD.TYPE_SINT64)
    add(m, 2, "kind", FIELD.TYPE_ENUM, type_name=name + "Kind")
    add(m, 3, "at", FIELD.TYPE_MESSAGE, type_name=name + "Point")
    add(m, 4, "list", FIELD.TYPE_INT32, label=FIELD.LABEL_REPEATED)
    add(m, 5, "tags", FIELD.TYPE_MESSAGE, type_name=name + "TagsEntry",
        label=FIELD.LABEL_REPEATED)
    add(m, 6, "number", FIELD.TYPE_INT32, oneof_index=0)
    add(m, 7, "text", FIELD.TYPE_STRING, oneof_index=0)
    add(m, 8, "maybe", FIELD.TYPE_BOOL, oneof_index=1, proto3_optional=True)
    add(m, 9, "when", FIELD.TYPE_MESSAGE,
        type_name=".google.protobuf.Timestamp")
    add(m, 10, "big", FIELD.TYPE_UINT32)
    add(m, 11, "points", FIELD.TYPE_MESSAGE, type_name=name + "Point",
        label=FIELD.LABEL_REPEATED)
    return f


def test_what_was_written_is_read_back(converters, unique):
    """every type that Protobuf has; a map without a name gets one"""
    t, topic = converters(), unique("round")
    raw = t.one("json", "proto", topic, envelope(ROW, PAYLOAD))
    assert isinstance(raw, bytes), raw
    assert raw[5] == 0  # the first message
    back = json.loads(t.one("proto", "json", topic, raw))
    assert back["payload"] == {
        **PAYLOAD, "maybe": "yes", "none": 0,
        "tags": {"a": "b", "c": ""}, "inner": {"x": 7, "y": ""}}
    assert back["schema"]["name"] == "Value"
    types = {f["field"]: (f["type"], f.get("name"))
             for f in back["schema"]["fields"]}
    assert types["i8"][0] == "int8" and types["i16"][0] == "int16"
    assert types["amount"][1].endswith("Decimal")
    assert types["at"][1].endswith("Timestamp")
    assert types["pairs"][0] == "map"


def test_python_reads_what_was_written(converters, unique):
    topic = unique("python")
    row = record("lab.Row", field("id", "int64"), field("name", "string"),
                 field("f", "double"), field("flag", "boolean"),
                 field("raw", "bytes"),
                 field("list", "array", items={
                     "type": "int32", "optional": False}),
                 field("p", "struct", True, name="lab.Point", fields=[
                     field("x", "int32")]))
    value = {"id": 7, "name": "x" * 300, "f": 1.5, "flag": True,
             "raw": "AP8H", "list": [1, -1, 300], "p": {"x": 5}}
    raw = converters().one("json", "proto", topic, envelope(row, value))
    f = descriptor_pb2.FileDescriptorProto(
        name=topic + ".proto", package="lab", syntax="proto3")
    m = f.message_type.add(name="Row")
    point = m.nested_type.add(name="Point")
    add(point, 1, "x", FIELD.TYPE_INT32)
    for number, (name, kind) in enumerate((
            ("id", FIELD.TYPE_INT64), ("name", FIELD.TYPE_STRING),
            ("f", FIELD.TYPE_DOUBLE), ("flag", FIELD.TYPE_BOOL),
            ("raw", FIELD.TYPE_BYTES)), 1):
        add(m, number, name, kind)
    add(m, 6, "list", FIELD.TYPE_INT32, label=FIELD.LABEL_REPEATED)
    add(m, 7, "p", FIELD.TYPE_MESSAGE, type_name=".lab.Row.Point")
    [cls] = classes(f, "lab.Row")
    # without the registry: it would ask for what only Confluent's answers
    read = ProtobufDeserializer(cls, {"use.deprecated.format": False})
    got = json_format.MessageToDict(read(raw, context(topic)))
    assert got == {**value, "id": "7"}


def test_what_python_writes_is_read(converters, registry, unique):
    topic = unique("event")
    package = unique("lab").replace("-", "_")
    [event] = classes(event_file(package), package + ".Event")
    write = ProtobufSerializer(
        event, registry.client(),
        {"use.deprecated.format": False, "skip.known.types": True})
    raws = []
    for pick in ({"number": 0}, {"text": "t"}, {}):
        m = event(id=-7, kind=1, list=[1, -1], tags={"a": 1}, big=2 ** 32 - 1,
                  **pick)
        m.at.x = 1.5
        m.when.FromMilliseconds(1700000000123)
        m.points.add(x=2)
        raws.append(write(m, context(topic)))
    raws.append(write(event(maybe=False), context(topic)))
    t = converters()
    rows = [json.loads(v) for v in t.all("proto", "json", topic, raws)]
    first = rows[0]["payload"]
    assert first == {
        "pick_0": {"number": 0, "text": None}, "id": -7, "kind": "B",
        "at": {"x": 1.5}, "list": [1, -1], "tags": {"a": 1}, "maybe": None,
        "when": 1700000000123, "big": 2 ** 32 - 1, "points": [{"x": 2.0}]}
    assert rows[1]["payload"]["pick_0"] == {"number": None, "text": "t"}
    assert rows[2]["payload"]["pick_0"] is None
    assert rows[3]["payload"] == {
        "pick_0": None, "id": 0, "kind": "A", "at": None, "list": [],
        "tags": {}, "maybe": False, "when": None, "big": 0, "points": []}
    schema = rows[0]["schema"]
    fields = {f["field"]: f for f in schema["fields"]}
    assert schema["name"] == "Event"
    assert fields["pick_0"]["name"] == UNION + "pick"
    assert fields["kind"]["parameters"]["io.confluent.connect.protobuf"
                                        ".Enum.B"] == "1"
    assert fields["id"]["parameters"][
        "io.confluent.connect.protobuf.Tag"] == "1"
    # and written again it is the same message
    t.converter("out", "registry", "ProtobufConverter",
                schema_registry_url=registry.url)
    copies = t.all("proto", "out", unique("copy"), raws[:2])
    for copy, raw in zip(copies, raws):
        assert isinstance(copy, bytes), copy
        mine, theirs = event(), event()
        mine.ParseFromString(copy[6:])
        theirs.ParseFromString(raw[raw.index(b"\x08"):])
        assert mine == theirs


NUMBERS = {"float": -1.5, "double": 2.25, "fixed32": 2 ** 31, "fixed64": 7,
           "sfixed32": -3, "sfixed64": -2 ** 40, "sint32": -4, "uint64": 9}


def test_numbers_of_every_width_go_both_ways(converters, registry, unique):
    """Alone and packed; what Python wrote, and what it reads of ours."""
    package = unique("wide").replace("-", "_")
    f = descriptor_pb2.FileDescriptorProto(
        name=package + ".proto", package=package, syntax="proto3")
    m = f.message_type.add(name="Wide")
    for n, name in enumerate(NUMBERS):
        kind = getattr(FIELD, "TYPE_" + name.upper())
        add(m, 1 + n, name, kind)
        add(m, 101 + n, name + "s", kind, label=FIELD.LABEL_REPEATED)
    [wide] = classes(f, package + ".Wide")
    sent = {**NUMBERS, **{k + "s": [v, 0, v] for k, v in NUMBERS.items()}}
    write = ProtobufSerializer(wide, registry.client(),
                               {"use.deprecated.format": False})
    topic = unique("wide")
    raw = write(wide(**sent), context(topic))
    t = converters()
    read = json.loads(t.one("proto", "json", topic, raw))["payload"]
    assert read == sent
    t.converter("out", "registry", "ProtobufConverter",
                schema_registry_url=registry.url)
    back = wide()
    back.ParseFromString(t.one("proto", "out", unique("copy"), raw)[6:])
    assert {k: getattr(back, k) for k in NUMBERS} == NUMBERS
    assert back == wide(**sent)


@pytest.mark.parametrize("schema,value", [
    ({"type": "int32", "optional": False}, 300),
    ({"type": "string", "optional": False}, "é"),
    ({"type": "bytes", "optional": False}, "AP8H"),
    ({"type": "boolean", "optional": False}, True),
    ({"type": "double", "optional": False}, -2.5),
    ({"type": "int64", "optional": False}, 0),
])
def test_plain_values_are_wrapped(converters, unique, schema, value):
    t, topic = converters(), unique("plain")
    raw = t.one("json", "proto", topic, envelope(schema, value))
    assert isinstance(raw, bytes), raw
    back = json.loads(t.one("proto", "json", topic, raw))
    assert back["payload"] == value
    assert back["schema"]["type"] == schema["type"]


def test_null_may_be_kept(converters, unique):
    """by the keyword optional, or by wrappers"""
    row = record("lab.Row", field("a", "int32", True),
                 field("b", "string", True))
    for option in ("optional_for_nullables", "wrapper_for_nullables"):
        topic = unique("null")
        t = converters(**{option: "true"})
        values = [{"a": None, "b": ""}, {"a": 0, "b": None}]
        raws = [t.one("json", "proto", topic, envelope(row, v))
                for v in values]
        assert all(isinstance(r, bytes) for r in raws), raws
        assert [json.loads(v)["payload"] for v in t.all(
            "proto", "json", topic, raws)] == values
    assert t.one("proto", "json", topic, None) is None


def test_schemas_evolve(converters, registry, unique):
    """fields that the reader's schema has not are passed over"""
    t, topic = converters(), unique("evolve")
    one = record("lab.Row", field("id", "int32"))
    two = record("lab.Row", field("id", "int32"), field("note", "string"))
    raws = [t.one("json", "proto", topic, envelope(one, {"id": 1})),
            t.one("json", "proto", topic, envelope(
                two, {"id": 2, "note": "n"}))]
    assert registry.versions(topic + "-value") == [1, 2]
    rows = [json.loads(v) for v in t.all("proto", "json", topic, raws)]
    assert [r["payload"] for r in rows] == [{"id": 1}, {"id": 2, "note": "n"}]
    mixed = raws[0][:5] + raws[1][5:]
    assert json.loads(t.one("proto", "json", topic, mixed))["payload"] == {
        "id": 2}


def test_what_does_not_fit_is_refused(converters, registry, unique):
    t, topic = converters(), unique("bad")
    raw = t.one("json", "proto", topic, envelope(record(
        "lab.Row", field("s", "string")), {"s": "text"}))
    for bad in (raw[:5], raw[:5] + b"\x02\x08", raw[:-1],
                raw[:6] + b"\x08\x01", raw[:6] + b"\xff", b"\x07"):
        refused = t.one("proto", "json", topic, bad)
        assert refused.code == "DATA", bad
        assert topic in refused.text
    refused = t.one("json", "proto", topic, envelope(
        {"type": "array", "optional": False, "items": {
            "type": "int32", "optional": False}}, [1]))
    assert "Unsupported root" in refused.text
    node = registry.register(
        unique("cycle"), 'syntax = "proto3"; message Node { Node next = 1; }',
        "PROTOBUF")
    refused = t.one("proto", "json", topic,
                    b"\0" + node.to_bytes(4, "big") + b"\0")
    assert "Node contains itself" in refused.text
