"""A task that runs while a partition of its topic is read by nobody, or by a
stranger in the sink's group, is STALLED: its records would not arrive and
nothing would say so. (Trap A10)"""

import contextlib
import threading

import confluent_kafka
import pytest

from support import configs
from support.env import wait_for
from support.files import lines_of

PARTITIONS = 6


@contextlib.contextmanager
def stranger(kafka, group, topic):
    """Somebody's consumer in the group, once it has a partition: which."""
    taken = []
    c = confluent_kafka.Consumer({
        "bootstrap.servers": kafka.bootstrap, "group.id": group,
        "client.id": "stranger", "enable.auto.commit": False,
        "partition.assignment.strategy": "cooperative-sticky"})
    done = threading.Event()

    def serve():
        while not done.is_set():
            c.poll(0.05)
    c.subscribe([topic], on_assign=lambda _, new: taken.extend(
        p.partition for p in new))
    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield wait_for("a partition", lambda: sorted(taken))
    finally:
        done.set()
        thread.join()
        c.close()


@pytest.fixture
def sink(worker, kafka, topic, unique, folder, request):
    """of so many tasks: (its name, its topic, what it has written)"""
    name, t, path = unique("snk"), topic("t", PARTITIONS), folder + "/out"
    worker.rest.create(name, configs.file_sink(path, t, **{
        "tasks.max": request.param, "stall.timeout.ms": "1000"}))
    worker.rest.wait_running(name, tasks=request.param)
    write(kafka, t, "before")
    wait_for("the first", lambda: len(lines_of(path)) == PARTITIONS)
    return name, t, path


def write(kafka, t, word):
    """One record into each partition"""
    kafka.produce(t, [{"value": f"{word} {p}", "partition": p}
                      for p in range(PARTITIONS)])


def stall(worker, name, word=""):
    task = worker.rest.status(name)["tasks"][0]
    return task.get("detail") == "STALLED" and word in task.get(
        "cause", "") and task


@pytest.mark.parametrize("sink", [1, 2], indirect=True)
def test_a_stranger_in_the_group_stalls_the_sink(worker, kafka, sink):
    name, t, path = sink
    with stranger(kafka, f"connect-{name}", t) as taken:
        task = wait_for("a stall", lambda: stall(worker, name, "stranger in"))
        assert task["state"] == "RUNNING", task
        more = f"(and {len(taken) - 1} more) " if len(taken) > 1 else ""
        assert task["cause"] == (
            f"topic {t}, partition {taken[0]} {more}is read by no task of "
            f"this connector: a stranger in group connect-{name} has it "
            "(client stranger, host /127.0.0.1)"), (taken, task)
        write(kafka, t, "meanwhile")
    wait_for("no stall", lambda: not stall(worker, name))
    assert "cause" not in worker.rest.status(name)["tasks"][0]
    wait_for("all", lambda: len(lines_of(path)) >= 2 * PARTITIONS)
    assert set(lines_of(path)) == {
        f"{word} {p}" for word in ("before", "meanwhile")
        for p in range(PARTITIONS)}


def test_partitions_that_are_added_are_no_stall(worker, kafka, topic, unique,
                                                folder):
    """The topic shows them at once; a group gives them out once its leader has
    looked again, for which it has metadata.max.age.ms."""
    name, t, path = unique("snk"), topic("t", 1), folder + "/out"
    worker.rest.create(name, configs.file_sink(path, t, **{
        "stall.timeout.ms": "1000",
        "consumer.override.metadata.max.age.ms": "25000"}))
    worker.rest.wait_running(name)
    kafka.add_partitions(t, 2)
    kafka.produce(t, [{"value": "new", "partition": 1}])
    stalls = []

    def is_read():
        stalls.extend(filter(None, [stall(worker, name)]))
        return lines_of(path) == ["new"]
    wait_for("the new partition to be read", is_read, 60)
    assert not stalls, stalls[0]
