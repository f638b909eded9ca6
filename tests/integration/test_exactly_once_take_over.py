"""An exactly-once cluster of Kafka Connect is taken over and given back: its
topics, its transactions and its task's name go from one to the other and
back, whichever way the one before ends, while lines are written without a
pause. Who reads what is committed finds each of them once, in order."""

import json
import os
import signal

import pytest

from support import configs, ledger
from support.connect import Connect
from support.env import BUILD, wait_for

MORE = 1000
ANY = "read_uncommitted"
EXACTLY_ONCE = {"exactly_once_source_support": "enabled",
                "session_timeout_ms": 6000, "heartbeat_interval_ms": 2000}


def stop(worker):
    worker.stop()


def kill(worker):
    """What it had not committed waits for the next to fence it."""
    worker.kill9()


def freeze(worker):
    """Its machine stood still: it is back when the next is in its place."""
    worker.process.send(signal.SIGSTOP)


def records(kafka, topic, key, isolation="read_committed"):
    return [r.value for r in kafka.consume(topic, isolation)
            if r.key == key.encode()]


def goes_on(kafka, worker, topic):
    worker.rest.wait_running("src", tasks=1, timeout=120)
    kafka.wait_records(topic, len(kafka.consume(topic)) + MORE, timeout=120)


def nobody_is_left(kafka, group):
    """Its session has run out, and the next may join with other protocols."""
    wait_for("the group to be empty", lambda: not any(
        g.members for g in kafka.admin().list_groups(group, timeout=10)), 60)


@pytest.mark.parametrize("their_end, our_end", [
    (stop, stop), (kill, kill), (freeze, stop)])
def test_it_is_taken_over_and_given_back(
        kafka, new_worker, topic, folder, their_end, our_end):
    t, path = topic("lines"), folder + "/in"
    journal = ledger.Journal(folder + "/journal")
    writer = ledger.FileWriter(path, journal, "file", pause=0.05)
    writer.start()

    theirs = new_worker(kafka.bootstrap, cls=Connect, **EXACTLY_ONCE)
    theirs.rest.create("src", configs.file_source(path, t))
    goes_on(kafka, theirs, t)
    log = theirs.properties["config.storage.topic"]
    before = {key: records(kafka, log, key) for key in (
        "connector-src", "task-src-0", "commit-src", "tasks-fencing-src")}
    assert before["tasks-fencing-src"] == [b'{"task-count":1}']
    their_end(theirs)
    nobody_is_left(kafka, theirs.group)

    ours = new_worker(kafka.bootstrap, group=theirs.group, **EXACTLY_ONCE,
                      plugin_path=f"{BUILD}/plugins,{BUILD}/fixtures")
    goes_on(kafka, ours, t)
    if their_end is freeze:
        theirs.process.send(signal.SIGCONT)
        goes_on(kafka, ours, t)
        theirs.kill9()
    our_end(ours)
    nobody_is_left(kafka, theirs.group)

    theirs.start()
    goes_on(kafka, theirs, t)
    writer.finish()
    report = ledger.wait_complete(journal, lambda: [
        ledger.entry_from(r.value) for r in kafka.consume(t)])
    print(report)
    report.assert_exactly_once()

    # Nothing had to be made anew, and nothing hides the position.
    for key, values in before.items():
        assert records(kafka, log, key) == values, key
    theirs.stop()
    offsets = theirs.properties["offset.storage.topic"]
    key = f'["src",{{"filename":"{path}"}}]'
    size = os.path.getsize(path)
    for isolation in ("read_committed", ANY):
        last = json.loads(records(kafka, offsets, key, isolation)[-1])
        assert last["position"] == size, isolation
