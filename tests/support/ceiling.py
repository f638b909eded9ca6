"""ceiling: a worker that may have so many processes and threads, no more.

    ceiling = Ceiling()                    needs root
    w = Worker(..., wrap=ceiling.wrap)     runs as a user of its own
    ceiling.lower(w, room=2)               two more, then EAGAIN
    ceiling.lift(w)

That is RLIMIT_NPROC, which counts all threads of a user and does not bind
root: nobody else is that user. It may read and write what root may.
"""

import itertools
import os
import resource
import subprocess

from .process import tree

_users = itertools.count(1)
FIRST_USER = 1_000_000_000
NEED = ("dac_override", "fowner", "chown", "kill")


class Ceiling:
    def __init__(self, limit=None):
        """limit: from the start on"""
        self.most = resource.getrlimit(resource.RLIMIT_NPROC)[1]
        self.user = FIRST_USER + os.getpid() * 100 + next(_users)
        caps = ",".join(f"+{name}" for name in NEED)
        self.wrap = [
            "setpriv", "--reuid", str(self.user), "--regid", str(self.user),
            "--clear-groups", "--inh-caps", caps, "--ambient-caps", caps, "--"]
        if limit is not None:
            self.wrap += ["prlimit", f"--nproc={limit}:"]

    def used(self, worker):
        """processes and threads"""
        return sum(_threads(pid) for pid in tree(worker.process.pid))

    def lower(self, worker, room):
        self._set(worker, self.used(worker) + room)

    def lift(self, worker):
        self._set(worker, self.most)

    def _set(self, worker, limit):
        """As that user: of others' processes only CAP_SYS_RESOURCE may."""
        for pid in tree(worker.process.pid):
            subprocess.run(
                ["prlimit", f"--pid={pid}", f"--nproc={limit}:"], check=False,
                user=self.user, group=self.user, extra_groups=[],
                stderr=subprocess.DEVNULL)


def _threads(pid):
    try:
        return len(os.listdir(f"/proc/{pid}/task"))
    except OSError:
        return 0
