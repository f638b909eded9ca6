"""check-takeover: what a Kafka Connect cluster has, judged by what runs here,
and nothing in that cluster is other than before."""

import glob
import json
import os
import shutil
import subprocess
import zipfile

import pytest

from support import configs
from support.connect import Connect
from support.documents import block
from support.env import BUILD, DEPS, wait_for
from support.kafka import classpath

FILE = "org.apache.kafka.connect.file."
RUNS, USAGE, UNREAD, NOT = range(4)
THEIRS = """package com.acme;
public class FileLinesSourceConnector
    extends org.apache.kafka.connect.file.FileStreamSourceConnector {}
"""


def their_connector(folder):
    """A jar with a connector that is not ours, beside Connect's own."""
    target = f"{folder}/connect-plugins/their"
    os.makedirs(target)
    name = "FileLinesSourceConnector"
    with open(f"{folder}/{name}.java", "w", encoding="ascii") as f:
        f.write(THEIRS)
    subprocess.run(["javac", "-J-XX:-UsePerfData", "-cp", classpath(),
                    f"{folder}/{name}.java"],
                   check=True)
    with zipfile.ZipFile(f"{target}/their.jar", "w") as jar:
        jar.write(f"{folder}/{name}.class", f"com/acme/{name}.class")
    for jar in glob.glob(f"{DEPS}/kafka/libs/connect-file-*.jar"):
        shutil.copy(jar, target)


def source(folder, topic, **more):
    return {**configs.file_source(f"{folder}/in", topic),
            "connector.class": FILE + "FileStreamSourceConnector", **more}


@pytest.fixture(scope="module")
def old(kafka, shared_worker, unique):
    """A Kafka Connect that ran four connectors and was stopped."""
    w = shared_worker(kafka.bootstrap, start=False, cls=Connect)
    their_connector(w.folder)
    with open(f"{w.folder}/in", "w", encoding="ascii") as f:
        f.write("one\ntwo\n")
    with open(f"{w.folder}/words", "w", encoding="ascii") as f:
        f.write(f"file={w.folder}/in\n")
    provider = "org.apache.kafka.common.config.provider.FileConfigProvider"
    w.properties.update({"config.providers": "words",
                         "config.providers.words.class": provider})
    w.start()
    w.topic = kafka.create_topic(unique("takeover"))
    w.rest.create("runs", source(
        w.folder, w.topic, file="${words:" + w.folder + "/words:file}",
        transforms="r", **{
            "transforms.r.type":
            "org.apache.kafka.connect.transforms.RegexRouter",
            "transforms.r.regex": "(.*)", "transforms.r.replacement": "$1",
            "producer.override.linger.ms": "5"}))
    w.rest.create("sinks", {
        "connector.class": "FileStreamSink", "topics": w.topic,
        "file": f"{w.folder}/out", "tasks.max": "1",
        "value.converter": "org.apache.kafka.connect.storage.StringConverter"})
    w.rest.create("theirs", source(
        w.folder, w.topic,
        **{"connector.class": "com.acme.FileLinesSourceConnector"}))
    w.rest.create("overrides", source(w.folder, w.topic, **{
        "producer.override.partitioner.class":
        "org.apache.kafka.clients.producer.RoundRobinPartitioner"}))
    for name in "runs", "sinks", "theirs", "overrides":
        w.rest.wait_running(name)
    wait_for("the source's offset", lambda: w.rest.offsets("runs"))
    wait_for("the sink's offset", lambda: w.rest.offsets("sinks"))
    w.rest.pause("overrides")
    wait_for("it to be paused", lambda: w.rest.status(
        "overrides")["connector"]["state"] == "PAUSED")
    w.stop()
    return w


def check(*args):
    done = subprocess.run([f"{BUILD}/penstock", "check-takeover", *args],
                          text=True, capture_output=True, timeout=120,
                          check=False)
    return done.returncode, done.stdout, done.stderr


def state_of(kafka, w):
    """All that a reader could have changed."""
    admin = kafka.admin()
    groups = admin.list_consumer_groups().result(30).valid
    topics = admin.list_topics(timeout=30).topics
    sizes = {w.properties[f"{kind}.storage.topic"]: kafka.size(
        w.properties[f"{kind}.storage.topic"])
        for kind in ("config", "offset", "status")}
    return (sorted(g.group_id for g in groups if w.group in g.group_id),
            sorted(t for t in topics if t.startswith(w.group)), sizes)


def named(report, name):
    return next(c for c in report["connectors"] if c["name"] == name)


@pytest.fixture(scope="module")
def report(kafka, old):
    before = state_of(kafka, old)
    code, out, err = check("-o", "json", old.file)
    assert (code, err) == (NOT, ""), err
    assert state_of(kafka, old) == before
    return json.loads(out)


def test_what_runs_here_is_said_with_its_parts(report, old):
    runs = named(report, "runs")
    assert runs["problems"] == [] and runs["runs"] is True
    assert (runs["type"], runs["target_state"], runs["tasks"]) == (
        "source", "STARTED", 1)
    assert runs["state"] in ("RUNNING", "UNASSIGNED")
    assert {p["key"]: (p["of"], p["found"]) for p in runs["parts"]} == {
        "connector.class": ("connector", True),
        "key.converter": ("worker", True),
        "value.converter": ("connector", True),
        "header.converter": ("worker", True),
        "transforms.r.type": ("connector", True)}
    assert runs["overrides"] == [
        {"key": "producer.override.linger.ms", "runs": True}]
    assert runs["providers"] == ["words"]
    assert runs["offsets"] == [{"partition": {"filename": f"{old.folder}/in"},
                                "offset": {"position": 8}}]


def test_a_sinks_offsets_are_its_groups(report, old):
    sinks = named(report, "sinks")
    assert sinks["runs"] is True and sinks["type"] == "sink"
    assert [o["partition"] for o in sinks["offsets"]] == [
        {"kafka_topic": old.topic, "kafka_partition": 0}]
    assert sinks["offsets"][0]["offset"]["kafka_offset"] > 0


def test_what_does_not_run_says_why(report):
    theirs = named(report, "theirs")
    assert theirs["runs"] is False
    assert theirs["problems"] == [{
        "key": "connector.class", "problem":
        "there is no class com.acme.FileLinesSourceConnector here, the "
        f"nearest is {FILE}FileStreamSourceConnector"}]
    over = named(report, "overrides")
    assert (over["runs"], over["target_state"]) == (False, "PAUSED")
    key = "producer.override.partitioner.class"
    assert over["overrides"] == [{"key": key, "runs": False}]
    assert [p["key"] for p in over["problems"]] == [key]
    assert "RoundRobinPartitioner" in over["problems"][0]["problem"]


def test_the_worker_s_own_file_is_judged_too(report, old):
    """Its plugin.path is full of jars: a worker would not start."""
    worker = report["worker"]
    assert worker["runs"] is False and len(worker["problems"]) == 1
    assert "plugin.path" in worker["problems"][0]
    assert [(p["name"], p["found"]) for p in worker["providers"]] == [
        ("words", True)]
    assert report["group"] == old.group and report["runs"] is False


def test_the_same_is_said_to_people_as_the_document_has_it(old):
    code, out, err = check(old.file)
    assert (code, err) == (NOT, "")
    for ours, theirs in ((old.folder + "/connect-plugins",
                          "/opt/connect/plugins"),
                         (old.group, "connect-cluster")):
        out = out.replace(ours, theirs)
    said = block("kafka-connect", "What would run here?", "worker's file:")
    lines = [x.strip() for x in out.splitlines()]
    assert len(lines) == len(said), out
    for line, shown in zip(lines, said):
        begins = shown.removesuffix("...")
        assert line == shown or (begins != shown and line.startswith(begins))


def our_file(old, **more):
    """Connect's file, as it would be for a worker here."""
    path = f"{old.folder}/ours.properties"
    settings = {**old.properties, "plugin.path": f"{BUILD}/plugins", **more}
    with open(path, "w", encoding="ascii") as f:
        f.write("".join(f"{k}={v}\n" for k, v in settings.items()))
    return path


def test_the_exit_code_says_what_it_is(old, kafka):
    assert check()[0] == USAGE
    assert check("--what", old.file)[0] == USAGE
    code, _, err = check(old.folder + "/absent.properties")
    assert code == UNREAD and "absent.properties" in err
    code, _, err = check(our_file(old, **{
        "status.storage.topic": "never-made"}))
    assert code == UNREAD and "status.storage.topic=never-made" in err
    assert "never-made" not in kafka.admin().list_topics(timeout=30).topics
    code, out, _ = check("-o", "json", our_file(old))
    assert code == NOT and json.loads(out)["worker"]["problems"] == []


def test_all_that_runs_is_exit_0(old, kafka, new_worker):
    """The cluster, once what does not run is gone from it, as Connect
    deletes."""
    kafka.produce(old.properties["config.storage.topic"], [
        {"key": f"{kind}-{name}", "value": None}
        for name in ("theirs", "overrides")
        for kind in ("connector", "target-state")])
    code, out, err = check(our_file(old))
    assert (code, err) == (RUNS, ""), out
    w = new_worker(kafka.bootstrap, start=False)
    w.properties = {**old.properties, **w.properties, **{
        k: v for k, v in old.properties.items()
        if k == "group.id" or k.endswith(".storage.topic")}}
    w.start()
    for name in "runs", "sinks":
        w.rest.wait_running(name)
