"""A broker's disk is full (K16): all of it, and the broker ends, or one of its
two, and the partitions there have no leader. It is said, nothing spins, no
position is ahead of what is there, and with a larger disk all of it goes on,
also what was killed meanwhile."""

import json
import os
import time

import pytest

from support import configs, ledger
from support.disk import MIB, Disk
from support.env import wait_for
from support.kafka import Kafka
from support.process import cpu_seconds

SMALL_MIB, LARGE_MIB = 40, 400
SESSION_S = 6
LOOK_S = 5
CPU_SHARE = 0.2


@pytest.fixture
def disk(folder):
    try:
        d = Disk(folder + "/disk", SMALL_MIB)
    except OSError as e:
        pytest.skip(f"no file system can be mounted here: {e}")
    yield d
    d.close()


@pytest.fixture
def small_kafka(folder, disk):
    """whose disk that is"""
    os.makedirs(folder + "/kafka")
    k = Kafka(folder + "/kafka", log_dirs=disk.path)
    yield k.start()
    k.close()


class Work:
    """A file, its topic and a file of that, by one worker; their journal."""

    def __init__(self, kafka, worker, name):
        self.kafka, self.worker, self.name = kafka, worker, name
        self.path, self.out = (f"{worker.folder}/{name}-{end}"
                               for end in ("in", "out"))
        self.source, self.sink = f"{name}-src", f"{name}-snk"
        self.topic = kafka.create_topic(name)
        self.journal = ledger.Journal(f"{self.path}-journal")
        self.writer = ledger.FileWriter(
            self.path, self.journal, "k16", pause=0.05)
        worker.rest.create(self.source, configs.file_source(
            self.path, self.topic))
        worker.rest.create(self.sink, configs.file_sink(
            self.out, self.topic))
        self.writer.start()
        kafka.wait_records(self.topic, 100)
        wait_for("lines", lambda: os.path.getsize(self.out))

    def sent(self):
        return [ledger.entry_from(r.value)
                for r in self.kafka.consume(self.topic)]

    def arrived(self):
        with open(self.out, "rb") as f:
            return [ledger.entry_from(x) for x in f if x[-1:] == b"\n"]

    def check_positions(self):
        """While nothing works: what they cover is there. Returns them."""
        stored = [r for r in self.kafka.consume(
            self.worker.properties["offset.storage.topic"])
            if json.loads(r.key)[0] == self.source]
        position = json.loads(stored[-1].value)["position"]
        with open(self.path, "rb") as f:
            covered = f.read(position).splitlines()
        sent = self.sent()
        ledger.must({ledger.entry_from(x) for x in covered} <= set(sent),
                    position, "is ahead of the topic")
        offset = self.kafka.committed(f"connect-{self.sink}")[self.topic, 0]
        ledger.must(set(sent[:offset]) <= set(self.arrived()),
                    offset, "is ahead of the file")
        return position, offset

    def finish(self):
        for name in (self.source, self.sink):
            self.worker.rest.wait_running(name)
        self.writer.finish()
        for read in (self.sent, self.arrived):
            report = ledger.wait_complete(self.journal, read)
            print(f"{self.name}: {report}")
            report.assert_at_least_once()


def make_worker(kafka, new_worker):
    return new_worker(kafka.bootstrap, session_timeout_ms=SESSION_S * 1000,
                      heartbeat_interval_ms=1500)


def said(process):
    with open(process.log, encoding="utf-8", errors="replace") as f:
        return f.read()


def fill(kafka, disk, topic, ended):
    """Until the broker has had enough."""
    producer = kafka.producer(message_timeout_ms=60000)

    def more():
        for _ in range(4):
            producer.produce(topic, os.urandom(MIB * 9 // 10))
        producer.flush(1)
        return ended()
    wait_for("a full disk", more, 60)
    print(f"{disk.free()} bytes free")
    producer.purge()
    producer.flush(1)


def look(worker, pids):
    """For some seconds nobody spins."""
    pids = [worker.process.pid, *pids]
    before = [cpu_seconds(p) for p in pids]
    time.sleep(LOOK_S)
    used = [cpu_seconds(p) - b for p, b in zip(pids, before)]
    assert max(used) < CPU_SHARE * LOOK_S, f"{used} s in {LOOK_S} s"
    assert worker.process.running()


@pytest.mark.parametrize("fate", ["stays", "is killed"])
def test_the_broker_ends(small_kafka, disk, new_worker, fate):
    kafka, broker = small_kafka, small_kafka.processes[1]
    worker = make_worker(kafka, new_worker)
    work = Work(kafka, worker, "lines")
    pids = [worker.wait_task(n) for n in (work.source, work.sink)]
    fill(kafka, disk, kafka.create_topic("filler"),
         lambda: not broker.running())
    assert "No space left on device" in said(broker)
    worker.wait_log("all work is suspended")
    for name in (work.source, work.sink):
        worker.rest.wait_state(name, "UNASSIGNED")
    look(worker, pids)
    if fate == "is killed":
        worker.kill9()
    disk.grow(LARGE_MIB)
    kafka.start()
    if fate == "is killed":
        print(work.check_positions())
        worker.start()
    work.finish()


def test_one_of_two_disks(own_kafka, disk, new_worker):
    """The broker and all that is on the other disk go on; the source whose
    partition has no leader any more says so."""
    kafka, broker = own_kafka, own_kafka.processes[1]
    worker = make_worker(kafka, new_worker)
    good = Work(kafka, worker, "good")
    worker.stop()
    kafka.stop()
    kafka.add_folder(disk.path)
    kafka.start()
    worker.start()
    work = Work(kafka, worker, "lines")
    filler = kafka.create_topic("filler")
    wait_for("both there", lambda: {"lines-0", "filler-0"} <= set(
        os.listdir(disk.path)))
    names = (work.source, work.sink, good.source, good.sink)
    pids = [worker.wait_task(n) for n in names]
    fill(kafka, disk, filler, lambda: "Stopping serving replicas" in said(
        broker))
    print(worker.rest.wait_cause(
        work.source, "topic lines, partition 0 has 0 of 1 replicas in sync"))
    mark = ledger.entry_from(kafka.last(good.topic)).seq
    look(worker, pids)
    assert ledger.entry_from(kafka.last(good.topic)).seq > mark
    assert [worker.pid_of_task(n) for n in names] == pids
    assert broker.running()
    # A broker takes a disk back when it starts.
    kafka.stop()
    disk.grow(LARGE_MIB)
    kafka.start()
    for w in (work, good):
        w.finish()
    assert [worker.pid_of_task(n) for n in names] == pids
