"""Exactly-once sources under a worker: transfers between accounts whose sum
must be 0 wherever a reader of committed records stands, while tasks, worker
and broker are killed, stopped and changed under it."""

import json
import os
import random
import signal
import time

import confluent_kafka
import pytest

from support import bank, configs, ledger
from support.connect import Connect
from support.env import BUILD, wait_for

PLUGINS = f"{BUILD}/plugins,{BUILD}/fixtures"
SEEDS = 10
KILLS = 4


@pytest.fixture
def eos_worker(kafka, new_worker):
    return new_worker(kafka.bootstrap, plugin_path=PLUGINS,
                      exactly_once_source_support="enabled")


@pytest.fixture
def judged(kafka, topic):
    """judged(**config): the topic, the connector's config, the judge."""
    judges = []

    def make(k=kafka, **over):
        t = topic("bank") if k is kafka else k.create_topic("bank")
        judge = bank.Judge(k, t, int(over.get("void_every", 0)))
        judges.append(judge)
        judge.start()
        return t, bank.config(t, pause_ms=5, tasks_max=2, **over), judge
    yield make
    for judge in judges:
        judge.close()


def records(kafka, topic):
    """The last value of each key, as a dict."""
    return {r.key.decode(): r.value and json.loads(r.value)
            for r in kafka.consume(topic)}


def wait_more(judge, count=20, timeout=60):
    """Transfers go on being made."""
    enough = judge.seen() + count
    wait_for(f"{enough} transfers", lambda: judge.seen() >= enough, timeout)


def finish(kafka, worker, judge, topic, name="bank"):
    """Stops it; then topic and positions agree to the last record."""
    # 409 until there is a leader again, as Kafka Connect in a rebalance
    wait_for("the stop", lambda: worker.rest.request(
        "PUT", f"/connectors/{name}/stop").status_code == 204, 120)
    worker.rest.wait_state(name, "STOPPED")
    seen = bank.Book(kafka.consume(topic), judge.book.void_every).check()
    found = bank.positions(
        kafka.consume(worker.properties["offset.storage.topic"]), name)
    for stream, count in seen.items():
        void = judge.book.void_every and \
            found[stream] % judge.book.void_every == 0
        ledger.assert_same(found[stream] - bool(void), count)
    return seen


@pytest.mark.parametrize("seed", range(SEEDS))
def test_tasks_are_killed(eos_worker, kafka, judged, seed):
    rng = random.Random(seed)
    t, config, judge = judged(void_every=rng.choice((0, 7)))
    eos_worker.rest.create("bank", config)
    for _ in range(KILLS):
        wait_more(judge, 3)
        time.sleep(rng.random() * 0.2)
        eos_worker.kill_task("bank", rng.randrange(2))
    wait_more(judge)
    finish(kafka, eos_worker, judge, t)


def test_the_worker_is_killed(eos_worker, kafka, judged):
    """Transactions that were open at the time hold nobody up for long."""
    t, config, judge = judged()
    eos_worker.rest.create("bank", config)
    for _ in range(3):
        wait_more(judge)
        eos_worker.kill9()
        eos_worker.start()
    wait_more(judge)
    finish(kafka, eos_worker, judge, t)


def test_the_broker_restarts(own_kafka, new_worker, judged):
    """Twice, asked and by kill -9, and no task process ends by it."""
    worker = new_worker(own_kafka.bootstrap, plugin_path=PLUGINS,
                        exactly_once_source_support="enabled")
    t, config, judge = judged(own_kafka)
    worker.rest.create("bank", config)
    wait_more(judge)
    pids = [worker.pid_of_task("bank", n) for n in range(2)]
    for end in (own_kafka.stop, own_kafka.kill):
        end()
        time.sleep(3)
        own_kafka.start()
        wait_more(judge)
    assert [worker.pid_of_task("bank", n) for n in range(2)] == pids
    finish(own_kafka, worker, judge, t)


def test_the_number_of_tasks_changes(eos_worker, kafka, judged):
    """Up and down; the config topic has the number before they run."""
    t, config, judge = judged()
    rest = eos_worker.rest
    log = eos_worker.properties["config.storage.topic"]
    for count in (2, 4, 1, 3):
        rest.put_config("bank", dict(config, **{"tasks.max": str(count)}))
        rest.wait_running("bank", tasks=count)
        wait_more(judge)
        assert records(kafka, log)["tasks-fencing-bank"] == {
            "task-count": count}
    finish(kafka, eos_worker, judge, t)
    written = [r.value for r in kafka.consume(log)
               if r.key == b"tasks-fencing-bank"]
    assert written == [b'{"task-count":%d}' % n for n in (2, 4, 1, 3)]


def transactional(kafka, name):
    p = confluent_kafka.Producer({
        "bootstrap.servers": kafka.bootstrap, "transactional.id": name,
        "log_level": 0})
    p.init_transactions(30)
    return p


def test_a_task_of_an_earlier_generation_commits_nothing(
        eos_worker, kafka, judged):
    """One of two tasks comes back from the dead when there is only one."""
    t, config, judge = judged()
    rest = eos_worker.rest
    rest.create("bank", config)
    wait_more(judge)
    rest.stop_connector("bank")
    rest.wait_state("bank", "STOPPED")
    zombie = transactional(kafka, f"{eos_worker.group}-bank-1")
    zombie.begin_transaction()
    zombie.produce(t, b'{"stream":0,"n":0,"amount":1}')
    zombie.flush(10)
    rest.put_config("bank", dict(config, **{"tasks.max": "1"}))
    rest.resume("bank")
    rest.wait_running("bank", tasks=1)
    wait_more(judge)
    with pytest.raises(confluent_kafka.KafkaException) as refused:
        zombie.commit_transaction(10)
    assert refused.value.args[0].code() in (
        confluent_kafka.KafkaError._FENCED,
        confluent_kafka.KafkaError.INVALID_PRODUCER_EPOCH)
    finish(kafka, eos_worker, judge, t)


def test_a_task_stands_still_for_longer_than_its_lease(
        kafka, new_worker, judged):
    """SIGSTOP, and CONT after another has taken its place."""
    worker = new_worker(kafka.bootstrap, plugin_path=PLUGINS,
                        exactly_once_source_support="enabled",
                        session_timeout_ms=3000, heartbeat_interval_ms=1000)
    t, config, judge = judged()
    worker.rest.create("bank", config)
    wait_more(judge)
    pid = worker.kill_task("bank", 0, signal.SIGSTOP)
    assert worker.wait_task("bank", 0, other_than=pid, timeout=60)
    wait_more(judge)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)
    finish(kafka, worker, judge, t)


@pytest.mark.parametrize("boundary", ["poll", "interval"])
def test_a_file_source_is_killed(eos_worker, kafka, topic, folder, boundary):
    rng = random.Random(boundary)
    journal = ledger.Journal(folder + "/journal")
    t, path = topic("lines"), folder + "/in"
    writer = ledger.FileWriter(path, journal, "file", pause=0.005)
    eos_worker.rest.create("src", configs.file_source(
        path, t, transaction_boundary=boundary,
        transaction_boundary_interval_ms=200))
    writer.start()
    last = None
    for _ in range(6):
        last = eos_worker.wait_task("src", other_than=last)
        time.sleep(rng.random() * 0.8)
        eos_worker.kill_task("src")
    writer.finish()

    ledger.wait_complete(journal, lambda: [
        ledger.entry_from(r.value) for r in kafka.consume(t)
    ]).assert_exactly_once()
    size, key = os.path.getsize(path), f'["src",{{"filename":"{path}"}}]'
    wait_for("the position", lambda: records(
        kafka, eos_worker.properties["offset.storage.topic"])[key]["position"]
        == size)


def transactional_ids(kafka, group):
    """Those that the cluster knows of the group, and are not the leader's."""
    found = set()
    for r in kafka.consume("__transaction_state", "read_uncommitted"):
        name = r.key[4:].decode()
        if r.value is not None and name.startswith(group):
            found.add(name[len(group):])
    return found


def traces(kafka, worker, path, topic):
    """What a file source leaves behind in Kafka, whoever ran it."""
    with open(path, "w", encoding="ascii") as f:
        f.write("a\nb\nc\n")
    worker.rest.create("src", configs.file_source(path, topic))
    kafka.wait_records(topic, 3, timeout=120)
    worker.rest.wait_running("src", tasks=1, timeout=120)
    found = wait_for("the position", lambda: kafka.consume(
        worker.properties["offset.storage.topic"]))
    config = [(r.key, r.value) for r in kafka.consume(
        worker.properties["config.storage.topic"])]
    return {
        "ids": transactional_ids(kafka, worker.group),
        "fencing": [value for key, value in config
                    if key == b"tasks-fencing-src"],
        "order": [key for key, _ in config if key in (
            b"commit-src", b"tasks-fencing-src")],
        "keys": {(r.key, r.partition) for r in found},
        "position": json.loads(found[-1].value)["position"],
    }


def test_kafka_connect_leaves_the_same_behind(
        kafka, new_worker, eos_worker, topic, folder):
    connect = new_worker(kafka.bootstrap, cls=Connect,
                         exactly_once_source_support="enabled")
    path = folder + "/in"  # its name decides the offset's partition
    theirs = traces(kafka, connect, path, topic("theirs"))
    ours = traces(kafka, eos_worker, path, topic("ours"))
    assert ours == theirs
    assert ours["ids"] == {"-src-0"}


def test_a_postgres_source_is_killed(eos_worker, kafka, postgres, db, unique,
                                     folder):
    rng = random.Random(11)
    journal = ledger.Journal(folder + "/journal")
    prefix = unique("s") + "."
    t = kafka.create_topic(prefix + "events")
    writer = ledger.PostgresWriter(postgres, db, "events", journal, "pg",
                                   pause=0.02)
    eos_worker.rest.create("src", configs.postgres_source(
        postgres, db, "events", prefix))
    writer.start()
    last = None
    for _ in range(6):
        last = eos_worker.wait_task("src", other_than=last)
        time.sleep(rng.random() * 0.8)
        eos_worker.kill_task("src")
    writer.finish()

    ledger.wait_complete(journal, lambda: [
        ledger.entry_from(r.value) for r in kafka.consume(t)
    ]).assert_exactly_once()
