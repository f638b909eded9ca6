"""Exactly-once source tasks as processes without a worker: the test plays the
worker. What a reader of committed records sees is the judge."""

import signal
import time

import pytest

from support import bank
from support.child import Child
from support.env import wait_for

JSON = "org.apache.kafka.connect.json.JsonConverter"


@pytest.fixture
def worker(kafka, unique):
    offsets = unique("offsets")
    kafka.create_topic(offsets, 3, **{"cleanup.policy": "compact"})
    return {
        "bootstrap.servers": kafka.bootstrap,
        "group.id": unique("group"),
        "key.converter": JSON, "key.converter.schemas.enable": "false",
        "value.converter": JSON, "value.converter.schemas.enable": "false",
        "offset.storage.topic": offsets,
        "offset.flush.interval.ms": "200",
        "exactly.once.source.support": "enabled",
    }


def numbers(topic, **more):
    more = {k.replace("_", "."): str(v) for k, v in more.items()}
    return {"connector.class": "com.example.NumbersSourceConnector",
            "name": "numbers", "topic": topic, **more}


def values(kafka, topic, isolation="read_committed"):
    return [int(r.value) for r in kafka.consume(topic, isolation)]


def markers(kafka, topic):
    """How many transactions have ended in the one partition of the topic."""
    return kafka.size(topic) - len(kafka.consume(topic, "read_uncommitted"))


def positions(kafka, worker, topic=None):
    found = kafka.consume(topic or worker["offset.storage.topic"])
    return {r.key.decode(): r.value and r.value.decode() for r in found}


def test_each_poll_is_a_transaction(kafka, worker, topic):
    t = topic("numbers")
    with Child("task", "numbers", "0") as c:
        c.configure(worker, numbers(t, count=5000), stored=[])
        c.message("completed")
        assert c.wait() == 0
        assert c.metric("penstock_task_transactions_total") == 5
        assert c.metric("kafka_connect_source_task_transaction_size_max") \
            == 1000
    assert values(kafka, t) == list(range(5000))
    assert markers(kafka, t) == 5
    assert positions(kafka, worker) == {
        '["numbers",{"counter":"numbers"}]': '{"next":5000}'}


def test_a_transaction_lasts_an_interval(kafka, worker, topic):
    """A batch about every 20 ms, a commit every 400 ms."""
    t = topic("numbers")
    with Child("task", "numbers", "0") as c:
        began = time.monotonic()
        c.configure(worker, numbers(
            t, count=100000, pause_ms=20, transaction_boundary="interval",
            transaction_boundary_interval_ms=400), stored=[])
        c.message("completed")
        took = time.monotonic() - began
        assert c.wait() == 0
    assert values(kafka, t) == list(range(100000))
    # The last ends with the source.
    assert 2 <= markers(kafka, t) <= took / 0.4 + 1


def test_transactions_end_where_the_connector_says(kafka, worker, topic):
    t = topic("bank")
    with Child("task", "bank", "0") as c:
        c.configure(worker, bank.config(
            t, streams=2, transfers=30, void_every=10), stored=[])
        c.message("completed")
        assert c.wait() == 0
        assert c.metric("penstock_task_transactions_aborted_total") == 6
    # 29: the last is void. Its position is kept all the same.
    assert bank.Book(kafka.consume(t), 10).check() == {0: 29, 1: 29}
    assert markers(kafka, t) == 60
    found = kafka.consume(worker["offset.storage.topic"])
    assert bank.positions(found, "bank") == {0: 30, 1: 30}


def test_a_transaction_that_is_open_at_a_stop_is_aborted(
        kafka, worker, topic):
    """A connector's boundary is far away: what was sent is not seen."""
    t = topic("bank")
    with Child("task", "bank", "0") as c:
        c.configure(worker, bank.config(t, pause_ms=300), stored=[])
        c.status("RUNNING")
        wait_for("half a transfer",
                 lambda: kafka.consume(t, "read_uncommitted"))
        assert c.stop() == 0
    seen = bank.Book(kafka.consume(t)).check()
    with Child("task", "bank", "0") as c:
        c.configure(worker, bank.config(t, transfers=20), stored=[])
        c.message("completed")
        assert c.wait() == 0
    assert bank.Book(kafka.consume(t)).check() == {n: 20 for n in range(4)}
    assert sum(seen.values()) < 80


def test_a_task_that_was_stopped_too_long_is_refused(kafka, worker, topic):
    """SIGSTOP within a transaction; another takes over; SIGCONT."""
    t = topic("bank")
    with Child("task", "bank", "0") as zombie:
        zombie.configure(worker, bank.config(t, pause_ms=50), stored=[])
        wait_for("some transfers", lambda: len(kafka.consume(t)) > 10)
        zombie.kill(signal.SIGSTOP)
        with Child("task", "bank", "0") as heir:
            heir.configure(worker, bank.config(t, transfers=40), stored=[])
            heir.message("completed")
            assert heir.wait() == 0
        before = kafka.consume(t)
        zombie.kill(signal.SIGCONT)
        why = zombie.message("failed")
        assert zombie.wait() != 0
    assert "fenced: another process has taken over the transactional id " \
        f"{worker['group.id']}-bank-0" in why["text"]
    assert kafka.consume(t) == before
    assert bank.Book(before).check() == {n: 40 for n in range(4)}
    found = kafka.consume(worker["offset.storage.topic"])
    assert bank.positions(found, "bank") == {n: 40 for n in range(4)}
