"""fence: what the fence around a task (Landlock and the system call filter)
costs: a task's start, and the path from a file to Kafka, by two workers of
which one has task.jail=false, in turn.

    make bench BENCH_ARGS='--only fence'

What is sought is less than what a run differs by from the next. So there are
many; a run's processor time is its task's alone, to the nanosecond; its rate
is by the times at which the broker took the first batch and the last; and
beside the least of all runs stands what each differs by from the one beside
it, of which every other comes first.
"""

import contextlib
import statistics
import time

import confluent_kafka

from paths import FILE_LINE, PRODUCER, STRING
from support import env
from support.worker import Worker

NAME = "fence"
STARTS = 20  # of a task, for each of --runs
PAIRS = 8    # of runs, the same
WAYS = {"with": "true", "without": "false"}
LOOK_S = 0.01


def busy_s(pid):
    """Processor time of a process so far, finer than in ticks: its clock is
    what clock_getcpuclockid(3) calls it."""
    return time.clock_gettime(~pid << 3 | 2)


def task_of(rest):
    return rest.status(NAME)["tasks"][0]


def start_ms(worker):
    """From the request to start a task anew until it is seen to run: its end
    is a part of that, with a fence or without one. And its processor time."""
    rest, pid = worker.rest, worker.pid_of_task(NAME)
    since, began = task_of(rest)["since"], time.monotonic()
    rest.call("POST", f"/connectors/{NAME}/tasks/0/restart")
    env.wait_for("it to run anew", lambda: (task := task_of(rest))[
        "state"] == "RUNNING" and task["since"] != since, 30, 0.001)
    took = (time.monotonic() - began) * 1e3
    return took, busy_s(worker.wait_task(NAME, other_than=pid)) * 1e3


def is_fenced(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return "\nSeccomp:\t2\n" in f.read()


def source(lines, topic, **more):
    return {"connector.class": "FileStreamSource", "topic": topic,
            "file": lines, "value.converter": STRING, **more}


def starts(b, worker, way):
    rest = worker.rest
    rest.create(NAME, source(b.lines("empty", str, 0), b.topic(NAME)))
    rest.wait_running(NAME)
    if is_fenced(worker.pid_of_task(NAME)) != (way == "with"):
        raise RuntimeError(f"{way} a fence is not what the task is")
    found = [start_ms(worker) for _ in range(STARTS)]
    rest.delete(NAME)
    return found


def taken_at(b, topic, offset):
    """When the broker took that record, in seconds"""
    at = confluent_kafka.TopicPartition(topic, 0, offset)
    b.reader.assign([at])
    found = b.reader.consume(1, 10)[0].timestamp()
    b.reader.unassign()
    return found[1] / 1e3


def run(b, worker):
    """CPU-s of the task for a million rows, and rows/s"""
    b.number += 1
    topic = b.kafka.create_topic(f"{NAME}-{b.number}",
                                 message_timestamp_type="LogAppendTime")
    rows = b.records(topic)
    worker.rest.create(topic, source(
        b.plain_lines(FILE_LINE), topic, **{"batch.size": 5000}, **PRODUCER))
    env.wait_for("all rows", lambda: rows() >= b.rows, 120, LOOK_S)
    spent = busy_s(worker.pid_of_task(topic))
    worker.rest.delete(topic)
    seconds = taken_at(b, topic, b.rows - 1) - taken_at(b, topic, 0)
    return spent / b.rows * 1e6, b.rows / seconds


def beside(found, which):
    """What a run with a fence differs by from the one without beside it."""
    each = [x[which] / y[which] - 1
            for x, y in zip(found["with"], found["without"])]
    low, middle, high = statistics.quantiles(each, n=4)
    return f"{middle:+.1%} ({low:+.1%} to {high:+.1%})"


def tell(b, took, found):
    best = {way: [min(one) for one in zip(*took[way])] for way in WAYS}
    least = {way: min(cpu for cpu, _ in found[way]) for way in WAYS}
    for way in WAYS:
        b.notes.append(
            f"{way} a fence: a task anew after {best[way][0]:.1f} ms, "
            f"{best[way][1]:.2f} CPU-ms of its own, best of "
            f"{len(took[way])}; file-topic {least[way]:.4f} CPU-s/M of the "
            f"task and {max(rate for _, rate in found[way]):,.0f} rows/s, "
            f"each the best of {len(found[way])}")
    wall, busy = (x - y for x, y in zip(best["with"], best["without"]))
    b.notes.append(
        f"the fence: {wall:+.1f} ms and {busy:+.2f} CPU-ms a start; the "
        f"least CPU-s/M {least['with'] / least['without'] - 1:+.1%}; by the "
        f"run beside it, median and quartiles of {len(found['with'])}: "
        f"CPU-s/M {beside(found, 0)}, rows/s {beside(found, 1)}")


def measure(b):
    took, found = ({way: [] for way in WAYS} for _ in range(2))
    with contextlib.ExitStack() as stack:
        workers = {way: Worker(b.folder, b.kafka.bootstrap, task_jail=jail)
                   for way, jail in WAYS.items()}
        for w in workers.values():
            stack.callback(w.close)
            w.start()
        for way in list(WAYS) * b.runs:
            took[way] += starts(b, workers[way], way)
        for n in range(PAIRS * b.runs):
            for way in list(WAYS)[::-1 if n % 2 else 1]:
                found[way].append(run(b, workers[way]))
                print(f"{way:7} a fence {found[way][-1][0]:.4f} CPU-s/M "
                      f"{found[way][-1][1]:12,.0f} rows/s", flush=True)
    tell(b, took, found)
