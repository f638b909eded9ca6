"""Records that are there and cannot be read: the task says which and why, and
nothing behind them counts; a log of the worker's own is never taken for
empty."""

import glob
import struct

import pytest
from confluent_kafka import admin

from support import configs, kafka as brokers
from support.env import wait_for
from support.files import lines_of
from support.kafka import Kafka
from test_secure_worker import pem, security

HEAD = 61  # bytes of a batch before its records


def batches(data):
    """(base offset, where it begins, where it ends) of each of a segment"""
    at = 0
    while at + 12 <= len(data):
        base, length = struct.unpack_from(">qi", data, at)
        yield base, at, at + 12 + length
        at += 12 + length


def damage(kafka, topic, offset, change):
    """change(data, begin, end) the batch at the offset, in the log of a
    broker that does not run."""
    path, = glob.glob(f"{kafka.folder}/kafka1/{topic}-0/{0:020}.log")
    with open(path, "r+b") as f:
        data = bytearray(f.read())
        (begin, end), = [(b, e) for base, b, e in batches(data)
                         if base == offset]
        change(data, begin, end)
        f.seek(0)
        f.write(data)


def flip(data, _begin, end):
    data[end - 3] ^= 0x40


def break_codec(data, begin, end):
    """what is no LZ4 at all, with the checksum that belongs to it"""
    data[begin + HEAD:end] = b"\xff" * (end - begin - HEAD)
    struct.pack_into(">I", data, begin + 17, crc32c(data[begin + 21:end]))


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def values(first, end):
    """Long enough to be worth a codec."""
    return [f"{n} " + 200 * "x" for n in range(first, end)]


def fill(kafka, topic, **config):
    """0 to 29, ten in a batch"""
    for first in (0, 10, 20):
        kafka.produce(topic, values(first, first + 10), linger_ms=200,
                      **config)


def with_damage(kafka, topic, offset, change):
    kafka.stop()
    damage(kafka, topic, offset, change)
    kafka.start()


def go_on_at(worker, t, offset):
    worker.rest.stop_connector("snk")
    worker.rest.wait_state("snk", "STOPPED", tasks=0)
    worker.rest.call("PATCH", "/connectors/snk/offsets", {"offsets": [{
        "partition": {"kafka_topic": t, "kafka_partition": 0},
        "offset": {"kafka_offset": offset}}]})
    worker.rest.resume("snk")


@pytest.mark.parametrize("change, words, config", [
    (flip, ("CRC32C", "_BAD_MSG"), {}),
    (break_codec, ("ecompress", "_BAD_COMPRESSION"),
     {"compression_type": "lz4"})])
def test_a_damaged_batch_fails_the_task(
        own_kafka, new_worker, folder, change, words, config):
    t, path = own_kafka.create_topic("t"), folder + "/out"
    fill(own_kafka, t, **config)
    with_damage(own_kafka, t, 10, change)
    worker = new_worker(own_kafka.bootstrap)
    worker.rest.create("snk", configs.file_sink(path, t))
    task = worker.rest.wait_task_failed("snk")
    for word in (f"topic {t}, partition 0", "offset 10", *words,
                 "move the position past it"):
        assert word in task["cause"], task
    assert lines_of(path) == values(0, 10)
    assert own_kafka.committed("connect-snk")[(t, 0)] == 10
    go_on_at(worker, t, 20)
    wait_for("the rest", lambda: lines_of(path)[10:] == values(20, 30))


def test_a_worker_does_not_begin_without_all_of_its_configurations(
        own_kafka, new_worker, folder):
    worker = new_worker(own_kafka.bootstrap)
    t = own_kafka.create_topic("t")
    for n in range(3):
        worker.rest.create(f"snk{n}", configs.file_sink(
            f"{folder}/out{n}", t))
        worker.rest.wait_running(f"snk{n}", tasks=1)
    worker.stop()
    own_kafka.stop()
    log = worker.properties["config.storage.topic"]
    path, = glob.glob(f"{own_kafka.folder}/kafka1/{log}-0/{0:020}.log")
    with open(path, "rb") as f:
        data = f.read()
    offset = next(base for base, begin, end in batches(data)
                  if b"connector-snk1" in data[begin:end])
    damage(own_kafka, log, offset, flip)
    own_kafka.start()
    worker.spawn()
    wait_for("the worker to end", lambda: not worker.process.running())
    assert f"topic {log}, partition 0 cannot be read" in worker.log_text()
    assert f"offset {offset}" in worker.log_text()


@pytest.fixture
def guarded_kafka(folder):
    k = Kafka(folder + "/kafka", secure=True, authorizer_class_name=(
        "org.apache.kafka.metadata.authorizer.StandardAuthorizer"),
        super_users="User:ANONYMOUS", allow_everyone_if_no_acl_found="true")
    try:
        yield k.start()
    finally:
        k.close()


def acl(topic, operation, permission):
    return admin.AclBinding(
        admin.ResourceType.TOPIC, topic, admin.ResourcePatternType.LITERAL,
        f"User:{brokers.USER}", "*", operation, permission)


def settle(futures):
    for f in futures.values():
        f.result(30)


def test_a_right_withdrawn_is_told_and_comes_back(
        guarded_kafka, new_worker, folder):
    k, path = guarded_kafka, folder + "/out"
    t = k.create_topic("t")
    worker = new_worker(k.secure_bootstrap, start=False)
    worker.properties.update(security(pem(k.stores)))
    worker.start()
    worker.rest.create("snk", configs.file_sink(path, t, **{
        "errors.restart.delay.initial.ms": "200",
        "errors.restart.delay.max.ms": "200"}))
    k.produce(t, [b"before"])
    wait_for("the first", lambda: k.committed("connect-snk").get((t, 0)) == 1)
    a = k.admin()
    settle(a.create_acls([
        acl(t, admin.AclOperation.READ, admin.AclPermissionType.DENY),
        acl(t, admin.AclOperation.DESCRIBE, admin.AclPermissionType.ALLOW)]))
    k.produce(t, [b"after"])
    task = worker.rest.wait_task_failed("snk")
    for word in (f"topic {t}, partition 0", "TOPIC_AUTHORIZATION_FAILED",
                 "READ"):
        assert word in task["cause"], task
    assert lines_of(path) == ["before"]
    settle(a.delete_acls([admin.AclBindingFilter(
        admin.ResourceType.TOPIC, t, admin.ResourcePatternType.LITERAL,
        None, None, admin.AclOperation.ANY, admin.AclPermissionType.ANY)]))
    wait_for("the second", lambda: lines_of(path) == ["before", "after"])
    assert worker.rest.status("snk")["tasks"][0]["restarts"] > 0


def test_a_record_larger_than_may_be_received_is_told(
        kafka, worker, topic, folder):
    t, path = topic("t", max_message_bytes=10000000), folder + "/out"
    kafka.produce(t, [b"small"])
    kafka.produce(t, [b"x" * 2000000], message_max_bytes=10000000)
    worker.rest.create("snk", configs.file_sink(path, t, **{
        "consumer.override.fetch.max.bytes": "1000000",
        "consumer.override.max.partition.fetch.bytes": "1000",
        "consumer.override.message.max.bytes": "1000",
        "consumer.override.receive.message.max.bytes": "1100000"}))
    wait_for("the small one", lambda: lines_of(path) == ["small"])
    task = worker.rest.wait_task_failed("snk")
    assert "receive.message.max.bytes" in task["cause"], task
