"""Partitions that are added to a topic under a sink (F7): whatever is written
into them is read, from the first record on, soon enough, and committed."""

import json
import time

import pytest

from support import configs
from support.env import wait_for
from support.files import lines_of

AGE = {"consumer.override.metadata.max.age.ms": "500"}
SOON = 15  # seconds: a group of two members has to come together again


class Files:
    """Each task writes a file of its own."""

    def __init__(self, folder):
        self.path = folder + "/out"

    def config(self, topic):
        return configs.file_sink(self.path, topic)

    def rows(self):
        return [json.loads(line)["n"] for line in lines_of(self.path)]


class Bucket:
    def __init__(self, s3, name):
        self.s3, self.name = s3, name

    def config(self, topic):
        return configs.s3_sink(self.s3, self.name, topic, flush_size=1)

    def rows(self):
        return [json.loads(line)["n"]
                for line in self.s3.lines(self.name, "topics/")]


class Table:
    def __init__(self, postgres, db):
        self.postgres, self.db = postgres, db
        postgres.execute(db, "CREATE TABLE events (n int)")

    def config(self, topic):
        return configs.postgres_sink(
            self.postgres, self.db, topic, "events", **{
                "value.converter": configs.JSON,
                "value.converter.schemas.enable": "false"})

    def rows(self):
        return [n for n, in self.postgres.execute(
            self.db, "SELECT n FROM events")]


@pytest.fixture(params=["file", "s3", "postgres"])
def target(request):
    get = request.getfixturevalue
    if request.param == "file":
        return Files(get("folder"))
    if request.param == "s3":
        return Bucket(get("s3"), get("bucket"))
    return Table(get("postgres"), get("db"))


def write(kafka, t, first, partitions):
    """One row into each of these partitions; how many there are then"""
    kafka.produce(t, [{"partition": p, "value": json.dumps({"n": first + i})}
                      for i, p in enumerate(partitions)])
    return first + len(partitions)


def complete(target, count, timeout=30):
    def check():
        found = sorted(target.rows())
        if len(found) < count:
            raise ValueError(found)
        return found
    assert wait_for(f"{count} rows", check, timeout) == list(range(count))


def start(worker, name, config, t, by, **over):
    config.update(AGE, **over)
    if by == "topics.regex":
        del config["topics"]
        config["topics.regex"] = t[:-1] + "."
    worker.rest.create(name, config)


@pytest.mark.parametrize("by", ["topics", "topics.regex"])
def test_what_is_added_is_read_from_its_beginning(
        worker, kafka, topic, unique, target, by, capsys):
    """Twice: one partition becomes three, and three five."""
    t, snk = topic("t"), unique("snk")
    count = write(kafka, t, 0, [0, 0])
    start(worker, snk, target.config(t), t, by, **{"tasks.max": "2"})
    complete(target, count)
    for total in (3, 5):
        kafka.add_partitions(t, total)
        added = time.monotonic()
        count = write(kafka, t, count, range(total))
        complete(target, count)
        took = time.monotonic() - added
        with capsys.disabled():
            print(f" {total} partitions after {took:.1f} s", end="")
        assert took < SOON
        count = write(kafka, t, count, [*range(total)] * 2)
        complete(target, count)
    each = [2 + 3 + 3, *[3 + 3] * 2, *[3] * 2]
    wait_for("the commits", lambda: kafka.committed("connect-" + snk) == {
        (t, p): n for p, n in enumerate(each)})


def test_what_is_added_is_read_by_a_sink_that_wants_the_latest(
        worker, kafka, topic, folder):
    """It wants nothing from before it was there; that is no reason to lose
    what came after."""
    t, target = topic("t"), Files(folder)
    kafka.produce(t, [json.dumps({"n": -1})])
    start(worker, "snk", target.config(t), t, "topics", **{
        "consumer.override.auto.offset.reset": "latest"})
    worker.rest.wait_running("snk", tasks=1)
    wait_for("its end of the topic", lambda: write(kafka, t, 0, [0])
             and target.rows())
    assert -1 not in target.rows()
    kafka.add_partitions(t, 3)
    write(kafka, t, 1000, [1, 2, 1, 2])

    def added():
        found = [n for n in sorted(target.rows()) if n >= 1000]
        if found != [1000, 1001, 1002, 1003]:
            raise ValueError(found)
        return True
    wait_for("what was added", added)
