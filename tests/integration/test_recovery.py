"""What was down is in use again ten seconds after it is back, and nobody has to
do anything (A1). It is down for so long that pauses which double from under
a second would have become longer than that."""

import time

import pytest

from support import configs, ledger
from support.env import wait_for
from support.files import lines_of
from support.registry import ScriptedRegistry

DOWN_S = 66
SOON_S = 10
AVRO = "io.confluent.connect.avro.AvroConverter"
TABLE = ("CREATE TABLE events (run text, writer int, seq bigint, key text, "
         "len int, crc bigint, body text)")
# Tests have short pauses of their own: here it is what users have.
SHORT = ("retry.backoff.ms", "errors.restart.delay.initial.ms",
         "errors.restart.delay.max.ms")


@pytest.fixture
def journal(folder):
    return ledger.Journal(folder + "/journal")


@pytest.fixture
def schemas():
    r = ScriptedRegistry().start()
    r.schemas.append('"string"')
    yield r
    r.close()


def usual(config):
    return {k: v for k, v in config.items() if k not in SHORT}


def is_well(worker, name):
    s = worker.rest.status(name)
    if not s["tasks"] or any(x["state"] != "RUNNING" or x.get("cause")
                             for x in [s["connector"], *s["tasks"]]):
        raise ValueError(s)
    return True


def has_cause(worker, name):
    s = worker.rest.status(name)
    return any(x.get("cause") for x in [s["connector"], *s["tasks"]])


def test_all_that_was_down_is_used_again_within_ten_seconds_A1(
        own_postgres, s3, bucket, kafka, topic, worker, receiver, schemas,
        journal, folder, unique):
    """A source and sinks that were at it, a sink whose converter asks a schema
    registry, and a source that is begun while its database is down."""
    p, prefix = own_postgres, unique("s") + "."
    p.create_db("d")
    p.execute("d", TABLE)
    t, avro = topic("events"), topic("avro")
    by_table = ledger.Journal(folder + "/journal-table")
    for name in ("origin", "late"):
        kafka.create_topic(prefix + name)
    p.execute("d", "CREATE TABLE late (id int); INSERT INTO late VALUES (1)")
    writers = [ledger.TopicWriter(kafka, t, journal, "t", pause=0.05,
                                  limit=1000),
               ledger.PostgresWriter(p, "d", "origin", by_table, "pg",
                                     pause=0.05)]
    made = {
        "src": configs.postgres_source(p, "d", "origin", prefix),
        "snk": configs.postgres_sink(p, "d", t, "events"),
        "http": configs.http_sink(receiver.url, t),
        "s3": configs.s3_sink(s3, bucket, t, flush_size=20),
        "avro": configs.file_sink(folder + "/avro", avro, value_converter=AVRO,
                                  value_converter_schema_registry_url=
                                  schemas.url),
        "late": configs.postgres_source(p, "d", "late", prefix, mode="bulk"),
    }
    made = {unique(name): usual(config) for name, config in made.items()}
    late = list(made)[-1]
    del made[late]["incrementing.column.name"]
    for w in writers:
        w.start()
    for name in made:
        worker.rest.create(name, made[name])
    for name in made:
        worker.rest.wait_running(name)
    worker.rest.stop_connector(late)
    for q in (lambda: p.value("d", "SELECT count(*) FROM events"),
              lambda: kafka.size(prefix + "origin"),
              receiver.accepted, lambda: s3.lines(bucket, "topics/" + t)):
        wait_for("the first records", q)

    p.stop()
    s3.stop()
    receiver.close()
    schemas.close()
    began = time.monotonic()
    worker.rest.resume(late)
    kafka.produce(avro, [b"\x00\x00\x00\x00\x01\x02x"] * 5)
    writers[0].finish()
    for name in made:
        wait_for(name, lambda name=name: has_cause(worker, name))
    time.sleep(began + DOWN_S - time.monotonic())
    s3.start()
    receiver.start()
    schemas.start()
    p.start()
    end = time.monotonic() + SOON_S

    def soon(what, predicate):
        wait_for(what, predicate, end - time.monotonic())
    for name in made:
        soon(name, lambda name=name: is_well(worker, name))
    soon("rows of the sink", lambda: p.value(
        "d", "SELECT count(*) FROM events") >= 1000)
    soon("requests", lambda: sum(
        len(r.json()) for r in receiver.accepted()) >= 1000)
    soon("objects", lambda: len(s3.lines(bucket, "topics/" + t)) >= 1000)
    soon("what was converted", lambda: len(lines_of(folder + "/avro")) == 5)
    writers[1].finish()
    ledger.wait_complete(by_table, lambda: [
        ledger.entry_from(r.value) for r in kafka.consume(prefix + "origin")
    ]).assert_at_least_once()
    for found in (
            [ledger.Entry(*r) for r in p.execute(
                "d", "SELECT run, writer, seq, key, len, crc, body "
                "FROM events")],
            [ledger.entry_from(e) for e in s3.lines(bucket, "topics/" + t)]):
        ledger.compare(journal, found).assert_exactly_once()
    ledger.compare(journal, [
        ledger.entry_from(e) for r in receiver.accepted() for e in r.json()
    ]).assert_at_least_once()
