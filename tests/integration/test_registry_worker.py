"""Converters with a schema registry in a real worker: records that Python's
own client wrote and reads, bad ones, an outage, and wrong settings."""

import json

import pytest
from confluent_kafka.schema_registry.avro import (AvroDeserializer,
                                                  AvroSerializer)
from confluent_kafka.serialization import MessageField, SerializationContext

from support import configs, env
from support.env import HOST, free_port, wait_for
from support.registry import ScriptedRegistry

AVRO = "io.confluent.connect.avro.AvroConverter"
ROW = json.dumps({"type": "record", "name": "Row", "fields": [
    {"name": "id", "type": "int"}, {"name": "name", "type": "string"}]})


@pytest.fixture(scope="module")
def observing(kafka, shared_worker):
    return shared_worker(
        kafka.bootstrap,
        plugin_path=f"{env.BUILD}/plugins,{env.BUILD}/fixtures")


def lines_of(path):
    with open(path, encoding="utf-8") as f:
        return f.read().splitlines()


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
