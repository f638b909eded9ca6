"""What a follower is asked is done by the leader, or by the owner, once, and
is there when it is answered. Two workers; whichever leads."""

import base64
import hashlib
import hmac
import json
import time
import uuid

import pytest
import requests

from support.env import HOST, wait_for
from support.kafka import session_keys
from support.rest import Rest, RestError

CONFLICT = ("Cannot complete request because of a conflicting operation "
            "(e.g. worker rebalance)")


class Cluster:
    def __init__(self, kafka, make):
        group = f"forward-{uuid.uuid4().hex[:6]}"
        self.kafka = kafka
        self.group = group
        self.workers = [make(kafka.bootstrap, group=group,
                             session_timeout_ms=6000,
                             heartbeat_interval_ms=1000,
                             exactly_once_source_support="enabled") for _ in range(2)]
        wait_for("two members with work to share", lambda: len([
            w for w in self.view()["workers"] if w["state"] == "alive"]) == 2)

    def view(self, worker=None):
        return (worker or self.workers[0]).rest.get("/admin/cluster")

    def url_of(self, worker):
        return f"{worker.rest.url.removeprefix('http://')}"

    @property
    def leader(self):
        leads = self.view()["leader"]["id"]
        return next(w for w in self.workers if self.url_of(w) == leads)

    @property
    def follower(self):
        return next(w for w in self.workers if w is not self.leader)

    def session_key(self):
        return base64.b64decode(wait_for("a session key", lambda: session_keys(
            self.kafka.bootstrap, f"{self.group}-configs"))[-1])


@pytest.fixture(scope="module")
def cluster(kafka, shared_worker):
    return Cluster(kafka, shared_worker)


@pytest.fixture
def name():
    return f"c-{uuid.uuid4().hex[:6]}"


@pytest.fixture
def config(tmp_path):
    return {"connector.class": "FileStreamSource", "tasks.max": "1",
            "topic": f"t-{uuid.uuid4().hex[:6]}",
            "file": str(tmp_path / "in")}


def test_what_a_follower_is_asked_the_leader_does(cluster, name, config):
    """Each answer is true at once where it was given."""
    rest = cluster.follower.rest
    made = rest.request("POST", "/connectors", {"name": name, "config": config})
    assert made.status_code == 201, made.text
    assert made.json()["name"] == name
    assert name in made.headers["Location"]
    assert rest.get(f"/connectors/{name}/config")["tasks.max"] == "1"
    changed = rest.put_config(name, {**config, "tasks.max": "2"})
    assert changed["config"]["tasks.max"] == "2"
    assert rest.get(f"/connectors/{name}/config")["tasks.max"] == "2"
    rest.wait_running(name)
    for what, state in (("pause", "PAUSED"), ("resume", "RUNNING"),
                        ("stop", "STOPPED")):
        r = rest.request("PUT", f"/connectors/{name}/{what}")
        assert r.status_code in (202, 204), r.text
        wait_for(state, lambda: rest.status(name)["connector"]["state"]
                 == state)
    reset = rest.request("DELETE", f"/connectors/{name}/offsets")
    assert reset.status_code == 200, reset.text
    assert rest.request("DELETE", f"/connectors/{name}").status_code == 204
    assert name not in rest.connectors()


def test_errors_of_the_leader_are_passed_back(cluster, name, config):
    rest = cluster.follower.rest
    with pytest.raises(RestError) as e:
        rest.create(name, {"topic": "t"})
    assert e.value.status == 400
    assert "no connector type" in e.value.message()
    with pytest.raises(RestError) as e:
        rest.delete(name)
    assert e.value.status == 404
    assert e.value.message() == f"Connector {name} not found"
    rest.create(name, config)
    with pytest.raises(RestError) as e:
        rest.create(name, config)
    assert e.value.status == 409
    rest.delete(name)


def test_nothing_is_passed_on_twice(cluster, name, config):
    body = {"name": name, "config": config}
    for forward in ("true", "false"):
        r = cluster.follower.rest.request(
            "POST", f"/connectors?forward={forward}", body)
        assert (r.status_code, r.json()["message"]) == (409, CONFLICT)
    r = cluster.leader.rest.request("POST", "/connectors?forward=false", body)
    assert r.status_code == 201
    cluster.leader.rest.delete(name)


def from_elsewhere(rest, address="127.0.0.2"):
    """The same worker, asked by a client of another address."""
    class Adapter(requests.adapters.HTTPAdapter):
        def init_poolmanager(self, *args, **kwargs):
            super().init_poolmanager(*args, source_address=(address, 0),
                                     **kwargs)
    other = Rest(rest.url)
    other.session.mount("http://", Adapter())
    return other


def audit_line(worker, **wanted):
    """The last one in its log that has all of these."""
    lines = [json.loads(text.partition("{")[1] + text.partition("{")[2])
             for text in worker.log_text().splitlines() if " audit" in text]
    return [a for a in lines if wanted.items() <= a.items()][-1]


def test_a_change_is_the_clients_whichever_worker_it_asked(
        cluster, name, config):
    """And who merely says so is not believed."""
    leader, follower = cluster.leader, cluster.follower
    from_elsewhere(follower.rest).create(name, config)
    line = audit_line(leader, connector=name, method="POST")
    assert (line["from"], line.get("through")) == (
        "127.0.0.2", cluster.url_of(follower))
    from_elsewhere(follower.rest).request(
        "PUT", f"/connectors/{name}/resume?x=%2Fa%20b+%C3%A9&y&x=2")
    line = audit_line(leader, path=f"/connectors/{name}/resume")
    assert (line["from"], line.get("through")) == (
        "127.0.0.2", cluster.url_of(follower))
    from_elsewhere(leader.rest).put_config(name, {**config, "tasks.max": "2"})
    line = audit_line(leader, connector=name, method="PUT")
    assert (line["from"], line.get("through")) == ("127.0.0.2", None)

    def forwarded(key, method="DELETE", path="", query="", ago=0):
        who = f"10.9.8.7 w:1 {int((time.time() - ago) * 1000)}"
        text = (f"forward\n{who}\n{method}\n/connectors/{name}{path}\n"
                f"{query}\n")
        mac = hmac.new(key, text.encode(), hashlib.sha256).digest()
        return f"{who} {base64.b64encode(mac).decode()}"

    key = cluster.session_key()
    good = forwarded(key, "PUT", "/pause")
    for said in ("10.9.8.7", "10.9.8.7 w:1 AAAA", good + " x",
                 forwarded(b"k" * 32, "PUT", "/pause"), forwarded(key),
                 forwarded(key, "PUT", "/pause", "clean=true&"),
                 forwarded(key, "PUT", "/pause", ago=310),
                 forwarded(key, "PUT", "/pause", ago=-310),
                 good.replace("10.9", "10.8"), good.replace("w:1", "w:2")):
        r = leader.rest.request(
            "PUT", f"/connectors/{name}/pause?forward=false",
            headers={"X-Penstock-Forwarded": said})
        assert r.status_code == 202, r.text
        line = audit_line(leader, path=f"/connectors/{name}/pause")
        assert (line["from"], line.get("through")) == (HOST, None), said
    # Not of what was asked for otherwise.
    leader.rest.request(
        "PUT", f"/connectors/{name}/pause?forward=false&other=x",
        headers={"X-Penstock-Forwarded": good})
    line = audit_line(leader, path=f"/connectors/{name}/pause",
                      query={"other": "x"})
    assert (line["from"], line.get("through")) == (HOST, None)
    assert leader.rest.request(
        "DELETE", f"/connectors/{name}?forward=false&a%20b=c",
        headers={"X-Penstock-Forwarded": forwarded(
            key, query="a%20b=c&", ago=290)}).status_code == 204
    line = audit_line(leader, connector=name, method="DELETE")
    assert (line["from"], line["through"]) == ("10.9.8.7", "w:1")


def owner_of(cluster, status):
    return next(w for w in cluster.workers
                if cluster.url_of(w) == status["worker_id"])


def test_restarts_reach_the_owner(cluster, name, config):
    rest = cluster.leader.rest
    rest.create(name, config)
    status = rest.wait_running(name)
    owner = owner_of(cluster, status["tasks"][0])
    other = next(w for w in cluster.workers if w is not owner)
    before = owner.wait_task(name)
    assert other.rest.request(
        "POST", f"/connectors/{name}/tasks/0/restart").status_code == 204
    owner.wait_task(name, other_than=before)
    for w in cluster.workers:
        assert w.rest.request(
            "POST", f"/connectors/{name}/restart").status_code == 204
        r = w.rest.request("POST", f"/connectors/{name}/tasks/7/restart")
        assert r.status_code == 404
    rest.delete(name)


def test_task_configs_of_a_follower_are_committed(cluster, tmp_path):
    """Of eight connectors some are the follower's."""
    rest = cluster.leader.rest
    names = [f"many-{uuid.uuid4().hex[:6]}" for _ in range(8)]
    for n in names:
        rest.create(n, {"connector.class": "FileStreamSource",
                        "tasks.max": "1", "topic": "t",
                        "file": str(tmp_path / n)})
    owners = set()
    for n in names:
        owners.add(rest.wait_running(n)["connector"]["worker_id"])
    assert len(owners) == 2
    for n in names:
        rest.delete(n)


def test_internal_requests_must_be_signed(cluster, name, config):
    leader = cluster.leader
    leader.rest.create(name, config)
    leader.rest.wait_running(name)
    path = f"/connectors/{name}/tasks?forward=false"
    tasks = [{**config, "task.class": "x"}]
    body = json.dumps(tasks).encode()
    key = cluster.session_key()

    def post(signature=None, algorithm="HmacSHA256", data=body, to=leader):
        headers = {"Content-Type": "application/json"}
        if signature is not None:
            headers["X-Connect-Authorization"] = signature
            headers["X-Connect-Request-Signature-Algorithm"] = algorithm
        r = to.rest.session.post(to.rest.url + path, data=data,
                                 headers=headers, timeout=60)
        return r.status_code, r.json()["message"] if r.content else ""

    def sign(data=body, key=key):
        mac = hmac.new(key, data, hashlib.sha256).digest()
        return base64.b64encode(mac).decode()

    assert post() == (400, "Internal request missing required signature")
    assert post("?") == (400, "Internal request missing required signature")
    assert post(sign(), "HmacMD5")[0] == 400
    assert post(sign(key=b"k" * 32)) == (
        403, "Internal request contained invalid signature.")
    assert post(sign(), data=body + b" ")[0] == 403
    assert post(sign(), to=cluster.follower) == (409, CONFLICT)
    assert post(sign(b"{}"), data=b"{}")[0] == 400
    fence = leader.rest.session.put(
        f"{leader.rest.url}/connectors/{name}/fence",
        headers={"X-Connect-Authorization": sign(b""),
                 "X-Connect-Request-Signature-Algorithm": "HmacSHA256"},
        timeout=60)
    assert fence.status_code == 204, fence.text
    assert post(sign()) == (204, "")
    leader.rest.delete(name)


def test_a_drained_worker_gives_its_work_away(cluster, name, config):
    rest = cluster.leader.rest
    rest.create(name, config)
    owner = owner_of(cluster, rest.wait_running(name)["tasks"][0])
    other = next(w for w in cluster.workers if w is not owner)
    r = owner.rest.request("POST", "/admin/drain")
    assert r.status_code == 202 and r.json()["draining"] is True

    def moved():
        status = rest.status(name)
        return [t["worker_id"] for t in status["tasks"]] == \
            [cluster.url_of(other)] and status["tasks"][0]["state"] == "RUNNING"
    wait_for("the task to run elsewhere", moved)
    shown = {w["id"]: w for w in cluster.view()["workers"]}
    assert shown[cluster.url_of(owner)]["state"] == "draining"
    assert shown[cluster.url_of(owner)]["tasks"] == 0
    text = other.rest.request("GET", "/metrics").text
    value = dict(line.rsplit(" ", 1) for line in text.splitlines()
                 if line.startswith("penstock_cluster_"))
    assert float(value["penstock_cluster_moves_total"]) >= 1
    assert float(value["penstock_cluster_epoch"]) >= 1
    assert sum("lease_age_seconds{" in n for n in value) == 2
    assert sum("log_lag{" in n for n in value) == 2
    assert any(n.startswith("penstock_cluster_task_unassigned_seconds_total")
               and name in n for n in value)
    assert float(value["penstock_cluster_members"]) == 2
    assert float(value["penstock_cluster_unassigned_tasks"]) == 0
    assert [w for w in cluster.workers
            if "\npenstock_cluster_leader 1\n"
            in w.rest.request("GET", "/metrics").text] == [cluster.leader]
    seen = cluster.view(other)
    assert seen["moves"] == float(value["penstock_cluster_moves_total"])
    assert seen["unassigned"] == []
    assert any(t["connector"] == name for t in seen["unassigned_times"])
    wait_for("both to have read all", lambda: [
        w["log_lag"] for w in cluster.view(other)["workers"]
        if w["state"] != "gone"] == [0, 0])
    assert owner.rest.request(
        "POST", "/admin/drain?drain=false").status_code == 202
    rest.delete(name)


def test_a_follower_passes_on_all_that_was_asked(cluster):
    """?validate=true is no order to store it."""
    template = {"name": "only-checked", "parameters": {}, "connectors": [
        {"name": "x", "config": {"connector.class": "FileStreamSource",
                                 "topic": "x"}}]}
    r = cluster.follower.rest.request(
        "PUT", "/templates/only-checked?validate=true", template)
    assert r.status_code < 300, r.text
    assert cluster.leader.rest.request(
        "GET", "/templates/only-checked").status_code == 404
