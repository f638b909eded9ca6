"""Fifty clients write and read the same connectors on three workers: what
they were told is what one register per connector would have told them, also
when the leader dies among them."""

import itertools
import json
import random
import threading

import pytest
import requests

from support import configs
from support.cluster import Cluster
from support.env import wait_for
from support.history import History, OK, REFUSED, UNKNOWN, violations
from support.ledger import must

CLIENTS = 50
WRITES_MIN = 60


@pytest.fixture(scope="module")
def three(kafka, shared_worker):
    c = shared_worker(kafka.bootstrap, start=False, cls=Cluster).start()
    c.numbers = itertools.count(1)
    return c


def config_of(number):
    return {**configs.file_source("/tmp/absent", "histories"),
            "batch.size": str(number)}


def write(session, worker, key, number):
    """A 409 says that nothing was done; a 500, or none at all, says nothing.
    Every second changes what is there.
    """
    method, body = (("PUT", config_of(number)) if number % 2 else
                    ("PATCH", {"batch.size": str(number)}))
    try:
        r = session.request(method,
                            f"{worker.rest.url}/connectors/{key}/config",
                            json=body, timeout=60)
    except requests.RequestException:
        return UNKNOWN, None
    if r.status_code in (200, 201):
        return OK, None
    return (REFUSED if r.status_code < 500 else UNKNOWN), None


def read(session, worker, key):
    try:
        r = session.get(f"{worker.rest.url}/connectors/{key}/config",
                        timeout=60)
    except requests.RequestException:
        return UNKNOWN, None
    if r.status_code != 200:
        return UNKNOWN, None
    return OK, int(r.json()["batch.size"])


class Clients:
    """Each asks one thing after the other, of whichever worker."""

    def __init__(self, cluster, keys, seed):
        self.cluster, self.keys, self.seed = cluster, keys, seed
        self.history = History()
        self.over = threading.Event()
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.run, args=(n,))
                        for n in range(CLIENTS)]

    def run(self, number):
        rng = random.Random(f"{self.seed}-{number}")
        session = requests.Session()
        while not self.over.is_set():
            worker = rng.choice(self.cluster.workers)
            key = rng.choice(self.keys)
            if rng.random() < 0.25:
                with self.lock:
                    value = next(self.cluster.numbers)
                outcome = self.history.ask(
                    "write", worker.port, key,
                    lambda w=worker, k=key, v=value: write(session, w, k, v),
                    value)
            else:
                outcome = self.history.ask(
                    "read", worker.port, key,
                    lambda w=worker, k=key: read(session, w, k))
            # One that is down refuses quickly.
            self.over.wait(0.05 if outcome == OK else 0.5)

    def acknowledged(self):
        return sum(e.kind == "write" and e.outcome == OK
                   for e in list(self.history.events))

    def until(self, count):
        wait_for(f"{count} writes", lambda: self.acknowledged() >= count,
                 120, 0.2)

    def __enter__(self):
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, *exc):
        self.over.set()
        for t in self.threads:
            t.join(90)


def logs(kafka, worker, keys):
    """What a plain reader finds of each connector, in order."""
    found = {key: [] for key in keys}
    for r in kafka.consume(worker.properties["config.storage.topic"]):
        name = (r.key or b"").decode().removeprefix("connector-")
        if name in found and r.key.startswith(b"connector-") and r.value:
            found[name].append(
                int(json.loads(r.value)["properties"]["batch.size"]))
    return found


@pytest.fixture
def keys(three, unique):
    names = [unique(n) for n in ("ha", "hb", "hc")]
    for name in names:
        worker = three.running()[0]
        r = worker.rest.request("POST", "/connectors", {
            "name": name, "config": config_of(next(three.numbers)),
            "initial_state": "STOPPED"})
        assert r.status_code == 201, r.text
    for w in three.running():
        wait_for("all to know them", lambda w=w: set(
            names) <= set(w.rest.connectors()))
    yield names
    for name in names:
        three.wait_leader().rest.delete(name)


def judge(kafka, three, clients, keys):
    events = clients.history.events
    counts = {(kind, outcome): sum(
        (e.kind, e.outcome) == (kind, outcome) for e in events)
        for kind in ("write", "read") for outcome in (OK, REFUSED, UNKNOWN)}
    print(counts)
    # What was on its way is decided before the log is read.
    for key in keys:
        assert three.wait_leader().rest.get(f"/connectors/{key}/config")
    wrong = violations(events, logs(kafka, three.workers[0], keys))
    must(not wrong, f"{len(wrong)}:\n" + "\n".join(wrong[:20]))
    return counts


def test_writes_are_linearizable_and_no_worker_goes_back(kafka, three, keys):
    with Clients(three, keys, "quiet") as clients:
        clients.until(WRITES_MIN)
    counts = judge(kafka, three, clients, keys)
    assert counts["read", OK] > WRITES_MIN


def test_they_are_when_the_leader_dies_in_the_middle(kafka, three, keys):
    with Clients(three, keys, "killed") as clients:
        clients.until(WRITES_MIN // 3)
        dead = three.wait_leader()
        dead.kill9()
        done = clients.acknowledged()
        clients.until(done + WRITES_MIN // 3)
        dead.start()
        clients.until(done + WRITES_MIN // 2)
    counts = judge(kafka, three, clients, keys)
    assert counts["write", UNKNOWN] + counts["read", UNKNOWN] > 0
