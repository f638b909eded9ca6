"""Exactly-once sources on several workers: transfers whose sum is 0 wherever
a reader of committed records stands, while workers are killed, stopped and
moved, the brokers restart and the number of tasks changes."""

import contextlib
import json
import os
import random
import signal
import time

import pytest

from support import bank
from support.cluster import SESSION_S, Cluster
from support.env import BUILD, wait_for
from support.owners import Owners

PLUGINS = f"{BUILD}/plugins,{BUILD}/fixtures"
TASKS = 4
SEEDS = 3


def start(folder, kafka, count=3, **more):
    return Cluster(folder, kafka.bootstrap, count, plugin_path=PLUGINS,
                   exactly_once_source_support="enabled", **more).start()


@pytest.fixture
def scene(kafka, folder, topic):
    yield from play(kafka, folder, topic("bank"))


def play(kafka, folder, t, **more):
    """Three workers, a connector of four tasks, and the judge."""
    with contextlib.ExitStack() as ends:
        cluster = start(folder, kafka, **more)
        ends.callback(cluster.close)
        judge, owners = bank.Judge(kafka, t), Owners(cluster)
        for one in owners, judge:
            one.start()
            ends.callback(one.close)
        cluster.workers[0].rest.create("bank", bank.config(
            t, pause_ms=20, tasks_max=TASKS))
        cluster.wait_running(["bank"])
        yield kafka, cluster, judge, t
        finish(kafka, cluster, judge, t)
        owners.check()


def wait_more(judge, count=40, timeout=90):
    enough = judge.seen() + count
    wait_for(f"{enough} transfers", lambda: judge.seen() >= enough, timeout)


def back(cluster):
    for w in cluster.workers:
        if not w.process.running():
            w.start()


def finish(kafka, cluster, judge, t):
    """Stopped, topic and positions agree to the last record."""
    back(cluster)
    wait_more(judge)
    rest = cluster.workers[0].rest
    wait_for("the stop", lambda: rest.request(
        "PUT", "/connectors/bank/stop").status_code == 204, 120)
    rest.wait_state("bank", "STOPPED")
    seen = bank.Book(kafka.consume(t)).check()
    found = bank.positions(kafka.consume(
        cluster.workers[0].properties["offset.storage.topic"]), "bank")
    assert {s: found[s] for s in seen} == seen


@pytest.mark.parametrize("seed", [0, *[
    pytest.param(n, marks=pytest.mark.soak) for n in range(1, SEEDS)]])
def test_workers_are_killed(scene, seed):
    """The leader and others; some stay away until their work is taken over,
    some are back at once."""
    _, cluster, judge, _ = scene
    rng = random.Random(seed)
    for n in range(4):
        wait_more(judge)
        time.sleep(rng.random() * 0.3)
        dead = cluster.wait_leader() if n % 2 else rng.choice(
            [w for w in cluster.workers if w.process.running()])
        dead.kill9()
        if n == 1:
            others = [w for w in cluster.workers if w is not dead]
            cluster.wait_running(["bank"], worker=others[0], on=others)
            wait_more(judge)
        dead.start()


def test_work_moves(scene):
    """By draining, by a new worker, by one that leaves."""
    _, cluster, judge, _ = scene
    for w in cluster.workers:
        w.rest.request("POST", "/admin/drain")
        wait_for("nothing on it", lambda w=w: cluster.by_id(
            f"{w.host}:{w.port}") and w.pid_of_task("bank", 0) is None
            and w.pid_of_task("bank", 1) is None
            and w.pid_of_task("bank", 2) is None
            and w.pid_of_task("bank", 3) is None, 60)
        wait_more(judge)
        w.rest.request("POST", "/admin/drain?drain=false")
    new = cluster.add()
    new.start()
    wait_more(judge)
    cluster.workers[0].restart()
    wait_more(judge)


def test_the_number_of_tasks_changes(scene):
    kafka, cluster, judge, t = scene
    rest = cluster.follower().rest
    for count in (1, 3, 2, TASKS):
        rest.put_config("bank", bank.config(
            t, pause_ms=20, tasks_max=count))
        rest.wait_running("bank", tasks=count)
        wait_more(judge)
    counts = [json.loads(r.value)["task-count"] for r in kafka.consume(
        cluster.workers[0].properties["config.storage.topic"])
        if r.key == b"tasks-fencing-bank"]
    assert counts[-4:] == [1, 3, 2, TASKS]


def test_a_worker_stands_still_for_longer_than_its_lease(scene):
    """It comes back to find that others are where it was."""
    _, cluster, judge, _ = scene
    slot, ident = next((s, i) for s, i in cluster.wait_running(
        ["bank"]).items() if s[1] >= 0)
    zombie = cluster.by_id(ident)
    pids = [zombie.process.pid] + [
        p for n in range(TASKS) if (p := zombie.pid_of_task("bank", n))]
    assert len(pids) > 1 and slot
    for pid in pids:  # its tasks too: nothing of it sees the time go by
        os.kill(pid, signal.SIGSTOP)
    others = [w for w in cluster.workers if w is not zombie]
    try:
        cluster.wait_running(["bank"], worker=others[0], on=others)
        wait_more(judge)
        time.sleep(SESSION_S)
    finally:
        os.kill(zombie.process.pid, signal.SIGCONT)
        for pid in pids[1:]:
            if os.path.exists(f"/proc/{pid}"):
                os.kill(pid, signal.SIGCONT)
    cluster.wait_running(["bank"], on=cluster.workers)


@pytest.mark.soak
def test_the_broker_restarts(own_kafka, folder):
    """Asked and by kill -9, with three workers; no task's process ends."""
    for kafka, cluster, judge, _ in play(
            own_kafka, folder, own_kafka.create_topic("bank"),
            session_timeout_ms=20000, heartbeat_interval_ms=2000):
        wait_more(judge)
        before = {(w.port, n): w.pid_of_task("bank", n)
                  for w in cluster.workers for n in range(TASKS)}
        for end in (kafka.stop, kafka.kill):
            end()
            time.sleep(3)
            kafka.start()
            wait_more(judge)
        assert {(w.port, n): w.pid_of_task("bank", n)
                for w in cluster.workers for n in range(TASKS)} == before
