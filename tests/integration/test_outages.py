"""What is down for a while: the broker, Postgres, S3, an HTTP endpoint. Tasks
wait with the cause in their status; no record is lost, none is taken for
poison, and no one has to restart anything."""

import time

import pytest

from support import configs, ledger, process
from support.env import SANITIZED, wait_for
from support.front import CUT, SLOW_DOWN, Front, signature
from support.process import cpu_seconds
from support.receiver import Reply
from support.s3 import ACCESS_KEY, REGION, SECRET_KEY

TABLE = ("CREATE TABLE events (run text, writer int, seq bigint, key text, "
         "len int, crc bigint, body text)")


@pytest.fixture
def journal(folder):
    return ledger.Journal(folder + "/journal")


def rows_of(postgres, db):
    return [ledger.Entry(*row) for row in postgres.execute(
        db, "SELECT run, writer, seq, key, len, crc, body FROM events")]


MIB = 1 << 20


def test_the_broker_is_down_for_twenty_seconds(
        own_kafka, new_worker, postgres, db, s3, bucket, journal, folder):
    """Sources of a file and of a table, sinks into a table and S3. A source
    with far more to read than it has memory stops reading."""
    worker = new_worker(own_kafka.bootstrap)
    for t in ("events", "pg.origin", "archived", "flood"):
        own_kafka.create_topic(t)
    postgres.execute(db, TABLE)
    path, flood = folder + "/in", folder + "/flood"
    by_table, by_topic = (ledger.Journal(f"{folder}/journal-{n}")
                          for n in range(2))
    writers = [
        ledger.FileWriter(path, journal, "broker", pause=0.02),
        ledger.PostgresWriter(postgres, db, "origin", by_table, "pg",
                              pause=0.02),
        ledger.TopicWriter(own_kafka, "archived", by_topic, "s3", pause=0.2,
                           limit=2000)]
    for w in writers:
        w.start()
    open(flood, "wb").close()
    made = {
        "src": configs.file_source(path, "events"),
        "flood": configs.file_source(flood, "flood"),
        "pg": configs.postgres_source(postgres, db, "origin", "pg."),
        "snk": configs.postgres_sink(postgres, db, "events", "events"),
        "s3": configs.s3_sink(s3, bucket, "archived"),
    }
    for name, config in made.items():
        worker.rest.create(name, config)
    for name in made:
        worker.rest.wait_running(name)
    pids = {name: worker.wait_task(name) for name in made}
    own_kafka.kill()
    with open(flood, "ab") as f:
        for n in range(20):
            f.write(b"%d " % n + b"x" * 9990 + b"\n" + b"y" * 9999 + b"\n"
                    + (b"z" * 9999 + b"\n") * 1000)
    time.sleep(12)
    waiting = {**pids, "worker": worker.process.pid}
    began = {name: cpu_seconds(pid) for name, pid in waiting.items()}
    time.sleep(8)
    used = {name: cpu_seconds(pid) - began[name]
            for name, pid in waiting.items()}
    assert max(used.values()) < 0.4, f"who only waits: {used} s in 8 s"
    assert {c: worker.pid_of_task(c) for c in made} == pids, \
        "a broker's outage ends no process"
    assert worker.rest.connectors() == sorted(made)
    if not SANITIZED:
        assert process.peak(pids["flood"]) < 120 * MIB, "of 190 MiB to read"
    own_kafka.start()
    for w in writers:
        w.finish()
    report = ledger.wait_complete(journal, lambda: rows_of(postgres, db))
    report.assert_none("phantoms", "corrupt")
    report.assert_count(own_kafka.size("events"), "records")
    ledger.wait_complete(by_table, lambda: [
        ledger.entry_from(r.value) for r in own_kafka.consume("pg.origin")
    ]).assert_at_least_once()
    ledger.wait_complete(by_topic, lambda: [
        ledger.entry_from(e) for e in s3.lines(bucket, "topics/archived")
    ]).assert_exactly_once()
    wait_for("all of the flood", lambda: own_kafka.size("flood") >= 20040, 60)


def test_postgres_restarts_under_source_and_sink(
        own_postgres, kafka, worker, journal, unique):
    p, prefix = own_postgres, unique("s") + "."
    p.create_db("a")
    p.create_db("b")
    p.execute("b", TABLE)
    topic = kafka.create_topic(prefix + "src_events")
    writer = ledger.PostgresWriter(p, "a", "src_events", journal, "pg",
                                   pause=0.01)
    worker.rest.create("src", configs.postgres_source(
        p, "a", "src_events", prefix))
    worker.rest.create("snk", configs.postgres_sink(
        p, "b", topic, "events", **{
            "fields.whitelist": "run,writer,seq,key,len,crc,body"}))
    writer.start()
    for end in (p.restart, lambda: p.terminate_sessions("a"),
                lambda: p.terminate_sessions("b"),
                lambda: (p.kill(), p.start())):
        time.sleep(2)
        end()
    writer.finish()
    report = ledger.wait_complete(journal, lambda: rows_of(p, "b"))
    report.assert_none("phantoms", "corrupt")
    report.assert_count(len(kafka.consume(topic)), "records")
    for name in ("src", "snk"):
        worker.rest.wait_running(name)


def sometimes(index, _):
    """What S3 is like on a bad day."""
    if index % 5 == 1:
        return SLOW_DOWN
    if index % 5 == 3:
        return CUT
    return Front.CUT_AFTER if index % 7 == 4 else None


def test_s3_answers_503_and_cuts_and_nothing_for_a_while(
        s3, bucket, kafka, topic, worker, receiver, journal):
    t = topic("events")
    receiver.script(Front(sometimes))
    worker.rest.create("snk", configs.s3_sink(
        s3, bucket, t, flush_size=50, s3_proxy_url=receiver.url,
        errors_tolerance="all", s3_retry_backoff_ms=20,
        **{"errors.deadletterqueue.topic.name": t + ".dead",
           "errors.deadletterqueue.topic.replication.factor": 1}))
    writer = ledger.TopicWriter(kafka, t, journal, "s3", pause=0.01,
                                limit=3000)
    writer.start()
    time.sleep(1)
    s3.stop()
    worker.rest.wait_cause("snk", s3.url, "attempt")
    time.sleep(1)
    s3.start()
    writer.finish()
    ledger.wait_complete(journal, lambda: [
        ledger.entry_from(e)
        for e in s3.lines(bucket, "topics/" + t)]).assert_exactly_once()
    # The group may have offsets of other tests' topics too.
    wait_for("the commit", lambda: kafka.committed("connect-snk").get(
        (t, 0)) == 3000)
    assert {503, 0, 200} <= {r.status for r in receiver.requests}
    for r in receiver.requests:
        given, made = signature(r, ACCESS_KEY, SECRET_KEY, REGION)
        assert given == made, r.path
    assert t + ".dead" not in kafka.topics() \
        or kafka.consume(t + ".dead") == []


def test_http_answers_500_429_401_and_hangs(
        receiver, kafka, topic, worker, journal):
    """Each is an outage: waited for, never a dead letter."""
    t = topic("events")
    replies = [Reply(500), Reply(429, headers={"Retry-After": "1"}),
               Reply(401), Reply(503), Reply(408), Reply(504, hang=3),
               Reply(cut=True)]
    receiver.script(lambda i, _: replies[i // 3]
                    if i % 3 == 1 and i // 3 < len(replies) else None)
    worker.rest.create("snk", configs.http_sink(
        receiver.url, t, http_timeout=1, errors_tolerance="all",
        **{"errors.deadletterqueue.topic.name": t + ".dead",
           "errors.deadletterqueue.topic.replication.factor": 1}))
    writer = ledger.TopicWriter(kafka, t, journal, "http", pause=0.01,
                                limit=3000)
    writer.start()
    writer.finish()

    def rows():
        return [ledger.entry_from(e) for r in receiver.accepted()
                for e in r.json()]
    ledger.wait_complete(journal, rows).assert_at_least_once()
    assert t + ".dead" not in kafka.topics() \
        or kafka.consume(t + ".dead") == []
    worker.rest.wait_running("snk")


def test_an_endpoint_that_refuses_the_token_is_waited_for(
        receiver, kafka, topic, worker):
    t = topic("events")
    refusing = [True]
    receiver.script(lambda i, _: Reply(401) if refusing[0] else None)
    worker.rest.create("snk", configs.http_sink(receiver.url, t))
    kafka.produce(t, [b'{"n": %d}' % n for n in range(10)])
    worker.rest.wait_cause("snk", "401")
    refusing[0] = False
    wait_for("the records", lambda: sum(
        len(r.json()) for r in receiver.accepted()) == 10, 60)


def test_a_database_that_is_not_there_yet(own_postgres, kafka, worker, unique):
    """RUNNING by itself once it accepts connections."""
    p, prefix = own_postgres, unique("s") + "."
    p.create_db("d")
    p.execute("d", "CREATE TABLE t (id bigserial PRIMARY KEY, x int)")
    p.execute("d", "INSERT INTO t (x) SELECT generate_series(1, 10)")
    kafka.create_topic(prefix + "t")
    config = configs.postgres_source(p, "d", "t", prefix)
    worker.rest.create("src", config)
    kafka.wait_records(prefix + "t", 10)
    p.stop()
    worker.rest.wait_cause("src", "connect", "terminat", "shut")
    p.start()
    p.execute("d", "INSERT INTO t (x) SELECT generate_series(11, 20)")
    kafka.wait_records(prefix + "t", 20, timeout=30)
    worker.rest.wait_running("src")
