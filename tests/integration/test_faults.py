"""One to three faults, at the same time or nearly: what they are, when and of
whom, a seed says. Afterwards all is well in time, and what was promised holds:
at least once and exactly once, order, one process for each task, and no
position that came before what it covers. (Trap L, the runner)

    FAULT_SEEDS=50 make soak TESTS=tests/integration/test_faults.py
"""

import contextlib
import os

import pytest

from support import faults, safety
from support.cluster import SESSION_S, Cluster, Stopwatch
from support.env import wait_for
from support.owners import Owners, is_so
from support.steady import Steady

SEEDS = int(os.environ.get("FAULT_SEEDS", "20"))
# One that is cut off, one that is killed and one that stands still at once;
# and whatever was red once.
REGULAR = [6]
# After the last fault: a session that runs out, the start of all, and what
# was not sent meanwhile.
HEAL_S = 45
NAMES = ["a", "sink"]
# Something is always on its way when a position is committed.
FLUSH_MS, PAUSE_S = 20, 0.01
EXACTLY_ONCE = {"exactly_once_source_support": "enabled"}
SINK = {"consumer.override.session.timeout.ms": str(SESSION_S * 1000),
        "consumer.override.heartbeat.interval.ms": "1500",
        "consumer.override.isolation.level": "read_committed"}


class Scene:
    """Two clusters of two workers, as exactly once is a cluster's: in each a
    file source and a sink."""

    def __init__(self, folder, kafka, network):
        self.kafka, self.network = kafka, network
        self.places = {}
        self.works = [self._work(f"{folder}/{name}", **settings)
                      for name, settings in (("least", {}),
                                             ("exactly", EXACTLY_ONCE))]
        self.clusters = [w.cluster for w in self.works]
        self.owners = []
        self.slots = [(c, name, 0) for c in self.clusters
                      for name in NAMES]

    def _work(self, folder, **settings):
        os.makedirs(folder)
        offsets = self.kafka.create_topic(
            os.path.basename(folder) + "-offsets", 5, cleanup_policy="compact",
            **safety.STAMPED)
        cluster = Cluster(folder, self.kafka.bootstrap, 0,
                          offset_storage_topic=offsets,
                          offset_flush_interval_ms=FLUSH_MS, **settings)
        for _ in range(2):
            place = self.network and self.network.add()
            worker = cluster.add(**{"host": place.host, "wrap": place.wrap}
                                 if place else {})
            self.places[worker] = place
        return Steady(cluster, self.kafka, sources=["a"], pause=PAUSE_S,
                      of_topics=safety.STAMPED, of_sink=SINK)

    def place(self, worker):
        return self.places[worker]

    def start(self, ends, owned):
        """owned: each task has one process at any time"""
        self.owners = [Owners(c) for c in self.clusters if owned]
        for cluster in self.clusters:
            ends.callback(cluster.close)
            cluster.start()
        for work in self.works:
            work.start()
        for owners in self.owners:
            owners.start()
            ends.callback(owners.close)
        for work in self.works:
            work.wait_new(30)

    def heal(self, timeout):
        """Everything runs where all say it does and nowhere else, and what
        is written now arrives."""
        self.kafka.wait_ready()
        watch = Stopwatch()
        for cluster in self.clusters:
            for w in cluster.workers:
                wait_for("all to run where it is said to", lambda c=cluster,
                         w=w: is_so(c, w, NAMES), timeout - watch.seconds())
        for work in self.works:
            work.wait_new(timeout - watch.seconds())
        print(f"all is well after {watch.seconds():.1f} s")

    def check(self):
        least = self.works[0]
        reports = [w.finish() for w in self.works]
        print([{name: str(r) for name, r in rs.items()} for rs in reports])
        reports[1]["topics"].assert_exactly_once()
        safety.Lines(f"{least.folder}/a").check(
            self.kafka, least.cluster.workers[0].properties[
                "offset.storage.topic"], "a", least.topics[0])
        for owners in self.owners:
            owners.check()


@pytest.mark.parametrize("seed", [
    *REGULAR, *[pytest.param(n, marks=pytest.mark.soak)
                for n in range(1, SEEDS + 1) if n not in REGULAR]])
def test_what_a_seed_lets_happen_breaks_no_promise(
        own_bridged_kafka, network_if_any, folder, request, seed):
    with contextlib.ExitStack() as ends:
        scene = Scene(folder, own_bridged_kafka, network_if_any)
        request.node.worker_logs = [
            log for c in scene.clusters for log in c.logs]
        plan = faults.plan(seed, scene)
        print(f"seed {seed}:", *plan, sep="\n    ")
        scene.start(ends, not faults.may_suspend(plan))
        faults.play(plan, scene)
        scene.heal(HEAL_S)
        scene.check()
