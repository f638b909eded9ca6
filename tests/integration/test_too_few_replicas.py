"""Two brokers of three are away, and topics ask for two replicas in sync
(NOT_ENOUGH_REPLICAS), the worker's own too: it says so, and no position is
ahead of what is there. All of it goes on when they are back, in order, also
what was killed meanwhile. Brokers that are restarted or stand still one by
one: there is an election each time. One that is away: test_cluster_days.py.
(Trap K16)"""

import os
import signal
import time

import pytest

from support import configs, ledger
from support.cluster import Cluster
from support.env import wait_for
from support.rest import FAILED_WRITE, RestError
from support.steady import Steady

TWO_AWAY = (2, 3)
THREE = {f"{what}_storage_replication_factor": 3
         for what in ("config", "offset", "status")}


def in_sync(kafka, topic):
    found = kafka.admin().list_topics(topic, timeout=5).topics[topic]
    return [sorted(p.isrs) for p in found.partitions.values()]


@pytest.mark.soak
def test_two_of_three_are_away(one_voter, new_worker, folder):
    kafka = one_voter
    worker = new_worker(kafka.bootstrap, **THREE)
    names = ("stays", "killed")
    journals, writers = {}, []
    for n, name in enumerate(names):
        kafka.create_topic(name)
        journals[name] = ledger.Journal(f"{folder}/journal-{name}")
        writers.append(ledger.FileWriter(f"{folder}/{name}", journals[name],
                                         "k16", n, pause=0.02))
        writers[-1].start()
        worker.rest.create(name, configs.file_source(
            f"{folder}/{name}", name))
    for name in names:
        kafka.wait_records(name, 200)
    pid = worker.wait_task("killed")
    for node in TWO_AWAY:
        kafka.kill(node)
    wait_for("one in sync", lambda: in_sync(kafka, "stays") == [[1]])
    worker.kill_task("killed")
    worker.wait_log("all work is suspended")
    worker.rest.wait_state("stays", "UNASSIGNED")
    with pytest.raises(RestError) as e:
        worker.rest.create("late", configs.file_source(folder + "/x", "x"))
    assert FAILED_WRITE in e.value.text, e.value
    for node in TWO_AWAY:
        kafka.start(node)
    for name in names:
        worker.rest.wait_running(name)
    assert worker.wait_task("killed") != pid
    for w in writers:
        w.finish()
    for name in names:
        report = ledger.wait_complete(journals[name], lambda n=name: [
            ledger.entry_from(r.value) for r in kafka.consume(n)])
        print(f"{name}: {report}")
        report.assert_at_least_once()


def stand_still(kafka, node):
    """For longer than a broker's session"""
    os.kill(kafka.processes[node].pid, signal.SIGSTOP)
    time.sleep(8)
    os.kill(kafka.processes[node].pid, signal.SIGCONT)


def restart(kafka, node):
    kafka.stop(node)
    kafka.start(node)


def kill(kafka, node):
    kafka.kill(node)
    kafka.start(node)


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize("way", [restart, kill, stand_still])
def test_brokers_one_by_one(three_brokers, folder, way):
    """All three; no task process ends by it, and the order holds."""
    kafka = three_brokers
    cluster = Cluster(folder, kafka.bootstrap, **THREE)
    try:
        work = Steady(cluster.start(), kafka).start()
        before = work.tasks()
        for node in (1, 2, 3):
            way(kafka, node)
            for topic in work.topics:
                wait_for("all in sync", lambda t=topic: in_sync(
                    kafka, t) == [[1, 2, 3]], 90)
            cluster.wait_running(work.names, timeout=30)
        print({name: str(r) for name, r in work.finish().items()})
        assert work.tasks() == before
    finally:
        cluster.close()
