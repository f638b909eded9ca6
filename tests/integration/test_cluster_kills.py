"""kill -9 of the leader and of a follower among five workers, at every step
of a connector's life: afterwards all is placed, no task ever ran twice, what
was acknowledged holds and no line is missing."""

import os
import random
import signal
import threading
import time
import uuid

import pytest

from support import configs, ledger
from support.cluster import Cluster, Stopwatch
from support.env import wait_for
from support.owners import Owners, is_so
from support.process import children

SOURCES = ["a", "b"]
SINK = "sink"
ALL = SOURCES + [SINK]
# How soon after the request has gone out the worker dies.
KILL_WITHIN_S = 0.15
WAIT_S = 120


@pytest.fixture(scope="module")
def cluster(kafka, shared_worker):
    """Five workers, two sources, a sink of three."""
    c = shared_worker(kafka.bootstrap, start=False, cls=Cluster,
                      count=5).start()
    c.topics = [kafka.create_topic(f"{c.workers[0].group}-{n}")
                for n in SOURCES]
    for name, topic in zip(SOURCES, c.topics):
        c.workers[0].rest.create(name, configs.file_source(
            f"{c.folder}/{name}", topic))
    c.workers[0].rest.create(SINK, configs.file_sink(
        f"{c.folder}/out", ",".join(c.topics), tasks_max=3))
    return c


@pytest.fixture(scope="module")
def writers(cluster):
    """They write all the time."""
    journal = ledger.Journal(f"{cluster.folder}/journal")
    made = [ledger.FileWriter(f"{cluster.folder}/{name}", journal, "kills",
                              n, pause=0.2) for n, name in enumerate(SOURCES)]
    for w in made:
        w.start()
    yield made
    for w in made:
        w.finish()


@pytest.fixture
def whole(cluster):
    for w in cluster.workers:
        if not w.process.running():
            w.spawn()
    for w in cluster.workers:
        w.process.wait_ready(w.program, w.rest.healthy, WAIT_S)
    cluster.wait_running(ALL, timeout=WAIT_S)
    return cluster


@pytest.fixture
def owners(whole):
    watch = Owners(whole)
    watch.start()
    yield watch
    watch.close()


class Scene:
    """A connector of the test's own, and a worker that is asked."""

    def __init__(self, cluster, victim, name):
        self.cluster, self.victim, self.name = cluster, victim, name
        self.asked = next(w for w in cluster.workers if w is not victim and
                          w is not cluster.wait_leader())
        self.rest = self.asked.rest
        self.outcome = None

    def config(self, **over):
        return configs.file_source(f"{self.cluster.folder}/{self.name}",
                                   self.cluster.topics[0], **over)

    def made(self, state=None):
        """It is there, and in the state."""
        self.rest.create(self.name, self.config())
        self.rest.wait_running(self.name, timeout=WAIT_S)
        if state == "PAUSED":
            self.rest.pause(self.name)
        elif state == "STOPPED":
            self.rest.stop_connector(self.name)
        if state:
            self.rest.wait_state(self.name, state)

    def ask(self, *args, **kwargs):
        """In the background; the outcome is True, or False: nobody knows."""
        def run():
            try:
                r = self.rest.request(*args, **kwargs)
                self.outcome = r.status_code < 300
            except OSError:
                self.outcome = False
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        return thread

    def put(self, what):
        return self.ask("PUT", f"/connectors/{self.name}/{what}")

    # What is so afterwards

    def state(self):
        """ABSENT, or the one that the connector and all its tasks are in"""
        r = self.rest.request("GET", f"/connectors/{self.name}/status")
        if r.status_code == 404:
            return "ABSENT"
        s = r.json()
        found = {s["connector"]["state"]} | {t["state"] for t in s["tasks"]}
        if len(found) != 1 or (found == {"RUNNING"} and not s["tasks"]):
            raise ValueError(s)
        return found.pop()

    def wait(self, *wanted):
        wait_for(f"{self.name} to be {wanted}",
                 lambda: self.state() in wanted, WAIT_S)

    def gone(self):
        def delete():
            r = self.rest.request("DELETE", f"/connectors/{self.name}")
            return r.status_code in (204, 404) and self.state() == "ABSENT"
        wait_for(f"{self.name} to be gone", delete, WAIT_S, 0.3)


# Each begins what the kill comes into, and says what may be afterwards: the
# state when the request was answered, then that when it was not.

def create(s):
    thread = s.ask("POST", "/connectors",
                   {"name": s.name, "config": s.config()})
    return thread, "RUNNING", "ABSENT"


def start_of_connector(s):
    create(s)[0].join(WAIT_S)
    assert s.outcome
    return None, "RUNNING"


def task_configs(s):
    """The connector's own process makes them."""
    thread = create(s)[0]
    wait_for("its process", lambda: any(
        " connector " in f" {cmdline(p)} " and s.name in cmdline(p)
        for w in s.cluster.running() for p in children(w.process.pid))
        or s.outcome is not None, 10, 0.005)
    return thread, "RUNNING", "ABSENT"


def starting_tasks(s):
    thread = create(s)[0]
    wait_for("a task's process", lambda: any(
        w.pid_of_task(s.name) for w in s.cluster.running()), 20, 0.005)
    return thread, "RUNNING", "ABSENT"


def running(s):
    s.made()
    return None, "RUNNING"


def pause(s):
    s.made()
    return s.put("pause"), "PAUSED", "RUNNING"


def resume(s):
    s.made("PAUSED")
    return s.put("resume"), "RUNNING", "PAUSED"


def restart(s):
    s.made()
    return s.ask("POST", f"/connectors/{s.name}/restart?includeTasks=true"), \
        "RUNNING", "RUNNING"


def config_change(s):
    s.made()
    return s.ask("PUT", f"/connectors/{s.name}/config",
                 s.config(batch_size="7")), "RUNNING", "RUNNING"


def stop(s):
    s.made()
    return s.put("stop"), "STOPPED", "RUNNING"


def delete(s):
    s.made()
    return s.ask("DELETE", f"/connectors/{s.name}"), "ABSENT", "RUNNING"


def rebalance(s):
    """Another worker leaves: its work is on its way to the others."""
    s.made()
    leaving = next(w for w in s.cluster.workers if w not in (
        s.victim, s.asked, s.cluster.wait_leader()))
    os.kill(leaving.process.pid, signal.SIGTERM)
    return None, "RUNNING"


STEPS = [create, start_of_connector, task_configs, starting_tasks, running,
         pause, resume, restart, config_change, stop, delete, rebalance]


def cmdline(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as f:
            return f.read().decode(errors="replace").replace("\0", " ")
    except OSError:
        return ""


def check_ledger(cluster, kafka, writers):
    """All that is written by now arrives; the sink may have some twice."""
    journal = writers[0].journal

    def read():
        return [ledger.entry_from(r.value) for t in cluster.topics
                for r in kafka.consume(t) if r.value[:1] == b"{"]

    def read_sink():
        with open(f"{cluster.folder}/out", encoding="utf-8") as f:
            return [ledger.entry_from(x) for x in f
                    if x.endswith("\n") and x[0] == "{"]
    done = {k for k, v in journal.copy().items() if v == "ok"}
    for name, source in (("topics", read), ("sink", read_sink)):
        def complete(source=source):
            found = source()
            missing = done - {(e.run, e.writer, e.seq) for e in found}
            if missing:
                raise ValueError(f"{len(missing)} are missing")
            return found
        found = wait_for(f"all lines in the {name}", complete, WAIT_S, 0.3)
        report = ledger.compare(journal, found, ordered=False)
        wrong = [p for p in report.phantoms if p[2] < writers[p[1]].seq - 200]
        ledger.must(not wrong and not report.corrupt, report)


def run(cluster, step, role, rng, back_at_once=True):
    """The step, the kill in it, and what holds afterwards."""
    victim = cluster.wait_leader()
    if role == "follower":
        victim = next(w for w in cluster.workers if w is not victim)
    s = Scene(cluster, victim, f"s-{step.__name__}-{role}-"
              f"{uuid.uuid4().hex[:6]}".replace("_", "-"))
    thread, after, *before = step(s)
    time.sleep(rng.random() * KILL_WITHIN_S)
    victim.kill9()
    watch = Stopwatch()
    if back_at_once:
        victim.spawn()
    if thread is not None:
        thread.join(WAIT_S)
        assert not thread.is_alive(), "no answer"
    s.wait(*[after] if thread is None or s.outcome else [after, *before])
    for w in cluster.running():
        wait_for("all to run where it is said to", lambda w=w: not
                 w.process.running() or is_so(cluster, w, ALL), WAIT_S)
    print(f"{step.__name__}, {role}: answered {s.outcome}, all is well after "
          f"{watch.seconds():.1f} s")
    if step is config_change and s.outcome:
        assert s.rest.get(f"/connectors/{s.name}/config")["batch.size"] == "7"
    s.gone()


@pytest.mark.parametrize("step", STEPS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("role", ["leader", "follower"])
def test_a_worker_is_killed(whole, writers, owners, kafka, step, role):
    run(whole, step, role, random.Random(f"{step.__name__}/{role}"))
    if step is rebalance:
        check_ledger(whole, kafka, writers)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("role", ["leader", "follower"])
def test_workers_are_killed_for_long(whole, writers, owners, kafka, role):
    """As above, and whoever was killed comes back only when others have its
    work."""
    for seed in range(2):
        for step in STEPS:
            rng = random.Random(f"{seed}/{step.__name__}/{role}")
            run(whole, step, role, rng, back_at_once=False)
            check_ledger(whole, kafka, writers)
            owners.check()
            for w in whole.workers:
                if not w.process.running():
                    w.start()
            whole.wait_running(ALL, timeout=WAIT_S)
