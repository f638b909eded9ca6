"""What goes wrong around a cluster: ids given twice, records that are too
large, garbage, topics that somebody deletes, truncates or makes anew. It is
refused or survived, with a message that names the thing and the way out."""

import confluent_kafka
import pytest
from confluent_kafka.admin import ConfigResource

from support import configs
from support.cluster import Cluster
from support.env import wait_for
from support.rest import RestError
from support.worker import Worker

QUICK = {"session_timeout_ms": 6000, "heartbeat_interval_ms": 1500}
TOPICS = ["config", "offset", "status"]


def name_of(cluster, kind):
    return cluster.workers[0].properties[f"{kind}.storage.topic"]


def source(cluster, name):
    path = f"{cluster.folder}/{name}"
    with open(path, "w", encoding="ascii") as f:
        f.write("line\n")
    return configs.file_source(path, f"{cluster.workers[0].group}-lines")


@pytest.fixture(scope="module")
def cluster(kafka, shared_worker):
    c = shared_worker(kafka.bootstrap, start=False, cls=Cluster).start()
    kafka.create_topic(f"{c.workers[0].group}-lines")
    for n in range(3):
        c.workers[0].rest.create(f"c{n}", source(c, f"c{n}"))
    return c


@pytest.fixture
def whole(cluster):
    cluster.names = [f"c{n}" for n in range(3)]
    cluster.wait_running(cluster.names)
    return cluster


def is_unhurt(cluster):
    """All goes on, and what is new is done."""
    assert all(w.process.running() for w in cluster.workers)
    cluster.wait_running(cluster.names)
    rest = cluster.follower().rest
    rest.create("new", source(cluster, "new"))
    try:
        rest.wait_running("new")
    finally:
        rest.delete("new")


# Groups

def test_a_group_of_another_cluster_is_refused(whole, kafka, folder):
    """K6: one group.id, other topics."""
    first = whole.workers[0]
    second = Worker(folder, kafka.bootstrap, group=first.group, **QUICK)
    for kind in TOPICS:
        second.properties[f"{kind}.storage.topic"] += "-other"
    second.spawn()
    assert second.process.wait(60) != 0
    text = second.log_text()
    assert f"group.id={first.group}" in text, text[-2000:]
    assert f"reads topic {name_of(whole, 'config')} and not" in text
    assert "a group.id of its own" in text
    is_unhurt(whole)


# Ids

def test_an_id_of_another_machine_is_refused(network, bridged_kafka, folder):
    """Two networks with one address: only Kafka sees that they are two."""
    first = Worker(folder, bridged_kafka.bootstrap, wrap=network.add().wrap,
                   rest_advertised_host_name="one.example", **QUICK)
    second = Worker(folder, bridged_kafka.bootstrap, group=first.group,
                    wrap=network.add().wrap,
                    rest_advertised_host_name="one.example", **QUICK)
    for w in (first, second):
        w.properties["rest.advertised.port"] = "8083"
    try:
        first.spawn()
        first.wait_log("ready after")
        second.spawn()
        assert second.process.wait(60) != 0
        text = second.log_text()
        assert "one.example:8083" in text and first.group in text, text
        assert "rest.advertised.host.name" in text
        assert first.process.running()
        assert "the lease is lost" not in first.log_text()
    finally:
        first.close()
        second.close()


# Sizes

def too_large(worker, config, *words):
    with pytest.raises(RestError) as e:
        worker.rest.create("big", config)
    text = e.value.message()
    assert all(w in text for w in ("-big of", "max.message.bytes", *words)), text
    assert "big" not in worker.rest.connectors()


def test_a_config_that_is_larger_than_a_request(whole):
    """By whichever worker; what is written meanwhile is not held up."""
    big = {**source(whole, "big"), "header": "x" * 1000000}
    for w in whole.workers:
        too_large(w, big, "max.request.size")
    is_unhurt(whole)


def test_a_config_that_is_larger_than_the_topic_takes(kafka, folder):
    c = Cluster(folder, kafka.bootstrap, 2)
    kafka.create_topic(name_of(c, "config"), cleanup_policy="compact",
                       max_message_bytes=20000)
    kafka.create_topic(f"{c.workers[0].group}-lines")
    try:
        c.start()
        c.names = []
        for w in c.workers:
            too_large(w, {**source(c, "big"), "header": "x" * 30000})
        # The producer may have to begin anew after what was refused: then
        # one request is answered as one that can be tried again.
        wait_for("a create", lambda: c.workers[0].rest.create(
            "c0", source(c, "c0")))
        c.wait_running(["c0"])
    finally:
        c.close()


# Garbage

GARBAGE = [
    {"key": b"\xff\xfe", "value": b"\x00"}, {"key": None, "value": b"x"},
    {"key": "", "value": b"{}"}, {"key": "what-is-this", "value": b"{}"},
    {"key": "target-state-c0", "value": b"{"},
    {"key": "target-state-c0", "value": b'{"state":"SLEEPING"}'},
    {"key": "target-state-c0", "value": b"[]"},
    {"key": "restart-connector-nobody", "value": b"{}"},
    {"key": "session-key", "value": b"{}"},
    {"key": "logger-cluster-x", "value": b"7"},
    {"key": "tasks-fencing-c0", "value": b'{"task-count":-1}'},
    {"key": "penstock-leader", "value": b"{}"},
    {"key": "penstock-assignment-c0", "value": b'{"epoch":"x"}'},
    {"key": "penstock-cluster", "value": b"42"},
    {"key": "penstock-later-version", "value": b'{"v":99}'},
    {"key": "penstock-worker-x:1", "value": b"[1,2]"},
    {"key": "status-connector-c0", "value": b"{"},
    {"key": "status-task-c0-zero", "value": b"{}"},
    {"key": "status-task-c0-0", "value": b'{"state":1}'},
    {"key": "status-topic-", "value": b"{}"},
    {"key": '["c0"]', "value": b"{}"}, {"key": "[]", "value": b"{}"},
    {"key": '["c0",{"filename":"x"}]', "value": b"not json"},
    {"key": '["c0",7]', "value": b'{"position":1}'},
    {"key": "connector-", "value": b"\x00" * 10},
]


@pytest.mark.parametrize("kind", TOPICS + ["lease"])
def test_garbage_is_skipped_and_told(whole, kafka, kind):
    topic = name_of(whole, "config") + "-penstock" if kind == "lease" \
        else name_of(whole, kind)
    mine = [r for r in GARBAGE if r["key"] is not None or kind != "config"]
    if kind == "config":  # who else writes those is an intruder
        mine = [r for r in mine if r["key"] != "connector-"]
    if kind in TOPICS:  # compacted: a broker takes no record without a key
        mine = [r for r in mine if r["key"] is not None]
    where = {s: w for s, w in whole.wait_running(whole.names).items()}
    kafka.produce(topic, mine)
    is_unhurt(whole)
    assert whole.wait_running(whole.names) == where
    assert all("skipped" in w.log_text() for w in whole.workers)


def test_a_worker_starts_with_garbage_in_the_topics(whole):
    w = whole.follower()
    w.restart()
    whole.wait_running(whole.names, on=whole.workers)
    assert sorted(w.rest.connectors()) == whole.names
    is_unhurt(whole)


# Topics that go

@pytest.fixture
def doomed(kafka, folder):
    """Two workers with a connector each, and topics to harm."""
    c = Cluster(folder, kafka.bootstrap, 2)
    try:
        kafka.create_topic(f"{c.workers[0].group}-lines")
        c.start()
        c.names = ["c0", "c1"]
        for n in c.names:
            c.workers[0].rest.create(n, source(c, n))
        c.wait_running(c.names, on=c.workers)
        yield c
    finally:
        c.close()


def all_say(cluster, *words):
    wait_for(f"all to say {words}", lambda: all(
        word in w.log_text() for w in cluster.workers for word in words), 60)


def dies(worker, *words):
    assert worker.process.wait(60) != 0
    text = worker.log_text()
    assert all(word in text for word in words), text[-2000:]


@pytest.mark.parametrize("kind", ["config", "offset"])
def test_a_topic_is_deleted_under_a_cluster(doomed, kafka, kind):
    topic = name_of(doomed, kind)
    pids = [w.pid_of_task(n) for w in doomed.workers for n in doomed.names]
    kafka.delete_topic(topic)
    all_say(doomed, f"Topic '{topic}' ({kind}.storage.topic) is not there",
            "kafka-topics.sh --create")
    assert pids == [w.pid_of_task(n) for w in doomed.workers
                    for n in doomed.names]
    for w in doomed.workers:
        assert sorted(w.rest.get("/connectors?expand=info")) == doomed.names
        if kind == "config":
            with pytest.raises(RestError) as e:
                w.rest.create("new", source(doomed, "new"))
            assert topic in e.value.message(), e.value
    for w in doomed.workers:
        w.kill9()
    first = doomed.workers[0]
    first.spawn()
    dies(first, f"Topic '{topic}' ({kind}.storage.topic) is missing",
         "has records", f"kafka-topics.sh --create --topic {topic}")
    kafka.create_topic(topic, cleanup_policy="compact", partitions=int(
        first.properties["offset.storage.partitions"])
        if kind == "offset" else 1)
    first.start()
    assert sorted(first.rest.connectors()) == (
        [] if kind == "config" else doomed.names)


def test_the_status_topic_is_deleted_under_a_cluster(doomed, kafka):
    """What runs goes on, and workers that start one by one mend it."""
    topic = name_of(doomed, "status")
    pids = [w.pid_of_task(n) for w in doomed.workers for n in doomed.names]
    kafka.delete_topic(topic)
    all_say(doomed, f"Topic '{topic}' (status.storage.topic) is not there",
            "its states are not kept", "Start the workers again one by one")
    assert pids == [w.pid_of_task(n) for w in doomed.workers
                    for n in doomed.names]
    for w in doomed.workers:
        w.stop()
        w.start()
    assert topic in kafka.topics()
    doomed.wait_running(doomed.names, on=doomed.workers)


def test_the_lease_topic_is_deleted_under_a_cluster(doomed, kafka):
    """Nobody can prove that it is alive: no work is done or shown as done,
    until the workers were started anew."""
    topic = name_of(doomed, "config") + "-penstock"
    kafka.delete_topic(topic)
    all_say(doomed, f"Topic '{topic}'", "is not there",
            "so all work stops", "Start the workers again")
    for w in doomed.workers:
        w.wait_log("all work is suspended")
        wait_for("no task to be shown as running", lambda w=w: not any(
            task["state"] == "RUNNING" for s in doomed.statuses(w).values()
            for task in s["tasks"]))
    for w in doomed.workers:
        w.stop()
    for w in doomed.workers:
        w.start()
    assert topic in kafka.topics()
    doomed.wait_running(doomed.names, on=doomed.workers)


def test_a_topic_is_made_anew_under_a_cluster(doomed, kafka):
    topic = name_of(doomed, "config")
    kafka.delete_topic(topic)
    wait_for("it to be gone", lambda: topic not in kafka.topics())
    kafka.create_topic(topic, cleanup_policy="compact")
    for w in doomed.workers:
        dies(w, f"Topic '{topic}' (config.storage.topic) was deleted and "
             "made anew")


def set_policy(admin, topic, policy):
    """Of a compacted topic a broker deletes nothing."""
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic, set_config={
        "cleanup.policy": policy})
    admin.alter_configs([resource])[resource].result(30)


def truncate(kafka, topic):
    """All but the last record of the longest partition."""
    last = max(kafka.consume(topic), key=lambda r: r.offset)
    part = confluent_kafka.TopicPartition(topic, last.partition, last.offset)
    admin = kafka.admin()
    set_policy(admin, topic, "delete")
    admin.delete_records([part])[part].result(30)
    set_policy(admin, topic, "compact")


@pytest.mark.parametrize("kind,lost", [
    ("config", "/connectors?expand=info"), ("offset", "begins at offset"),
    ("status", "begins at offset")])
def test_a_topic_is_truncated_under_a_cluster(doomed, kafka, kind, lost):
    """All goes on with what was read; who starts later says it, too."""
    topic = name_of(doomed, kind)

    def grows():
        with open(f"{doomed.folder}/c0", "a", encoding="ascii") as f:
            f.write("line\n")
        return any(r.offset > 0 for r in kafka.consume(topic))
    wait_for("two records in a partition", grows)
    truncate(kafka, topic)
    all_say(doomed, f"Topic '{topic}' ({kind}.storage.topic) has lost "
            "records", lost)
    is_unhurt(doomed)
    late = doomed.add()
    late.start()
    late.wait_log(f"Topic '{topic}' ({kind}.storage.topic) has lost records")


def test_the_lease_topic_is_truncated_under_a_cluster(doomed, kafka):
    """It is read from its end: nobody misses what was there, neither who
    runs nor who comes."""
    topic = name_of(doomed, "config") + "-penstock"
    pids = [w.pid_of_task(n) for w in doomed.workers for n in doomed.names]
    part = confluent_kafka.TopicPartition(topic, 0, kafka.size(topic))
    admin = kafka.admin()
    admin.delete_records([part])[part].result(30)
    is_unhurt(doomed)
    assert pids == [w.pid_of_task(n) for w in doomed.workers
                    for n in doomed.names]
    late = doomed.add()
    late.start()
    is_unhurt(doomed)
    for w in doomed.workers:
        assert "the lease is lost" not in w.log_text()


# Formats

def test_an_assignment_of_a_newer_format_is_not_passed_over(kafka, folder):
    """Who cannot read it neither leads nor runs by what stood there before:
    a newer worker may run by it. It waits until it is written again."""
    w = Worker(folder, kafka.bootstrap, **QUICK)
    topic = w.properties["config.storage.topic"]
    key = "penstock-assignment-c0"
    try:
        w.start()
        w.stop()
        kafka.produce(topic, [
            {"key": key, "value": '{"v":1,"epoch":3,"generation":-1}'},
            {"key": key, "value": '{"v":2,"epoch":4}'}])
        at = len(w.log_text())
        w.spawn()
        w.wait_log(f"{key} has format version 2, this worker reads 1 to 1")
        w.wait_log("leads no more, and leaves the election")
        assert "cluster: leads group" not in w.log_text()[at:]
        kafka.produce(topic, [{"key": key, "value": None}])
        wait_for("the lead", lambda: "cluster: leads group"
                 in w.log_text()[at:])
    finally:
        w.close()
