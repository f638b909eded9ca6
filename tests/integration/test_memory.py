"""An idle worker and idle tasks take no more than they may; a sink that is
far slower than its source stays within task.memory.bytes."""

import os
import time

from support import configs, process
from support.env import wait_for
from support.receiver import Reply

MIB = 1 << 20
WORKER, TASK = 15 * MIB, 3 * MIB  # what they may take when idle
# Libraries that a task without TLS and HTTP is not to load.
RARE = {"libcrypto", "libcurl", "libgnutls", "libmicrohttpd", "libsasl2",
        "libssl", "libuv"}
BURST = 5 * MIB  # after one, of each task: 2.1 to 3.4 are left


def rest_at(pids, limit):
    """Once each takes no more than `limit`: a task gives back what it does
    not need when it has been idle for a while."""
    def look():
        took = {name: process.memory(pid) for name, pid in pids.items()}
        if max(took.values()) > limit:
            raise ValueError(in_words(took))
        return took
    return wait_for("idle processes", look, interval=1)


def in_words(took):
    return ", ".join(f"{name} {size / MIB:.2f} MiB PSS"
                     for name, size in took.items())


def libraries(pid):
    with open(f"/proc/{pid}/maps", encoding="ascii") as f:
        return {os.path.basename(line.split()[5]).split(".so")[0]
                for line in f if ".so" in line}


def show(capsys, took):
    with capsys.disabled():
        print("\n" + in_words(took))


def test_an_idle_worker_with_one_idle_task_keeps_to_its_goals(
        worker, topic, folder, capsys):
    """What the worker and a single task share counts half for each."""
    worker.restart()
    show(capsys, rest_at({"worker": worker.process.pid}, WORKER))
    open(folder + "/in", "w", encoding="utf-8").close()
    worker.rest.create("src", configs.file_source(folder + "/in", topic()))
    worker.rest.wait_running("src")
    show(capsys, rest_at({"its only task": worker.wait_task("src")}, TASK))
    assert not libraries(worker.wait_task("src")) & RARE


def test_idle_tasks_of_every_kind_keep_to_their_limit(
        worker, kafka, topic, postgres, db, s3, bucket, receiver, folder,
        unique, capsys):
    """Two of each, and each has done something. TLS towards Kafka is not
    among it: libssl and its tables are another megabyte of each task."""
    postgres.execute(db, "CREATE TABLE src (id int PRIMARY KEY)")
    postgres.execute(db, "INSERT INTO src VALUES (1)")
    with open(folder + "/in", "w", encoding="utf-8") as f:
        f.write("a line\n")
    lines, id_ = topic("lines"), unique("")
    rows = kafka.create_topic(id_ + "-src")
    text = {"value.converter": configs.STRING}
    schemas = {"value.converter": configs.JSON,
               "value.converter.schemas.enable": "true"}
    kinds = {
        "file-source": lambda n: configs.file_source(folder + "/in", lines),
        "file-sink": lambda n: configs.file_sink(f"{folder}/out{n}", lines),
        "postgres-source": lambda n: configs.postgres_source(
            postgres, db, "src", id_ + "-", **schemas),
        "postgres-sink": lambda n: configs.postgres_sink(
            postgres, db, rows, f"dst{n}", auto_create="true", **schemas),
        "http-sink": lambda n: configs.http_sink(
            f"{receiver.url}/{n}", lines, **text),
        "s3-sink": lambda n: configs.s3_sink(
            s3, bucket, lines, topics_dir=n, flush_size="1", **text),
    }
    names = {kind: [kind + id_ + n for n in "01"] for kind in kinds}
    for kind, make in kinds.items():
        for name in names[kind]:
            worker.rest.create(name, make(name[-1]))
    for n in "01":
        wait_for("a file", lambda n=n: os.path.getsize(f"{folder}/out{n}"))
        wait_for("a row", lambda n=n: postgres.value(
            db, f"SELECT count(*) FROM dst{n}"))
        wait_for("a request", lambda n=n: [
            r for r in receiver.requests if r.path == "/" + n])
        wait_for("an object", lambda n=n: s3.keys(bucket, n + "/"))
    show(capsys, rest_at({name: worker.wait_task(name)
                          for both in names.values() for name in both}, TASK))
    for name in names["file-source"] + names["file-sink"]:
        assert not libraries(worker.wait_task(name)) & RARE


def test_what_a_burst_took_is_given_back(
        worker, kafka, topic, postgres, db, s3, bucket, receiver, folder,
        unique, capsys):
    t, count = topic("t"), 60000
    text = {"value.converter": configs.STRING}
    sinks = {
        "file": configs.file_sink(folder + "/out", t),
        "postgres": configs.postgres_sink(
            postgres, db, t, "rows", **{
                "value.converter": configs.JSON,
                "value.converter.schemas.enable": "false"}),
        "s3": configs.s3_sink(s3, bucket, t, flush_size="20000", **text),
        "http": configs.http_sink(receiver.url, t, batch_max_size="500",
                                  **text),
    }
    postgres.execute(db, "CREATE TABLE rows (n int, pad text)")
    kafka.produce(t, [b'{"n": %d, "pad": "%s"}' % (n, b"x" * 300)
                      for n in range(count)])
    names = {kind: unique(kind) for kind in sinks}
    for kind, config in sinks.items():
        worker.rest.create(names[kind], config)
    pids = {kind: worker.wait_task(names[kind]) for kind in sinks}
    for kind, name in names.items():
        wait_for(f"all by {kind}", lambda name=name: kafka.committed(
            "connect-" + name) == {(t, 0): count}, 120)
    peaks = {kind: process.peak(pid) for kind, pid in pids.items()}
    assert min(peaks.values()) > 1.5 * BURST, in_words(peaks)
    show(capsys, rest_at(pids, BURST))


def test_a_slow_sink_stays_within_its_memory(worker, kafka, topic, receiver,
                                             unique):
    """The topic holds twice the limit, and the target takes a little of it
    in ten seconds."""
    limit = 96 * MIB
    t, snk = topic("t"), unique("snk")
    value = b'{"text":"' + os.urandom(2000).hex().encode() + b'"}'
    receiver.script(lambda i, r: Reply(hang=0.5))
    worker.rest.create(snk, {
        **configs.http_sink(receiver.url + "/in", t),
        "task.memory.bytes": str(limit), "batch.max.size": "10"})
    pid = worker.wait_task(snk)
    for _ in range(10):
        kafka.produce(t, [value] * (2 * limit // len(value) // 10))
    end = time.monotonic() + 10
    while time.monotonic() < end:
        assert process.memory(pid, "Rss") < limit
        time.sleep(0.2)
    assert process.peak(pid) < limit, f"{process.peak(pid) / MIB:.0f} MiB"
    assert worker.pid_of_task(snk) == pid
    assert 0 < len(receiver.requests) < 100
    size = kafka.size(t)
    assert sum(len(r.json()) for r in receiver.accepted()) < size / 100 * 10
