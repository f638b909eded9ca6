"""kills: kill -9 of a connector's task at moments that a seed decides."""

import os
import random
import signal
import time

from .env import wait_for

# Every third kill, the second first, is of a task that starts: each so much
# later in its start than the one before.
STARTS, LATER_S = 3, 0.004


def kill_at_random(worker, connector, seed, kills, there):
    """kill -9 of the connector's task, so many times: some while it starts,
    the others at a random moment of its work, as there() says how much is at
    the target. On a machine that is busy a start may be over before it is
    seen: then it goes on until one was hit."""
    rng = random.Random(seed)
    last, starting, working, n = None, 0, 0, 0
    while n < kills or not starting and n < 4 * kills:
        last = worker.wait_task(connector, other_than=last, interval=0.002)
        if n % STARTS == 1 or n >= kills:
            time.sleep(n // STARTS * LATER_S if n < kills else 0)
            os.kill(last, signal.SIGSTOP)  # it gets no further meanwhile
            starting += not is_running(worker, connector)
        else:
            before = there()
            wait_for("work", lambda b=before: there() > b, timeout=60)
            time.sleep(rng.random() * 0.6)
            working += is_running(worker, connector)
        os.kill(last, signal.SIGKILL)
        n += 1
    assert starting and working >= kills // 2


def is_running(worker, connector):
    return [t["state"] for t in worker.rest.status(connector)["tasks"]] == [
        "RUNNING"]
