"""scarce: a pipeline on a worker that is about to lack something, and that the
worker neither ends nor spins meanwhile.

    with pipeline(worker, kafka, folder) as p:
        ...
        survives(worker, pid)
        p.finish()
"""

import contextlib
import os
import time

from . import configs, ledger
from .env import wait_for
from .process import cpu_seconds

SESSION_S = 6
CPU_SHARE = 0.2
# Of a worker whose session a test can wait out.
SESSION = {"session_timeout_ms": SESSION_S * 1000,
           "heartbeat_interval_ms": 1500}


class Share:
    """of a processor that a worker took since it was made"""

    def __init__(self, worker):
        self.pid = worker.process.pid
        self.began, self.used = time.monotonic(), cpu_seconds(self.pid)

    def check(self):
        share = (cpu_seconds(self.pid) - self.used) / (
            time.monotonic() - self.began)
        assert share < CPU_SHARE, f"{share:.0%} of a processor"


def survives(worker, pid):
    """Two sessions' time, in which it can keep nothing up."""
    share = Share(worker)
    time.sleep(2 * SESSION_S)
    share.check()
    assert worker.process.pid == pid and worker.process.running()


class Pipeline:
    """A file source, a sink of its topic, and who writes what is to arrive."""

    def __init__(self, worker, kafka, folder):
        self.worker, self.out = worker, folder + "/out"
        self.journal = ledger.Journal(folder + "/journal")
        self.writer = ledger.FileWriter(folder + "/in", self.journal, "scarce",
                                        pause=0.05)
        topic = kafka.create_topic("t")
        worker.rest.create("src", configs.file_source(folder + "/in", topic))
        worker.rest.create("snk", configs.file_sink(self.out, topic))
        self.writer.start()
        wait_for("lines", self.size)

    def size(self):
        return os.path.exists(self.out) and os.path.getsize(self.out)

    def _arrived(self):
        with open(self.out, "rb") as f:
            return [ledger.entry_from(line) for line in f
                    if line[-1:] == b"\n"]

    def finish(self):
        self.writer.finish()
        ledger.wait_complete(
            self.journal, self._arrived).assert_at_least_once()


@contextlib.contextmanager
def pipeline(worker, kafka, folder):
    p = Pipeline(worker, kafka, folder)
    try:
        yield p
    finally:
        p.writer.finish()
