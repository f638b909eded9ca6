"""Exactly-once connectors that are created and changed in the same moment,
while the work of the others is being placed: the fencing round of each waits
for what it needs, and no task fails for it. (Trap A15)"""

import datetime
import threading
import time

import pytest

from support import bank
from support.cluster import Cluster
from support.env import BUILD, wait_for

NAMES = ["a", "b", "c"]
MOMENT_S = 0.010


@pytest.fixture
def cluster(kafka, folder, request):
    c = Cluster(folder, kafka.bootstrap, 2,
                plugin_path=f"{BUILD}/plugins,{BUILD}/fixtures",
                exactly_once_source_support="enabled")
    request.node.worker_logs = c.logs
    yield c.start()
    c.close()


def at_once(act):
    """act(n, name) for each name in threads of their own; seconds between
    the first and the last of them."""
    line, times, failed = threading.Barrier(len(NAMES)), [], []

    def run(n, name):
        line.wait(10)
        times.append(time.monotonic())
        try:
            act(n, name)
        except Exception as e:  # pylint: disable=broad-except
            failed.append(e)
    threads = [threading.Thread(target=run, args=one)
               for one in enumerate(NAMES)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not failed, failed
    return max(times) - min(times)


def all_run(cluster, tasks, since):
    """Each at the first try, in processes of after that time."""
    def check(name, rest):
        found = rest.wait_running(name, tasks, 30)
        if any(task["since"] < since for task in found["tasks"]):
            raise ValueError(found)
        return found
    for n, name in enumerate(NAMES):
        found = wait_for(f"the new tasks of {name}", lambda n=n, c=name: check(
            c, cluster.workers[n % 2].rest))
        for task in found["tasks"]:
            assert task["restarts"] == 0 and "trace" not in task, found


def now():
    """As statuses have it"""
    return datetime.datetime.now(datetime.timezone.utc).isoformat(
        timespec="milliseconds")


def rounds(cluster, topic, count):
    """One task becomes two, or two become one."""
    rest = [w.rest for w in cluster.workers]
    spreads = []
    for n in range(count):
        for step, act in enumerate(("create", "put_config")):
            tasks = 1 + (n + step) % 2
            config = bank.config(topic, pause_ms=20, tasks_max=tasks)
            began = now()
            spreads.append(at_once(lambda i, name, a=act, c=config: getattr(
                rest[i % 2], a)(name, c)))
            all_run(cluster, tasks, began)
        at_once(lambda i, name: rest[i % 2].delete(name))
    quick = sum(s < MOMENT_S for s in spreads)
    print(f"{count} rounds, {quick} of {len(spreads)} within 10 ms")
    assert quick > len(spreads) / 2, spreads


def test_three_at_once(cluster, topic):
    rounds(cluster, topic("bank"), 15)


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_three_at_once_a_thousand_times(cluster, topic):
    rounds(cluster, topic("bank"), 1000)
