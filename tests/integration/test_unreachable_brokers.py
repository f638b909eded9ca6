"""Workers that do not reach one broker of three, or none, for a minute and
for ten; and lines that are long and lose packets. Nothing is missing, nothing
is out of order, and all goes on soon after. Five seconds are in
test_cluster_cuts.py. (Trap K15)"""

import time

import pytest

from support import ledger, process
from support.cluster import Cluster, Stopwatch
from support.env import SANITIZED, wait_for
from support.steady import Steady

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1500)]

# What a source may hold is 32 MiB; what it had when nothing was taken any
# more, and its programs, are beside that.
PEAK_MAX = 80
MIB = 1 << 20
THREE = {f"{what}_storage_replication_factor": 3
         for what in ("config", "offset", "status")}
# Connections are tried again at least that often, and a request that nobody
# answers is given up after it.
GO_ON_S = 45
LONG_MS, LOST = 100, 0.01


@pytest.fixture
def places(network):
    try:
        while len(network.places) < 3:
            network.add(line=True)
    except OSError as e:
        pytest.skip(f"no tap devices here: {e}")
    yield network.places
    for place in network.places:
        network.heal(place)
        place.line.delay_ms, place.line.loss = 0, 0.0


@pytest.fixture
def work(bridged_brokers, places, folder):
    cluster = Cluster(folder, bridged_brokers.bootstrap, 0, **THREE)
    for place in places:
        cluster.add(host=place.host, wrap=place.wrap)
    try:
        yield Steady(cluster.start(), bridged_brokers).start()
    finally:
        cluster.close()


def arrived(work):
    """The last line of each source"""
    return [ledger.entry_from(work.kafka.last(t)).seq for t in work.topics]


def wait_new(work, timeout):
    """Until what is written now arrives"""
    marks = work.marks()
    wait_for("new lines of each source", lambda: all(
        seq > mark for seq, mark in zip(arrived(work), marks)), timeout)


def leader_of(kafka, topic):
    found = kafka.admin().list_topics(topic, timeout=10).topics[topic]
    return found.partitions[0].leader


@pytest.mark.parametrize("seconds", [60, 600])
@pytest.mark.parametrize("which", ["one", "all"])
def test_brokers_are_cut_off(work, network, which, seconds):
    """One: that which leads the first source's topic."""
    kafka, cluster = work.kafka, work.cluster
    leaders = [leader_of(kafka, t) for t in work.topics]
    gates = [kafka.hosts[leaders[0]]] if which == "one" else None
    hit = [which == "all" or node == leaders[0] for node in leaders]
    for place in network.places:
        network.cut(place, gates=gates)
    time.sleep(5)
    before = arrived(work)
    time.sleep(seconds - 5)
    stood = [a == b for a, b in zip(before, arrived(work))]
    assert all(s for s, h in zip(stood, hit) if h), "it was not cut off"
    for place in network.places:
        network.heal(place)
    watch = Stopwatch()
    wait_new(work, 300)
    seconds = watch.seconds()
    cluster.wait_running(work.names, on=cluster.workers, timeout=GO_ON_S)
    print(f"new lines after {seconds:.1f} s")
    peaks = [process.peak(pid) / MIB for slot, [pid] in work.tasks().items()
             if slot[0] != "sink"]
    print(f"peaks of sources: {max(peaks):.1f} MiB")
    print({name: str(r) for name, r in work.finish(300).items()})
    assert SANITIZED or max(peaks) < PEAK_MAX, peaks
    assert seconds < GO_ON_S


def test_lines_are_long_and_lose_packets(work, places):
    """Two tenths of a second there and back, and one packet of a hundred is
    lost each way: no process ends and all goes on."""
    before = work.tasks()
    for place in places:
        place.line.delay_ms, place.line.loss = LONG_MS, LOST
    watch = Stopwatch()
    while watch.seconds() < 60:
        wait_new(work, GO_ON_S)
    assert work.tasks() == before
    reports = work.finish(120)
    print({name: str(r) for name, r in reports.items()})
    print([f"{p.line.lost} of {p.line.carried}" for p in places])
    assert all(p.line.lost > 20 for p in places)
    reports["topics"].assert_none("duplicates")
