"""An exactly-once source whose transactions append to lists in several
partitions, while tasks, worker and brokers are killed: what a reader of
committed records saw all the time can be explained by some order of the
transactions, and each is there whole, and once. (Trap F5)"""

import random
import time

import pytest

from support import bank, lists
from support.env import BUILD, wait_for

PLUGINS = f"{BUILD}/plugins,{BUILD}/fixtures"
PARTITIONS = 4


@pytest.fixture
def played(new_worker):
    """played(kafka, topic): the worker, and the judge of what its only task
    writes"""
    judges = []

    def make(kafka, topic, **settings):
        worker = new_worker(kafka.bootstrap, plugin_path=PLUGINS,
                            exactly_once_source_support="enabled", **settings)
        judge = lists.Judge(kafka, topic, PARTITIONS)
        judges.append(judge)
        judge.start()
        worker.rest.create("bank", bank.config(
            topic, pause_ms=2, tasks_max=1))
        return worker, judge
    yield make
    for judge in judges:
        judge.close()


def size(judge):
    return sum(map(len, judge.seen().values()))


def wait_more(judge, count=40, timeout=90):
    enough = size(judge) + count
    wait_for(f"{enough} elements", lambda: size(judge) >= enough, timeout)


def finish(kafka, worker, judge, topic):
    wait_more(judge)
    wait_for("the stop", lambda: worker.rest.request(
        "PUT", "/connectors/bank/stop").status_code == 204, 120)
    worker.rest.wait_state("bank", "STOPPED")
    judge.check()
    assert bank.Book(kafka.consume(topic)).check()


def test_task_and_worker_are_killed(kafka, topic, played):
    rng = random.Random(5)
    t = topic("lists", PARTITIONS)
    worker, judge = played(kafka, t)
    for _ in range(4):
        wait_more(judge, 10)
        time.sleep(rng.random() * 0.2)
        worker.kill_task("bank")
    worker.kill9()
    worker.start()
    finish(kafka, worker, judge, t)


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(2))
def test_brokers_are_killed(three_brokers, played, seed):
    """One at a time, and tasks, some of them while it is away"""
    kafka, rng = three_brokers, random.Random(seed)
    t = kafka.create_topic("lists", PARTITIONS)
    worker, judge = played(kafka, t, **{
        f"{what}_storage_replication_factor": 3
        for what in ("config", "offset", "status")})
    for _ in range(2):
        for node in rng.sample((1, 2, 3), 3):
            wait_more(judge)
            kafka.kill(node)
            time.sleep(rng.random() * 4)
            if rng.random() < 0.7 and worker.pid_of_task("bank"):
                worker.kill_task("bank")
            wait_more(judge)
            kafka.start(node)
            in_sync(kafka, t)
    finish(kafka, worker, judge, t)


def in_sync(kafka, topic):
    def check():
        found = kafka.admin().list_topics(topic, timeout=5).topics[topic]
        return all(len(p.isrs) == 3 for p in found.partitions.values())
    wait_for("all to be in sync", check, 60)
