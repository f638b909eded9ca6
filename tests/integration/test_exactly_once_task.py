"""Exactly-once source tasks as processes without a worker: the test plays the
worker. What a reader of committed records sees is the judge."""

import json
import signal
import time

import pytest

from support import bank, ledger
from support.child import Child
from support.env import HOST, free_port, wait_for

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
        "offset.storage.replication.factor": "1",
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


def position_in(kafka, worker, path):
    """what is stored of a file"""
    found = positions(kafka, worker)[f'["lines",{{"filename":"{path}"}}]']
    return json.loads(found)["position"]


def test_each_poll_is_a_transaction(kafka, worker, topic):
    t = topic("numbers")
    with Child("task", "numbers", "0") as c:
        c.configure(worker, numbers(t, count=5000), stored=[])
        c.message("completed")
        assert c.wait() == 0
        assert c.metric("penstock_task_transactions_total") == 5
        assert c.metric("kafka_connect_source_task_transaction_size_max") \
            == 1000
    ledger.assert_same(values(kafka, t), list(range(5000)))
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
    ledger.assert_same(values(kafka, t), list(range(100000)))
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


def test_a_stop_while_kafka_is_away_is_no_failure(worker, topic):
    worker["bootstrap.servers"] = f"{HOST}:{free_port()}"
    with Child("task", "numbers", "0") as c:
        c.configure(worker, numbers(topic("numbers"), count=5), stored=[])
        c.status("RUNNING", cause="init of transactions")
        assert c.stop() == 0
        assert not c.all("failed")


def test_a_stop_between_two_starts_is_no_failure(worker, topic):
    worker["bootstrap.servers"] = f"{HOST}:{free_port()}"
    with Child("task", "numbers", "0") as c:
        c.configure(worker, numbers(topic("numbers"), count=5), stored=[])
        c.lease(60)
        c.status("RUNNING", cause="init of transactions")
        c.lease(2.4)
        c.message("log", test=lambda m: "starting again" in m["text"])
        assert c.stop() == 0
        assert not c.all("failed")


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
    ledger.assert_same(kafka.consume(t), before)
    assert bank.Book(before).check() == {n: 40 for n in range(4)}
    found = kafka.consume(worker["offset.storage.topic"])
    assert bank.positions(found, "bank") == {n: 40 for n in range(4)}


def test_positions_go_to_a_topic_of_the_connectors_own(
        kafka, worker, topic, unique):
    """It is made, compacted; the worker's gets copies in the transaction."""
    t, own = topic("numbers"), unique("own")
    config = numbers(t, count=3000, offsets_storage_topic=own)
    with Child("task", "numbers", "0") as c:
        c.configure(worker, config, stored=[])
        c.message("completed")
    assert kafka.topic_config(own)["cleanup.policy"] == "compact"
    expected = {'["numbers",{"counter":"numbers"}]': '{"next":3000}'}
    assert positions(kafka, worker, own) == expected
    assert positions(kafka, worker) == expected
    # What the own topic holds wins over what the worker knows.
    with Child("task", "numbers", "0") as c:
        c.configure(worker, dict(config, count="4000"), stored=[
            ['["numbers",{"counter":"numbers"}]', '{"next":500}']])
        c.message("completed")
    ledger.assert_same(values(kafka, t), list(range(4000)))


def test_what_the_broker_refuses_is_left_out(kafka, worker, topic, folder):
    """It takes its transaction with it, which comes again without it."""
    t, path = topic("lines", max_message_bytes=2000), folder + "/in"
    lines = [f"{n} " + ("x" * 3000 if n in (3, 7) else "") for n in range(10)]
    with open(path, "w", encoding="ascii") as f:
        f.write("".join(line + "\n" for line in lines))
    config = {"connector.class": "FileStreamSource", "file": path, "topic": t,
              "value.converter": bank.STRING, "errors.tolerance": "all",
              "producer.override.compression.type": "none"}
    with Child("task", "lines", "0") as c:
        c.configure(worker, config, stored=[])
        wait_for("the others", lambda: len(kafka.consume(t)) == 8, 60)
        assert c.stop() == 0
        assert c.metric(
            "kafka_connect_task_error_total_records_skipped") == 2
    ledger.assert_same([r.value.decode() for r in kafka.consume(t)],
                       [line for line in lines if len(line) < 100])
    assert position_in(kafka, worker, path) == sum(
        len(line) + 1 for line in lines)


def test_what_is_dropped_advances_its_position(kafka, worker, topic, folder):
    t, path = topic("lines"), folder + "/in"
    with open(path, "w", encoding="ascii") as f:
        f.write("a\nb\n")
    config = {"connector.class": "FileStreamSource", "file": path, "topic": t,
              "errors.tolerance": "all", "value.converter":
              "org.apache.kafka.connect.converters.IntegerConverter"}
    with Child("task", "lines", "0") as c:
        c.configure(worker, config, stored=[])
        wait_for("the position",
                 lambda: position_in(kafka, worker, path) == 4)
        assert c.stop() == 0
    assert kafka.consume(t) == []


def test_a_source_may_not_write_to_its_own_offsets(kafka, worker):
    with Child("task", "numbers", "0") as c:
        c.configure(worker, numbers(worker["offset.storage.topic"]),
                    stored=[])
        assert c.message("failed")["text"] == (
            "Source tasks may not produce to their own offsets topics when "
            "exactly-once support is enabled")


OFF = "This worker does not have exactly-once source support enabled."
NO_API = "The connector does not implement the API required for preflight " \
    "validation of exactly-once source support."
NOT_SO = "The connector does not support exactly-once semantics with the " \
    "provided configuration."
NO_BOUNDARIES = "The connector does not support connector-defined " \
    "transaction boundaries with the given configuration."


@pytest.mark.parametrize("support, config, key, expected", [
    ("enabled", {"connector.class": "com.example.BankSourceConnector"},
     "exactly.once.support", []),
    ("disabled", {"connector.class": "com.example.BankSourceConnector"},
     "exactly.once.support", [OFF]),
    ("preparing", {"connector.class": "com.example.BankSourceConnector"},
     "exactly.once.support", [OFF]),
    ("enabled", {"connector.class": "com.example.NumbersSourceConnector"},
     "exactly.once.support", [NO_API]),
    ("disabled", {"connector.class": "FileStreamSource"},
     "exactly.once.support", [OFF, NOT_SO]),
    ("enabled", {"connector.class": "FileStreamSource", "file": "/in"},
     "exactly.once.support", []),
    ("enabled", {"connector.class": "FileStreamSource", "file": "/in"},
     "transaction.boundary", [NO_BOUNDARIES]),
    ("enabled", {"connector.class": "com.example.BankSourceConnector"},
     "transaction.boundary", []),
])
def test_validation_says_what_cannot_be(support, config, key, expected):
    config = dict(config, name="c", topic="t", **{
        "exactly.once.support": "required",
        "transaction.boundary": "connector"})
    with Child("connector", "c") as c:
        c.configure({"bootstrap.servers": "localhost:9",
                     "exactly.once.source.support": support}, config)
        answer = c.request("validate", config=config)
    [errors] = [e["value"]["errors"] for e in answer["configs"]
                if e["value"]["name"] == key]
    assert len(errors) == len(expected), errors
    for error, start in zip(errors, expected):
        assert error.startswith(start)
