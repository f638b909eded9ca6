"""A plugin's file that is replaced while the worker runs (J5): what was
started before keeps the old one, what is started later has the new one."""

import os
import shutil

import pytest

from support.env import BUILD, wait_for

OLD, NEW = b"counter\0", b"kounter\0"  # the key of its source partition


@pytest.fixture
def plugins(folder):
    """a folder with plugins and the example"""
    path = f"{folder}/plugins"
    shutil.copytree(f"{BUILD}/plugins", path)
    shutil.copy(f"{BUILD}/fixtures/example.so", path)
    return path


def replace(path):
    """By another build of it, as an installer would: by a rename."""
    with open(path, "rb") as f:
        old = f.read()
    assert OLD in old
    with open(path + ".new", "wb") as f:
        f.write(old.replace(OLD, NEW))
    os.rename(path + ".new", path)


def partitions(w, connector):
    return [x["partition"] for x in w.rest.offsets(connector)]


def size_grows(kafka, topic):
    before = kafka.size(topic)
    wait_for("more numbers", lambda: kafka.size(topic) > before)


def test_a_new_task_has_the_new_file_and_an_old_one_its_own(
        kafka, new_worker, plugins, topic):
    w = new_worker(kafka.bootstrap, plugin_path=plugins)
    topics = {name: topic(name) for name in ("stays", "restarts")}
    for name in topics:
        w.rest.create(name, {
            "connector.class": "com.example.NumbersSourceConnector",
            "topic": topics[name], "count": "1000000000", "pause.ms": "100"})
    pids = {name: w.wait_task(name) for name in topics}
    worker = w.process.pid
    for name in topics:
        wait_for("a position of " + name, lambda n=name: partitions(w, n)
                 == [{"counter": "numbers"}])
    replace(plugins + "/example.so")
    w.rest.restart_task("restarts")
    w.wait_task("restarts", other_than=pids["restarts"])
    wait_for("a position of the new file", lambda: {"kounter": "numbers"}
             in partitions(w, "restarts"))
    # The other one goes on as it was.
    size_grows(kafka, topics["stays"])
    assert partitions(w, "stays") == [{"counter": "numbers"}]
    assert w.pid_of_task("stays") == pids["stays"]
    w.rest.restart_task("stays")
    wait_for("its position in the new file", lambda: {"kounter": "numbers"}
             in partitions(w, "stays"))
    assert w.process.pid == worker
