"""owners: watches the task processes of a cluster: one at a time for each."""

import threading
import time

from .cluster import places
from .ledger import must
from .process import argv, children


def slot_of(pid):
    """(connector, task) of a task's process, None of any other"""
    words = argv(pid)
    if len(words) < 4 or words[1] != "task":
        return None
    return words[2], int(words[3])


def tasks_of(cluster):
    """{(connector, task): ids of the workers with a process of it}"""
    found = {}
    for w in cluster.running():
        for pid in children(w.process.pid):
            slot = slot_of(pid)
            if slot is not None:
                found.setdefault(slot, []).append(f"{w.host}:{w.port}")
    return found


def is_so(cluster, worker, names):
    """What this worker shows of these is what the processes are."""
    shown = {slot: [ident] for slot, ident in places(
        cluster.statuses(worker), names).items() if slot[1] >= 0}
    found = {slot: ids for slot, ids in tasks_of(cluster).items()
             if slot in shown}
    return shown == found


class Owners(threading.Thread):
    """Looks many times a second, until close(). A process that has ended, or
    is nobody's any more as its worker was killed, counts until it is gone."""

    def __init__(self, cluster, pause=0.03):
        super().__init__(daemon=True)
        self.cluster, self.pause = cluster, pause
        self.known = {}  # pid -> slot
        self.doubles = []
        self.looks = 0
        self._end = threading.Event()

    def run(self):
        while not self._end.wait(self.pause):
            self.look()

    def look(self):
        for w in self.cluster.running():
            for pid in children(w.process.pid):
                slot = slot_of(pid)
                if slot is not None:
                    self.known[pid] = slot
        self.known = {p: s for p, s in self.known.items() if slot_of(p) == s}
        pids = {}
        for pid, slot in self.known.items():
            pids.setdefault(slot, []).append(pid)
        self.doubles += [(time.strftime("%X"), slot, both)
                         for slot, both in pids.items() if len(both) > 1]
        self.looks += 1

    def check(self):
        assert self.looks > 0
        must(not self.doubles, "two processes:", self.doubles[:10])

    def close(self):
        self._end.set()
        self.join(30)
        self.check()
