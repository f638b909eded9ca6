"""What an idle worker and task take is printed; a sink that is far slower
than its source stays within task.memory.bytes."""

import os
import time

from support import configs, process
from support.env import wait_for
from support.receiver import Reply

MIB = 1 << 20


def test_idle_memory_is_printed(worker, kafka, topic, folder, unique, capsys):
    t, snk = topic("t"), unique("snk")
    with open(folder + "/in", "w", encoding="utf-8") as f:
        f.write("one\n")
    worker.restart()
    time.sleep(2)  # what the start took is given back
    lines = [f"idle worker: {worker.memory() / MIB:.1f} MiB PSS"]
    worker.rest.create("src", configs.file_source(folder + "/in", t))
    worker.rest.create(snk, configs.file_sink(folder + "/out", t))
    wait_for("the line", lambda: os.path.getsize(folder + "/out") == 4)
    time.sleep(3)  # idle from here on
    for name in ("src", snk):
        pid = worker.wait_task(name)
        lines.append(f"idle task {name[:3]}: "
                     f"{process.memory(pid) / MIB:.1f} MiB PSS, "
                     f"{process.memory(pid, 'Rss') / MIB:.1f} MiB RSS")
    worker_alone = process.memory(worker.process.pid)
    lines.append(f"worker with both: {worker_alone / MIB:.1f} MiB PSS")
    with capsys.disabled():
        print("\n" + "\n".join(lines))
    assert worker_alone > 0


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
