"""idle: start-up and memory of a worker that has nothing to do."""

import time

from support import env, process

STARTS = 5


def told(b, name, goal, unit, value):
    return (f"{name}: {value:,.1f} {unit} of at most {goal}: "
            f"{b.judge(value <= goal)}")


def start_ms(b):
    b.worker.stop()
    started = time.monotonic()
    b.worker.spawn()
    env.wait_for("REST", b.worker.rest.connectors_answered, 60, 0.002)
    return (time.monotonic() - started) * 1e3


def task_memory(b):
    source = b.lines("empty", str, 0)
    b.worker.rest.create("idle", {
        "connector.class": "FileStreamSource", "file": source,
        "topic": b.topic("idle"),
        "value.converter": "org.apache.kafka.connect.storage.StringConverter"})
    b.worker.rest.wait_running("idle")
    time.sleep(3)
    size = process.memory(b.worker.pid_of_task("idle"))
    b.worker.rest.delete("idle")
    return size / 1e6


def measure(b):
    try:
        b.worker.start()
        b.notes.append(told(b, "start until REST answers reads, best of "
                            f"{STARTS}", 100, "ms",
                            min(start_ms(b) for _ in range(STARTS))))
        time.sleep(3)  # what an idle worker takes is what it takes later
        b.notes.append(told(b, "idle worker", 15, "MB PSS", process.memory(
            b.worker.process.pid) / 1e6))
        b.notes.append(told(b, "idle task", 3, "MB PSS", task_memory(b)))
    finally:
        b.worker.close()
