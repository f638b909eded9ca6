"""Signals that come while a worker starts, runs or already stops (K14): its
end has a limit, and what was delivered is committed."""

import contextlib
import http.client
import os
import random
import signal
import subprocess
import threading
import time

import pytest
import requests

from support import configs, ledger
from support.cluster import Cluster, Stopwatch
from support.env import BUILD, HOST, wait_for
from support.process import children
from support.rest import Rest, RestError

TERM, INT = signal.SIGTERM, signal.SIGINT
STOP_S = 2  # task.shutdown.graceful.timeout.ms
SLACK_S = 3
# A task's last commit and a farewell that nobody takes.
GIVEN_UP_S = 20


@pytest.fixture
def busy(kafka, new_worker, folder, topic):
    """A worker with a source that is written to, and a task that heeds no
    stop."""
    w = new_worker(kafka.bootstrap,
                   plugin_path=f"{BUILD}/plugins,{BUILD}/fixtures",
                   task_shutdown_graceful_timeout_ms=STOP_S * 1000)
    w.topic = topic("lines")
    w.journal = ledger.Journal(folder + "/journal")
    w.writer = ledger.FileWriter(folder + "/in", w.journal, "signals",
                                 pause=0.01)
    w.rest.create("src", configs.file_source(folder + "/in", w.topic))
    w.rest.create("deaf", {"connector.class": "CrimeSource", "crime": "hang",
                           "topic": w.topic})
    w.writer.start()
    w.rest.wait_running("deaf")
    wait_for("lines", lambda: kafka.size(w.topic) > 100)
    yield w
    w.writer.finish()


def end_by(worker, signals, pause=0.3):
    """Sends them, one after another, until it has ended; returns how long
    that took and how many it was sent."""
    pids = children(worker.process.pid)
    watch, sent = Stopwatch(), 0
    for number in signals:
        if not worker.process.running():
            break
        worker.process.send(number)
        sent += 1
        with contextlib.suppress(subprocess.TimeoutExpired):
            worker.process.wait(pause)
    assert worker.process.wait(60) == 0
    seconds = watch.seconds()
    assert not [p for p in pids if os.path.exists(f"/proc/{p}")]
    return seconds, sent


@pytest.mark.parametrize("signals", [
    [TERM], [TERM, TERM], [INT, TERM], [TERM, INT] * 10],
    ids=lambda s: "-".join(x.name for x in s[:3]))
def test_an_end_has_a_limit_and_commits_what_was_delivered(
        busy, kafka, signals):
    """However often it is asked for: no line is missing, and none comes
    again."""
    seconds, sent = end_by(busy, signals, pause=0.1)
    print(f"{sent} of {[s.name for s in signals[:3]]}…: {seconds:.2f} s")
    assert STOP_S / 2 < seconds < STOP_S + SLACK_S
    busy.start()
    busy.writer.finish()
    ledger.wait_complete(busy.journal, lambda: [
        ledger.entry_from(r.value) for r in kafka.consume(busy.topic)
        if r.value[:1] == b"{"]).assert_exactly_once()


@pytest.fixture
def leaver(kafka, folder, topic):
    """A follower of two with work. The other looks alive and does nothing:
    it leads, answers nobody, and takes nothing over."""
    c = Cluster(folder, kafka.bootstrap, 2, session_timeout_ms=30000)
    leader = None
    try:
        c.start()
        t = topic("lines")
        for n in range(2):
            c.workers[0].rest.create(f"c{n}", configs.file_source(
                folder + "/in", t))
        c.wait_running(["c0", "c1"], on=c.workers)
        follower, leader = c.follower(), c.leader()
        os.kill(leader.process.pid, signal.SIGSTOP)
        yield follower
    finally:
        if leader is not None:
            os.kill(leader.process.pid, signal.SIGCONT)
        c.close()


def test_only_the_second_signal_does_not_wait_for_others(leaver):
    tasks = children(leaver.process.pid)
    watch = Stopwatch()
    os.kill(leaver.process.pid, TERM)
    time.sleep(3)  # it waits for the other, and works meanwhile
    assert leaver.process.running()
    assert tasks == children(leaver.process.pid)
    os.kill(leaver.process.pid, TERM)
    assert leaver.process.wait(30) == 0
    assert watch.seconds() < 3 + SLACK_S, watch.seconds()


def test_the_second_signal_waits_for_no_answer(leaver):
    """A change is on its way to the leader."""
    asking = http.client.HTTPConnection(HOST, leaver.port, timeout=60)
    asking.request("PUT", "/connectors/c0/pause")
    assert len(leaver.rest.connectors()) == 2  # sent after it
    watch = Stopwatch()
    os.kill(leaver.process.pid, TERM)
    leaver.wait_log("got SIGTERM")
    os.kill(leaver.process.pid, INT)
    assert leaver.process.wait(30) == 0
    assert watch.seconds() < SLACK_S, watch.seconds()
    assert asking.getresponse().status == 503


# Into its start; it takes 1.5 to 3 s.
MOMENTS = [0, 0.02, 0.1, 0.3, 0.6, 1, 1.5, 2, 2.5]


def test_a_worker_is_asked_to_end_while_it_starts(busy):
    busy.kill9()
    for n, after in enumerate(MOMENTS):
        busy.spawn()
        time.sleep(after)
        number, watch = (TERM, INT)[n % 2], Stopwatch()
        os.kill(busy.process.pid, number)
        code = busy.process.wait(60)
        # Before it is penstock at all the signal kills.
        assert code == 0 or (code == -number and after < 0.1), (after, code)
        assert watch.seconds() < STOP_S + SLACK_S
    busy.start()
    busy.rest.wait_running("src")


class Churn(threading.Thread):
    """A connector whose task configs are ever new."""

    def __init__(self, rest, name, config):
        super().__init__(daemon=True)
        self.rest, self.name, self.config = Rest(rest.url), name, config
        self.over, self.changes = threading.Event(), 0

    def run(self):
        while not self.over.is_set():
            try:
                self.rest.put_config(self.name, {
                    **self.config, "batch.size": str(self.changes + 1)})
                self.changes += 1
            except (RestError, requests.RequestException):
                self.over.wait(0.1)


@pytest.mark.parametrize("seed", range(3))
def test_brokers_that_are_away_hold_no_end_up(
        own_kafka, new_worker, folder, seed):
    """Task configs are on their way to the config topic, and whether they
    came there nobody can know."""
    w = new_worker(own_kafka.bootstrap, session_timeout_ms=6000)
    churns = [Churn(w.rest, f"src{n}", configs.file_source(
        folder + "/in", "lines")) for n in range(4)]
    for c in churns:
        c.start()
    wait_for("changes", lambda: all(c.changes > 3 for c in churns))
    time.sleep(random.Random(seed).random() / 4)
    own_kafka.kill()
    time.sleep(seed)
    watch = Stopwatch()
    os.kill(w.process.pid, TERM)
    try:
        assert w.process.wait(60) == 0
        print(f"{watch.seconds():.1f} s")
        assert watch.seconds() < GIVEN_UP_S + SLACK_S
    finally:
        for c in churns:
            c.over.set()
