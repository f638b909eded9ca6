"""A worker that may open no more files (K10): it says so, to whoever asks and
in its log, lives, loses nothing, and goes on by itself when there is room."""

import os
import resource
import signal
import time

import pytest

from support import configs
from support.env import wait_for
from support.scarce import SESSION, Share, pipeline, survives

LIMIT, HALF = 64, 44
ROOM = 4096


def limited(limit):
    return ["prlimit", f"--nofile={limit}:{limit}"]


def descriptors(pid):
    return {int(fd) for fd in os.listdir(f"/proc/{pid}/fd")}


def set_limit(worker, limit):
    resource.prlimit(worker.process.pid, resource.RLIMIT_NOFILE,
                     (limit, ROOM))


def leave_no_room(worker):
    """Not one more, once none is opened or closed of itself; what is open
    stays."""
    worker.rest.session.close()
    looks = []

    def used():
        looks.append(descriptors(worker.process.pid))
        return len(looks) > 5 and all(x == looks[-1] for x in looks[-5:])
    wait_for("its descriptors to stay the same", used)
    set_limit(worker, min(n for n in range(LIMIT * 4) if n not in looks[-1]))


def check_turned_away(worker):
    """with the reason"""
    r = worker.rest.request("GET", "/connectors", timeout=5,
                            headers={"Connection": "close"})
    assert r.status_code == 503 and "Too many open files" in r.text, r.text


def test_a_worker_with_64_descriptors_says_what_it_cannot(
        kafka, new_worker, topic, folder):
    """From when it is ready: how many a start takes depends on how many
    connections its clients have open at once."""
    worker = new_worker(kafka.bootstrap)
    set_limit(worker, LIMIT)
    config = configs.file_source(folder + "/in", topic())
    refused = []
    for n in range(20):
        r = worker.rest.request("POST", "/connectors", {
            "name": f"c{n}", "config": config})
        if r.status_code != 201:
            refused.append(r.json())
    assert refused, "64 are enough for 20 connectors"
    assert all(r["error_code"] == 500 and "Too many open files" in r["message"]
               and f"may have {LIMIT} (ulimit -n)" in r["message"]
               for r in refused), refused
    taken = worker.rest.connectors()
    assert len(taken) + len(refused) == 20
    # What was refused is not there, also not for those that start later.
    worker.restart()
    assert sorted(worker.rest.connectors()) == sorted(taken)


@pytest.mark.parametrize("limit", [24, 40, 48])
def test_too_few_for_a_start_are_told(kafka, new_worker, limit):
    """It is ready all the same, or says so and goes on trying, or ends with
    the reason."""
    worker = new_worker(kafka.bootstrap, start=False, wrap=limited(limit))
    worker.spawn()
    reason = f"may have {limit} (ulimit -n)"
    wait_for("the reason, twice", lambda: not worker.process.running()
             or worker.log_text().count(reason) > 1
             or worker.rest.healthy(), 60)
    if not worker.process.running():
        assert reason in worker.log_text(), worker.log_text()
        assert worker.process.child.returncode > 0, "it was killed"


@pytest.fixture
def piped(own_kafka, new_worker, folder):
    w = new_worker(own_kafka.bootstrap, **SESSION)
    with pipeline(w, own_kafka, folder) as p:
        yield p


def test_it_is_told_and_survived_and_it_goes_on(piped, own_kafka):
    """Its tasks die, its brokers go and come back, all while it may open
    nothing: it neither ends nor spins, and nothing is lost."""
    worker, pid = piped.worker, piped.worker.process.pid
    leave_no_room(worker)
    share = Share(worker)
    for _ in range(3):
        check_turned_away(worker)
    worker.wait_log("connections are turned away: Too many open files")
    time.sleep(3)  # the time in which it might spin
    share.check()

    worker.kill_task("src", number=signal.SIGKILL)
    worker.wait_log("cannot start task src: Too many open files")
    leave_no_room(worker)
    own_kafka.kill()
    own_kafka.start()
    survives(worker, pid)
    # Some connections come back, with them a new lease; not all that is
    # needed to be in the group again.
    set_limit(worker, HALF)
    survives(worker, pid)

    set_limit(worker, ROOM)
    for name in ("src", "snk"):
        worker.rest.wait_running(name)
    piped.finish()
    assert worker.process.pid == pid
    config = configs.file_source(worker.folder + "/none", "t")
    wait_for("a leader", lambda: worker.rest.create("new", config))
    worker.rest.wait_running("new")
