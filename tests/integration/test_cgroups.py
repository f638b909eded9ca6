"""task.cgroup: each task has a control group that goes with it, weighs what
its configuration says, and yields while the task computes for nothing."""

import contextlib
import os
import signal
import sys
import time

import pytest

from support import cgroups, configs
from support.env import BUILD, wait_for
from support.process import Process

CORES = len(os.sched_getaffinity(0))
COMPUTE = "while True: pass"
HEAVY = 200
GRACE_MS = 4000


@pytest.fixture
def place():
    """a cgroups.Folder"""
    if cgroups.root() is None:
        pytest.skip("no control groups can be made here")
    with cgroups.Folder(cgroups.root()) as f:
        yield f


@pytest.fixture
def worker(kafka, place, new_worker):
    return new_worker(
        kafka.bootstrap, task_cgroup=place.path,
        task_shutdown_graceful_timeout_ms=GRACE_MS,
        plugin_path=f"{BUILD}/plugins,{BUILD}/fixtures")


@pytest.fixture
def others(place, folder):
    """Start, and end, what wants all processors and weighs a hundred."""
    made = [Process([sys.executable, "-c", COMPUTE], f"{folder}/others.log")
            for _ in range(CORES)]

    def start():
        for p in made:
            place.put("others", p.start().pid)

    def end():
        for p in made:
            p.kill()
    yield start, end
    end()


def start_one(worker, name, config):
    worker.rest.create(name, config)
    worker.rest.wait_running(name)
    return worker.wait_task(name)


def spin(topic):
    return {"connector.class": "CrimeSource", "crime": "spin", "topic": topic}


def processors(pid):
    """How many each of its threads may run on."""
    found = set()
    for t in os.listdir(f"/proc/{pid}/task"):
        with contextlib.suppress(ProcessLookupError):
            found.add(len(os.sched_getaffinity(int(t))))
    return found


def waits(pid):
    """How often a thread of it has gone to sleep."""
    total = 0
    for t in os.listdir(f"/proc/{pid}/task"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError), open(
                f"/proc/{pid}/task/{t}/status", encoding="utf-8") as f:
            total += int(dict(line.split(":", 1) for line in f)[
                "voluntary_ctxt_switches"])
    return total


def rests(pid):
    """Its control thread beats, and does little else, for a second."""
    began = waits(pid)
    time.sleep(1)
    return waits(pid) < began + 200


def groups_in(place):
    return sorted(n for n in os.listdir(place.path) if n.startswith("pen"))


def test_each_task_has_one_as_long_as_it_runs(worker, place, topic, folder):
    t, rest, pids = topic("lines"), worker.rest, {}
    for weight in (100, 10, 400):
        name = f"of-{weight}"
        pids[weight] = start_one(worker, name, {
            **configs.file_source(f"{folder}/{name}", t),
            "task.cpu.weight": str(weight)})
    for weight, pid in pids.items():
        group = cgroups.Group(place.path, pid)
        assert group.pids() == {pid}
        assert group.weight() == weight
        assert not group.yields()
    worker_pid = worker.process.pid
    assert groups_in(place) == sorted(
        f"penstock-{worker_pid}-{pid}" for pid in pids.values())
    rest.delete("of-10")
    wait_for("its group to go", lambda: len(groups_in(place)) == 2)
    worker.kill_task("of-400")
    again = worker.wait_task("of-400", other_than=pids[400])
    wait_for("its group", lambda: cgroups.Group(
        place.path, again).pids() == {again})
    assert len(groups_in(place)) == 2
    worker.stop()
    assert groups_in(place) == []


def test_who_computes_for_nothing_yields(worker, place, others, topic, folder):
    """As long as there is enough left for it. It is not taken for dead while
    there is little, and when it is to end it has its share again."""
    start, end = others
    good = start_one(worker, "good", configs.file_source(
        f"{folder}/in", topic("lines")))
    spinner = start_one(worker, "spinner", {
        **spin(topic("crimes")), "task.cpu.weight": str(HEAVY)})
    group = cgroups.Group(place.path, spinner)
    wait_for("it to yield", group.yields, 60)
    assert not cgroups.Group(place.path, good).yields()
    wait_for("one processor for it", lambda: processors(spinner) == {1})
    assert processors(good) == {CORES}
    start()
    wait_for("its ordinary share", lambda: not group.yields(), 60)
    wait_for("its weight", lambda: group.weight() == HEAVY)
    wait_for("all processors", lambda: processors(spinner) == {CORES})
    end()
    wait_for("it to yield again", group.yields, 60)
    worker.rest.delete("spinner")
    wait_for("its share, to end", lambda: not group.yields(), GRACE_MS / 1000)
    wait_for("its group to go", lambda: len(groups_in(place)) == 1)
    assert worker.pid_of_task("good") == good
    assert "no sign of life" not in worker.log_text()


def test_who_yields_lets_the_kernel_look_again(worker, place, topic):
    """Each time that its control thread wakes. Otherwise that has little to
    do: a message a second."""
    pid = start_one(worker, "spinner", spin(topic("crimes")))
    group = cgroups.Group(place.path, pid)
    wait_for("it to yield", group.yields, 60)
    began = waits(pid)
    wait_for("a thousand looks", lambda: waits(pid) > began + 1000, 20)


def test_who_yields_and_says_nothing_is_looked_at(worker, place, topic):
    """It stands still, as one that nothing is left for."""
    pid = start_one(worker, "spinner", {
        **spin(topic("crimes")), "task.cpu.weight": str(HEAVY)})
    group = cgroups.Group(place.path, pid)
    wait_for("it to yield", group.yields, 60)
    os.kill(pid, signal.SIGSTOP)
    try:
        # Well before it is taken for dead.
        wait_for("its ordinary share", lambda: not group.yields(), 6)
    finally:
        os.kill(pid, signal.SIGCONT)
    assert rests(pid), "it yields no more, and knows it"
    assert worker.pid_of_task("spinner") == pid


def test_what_a_killed_worker_leaves_is_cleared_away(
        worker, place, kafka, new_worker, topic, folder):
    task = start_one(worker, "lines", configs.file_source(
        f"{folder}/in", topic("lines")))
    left = [f"penstock-{worker.process.pid}-{task}"]
    assert groups_in(place) == left
    worker.kill9()
    wait_for("the task to end", lambda: not os.path.exists(f"/proc/{task}"))
    assert groups_in(place) == left
    new_worker(kafka.bootstrap, task_cgroup=place.path)
    assert groups_in(place) == []


def is_refused(kafka, new_worker, path, why):
    w = new_worker(kafka.bootstrap, start=False, task_cgroup=path)
    w.spawn()
    assert w.process.wait(60) != 0
    assert (f"Invalid value {path} for configuration task.cgroup: {why}"
            in w.log_text())


@pytest.mark.parametrize("path, why", [
    ("/no/such", "it cannot be opened: No such file or directory"),
    ("/tmp", "it is no folder of a cgroup file system")])
def test_another_folder_is_refused(kafka, new_worker, path, why):
    is_refused(kafka, new_worker, path, why)


@pytest.mark.parametrize("kind, why", [
    ("cgroup", "its groups have no weight of the cpu controller"),
    ("cgroup2", "its cgroup.subtree_control does not take +cpu")])
def test_another_controllers_folder_is_refused(kafka, new_worker, kind, why):
    path = cgroups.of_another_controller(kind)
    if path is None:
        pytest.skip(f"no {kind} without the cpu controller here")
    before = os.listdir(path)
    is_refused(kafka, new_worker, path, why)
    assert os.listdir(path) == before
