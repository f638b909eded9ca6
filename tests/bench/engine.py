"""engine: the servers of a bench, its samples, and what is made of them."""

import json
import os
import statistics
import subprocess
import time

import confluent_kafka

from support import env, process, s3
from support.kafka import Kafka
from support.postgres import Postgres
from support.worker import Worker

POLL = 0.03     # seconds between looks at how far penstock is
LOOK = 0.3      # and at its memory, which costs the looked-at time
LIMIT = 600


class Sample:
    """One run of a leg. cpu and servers are seconds, memory bytes."""

    def __init__(self, rows, size, seconds, cpu, servers=None, memory=None):
        self.rows, self.size, self.seconds = rows, size, seconds
        self.cpu, self.servers, self.memory = cpu, servers, memory

    @property
    def rate(self):
        return self.rows / self.seconds


class Series:
    """All runs of a leg."""

    def __init__(self, path, leg):
        self.path, self.leg, self.samples = path, leg, []

    def _per_million(self, what):
        found = [getattr(s, what) / s.rows * 1e6 for s in self.samples
                 if getattr(s, what) is not None]
        return statistics.median(found) if found else None

    @property
    def best(self):
        return max(self.samples, key=lambda s: s.rate)

    @property
    def rate(self):
        return self.best.rate

    @property
    def slowest(self):
        return min(s.rate for s in self.samples)

    @property
    def megabytes(self):
        return self.best.size / self.best.seconds / 1e6

    @property
    def cpu(self):
        return self._per_million("cpu")

    @property
    def servers(self):
        return self._per_million("servers")

    @property
    def memory(self):
        found = [s.memory for s in self.samples if s.memory]
        return max(found) / 1e6 if found else None


class Sum:
    """The rate at which the legs together keep all cores busy."""

    def __init__(self, path, legs):
        self.path, self.leg = path, f"{os.cpu_count()} cores"
        self.cpu = sum(leg.cpu for leg in legs)
        self.servers = sum(leg.servers for leg in legs)
        self.rate = os.cpu_count() * 1e6 / (self.cpu + self.servers)
        self.slowest = self.megabytes = self.memory = None


def in_turn(path, legs):
    """One session does these, one after the other."""
    names = ", ".join(leg.leg.split()[0] for leg in legs)
    both = Series(path, f"{names} in turn")
    for parts in zip(*[leg.samples for leg in legs]):
        rows = parts[0].rows
        both.samples.append(Sample(
            rows, parts[0].size, rows * sum(1 / s.rate for s in parts),
            sum(s.cpu for s in parts), sum(s.servers for s in parts)))
    return both


class Plan:
    """How to measure a path. legs: (name, function) each; a function gives
    a Sample. in_turn: legs that one session does one after the other;
    beside: legs that are shown but not a part of the path."""

    def __init__(self, legs, penstock, in_turn=(), beside=()):
        self.legs, self.penstock = legs, penstock
        self.in_turn, self.beside = in_turn, beside


class Path:
    """What came of a path: floors, penstock, and the share."""

    def __init__(self, name, goal, floors, penstock):
        self.name, self.goal = name, goal
        self.floors, self.penstock = floors, penstock
        self.slowest = min(floors, key=lambda f: f.rate)
        self.share = penstock.rate / self.slowest.rate


class Bench:
    def __init__(self, folder, rows, runs):
        self.folder, self.rows, self.runs = folder, rows, runs
        self.paths, self.failures, self.notes = [], [], []
        self.missed = 0  # goals
        self.helpers = []  # servers of a single path
        self.number = 0
        self.load = os.getloadavg()[0]
        self.kafka = Kafka(folder, heap="1g", java=["-XX:+UseSerialGC"])
        self.postgres = Postgres(
            folder, fsync="on", shared_buffers="'512MB'",
            max_wal_size="'8GB'", checkpoint_timeout="'30min'")
        self.s3 = s3.S3(folder)
        self.worker = self.reader = None

    def start(self):
        assert os.path.exists(f"{env.BUILD}/penstock"), "run make first"
        self.kafka.start()
        self.reader = confluent_kafka.Consumer(
            {"bootstrap.servers": self.kafka.bootstrap, "group.id": "bench"})
        self.postgres.start()
        self.postgres.create_db("bench")
        self.s3.start()
        self.s3.create_bucket("bench")
        self.worker = Worker(self.folder, self.kafka.bootstrap)
        self._warm()

    def _warm(self):
        """The broker's code is compiled as it runs."""
        lines = self.plain_lines(100)
        for _ in range(3):
            topic = self.produced("warm", lines, self.rows)
            self.floor("consume", self.kafka.bootstrap, topic, self.rows)
            self.kafka.delete_topic(topic)

    def close(self):
        if self.reader:
            self.reader.close()
        for server in (self.worker, *self.helpers, self.s3, self.postgres,
                       self.kafka):
            if server:
                server.close()

    def beside(self, server):
        """one more server, whose `process` counts as the others do"""
        self.helpers.append(server)
        return server

    def judge(self, met):
        """met or not, for people; what is not is counted"""
        self.missed += not met
        return "met" if met else "NOT met"

    def servers_cpu(self):
        pids = [self.kafka.processes[1].pid, self.postgres.process.pid,
                self.s3.process.pid, *(h.process.pid for h in self.helpers)]
        return sum(process.cpu_seconds(p) for top in pids
                   for p in process.tree(top))

    # Running a path

    def run(self, name, goal, prepare):
        plan = prepare(self, name)
        floors = [Series(name, leg) for leg, _ in plan.legs]
        ours = Series(name, "penstock")
        for _ in range(self.runs):
            for series, (_, measure) in zip(floors, plan.legs):
                self.add(series, measure())
            self.add(ours, plan.penstock())
        shown = list(floors)
        if plan.in_turn:
            shown.append(in_turn(name, [f for f in floors
                                        if f.leg in plan.in_turn]))
        shown.append(Sum(name, [f for f in floors
                                if f.leg not in plan.beside]))
        self.paths.append(Path(name, goal, shown, ours))

    @staticmethod
    def add(series, sample):
        series.samples.append(sample)
        print(f"{series.path:11} {series.leg:15} {sample.rate:12,.0f} rows/s "
              f"{sample.cpu / sample.rows * 1e6:6.2f} CPU-s/M", flush=True)

    # Floors

    def floor(self, program, *args, rows=None, row_size=None):
        """rows, row_size: how many rows what it moved counts for, when it
        does not count rows of this path itself"""
        before = self.servers_cpu()
        out = subprocess.run(
            [f"{env.BUILD}/floors/{program}", *map(str, args)],
            capture_output=True, text=True, check=False)
        if out.returncode != 0:
            raise RuntimeError(f"floor {program}: {out.stderr}")
        found = json.loads(out.stdout)
        n = rows or (found["bytes"] // row_size if row_size else found["rows"])
        return Sample(n, found["bytes"], found["seconds"], found["cpu"],
                      self.servers_cpu() - before)

    # penstock

    def penstock(self, path, config, rows, size, progress):
        """Creates the connector and waits until progress() has come to
        `rows`. The rate is that from the first rows seen to the last, as
        that of the floors; processor time counts from the request on."""
        self.number += 1
        name = f"bench-{path}-{self.number}"
        try:
            self.worker.start()
            return self._measure(path, name, config, rows, size, progress)
        finally:
            self.worker.close()

    def _measure(self, path, name, config, rows, size, progress):
        before, servers = self.worker.cpu_seconds(), self.servers_cpu()
        peak, looked, own = 0, 0, time.process_time()
        first, requested = None, time.monotonic()
        self.worker.rest.create(name, {"tasks.max": 1, **config})
        while (seen := progress()) < rows:
            now = time.monotonic()
            if seen > 0 and first is None:
                first = now, seen
            if now - looked > LOOK:
                peak, looked = max(peak, self.worker.memory()), now
            if now - requested > LIMIT:
                raise TimeoutError(f"{seen} rows after {LIMIT} s: "
                                   f"{self.worker.rest.status(name)}")
            time.sleep(POLL)
        end = time.monotonic()
        since, at_first = first or (requested, 0)
        seconds = (end - since) * rows / (rows - at_first)
        sample = Sample(rows, size, seconds,
                        self.worker.cpu_seconds() - before,
                        self.servers_cpu() - servers, peak)
        self.notes.append(
            f"{path}: the first rows {since - requested:.2f} s, all "
            f"{end - requested:.2f} s after the request; the looking took "
            f"{time.process_time() - own:.2f} CPU-s")
        self.worker.rest.delete(name)
        return sample

    def records(self, topic):
        """Of its one partition, by a client that stays."""
        p = confluent_kafka.TopicPartition(topic, 0)
        return lambda: self.reader.get_watermark_offsets(p, timeout=10)[1]

    # What the paths are made of

    def topic(self, path):
        self.number += 1
        return self.kafka.create_topic(f"{path}-{self.number}")

    def lines(self, name, make, count):
        """A file of lines: make(i) without its newline."""
        path = f"{self.folder}/{name}"
        if not os.path.exists(path):
            with open(path, "w", encoding="utf-8", newline="\n") as f:
                f.writelines(make(i) + "\n" for i in range(1, count + 1))
        return path

    def plain_lines(self, length):
        return self.lines(
            f"lines-{length}",
            lambda i: f"{i:012d} ".ljust(length, "abcdefgh"[i % 8]),
            self.rows)

    def produced(self, path, lines, rows):
        """A topic with the file's lines in it."""
        topic = self.topic(path)
        self.floor("produce", self.kafka.bootstrap, topic, rows, lines)
        return topic
