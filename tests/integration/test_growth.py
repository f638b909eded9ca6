"""Connectors come and go for as long as a worker runs (K13): nothing of what
they took stays: no descriptor, no thread, no process, and no memory."""

import os
import statistics
import time

import pytest

from support import configs
from support.env import wait_for
from support.process import children, memory

NAMES = 1000
AT_ONCE = 25  # of them are there at a time
HOUR_S = 3600
MIB = 1 << 20


class Coming:
    """Half of them are sources, half sinks."""

    def __init__(self, worker, topic, folder):
        self.worker, self.rest = worker, worker.rest
        self.source = configs.file_source(folder + "/in", topic)
        self.sink = configs.file_sink(folder + "/out", topic)
        with open(folder + "/in", "w", encoding="utf-8") as f:
            f.write("a line\n")

    def come_and_go(self, first, count, clean):
        """`clean`: without what they leave in the topics, too."""
        names = [f"c{(first + n) % NAMES}" for n in range(count)]
        for n, name in enumerate(names):
            self.rest.create(name, self.sink if n % 2 else self.source)
        for name in names:
            self.rest.wait_running(name)
        for name in names:
            self.rest.call("DELETE", f"/connectors/{name}" +
                           ("?clean=true" if clean else ""))
        wait_for("their processes to end", lambda: not any(
            self.worker.pid_of_task(name) for name in names))


def settled(pid):
    """What it has once nothing changes any more: descriptors, threads,
    children, and which of these are zombies."""
    looks = []

    def look():
        kids = children(pid)
        looks.append((len(os.listdir(f"/proc/{pid}/fd")),
                      len(os.listdir(f"/proc/{pid}/task")), len(kids),
                      [k for k in kids if is_zombie(k)]))
        return len(looks) >= 5 and all(x == looks[-1] for x in looks[-5:])
    wait_for("it to settle", look, interval=0.2)
    return looks[-1]


def is_zombie(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as f:
            return f.read().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return False


@pytest.mark.parametrize("clean", [False, True])
def test_what_went_has_left_nothing_open(worker, topic, folder, clean):
    coming = Coming(worker, topic(), folder)
    coming.come_and_go(0, 10, clean)
    worker.rest.session.close()
    first = settled(worker.process.pid)
    for n in range(1, 4):
        coming.come_and_go(n * 10, 10, clean)
    worker.rest.session.close()
    assert settled(worker.process.pid) == first


@pytest.mark.soak
@pytest.mark.timeout(HOUR_S + 900)
def test_a_thousand_come_and_go_for_an_hour(worker, topic, folder, capsys):
    """How much memory grows by is told by a line through what it was in the
    last three quarters of the hour."""
    coming = Coming(worker, topic(), folder)
    pid = worker.process.pid
    coming.come_and_go(0, AT_ONCE, False)
    worker.rest.session.close()
    first = settled(pid)
    began, n, at, rss = time.monotonic(), 0, [], []
    while time.monotonic() < began + HOUR_S:
        coming.come_and_go(n * AT_ONCE, AT_ONCE, n % 3 == 0)
        n += 1
        at.append((time.monotonic() - began) / 3600)
        rss.append(memory(pid, "Rss") / MIB)
    worker.rest.session.close()
    late = next(i for i, hours in enumerate(at) if hours > 0.25)
    slope = statistics.linear_regression(at[late:], rss[late:]).slope
    with capsys.disabled():
        print(f"\n{n * AT_ONCE} connectors came and went: {rss[0]:.1f} MiB "
              f"after the first, {rss[late]:.1f} after a quarter, "
              f"{rss[-1]:.1f} at the end, {slope:+.2f} MiB an hour; {first}")
    assert settled(pid) == first
    assert slope < 1
