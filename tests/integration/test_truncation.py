"""A log that is shorter than what was read of it: a replica that was not in
sync came to lead (an unclean election), and writes other records at offsets
that were read already. A sink that was there and one that was away both say
so; neither passes over a new record in silence. (Trap F4)"""

from confluent_kafka import admin
from support import configs
from support.env import wait_for
from support.files import lines_of

GOES, STAYS, OTHER = 1, 2, 3  # the leader that is lost, its follower, a voter
KEPT, LOST, NEW = 10, 20, 50


def lines(word, first, last):
    return [f"{word} {n}" for n in range(first, last)]


def led_by(kafka, topic, node):
    def check():
        p = kafka.admin().list_topics(topic, timeout=5).topics[topic]
        return p.partitions[0].leader == node
    wait_for(f"node {node} to lead {topic}", check)


def create(kafka, topic):
    a = kafka.admin()
    a.create_topics([admin.NewTopic(
        topic, replica_assignment=[[GOES, STAYS]], num_partitions=1, config={
            "unclean.leader.election.enable": "true",
            "min.insync.replicas": "1"})])[topic].result(30)
    led_by(kafka, topic, GOES)


def in_sync(kafka, topic, nodes):
    wait_for(f"{nodes} in sync", lambda: sorted(
        kafka.admin().list_topics(topic, timeout=5).topics[topic]
        .partitions[0].isrs) == nodes)


def truncate(kafka, topic, while_away):
    """Only GOES has what is written meanwhile; then STAYS leads."""
    kafka.produce(topic, lines("old", 0, KEPT))
    in_sync(kafka, topic, [GOES, STAYS])
    kafka.kill(STAYS)
    in_sync(kafka, topic, [GOES])
    kafka.produce(topic, lines("old", KEPT, LOST))
    while_away()
    kafka.kill(GOES)
    kafka.start(STAYS)
    led_by(kafka, topic, STAYS)
    kafka.produce(topic, lines("new", KEPT, NEW))


def gap(worker, name):
    task = worker.rest.wait_task_failed(name)
    assert task["detail"] == "GAP", task
    return task["cause"]


def go_on_at(worker, name, topic, offset):
    worker.rest.stop_connector(name)
    worker.rest.wait_state(name, "STOPPED", tasks=0)
    worker.rest.call("PATCH", f"/connectors/{name}/offsets", {"offsets": [{
        "partition": {"kafka_topic": topic, "kafka_partition": 0},
        "offset": {"kafka_offset": offset}}]})
    worker.rest.resume(name)


def test_an_unclean_election_is_a_gap(three_brokers, new_worker, folder):
    kafka, t = three_brokers, "t"
    create(kafka, t)
    worker = new_worker(kafka.bootstrap, config_storage_replication_factor=3,
                        offset_storage_replication_factor=3,
                        status_storage_replication_factor=3)
    out = {name: f"{folder}/{name}" for name in ("away", "there")}
    for name, path in out.items():
        worker.rest.create(name, configs.file_sink(path, t))

    def read_all():
        for name in out:
            wait_for(f"the position of {name}", lambda n=name: kafka.committed(
                f"connect-{n}").get((t, 0)) == LOST)
        worker.rest.stop_connector("away")
        worker.rest.wait_state("away", "STOPPED", tasks=0)

    truncate(kafka, t, read_all)
    worker.rest.resume("away")
    for name, path in out.items():
        assert gap(worker, name) == (
            f"GAP: the log of topic {t}, partition 0 was cut off at offset "
            f"{KEPT} after it had been read up to {LOST}, as by an unclean "
            f"leader election: offsets {KEPT} to {LOST - 1} are other records "
            "now"), name
        assert lines_of(path) == lines("old", 0, LOST), name
        go_on_at(worker, name, t, KEPT)
        wait_for("the new records", lambda p=path: lines_of(p)[LOST:]
                 == lines("new", KEPT, NEW))


def test_an_election_that_loses_nothing_is_none(own_kafka, new_worker, folder):
    """An epoch ends and another begins behind the offset that is committed:
    sinks that were there and away go on."""
    kafka, t = own_kafka, own_kafka.create_topic("t")
    worker = new_worker(kafka.bootstrap)
    out = {name: f"{folder}/{name}" for name in ("there", "away")}
    for name, path in out.items():
        worker.rest.create(name, configs.file_sink(path, t))

    def all_read(names, count):
        for name in names:
            wait_for(f"the position of {name}", lambda n=name: kafka.committed(
                f"connect-{n}").get((t, 0)) == count)
    kafka.produce(t, lines("old", 0, KEPT))
    all_read(out, KEPT)
    worker.rest.stop_connector("away")
    worker.rest.wait_state("away", "STOPPED", tasks=0)
    kafka.kill()
    kafka.start()
    kafka.produce(t, lines("old", KEPT, NEW))
    all_read(["there"], NEW)
    worker.rest.resume("away")
    all_read(out, NEW)
    for path in out.values():
        assert lines_of(path) == lines("old", 0, NEW)
