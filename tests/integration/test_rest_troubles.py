"""REST in trouble: what is answered when another worker, the cluster or a
setting is in the way."""

import base64
import hashlib
import hmac
import http.server
import json
import os
import re
import signal
import threading
import time

import confluent_kafka
import pytest

from support import configs
from support.env import HOST, wait_for
from support.kafka import read_topic
from support.process import argv, children
from support.rest import FAILED_WRITE


# Another worker that does not behave

class Stub(http.server.ThreadingHTTPServer):
    """What a leader may turn out to be: each request gets `answer`, a status
    and a body, or the end of its connection."""
    daemon_threads = True

    def __init__(self):
        stub = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_PUT(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                stub.asked.append(self.path)
                if stub.answer is None:
                    self.close_connection = True
                    return
                status, body = stub.answer
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass
        super().__init__((HOST, 0), Handler)
        self.answer, self.asked = None, []
        threading.Thread(target=self.serve_forever, daemon=True).start()


@pytest.fixture
def stub():
    s = Stub()
    yield s
    s.shutdown()
    s.server_close()


def test_a_leader_that_does_not_answer_as_one(kafka, new_worker, unique, stub):
    """The one that leads says that it is somewhere else."""
    group = unique("lost")
    new_worker(kafka.bootstrap, group=group,
               rest_advertised_port=stub.server_address[1])
    follower = new_worker(kafka.bootstrap, group=group).rest
    broken = "IO Error trying to forward REST request: "
    for answer, says in (
            (None, broken),
            ((500, b"<html>no</html>"), broken + "the answer, of status 500, "
             "is no error of a worker's"),
            ((302, b""), "Unexpected status code when handling forwarded "
             "request: 302"),
            ((300, b""), "Unexpected status code when handling forwarded "
             "request: 300")):
        stub.answer = answer
        r = follower.request("PUT", "/connectors/c/config",
                             {"connector.class": "FileStreamSink"})
        body = r.json()
        assert (r.status_code, body["error_code"]) == (500, 500), answer
        assert body["message"].startswith(says), body
        assert len(body["message"]) > len(broken)
    # Each was passed on once, and none of them redirected.
    assert stub.asked == ["/connectors/c/config?forward=false"] * 4


def test_no_leader_is_known(own_kafka, new_worker):
    """A worker that its broker does not answer leads no more: a change waits
    for a leader for a while, what is known is told meanwhile."""
    w = new_worker(own_kafka.bootstrap, session_timeout_ms=6000,
                   heartbeat_interval_ms=1000)
    (broker,) = own_kafka.pids()
    os.kill(broker, signal.SIGSTOP)
    try:
        wait_for("it to lead no more", lambda: "\npenstock_cluster_leader 0\n"
                 in w.rest.request("GET", "/metrics").text)
        r = w.rest.request("PUT", "/connectors/c/pause")
        assert (r.status_code, r.json()["message"]) == (
            409, "Cannot complete request momentarily due to no known leader "
            "URL, likely because a rebalance was underway.")
        assert w.rest.connectors() == []
    finally:
        os.kill(broker, signal.SIGCONT)


# A write that fails

def test_a_change_that_could_not_be_written(kafka, new_worker, folder):
    """The process that writes stands still, and is ended for it: nothing of
    the change is there, and the same request is then granted."""
    w = new_worker(kafka.bootstrap, session_timeout_ms=6000,
                   heartbeat_interval_ms=1000)
    (scribe,) = [pid for pid in children(w.process.pid)
                 if argv(pid)[1:2] == ["scribe"]]
    os.kill(scribe, signal.SIGSTOP)
    config = configs.file_source(folder + "/in", "t")
    r = w.rest.request("PUT", "/connectors/c/config", config)
    assert (r.status_code, r.json()) == (500, {
        "error_code": 500, "message": FAILED_WRITE}), r.text
    assert w.rest.connectors() == []
    wait_for("another that writes", lambda: w.rest.request(
        "PUT", "/connectors/c/config", config).status_code == 201)


def test_a_change_while_the_broker_is_away(own_kafka, new_worker, folder):
    """The same sentence, and behind it what is in the way. Nothing of the
    change is there when the broker is back, and then it is granted."""
    w = new_worker(own_kafka.bootstrap, session_timeout_ms=6000,
                   heartbeat_interval_ms=1000)
    own_kafka.stop()
    config = configs.file_source(folder + "/in", "t")
    r = w.rest.request("PUT", "/connectors/c/config", config)
    said, cause = r.json()["message"].split(". ", 1)
    assert (r.status_code, said) == (500, FAILED_WRITE), r.text
    assert own_kafka.bootstrap in cause and "refused" in cause, cause
    own_kafka.start()
    wait_for("it to lead again", lambda: "\npenstock_cluster_leader 1\n"
             in w.rest.request("GET", "/metrics").text, 60)
    assert w.rest.connectors() == []
    wait_for("another that writes", lambda: w.rest.request(
        "PUT", "/connectors/c/config", config).status_code == 201)


# A worker that is not ready

@pytest.mark.timeout(200)
def test_a_request_that_nobody_can_answer(own_kafka, new_worker):
    """Without a broker nothing is known. /health says so at once, all else
    after 90 s, with what the worker is at."""
    own_kafka.stop()
    w = new_worker(own_kafka.bootstrap, start=False).spawn()
    wait_for("REST to answer", lambda: w.rest.request("GET", "/"))
    r = w.rest.request("GET", "/health")
    body = r.json()
    stage = (r"The worker is currently ([^,]+), which began at "
             r"\d{4}-\d\d-\d\dT[\d:.]+Z")
    found = re.fullmatch(r"Worker is still starting up\. " + stage,
                         body["message"])
    assert (r.status_code, body["status"]) == (503, "starting")
    assert set(body) == {"status", "message"} and found, body
    r = w.rest.request("PUT", "/connectors/c/pause", timeout=120)
    body = r.json()
    assert (r.status_code, body["error_code"]) == (500, 500)
    again = re.fullmatch(r"Request timed out\. " + stage, body["message"])
    assert again and again[1].startswith("internal topics: "), body


def test_health_of_a_worker_that_is_ready(worker):
    r = worker.rest.request("GET", "/health")
    assert (r.status_code, r.json()) == (200, {
        "status": "healthy",
        "message": "Worker has completed startup and is ready to handle "
                   "requests."})


# What is switched off

@pytest.mark.parametrize("setting, tracks", [
    ("topic_tracking_enable", False), ("topic_tracking_allow_reset", True)])
def test_topics_may_not_be_tracked_or_forgotten(kafka, new_worker, setting,
                                                tracks):
    rest = new_worker(kafka.bootstrap, **{setting: "false"}).rest
    off = (403, "Topic tracking is disabled.")
    r = rest.request("GET", "/connectors/c/topics")
    if tracks:
        assert (r.status_code, r.json()) == (200, {"c": {"topics": []}})
        off = (403, "Topic tracking reset is disabled.")
    else:
        assert (r.status_code, r.json()["message"]) == off
    r = rest.request("PUT", "/connectors/c/topics/reset")
    assert (r.status_code, r.json()["message"]) == off


# Others in a sink's group

STAYS_S = 1.5
ZOMBIES = (
    "Failed to {0} consumer group offsets for connector {1} either because "
    "its tasks haven't stopped completely yet or the connector was resumed "
    "before the request to {0} its offsets could be successfully completed. "
    "If the connector is in a stopped state, this operation can be safely "
    "retried. If it doesn't eventually succeed, the Connect cluster may need "
    "to be restarted to get rid of the zombie sink tasks.")


@pytest.fixture
def stopped_sink(kafka, worker, topic, folder, unique):
    """that has read two records of its topic"""
    name, t = unique("haunted"), topic("t")
    kafka.produce(t, ["a", "b"])
    rest = worker.rest
    rest.create(name, configs.file_sink(folder + "/out", t))
    wait_for("its offset", lambda: rest.offsets(name)[0]["offset"] == {
        "kafka_offset": 2})
    rest.stop_connector(name)
    rest.wait_state(name, "STOPPED", tasks=0)
    return name, t


def zombie_of(kafka, name, topic):
    """Who reads in its group, as a task does that was taken for dead."""
    zombie = confluent_kafka.Consumer({
        "bootstrap.servers": kafka.bootstrap, "group.id": f"connect-{name}",
        "enable.auto.commit": False})
    zombie.subscribe([topic])
    wait_for("it to read", lambda: zombie.poll(0.1) or zombie.assignment())
    return zombie


def set_to(topic, offset):
    return {"offsets": [{"partition": {"kafka_topic": topic,
                                       "kafka_partition": 0},
                         "offset": offset}]}


@pytest.mark.parametrize("method, offset, what", [
    ("PATCH", {"kafka_offset": 1}, "alter"), ("DELETE", None, "reset")])
def test_somebody_else_reads_in_a_sinks_group(kafka, worker, stopped_sink,
                                              method, offset, what):
    name, t = stopped_sink
    body = set_to(t, offset) if offset else None
    zombie = zombie_of(kafka, name, t)
    try:
        r = worker.rest.request(method, f"/connectors/{name}/offsets", body)
        assert (r.status_code, r.json()["message"].partition(" (")[0]) == (
            500, ZOMBIES.format(what, name)), r.text
    finally:
        zombie.close()


@pytest.mark.parametrize("method, offset, done", [
    ("PATCH", {"kafka_offset": 1}, "altered"), ("PATCH", None, "altered"),
    ("DELETE", None, "reset")])
def test_somebody_else_leaves_a_sinks_group(kafka, worker, stopped_sink,
                                            method, offset, done):
    """It is a moment only that a task whose consumer left while it joined is
    the broker's still: who asks for the offsets right then waits for it."""
    name, t = stopped_sink
    body = set_to(t, offset) if method == "PATCH" else None
    gone = threading.Timer(STAYS_S, zombie_of(kafka, name, t).close)
    began = time.monotonic()
    gone.start()
    r = worker.rest.call(method, f"/connectors/{name}/offsets", body)
    assert f"{done} successfully" in r["message"]
    assert time.monotonic() - began >= STAYS_S
    assert worker.rest.offsets(name) == (
        set_to(t, offset)["offsets"] if offset else [])


# Requests between workers

def signed(key, body=b""):
    mac = hmac.new(key, body, hashlib.sha256).digest()
    return {"X-Connect-Authorization": base64.b64encode(mac).decode(),
            "X-Connect-Request-Signature-Algorithm": "HmacSHA256",
            "Content-Type": "application/json"}


def session_key(bootstrap, group):
    keys = [json.loads(r.value)["key"]
            for r in read_topic(bootstrap, f"{group}-configs")
            if r.key == b"session-key"]
    return base64.b64decode(keys[-1]) if keys else None


def test_a_sink_is_not_fenced(kafka, new_worker, topic, folder, unique):
    w = new_worker(kafka.bootstrap, exactly_once_source_support="enabled")
    name = unique("sink")
    w.rest.create(name, configs.file_sink(folder + "/out", topic("t")))
    key = wait_for("a session key", lambda: session_key(
        kafka.bootstrap, w.group))
    for connector, answer in (
            (name, (400, f"Connector {name} is not a source connector")),
            ("nobody", (404, "Connector nobody not found"))):
        r = w.rest.request("PUT", f"/connectors/{connector}/fence",
                           headers=signed(key))
        assert (r.status_code, r.json()["message"]) == answer


def test_a_cluster_without_a_key_yet(kafka, new_worker):
    """What came while the first worker of all started is looked at before
    that has written a key."""
    w = new_worker(kafka.bootstrap, start=False).spawn()
    wait_for("REST to answer", lambda: w.rest.request("GET", "/"))
    r = w.rest.request("POST", "/connectors/c/tasks", [],
                       headers=signed(b"any", b"[]"))
    assert (r.status_code, r.json()["message"]) == (
        503, "This worker is still starting up and has not been able to read "
        "a session key from the config topic yet")
    wait_for("a session key", lambda: session_key(kafka.bootstrap, w.group))
    r = w.rest.request("POST", "/connectors/c/tasks", [],
                       headers=signed(b"any", b"[]"))
    assert r.status_code == 403


# What is too long

def test_a_head_or_a_path_that_is_too_long(worker):
    r = worker.rest.request("GET", "/" + "x" * 9000)
    assert (r.status_code, r.json()) == (414, {
        "error_code": 414, "message": "HTTP 414 URI Too Long"})
    r = worker.rest.request("GET", "/", headers={"X-Long": "x" * 20000})
    assert r.status_code == 431
    assert worker.rest.healthy()
