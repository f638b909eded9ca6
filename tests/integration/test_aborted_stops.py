"""A stop that its leader did not live to commit: who reads without isolation,
as Kafka Connect does by default, takes it for done. The next leader mends that
and disturbs none of the connector's tasks, and Kafka Connect makes its own."""

import json

from support import configs, ledger
from support.connect import Connect
from support.env import wait_for

KEYS = ("task-src-0", "commit-src")


def written(kafka, topic, keys=KEYS):
    return [(r.key.decode(), r.value) for r in kafka.consume(topic)
            if r.key.decode() in keys]


def abort_a_stop(kafka, log):
    p = kafka.producer(transactional_id="somebody-" + log)
    p.init_transactions(30)
    p.begin_transaction()
    p.produce(log, key="commit-src", value='{"tasks":0}')
    p.produce(log, key="target-state-src", value=json.dumps(
        {"state": "PAUSED", "state.v2": "STOPPED"}))
    assert p.flush(10) == 0
    p.abort_transaction(30)


def append(path, *lines):
    with open(path, "a", encoding="ascii") as f:
        f.write("".join(line + "\n" for line in lines))


def test_tasks_go_on_behind_a_stop_that_was_aborted(
        kafka, new_worker, topic, folder):
    t, path = topic("lines"), folder + "/in"
    append(path, "a")
    ours = new_worker(kafka.bootstrap)
    log = ours.properties["config.storage.topic"]
    ours.rest.create("src", configs.file_source(path, t))
    kafka.wait_records(t, 1)
    before = written(kafka, log)
    assert [key for key, _ in before] == list(KEYS)
    ours.stop()
    abort_a_stop(kafka, log)
    ours.start()
    append(path, "b")
    kafka.wait_records(t, 2)
    ours.wait_log("target-state-src is written again")
    assert written(kafka, log) == before
    ours.stop()

    theirs = new_worker(kafka.bootstrap, cls=Connect, group=ours.group)
    theirs.rest.wait_running("src", tasks=1, timeout=120)
    append(path, "c")
    kafka.wait_records(t, 3)
    ledger.assert_same([r.value for r in kafka.consume(t)], [
        b"a", b"b", b"c"])
    wait_for("its state", lambda: theirs.rest.status("src")["connector"][
        "state"] == "RUNNING")
