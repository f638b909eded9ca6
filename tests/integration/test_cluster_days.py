"""What a cluster lives through: workers drained, upgraded one by one, leaving
and standing still, and a broker of three that is away. The work goes on, all
of it arrives, and what need not move does not."""

import os
import signal
import time

import pytest

from support import configs, ledger, process
from support.cluster import Cluster, Stopwatch, worker_id
from support.env import SANITIZED, wait_for
from support.owners import Owners, tasks_of
from support.steady import Steady

WINDOW_S = 5
MIB = 1 << 20
FLOOD = 6000  # lines of 10 KB


def play(kafka, folder, count=3, pause=0.05, **settings):
    cluster = Cluster(folder, kafka.bootstrap, count, **settings)
    try:
        yield Steady(cluster.start(), kafka, pause=pause).start()
    finally:
        cluster.close()


@pytest.fixture
def work(kafka, folder):
    yield from play(kafka, folder)


def tasks_on(work, worker):
    return [slot for slot, ids in tasks_of(work.cluster).items()
            if worker_id(worker) in ids]


def drain(worker, on=True):
    r = worker.rest.request(
        "POST", "/admin/drain" + ("" if on else "?drain=false"))
    assert r.status_code == 202, r.text


def test_each_worker_is_drained_and_takes_work_again(work):
    """The leader too; what was elsewhere runs on in its process."""
    cluster = work.cluster
    for w in cluster.workers:
        others = [o for o in cluster.workers if o is not w]
        cluster.wait_running(work.names, on=cluster.workers)
        stays = {slot: pids for slot, pids in work.tasks().items()
                 if slot not in tasks_on(work, w)}
        drain(w)
        cluster.wait_running(work.names, on=others)
        assert not tasks_on(work, w)
        now = work.tasks()
        assert {slot: now[slot] for slot in stays} == stays
        drain(w, on=False)
    cluster.wait_running(work.names, on=cluster.workers)
    work.finish()


def test_workers_are_restarted_one_by_one(work):
    """Clean ends: nothing is written twice."""
    owners = Owners(work.cluster)
    owners.start()
    for w in work.cluster.workers:
        w.restart()
        work.cluster.wait_running(work.names, on=work.cluster.workers)
    reports = work.finish()
    print(f"written twice: { {n: len(r.duplicates) for n, r in reports.items()} }")
    owners.close()
    reports["topics"].assert_none("duplicates")


def test_a_leader_that_leaves_gives_its_work_away(work):
    leader = work.cluster.wait_leader()
    others = [w for w in work.cluster.workers if w is not leader]
    os.kill(leader.process.pid, signal.SIGTERM)
    watch = Stopwatch()
    work.cluster.wait_running(work.names, on=others, worker=others[0])
    print(f"the leader's work runs elsewhere after {watch.seconds():.2f} s")
    assert watch.seconds() < 1 + 6
    assert leader.process.wait(30) == 0
    work.finish()


class Strict:
    """Two sources whose topic takes nothing while a broker is away: one of
    lines that are always written, one that then has more than it may keep"""

    names = ["strict", "flood"]

    def __init__(self, kafka, work):
        self.kafka, self.rest = kafka, work.cluster.workers[0].rest
        self.paths = [f"{work.folder}/{name}" for name in self.names]
        self.writer = ledger.FileWriter(
            self.paths[0], ledger.Journal(f"{work.folder}/journal-strict"),
            "strict", pause=0.05)
        self.writer.start()
        open(self.paths[1], "wb").close()
        for name, path in zip(self.names, self.paths):
            kafka.create_topic(name, min_insync_replicas=3)
            self.rest.create(name, configs.file_source(path, name))
            self.rest.wait_running(name)
        kafka.wait_records("strict", 100)

    def flood(self):
        with open(self.paths[1], "ab") as f:
            f.write((b"x" * 9999 + b"\n") * FLOOD)

    def finish(self):
        self.writer.finish()
        ledger.wait_complete(self.writer.journal, lambda: [
            ledger.entry_from(r.value) for r in self.kafka.consume("strict")
        ]).assert_at_least_once()
        wait_for("all of the flood",
                 lambda: self.kafka.size("flood") >= FLOOD, 60)


def test_one_broker_of_three_is_away(three_brokers, folder):
    """The one that leads the config topic, for 20 s: no process ends, and
    what goes to a topic that takes nothing meanwhile (NOT_ENOUGH_REPLICAS)
    waits, says so, and is no longer read. (Trap K16)"""
    for work in play(three_brokers, folder,
                     config_storage_replication_factor=3,
                     offset_storage_replication_factor=3,
                     status_storage_replication_factor=3):
        topic = work.cluster.workers[0].properties["config.storage.topic"]
        admin = three_brokers.admin()
        node = admin.list_topics(topic, timeout=10).topics[topic].partitions[
            0].leader
        strict = Strict(three_brokers, work)
        before = work.tasks()
        assert len(before) == 8 and all(len(p) == 1 for p in before.values())
        three_brokers.kill(node)
        strict.flood()
        time.sleep(20)
        assert work.tasks() == before
        for name in strict.names:
            strict.rest.wait_cause(name, "has 2 of 3 replicas in sync")
        if not SANITIZED:
            assert process.peak(before["flood", 0][0]) < 40 * MIB
        three_brokers.start(node)
        work.cluster.wait_running([*work.names, *strict.names])
        strict.finish()
        reports = work.finish()
        assert work.tasks() == before
        print(f"node {node} away: { {n: str(r) for n, r in reports.items()} }")


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_the_broker_stands_still(own_kafka, folder):
    """For longer than its own session: its partitions have no leader for a
    moment then, and no log may stay unread for that."""
    for work in play(own_kafka, folder):
        broker = own_kafka.processes[1].pid
        for _ in range(8):
            time.sleep(2)
            os.kill(broker, signal.SIGSTOP)
            time.sleep(10)
            os.kill(broker, signal.SIGCONT)
            work.cluster.wait_running(work.names, timeout=90)
        work.finish()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("what", [
    "worker", "task", pytest.param("both", marks=pytest.mark.soak)])
def test_it_stands_still_for_a_minute(work, what):
    """Of what the others wrote meanwhile nothing is written again. What the
    worker's sink had not read is another's soon: its process, which goes on,
    leaves the group."""
    cluster = work.cluster
    ident = cluster.wait_running(work.names)[("a", 0)]
    zombie = cluster.by_id(ident)
    task = zombie.wait_task("a")
    pids = {"worker": [zombie.process.pid], "task": [task],
            "both": [zombie.process.pid, task]}[what]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    others = [w for w in cluster.workers if w is not zombie]
    wait_for("the task to run again", lambda: [
        ids for slot, ids in tasks_of(cluster).items() if slot == ("a", 0)
        and (what == "task" or ids != [ident])], 60)
    if what != "task":
        cluster.wait_running(work.names, on=others, worker=others[0])
    wait_for("another process", lambda: any(
        w.pid_of_task("a") not in (None, task) for w in cluster.workers), 60)
    work.wait_new(40)
    marks = work.marks()
    time.sleep(60)
    for pid in pids:
        if os.path.exists(f"/proc/{pid}"):
            os.kill(pid, signal.SIGCONT)
    cluster.wait_running(work.names, on=cluster.workers)
    time.sleep(5)
    for name, report in work.finish().items():
        late = [e for e in report.duplicates if e[2] > marks[e[1]]]
        print(f"{name}: {len(report.duplicates)} twice, none late: {not late}")
        ledger.must(not late, late[:10])


@pytest.mark.timeout(600)
@pytest.mark.parametrize("what", [
    "kill", "leave", pytest.param("join", marks=pytest.mark.soak)])
def test_others_do_not_feel_a_rebalance(kafka, folder, what):
    """Lines that come a hundred times a second: how many arrive in the five
    seconds around it, by tasks that stay where they are, of those that are
    written meanwhile."""
    for work in play(kafka, folder, pause=0.01):
        cluster = work.cluster
        cluster.wait_running(work.names, on=cluster.workers)
        time.sleep(WINDOW_S + 2)
        where = cluster.wait_running(work.names, on=cluster.workers)
        leaves, before = cluster.follower(), work.tasks()
        stay = [n for n, name in enumerate(work.sources)
                if where[(name, 0)] != worker_id(leaves)]
        marks, at = work.marks(), time.time() * 1000
        if what == "kill":
            leaves.kill9()
        elif what == "leave":
            os.kill(leaves.process.pid, signal.SIGTERM)
        else:
            cluster.add().start()
        time.sleep(WINDOW_S)
        end = time.time() * 1000
        came = [b - a for a, b in zip(marks, work.marks())]
        time.sleep(WINDOW_S * 2)
        work.stop_writing()
        now = work.tasks()
        for n in stay:
            slot = work.sources[n], 0
            assert now[slot] == before[slot], f"{slot} was moved"
            times = [r.timestamp for r in kafka.consume(work.topics[n])]
            sent = sum(at <= t < end for t in times)
            gap = max(b - a for a, b in zip(times, times[1:])
                      if a >= at - 500)
            print(f"{what}, source {n}: {sent} of {came[n]} lines in "
                  f"{end - at:.0f} ms; longest gap {gap} ms")
            assert sent >= 0.95 * came[n]
