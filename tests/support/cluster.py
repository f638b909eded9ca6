"""cluster: several workers with one group.id.

    c = Cluster(folder, kafka.bootstrap, 3).start()
    c.rest().create(...); c.wait_running(["orders"])
    c.leader().kill9(); c.wait_running(["orders"], on=c.running())
"""

import re
import subprocess
import time

from .env import BUILD, wait_for
from .worker import Worker

SESSION_S = 6  # brokers allow no shorter one
STARTS = 20  # of processes, as a measure of the machine
SLACK_MAX_S = 1


class Cluster:
    def __init__(self, folder, bootstrap, count=3, **settings):
        settings = {"session_timeout_ms": SESSION_S * 1000,
                    "heartbeat_interval_ms": 1500, **settings}
        self.folder, self.bootstrap = folder, bootstrap
        self.settings = settings
        self.workers = []
        for _ in range(count):
            self.add()

    def add(self, **settings):
        """One more worker, not started."""
        group = self.workers[0].group if self.workers else None
        w = Worker(self.folder, self.bootstrap, group=group,
                   **{**self.settings, **settings})
        self.workers.append(w)
        return w

    def start(self):
        """Those that do not run yet."""
        for w in self.workers:
            if not w.process.running():
                w.spawn()
        for w in self.workers:
            w.process.wait_ready(w.program, w.rest.healthy, 60)
        return self

    def close(self):
        for w in self.workers:
            if w.process.running():
                w.process.child.terminate()
        for w in self.workers:
            w.close()

    @property
    def logs(self):
        return [w.log for w in self.workers]

    def pids(self):
        return [p for w in self.workers for p in w.pids()]

    # Who is who

    def running(self):
        return [w for w in self.workers if w.process.running()]

    def leader(self):
        """The worker that has said last that it leads."""
        said = {}
        for w in self.running():
            lines = re.findall(r"(?:leads|does not lead) group .*epoch (\d+)",
                               w.log_text())
            last = re.findall(r"cluster: (leads|does not lead)", w.log_text())
            if lines and last[-1] == "leads":
                said[int(lines[-1])] = w
        return said[max(said)] if said else None

    def wait_leader(self, timeout=30):
        return wait_for("a leader", self.leader, timeout)

    def follower(self):
        leader = self.wait_leader()
        return next(w for w in self.running() if w is not leader)

    # Where things run

    def statuses(self, worker=None):
        worker = worker or self.running()[0]
        return {name: one["status"] for name, one in
                worker.rest.get("/connectors?expand=status").items()}

    def wait_running(self, names, on=None, timeout=60, worker=None):
        """Until all are RUNNING; on: the workers that run something are
        exactly these. Returns {(connector, task): worker's id}."""
        wanted = {worker_id(w) for w in on} if on is not None else None

        def check():
            found = self.statuses(worker)
            where = places(found, names)
            if wanted is not None and set(where.values()) != wanted:
                raise ValueError(found)
            return where
        return wait_for(f"{names} to run on {wanted}", check, timeout, 0.02)

    def by_id(self, ident):
        return next(w for w in self.workers if worker_id(w) == ident)


def worker_id(w):
    return f"{w.host}:{w.port}"


def places(statuses, names):
    """Of connectors that run with all their tasks; ValueError: not yet."""
    where = {}
    for name in names:
        s = statuses[name]
        parts = [(-1, s["connector"])] + [(t["id"], t) for t in s["tasks"]]
        if not s["tasks"] or any(p["state"] != "RUNNING" for _, p in parts):
            raise ValueError(statuses)
        where.update({(name, n): p["worker_id"] for n, p in parts})
    return where


def spread(where):
    """How many tasks each worker has."""
    counts = {}
    for (_, task), ident in where.items():
        if task >= 0:
            counts[ident] = counts.get(ident, 0) + 1
    return counts


class Stopwatch:
    def __init__(self):
        self.began = time.monotonic()

    def seconds(self):
        return time.monotonic() - self.began


def noise():
    """What this machine is slow by now: seconds that processes of no work
    take, one after another. Nothing of what is measured is in it."""
    watch = Stopwatch()
    for _ in range(STARTS):
        subprocess.run([f"{BUILD}/penstock", "help"], check=True,
                       stdout=subprocess.DEVNULL)
    return watch.seconds()


def in_time(what, seconds, limit, noises):
    """Of a quiet machine, where the noise is less than a tenth of a second,
    the limit is what was promised; of none it is much more."""
    slack = min(2 * max(noises), SLACK_MAX_S)
    told = (f"{what}: {seconds:.2f} s of {limit} s; noise "
            f"{', '.join(f'{n:.2f}' for n in noises)} s")
    print(told)
    assert seconds <= limit + slack, told
