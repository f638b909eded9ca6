"""`penstock standalone`: connectors from files, offsets in a file."""

import json
import os

import pytest

from support import configs
from support.env import wait_for
from support.worker import Worker


class Standalone(Worker):
    """files: of connectors"""
    program = "penstock"

    def __init__(self, folder, bootstrap, files=(), **settings):
        self.files = list(files)
        self.offsets = folder + "/offsets"
        super().__init__(folder, bootstrap, **settings)
        for key in list(self.properties):
            if ".storage." in key or key == "group.id":
                del self.properties[key]
        self.properties["offset.storage.file.filename"] = self.offsets

    def _argv(self):
        program = super()._argv()[0]
        return [program, "standalone", self.file, *self.files]


def flat_json(path, name, config):
    with open(path + ".json", "w", encoding="utf-8") as f:
        json.dump({"name": name, **config}, f)
    return path + ".json"


def nested_json(path, name, config):
    with open(path + ".json", "w", encoding="utf-8") as f:
        json.dump({"name": name, "config": config}, f)
    return path + ".json"


def properties(path, name, config):
    with open(path + ".properties", "w", encoding="latin-1") as f:
        f.write(f"# a connector\nname={name}\n")
        f.writelines(f"{k} = {v}\n" for k, v in config.items())
    return path + ".properties"


def write(path, *lines):
    with open(path, "a", encoding="utf-8") as f:
        f.writelines(line + "\n" for line in lines)


def values(kafka, topic):
    return [r.value.decode() for r in kafka.consume(topic)]


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read().splitlines()


@pytest.mark.parametrize("as_file", [flat_json, nested_json, properties])
def test_positions_go_on_after_a_restart(kafka, topic, new_worker, folder,
                                         as_file):
    t = topic("lines")
    source = as_file(folder + "/source", "src",
                     configs.file_source(folder + "/in", t))
    write(folder + "/in", "one", "two")
    w = new_worker(kafka.bootstrap, cls=Standalone, files=[source])
    kafka.wait_records(t, 2)
    wait_for("the position", lambda: w.rest.offsets("src")[0]["offset"]
             ["position"] == 8)
    assert w.stop() == 0
    assert os.path.getsize(w.offsets) > 0
    write(folder + "/in", "three")
    w.start()
    assert w.rest.offsets("src")[0]["offset"]["position"] >= 8
    kafka.wait_records(t, 3)
    w.restart()
    write(folder + "/in", "four")
    kafka.wait_records(t, 4)
    assert values(kafka, t) == ["one", "two", "three", "four"]


def test_a_source_and_a_sink_run_from_two_files(kafka, topic, new_worker,
                                                folder, unique):
    t, snk = topic("lines"), unique("snk")
    write(folder + "/in", "one", "two")
    files = [flat_json(folder + "/source", "src",
                       configs.file_source(folder + "/in", t)),
             properties(folder + "/sink", snk,
                        configs.file_sink(folder + "/out", t))]
    w = new_worker(kafka.bootstrap, cls=Standalone, files=files)
    wait_for("the lines", lambda: read(folder + "/out") == ["one", "two"])
    assert sorted(w.rest.connectors()) == sorted(["src", snk])
    w.rest.wait_running("src", 1)
    assert w.rest.get(f"/connectors/{snk}")["type"] == "sink"
    # Consumer groups are not its to change; it says so.
    w.rest.stop_connector(snk)
    w.rest.wait_state(snk, "STOPPED")
    for method, path, body in (
            ("DELETE", "offsets", None),
            ("PATCH", "offsets", {"offsets": [
                {"partition": {"kafka_topic": t, "kafka_partition": 0},
                 "offset": {"kafka_offset": 0}}]}),
            ("POST", "seek", {"to": "beginning"})):
        r = w.rest.request(method, f"/connectors/{snk}/{path}", body)
        assert r.status_code >= 400 and "standalone" in r.text, r.text
    left = w.rest.call("DELETE", f"/connectors/{snk}?clean=true")["left"]
    assert {"what": "consumer group", "name": f"connect-{snk}", "why":
            "a standalone worker changes no consumer groups"} in left
    removed = w.rest.call("DELETE", "/connectors/src?clean=true")["removed"]
    assert removed[0] == {"what": "offsets of source partitions", "count": 1}
    assert w.rest.connectors() == []


def test_kill_9_repeats_at_most_what_was_not_yet_stored(
        kafka, topic, new_worker, folder):
    t = topic("lines")
    source = flat_json(folder + "/source", "src",
                       configs.file_source(folder + "/in", t))
    write(folder + "/in", *(f"line {n}" for n in range(100)))
    w = new_worker(kafka.bootstrap, cls=Standalone, files=[source])
    kafka.wait_records(t, 100)
    wait_for("the position", lambda: w.rest.offsets("src")[0]["offset"]
             ["position"] == os.path.getsize(folder + "/in"))
    w.kill9()
    write(folder + "/in", "after")
    w.start()
    wait_for("the new line", lambda: "after" in values(kafka, t))
    found = values(kafka, t)
    assert found == [f"line {n}" for n in range(100)] + ["after"]


def test_rest_writes_work_but_do_not_survive(kafka, topic, new_worker, folder):
    """As with Connect: configurations live in memory only."""
    t = topic("lines")
    write(folder + "/in", "one")
    w = new_worker(kafka.bootstrap, cls=Standalone)
    w.rest.create("late", configs.file_source(folder + "/in", t))
    kafka.wait_records(t, 1)
    w.rest.pause("late")
    w.rest.wait_state("late", "PAUSED")
    w.restart()
    assert w.rest.connectors() == []


@pytest.mark.parametrize("text,words", [
    ("{", ["bad.json"]),
    ('{"connector.class": "FileStreamSource"}', ["bad.json", "name"]),
    ('{"name": "x", "config": {"a": {}}}', ["bad.json", "a"]),
    ('{"name": "x", "connector.class": "NoSuchSource"}', ["NoSuchSource"]),
    ('{"name": "x", "connector.class": "FileStreamSource"}', ["topic"]),
])
def test_a_bad_connector_file_ends_the_start_with_its_name(
        kafka, new_worker, folder, text, words):
    path = folder + "/bad.json"
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    w = new_worker(kafka.bootstrap, start=False, cls=Standalone, files=[path])
    w.spawn()
    assert w.process.wait(30) != 0
    for word in words:
        assert word in w.log_text(), w.log_text()


def test_a_connector_file_that_is_not_there(kafka, new_worker, folder):
    w = new_worker(kafka.bootstrap, start=False, cls=Standalone,
                   files=[folder + "/absent.json"])
    w.spawn()
    assert w.process.wait(30) != 0
    assert folder + "/absent.json" in w.log_text()
    assert "No such file" in w.log_text()
