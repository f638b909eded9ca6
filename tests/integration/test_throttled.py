"""A producer that the brokers let send a hundredth of what it could: its
position goes on being committed all the time, never back, and what a restart
sends again is what was on its way, not all that was read. (Trap A4)"""

import random
import subprocess
import time

import pytest

from support import configs
from support.env import wait_for
from support.kafka import QUICK_JAVA, classpath

LINES, LENGTH = 20000, 1000  # the newline included
RATE = 200_000  # bytes a second
SECONDS = 40
FLUSH_MS = 200
# A position stands behind what was read together, and goes the way of the
# records: five requests are before it, and a broker that says no does it for
# seconds, then takes what comes.
TOGETHER = 20
ON_THE_WAY = 2 * 5 * TOGETHER
LATE_S = 10


@pytest.fixture
def limit(kafka):
    """limit(client): its producers may send RATE; limit(client, None): all"""
    def set_it(client, rate=RATE):
        change = (["--delete-config", "producer_byte_rate"] if rate is None
                  else ["--add-config", f"producer_byte_rate={rate}"])
        subprocess.run(
            ["java", "-XX:-UsePerfData", *QUICK_JAVA, "-cp", classpath(),
             "kafka.admin.ConfigCommand", "--bootstrap-server",
             kafka.bootstrap, "--alter", *change, "--entity-type", "clients",
             "--entity-name", client], check=True, capture_output=True,
            timeout=60)
    return set_it


def position(worker, name):
    """Lines that need not be sent again"""
    found = worker.rest.offsets(name)
    return found[0]["offset"]["position"] // LENGTH if found else 0


def late(looks):
    """Those that find what was there LATE_S before not committed yet."""
    return [(at, position, size) for at, position, _ in looks
            for then, _, size in looks
            if at - then >= LATE_S and position < size]


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_a_throttled_producer_commits_all_the_time(
        kafka, topic, new_worker, limit, unique, folder):
    name, t, path = unique("src"), topic("t"), folder + "/in"
    worker = new_worker(kafka.bootstrap, offset_flush_interval_ms=FLUSH_MS)
    with open(path, "w", encoding="ascii") as f:
        for n in range(LINES):
            # What cannot be pressed together.
            f.write(f"{n:07} {random.randbytes(LENGTH // 2 - 4).hex()}"
                    [:LENGTH - 1] + "\n")
    limit(f"connector-producer-{name}-0")
    worker.rest.create(name, configs.file_source(path, t, **{
        "batch.size": TOGETHER,
        "producer.override.batch.size": TOGETHER * LENGTH}))
    wait_for("the first commit", lambda: position(worker, name))
    looks, end = [], time.monotonic() + SECONDS
    while time.monotonic() < end:
        looks.append((time.monotonic(), position(worker, name), kafka.size(t)))
        time.sleep(0.1)
    worker.kill_task(name)
    committed, delivered = position(worker, name), kafka.size(t)
    seen = [p for _, p, _ in looks]
    print(f"{len(looks)} looks, {len(set(seen))} positions, {committed} lines "
          f"committed and {delivered} delivered")
    assert delivered < 0.75 * LINES, "it was not throttled"
    assert seen == sorted(seen)
    assert len(set(seen)) > SECONDS / 5, seen
    assert not late(looks), late(looks)[:3]
    limit(f"connector-producer-{name}-0", None)
    wait_for("all of it", lambda: position(worker, name) == LINES)
    values = [int(r.value[:7]) for r in kafka.consume(t)]
    assert sorted(set(values)) == list(range(LINES))
    again = len(values) - LINES
    print(f"{again} lines came twice")
    assert again <= max(delivered - committed, 0) + ON_THE_WAY
