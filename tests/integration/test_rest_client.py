"""A client that others wrote for Kafka Connect (kafka-connect-py, its library
and its command) drives penstock through a connector's life, unchanged."""

import json
import os
import subprocess
import sys

import pytest
import requests
from kafka_connect import KafkaConnect

from support import configs
from support.env import wait_for


@pytest.fixture(scope="module")
def served(kafka, shared_worker, unique):
    w = shared_worker(kafka.bootstrap)
    w.topic = kafka.create_topic(unique("client"))
    with open(w.folder + "/in", "w", encoding="ascii") as f:
        f.write("one\ntwo\n")
    return w


@pytest.fixture
def client(served):
    return KafkaConnect(url=served.rest.url)


def state(client, name):
    status = client.get_connector_status(name)
    return {status["connector"]["state"],
            *(t["state"] for t in status["tasks"])}


def wait_state(client, name, wanted):
    wait_for(f"{name} to be {wanted}", lambda: state(
        client, name) == {wanted} and (
            wanted == "STOPPED"
            or client.list_connector_tasks(name)), 60)


def offsets(client, name, method="GET", body=None):
    """It has no calls for them: its own way of asking, with its settings."""
    r = requests.request(
        method, f"{client.url}/connectors/{name}/offsets", auth=client.auth,
        verify=client.verify, headers=client.headers,
        data=None if body is None else json.dumps(body), timeout=60)
    r.raise_for_status()
    return r.json()


def test_a_connector_s_whole_life(client, served, kafka):
    name = "lines"
    config = {k: str(v) for k, v in configs.file_source(
        served.folder + "/in", served.topic).items()}
    assert client.get_cluster_info()["kafka_cluster_id"]
    assert "org.apache.kafka.connect.file.FileStreamSourceConnector" in [
        p["class"] for p in client.list_connector_plugins()]
    checked = client.validate_connector_config(
        "FileStreamSource", {**config, "name": name})
    assert checked["error_count"] == 0
    made = client.create_connector({"name": name, "config": config})
    assert made["name"] == name and made["type"] == "source"
    wait_state(client, name, "RUNNING")
    assert name in client.list_connectors()
    assert name in client.list_connectors(expand="status", state="running")
    assert client.get_connector(name)["config"]["file"] == config["file"]
    kafka.wait_records(served.topic, 2)

    client.pause_connector(name)
    wait_state(client, name, "PAUSED")
    client.resume_connector(name)
    wait_state(client, name, "RUNNING")
    client.restart_connector(name, include_tasks=True)
    client.restart_connector(name)
    wait_state(client, name, "RUNNING")
    client.restart_connector_task(name, 0)
    wait_for("its task to run", lambda: client.get_connector_task_status(
        name, 0)["state"] == "RUNNING")
    changed = client.update_connector(name, {**config, "batch.size": "7"})
    assert changed["config"]["batch.size"] == "7"
    assert client.get_connector_config(name)["batch.size"] == "7"
    wait_for("its topic", lambda: served.topic in str(
        client.list_connector_topics(name)))
    client.reset_connector_topics(name)

    at = wait_for("its offset", lambda: offsets(client, name)["offsets"])
    assert at[0]["offset"]["position"] == 8
    client.stop_connector(name)
    wait_state(client, name, "STOPPED")
    back = [{"partition": at[0]["partition"], "offset": {"position": 4}}]
    assert "altered successfully" in offsets(
        client, name, "PATCH", {"offsets": back})["message"]
    assert [o["offset"]["position"] for o in offsets(
        client, name)["offsets"]] == [4]
    client.resume_connector(name)
    values = [r.value for r in kafka.wait_records(served.topic, 3)]
    assert values == [b"one", b"two", b"two"]
    client.stop_connector(name)
    wait_state(client, name, "STOPPED")
    assert "reset successfully" in offsets(client, name, "DELETE")["message"]
    assert offsets(client, name)["offsets"] == []
    client.delete_connector(name)
    assert client.list_connectors() == []


def test_its_errors_are_those_it_knows(client, served):
    with pytest.raises(requests.HTTPError):
        client.get_connector("nobody")
    with pytest.raises(requests.HTTPError):
        client.create_connector({"name": "bad", "config": {
            "connector.class": "FileStreamSource"}})


def test_its_command_works_as_well(client, served, folder):
    path = folder + "/connector.json"
    with open(path, "w", encoding="ascii") as f:
        json.dump({"name": "told", "config": {
            k: str(v) for k, v in configs.file_source(
                folder + "/absent", served.topic).items()}}, f)

    def kc(*args):
        done = subprocess.run(
            [sys.executable, "-c",
             "from kafka_connect.cli import cli; cli()", "--url",
             served.rest.url, *args], text=True, capture_output=True,
            timeout=60, check=False, env=dict(os.environ))
        assert done.returncode == 0, done.stderr
        return done.stdout
    kc("create", "--config-file", path)
    assert "told" in kc("list")
    wait_for("it to run", lambda: "RUNNING" in kc("status", "told"))
    kc("pause", "told")
    wait_for("it to pause", lambda: "PAUSED" in kc("status", "told"))
    kc("delete", "told")
    assert "told" not in kc("list")
