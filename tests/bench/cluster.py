"""cluster: several workers and many connectors, beside Kafka Connect.

The same file sources run on both, with the same settings: what a create
takes when there are 10, 100, 1,000 connectors, what a connector takes of
memory, how long a killed worker's tasks are away and those of one that is
asked to end, how long it takes until one that joins has its share, and how
long a task that has nothing to do with it stands still (Kafka Connect's file
source looks for lines once a second).
"""

import statistics
import time

from support import process
from support.cluster import Cluster, Stopwatch, places, worker_id
from support.connect import Connect
from support.unaffected import RATE, Lines, Window
from support.worker import Worker

STRING = "org.apache.kafka.connect.storage.StringConverter"
SESSION_MS = 10000
SMALL = 20              # connectors when workers come and go
LIMIT_S = 600
# Kafka Connect has one process, whose heap must hold them all.
SIZES = {"penstock": (10, 100, 1000), "Kafka Connect": (10, 100, 200)}
KINDS = {"penstock": (Worker, {}),
         # Its default leaves a dead worker's tasks away for 5 minutes.
         "Kafka Connect": (Connect, {"heap": "2g",
                                     "scheduled_rebalance_max_delay_ms": 0})}


class Workers(Cluster):
    """As many as one asks for, of either kind."""

    def __init__(self, b, name, count):
        self.cls, more = KINDS[name]
        self.name, self.b = name, b
        super().__init__(b.folder, b.kafka.bootstrap, count,
                         session_timeout_ms=SESSION_MS,
                         heartbeat_interval_ms=3000, **more)
        self.topic = b.topic("cluster")

    def add(self, **settings):
        group = self.workers[0].group if self.workers else None
        self.workers.append(self.cls(self.folder, self.bootstrap, group=group,
                                     **{**self.settings, **settings}))

    def start(self):
        for w in self.workers:
            if not w.process.running():
                w.start(200)
        return self

    def config(self, name):
        path = f"{self.folder}/{self.topic}-{name}"
        with open(path, "w", encoding="ascii") as f:
            f.write("line\n")
        return {"connector.class": "FileStreamSource", "tasks.max": "1",
                "file": path, "topic": self.topic, "value.converter": STRING}

    def create(self, name):
        watch = Stopwatch()
        config = self.config(name)
        while True:
            answer = self.workers[0].rest.request(
                "POST", "/connectors", {"name": name, "config": config})
            if answer.status_code == 201:
                return watch.seconds()
            # Kafka Connect says 409 while it rebalances: the client's to try.
            assert answer.status_code == 409, answer.text
            time.sleep(0.05)

    def memory(self):
        return sum(process.memory(p) for w in self.running()
                   for p in process.tree(w.process.pid))

    def wait_spread(self, names, on):
        """Until all run, on exactly these workers."""
        self.wait_running(names, on=on, timeout=LIMIT_S, worker=on[0])


def creates(b, name):
    workers = Workers(b, name, 1).start()
    made = 0
    try:
        before = workers.memory()
        for size in SIZES[name]:
            watch = Stopwatch()
            took = [workers.create(f"c{n}") for n in range(made, size)]
            names = [f"c{n}" for n in range(size)]
            workers.wait_running(names, timeout=LIMIT_S)
            each = (workers.memory() - before) / size
            made = size
            b.notes.append(
                f"{name}, {size} connectors: create p50 "
                f"{statistics.median(took) * 1e3:.0f} ms, p99 "
                f"{sorted(took)[int(len(took) * .99)] * 1e3:.0f} ms; the last "
                f"{len(took)} all up after {watch.seconds():.1f} s; "
                f"{each / 1e6:.1f} MB each, "
                f"{workers.memory() / 1e6:,.0f} MB in all")
            print(b.notes[-1], flush=True)
    finally:
        workers.close()


def feed(workers, name, topic):
    """A source with a topic of its own, and who feeds it."""
    config = {**workers.config(name), "topic": topic}
    workers.workers[0].rest.create(name, config)
    lines = Lines(config["file"])
    lines.start()
    return lines


def moves(b, name):
    workers = Workers(b, name, 2)
    first, second = workers.workers
    own = b.topic("unaffected")
    names = [f"m{n}" for n in range(SMALL)] + ["unaffected"]
    first.start(200)
    lines = feed(workers, "unaffected", own)
    try:
        for n in names[:-1]:
            workers.create(n)
        workers.wait_spread(names, [first])
        watch = Stopwatch()
        second.start(200)
        ready = watch.seconds()
        workers.wait_spread(names, [first, second])
        joined = watch.seconds() - ready
        where = places(workers.statuses(first), names)
        away = second if where[("unaffected", 0)] == worker_id(first) \
            else first
        there = first if away is second else second
        middle = int(time.time() * 1e3)
        away.kill9()
        watch = Stopwatch()
        workers.wait_spread(names, [there])
        over = watch.seconds()
        time.sleep(1)
        ended = int(time.time() * 1e3)
        away.start(200)
        workers.wait_spread(names, [first, second])
        watch = Stopwatch()
        away.process.child.terminate()
        workers.wait_spread(names, [there])
        left = watch.seconds()
        window = Window(b.kafka, own, lines, middle, ended)
        b.notes.append(
            f"{name}, 2 workers, {len(names)} connectors, session "
            f"{SESSION_MS // 1000} s: one that joins has its share after "
            f"{joined:.1f} s, a killed one's tasks run after {over:.1f} s, "
            f"those of one that is asked to end after {left:.1f} s; a task "
            "that stays stands still for at most "
            f"{window.longest_gap():.2f} s meanwhile and delivers "
            f"{window.share():.1%} of the {RATE:,.0f} "
            f"lines/s that come ({window.worst_second():.1%} in the worst "
            "second)")
        print(b.notes[-1], flush=True)
    finally:
        lines.over.set()
        workers.close()


def measure(b):
    for name in KINDS:
        creates(b, name)
        moves(b, name)
