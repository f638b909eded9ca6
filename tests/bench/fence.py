"""fence: what the fence around a task (Landlock and the system call filter)
costs: a task's start, and the path from a file to Kafka, with task.jail and
without it in turn; of each the least counts.

    make bench BENCH_ARGS='--only fence'
"""

import time

from engine import Series
from paths import file_topic
from support import env

NAME = "fence"
STARTS = 20  # of a task, each time that its worker runs
JAIL = {"with": "true", "without": "false"}


def busy_ms(pid):
    """Processor time of a process so far, finer than in ticks: its clock is
    what clock_getcpuclockid(3) calls it."""
    return time.clock_gettime(~pid << 3 | 2) * 1e3


def task_of(rest):
    return rest.status(NAME)["tasks"][0]


def start_ms(b):
    """From the request to start a task anew until it is seen to run: its end
    is a part of that, with a fence or without one. And its processor time."""
    rest, pid = b.worker.rest, b.worker.pid_of_task(NAME)
    since, began = task_of(rest)["since"], time.monotonic()
    rest.call("POST", f"/connectors/{NAME}/tasks/0/restart")
    env.wait_for("it to run anew", lambda: (task := task_of(rest))[
        "state"] == "RUNNING" and task["since"] != since, 30, 0.001)
    took = (time.monotonic() - began) * 1e3
    return took, busy_ms(b.worker.wait_task(NAME, other_than=pid))


def is_fenced(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return "\nSeccomp:\t2\n" in f.read()


def starts(b, jail):
    rest = b.worker.rest
    rest.create(NAME, {
        "connector.class": "FileStreamSource", "topic": b.topic(NAME),
        "file": b.lines("empty", str, 0)})
    rest.wait_running(NAME)
    if is_fenced(b.worker.pid_of_task(NAME)) != (jail == "true"):
        raise RuntimeError(f"task.jail={jail} is not what the task has")
    found = [start_ms(b) for _ in range(STARTS)]
    rest.delete(NAME)
    return found


def least_cpu(series):
    """seconds for a million rows"""
    return min(s.cpu / s.rows * 1e6 for s in series.samples)


def measure(b):
    plan = file_topic(b, "fence")
    series = {way: Series(f"fence {way}", "penstock") for way in JAIL}
    took, notes = {way: [] for way in JAIL}, list(b.notes)
    try:
        for _ in range(b.runs):
            for way, jail in JAIL.items():
                b.worker.properties["task.jail"] = jail
                b.add(series[way], plan.penstock())
                b.worker.start()
                took[way] += starts(b, jail)
                b.worker.close()
    finally:
        b.worker.close()
        del b.worker.properties["task.jail"]
    b.notes = notes
    best = {way: [min(one) for one in zip(*took[way])] for way in JAIL}
    for way, found in series.items():
        b.notes.append(
            f"{way} a fence: a task anew after {best[way][0]:.1f} ms, "
            f"{best[way][1]:.2f} CPU-ms of its own, best of "
            f"{len(took[way])}; file-topic {found.rate:,.0f} rows/s, "
            f"{least_cpu(found):.3f} CPU-s/M")
    wall, busy = (x - y for x, y in zip(best["with"], best["without"]))
    rate = series["with"].rate / series["without"].rate - 1
    cpu = least_cpu(series["with"]) / least_cpu(series["without"]) - 1
    b.notes.append(f"the fence: {wall:+.1f} ms and {busy:+.2f} CPU-ms a "
                   f"start, {rate:+.1%} rows/s, {cpu:+.1%} CPU-s/M")
