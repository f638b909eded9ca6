"""kill -9 of a task at random moments, with records among the others that its
converter cannot read: no good record is missing, and the dead letter topic has
each bad one at least once and no good one. One test per kind of converter;
make soak has 20 seeds of each."""

import dataclasses
import json
import os
import random
import re
import struct
import threading
import time

import pytest

from support import configs
from support.env import wait_for
from support.kafka import produce
from support.registry import ScriptedRegistry

CONFLUENT = "io.confluent.connect."
AT_LEAST = 3000  # records
BATCH = 20
ROW = {"type": "struct", "optional": False, "fields": [
    {"field": "id", "type": "int64", "optional": False},
    {"field": "name", "type": "string", "optional": False}]}


@dataclasses.dataclass
class Kind:
    converter: str
    good: object           # the bytes of record i
    bad: object            # and of one that is none; each differs
    schema: str = None     # what the registry has by id 1
    schema_type: str = "AVRO"
    more: dict = dataclasses.field(default_factory=dict)


def zigzag(n):
    """A number of Avro"""
    return varint(n << 1)


def varint(n):
    out = bytearray()
    while n > 0x7f:
        out.append(n & 0x7f | 0x80)
        n >>= 7
    return bytes(out + bytes([n]))


def wired(raw):
    """Behind the registry's magic byte and the id of the schema"""
    return b"\0\0\0\0\1" + raw


def enveloped(i, schema):
    return json.dumps({"schema": schema, "payload": {
        "id": i, "name": f"n{i}"}}).encode()


def plain(i):
    return json.dumps({"id": i, "name": f"n{i}"}).encode()


CUT = 3  # bytes are missing at the end
KINDS = {
    "json": Kind("org.apache.kafka.connect.json.JsonConverter",
                 lambda i: enveloped(i, ROW),
                 lambda i: enveloped(i, {"type": "int9"})),
    "json without schemas": Kind(
        "org.apache.kafka.connect.json.JsonConverter",
        plain, lambda i: plain(i)[:-CUT],
        more={"value.converter.schemas.enable": "false"}),
    "long": Kind("org.apache.kafka.connect.converters.LongConverter",
                 lambda i: struct.pack(">q", i),
                 lambda i: struct.pack(">q", i)[CUT:]),
    "avro": Kind(
        CONFLUENT + "avro.AvroConverter",
        lambda i: wired(zigzag(i) + zigzag(4) + b"name"),
        lambda i: wired(zigzag(i) + zigzag(4) + b"n"),
        json.dumps({"type": "record", "name": "Row", "fields": [
            {"name": "id", "type": "long"},
            {"name": "name", "type": "string"}]})),
    "json schema": Kind(
        CONFLUENT + "json.JsonSchemaConverter",
        lambda i: wired(plain(i)), lambda i: wired(plain(i)[:-CUT]),
        json.dumps({"type": "object", "properties": {
            "id": {"type": "integer"}, "name": {"type": "string"}}}), "JSON"),
    "protobuf": Kind(
        CONFLUENT + "protobuf.ProtobufConverter",
        lambda i: wired(b"\0\x08" + varint(i) + b"\x12\x04name"),
        lambda i: wired(b"\0\x08" + varint(i) + b"\x12\x04n"),
        'syntax = "proto3"; message Row { int64 id = 1; string name = 2; }',
        "PROTOBUF"),
}


def seeds():
    """One of each kind, and 20 that take long"""
    long = [pytest.param(n, 12, marks=pytest.mark.soak, id=f"soak{n}")
            for n in range(1, 21)]
    return pytest.mark.parametrize("seed,kills", [(1001, 5), *long])


def config(kind, t, path, url):
    registry = {"value.converter.schema.registry.url": url} \
        if kind.schema else {}
    return configs.file_sink(path, t, **{
        "value.converter": kind.converter, "errors.tolerance": "all",
        "errors.deadletterqueue.topic.name": t + ".dead",
        "errors.deadletterqueue.topic.replication.factor": "1",
        "consumer.override.max.poll.records": "50",
        "offset.flush.interval.ms": "100",
        # so that nobody waits for the member that was killed
        "consumer.override.group.instance.id": t,
        **registry, **kind.more})


def ids(path):
    """Those of the whole lines"""
    with open(path, "rb") as f:
        lines = f.read().split(b"\n")[:-1]
    return {int(re.search(rb"\d+", line.replace(b"name=n", b""))[0])
            for line in lines}


def size(path):
    return os.path.getsize(path) if os.path.exists(path) else 0


def kill_in_the_middle(worker, connector, path, rng, kills):
    """kill -9 of the task, so many times, each a while after it wrote."""
    for _ in range(kills):
        before = size(path)
        wait_for("records", lambda at=before: size(path) > at)
        time.sleep(rng.random() * 0.3)
        worker.kill_task(connector)


class Stream(threading.Thread):
    """Records until it is told to finish: one in ten is bad, and now and then
    some in a row."""

    def __init__(self, kafka, t, kind, seed):
        super().__init__(daemon=True)
        self.topic, self.kind = t, kind
        self.producer = kafka.producer()
        self.rng = random.Random(seed)
        self.good, self.bad = set(), {}
        self.ends = threading.Event()

    @property
    def count(self):
        return len(self.good) + len(self.bad)

    def _value(self, i):
        if self.rng.random() < 0.1 or i % 1000 < 20:
            self.bad[i] = self.kind.bad(i)
            return self.bad[i]
        self.good.add(i)
        return self.kind.good(i)

    def run(self):
        while not self.ends.is_set() or self.count < AT_LEAST:
            values = [{"value": self._value(self.count + 1)}
                      for _ in range(BATCH)]
            assert produce(self.producer, self.topic, values) == BATCH
            time.sleep(0.005)

    def finish(self):
        self.ends.set()
        self.join()


@pytest.mark.parametrize("name", KINDS)
@seeds()
def test_a_sink_is_killed_among_bad_records(
        worker, kafka, topic, folder, unique, name, seed, kills):
    kind, t, path = KINDS[name], topic("t"), folder + "/out"
    registry = ScriptedRegistry(kind=kind.schema_type).start()
    registry.schemas.append(kind.schema)
    connector, stream = unique("snk"), Stream(kafka, t, kind, seed)
    try:
        worker.rest.create(connector, config(kind, t, path, registry.url))
        stream.start()
        kill_in_the_middle(worker, connector, path, random.Random(seed),
                           kills)
        stream.finish()
        wait_for("the position", lambda: [
            p["offset"]["kafka_offset"]
            for p in worker.rest.offsets(connector)] == [stream.count],
            timeout=90)
        letters = [r.value for r in kafka.consume(t + ".dead")]
        assert ids(path) == stream.good
        assert set(letters) == set(stream.bad.values())
    finally:
        registry.close()
