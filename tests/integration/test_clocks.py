"""The wall clock is moved while two workers work, by an hour and by ten years,
on and back: nobody loses a lease, no process ends, no position goes back, and
what is written goes on arriving; also when the broker is away at that moment.
(Trap K12)"""

import os
import struct
import time

import pytest

from support import configs, ledger
from support.cluster import Cluster
from support.env import BUILD, wait_for
from support.front import Front
from support.kafka import session_keys
from support.steady import Steady

HOUR_S = 3600
YEARS_S = 10 * 365 * 24 * HOUR_S
# Longer than a session: what the clock could end has ended.
LOOK_S = 7


class Clock:
    """Of whatever is started with `wrap`: see support/clock.c"""

    def __init__(self, path):
        # What cannot be preloaded is left out with a word, and no clock moves.
        assert os.path.exists(f"{BUILD}/clock.so"), "make test builds it"
        self.path = path
        self.move(0)
        self.wrap = ["env", f"LD_PRELOAD={BUILD}/clock.so",
                     f"PENSTOCK_TEST_CLOCK={path}"]

    def move(self, seconds):
        """From the true time"""
        fd = os.open(self.path, os.O_RDWR | os.O_CREAT)
        os.pwrite(fd, struct.pack("=q", seconds * 1000), 0)
        os.close(fd)


@pytest.fixture
def clocks(folder):
    return [Clock(f"{folder}/clock-{n}") for n in range(2)]


def begin(kafka, folder, clocks):
    cluster = Cluster(folder, kafka.bootstrap, 0)
    for clock in clocks:
        cluster.add(wrap=clock.wrap)
    try:
        yield Steady(cluster.start(), kafka).start()
    finally:
        cluster.close()


@pytest.fixture
def work(kafka, folder, clocks):
    yield from begin(kafka, folder, clocks)


def positions(work):
    """Of each source, as an offset in its file"""
    rest = work.cluster.workers[0].rest
    found = {name: rest.offsets(name) for name in work.sources}
    return [found[name][0]["offset"]["position"] if found[name] else 0
            for name in work.sources]


def wait_new(work, timeout=5):
    marks = work.marks()
    wait_for("new lines of each source", lambda: all(
        ledger.entry_from(work.kafka.last(t)).seq > mark
        for t, mark in zip(work.topics, marks)), timeout)


def look(work, before):
    """All goes on, for longer than a session; the positions now."""
    end = time.monotonic() + LOOK_S
    while time.monotonic() < end:
        wait_new(work)
        now = positions(work)
        ledger.must(all(a <= b for a, b in zip(before, now)), before, now)
        before = now
        time.sleep(0.2)
    return before


def change(rest):
    """Through a worker that may have to pass it on"""
    rest.call("POST", "/connectors", {
        "name": "new", "initial_state": "STOPPED",
        "config": configs.file_source("/tmp/absent", "absent")})
    rest.delete("new")


def play(work, clocks, moves):
    """moves: the seconds that each clock is wrong by"""
    cluster = work.cluster
    before, places = work.tasks(), cluster.wait_running(work.names)
    seen = positions(work)
    for move in moves:
        print(f"clocks are wrong by {move} s")
        for clock, seconds in zip(clocks, move):
            clock.move(seconds)
        now = look(work, seen)
        assert all(a < b for a, b in zip(seen, now)), "positions stand still"
        seen = now
        for w in cluster.workers:
            change(w.rest)
            assert cluster.wait_running(work.names, worker=w,
                                        timeout=2) == places
            ages = [t["freshness"]["age_ms"] for name in work.sources
                    for t in w.rest.status(name)["tasks"]
                    if "freshness" in t]
            assert all(a >= 0 for a in ages), ages
    assert work.tasks() == before
    for report in work.finish().values():
        report.assert_none("duplicates")
    for w in cluster.workers:
        assert "suspended" not in w.log_text()


def test_the_clock_of_one_worker_is_moved(work, clocks):
    play(work, clocks, [(HOUR_S, 0), (-HOUR_S, 0)])


@pytest.mark.soak
def test_clocks_are_moved_by_years(work, clocks):
    """Ten back, and on again: a broker takes nothing that is more than an
    hour ahead of its own clock."""
    play(work, clocks, [(-YEARS_S, 0), (0, -YEARS_S), (-YEARS_S, -YEARS_S),
                        (0, 0)])


@pytest.mark.soak
@pytest.mark.parametrize("seconds", [-HOUR_S, -YEARS_S])
def test_clocks_are_set_back_while_the_broker_is_away(
        own_kafka, folder, clocks, seconds):
    """Who waits to try again at that moment does not wait until the old time
    comes again."""
    for work in begin(own_kafka, folder, clocks):
        own_kafka.kill()
        time.sleep(3)
        for clock in clocks:
            clock.move(seconds)
        time.sleep(3)
        own_kafka.start()
        wait_new(work, 30)
        work.cluster.wait_running(work.names)
        work.finish()


@pytest.mark.soak
def test_a_clock_hours_ahead_loses_nothing(kafka, clocks, new_worker, folder,
                                           topic):
    """Brokers refuse what is more than an hour ahead of them, whatever is
    tolerated: positions too, so all of it comes again."""
    t, path = topic("lines"), folder + "/in"
    worker = new_worker(kafka.bootstrap, wrap=clocks[0].wrap)
    journal = ledger.Journal(folder + "/journal")
    writer = ledger.FileWriter(path, journal, "ahead", pause=0.02)
    writer.start()
    worker.rest.create("src", configs.file_source(
        path, t, errors_tolerance="all"))
    kafka.wait_records(t, 100)
    clocks[0].move(3 * HOUR_S)
    worker.wait_log("Commit of source offsets failed")
    clocks[0].move(0)
    writer.finish()
    ledger.wait_complete(journal, lambda: [
        ledger.entry_from(r.value) for r in kafka.consume(t)
    ]).assert_at_least_once()
    worker.rest.wait_running("src")


def test_a_store_that_refuses_the_time_tells_the_right_one(
        kafka, s3, bucket, topic, clocks, new_worker, unique, receiver):
    """Signatures hold for some minutes: what is refused is signed again by
    the store's clock, is no dead letter, and waits for nobody to mend ours."""
    t, name, codes = topic("events"), unique("lake"), []

    def relay(_, request):
        reply = Front.relay(request)
        codes.append(reply.status)
        return reply
    receiver.script(relay)
    worker = new_worker(kafka.bootstrap, wrap=clocks[0].wrap)
    worker.rest.create(name, configs.s3_sink(
        s3, bucket, t, flush_size=1, errors_tolerance="all",
        s3_proxy_url=receiver.url, **{
            "errors.deadletterqueue.topic.name": t + ".dead",
            "errors.deadletterqueue.topic.replication.factor": 1}))
    lines = []

    def one_arrives():
        lines.append(b"%d" % len(lines))
        kafka.produce(t, lines[-1:])
        wait_for(f"{lines}", lambda: s3.lines(bucket, "topics/") == lines, 20)
    one_arrives()
    pid = worker.wait_task(name)
    for seconds in (HOUR_S // 2, -HOUR_S // 2, 0):
        refused = codes.count(403)
        clocks[0].move(seconds)
        one_arrives()
        assert codes.count(403) > refused, (seconds, codes)
    assert worker.pid_of_task(name) == pid
    assert t + ".dead" not in kafka.topics() \
        or kafka.consume(t + ".dead") == []


@pytest.mark.soak
def test_a_key_of_workers_grows_old_by_a_clock_that_was_set_back(
        kafka, clocks, new_worker):
    worker = new_worker(kafka.bootstrap, wrap=clocks[0].wrap,
                        inter_worker_key_ttl_ms=1000)
    topic = worker.properties["config.storage.topic"]

    def wait_more():
        have = len(session_keys(kafka.bootstrap, topic))
        wait_for("more keys", lambda: len(
            session_keys(kafka.bootstrap, topic)) > have + 1, 20)
    wait_more()
    clocks[0].move(-YEARS_S)
    wait_more()


@pytest.mark.soak
def test_an_upgrade_is_not_given_up_for_a_clock(
        kafka, clocks, new_worker, folder, topic, unique):
    """How long it may take is no matter of the wall clock."""
    rest = new_worker(kafka.bootstrap, wrap=clocks[0].wrap).rest
    name, pipeline, t = unique("t"), unique("p"), topic("lines")
    with open(folder + "/in", "w", encoding="ascii") as f:
        f.write("one\n")
    for size in ("5", "7"):
        rest.call("PUT", f"/templates/{name}", {"connectors": [{
            "name": "${param:pipeline}-in", "config": configs.file_source(
                folder + "/in", t, batch_size=size)}]})
        if size == "5":
            rest.call("PUT", f"/pipelines/{pipeline}", {"template": name})
            rest.wait_running(pipeline + "-in")
    rest.call("POST", f"/templates/{name}/upgrade",
              {"healthy_ms": 3000, "timeout_ms": 60000})

    def stand():
        return rest.get(f"/templates/{name}/upgrade")
    wait_for("its begin", lambda: stand()["pipelines"][0]["state"]
             == "UPGRADING", interval=0.02)
    clocks[0].move(HOUR_S // 2)
    wait_for("its end", lambda: stand()["state"] != "RUNNING", 60)
    assert stand()["state"] == "DONE", stand()
