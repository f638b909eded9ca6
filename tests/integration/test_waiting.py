"""A task that waits for the broker's answer waits: it costs no processor.
librdkafka's own thread polls as fast as it can then; docker/install-deps mends
it."""

import signal
import time

from support import configs
from support.env import wait_for
from support.process import cpu_seconds

LOOK_S = 3
BUSY = 0.05  # of a core; one that others keep busy may give little more


def test_a_broker_that_hangs_costs_no_processor(own_kafka, new_worker,
                                                folder):
    """Lines wait behind a request that gets no answer."""
    w, topic = new_worker(own_kafka.bootstrap), own_kafka.create_topic("t")
    path = folder + "/in"

    def feed(count):
        with open(path, "a", encoding="ascii") as f:
            f.write("a line\n" * count)
    feed(1)
    w.rest.create("c", configs.file_source(path, topic))
    own_kafka.wait_records(topic, 1)
    pid, broker = w.wait_task("c"), own_kafka.processes[1]
    broker.send(signal.SIGSTOP)
    try:
        for _ in range(20):
            feed(100)
            time.sleep(0.05)
        spent, began = cpu_seconds(pid), time.monotonic()
        time.sleep(LOOK_S)
        busy = (cpu_seconds(pid) - spent) / (time.monotonic() - began)
    finally:
        broker.send(signal.SIGCONT)
    print(f"busy for {busy:.1%} of the time")
    assert busy < BUSY
    wait_for("all lines", lambda: own_kafka.size(topic) == 2001, 60)
