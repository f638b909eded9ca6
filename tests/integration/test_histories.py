"""Fifty clients create, change, pause, restart, delete and read the same
connectors on three workers: what they were told is what one register per
connector would have told them, also when the leader dies among them."""

import itertools
import json
import os
import random
import threading

import pytest
import requests

from support import configs, history
from support.cluster import Cluster
from support.env import wait_for
from support.history import CREATED, GONE, History, OK, REFUSED, THERE, UNKNOWN
from support.ledger import must

CLIENTS = 50
WRITES_MIN = 120
# Of short ones, each with connectors of its own.
HISTORIES = int(os.environ.get("HISTORIES", "500"))
ANSWERS_MIN = 200
# How often each is asked.
WISHES = {"read": 50, "list": 15, "put": 8, "patch": 6, "delete": 6,
          "create": 8, "pause": 3, "stop": 3, "resume": 1, "restart": 4}
TARGETS = {"pause": history.PAUSED, "resume": history.STARTED,
           "stop": history.STOPPED}
STATES = {history.PAUSED: "PAUSED", history.STARTED: "RUNNING",
          history.STOPPED: "STOPPED"}


@pytest.fixture(scope="module")
def three(kafka, shared_worker):
    c = shared_worker(kafka.bootstrap, start=False, cls=Cluster).start()
    c.numbers = itertools.count(1)
    return c


def config_of(number):
    return {**configs.file_source("/tmp/absent", "histories"),
            "batch.size": str(number)}


def request_of(wish, key, number):
    """Method, path and body."""
    path = f"/connectors/{key}"
    return {
        "read": ("GET", path + "/config", None),
        "list": ("GET", "/connectors", None),
        "put": ("PUT", path + "/config", config_of(number)),
        "patch": ("PATCH", path + "/config", {"batch.size": str(number)}),
        "create": ("POST", "/connectors", {
            "name": key, "config": config_of(number),
            "initial_state": "STOPPED"}),
        "delete": ("DELETE", path, None),
        "restart": ("POST", path + "/restart", None),
    }.get(wish, ("PUT", f"{path}/{wish}", None))


def outcome_of(wish, r):
    """A 409 says that nothing was done; a 500, or none at all, says
    nothing."""
    if r.status_code == 404:
        return OK if wish == "read" else GONE
    if r.status_code == 409 and "already exists" in r.text:
        return THERE
    if r.status_code == 201:
        return CREATED
    if r.status_code < 300:
        return OK
    return REFUSED if r.status_code < 500 else UNKNOWN


def ask(session, worker, wish, key, keys, number):
    method, path, body = request_of(wish, key, number)
    try:
        r = session.request(method, worker.rest.url + path, json=body,
                            timeout=60)
    except requests.RequestException:
        return UNKNOWN, None
    outcome, found = outcome_of(wish, r), None
    if wish == "list" and outcome == OK:
        found = {one: one in r.json() for one in keys}
    elif wish == "read" and r.status_code == 200:
        found = int(r.json()["batch.size"])
    return outcome, found


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
            [wish] = rng.choices(list(WISHES), WISHES.values())
            outcome = self.ask(session, worker, wish, key)
            # Nobody is told less than what he was told a moment ago.
            if wish not in ("read", "list"):
                self.ask(session, worker, "read", key)
            # One that is down refuses quickly.
            self.over.wait(0.5 if outcome == UNKNOWN else 0.05)

    def ask(self, session, worker, wish, key):
        with self.lock:
            value = next(self.cluster.numbers)
        return self.history.ask(
            "target" if wish in TARGETS else wish, worker.port, key,
            lambda: ask(session, worker, wish, key, self.keys, value),
            TARGETS.get(wish, value))

    def acknowledged(self):
        return sum(e.kind in history.WRITES and e.outcome in (OK, CREATED)
                   for e in list(self.history.events))

    def until_asked(self, count):
        wait_for(f"{count} answers",
                 lambda: len(self.history.events) >= count, 120, 0.05)

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
        what, _, name = (r.key or b"").decode().partition("-")
        if what == "target":
            name = name.removeprefix("state-")
        value = json.loads(r.value) if r.value else None
        if name not in found or what not in ("target", "connector"):
            continue
        if value is not None:
            value = (value["state.v2"] if what == "target" else
                     int(value["properties"]["batch.size"]))
        found[name].append(("config" if what == "connector" else what, value))
    return found


def forget(three, names):
    for name in names:
        three.wait_leader().rest.request("DELETE", f"/connectors/{name}")


@pytest.fixture
def keys(three, unique):
    names = [unique(n) for n in ("ha", "hb", "hc")]
    yield names
    forget(three, names)


def settle(three, log):
    """Until each worker shows each connector as it was wanted last."""
    for key, records in log.items():
        *_, last = history.registers(records)
        for w in three.running():
            if last is history.ABSENT:
                wait_for(f"{key} to be gone", lambda w=w, k=key: w.rest.request(
                    "GET", f"/connectors/{k}/status").status_code == 404)
            else:
                wait_for(f"{key} to be {last.wanted}", lambda w=w, k=key,
                         s=STATES[last.wanted]: w.rest.status(k)[
                             "connector"]["state"] == s)


def judge(kafka, three, clients, keys):
    events = clients.history.events
    counts = {outcome: sum(e.outcome == outcome for e in events)
              for outcome in history.ANSWERS + (REFUSED, UNKNOWN)}
    print(counts, {kind: sum(e.kind == kind and e.outcome in (OK, CREATED)
                             for e in events)
                   for kind in history.WRITES + ("restart", "read", "there")})
    # What was on its way is decided before the log is read.
    for key in keys:
        three.wait_leader().rest.request("DELETE", f"/connectors/{key}-none")
        three.wait_leader().rest.request("GET", f"/connectors/{key}/config")
    log = logs(kafka, three.workers[0], keys)
    wrong = history.violations(events, log)
    must(not wrong, f"{len(wrong)}:\n" + "\n".join(wrong[:20]))
    settle(three, log)
    return counts


def test_writes_are_linearizable_and_no_worker_goes_back(kafka, three, keys):
    with Clients(three, keys, "quiet") as clients:
        clients.until(WRITES_MIN)
    counts = judge(kafka, three, clients, keys)
    assert min(counts[o] for o in (OK, CREATED, GONE, THERE)) > 3


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
    assert counts[UNKNOWN] > 0


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_many_short_histories(kafka, three, unique):
    """All begin with connectors that nobody has heard of: most races are
    those of the first requests."""
    asked = 0
    for seed in range(HISTORIES):
        keys = [unique(n) for n in ("ha", "hb", "hc")]
        with Clients(three, keys, f"short-{seed}") as clients:
            clients.until_asked(ANSWERS_MIN)
        judge(kafka, three, clients, keys)
        asked += len(clients.history.events)
        forget(three, keys)
    print(f"{HISTORIES} histories, {asked} answers")
    assert asked >= HISTORIES * ANSWERS_MIN > 0
