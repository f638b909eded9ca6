"""kill -9 of tasks at random moments, of the worker, and SIGSTOP of a task:
nothing is missing, and where the target keeps the position nothing is twice.
Every run is compared with a journal of what was written."""

import json
import os
import signal
import time

import pytest

from support import configs, ledger
from support.env import wait_for
from support.kills import kill_at_random
from support.receiver import Reply

# A group waits this long for a member that was killed.
SESSION = {"consumer.override.session.timeout.ms": "1500",
           "consumer.override.heartbeat.interval.ms": "300"}


def seeds(numbers=(1001, 1002), kills=5):
    """The parameters seed and kills of a test of one connector; make soak
    has more of both."""
    long = [pytest.param(n, 20, marks=pytest.mark.soak, id=f"soak{n}")
            for n in range(1, 21)]
    return pytest.mark.parametrize(
        "seed,kills", [*((n, kills) for n in numbers), *long])


# One seed, as each costs a session's time-out at its end.
sink_seeds = seeds((1001,), 10)


def entries(rows):
    return [ledger.entry_from(r) for r in rows]


def in_topic(kafka, topic):
    return entries(r.value for r in kafka.consume(topic))


EVENTS = ("CREATE TABLE events (run text, writer int, seq bigint, key text, "
          "len int, crc bigint, body text)")


def in_table(postgres, db):
    return [ledger.Entry(*row) for row in postgres.execute(
        db, "SELECT run, writer, seq, key, len, crc, body FROM events"
        " ORDER BY ctid")]


@pytest.fixture
def journal(folder):
    return ledger.Journal(folder + "/journal")


@seeds()
def test_a_postgres_source_task_is_killed(worker, kafka, postgres, db,
                                          journal, unique, seed, kills):
    prefix = unique("s") + "."
    topic = kafka.create_topic(prefix + "events")
    writers = [ledger.PostgresWriter(postgres, db, "events", journal, "pg",
                                     number=n, pause=0.02) for n in range(3)]
    worker.rest.create("src", configs.postgres_source(
        postgres, db, "events", prefix))
    for w in writers:
        w.start()
    kill_at_random(worker, "src", seed, kills, lambda: kafka.size(topic))
    for w in writers:
        w.finish()
    # Three writers commit in any order: order holds per transaction only.
    ledger.wait_complete(journal, lambda: in_topic(kafka, topic)).assert_none(
        "phantoms", "corrupt")


@seeds()
def test_a_file_source_task_is_killed(worker, kafka, topic, journal, folder,
                                      seed, kills):
    t = topic("lines")
    path = folder + "/in"
    writer = ledger.FileWriter(path, journal, "file", pause=0.005)
    worker.rest.create("src", configs.file_source(path, t))
    writer.start()
    kill_at_random(worker, "src", seed, kills, lambda: kafka.size(t))
    writer.finish()
    ledger.wait_complete(
        journal, lambda: in_topic(kafka, t)).assert_at_least_once()


class RotatingWriter(ledger.FileWriter):
    """Renames its file now and then and goes on in a new one."""

    def __init__(self, path, *args, **kwargs):
        super().__init__(path, *args, **kwargs)
        self.path, self.rotations = path, 0

    def transaction(self, entries):
        outcome = super().transaction(entries)
        if self.rng.random() < 0.1:
            self.file.close()
            self.rotations += 1
            os.rename(self.path, f"{self.path}.{self.rotations:04}")
            self.file = open(self.path, "ab", buffering=0)
        return outcome


@seeds((1001,), 6)
def test_a_log_is_rotated_while_its_source_is_killed(
        worker, kafka, topic, journal, folder, seed, kills):
    """Many times between two looks: each file is read to its end, in turn."""
    t = topic("lines")
    path = folder + "/in.log"
    writer = RotatingWriter(path, journal, "file", pause=0.005)
    worker.rest.create("src", configs.file_source(path, t))
    wait_for("where it begins", lambda: worker.rest.offsets("src"))
    writer.start()
    kill_at_random(worker, "src", seed, kills, lambda: kafka.size(t))
    writer.finish()
    assert writer.rotations > 5
    ledger.wait_complete(
        journal, lambda: in_topic(kafka, t)).assert_at_least_once()


def whole_lines(path):
    """The whole lines: only the last may still be without an end."""
    with open(path, "rb") as f:
        return entries(f.read().split(b"\n")[:-1])


@sink_seeds
def test_a_file_sink_task_is_killed(worker, kafka, topic, journal, folder,
                                    seed, kills):
    """A line that a kill tore is cut off, and its record comes again."""
    t, path = topic("events", partitions=2), folder + "/out"
    worker.rest.create("snk", configs.file_sink(
        path, t, **SESSION))
    writer = ledger.TopicWriter(kafka, t, journal, "filesink", pause=0.01)
    writer.start()
    kill_at_random(worker, "snk", seed, kills,
                   lambda: os.path.exists(path) and os.path.getsize(path))
    writer.finish()
    ledger.wait_complete(
        journal, lambda: whole_lines(path)).assert_at_least_once()


@sink_seeds
def test_a_postgres_sink_task_is_killed(worker, kafka, topic, postgres, db,
                                        journal, seed, kills):
    """Insert mode without a key: what came twice would be there twice."""
    t = topic("events", partitions=3)
    postgres.execute(db, EVENTS)
    worker.rest.create("snk", configs.postgres_sink(
        postgres, db, t, "events", insert_mode="insert", pk_mode="none",
        **SESSION))
    writer = ledger.TopicWriter(kafka, t, journal, "pgsink", pause=0.01)
    writer.start()
    kill_at_random(worker, "snk", seed, kills, lambda: postgres.value(
        db, "SELECT count(*) FROM events"))
    writer.finish()
    ledger.wait_complete(journal, lambda: in_table(postgres, db)).assert_none(
        "duplicates", "phantoms", "corrupt")


@sink_seeds
def test_an_s3_sink_task_is_killed(worker, kafka, topic, s3, bucket, journal,
                                   seed, kills):
    t = topic("events")
    worker.rest.create("snk", configs.s3_sink(
        s3, bucket, t, flush_size=100, **SESSION))
    writer = ledger.TopicWriter(kafka, t, journal, "s3", pause=0.05,
                                limit=1000 * kills)
    writer.start()
    kill_at_random(worker, "snk", seed, kills,
                   lambda: len(s3.keys(bucket, "topics/" + t)))
    writer.finish()
    ledger.wait_complete(journal, lambda: entries(
        s3.lines(bucket, "topics/" + t))).assert_exactly_once()


@sink_seeds
def test_an_http_sink_task_is_killed(worker, kafka, topic, receiver, journal,
                                     seed, kills):
    """Requests linger and are not full, and most kills come when one was
    taken but not answered. What comes again comes under the same key:
    whoever takes each key once has each record once."""
    t = topic("events")
    receiver.script(lambda i, r: Reply(hang=0.2))
    worker.rest.create("snk", configs.http_sink(
        receiver.url, t, batch_linger_ms=30, batch_max_size=500, **SESSION))
    writer = ledger.TopicWriter(kafka, t, journal, "http", pause=0.01)
    writer.start()
    kill_at_random(worker, "snk", seed, kills,
                   lambda: len(receiver.requests))
    writer.finish()
    ledger.wait_complete(
        journal, lambda: ledger.in_requests(receiver)).assert_at_least_once()
    by_key = {}
    for r in receiver.accepted():
        key = r.headers["idempotency-key"]
        assert by_key.setdefault(key, r).body == r.body, key
    assert all(len(r.json()) <= 500 for r in by_key.values())
    ledger.compare(journal, [
        ledger.entry_from(e) for r in by_key.values() for e in r.json()
    ]).assert_exactly_once()


def test_the_worker_is_killed(worker, kafka, topic, postgres, db, s3, bucket,
                              receiver, folder, unique):
    """Two sources and three sinks at once, three times; its tasks end with
    it."""
    t, prefix, path = topic("events"), unique("s") + ".", folder + "/in"
    archived = topic("archived")
    copies = kafka.create_topic(prefix + "origin")
    by_file, by_table, by_topic = [
        ledger.Journal(f"{folder}/journal-{n}") for n in range(3)]
    postgres.execute(db, EVENTS)
    writers = [
        ledger.FileWriter(path, by_file, "worker", pause=0.01),
        ledger.PostgresWriter(postgres, db, "origin", by_table, "pg",
                              pause=0.02),
        ledger.TopicWriter(kafka, archived, by_topic, "s3", pause=0.1,
                           limit=2000)]
    for w in writers:
        w.start()
    made = {
        "src": configs.file_source(path, t),
        "pg": configs.postgres_source(postgres, db, "origin", prefix),
        "snk": configs.postgres_sink(postgres, db, t, "events"),
        "s3": configs.s3_sink(s3, bucket, archived),
        "http": configs.http_sink(receiver.url, t),
    }
    for name, config in made.items():
        worker.rest.create(name, config)
    for _ in range(3):
        for name in made:
            worker.rest.wait_running(name)
        pids = [worker.wait_task(name) for name in made]
        time.sleep(0.7)
        worker.kill9()
        wait_for("its tasks to end", lambda p=pids: not any(
            os.path.exists(f"/proc/{pid}") for pid in p), timeout=5)
        worker.start()
    for w in writers:
        w.finish()
    report = ledger.wait_complete(by_file, lambda: in_table(postgres, db))
    report.assert_none("phantoms", "corrupt")
    report.assert_count(len(in_topic(kafka, t)), "records")
    ledger.wait_complete(
        by_file, lambda: ledger.in_requests(receiver)).assert_at_least_once()
    ledger.wait_complete(
        by_table, lambda: in_topic(kafka, copies)).assert_at_least_once()
    ledger.wait_complete(by_topic, lambda: entries(
        s3.lines(bucket, "topics/" + archived))).assert_exactly_once()


def test_stopped_tasks_are_replaced_and_write_nothing_more(
        kafka, new_worker, topic, postgres, db, journal, folder):
    """SIGSTOP of a source and a sink: the worker misses their beats and
    replaces them. When an old process is there no more, nothing of it can
    come late."""
    worker = new_worker(kafka.bootstrap, task_liveness_timeout_ms=2000)
    t, path = topic("events"), folder + "/in"
    postgres.execute(db, EVENTS)
    writer = ledger.FileWriter(path, journal, "stop", pause=0.01)
    writer.start()
    worker.rest.create("src", configs.file_source(path, t))
    worker.rest.create("snk", configs.postgres_sink(
        postgres, db, t, "events"))
    wait_for("rows", lambda: in_table(postgres, db))
    old = [worker.kill_task(c, number=signal.SIGSTOP) for c in ("src", "snk")]
    for c, pid in zip(("src", "snk"), old):
        worker.wait_task(c, other_than=pid, timeout=60)
        assert not os.path.exists(f"/proc/{pid}")
        worker.rest.wait_running(c)
    writer.finish()
    report = ledger.wait_complete(journal, lambda: in_table(postgres, db))
    report.assert_none("phantoms", "corrupt")
    ledger.compare(journal, in_topic(kafka, t)).assert_at_least_once()
    report.assert_count(len(in_topic(kafka, t)), "records")


def test_a_machine_that_stood_still_kills_no_task(
        kafka, new_worker, topic, folder):
    """Worker and task are stopped for longer than a task may be silent, as
    by a host that takes its time: when they go on, neither was hung."""
    worker = new_worker(kafka.bootstrap, task_liveness_timeout_ms=3000)
    t, path = topic("lines"), folder + "/in"
    with open(path, "w", encoding="ascii") as f:
        f.write("one\n")
    worker.rest.create("src", configs.file_source(path, t))
    kafka.wait_records(t, 1)
    pids = [worker.process.pid, worker.pid_of_task("src")]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    time.sleep(4)  # that long it stands
    for pid in pids:
        os.kill(pid, signal.SIGCONT)
    with open(path, "a", encoding="ascii") as f:
        f.write("two\n")
    kafka.wait_records(t, 2)
    silent = time.monotonic() + 4
    while time.monotonic() < silent:
        assert worker.pid_of_task("src") == pids[1]
        time.sleep(0.1)


def test_a_killed_task_says_how_it_died(worker, kafka, topic, folder):
    t = topic("lines")
    worker.rest.create("src", configs.file_source(
        folder + "/none", t, errors_restart_enable="false"))
    worker.rest.wait_running("src")
    worker.kill_task("src", number=signal.SIGSEGV)
    trace = worker.rest.wait_task_failed("src")["trace"]
    assert "SIGSEGV" in trace, trace
    worker.rest.restart_task("src")
    worker.rest.wait_running("src")


def test_positions_survive_a_clean_restart(worker, kafka, topic, folder):
    t = topic("lines")
    path = folder + "/in"
    with open(path, "w", encoding="utf-8") as f:
        f.write("".join(f"line {n}\n" for n in range(1000)))
    worker.rest.create("src", configs.file_source(path, t))
    kafka.wait_records(t, 1000)
    worker.restart()
    worker.rest.wait_running("src")
    with open(path, "a", encoding="utf-8") as f:
        f.write("last\n")
    found = [r.value.decode() for r in kafka.wait_records(t, 1001)]
    assert found == [f"line {n}" for n in range(1000)] + ["last"]
    offsets = worker.rest.get("/connectors/src/offsets")
    assert json.dumps(offsets).count(path) == 1
