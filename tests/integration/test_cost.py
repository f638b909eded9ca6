"""What a record costs in a task's process, in the real loops against real
servers: instructions under a ceiling, and no allocation by our own code.

A task first takes N records, so that all that comes once is behind it, then
2N more: those are counted. The ceilings are what was measured plus about an
eighth, in release mode (gcc 12, librdkafka 2.14.2, valgrind's AVX2): a change
that crosses one has made the path slower, or must say why it is worth it.
`ours` are our own functions alone and vary by a hundredth; `all` has
librdkafka, libpq and libc in it, and depends on what the processor can do.
"""

import json
import os
import time

import pytest

from support import callgrind, configs, env
from support.callgrind import Callgrind
from support.child import Child
from support.env import wait_for

N = 5000
# An allocation of ours for each record would be 2N. What is left is for
# batches and chunks of memory; metrics are published once a second.
RECORDS_AN_ALLOCATION = 100
BY_TIME = ("series_of",)

pytestmark = [
    pytest.mark.skipif(not callgrind.AVAILABLE,
                       reason="valgrind is not installed"),
    pytest.mark.skipif(os.path.basename(env.BUILD) != "release",
                       reason="only release builds are counted"),
]

CEILINGS = {  # instructions for each record: ours, all; measured
    "file-topic": (630, 4400),    # 536 to 555, 3420 to 3840
    "topic-file": (555, 3250),    # 491, 2830
    # 660, 6510. Half of it is SHA-256, as valgrind's processor has none of
    # the instructions for it: 0.5 GB/s so, 1.7 with them.
    "topic-s3": (745, 7500),
    "pg-topic": (2780, 7050),     # 2470, 6110
    "topic-pg": (8000, 12300),    # 7140, 10680
}


def line(i):
    return f"{i:012d} ".ljust(119, "abcdefgh"[i % 8])


def order(i):
    return {"id": i, "customer": i * 7919 % 100000, "status": "packed",
            "amount": i % 100000 / 100, "note": f"a note of some length {i}"}


SCHEMA = {"type": "struct", "optional": False, "fields": [
    {"field": f, "type": t, "optional": f != "id"} for f, t in (
        ("id", "int64"), ("customer", "int64"), ("status", "string"),
        ("amount", "double"), ("note", "string"))]}
TABLE = ("id bigint PRIMARY KEY, customer bigint, status text,"
         " amount double precision, note text")


HEADERS = [("trace", b"00-4bf92f3577b34da6"), ("try", b"1"),
           ("at", b"2024-02-29T12:34:56.789Z"), ("by", b"[1, 2, 3]")]


def lz4(kafka, topic, values):
    kafka.produce(topic, values, **{"compression.type": "lz4",
                                    "linger.ms": 50})


def file_topic(kafka, topic, folder, **_):
    t, path = topic("t"), folder + "/in"
    open(path, "wb").close()

    def feed(first, end):
        with open(path, "a", encoding="utf-8") as f:
            f.writelines(line(i) + "\n" for i in range(first, end))
    return configs.file_source(path, t, batch_size="5000"), feed, \
        lambda: kafka.size(t)


def topic_file(kafka, topic, folder, **_):
    """With headers, which nobody looks at: they are not decoded."""
    t, path = topic("t"), folder + "/out"

    def feed(first, end):
        lz4(kafka, t, [{"value": line(i), "headers": HEADERS}
                       for i in range(first, end)])

    def seen():
        return os.path.getsize(path) // 120
    return configs.file_sink(path, t), feed, seen


def topic_s3(kafka, topic, s3, bucket, **_):
    t = topic("t")

    def feed(first, end):
        lz4(kafka, t, [line(i).encode() for i in range(first, end)])

    def seen():
        return len(s3.keys(bucket, "topics/")) * N // 2
    return configs.s3_sink(
        s3, bucket, t, flush_size=str(N // 2), format_class="io.confluent."
        "connect.s3.format.bytearray.ByteArrayFormat",
        value_converter="org.apache.kafka.connect.converters."
        "ByteArrayConverter"), feed, seen


def pg_topic(kafka, topic, postgres, db, unique, **_):
    prefix = unique("p") + "."
    t = kafka.create_topic(prefix + "orders")
    postgres.execute(db, f"CREATE TABLE orders ({TABLE})")

    def feed(first, end):
        postgres.execute(
            db, "INSERT INTO orders SELECT i, i * 7919 % 100000, 'packed',"
            " i % 100000 / 100.0, 'a note of some length ' || i"
            f" FROM generate_series({first}, {end - 1}) i")
    return configs.postgres_source(
        postgres, db, "orders", prefix, tables='"public"."orders"'), feed, \
        lambda: kafka.size(t)


def topic_pg(kafka, topic, postgres, db, **_):
    t = topic("t")
    postgres.execute(db, f"CREATE TABLE orders ({TABLE})")

    def feed(first, end):
        # Without blanks, as Connect's own converter writes it.
        lz4(kafka, t, [json.dumps({"schema": SCHEMA, "payload": order(i)},
                                  separators=(",", ":"))
                       for i in range(first, end)])
    return configs.postgres_sink(
        postgres, db, t, "orders", insert_mode="upsert",
        pk_mode="record_value", pk_fields="id", batch_size="3000",
        **{"value.converter": configs.JSON,
           "value.converter.schemas.enable": "true"}), feed, \
        lambda: postgres.value(db, "SELECT count(*) FROM orders")


def topic_http(kafka, topic, receiver, **_):
    t = topic("t")

    def feed(first, end):
        lz4(kafka, t, [json.dumps(order(i)) for i in range(first, end)])
    return configs.http_sink(
        receiver.url, t, batch_format="ndjson", batch_max_size="5000"), \
        feed, lambda: sum(r.body.count(b"\n") for r in receiver.accepted())


def pg_bulk_topic(kafka, unique, postgres, db, **_):
    """The whole table again and again, so the first rows are all there are."""
    prefix = unique("p") + "."
    t = kafka.create_topic(prefix + "orders")
    postgres.execute(db, f"CREATE TABLE orders ({TABLE})")

    def feed(first, end):
        if first == 1:
            postgres.execute(
                db, "INSERT INTO orders SELECT i, i, 'packed', i / 100.0,"
                f" 'a note' FROM generate_series({first}, {end - 1}) i")
    return configs.postgres_source(
        postgres, db, "orders", prefix, mode="bulk",
        tables='"public"."orders"'), feed, lambda: kafka.size(t)


def chain_topic(folder, **more):
    """Three transforms, a predicate and a header."""
    config, feed, seen = file_topic(folder=folder, **more)
    base = "org.apache.kafka.connect.transforms."
    return {
        **config, "key.converter": configs.STRING,
        "value.converter": configs.JSON,
        "value.converter.schemas.enable": "false",
        "predicates": "here", "predicates.here.type": base
        + "predicates.TopicNameMatches", "predicates.here.pattern": "t.*",
        "transforms": "hoist,add,key,plain,head",
        "transforms.hoist.type": base + "HoistField$Value",
        "transforms.hoist.field": "line",
        "transforms.hoist.predicate": "here",
        "transforms.add.type": base + "InsertField$Value",
        "transforms.add.static.field": "from",
        "transforms.add.static.value": "a file",
        "transforms.key.type": base + "ValueToKey",
        "transforms.key.fields": "line",
        "transforms.plain.type": base + "ExtractField$Key",
        "transforms.plain.field": "line",
        "transforms.head.type": base + "InsertHeader",
        "transforms.head.header": "by",
        "transforms.head.value.literal": "penstock"}, feed, seen


PATHS = [file_topic, topic_file, topic_s3, pg_topic, topic_pg]
# Without a ceiling of their own: only allocations are counted.
MORE = [topic_http, pg_bulk_topic, chain_topic]


@pytest.fixture
def worker(kafka, topic, unique):
    return {"bootstrap.servers": kafka.bootstrap, "group.id": unique("g"),
            "key.converter": configs.JSON,
            "key.converter.schemas.enable": "false",
            "value.converter": configs.JSON,
            "value.converter.schemas.enable": "false",
            "offset.storage.topic": topic("offsets", **{
                "cleanup.policy": "compact"}),
            "offset.flush.interval.ms": "1000"}


def measure(worker, name, folder, config, feed, seen):
    """The part that the last 2N of 3N records cost."""
    g = Callgrind(folder)
    stored = [] if "file" in config and "topic" in config \
        or "topic.prefix" in config else None
    feed(1, N + 1)
    with Child("task", name, "0", wrap=g.argv) as c:
        c.configure(worker, {"name": name, **config},
                    **({} if stored is None else {"stored": stored}))
        wait_for("the first records", lambda: _at_least(c, seen, N), 60)
        g.dump(c.process.pid)
        feed(N + 1, 3 * N + 1)
        wait_for("all records", lambda: _at_least(c, seen, 3 * N), 60)
        part = g.dump(c.process.pid)
        c.kill()
    return part


def _at_least(child, seen, count):
    child.pump(0.05)
    if child.process.poll() is not None:
        raise SystemExit(f"{child.texts()} {child.errors()}")
    return seen() >= count


def counted(path, worker, folder, unique, request, capsys):
    """What the path's last 2N records cost: instructions of ours and of all,
    and what our own code allocated, as a share of what it may."""
    name = path.__name__.replace("_", "-")
    made = path(**{f: request.getfixturevalue(f) for f in (
        "kafka", "topic", "folder", "postgres", "db", "s3", "bucket",
        "unique", "receiver")})
    began = time.monotonic()
    part = measure(worker, unique(name), folder, *made)
    ours, total = part.ours / 2 / N, part.instructions / 2 / N
    allocations = {f: n for f, n in part.allocations.most_common()
                   if f not in BY_TIME}
    allocated = sum(allocations.values())
    with capsys.disabled():
        print(f"\n{name}: {ours:.0f} instructions of ours a record, "
              f"{total:.0f} of all; {allocated} allocations "
              f"{dict(list(allocations.items())[:4])} "
              f"in {time.monotonic() - began:.1f} s")
    return ours, total, allocated * RECORDS_AN_ALLOCATION / 2 / N


@pytest.mark.parametrize("path", PATHS, ids=lambda p: p.__name__)
def test_a_record_costs_no_more_than(path, worker, folder, unique, request,
                                     capsys):
    ours, total, allocated = counted(path, worker, folder, unique, request,
                                     capsys)
    assert allocated <= 1
    most = CEILINGS[path.__name__.replace("_", "-")]
    assert ours <= most[0] and total <= most[1]


@pytest.mark.parametrize("path", MORE, ids=lambda p: p.__name__)
def test_nothing_is_allocated_for_a_record(path, worker, folder, unique,
                                           request, capsys):
    _, _, allocated = counted(path, worker, folder, unique, request, capsys)
    assert allocated <= 2  # the buffers of a request grow by doubling
