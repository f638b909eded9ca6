"""Several workers are one cluster: spread, take-over, zombies, leaving."""

import http.client
import json
import os
import shutil
import signal
import time

import confluent_kafka
import pytest
import requests

from support import env, ledger
from support.cluster import (SESSION_S, Cluster, Stopwatch, in_time, noise,
                             places, spread, worker_id)
from support.connect import Connect
from support.env import HOST, wait_for
from support.rest import RestError
from support.worker import Worker

STRING = "org.apache.kafka.connect.storage.StringConverter"
SOURCES = ["a", "b", "c"]
SINK = "sink"
ALL = SOURCES + [SINK]
TAKE_OVER_S = SESSION_S + 2
LEAVE_S = 1
QUICK = {"session_timeout_ms": SESSION_S * 1000,
         "heartbeat_interval_ms": 1500}


@pytest.fixture(scope="module")
def cluster(kafka, shared_worker):
    """Three workers with three sources of a task each and a sink of three,
    made when the first was alone."""
    c = shared_worker(kafka.bootstrap, start=False, cls=Cluster)
    c.topic = f"{c.workers[0].group}-lines"
    kafka.create_topic(c.topic, partitions=3)
    first = c.workers[0].start()
    for name in SOURCES:
        make_source(c, first, name)
    first.rest.create(SINK, {
        "connector.class": "FileStreamSink", "tasks.max": "3",
        "topics": c.topic, "file": f"{c.folder}/sink",
        "value.converter": STRING})
    c.wait_running(ALL, on=[first])
    return c.start()


@pytest.fixture
def whole(cluster):
    """All three run and have their share, whatever the last test did, and
    each has heard of the others: until then it shows nothing as running."""
    for w in cluster.workers:
        if not w.process.running():
            w.spawn()
    for w in cluster.workers:
        cluster.wait_running(ALL, on=cluster.workers, worker=w)
    return cluster


def make_source(cluster, worker, name, topic=None):
    append(cluster, name, ["first"])
    worker.rest.create(name, {
        "connector.class": "FileStreamSource", "tasks.max": "1",
        "file": f"{cluster.folder}/{name}", "topic": topic or cluster.topic,
        "value.converter": STRING})


def append(cluster, name, lines):
    with open(f"{cluster.folder}/{name}", "a", encoding="utf-8") as f:
        f.write("".join(f"{line}\n" for line in lines))


def values(kafka, topic):
    return [m.value.decode() for m in kafka.consume(topic)]


def owner(cluster, name, task=0):
    """The worker that runs the task."""
    return cluster.by_id(cluster.wait_running(ALL)[(name, task)])


# Spread

def test_work_is_spread_per_connector_and_in_total(whole):
    where = whole.wait_running(ALL, on=whole.workers)
    sink = {where[(SINK, t)] for t in range(3)}
    assert len(sink) == 3
    assert sorted(spread(where).values()) == [2, 2, 2]


def test_every_worker_answers_the_same(whole):
    where = whole.wait_running(ALL)
    for w in whole.workers:
        assert wait_for(f"the view of {worker_id(w)}", lambda w=w: places(
            whole.statuses(w), ALL) == where)


# Take-over

def taken_over(cluster, dead):
    others = [w for w in cluster.workers if w is not dead]
    watch = Stopwatch()
    cluster.wait_running(ALL, on=others, worker=others[0])
    return watch.seconds()


def test_a_worker_that_leaves_gives_its_work_away_first(whole):
    """Before anybody is killed: a sink cannot end while its group waits for a
    member that is dead."""
    gone = whole.wait_leader()
    before = noise()
    os.kill(gone.process.pid, signal.SIGTERM)
    seconds = taken_over(whole, gone)
    assert gone.process.wait(30) == 0
    in_time("a leave", seconds, LEAVE_S, [before, noise()])


@pytest.mark.parametrize("role", ["leader", "follower"])
def test_the_work_of_a_killed_worker_is_taken_over(whole, role):
    dead = whole.wait_leader() if role == "leader" else whole.follower()
    before = noise()
    kept = {slot: ident for slot, ident in whole.wait_running(ALL).items()
            if ident != worker_id(dead) and slot[1] >= 0}
    pids = {slot: whole.by_id(ident).pid_of_task(*slot)
            for slot, ident in kept.items()}
    dead.kill9()
    seconds = taken_over(whole, dead)
    for slot, ident in kept.items():
        assert whole.by_id(ident).pid_of_task(*slot) == pids[slot], slot
    in_time(f"take-over of a killed {role}", seconds, TAKE_OVER_S,
            [before, noise()])


def test_who_is_killed_and_starts_at_once_is_not_waited_for(whole):
    dead = whole.wait_leader()
    dead.kill9()
    watch = Stopwatch()
    dead.start()
    whole.wait_running(ALL, on=whole.workers)
    assert watch.seconds() < SESSION_S


def test_a_stopped_worker_is_a_zombie_that_writes_nothing(
        whole, kafka):
    zombie = owner(whole, "a")
    os.kill(zombie.process.pid, signal.SIGSTOP)
    try:
        taken_over(whole, zombie)
        lines = [f"after the pause {n}" for n in range(100)]
        append(whole, "a", lines)
        wait_for("the new owner's lines", lambda: set(lines) <= set(
            values(kafka, whole.topic)))
    finally:
        os.kill(zombie.process.pid, signal.SIGCONT)
    whole.wait_running(ALL, on=whole.workers)
    found = values(kafka, whole.topic)
    ledger.assert_same([v for v in found if v in set(lines)], lines)


# Leaving and coming

def test_a_new_worker_gets_its_share_and_nothing_else_moves(whole):
    before = whole.wait_running(ALL)
    new = whole.add()
    try:
        new.spawn()
        after = whole.wait_running(ALL, on=whole.workers)
        moved = [s for s in after if after[s] != before[s]]
        assert all(after[s] == worker_id(new) for s in moved)
        assert len([s for s in moved if s[1] >= 0]) <= 2
    finally:
        whole.workers.remove(new)
        new.close()
    whole.wait_running(ALL, on=whole.workers)


def test_who_joins_hears_of_the_others_before_their_next_beat(
        kafka, new_worker, unique):
    """It knows no leader until then; one that leads would give all work to
    itself, and move half of it a beat later."""
    slow = {"group": unique("slow"), "session_timeout_ms": 60000,
            "heartbeat_interval_ms": 19000}
    new_worker(kafka.bootstrap, **slow)
    second = new_worker(kafka.bootstrap, start=False, **slow)
    second.spawn()
    second.process.wait_ready(second.program, second.rest.healthy, 12)
    workers = second.rest.get("/admin/cluster")["workers"]
    assert [w["state"] for w in workers] == ["alive", "alive"]


def test_a_rolling_restart_loses_nothing(whole, kafka):
    lines = []
    for n, w in enumerate(whole.workers):
        w.stop()
        lines.append(f"rolling {n}")
        append(whole, "b", lines[-1:])
        w.start()
    whole.wait_running(ALL, on=whole.workers)
    wait_for("all lines", lambda: set(lines) <= set(
        values(kafka, whole.topic)))


# The truth

def test_after_all_were_killed_nothing_is_running_that_is_not(whole):
    for w in whole.workers:
        w.kill9()
    first = whole.workers[0]
    first.spawn()
    end = time.monotonic() + 60
    while True:
        try:
            s = first.rest.get("/connectors?expand=status")
        except Exception:  # pylint: disable=broad-except
            s = {}
        for name, one in s.items():
            for t in one["status"]["tasks"]:
                if t["state"] == "RUNNING":
                    assert t["worker_id"] == worker_id(first)
                    assert first.pid_of_task(name, t["id"]), (name, t)
        try:
            places({n: one["status"] for n, one in s.items()}, ALL)
            break
        except (ValueError, KeyError):
            assert time.monotonic() < end, s


# By any worker

def test_what_a_follower_is_asked_is_done(whole, kafka):
    """Written by the leader, run by whoever has room; then gone."""
    follower, name = whole.follower(), "by-a-follower"
    make_source(whole, follower, name)
    try:
        wait_for("it to run", lambda: places(
            whole.statuses(follower), [name]))
        assert "first" in values(kafka, whole.topic)
        for w in whole.workers:
            assert name in w.rest.connectors()
        follower.rest.stop_connector(name)
        follower.rest.wait_state(name, "STOPPED")
        assert follower.rest.offsets(name)
    finally:
        follower.rest.delete(name)
    assert name not in follower.rest.connectors()


def test_a_worker_answers_reads_before_it_knows_a_leader(
        new_worker, kafka, unique):
    """What the logs say needs nobody else; only changes wait."""
    a = new_worker(kafka.bootstrap, session_timeout_ms=60000)
    make_source(a, a, name := unique("read"), kafka.create_topic(name))
    a.rest.wait_running(name)  # one that is paused before makes no tasks
    b = new_worker(kafka.bootstrap, start=False, group=a.group,
                   session_timeout_ms=60000)
    os.kill(a.process.pid, signal.SIGSTOP)
    try:
        b.spawn()
        assert wait_for("the list", b.rest.connectors) == [name]
        assert b.rest.get(f"/connectors/{name}/config")["name"] == name
        state = b.rest.status(name)["connector"]["state"]
        assert state == "UNASSIGNED"
        assert b.rest.request("GET", "/health").status_code == 503
        with pytest.raises(requests.exceptions.Timeout):
            b.rest.request("PUT", f"/connectors/{name}/pause", timeout=1)
    finally:
        os.kill(a.process.pid, signal.SIGCONT)
    b.rest.wait_state(name, "PAUSED")


# Placement

def test_a_connector_runs_where_its_labels_are(new_worker, kafka, unique):
    topic = kafka.create_topic(unique("placed"))
    a = new_worker(kafka.bootstrap, worker_labels="zone=a", **QUICK)
    b = new_worker(kafka.bootstrap, group=a.group, worker_labels="zone=b",
                   **QUICK)

    def places_of(zone):
        s = a.rest.status(name)
        return {s["connector"]["worker_id"]} | {
            t["worker_id"] for t in s["tasks"]} == {worker_id(zone)} and \
            places({name: s}, [name])

    name = unique("placed")
    config = {"connector.class": "FileStreamSource", "file": f"{a.folder}/in",
              "topic": topic, "value.converter": STRING}
    append(a, "in", ["x"])
    for zone, worker in (("b", b), ("a", a)):
        a.rest.put_config(
            name, {**config, "penstock.placement": f"zone={zone}"})
        wait_for(f"it to run in zone {zone}",
                 lambda worker=worker: places_of(worker))
    with pytest.raises(RestError, match="expected label=value"):
        a.rest.put_config(name, {**config, "penstock.placement": "zone"})


def test_a_connector_runs_where_its_plugin_is(
        new_worker, kafka, unique, folder):
    """A worker without the file is given none of it, also when it has less
    to do; when nobody has it, it fails and says so."""
    topic = kafka.create_topic(unique("plugin"))
    bare = os.path.join(folder, "plugins")
    os.mkdir(bare)
    for file in os.listdir(f"{env.BUILD}/plugins"):
        if file != "file.so":
            shutil.copy(f"{env.BUILD}/plugins/{file}", bare)
    # The leader: it looks at what is created.
    has = new_worker(kafka.bootstrap, **QUICK)
    without = new_worker(kafka.bootstrap, group=has.group, plugin_path=bare,
                         **QUICK)
    config = {"connector.class": "FileStreamSource", "file": f"{folder}/in",
              "topic": topic, "value.converter": STRING}
    with open(f"{folder}/in", "w", encoding="ascii") as f:
        f.write("x\n")
    names = [unique("plugin") for _ in range(4)]
    for name in names:
        has.rest.create(name, config)
    for name in names:
        wait_for(f"{name} to run", lambda n=name: set(places(
            {n: without.rest.status(n)}, [n]).values()) == {worker_id(has)})
    has.stop()

    def cause():
        s = without.rest.status(names[0])["connector"]
        return s["state"] == "FAILED" and "FileStreamSource" in s.get("trace", "")
    wait_for("it to fail where it cannot run", cause)
    has.spawn()
    for name in names:
        wait_for(f"{name} to run again", lambda n=name: set(places(
            {n: without.rest.status(n)}, [n]).values()) == {worker_id(has)})


# Refusals

def dies(worker, *words):
    worker.spawn()
    worker.process.wait(60)
    text = worker.log_text()
    assert all(word in text for word in words), text[-3000:]


def test_a_second_cluster_is_refused_the_topics_of_the_first(
        whole, kafka, folder):
    other = Worker(folder, kafka.bootstrap, group="another-" + folder[-4:])
    for key in ("config", "offset", "status"):
        name = f"{key}.storage.topic"
        other.properties[name] = whole.workers[0].properties[name]
    try:
        dies(other, whole.workers[0].group, other.group,
             "config.storage.topic")
    finally:
        other.close()


def marks(kafka, worker):
    """penstock-cluster, as often as it was written."""
    records = kafka.consume(worker.properties["config.storage.topic"])
    return [(r.offset, json.loads(r.value)) for r in records
            if r.key == b"penstock-cluster"]


def test_a_mark_that_was_written_over_is_written_again(new_worker, kafka):
    """Compaction keeps the last: that of who came second would keep who was
    first from its own topics."""
    w = new_worker(kafka.bootstrap)
    first = wait_for("the mark", lambda: marks(kafka, w))[0][0]
    kafka.produce(w.properties["config.storage.topic"], [
        {"key": "penstock-cluster", "value": '{"v":1,"group":"theirs"}'}])
    wait_for("the mark again", lambda: len(marks(kafka, w)) == 3)
    last = marks(kafka, w)[-1][1]
    assert last["group"] == w.group and last["since"] == first, last
    assert "penstock-cluster was written over by another" in w.log_text()
    w.restart()
    assert len(marks(kafka, w)) == 3


def test_the_mark_is_written_once(new_worker, kafka):
    """However often the leader looks before it has read it back."""
    w = new_worker(kafka.bootstrap, heartbeat_interval_ms=20)
    w.wait_log("leads group ")
    wait_for("the mark", lambda: marks(kafka, w))
    # What is written behind it has come.
    w.rest.create("c", {"connector.class": "FileStreamSource", "topic": "t",
                        "file": w.folder + "/none"})
    assert len(marks(kafka, w)) == 1


def test_of_two_clusters_that_begin_at_once_one_is_left(
        new_worker, kafka, folder):
    a = new_worker(kafka.bootstrap, start=False, **QUICK)
    b = Worker(folder, kafka.bootstrap, group=f"{a.group}-b", **QUICK)
    for key in ("config", "offset", "status"):
        name = f"{key}.storage.topic"
        b.properties[name] = a.properties[name]
    try:
        a.spawn()
        b.spawn()
        wait_for("one to end", lambda: [
            w for w in (a, b) if not w.process.running()], 60)
        lost, won = (a, b) if b.process.running() else (b, a)
        assert f"belongs to the cluster with group.id={won.group}" in \
            lost.log_text()
        wait_for("the other to be ready", won.rest.healthy)
        wait_for("its mark", lambda: marks(
            kafka, won)[-1][1]["group"] == won.group)
        won.restart()
    finally:
        b.close()


def ask_before_it_is_ready(worker):
    """A change that waits for the worker's start."""
    def sent():
        asking = http.client.HTTPConnection(HOST, worker.port, timeout=60)
        try:
            asking.request("PUT", "/connectors/c/pause")
        except OSError:
            return None
        return asking
    return wait_for("its port", sent, interval=0.01)


def test_who_may_not_use_the_topics_does_not_wait_for_who_asks(
        new_worker, kafka):
    """For some seconds it would lead with what is another's."""
    owner = new_worker(kafka.bootstrap)
    w = new_worker(kafka.bootstrap, start=False, **QUICK)
    for key in ("config", "offset", "status"):
        name = f"{key}.storage.topic"
        w.properties[name] = owner.properties[name]
    w.spawn()
    asking = ask_before_it_is_ready(w)
    w.wait_log("belongs to the cluster with group.id=")
    watch = Stopwatch()
    assert w.process.wait(60) == 3
    assert watch.seconds() < 4, watch.seconds()  # 5 s are for who asks
    answer = asking.getresponse()
    assert answer.status == 503, answer.read()
    assert "does not lead" not in owner.log_text()


def test_a_leader_that_reads_a_strangers_record_stops_and_names_it(
        new_worker, kafka):
    w = new_worker(kafka.bootstrap)
    topic = w.properties["config.storage.topic"]
    kafka.produce(topic, [{"key": "connector-theirs", "value": json.dumps({
        "properties": {"connector.class": "FileStreamSource",
                       "name": "theirs"}})}])
    assert w.process.wait(30) == 3
    assert "connector-theirs" in w.log_text() and topic in w.log_text()


def test_a_group_with_members_of_another_kind_is_refused(
        new_worker, kafka):
    """Of its own topic: those of other topics are told of by name."""
    w = new_worker(kafka.bootstrap, start=False)
    topic = w.properties["config.storage.topic"]
    kafka.create_topic(topic, cleanup_policy="compact")
    other = confluent_kafka.Consumer({
        "bootstrap.servers": kafka.bootstrap, "group.id": w.group,
        "partition.assignment.strategy": "range"})
    other.subscribe([topic])
    try:
        wait_for("the other's membership",
                 lambda: other.poll(0.1) or other.assignment())
        dies(w, f"group.id={w.group}", "Kafka Connect")
    finally:
        other.close()


def test_an_id_that_runs_on_this_machine_is_waited_for(new_worker, kafka):
    w = new_worker(kafka.bootstrap)
    again = new_worker(kafka.bootstrap, start=False, group=w.group,
                       rest_advertised_port=w.port)
    again.spawn()
    again.wait_log(f"waiting for the last start of {worker_id(w)} to end")
    w.kill9()
    wait_for("it to be ready", again.rest.healthy)


# Kafka Connect

def test_a_cluster_of_kafka_connect_is_taken_over_and_given_back(
        new_worker, kafka, folder, unique):
    """Its connectors go on where they were, a sink too, one stays paused and
    one stopped, and back."""
    topic, snk = kafka.create_topic(unique("given")), unique("snk")
    lines = []

    def drained():
        with open(f"{folder}/out", encoding="utf-8") as f:
            if f.read().splitlines() != lines:
                raise ValueError("not all lines, or some of them twice")
        # What the next one starts from.
        state = theirs if theirs.process.running() else ours
        (at,) = state.rest.get(f"/connectors/{snk}/offsets")["offsets"]
        return at["offset"]["kafka_offset"] == len(lines)

    def write(count):
        more = [f"line {len(lines) + n}" for n in range(count)]
        lines.extend(more)
        with open(f"{folder}/in", "a", encoding="utf-8") as f:
            f.write("".join(f"{line}\n" for line in more))
        wait_for("the lines", check)
        wait_for("the sink", drained)

    def check():
        found = values(kafka, topic)
        if found != lines:
            raise ValueError(found)
        return True

    theirs = new_worker(kafka.bootstrap, cls=Connect)
    config = {"connector.class": "FileStreamSource", "tasks.max": "1",
              "topic": topic, "value.converter": STRING}
    theirs.rest.create("goes-on", {**config, "file": f"{folder}/in"})
    append(theirs, "paused", [])
    theirs.rest.create("paused", {**config, "file": f"{folder}/paused"})
    theirs.rest.create(snk, {
        "connector.class": "FileStreamSink", "topics": topic,
        "file": f"{folder}/out", "value.converter": STRING})
    theirs.rest.create("stopped", {**config, "file": f"{folder}/paused"})
    for name in ("goes-on", "paused", snk, "stopped"):
        theirs.rest.wait_running(name)
    theirs.rest.pause("paused")
    theirs.rest.call("PUT", "/connectors/stopped/stop")
    theirs.rest.wait_state("paused", "PAUSED")
    theirs.rest.wait_state("stopped", "STOPPED")
    write(10)
    theirs.stop()

    ours = new_worker(kafka.bootstrap, start=False, group=theirs.group)
    ours.start()
    ours.rest.wait_running("goes-on")
    ours.rest.wait_running(snk)
    ours.rest.wait_state("paused", "PAUSED")
    ours.rest.wait_state("stopped", "STOPPED")
    write(10)
    ours.rest.put_config("goes-on", {
        **config, "file": f"{folder}/in", "errors.log.enable": "true"})
    revisions = ours.rest.get("/connectors/goes-on/revisions")["revisions"]
    assert [(r["how"], r["current"]) for r in revisions] == [
        ("replace", True), ("found", False)]
    ours.rest.resume("paused")
    ours.rest.wait_running("paused")
    ours.rest.wait_running("goes-on")
    write(10)
    ours.stop()

    theirs.start()
    theirs.rest.wait_running("goes-on")
    theirs.rest.wait_running("paused")
    theirs.rest.wait_running(snk)
    theirs.rest.wait_state("stopped", "STOPPED")
    changed = theirs.rest.get("/connectors/goes-on/config")
    assert changed["errors.log.enable"] == "true"
    write(10)
