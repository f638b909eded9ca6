"""A worker that may start no more processes and threads (K10): what fails of it
says so and what to raise, and is tried again; the worker lives, does not spin,
harms nobody who runs, and all goes on by itself when there is room."""

import os
import signal

import pytest

from support import configs
from support.ceiling import Ceiling
from support.env import wait_for
from support.rest import RestError
from support.scarce import SESSION, Share, pipeline, survives

REASON = "no room for more processes and threads"
RAISE = ("ulimit -u", "TasksMax", "pids.max")
# So many more may a task that was killed have: no process; its process, but no
# control thread; no client of its own; all but one of the client's.
ROOMS = (0, 1, 2, 6)
ENOUGH = 40

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root is another user")


@pytest.fixture
def ceiling():
    return Ceiling()


@pytest.fixture
def piped(own_kafka, new_worker, folder, ceiling):
    w = new_worker(own_kafka.bootstrap, wrap=ceiling.wrap, **SESSION)
    with pipeline(w, own_kafka, folder) as p:
        yield p


def threads(pid):
    return len(os.listdir(f"/proc/{pid}/task"))


def check_told(text):
    for word in (REASON, *RAISE):
        assert word.lower() in text.lower(), text


def stands_and_says(worker, name):
    """It is tried again, with pauses, and says each time what it lacks."""
    def restarts():
        return worker.rest.status(name)["tasks"][0]["restarts"]
    worker.rest.wait_cause(name, REASON)
    share, before = Share(worker), restarts()
    wait_for("three more tries", lambda: restarts() > before + 2)
    share.check()
    said = worker.rest.wait_cause(name, REASON)
    check_told(said)
    assert "starts again by itself" in said, said


@pytest.mark.parametrize("name, other", [("src", "snk"), ("snk", "src")])
def test_a_task_that_cannot_start_is_told_and_tried_again(
        piped, ceiling, name, other):
    """Whatever is refused of it; the other, the worker and the leader's
    scribe keep what they have."""
    worker = piped.worker
    pid, stays = worker.process.pid, worker.wait_task(other)
    for room in ROOMS:
        ceiling.lower(worker, room - threads(worker.wait_task(name)))
        worker.kill_task(name)
        stands_and_says(worker, name)
        ceiling.lift(worker)
        worker.rest.wait_running(name)
    assert worker.pid_of_task(other) == stays
    assert worker.process.pid == pid and worker.process.running()
    piped.finish()


def test_the_worker_survives_and_goes_on(piped, own_kafka, ceiling):
    """What is asked of it is refused with the reason; what it runs goes on;
    it loses its lease with the brokers and comes back when there is room."""
    worker, pid = piped.worker, piped.worker.process.pid
    tasks = [worker.wait_task(name) for name in ("src", "snk")]
    ceiling.lower(worker, 0)
    with pytest.raises(RestError) as refused:
        worker.rest.create("new", configs.file_source(
            worker.folder + "/none", "t"))
    check_told(refused.value.text)
    assert sorted(worker.rest.connectors()) == ["snk", "src"]
    size = piped.size()
    wait_for("more lines", lambda: piped.size() > size)
    assert [worker.wait_task(name) for name in ("src", "snk")] == tasks

    worker.kill_task("src", number=signal.SIGKILL)
    ceiling.lower(worker, 0)
    own_kafka.kill()
    own_kafka.start()
    survives(worker, pid)

    ceiling.lift(worker)
    for name in ("src", "snk"):
        worker.rest.wait_running(name)
    piped.finish()
    wait_for("a leader", lambda: worker.rest.create(
        "new", configs.file_source(worker.folder + "/none", "t")))
    worker.rest.wait_running("new")
    assert worker.process.pid == pid


def start_with(limit, kafka, new_worker, folder):
    """It ends with the reason and a code, or is of full use once there is
    room."""
    ceiling = Ceiling(limit)
    worker = new_worker(kafka.bootstrap, start=False, wrap=ceiling.wrap)
    worker.spawn()
    wait_for("the reason", lambda: not worker.process.running()
             or REASON in worker.log_text()
             or worker.rest.healthy(), 60)
    ceiling.lift(worker)
    wait_for("its end or a connector", lambda: not worker.process.running()
             or worker.rest.create("src", configs.file_source(
                 folder + "/absent", "absent")))
    if not worker.process.running():
        check_told(worker.log_text())
        assert worker.process.child.returncode > 0, "it was killed"
        return
    worker.rest.wait_running("src")
    plugins = [p["class"] for p in worker.rest.get("/connector-plugins")]
    assert any("FileStreamSource" in p for p in plugins), plugins
    worker.stop()


@pytest.mark.parametrize("limit", [1, 15, 21, 24])
def test_too_few_for_a_start_are_told(kafka, new_worker, folder, limit):
    start_with(limit, kafka, new_worker, folder)


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_any_number_too_few_for_a_start(kafka, new_worker, folder):
    for limit in range(1, ENOUGH):
        start_with(limit, kafka, new_worker, folder)
