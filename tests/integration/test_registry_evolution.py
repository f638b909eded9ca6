"""Schemas that change, between penstock and Python's own client: both versions
by one are read by the other, and what does not go together is explained."""

import json

import pytest
from confluent_kafka.schema_registry.avro import (AvroDeserializer,
                                                  AvroSerializer)
from confluent_kafka.schema_registry.json_schema import (JSONDeserializer,
                                                         JSONSerializer)
from confluent_kafka.schema_registry.protobuf import (ProtobufDeserializer,
                                                      ProtobufSerializer)
from confluent_kafka.serialization import MessageField, SerializationContext
from google.protobuf import descriptor_pb2, json_format

from support.transcode import Transcoder
from test_registry_avro import envelope, field, record
from test_registry_protobuf import FIELD, add, classes

CLASSES = {"avro": "AvroConverter", "schema": "JsonSchemaConverter",
           "proto": "ProtobufConverter"}
# A closed model: what is added to an open one breaks who wrote it before.
CONFIGS = {"schema": {"object_additional_properties": "false"}}
VALUES = [{"id": 1}, {"id": 2, "note": "n"}]
# What penstock writes: version one and two.
ROWS = [record("lab.Row", field("id", "int32")),
        record("lab.Row", field("id", "int32"), field("note", "string", True))]


@pytest.fixture
def make(registry):
    """make(kind): a Transcoder with json and the kind's converter"""
    with Transcoder() as t:
        def make(kind):
            t.converter("json", "json", "JsonConverter", schemas_enable="true")
            refused = t.converter(kind, "registry", CLASSES[kind],
                                  schema_registry_url=registry.url,
                                  **CONFIGS.get(kind, {}))
            assert refused is None, refused
            return t
        yield make


def context(topic):
    return SerializationContext(topic, MessageField.VALUE)


class Avro:
    def __init__(self, registry, topic):
        self.client, self.topic = registry.client(), topic
        fields = [{"name": "id", "type": "int"},
                  {"name": "note", "type": ["null", "string"],
                   "default": None}]
        self.texts = [json.dumps({
            "type": "record", "name": "Row", "namespace": "lab",
            "fields": fields[:n]}) for n in (1, 2)]

    def write(self, version):
        return AvroSerializer(self.client, self.texts[version])(
            VALUES[version], context(self.topic))

    def read(self, raw):
        """with version two as the reader's schema"""
        return AvroDeserializer(self.client, self.texts[1])(
            raw, context(self.topic))


class Schema:
    def __init__(self, registry, topic):
        self.client, self.topic = registry.client(), topic
        properties = {"id": {"type": "integer"},
                      "note": {"oneOf": [{"type": "null"},
                                         {"type": "string"}]}}
        self.texts = [json.dumps({
            "type": "object", "title": "lab.Row",
            "additionalProperties": False,
            "properties": dict(list(properties.items())[:n])})
            for n in (1, 2)]

    def write(self, version):
        return JSONSerializer(self.texts[version], self.client)(
            VALUES[version], context(self.topic))

    def read(self, raw):
        """validated by version two"""
        return JSONDeserializer(
            self.texts[1], schema_registry_client=self.client)(
                raw, context(self.topic))


class Proto:
    def __init__(self, registry, topic):
        self.client, self.topic = registry.client(), topic
        self.classes = []
        for n in (1, 2):
            f = descriptor_pb2.FileDescriptorProto(
                name=topic + ".proto", package="lab", syntax="proto3")
            m = f.message_type.add(name="Row")
            add(m, 1, "id", FIELD.TYPE_INT32)
            if n == 2:
                add(m, 2, "note", FIELD.TYPE_STRING)
            self.classes += classes(f, "lab.Row")

    def write(self, version):
        cls = self.classes[version]
        return ProtobufSerializer(
            cls, self.client, {"use.deprecated.format": False})(
                cls(**VALUES[version]), context(self.topic))

    def read(self, raw):
        """with version two, and without the registry: it would ask for what
        only Confluent's answers"""
        read = ProtobufDeserializer(
            self.classes[1], {"use.deprecated.format": False})
        return json_format.MessageToDict(read(raw, context(self.topic)))


PYTHON = {"avro": Avro, "schema": Schema, "proto": Proto}
# What is read where the writer did not know the field.
UNKNOWN = {"avro": {"id": 1, "note": None}, "schema": {"id": 1},
           "proto": {"id": 1}}


@pytest.mark.parametrize("kind", CLASSES)
def test_both_versions_of_pythons_are_read(make, registry, unique, kind):
    topic = unique("evolve")
    registry.compatibility(topic + "-value", "BACKWARD")
    python = PYTHON[kind](registry, topic)
    raws = [python.write(0), python.write(1)]
    assert registry.versions(topic + "-value") == [1, 2]
    # the newer first: the order of what is met does not matter
    rows = [json.loads(v) for v in make(kind).all(
        kind, "json", topic, raws[::-1])][::-1]
    assert [r["payload"] for r in rows] == VALUES
    assert [r["schema"]["version"] for r in rows] == [1, 2]
    assert [len(r["schema"]["fields"]) for r in rows] == [1, 2]


@pytest.mark.parametrize("kind", CLASSES)
def test_python_reads_both_versions_with_the_newer(make, registry, unique,
                                                   kind):
    t, topic = make(kind), unique("evolve")
    registry.compatibility(topic + "-value", "BACKWARD")
    raws = [t.one("json", kind, topic, envelope(row, value))
            for row, value in zip(ROWS, VALUES)]
    assert all(isinstance(raw, bytes) for raw in raws), raws
    assert registry.versions(topic + "-value") == [1, 2]
    python = PYTHON[kind](registry, topic)
    assert [python.read(raw) for raw in raws] == [UNKNOWN[kind], VALUES[1]]


@pytest.mark.parametrize("kind,difference", [
    ("avro", ["field id was int and is string"]),
    ("schema", ["the registry says", "type changed at /properties/id"]),
    ("proto", ["the registry says", "before: int32", "after string"])])
def test_what_does_not_go_together_is_said(make, registry, unique, kind,
                                           difference):
    t, topic = make(kind), unique("evolve")
    registry.compatibility(topic + "-value", "BACKWARD")
    assert isinstance(t.one("json", kind, topic, envelope(
        ROWS[0], VALUES[0])), bytes)
    refused = t.one("json", kind, topic, envelope(
        record("lab.Row", field("id", "string")), {"id": "x"}))
    assert refused.code == "DATA"
    for words in (f"version 1 of subject {topic}-value: ", *difference):
        assert words in refused.text
