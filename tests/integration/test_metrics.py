"""/metrics: the names that dashboards of Kafka Connect ask for, under which
the JMX exporter's example gives them; the same ones whatever is configured."""

import os
import re

import pytest

from support import configs
from support.env import BUILD, ROOT, wait_for

GOLDEN = f"{ROOT}/tests/data/connect-metrics.txt"
LINE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def series(worker):
    """[(name, type, {label: value}, number)] of what Connect has too."""
    types, found = {}, []
    for line in worker.rest.request("GET", "/metrics").text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split()
            assert name not in types, f"{name} twice"
            types[name] = kind
        elif not line.startswith("#"):
            name, labels, number = LINE.match(line).groups()
            if name.startswith("kafka_"):
                found.append((name, types[name],
                              dict(LABEL.findall(labels or "")),
                              float(number)))
    return found


def shapes(found):
    return sorted({" ".join((name, kind, ",".join(sorted(labels)) or "-"))
                   for name, kind, labels, _ in found})


def value(worker, name, **labels):
    for found, _, has, number in series(worker):
        if (found in ("kafka_connect_" + name, "kafka_" + name)
                and labels.items() <= has.items()):
            return number
    raise KeyError(name)


@pytest.fixture(scope="module")
def measured(kafka, shared_worker, unique):
    """A worker with a source and a sink of two records each, one paused."""
    w = shared_worker(kafka.bootstrap,
                      plugin_path=f"{BUILD}/plugins,{BUILD}/fixtures")
    w.topic = kafka.create_topic(unique("measured"))
    with open(w.folder + "/in", "w", encoding="ascii") as f:
        f.write("one\ntwo\n")
    w.rest.create("from", configs.file_source(w.folder + "/in", w.topic))
    w.rest.create("to", configs.file_sink(w.folder + "/out", w.topic))
    w.rest.wait_running("from")
    w.rest.wait_running("to")
    wait_for("the sink's records", lambda: value(
        w, "sink_task_sink_record_send_total", connector="to") == 2)
    return w


def golden():
    with open(GOLDEN, encoding="ascii") as f:
        return [line.strip() for line in f if not line.startswith("#")]


def test_names_types_and_labels_are_those_of_the_exporter(measured):
    # Each task tells its own at a time of its own.
    def told():
        all_ = shapes(series(measured))
        return all_ if all(any(part in one for one in all_) for part in (
            "source_task", "producer_topic")) else None
    found = wait_for("the source's and its producer's", told)
    if os.environ.get("PENSTOCK_WRITE_GOLDEN"):
        with open(GOLDEN, "a", encoding="ascii") as f:
            f.write("".join(line + "\n" for line in found))
    assert found == golden()


def test_texts_are_labels(measured):
    """What JMX tells as text."""
    version = measured.rest.status("to")["connector"]["version"]
    text = measured.rest.request("GET", "/metrics").text
    assert (f'penstock_connector_info{{connector="to",class="FileStreamSink",'
            f'type="sink",version="{version}"}} 1\n') in text
    root = measured.rest.get("/")
    for name, label, number in (("version", "version", root["version"]),
                                ("commit_id", "commit_id", root["commit"])):
        assert re.search(rf'^kafka_connect_{name}_info{{clientId="[^"]+",'
                         rf'{label}="{re.escape(number)}"}} 1$', text, re.M)


def test_they_are_the_same_whatever_is_configured(kafka, new_worker, folder,
                                                  topic):
    """Exactly once, tolerated errors, dead letters, before any record."""
    w = new_worker(kafka.bootstrap, exactly_once_source_support="enabled")
    tolerant = {"errors.tolerance": "all", "errors.log.enable": "true"}
    w.rest.create("from", configs.file_source(
        folder + "/absent", topic("all"), **tolerant))
    w.rest.create("to", configs.file_sink(folder + "/out", topic("none"), **{
        "errors.deadletterqueue.topic.name": topic("dead"), **tolerant}))
    w.rest.wait_running("from")
    w.rest.wait_running("to")
    # Of a topic once there is something to say of it.
    wait_for("all names", lambda: [
        s for s in shapes(series(w)) if "topic" not in s.split()[2]] == [
        s for s in golden() if "topic" not in s.split()[2]])


def test_they_count_what_connect_counts(measured):
    w = measured
    assert value(w, "source_task_source_record_poll_total") == 2
    assert value(w, "source_task_source_record_poll_rate") > 0
    wait_for("none to be on its way", lambda: value(
        w, "source_task_source_record_active_count") == 0)
    assert value(w, "connector_task_batch_size_max", connector="from") == 2
    assert value(w, "connector_task_running_ratio", connector="from") == 1
    assert value(w, "sink_task_partition_count") == 1
    for name in "connector", "task":
        assert value(w, f"worker_{name}_count") == 2
        assert value(w, f"worker_{name}_startup_success_percentage") == 1
    assert value(w, "worker_connector_running_task_count",
                 connector="to") == 1
    wait_for("a commit", lambda: value(
        w, "sink_task_offset_commit_completion_total") >= 1)
    assert value(w, "connector_task_offset_commit_success_percentage",
                 connector="to") == 1
    assert value(w, "connector_status", connector="to", task="0",
                 status="running") == 1


def test_clients_count_what_those_of_java_count(measured, kafka, topic,
                                                folder):
    w = measured
    producer = {"clientId": "connector-producer-from-0"}
    consumer = {"clientId": "connector-consumer-to-0"}
    assert value(w, "producer_record_send_total", **producer) == 2
    assert value(w, "producer_topic_record_send_total", topic=w.topic,
                 **producer) == 2
    assert value(w, "producer_record_error_total", **producer) == 0
    fetched = "consumer_fetch_manager_"
    assert value(w, fetched + "records_consumed_total", **consumer) == 2
    assert value(w, fetched + "bytes_consumed_total", **consumer) >= 6
    assert value(w, "consumer_coordinator_assigned_partitions",
                 **consumer) == 1
    assert value(w, fetched + "records_lag", topic=w.topic, partition="0",
                 **consumer) == 0
    # One that cannot go on holds one record, and is behind by the others.
    t, down = topic("behind"), f"{folder}/down"
    with open(down, "w", encoding="ascii"):
        pass
    kafka.produce(t, [f"{n}" for n in range(10)])
    w.rest.create("behind", {
        "connector.class": "KeeperSink", "topics": t, "file": folder + "/out",
        "down": down, "consumer.override.max.poll.records": "1",
        "consumer.override.client.id": 'my "own"',
        "value.converter": "org.apache.kafka.connect.storage.StringConverter"})
    mine = {"connector": "behind", "clientId": 'my \\"own\\"'}
    wait_for("the lag", lambda: value(
        w, fetched + "records_lag", topic=t, partition="0", **mine) == 9)
    assert value(w, fetched + "records_lag_max", **mine) == 9
    os.remove(down)
    wait_for("its end", lambda: value(
        w, fetched + "records_lag_max", **mine) == 0)
    assert value(w, fetched + "records_consumed_total", **mine) == 10
    w.rest.delete("behind")
    wait_for("it to be gone", lambda: not [
        s for s in series(w) if s[2].get("connector") == "behind"])


def test_what_is_filtered_is_not_on_its_way(measured, topic, folder):
    """Nor is what a source gives for its position alone."""
    w = measured
    with open(folder + "/in", "w", encoding="ascii") as f:
        f.write("one\n" * 100)
    w.rest.create("filtered", configs.file_source(folder + "/in", topic(), **{
        "transforms": "f", "transforms.f.type":
        "org.apache.kafka.connect.transforms.Filter"}))
    name = "source_task_source_record_"
    wait_for("them to be polled", lambda: value(
        w, name + "poll_total", connector="filtered") == 100)
    assert value(w, name + "write_total", connector="filtered") == 0
    assert value(w, name + "active_count", connector="filtered") == 0
    w.rest.delete("filtered")


def test_a_paused_task_is_seen_as_such(measured):
    w = measured
    w.rest.pause("to")
    w.rest.wait_state("to", "PAUSED", 1)
    wait_for("its share of time", lambda: value(
        w, "connector_task_pause_ratio", connector="to") > 0)
    assert value(w, "worker_connector_paused_task_count", connector="to") == 1
    assert value(w, "connector_task_status", connector="to",
                 status="paused") == 1
    w.rest.resume("to")


def test_what_is_gone_is_not_counted(measured):
    w = measured
    w.rest.delete("to")
    wait_for("it to be gone", lambda: not [
        s for s in series(w) if s[2].get("connector") == "to"])
    assert value(w, "worker_connector_count") == 1
