"""Tasks that compute for ever beside a good pipeline of the same worker (K23):
nothing of it is lost or late by more than a busy machine makes it, the worker
answers, and task.cpu.weight divides what all want. With a task.cgroup one of
them yields to it.

They stand still (SIGSTOP) half of the time, in short periods, so that whatever
else the machine does is in both halves. SPIN_S=120 for figures: a machine
that is busy leaves little more to be seen in ten seconds than that all goes
on."""

import os
import signal
import statistics
import time

import pytest

from support import cgroups, configs
from support.env import BUILD, wait_for
from support.ledger import assert_same
from support.process import cpu_seconds
from support.ways import Ways

from test_crimes_soak import Times, p
from test_stall import GOAL_S

SPIN_S = int(os.environ.get("SPIN_S", "10"))
PERIOD_S = 1.0
YIELDS_PERIOD_S = 4.0
YIELDS_WITHIN_S = 20
CORES = len(os.sched_getaffinity(0))
LOOK_S = 0.05
# What comes so much later is not for want of a processor: with all of them
# taken, and others at work too, it was twice as late.
LATER, LATER_MS = 3, {50: 20, 99: 200}
SHARED_S = 3


def start_worker(kafka, new_worker, **settings):
    """Who stands still for a period is not taken for dead."""
    return new_worker(
        kafka.bootstrap, session_timeout_ms=30000,
        task_liveness_timeout_ms=30000,
        task_shutdown_graceful_timeout_ms=500,
        plugin_path=f"{BUILD}/plugins,{BUILD}/fixtures", **settings)


@pytest.fixture
def worker(kafka, new_worker):
    return start_worker(kafka, new_worker)


@pytest.fixture
def good(kafka, topic, folder):
    """begin(worker): a pipeline of that worker, and who measures it."""
    made = []

    def begin(worker):
        t, rest = topic("good"), worker.rest
        ways = Ways(kafka, t, folder)
        made.append(ways)
        rest.create("good-source", configs.file_source(folder + "/in", t))
        rest.create("good-sink", configs.file_sink(folder + "/out", t))
        for name in ("good-source", "good-sink"):
            rest.wait_running(name)
        ways.start()
        wait_for("lines", lambda: os.path.getsize(folder + "/out") > 1000)
        return ways
    yield begin
    for ways in made:
        ways.close()


class Spinners:
    """So many tasks that do nothing but compute."""

    def __init__(self, worker, topic, count, weight):
        self.pids = []
        for n in range(count):
            name = f"spinner-{weight}-{n}"
            worker.rest.create(name, {
                "connector.class": "CrimeSource", "crime": "spin",
                "topic": topic, "task.cpu.weight": str(weight)})
            self.pids.append(worker.wait_task(name))
        wait_for("them to spin", lambda: all(
            cpu_seconds(pid) > 0.2 for pid in self.pids))

    def send(self, number):
        for pid in self.pids:
            os.kill(pid, number)

    def seconds(self):
        """of the processors, that they have had"""
        return sum(cpu_seconds(pid) for pid in self.pids)


def answers_until(rest, end):
    """How long each took."""
    took = []
    while time.monotonic() < end:
        began = time.monotonic()
        rest.status("good-source")
        took.append(time.monotonic() - began)
        time.sleep(LOOK_S)
    return took


def beside(worker, ways, spinners, period_s, begin=lambda: None):
    """Periods with and without them, each of those behind begin(); what was
    found, to be printed."""
    pids = [worker.pid_of_task(n) for n in ("good-source", "good-sink")]
    times, took, used = Times(), {True: [], False: []}, 0
    for n in range(int(SPIN_S / period_s)):
        # 0110 1001: neither half has the later ones.
        spins = bin(n).count("1") % 2 == 0
        spinners.send(signal.SIGCONT if spins else signal.SIGSTOP)
        if spins:
            begin()
        before, began = spinners.seconds(), time.monotonic()
        took[spins] += answers_until(worker.rest, began + period_s)
        times.add(spins, began)
        used += spinners.seconds() - before
    spinners.send(signal.SIGCONT)
    ways.finish()
    found = ways.arrivals()
    assert [worker.pid_of_task(n)
            for n in ("good-source", "good-sink")] == pids
    assert statistics.median(took[True]) < GOAL_S
    for way, arrivals in found.items():
        assert_same([a.number for a in arrivals], list(range(ways.written())))
        with_, without = (sum(times.of(arrivals, s), [])
                          for s in (True, False))
        for share, grace_ms in LATER_MS.items():
            assert p(share, with_) < LATER * p(share, without) + grace_ms
    return "\n".join(
        [f"\n{CORES} cores, load {os.getloadavg()[0]:.1f}, they have "
         f"{2 * used / SPIN_S:.2f} of them: answers "
         f"{statistics.median(took[True]) * 1e3:.1f} ms, "
         f"{statistics.median(took[False]) * 1e3:.1f} without"] +
        [f"{ways.written()} lines, {times.told(way, arrivals)}"
         for way, arrivals in found.items()])


@pytest.mark.timeout(SPIN_S + 120)
@pytest.mark.parametrize("count, weight", [
    (1, 100), (CORES, 100), (CORES, 10)])
def test_a_good_pipeline_beside_them(worker, good, topic, capsys, count,
                                     weight):
    ways = good(worker)
    spinners = Spinners(worker, topic("crimes"), count, weight)
    told = beside(worker, ways, spinners, PERIOD_S)
    with capsys.disabled():
        print(f"{told}\n({count} of weight {weight})")


@pytest.mark.timeout(6 * SPIN_S + 120)
@pytest.mark.parametrize("count", [1, CORES])
def test_a_good_pipeline_beside_some_that_yield(
        kafka, new_worker, good, topic, capsys, count):
    """To all on the machine: its group stands beside theirs."""
    place = cgroups.root()
    if place is None:
        pytest.skip("no control groups can be made here")
    worker = start_worker(kafka, new_worker, task_cgroup=place)
    ways = good(worker)
    spinners = Spinners(worker, topic("crimes"), count, 100)
    groups = [cgroups.Group(place, pid) for pid in spinners.pids]
    began = []

    def begin():
        """A machine that is full has none left for them."""
        end = time.monotonic() + YIELDS_WITHIN_S
        while not all(g.yields() for g in groups) and time.monotonic() < end:
            time.sleep(LOOK_S)
        began.append(all(g.yields() for g in groups))
    told = beside(worker, ways, spinners, YIELDS_PERIOD_S, begin)
    with capsys.disabled():
        print(f"{told}\n({count}: yield in {sum(began)} of {len(began)} periods)")


def test_weights_divide_the_processors(worker, topic):
    """All of them are wanted by both; ten to one, by the kernel's table."""
    t = topic("crimes")
    both = [Spinners(worker, t, CORES, weight) for weight in (100, 10)]
    before = [s.seconds() for s in both]

    def used():
        found = [s.seconds() - b for s, b in zip(both, before)]
        return found if sum(found) > SHARED_S else None
    heavy, light = wait_for("their seconds", used, 120)
    print(f"{heavy:.2f} s and {light:.2f} s")
    assert heavy > 2 * light > 0
