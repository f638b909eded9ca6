"""Records that are gone before they were read: a GAP that names them, nothing
of what comes after it, and people say where to go on. (Traps F2, F7, rule 1)
"""

import contextlib
import json

import confluent_kafka
import pytest
from confluent_kafka import TopicPartition

from support import configs
from support.env import wait_for
from support.files import lines_of


@pytest.fixture
def read(worker, kafka, topic, folder):
    """a sink that has read 0 to 9 of its topic, and is stopped"""
    t, path = topic("t"), folder + "/out"
    kafka.produce(t, [b"%d" % n for n in range(10)])
    worker.rest.create("snk", configs.file_sink(path, t))
    wait_for("its position", lambda: kafka.committed("connect-snk").get(
        (t, 0)) == 10)
    stop(worker)
    return t, path


def stop(worker):
    worker.rest.stop_connector("snk")
    worker.rest.wait_state("snk", "STOPPED", tasks=0)


def gap(worker, but=None):
    """Its text, once the task's status is a GAP, since another time."""
    wait_for("another failure", lambda: worker.rest.wait_task_failed(
        "snk")["since"] != but)
    task = worker.rest.wait_task_failed("snk")
    assert task["detail"] == "GAP", task
    assert "GAP: " in task["cause"] and task["cause"] in task["trace"]
    assert "alter its offsets" in task["next_action"]
    return task["cause"]


def go_on_at(worker, t, offset):
    stop(worker)
    worker.rest.call("PATCH", "/connectors/snk/offsets", {"offsets": [{
        "partition": {"kafka_topic": t, "kafka_partition": 0},
        "offset": {"kafka_offset": offset}}]})
    worker.rest.resume("snk")
    worker.rest.wait_running("snk")


def delete_records(kafka, t, before):
    a = kafka.admin()
    part = TopicPartition(t, 0, before)
    assert a.delete_records([part])[part].result(30).low_watermark == before


def test_records_deleted_before_they_were_read(worker, kafka, read):
    t, path = read
    kafka.produce(t, [b"%d" % n for n in range(10, 30)])
    delete_records(kafka, t, 25)
    worker.rest.resume("snk")
    assert gap(worker) == (f"GAP: offsets 10 to 24 of topic {t}, partition 0 "
                           "are gone: the log begins at 25")
    # A restart changes nothing: no record past the gap is read.
    since = worker.rest.status("snk")["tasks"][0]["since"]
    worker.rest.restart_task("snk")
    assert "25" in gap(worker, but=since)
    assert len(lines_of(path)) == 10
    assert kafka.committed("connect-snk")[(t, 0)] == 10
    go_on_at(worker, t, 25)
    wait_for("the rest", lambda: lines_of(path)[10:] == [
        str(n) for n in range(25, 30)])


def test_a_log_that_ends_before_the_position(worker, kafka, read):
    t, path = read
    go_on_at(worker, t, 500)
    assert gap(worker) == (f"GAP: offsets 10 to 499 of topic {t}, partition 0, "
                           "read before, are gone: the log ends at 10")
    go_on_at(worker, t, 10)
    kafka.produce(t, [b"more"])
    wait_for("the rest", lambda: lines_of(path)[10:] == ["more"])


@contextlib.contextmanager
def member(kafka, group):
    c = confluent_kafka.Consumer({"bootstrap.servers": kafka.bootstrap,
                                  "group.id": group})
    yield c
    c.close()


def create_again(kafka, t, count):
    kafka.delete_topic(t)
    wait_for("the deletion", lambda: t not in kafka.topics())
    kafka.create_topic(t)
    kafka.produce(t, [b"new %d" % n for n in range(count)])


def test_a_topic_created_again_while_its_sink_was_stopped(
        worker, kafka, read):
    """The old offset is in the range of the new topic. Kafka forgets the
    offsets of a topic that is deleted, but not those that come later, nor
    do all brokers."""
    t, path = read
    with member(kafka, "connect-snk") as c:
        old = c.committed([TopicPartition(t, 0)], timeout=10)
    create_again(kafka, t, 20)
    with member(kafka, "connect-snk") as c:
        c.commit(offsets=old, asynchronous=False)
    worker.rest.resume("snk")
    assert gap(worker) == (
        f"GAP: topic {t} was deleted and created again: what was in partition "
        "0 from offset 10 on is gone")
    go_on_at(worker, t, 0)
    wait_for("the new topic", lambda: lines_of(path)[10:] == [
        f"new {n}" for n in range(20)])


def test_positions_in_the_target_are_of_a_topic_too(
        worker, kafka, topic, postgres, db):
    """The group has forgotten its offset, the table has not."""
    t = topic("t")
    postgres.execute(db, "CREATE TABLE t (id bigint)")
    config = configs.postgres_sink(postgres, db, t, "t", **{
        "value.converter.schemas.enable": "false"})

    def ids():
        return [i for i, in postgres.execute(db, "SELECT id FROM t")]

    def fill(ids_of):
        kafka.produce(t, [json.dumps({"id": i}) for i in ids_of])

    fill(range(10))
    worker.rest.create("snk", config)
    wait_for("the rows", lambda: sorted(ids()) == list(range(10)))
    stop(worker)
    create_again(kafka, t, 0)
    fill(range(100, 120))
    worker.rest.resume("snk")
    assert gap(worker).endswith(
        f"GAP: topic {t} was deleted and created again: what was in partition "
        "0 from offset 10 on is gone")
    go_on_at(worker, t, 0)
    wait_for("the new topic", lambda: sorted(ids())[10:] == list(
        range(100, 120)))
    stop(worker)
    worker.rest.resume("snk")
    worker.rest.wait_running("snk")


def test_records_that_were_dropped_and_deleted_are_no_gap(
        worker, kafka, topic, postgres, db):
    """The table's position follows the group's over what a filter drops."""
    t = topic("t")
    postgres.execute(db, "CREATE TABLE t (id bigint)")
    kafka.produce(t, [json.dumps({"id": i}) for i in range(10)])
    worker.rest.create("snk", configs.postgres_sink(postgres, db, t, "t", **{
        "value.converter.schemas.enable": "false", "transforms": "drop",
        "transforms.drop.type": "org.apache.kafka.connect.transforms.Filter",
        "transforms.drop.predicate": "none", "predicates": "none",
        "predicates.none.type": "org.apache.kafka.connect.transforms."
        "predicates.RecordIsTombstone"}))
    postgres.wait_count(db, "SELECT count(*) FROM t", 10)
    kafka.produce(t, [None] * 20)
    wait_for("the group's position", lambda: kafka.committed(
        "connect-snk").get((t, 0)) == 30)
    assert postgres.value(db, "SELECT next_offset FROM penstock_offsets") == 30
    stop(worker)
    delete_records(kafka, t, 30)
    kafka.produce(t, [json.dumps({"id": 100})])
    worker.rest.resume("snk")
    postgres.wait_count(db, "SELECT count(*) FROM t", 11)
