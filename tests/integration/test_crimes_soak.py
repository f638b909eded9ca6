"""A good pipeline beside plugins that commit one crime after another, for an
hour (J2): minutes with crimes and minutes without them take turns, so that
whatever else the machine does is in both."""

import os
import statistics
import time

import pytest

from support import configs
from support.env import BUILD, has_landlock, wait_for
from support.ledger import assert_same
from support.process import memory
from support.ways import Ways

from test_growth import MIB, settled

CRIME_S = int(os.environ.get("CRIME_S", "3600"))
PERIOD_S = min(60, CRIME_S / 8)
PACE_S = 1      # between two crimes, at least
LOOK_S = 0.05
SKIPPED_S = 10  # at first, where all is warmed up

HANG = {"task.hang.timeout.ms": "1500"}
# Which class commits it, what else its configuration says, and what the trace
# of its task has to say.
CRIMES = [
    ("CrimeSource", "segfault", {}, "SIGSEGV"),
    ("CrimeSource", "abort", {}, "SIGABRT"),
    ("CrimeSource", "assert", {}, "Assertion"),
    ("CrimeSource", "exit", {}, "exit"),
    ("CrimeSource", "stack", {}, "SIGSEGV"),
    ("CrimeSource", "longjmp", {}, "exit code 8"),
    ("CrimeSource", "leak", {"task.memory.bytes": str(64 << 20)}, "64 MB"),
    ("CrimeSource", "ask-bomb", {}, "ask-bomb"),
    ("CrimeSource", "close-all", {}, "killed by"),
    ("CrimeSource", "kill-self", {}, "SIGKILL"),
    ("CrimeSource", "stop-self", {}, "no sign of life"),
    ("CrimeSource", "start-segfault", {}, "start"),
    ("CrimeSource", "create-error", {}, "crime"),
    ("CrimeSource", "hang", HANG, "poll"),
    ("CrimeSource", "lock", HANG, "poll"),
    ("CrimeSource", "spin", HANG, "poll"),
    ("CrimeSource", "start-spin", HANG, "start"),
    ("CrimeSource", "committed-hang", HANG, "committed"),
    ("CrimeSink", "put-hang", HANG, "put"),
    ("CrimeSink", "pre_commit-hang", HANG, "pre_commit"),
    # What one has done once it runs, and in its end.
    ("CrimeSource", "astray", {}, None),
    ("CrimeSource", "stop-hang", HANG, None),
    ("CrimeSource", "destroy", {}, None),
    ("CrimeSource", "destructor", {}, None),
]


class Criminals:
    """They come one after the other; all are gone when it returns."""

    def __init__(self, worker, topic):
        self.worker, self.rest, self.topic = worker, worker.rest, topic
        self.committed = 0

    def commit(self, cls, crime, over, says):
        where = "topics" if cls == "CrimeSink" else "topic"
        self.rest.create("criminal", {
            "connector.class": cls, "crime": crime, where: self.topic,
            "errors.restart.enable": "false", **over})
        if says is None:
            self.rest.wait_running("criminal")
        else:
            trace = self.rest.wait_task_failed("criminal")["trace"]
            assert says in trace, f"{crime}: {trace}"
        self.rest.delete("criminal")
        wait_for("its end", lambda: not self.worker.pid_of_task("criminal"))
        self.committed += 1

    def work_until(self, end):
        while time.monotonic() < end:
            began = time.monotonic()
            self.commit(*CRIMES[self.committed % len(CRIMES)])
            time.sleep(max(0, began + PACE_S - time.monotonic()))


def watch_until(rest, end):
    """What is asked for while crimes are committed, without them."""
    while time.monotonic() < end:
        rest.status("good-source")
        time.sleep(LOOK_S)


def p(share, arrivals):
    """In ms; at `share` of a hundred."""
    found = [a.seconds * 1e3 for a in arrivals]
    return statistics.quantiles(found, n=100)[share - 1]


class Times:
    """Which span of time had crimes, and what arrived of it."""

    def __init__(self):
        self.spans = []  # (with crimes, from, to)

    def add(self, crimes, began):
        self.spans.append((crimes, began, time.monotonic()))

    def of(self, arrivals, crimes):
        """A list for each such span."""
        return [[a for a in arrivals if since <= a.sent < to]
                for which, since, to in self.spans if which == crimes]

    def told(self, way, arrivals):
        with_, without = (self.of(arrivals, c) for c in (True, False))
        each = [(p(99, a) / p(99, b) - 1) * 100
                for a, b in zip(with_, without)]
        middle = statistics.median(each)
        a, b = sum(with_, []), sum(without, [])
        return (f"to the {way} with crimes p50 {p(50, a):.2f} ms, p99 "
                f"{p(99, a):.2f} ms; without {p(50, b):.2f} and "
                f"{p(99, b):.2f} ms ({p(50, a) / p(50, b) - 1:+.1%}, "
                f"{p(99, a) / p(99, b) - 1:+.1%}); p99 of a period by that "
                f"of the one beside it: {middle:+.1f}% in the middle of "
                f"{len(each)}, {min(each):+.0f} to {max(each):+.0f}%")


@pytest.fixture
def guarded(kafka, new_worker):
    return new_worker(kafka.bootstrap, task_liveness_timeout_ms=3000,
                      plugin_path=f"{BUILD}/plugins,{BUILD}/fixtures")


@pytest.fixture
def good(guarded, kafka, topic, folder):
    """the pipeline, and who measures it"""
    t = topic("good")
    ways = Ways(kafka, t, folder)
    guarded.rest.create("good-source", configs.file_source(
        f"{folder}/in", t))
    guarded.rest.create("good-sink", configs.file_sink(f"{folder}/out", t))
    for name in ("good-source", "good-sink"):
        guarded.rest.wait_running(name)
    yield ways.start()
    ways.close()


def pids(w):
    return [w.process.pid, w.pid_of_task("good-source"),
            w.pid_of_task("good-sink")]


@pytest.mark.soak
@pytest.mark.skipif(not has_landlock(), reason="a task without its fences")
@pytest.mark.timeout(CRIME_S + 900)
def test_an_hour_of_crimes_harms_nobody_J2(guarded, good, kafka, topic,
                                           capsys):
    w, crimes_topic = guarded, topic("crimes")
    kafka.produce(crimes_topic, ["1"])
    criminals, times = Criminals(w, crimes_topic), Times()
    for crime in CRIMES:
        criminals.commit(*crime)
    time.sleep(min(SKIPPED_S, PERIOD_S))
    w.rest.session.close()
    first, began, rss = settled(w.process.pid), time.monotonic(), []
    before = pids(w)
    while time.monotonic() < began + CRIME_S:
        for crimes in (True, False) if len(rss) % 2 else (False, True):
            now = time.monotonic()
            if crimes:
                criminals.work_until(now + PERIOD_S)
            else:
                watch_until(w.rest, now + PERIOD_S)
            times.add(crimes, now)
        rss.append(memory(w.process.pid, "Rss") / MIB)
    lasted = time.monotonic() - began
    good.finish()
    assert pids(w) == before
    found, late = good.arrivals(), len(rss) // 4
    for way, arrivals in found.items():
        assert_same([a.number for a in arrivals],
                    list(range(good.written())))
    with capsys.disabled():
        print(f"\n{criminals.committed} crimes in {lasted:.0f} s, load "
              f"{os.getloadavg()[2]:.1f}: {rss[0]:.1f} MiB RSS after the "
              f"first minutes, {rss[late]:.1f} after a quarter, "
              f"{rss[-1]:.1f} at the end; {first}")
        for way, arrivals in found.items():
            print(f"{good.written()} lines, {times.told(way, arrivals)}")
    w.rest.session.close()
    assert settled(w.process.pid) == first
    assert rss[-1] - rss[late] < 1
