"""kill -9 of tasks at random moments, of the worker, and SIGSTOP of a task:
nothing is missing, and where the target keeps the position nothing is twice.
Every run is compared with a journal of what was written."""

import json
import os
import random
import signal
import time

import pytest

from support import configs, ledger
from support.env import wait_for
from support.receiver import Reply

KILLS = 20


def kill_at_random(worker, connector, seed, kills=KILLS):
    """kill -9 of the connector's task, so many times."""
    rng = random.Random(seed)
    last = None
    for _ in range(kills):
        last = worker.wait_task(connector, other_than=last)
        time.sleep(rng.random() * 0.6)
        worker.kill_task(connector)


def entries(rows):
    return [ledger.entry_from(r) for r in rows]


def in_topic(kafka, topic):
    return entries(r.value for r in kafka.consume(topic))


def wait_complete(journal, read, timeout=90):
    """Until nothing acknowledged is missing; returns the comparison."""
    def check():
        report = ledger.compare(journal, read())
        if report.missing:
            raise ValueError(str(report))
        return report
    return wait_for("all that was acknowledged", check, timeout, 0.5)


@pytest.fixture
def journal(folder):
    return ledger.Journal(folder + "/journal")


def test_a_postgres_source_task_is_killed(worker, kafka, postgres, db,
                                          journal, unique):
    prefix = unique("s") + "."
    topic = kafka.create_topic(prefix + "events")
    writers = [ledger.PostgresWriter(postgres, db, "events", journal, "pg",
                                     number=n, pause=0.02) for n in range(3)]
    worker.rest.create("src", configs.postgres_source(
        postgres, db, "events", prefix))
    for w in writers:
        w.start()
    kill_at_random(worker, "src", seed=1)
    for w in writers:
        w.finish()
    report = wait_complete(journal, lambda: in_topic(kafka, topic))
    # Three writers commit in any order: order holds per transaction only.
    assert not (report.phantoms or report.corrupt), str(report)


def test_a_file_source_task_is_killed(worker, kafka, topic, journal, folder):
    t = topic("lines")
    path = folder + "/in"
    writer = ledger.FileWriter(path, journal, "file", pause=0.005)
    worker.rest.create("src", configs.file_source(path, t))
    writer.start()
    kill_at_random(worker, "src", seed=2)
    writer.finish()
    wait_complete(journal, lambda: in_topic(kafka, t)).assert_at_least_once()


class RotatingWriter(ledger.FileWriter):
    """Renames its file now and then and goes on in a new one."""

    def __init__(self, path, *args, **kwargs):
        super().__init__(path, *args, **kwargs)
        self.path, self.rotations = path, 0

    def transaction(self, entries):
        outcome = super().transaction(entries)
        if self.rng.random() < 0.05:
            self.file.close()
            self.rotations += 1
            os.rename(self.path, f"{self.path}.{self.rotations:04}")
            self.file = open(self.path, "ab", buffering=0)
        return outcome


def test_a_log_is_rotated_while_its_source_is_killed(
        worker, kafka, topic, journal, folder):
    """Many times between two looks: each file is read to its end, in turn."""
    t = topic("lines")
    path = folder + "/in.log"
    writer = RotatingWriter(path, journal, "file", pause=0.005)
    worker.rest.create("src", configs.file_source(path, t))
    wait_for("where it begins", lambda: worker.rest.offsets("src"))
    writer.start()
    kill_at_random(worker, "src", seed=6, kills=6)
    writer.finish()
    assert writer.rotations > 5
    wait_complete(journal, lambda: in_topic(kafka, t)).assert_at_least_once()


def test_a_postgres_sink_task_is_killed(worker, kafka, topic, postgres, db,
                                        journal):
    """Insert mode without a key: what came twice would be there twice."""
    t = topic("events", partitions=3)
    postgres.execute(db, "CREATE TABLE events (run text, writer int, seq "
                     "bigint, key text, len int, crc bigint, body text)")
    worker.rest.create("snk", configs.postgres_sink(
        postgres, db, t, "events", insert_mode="insert", pk_mode="none"))
    writer = ledger.TopicWriter(kafka, t, journal, "pgsink", pause=0.01)
    writer.start()
    kill_at_random(worker, "snk", seed=3)
    writer.finish()

    def rows():
        return [ledger.Entry(*row) for row in postgres.execute(
            db, "SELECT run, writer, seq, key, len, crc, body FROM events")]
    report = wait_complete(journal, rows)
    assert not (report.duplicates or report.phantoms or report.corrupt), \
        str(report)


def test_an_s3_sink_task_is_killed(worker, kafka, topic, s3, bucket, journal):
    t = topic("events")
    worker.rest.create("snk", configs.s3_sink(s3, bucket, t, flush_size=100))
    writer = ledger.TopicWriter(kafka, t, journal, "s3", pause=0.01,
                                limit=10000)
    writer.start()
    kill_at_random(worker, "snk", seed=4)
    writer.finish()
    report = wait_complete(journal, lambda: entries(s3.lines(bucket, "topics/" + t)))
    report.assert_exactly_once()


def test_an_http_sink_task_is_killed(worker, kafka, topic, receiver, journal):
    """Requests linger and are not full, and most kills come when one was
    taken but not answered. What comes again comes under the same key:
    whoever takes each key once has each record once."""
    t = topic("events")
    receiver.script(lambda i, r: Reply(hang=0.2))
    worker.rest.create("snk", configs.http_sink(
        receiver.url, t, batch_linger_ms=30, batch_max_size=500))
    writer = ledger.TopicWriter(kafka, t, journal, "http", pause=0.01)
    writer.start()
    kill_at_random(worker, "snk", seed=5)
    writer.finish()

    def rows():
        return [ledger.entry_from(e) for r in receiver.accepted()
                for e in r.json()]
    wait_complete(journal, rows).assert_at_least_once()
    by_key = {}
    for r in receiver.accepted():
        key = r.headers["idempotency-key"]
        assert by_key.setdefault(key, r).body == r.body, key
    assert all(len(r.json()) <= 500 for r in by_key.values())
    ledger.compare(journal, [
        ledger.entry_from(e) for r in by_key.values() for e in r.json()
    ]).assert_exactly_once()


def test_the_worker_is_killed(worker, kafka, topic, postgres, db, journal,
                              folder):
    """Source and sink at once, three times; its tasks end with it."""
    t = topic("events")
    postgres.execute(db, "CREATE TABLE events (run text, writer int, seq "
                     "bigint, key text, len int, crc bigint, body text)")
    path = folder + "/in"
    writer = ledger.FileWriter(path, journal, "worker", pause=0.005)
    writer.start()
    worker.rest.create("src", configs.file_source(path, t))
    worker.rest.create("snk", configs.postgres_sink(
        postgres, db, t, "events"))
    for _ in range(3):
        worker.rest.wait_running("src")
        worker.rest.wait_running("snk")
        pids = [worker.wait_task("src"), worker.wait_task("snk")]
        time.sleep(0.7)
        worker.kill9()
        wait_for("its tasks to end", lambda p=pids: not any(
            os.path.exists(f"/proc/{pid}") for pid in p), timeout=5)
        worker.start()
    writer.finish()

    def rows():
        return [ledger.Entry(*row) for row in postgres.execute(
            db, "SELECT run, writer, seq, key, len, crc, body FROM events"
            " ORDER BY ctid")]
    report = wait_complete(journal, rows)
    assert not (report.phantoms or report.corrupt), str(report)
    in_kafka = in_topic(kafka, t)
    assert report.found == len(in_kafka), "the sink wrote some twice"


def test_a_stopped_task_is_replaced_and_writes_nothing_more(
        kafka, new_worker, topic, postgres, db, journal):
    """SIGSTOP: the worker misses its beats and replaces it. When the old
    process is there no more, nothing of it can come late."""
    worker = new_worker(kafka.bootstrap, task_liveness_timeout_ms=2000)
    t = topic("events")
    postgres.execute(db, "CREATE TABLE events (run text, writer int, seq "
                     "bigint, key text, len int, crc bigint, body text)")
    worker.rest.create("snk", configs.postgres_sink(
        postgres, db, t, "events"))
    writer = ledger.TopicWriter(kafka, t, journal, "stop", pause=0.01)
    writer.start()
    old = worker.kill_task("snk", number=signal.SIGSTOP)
    worker.wait_task("snk", other_than=old, timeout=60)
    assert not os.path.exists(f"/proc/{old}")
    worker.rest.wait_running("snk")
    writer.finish()

    def rows():
        return [ledger.Entry(*row) for row in postgres.execute(
            db, "SELECT run, writer, seq, key, len, crc, body FROM events")]
    report = wait_complete(journal, rows)
    assert not (report.duplicates or report.phantoms or report.corrupt), \
        str(report)


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
