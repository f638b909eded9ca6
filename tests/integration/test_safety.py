"""At least once: nothing that a committed position covers was committed
before it was at the target, at any moment while tasks and the worker are
killed. The brokers' and the database's own times say it. (Trap L, I6)"""

import bisect
import json
import threading

import pytest

from support import configs, ledger, safety
from support.env import wait_for
from support.kills import kill_at_random
from support.receiver import Reply

WORKER_KILLS = 2
SESSION = {"consumer.override.session.timeout.ms": "1500",
           "consumer.override.heartbeat.interval.ms": "300"}
ANSWER_S = 0.1
# As many positions as there can be.
FLUSH_MS = 20
EVENTS = ("CREATE TABLE events (run text, writer int, seq bigint, key text, "
          "len int, crc bigint, body text)")


def seeds():
    long = [pytest.param(n, 20, marks=pytest.mark.soak, id=f"soak{n}")
            for n in range(1, 6)]
    return pytest.mark.parametrize("seed,kills", [(1001, 6), *long])


@pytest.fixture
def journal(folder):
    return ledger.Journal(folder + "/journal")


@pytest.fixture
def stamped(topic):
    """stamped(name): a topic that says when each record was written"""
    def make(name, partitions=1, **config):
        return topic(name, partitions, **safety.STAMPED, **config)
    return make


@pytest.fixture
def offsets(stamped):
    return stamped("offsets", 5, cleanup_policy="compact")


@pytest.fixture
def often(kafka, new_worker, offsets):
    """a worker that commits all the time"""
    return new_worker(kafka.bootstrap, offset_flush_interval_ms=FLUSH_MS,
                      offset_storage_topic=offsets)


def kill_all_there_is(worker, connector, seed, kills, there):
    """The task, then the worker"""
    kill_at_random(worker, connector, seed, kills, there)
    for _ in range(WORKER_KILLS):
        before = there()
        wait_for("work", lambda b=before: there() > b, 60)
        worker.kill9()
        worker.start()


def wait_all(journal, kafka, topic):
    ledger.wait_complete(journal, lambda: [ledger.entry_from(
        r.value) for r in kafka.consume(topic)]).assert_none("phantoms")


@seeds()
def test_a_file_sources_position_is_of_what_is_in_the_topic(
        often, kafka, stamped, offsets, journal, folder, seed, kills):
    t, path = stamped("lines"), folder + "/in"
    writer = ledger.FileWriter(path, journal, "file", pause=0.001)
    often.rest.create("src", configs.file_source(path, t))
    writer.start()
    kill_all_there_is(often, "src", seed, kills, lambda: kafka.size(t))
    writer.finish()
    wait_all(journal, kafka, t)
    safety.Lines(path).check(kafka, offsets, "src", t)


@seeds()
def test_a_tables_position_is_of_what_is_in_the_topic(
        often, kafka, stamped, offsets, postgres, db, journal, unique, seed,
        kills):
    """By its growing key, as one writer lets it grow"""
    prefix = unique("s") + "."
    t = kafka.create_topic(prefix + "events", **safety.STAMPED)
    writer = ledger.PostgresWriter(postgres, db, "events", journal, "pg",
                                   pause=0.001)
    often.rest.create("src", configs.postgres_source(
        postgres, db, "events", prefix, poll_interval_ms=5))
    writer.start()
    kill_all_there_is(often, "src", seed, kills, lambda: kafka.size(t))
    writer.finish()
    wait_all(journal, kafka, t)
    ids = [row[0] for row in postgres.execute(
        db, "SELECT id FROM events ORDER BY id")]

    def commits():
        return safety.source_commits(
            kafka, offsets, "src",
            lambda offset: bisect.bisect_right(ids, offset["incrementing"]))
    wait_for("the last position",
             lambda: safety.covered(commits()) == len(ids))
    safety.check(commits(), {"src": safety.in_topic(
        kafka, t, lambda r: bisect.bisect_left(ids, json.loads(
            r.value)["id"]), len(ids))})


class Holder(threading.Thread):
    """Lets nobody write a table for a moment, again and again: who commits
    without waiting does it then."""

    def __init__(self, postgres, db, table):
        super().__init__(daemon=True)
        self.conn, self.table = postgres.connect(db), table
        self._end = threading.Event()

    def run(self):
        while not self._end.wait(0.3):
            with self.conn, self.conn.cursor() as cursor:
                cursor.execute(f"LOCK TABLE {self.table} IN SHARE MODE")
                self._end.wait(0.3)

    def close(self):
        self._end.set()
        self.join(10)
        self.conn.close()


@seeds()
def test_a_groups_position_is_of_what_is_in_the_table(
        often, kafka, topic, timed_postgres, journal, seed, kills):
    postgres, t = timed_postgres, topic("events", partitions=2)
    db = postgres.create_db("d")
    postgres.execute(db, EVENTS)
    often.rest.create("snk", configs.postgres_sink(
        postgres, db, t, "events", insert_mode="insert", pk_mode="none",
        **SESSION))
    writer = ledger.TopicWriter(kafka, t, journal, "pgsink", pause=0.01)
    holder = Holder(postgres, db, "events")
    for thread in (writer, holder):
        thread.start()
    kill_all_there_is(often, "snk", seed, kills, lambda: postgres.value(
        db, "SELECT count(*) FROM events"))
    writer.finish()
    holder.close()

    check_group(kafka, t, journal, lambda: safety.rows(
        postgres, db, "events", "run, writer, seq"))


def check_group(kafka, topic, journal, rows):
    """When the sink has all; rows(): {(run, writer, seq): ms}"""
    def commits():
        return safety.group_commits(kafka, "connect-snk", topic)
    wait_for("the last position", lambda: safety.covered(
        commits()) == journal.count() == kafka.size(topic), 60)
    safety.check(commits(), safety.of_records(
        kafka, topic, rows(), lambda r: ledger.entry_from(r.value)[:3]))


@seeds()
def test_a_groups_position_is_of_what_was_answered(
        often, kafka, topic, receiver, journal, seed, kills):
    """Not of what was sent: each answer takes its time."""
    t = topic("events", partitions=2)
    receiver.script(lambda i, r: Reply(hang=ANSWER_S))
    often.rest.create("snk", configs.http_sink(
        receiver.url, t, batch_linger_ms=30, batch_max_size=500, **SESSION))
    writer = ledger.TopicWriter(kafka, t, journal, "http", pause=0.05)
    writer.start()
    kill_all_there_is(often, "snk", seed, kills,
                      lambda: len(receiver.requests))
    writer.finish()

    def answered():
        first = {}
        for r in receiver.accepted():
            for e in map(ledger.entry_from, r.json()):
                first.setdefault(e[:3], int((r.time + ANSWER_S) * 1000))
        return first
    ledger.wait_complete(journal, lambda: ledger.in_requests(receiver))
    check_group(kafka, t, journal, answered)
