"""Converters with a schema registry in a real worker: records that Python's
own client wrote and reads, bad ones, an outage, and wrong settings."""

import json
import struct
import uuid

import pytest
from confluent_kafka.schema_registry.avro import (AvroDeserializer,
                                                  AvroSerializer)
from confluent_kafka.serialization import MessageField, SerializationContext

from support import configs, env
from support.env import HOST, free_port, wait_for
from support.files import lines_of
from support.receiver import Reply
from support.registry import ScriptedRegistry
from test_poison import tolerant

AVRO = "io.confluent.connect.avro.AvroConverter"
ROW = json.dumps({"type": "record", "name": "Row", "fields": [
    {"name": "id", "type": "int"}, {"name": "name", "type": "string"}]})


@pytest.fixture(scope="module")
def observing(kafka, shared_worker):
    return shared_worker(
        kafka.bootstrap,
        plugin_path=f"{env.BUILD}/plugins,{env.BUILD}/fixtures")


def value_converter(url, **more):
    return {"value.converter": AVRO,
            "value.converter.schema.registry.url": url,
            "value.converter.max.retries": "0", **more}


def written(registry, topic, ids):
    write = AvroSerializer(registry.client(), ROW)
    at = SerializationContext(topic, MessageField.VALUE)
    return [write({"id": i, "name": f"n{i}"}, at) for i in ids]


def test_a_source_writes_what_python_reads(
        observing, kafka, registry, topic, folder, unique):
    t, name = topic("t"), unique("source")
    with open(folder + "/in", "w", encoding="utf-8") as f:
        f.write("one\nzwei ☃\n")
    observing.rest.create(name, configs.file_source(
        folder + "/in", t, **value_converter(registry.url)))
    records = kafka.wait_records(t, 2)
    read = AvroDeserializer(registry.client())
    at = SerializationContext(t, MessageField.VALUE)
    assert [read(r.value, at) for r in records] == ["one", "zwei ☃"]
    observing.rest.delete(name)


def test_a_sink_reads_what_python_wrote(
        observing, kafka, registry, topic, folder, unique):
    """Bad records go to the dead letters with stage and class, good ones to
    the sink."""
    t, dead, name = topic("t"), topic("dead"), unique("sink")
    good = written(registry, t, range(20))
    bad = [b"no magic", b"\x00\x7f\x00\x00\x00\x02", good[0][:6], b""]
    kafka.produce(t, [{"value": v} for v in good[:10] + bad + good[10:]])
    observing.rest.create(name, {
        "connector.class": "ObserverSink", "file": folder + "/seen",
        "topics": t, "key.converter": configs.STRING,
        "errors.tolerance": "all",
        "errors.deadletterqueue.topic.name": dead,
        "errors.deadletterqueue.topic.replication.factor": "1",
        "errors.deadletterqueue.context.headers.enable": "true",
        **value_converter(registry.url)})
    letters = kafka.wait_records(dead, len(bad))
    assert [r.value for r in letters] == bad
    for letter in letters:
        headers = dict(letter.headers)
        assert headers["__connect.errors.stage"] == b"VALUE_CONVERTER"
        assert headers["__connect.errors.class.name"] == AVRO.encode()
    wait_for("the good ones", lambda: len(lines_of(folder + "/seen")) == 20)
    assert "struct:2" in lines_of(folder + "/seen")[0]
    observing.rest.delete(name)


def test_an_outage_is_waited_for_and_loses_nothing(
        observing, kafka, topic, folder, unique):
    t, dead, name = topic("t"), topic("dead"), unique("outage")
    scripted = ScriptedRegistry().start()
    try:
        scripted.schemas.append(ROW)
        row = b"\x00\x00\x00\x00\x01\x02\x02x"
        config = {
            "connector.class": "ObserverSink", "file": folder + "/seen",
            "topics": t, "key.converter": configs.STRING,
            "errors.tolerance": "all",
            "errors.deadletterqueue.topic.name": dead,
            "errors.deadletterqueue.topic.replication.factor": "1",
            "errors.restart.delay.initial.ms": "200",
            "errors.restart.delay.max.ms": "1000",
            **value_converter(scripted.url)}
        observing.rest.create(name, config)
        observing.rest.wait_running(name)
        scripted.close()
        kafka.produce(t, [{"value": row}] * 5)
        observing.rest.wait_cause(name, "schema registry", "does not answer")
        scripted.start()
        wait_for("all records",
                 lambda: len(lines_of(folder + "/seen")) >= 5, 60)
        assert not kafka.consume(dead)
        observing.rest.delete(name)
    finally:
        scripted.close()


PROTO = "io.confluent.connect.protobuf.ProtobufConverter"
GUID = uuid.UUID("12345678-9abc-def0-1122-334455667788")


def described(number):
    return b"\x00" + struct.pack(">I", number)


def sunk(worker, kafka, t, folder, unique, converter, records, count):
    """What a sink that does not ask for headers has of them."""
    name = unique("ids")
    kafka.produce(t, records)
    worker.rest.create(name, configs.file_sink(folder + "/out", t, **{
        **tolerant(t), **converter}))
    try:
        wait_for("the lines", lambda: len(lines_of(folder + "/out")) >= count
                 or t + ".dead" in kafka.topics()
                 and kafka.size(t + ".dead"))
        letters = kafka.consume(t + ".dead") if t + ".dead" in kafka.topics() \
            else []
        return lines_of(folder + "/out"), letters
    finally:
        worker.rest.delete(name)


def test_ids_in_headers_are_read(
        worker, kafka, registry, topic, folder, unique):
    """The last one counts; without one the id stands before the payload."""
    t = topic("t")
    text = registry.register(t + "-value", '"string"')
    number = registry.register(t + "-key", '"int"')
    other = registry.register(t + "-other", '"double"')
    key, value = ("__key_schema_id", "__value_schema_id")
    both = [(key, described(number)), (value, described(text))]
    lines, letters = sunk(worker, kafka, t, folder, unique, {
        "key.converter": AVRO,
        "key.converter.schema.registry.url": registry.url,
        **value_converter(registry.url)}, [
            {"key": b"\x02", "value": b"\x06one", "headers": both},
            {"key": described(number) + b"\x02",
             "value": described(text) + b"\x06two"},
            {"key": b"\x02", "value": b"\x0athree", "headers": [
                (value, described(other)), ("x", b"y"), *both]},
            {"key": None, "value": b"\x08four",
             "headers": [(value, described(text)), (value, None)]},
            {"key": described(number) + b"\x02", "value": b"\x00",
             "headers": [(value, described(text))]},
        ], 5)
    assert lines == ["one", "two", "three", "four", ""] and not letters


def test_an_id_in_a_header_that_is_none_is_a_bad_record(
        worker, kafka, registry, topic, folder, unique):
    t = topic("t")
    lines, letters = sunk(worker, kafka, t, folder, unique, {
        "key.converter": configs.STRING, **value_converter(registry.url)}, [
            {"value": b"x", "headers": [("__value_schema_id", b"\x07ab")]}],
        1)
    (letter,) = letters
    assert not lines and letter.value == b"x"
    text = dict(letter.headers)["__connect.errors.exception.message"]
    assert b"header __value_schema_id: Unknown magic byte" in text, text


def test_protobufs_indexes_stand_behind_the_id_in_a_header(
        worker, kafka, registry, topic, folder, unique):
    t = topic("t")
    number = registry.register(t + "-value", """syntax = "proto3";
        message A { string a = 1; } message B { string b = 1; }""",
                               kind="PROTOBUF")
    lines, letters = sunk(worker, kafka, t, folder, unique, {
        "key.converter": configs.STRING, "value.converter": PROTO,
        "value.converter.schema.registry.url": registry.url,
        "transforms": "x", "transforms.x.type":
        "org.apache.kafka.connect.transforms.ExtractField$Value",
        "transforms.x.field": "b"}, [
            {"value": b"\x0a\x02yes"[:4], "headers": [
                ("__value_schema_id", described(number) + b"\x02\x02")]}],
        1)
    assert lines == ["ye"] and not letters


def test_a_guid_in_a_header_is_asked_for(
        worker, kafka, topic, folder, unique):
    t, scripted = topic("t"), ScriptedRegistry().start()
    scripted.faults = lambda _, request: Reply(200, json.dumps(
        {"schema": '"string"'}).encode()) \
        if request.path == f"/schemas/guids/{GUID}" else None
    head = b"\x01" + GUID.bytes
    try:
        lines, letters = sunk(
            worker, kafka, t, folder, unique, {
                "key.converter": configs.STRING,
                **value_converter(scripted.url)}, [
                    {"value": b"\x06one",
                     "headers": [("__value_schema_id", head)]},
                    {"value": head + b"\x06two"}] * 10, 20)
        assert lines == ["one", "two"] * 10 and not letters
        assert len([r for r in scripted.requests
                    if "/guids/" in r.path]) == 1
    finally:
        scripted.close()


def test_wrong_settings_are_a_validation_answer(observing, topic, folder):
    t, url = topic("t"), f"http://{HOST}:{free_port()}"
    config = configs.file_sink(folder + "/out", t, **value_converter(url))
    answer = observing.rest.request(
        "PUT", "/connector-plugins/FileStreamSink/config/validate",
        {"name": "x", **config}).json()
    errors = {c["value"]["name"]: c["value"]["errors"]
              for c in answer["configs"] if c["value"]["errors"]}
    assert list(errors) == ["value.converter.schema.registry.url"]
    [text] = errors["value.converter.schema.registry.url"]
    assert url in text and "does not answer" in text
    del config["value.converter.schema.registry.url"]
    answer = observing.rest.request(
        "PUT", "/connector-plugins/FileStreamSink/config/validate",
        {"name": "x", **config}).json()
    errors = {c["value"]["name"]: c["value"]["errors"]
              for c in answer["configs"] if c["value"]["errors"]}
    assert list(errors) == ["value.converter.schema.registry.url"]
