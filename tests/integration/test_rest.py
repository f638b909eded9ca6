"""REST: what only penstock promises. What Kafka Connect answers too is in
tests/conformance."""

import http.client
import json
import os
import re
import signal
import socket
import threading
import time

import pytest
import requests

from support.env import HOST, free_port, wait_for
from support.rest import Rest


def source(folder, **over):
    config = {"connector.class": "FileStreamSource", "tasks.max": "1",
              "file": f"{folder}/in", "topic": "rest",
              "value.converter":
              "org.apache.kafka.connect.storage.StringConverter"}
    config.update(over)
    return config


def test_bad_json_is_400_and_a_big_body_413(worker):
    for body, want in ((b"{", 400), (b"[]", 400), (b'{"name":1}', 400),
                       (b'{"name":"x","config":{},"more":1}', 400),
                       (b"x" * (2 << 20), 413)):
        r = worker.rest.session.post(
            worker.rest.url + "/connectors", data=body, timeout=20,
            headers={"Content-Type": "application/json"})
        assert r.status_code == want, r.text
        assert r.json()["error_code"] == want


def test_a_body_that_is_not_json_by_its_type_is_415(worker):
    r = worker.rest.session.post(worker.rest.url + "/connectors", data="{}",
                                 headers={"Content-Type": "text/plain"})
    assert r.status_code == 415
    r = worker.rest.request("GET", "/connectors",
                            headers={"Accept": "text/html"})
    assert r.status_code == 406


def test_slow_clients_do_not_keep_others_out(worker):
    slow = []
    for _ in range(40):
        s = socket.create_connection((HOST, worker.port))
        s.sendall(b"POST /connectors HTTP/1.1\r\nHost: x\r\nContent-Le")
        slow.append(s)
    began = time.monotonic()
    assert worker.rest.get("/connectors") == []
    assert time.monotonic() - began < 1
    for s in slow:
        s.close()


def test_a_write_is_there_when_it_is_answered(worker, topic, folder):
    config = source(folder, topic=topic("written"), file=folder + "/none")
    for n in range(20):
        name = f"w{n}"
        worker.rest.create(name, config)
        assert name in worker.rest.connectors()
        changed = dict(config, **{"batch.size": str(n + 1)})
        worker.rest.put_config(name, changed)
        assert worker.rest.get(f"/connectors/{name}/config") == dict(
            changed, name=name)
        worker.rest.delete(name)
        assert name not in worker.rest.connectors()


def test_an_unchanged_config_restarts_no_task(worker, topic, folder):
    config = source(folder, topic=topic("same"), file=folder + "/none")
    worker.rest.create("same", config)
    worker.rest.wait_running("same")
    pid = worker.wait_task("same")
    worker.rest.put_config("same", config)
    worker.rest.put_config("same", dict(config, **{"batch.size": "7"}))
    assert worker.wait_task("same", other_than=pid) != pid
    pid = worker.wait_task("same")
    worker.rest.put_config("same", dict(config, **{"batch.size": "7"}))
    worker.rest.restart_connector("same")
    worker.rest.wait_running("same")
    assert worker.pid_of_task("same") == pid


def test_all_comes_back_after_a_restart(worker, kafka, topic, folder):
    t = topic("back")
    with open(folder + "/in", "w", encoding="ascii") as f:
        f.write("one\n")
    worker.rest.create("runs", source(folder, topic=t))
    worker.rest.create("paused", source(folder, topic=t,
                                        file=folder + "/none"))
    worker.rest.wait_running("runs")
    worker.rest.pause("paused")
    kafka.wait_records(t, 1)
    worker.restart()
    worker.rest.wait_running("runs")
    wait_for("the paused one to be paused", lambda: worker.rest.status(
        "paused")["connector"]["state"] == "PAUSED")
    with open(folder + "/in", "a", encoding="ascii") as f:
        f.write("two\n")
    assert [r.value for r in kafka.wait_records(t, 2)][1] == b"two"


def test_metrics_name_what_runs(worker, kafka, topic, folder):
    t = topic("measured")
    with open(folder + "/in", "w", encoding="ascii") as f:
        f.write("one\ntwo\n")
    worker.rest.create("m", source(folder, topic=t))
    kafka.wait_records(t, 2)

    def written():
        text = worker.rest.request("GET", "/metrics").text
        found = re.search(r"kafka_connect_source_task_source_record_write_"
                          r"total\{[^}]*connector=\"m\"[^}]*\} (\S+)", text)
        assert found and float(found[1]) == 2, text
        return text
    text = wait_for("the metric of records written", written)
    assert re.search(r"kafka_connect_worker_task_count(\{\})? 1", text)
    assert ('kafka_connect_connector_task_status{connector="m",task="0",'
            'status="running"} 1') in text


def test_a_password_never_comes_back(worker, kafka, folder):
    canary = "canary-9f31c7"
    config = dict(source(folder), **{
        "producer.override.sasl.jaas.config": f"x password=\"{canary}\";"})
    r = worker.rest.request(
        "PUT", "/connector-plugins/FileStreamSource/config/validate",
        dict(config, name="p"))
    assert r.status_code == 200
    assert canary not in worker.log_text()


def stored(worker, kafka, name):
    return [json.loads(r.value)["properties"] for r in kafka.consume(
        worker.properties["config.storage.topic"])
        if r.key == f"connector-{name}".encode()][-1]


def test_what_is_masked_is_never_written(worker, kafka, folder):
    """GET and PUT change nothing, whatever the secrets are made of; where no
    secret is, a mask stands for none."""
    secrets = {"x.password": "canary${1",
               "x.secret": "http://u:canary@h/${a:b}",
               "x.url": "http://u:canary@h/?token=canary-2"}
    path = "/connectors/masks/config"
    worker.rest.call("PUT", path, dict(source(folder), **secrets))
    shown = worker.rest.get(path)
    assert shown["x.password"] == "[hidden]"
    assert "canary" not in json.dumps(shown)
    before = stored(worker, kafka, "masks")
    worker.rest.call("PUT", path, dict(shown, note="changed"))
    assert stored(worker, kafka, "masks") == dict(before, note="changed")
    worker.rest.call("PATCH", path, {"x.url": shown["x.url"] + "&a=1"})
    assert stored(worker, kafka, "masks")["x.url"] == secrets["x.url"] + \
        "&a=1"
    worker.rest.delete("masks")
    for r in (worker.rest.request("PUT", path, shown),
              worker.rest.request("POST", "/connectors", {
                  "name": "masks", "config": shown})):
        assert r.status_code == 400 and "x.password" in r.text, r.text


def test_levels_of_loggers(worker):
    assert "root" in worker.rest.get("/admin/loggers")
    r = worker.rest.request("PUT", "/admin/loggers/worker",
                            {"level": "DEBUG"})
    assert r.status_code == 200 and "worker" in r.json()
    assert worker.rest.get("/admin/loggers/worker")["level"] == "DEBUG"
    r = worker.rest.request("PUT", "/admin/loggers/worker", {"level": "x"})
    assert (r.status_code, r.json()["message"]) == (
        404, "invalid log level 'x'.")


def errors_of(answer):
    return {c["value"]["name"]: c["value"]["errors"]
            for c in answer["configs"] if c["value"]["errors"]}


def test_versions_of_plugins_are_ranges(worker, folder):
    transform = "org.apache.kafka.connect.transforms.RegexRouter"
    config = source(folder, **{
        "name": "v", "transforms": "r", "transforms.r.type": transform,
        "transforms.r.regex": "(.*)", "transforms.r.replacement": "$1",
        "value.converter.plugin.version": "[0,)"})
    url = "/connector-plugins/FileStreamSource/config/validate"

    def ask(**keys):
        r = worker.rest.request("PUT", url, {**config, **keys})
        assert r.status_code == 200, r.text
        return r.json()

    values = {c["value"]["name"]: c for c in ask()["configs"]}
    for key in "connector", "transforms.r", "value.converter":
        row = values[key + ".plugin.version"]
        installed = row["definition"]["default_value"]
        assert installed and row["value"]["recommended_values"] == [installed]
    assert errors_of(ask()) == {}
    why = ("Plugin {} not found that matches the version range {}, available "
           f"versions: [{installed}]")
    assert errors_of(ask(**{
        "connector.plugin.version": "[99,)",
        "transforms.r.plugin.version": " 99.1 ",
        "value.converter.plugin.version": "(,0.0.1)"})) == {
            "connector.class": [why.format("FileStreamSource", "[99,)")],
            "connector.plugin.version": [
                why.format("FileStreamSource", "[99,)")],
            "transforms.r.type": [why.format(transform, "[99.1,99.1]")],
            "transforms.r.plugin.version": [
                why.format(transform, "[99.1,99.1]")],
            "value.converter": [
                why.format(config["value.converter"], "(,0.0.1)")],
            "value.converter.plugin.version": [
                why.format(config["value.converter"], "(,0.0.1)")]}
    wrong = errors_of(ask(**{"connector.plugin.version": "[2,1]"}))
    assert wrong["connector.plugin.version"] == [
        "Range defies version ordering: [2,1]"]
    worker.rest.create("v", dict(
        {k: v for k, v in config.items() if k != "name"},
        **{"connector.plugin.version": f"[{installed}]"}))
    worker.rest.wait_running("v")


def test_a_level_for_the_cluster_goes_by_the_config_topic(worker, kafka):
    before = time.time() * 1000
    r = worker.rest.request("PUT", "/admin/loggers/task.x?scope=cluster",
                            {"level": "warn"})
    assert (r.status_code, r.text) == (204, "")
    topic = worker.properties["config.storage.topic"]
    records = {r.key: r.value for r in kafka.consume(topic)}
    assert json.loads(records[b"logger-cluster-task.x"]) == {"level": "WARN"}
    level = worker.rest.get("/admin/loggers")["task.x"]
    assert level["level"] == "WARN" and level["last_modified"] > before - 5000
    r = worker.rest.request("PUT", "/admin/loggers/task.x?scope=galaxy",
                            {"level": "ERROR"})
    assert (r.status_code, r.json()) == (200, ["task.x"])
    worker.wait_log("invalid scope 'galaxy'")


def test_every_listener_is_served_and_admin_by_its_own(new_worker, kafka):
    """Connect: with admin.listeners, /admin is there and nowhere else."""
    first, second, admin = (free_port() for _ in range(3))
    w = new_worker(kafka.bootstrap, start=False,
                   listeners=f"http://{HOST}:{first},http://{HOST}:{second}",
                   admin_listeners=f"http://{HOST}:{admin}")
    w.rest = Rest(f"http://{HOST}:{first}")
    w.start()
    for port in first, second:
        rest = Rest(f"http://{HOST}:{port}")
        assert rest.get("/connectors") == []
        r = rest.request("GET", "/admin/loggers")
        assert r.status_code == 404 and "Server" not in r.headers
    rest = Rest(f"http://{HOST}:{admin}")
    assert "root" in rest.get("/admin/loggers")
    assert rest.request("GET", "/connectors").status_code == 404


def test_admin_listeners_that_are_empty_switch_admin_off(new_worker, kafka):
    w = new_worker(kafka.bootstrap, admin_listeners="")
    assert w.rest.get("/connectors") == []
    assert w.rest.request("GET", "/admin/loggers").status_code == 404


def test_kafka_that_is_away_is_said_and_waited_for(own_kafka, new_worker):
    own_kafka.stop()
    w = new_worker(own_kafka.bootstrap, start=False).spawn()
    wait_for("REST to answer", lambda: w.rest.request("GET", "/"))
    r = w.rest.request("GET", "/health")
    assert (r.status_code, r.json()["status"]) == (503, "starting")
    waiting = []
    reader = threading.Thread(
        target=lambda: waiting.append(w.rest.get("/connectors")))
    reader.start()
    own_kafka.start()
    reader.join(60)
    assert waiting == [[]]
    wait_for("the worker to be ready", w.rest.healthy, 60)


def test_an_idle_worker_is_small_and_starts_quickly(worker):
    worker.restart()
    worker.rest.get("/connectors")
    time.sleep(2)  # what the start took is given back
    pss = worker.memory()
    print(f"idle worker: {pss / 1e6:.1f} MB PSS")
    assert pss < 15 << 20


def test_standalone_keeps_its_offsets_in_a_file(new_worker, kafka, topic,
                                                folder):
    t = topic("alone")
    with open(folder + "/in", "w", encoding="ascii") as f:
        f.write("one\ntwo\n")
    path = folder + "/connector.json"
    with open(path, "w", encoding="ascii") as f:
        json.dump({"name": "alone", "config": source(folder, topic=t)}, f)
    w = new_worker(kafka.bootstrap, start=False)
    w.properties["offset.storage.file.filename"] = folder + "/offsets"
    program = w._argv()[0]
    w.process.argv = [program, "standalone", w.file, path]
    w.start()
    kafka.wait_records(t, 2)
    wait_for("the offset to be stored", lambda: w.rest.offsets("alone"))
    w.restart()
    with open(folder + "/in", "a", encoding="ascii") as f:
        f.write("three\n")
    values = [r.value for r in kafka.wait_records(t, 3)]
    assert values == [b"one", b"two", b"three"]


def put_at_the_end(w, broker, name, config):
    """A change that cannot be written while the broker is stopped, and then
    SIGTERM: the connection that waits for its answer."""
    os.kill(broker, signal.SIGSTOP)
    asking = http.client.HTTPConnection(HOST, w.port, timeout=60)
    asking.request("PUT", f"/connectors/{name}/config", json.dumps(config),
                   {"Content-Type": "application/json"})
    assert w.rest.connectors() == [name]  # which was sent after it
    w.process.send(signal.SIGTERM)
    w.wait_log("got SIGTERM")
    return asking


def connects(asking):
    try:
        asking.connect()
    except ConnectionError:
        return False
    return True


def answer_of(asking):
    r = asking.getresponse()
    return r.status, json.load(r)


def test_what_waited_for_the_start_does_not_begin_at_the_end(
        own_kafka, new_worker):
    """A list that waits for the logs, which are read while it drains."""
    w = new_worker(own_kafka.bootstrap)
    w.stop()
    (broker,) = own_kafka.pids()
    os.kill(broker, signal.SIGSTOP)
    try:
        w.spawn()
        asking = http.client.HTTPConnection(HOST, w.port, timeout=60)
        wait_for("its door", lambda: connects(asking))
        asking.request("GET", "/connectors")
        # Sent after it, and answered without logs.
        requests.get(w.rest.url + "/connector-plugins", timeout=60)
        w.process.send(signal.SIGTERM)
        w.wait_log("got SIGTERM")
    finally:
        os.kill(broker, signal.SIGCONT)
    assert answer_of(asking) == (503, {
        "error_code": 503, "message": "Worker is shutting down"})
    assert w.process.wait(60) == 0


def test_what_is_being_written_at_the_end_is_answered(own_kafka, new_worker,
                                                      folder):
    """With what came of it if that is known within some seconds. Meanwhile
    nobody else is let in."""
    w = new_worker(own_kafka.bootstrap)
    (broker,) = own_kafka.pids()
    config = source(folder)
    w.rest.create("c", config)
    w.rest.wait_running("c")
    watching, late = (http.client.HTTPConnection(HOST, w.port, timeout=60)
                      for _ in range(2))
    for kept in watching, late:
        kept.request("GET", "/health")
        assert answer_of(kept)[0] == 200
    try:
        asking = put_at_the_end(w, broker, "c", {**config, "topic": "other"})
        with pytest.raises(requests.ConnectionError):
            requests.get(w.rest.url, timeout=20)
        watching.request("GET", "/health")
        status, body = answer_of(watching)
        assert (status, body["status"]) == (500, "unhealthy")
        assert body["message"].startswith(
            "Worker was unable to handle this request and may be unable to "
            "handle other requests. The worker is currently shutting down, "
            "which began at "), body
        late.request("GET", "/connectors")
        assert answer_of(late) == (503, {
            "error_code": 503, "message": "Worker is shutting down"})
    finally:
        os.kill(broker, signal.SIGCONT)
    status, body = answer_of(asking)
    assert (status, body["config"]["topic"]) == (200, "other"), body
    assert w.process.wait(60) == 0
    w.start()
    assert w.rest.get("/connectors/c/config")["topic"] == "other"
    try:
        asking = put_at_the_end(w, broker, "c", config)
        status, body = answer_of(asking)
        assert (status, body["error_code"]) == (503, 503)
        assert "Whether it does what was asked for is not known" in body[
            "message"]
    finally:
        os.kill(broker, signal.SIGCONT)
    w.process.wait(60)
