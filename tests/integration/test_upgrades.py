"""Templates are upgraded pipeline by pipeline: what does not become healthy
goes back and stops the rest, by whichever worker leads meanwhile. Two
workers; each says the same."""

import json
import os
import subprocess
import uuid

import pytest

from support.cluster import Cluster
from support.env import BUILD, wait_for
from support.rest import RestError

OVER = ("DONE", "STOPPED", "ROLLED_BACK")
QUICK = {"healthy_ms": 300, "timeout_ms": 2500}


@pytest.fixture(scope="module")
def cluster(kafka, shared_worker):
    made = Cluster(None, kafka.bootstrap, 0)
    group = f"upgrades-{uuid.uuid4().hex[:6]}"
    made.workers = [shared_worker(kafka.bootstrap, group=group,
                                  **made.settings) for _ in range(2)]
    return made


@pytest.fixture
def rest(cluster):
    return cluster.follower().rest


def template(**config):
    """Its batch size is all that a version is told by."""
    return {"parameters": {"file": {"type": "string", "required": True},
                           "topic": {"type": "string", "required": True}},
            "connectors": [{"name": "${param:pipeline}-in", "config": {
                "connector.class": "FileStreamSource",
                "file": "${param:file}", "topic": "${param:topic}",
                **config}}]}


# It is valid, and its task cannot start.
BROKEN = {"connector.class": "FileStreamSink", "topics": "${param:topic}",
          "file": "/nonexistent/out"}


@pytest.fixture
def flows(rest, folder, topic, unique):
    """A template's name and three pipelines of its version 1 that run."""
    name = unique("t")
    rest.call("PUT", f"/templates/{name}", template())
    pipelines = sorted(unique(p) for p in "abc")
    for p in pipelines:
        with open(f"{folder}/{p}", "w", encoding="ascii") as f:
            f.write("one\n")
        rest.call("PUT", f"/pipelines/{p}", {"template": name, "parameters": {
            "file": f"{folder}/{p}", "topic": topic(p)}})
    for p in pipelines:
        wait_for("it to run", lambda: rest.get(
            f"/pipelines/{p}/status")["state"] == "RUNNING")
    yield name, pipelines
    for p in pipelines:
        rest.request("DELETE", f"/pipelines/{p}?force=true")
    rest.call("DELETE", f"/templates/{name}")


def upgrade(rest, name, **want):
    return rest.call("POST", f"/templates/{name}/upgrade", {**QUICK, **want})


def stand(rest, name):
    return rest.get(f"/templates/{name}/upgrade")


def wait_over(rest, name, state):
    wait_for("the upgrade to be over",
             lambda: stand(rest, name)["state"] in OVER, 60)
    found = stand(rest, name)
    assert found["state"] == state, found
    return found


def states(found):
    return [p["state"] for p in found["pipelines"]]


def versions(rest, pipelines):
    return [rest.get(f"/pipelines/{p}")["version"] for p in pipelines]


def sizes(rest, pipelines):
    return [rest.get(f"/connectors/{p}-in/config").get("batch.size")
            for p in pipelines]


def test_all_pipelines_go_one_after_the_other(rest, flows, cluster):
    name, pipelines = flows
    rest.call("PUT", f"/templates/{name}", template(**{"batch.size": "7"}))
    begun = upgrade(rest, name)
    assert (begun["state"], begun["version"]) == ("RUNNING", 2)
    assert [(p["name"], p["from"]) for p in begun["pipelines"]] == [
        (p, 1) for p in pipelines]
    seen = []
    wait_for("its end", lambda: seen.append(stand(rest, name)) or
             seen[-1]["state"] in OVER, 60, 0.05)
    assert all(states(s).count("UPGRADING") <= 1 for s in seen)
    assert {tuple(states(s)).count("UPGRADED") for s in seen} == {0, 1, 2, 3}
    assert seen[-1]["state"] == "DONE"
    assert versions(rest, pipelines) == [2] * 3
    assert sizes(rest, pipelines) == ["7"] * 3
    for w in cluster.workers:  # each of them, and what was forwarded
        assert stand(w.rest, name) == seen[-1]
        for p in pipelines:
            wait_for("the same", lambda: w.rest.get(f"/pipelines/{p}") ==
                     rest.get(f"/pipelines/{p}"))
            assert w.rest.get(f"/pipelines/{p}")["drift"] == []
        assert w.rest.get(f"/templates/{name}/versions")[1][
            "pipelines"] == pipelines
    assert upgrade(rest, name)["pipelines"] == []  # nothing is left


def test_the_first_that_is_not_healthy_goes_back_and_stops_all(rest, flows):
    name, pipelines = flows
    rest.call("PUT", f"/templates/{name}", template(**BROKEN))
    upgrade(rest, name)
    wait_for("the first to be tried", lambda: stand(rest, name)[
        "pipelines"][0]["state"] == "UPGRADING")
    first = pipelines[0]
    body = {"template": name, "parameters": rest.get(
        f"/pipelines/{first}")["parameters"]}
    with pytest.raises(RestError) as e:  # nobody else takes hold of it
        rest.call("PUT", f"/pipelines/{first}", body)
    assert e.value.status == 409 and "another version" in e.value.text
    shown = rest.get(f"/pipelines/{first}/status")["upgrade"]
    assert (shown["version"], shown["state"]) == (2, "UPGRADING")
    found = wait_over(rest, name, "STOPPED")
    assert states(found) == ["ROLLED_BACK", "SKIPPED", "SKIPPED"]
    assert found["reason"].startswith(f"pipeline {first}: not healthy after")
    assert f"{first}-in" in found["reason"], found
    assert versions(rest, pipelines) == [1] * 3
    assert rest.get(f"/pipelines/{first}")["drift"] == []
    wait_for("it to run again", lambda: rest.get(
        f"/pipelines/{first}/status")["state"] == "RUNNING")
    assert "upgrade" not in rest.get(f"/pipelines/{first}/status")


def test_what_its_plugin_refuses_is_not_begun(rest, flows):
    name, pipelines = flows
    rest.call("PUT", f"/templates/{name}",
              template(**{"batch.size": "many"}))
    upgrade(rest, name, pipelines=pipelines[1:2])
    found = wait_over(rest, name, "STOPPED")
    assert states(found) == ["FAILED"] and "batch.size" in found["reason"]
    assert versions(rest, pipelines) == [1] * 3


def test_all_go_back_when_asked(rest, flows):
    name, pipelines = flows
    rest.call("PUT", f"/templates/{name}", template(**{"batch.size": "7"}))
    upgrade(rest, name, pipelines=pipelines[:2])
    wait_over(rest, name, "DONE")
    assert versions(rest, pipelines) == [2, 2, 1]
    assert rest.request("DELETE", f"/templates/{name}/upgrade"
                        ).status_code == 409  # it is over
    assert rest.call("POST", f"/templates/{name}/rollback")["state"] == \
        "ROLLING_BACK"
    found = wait_over(rest, name, "ROLLED_BACK")
    assert states(found) == ["ROLLED_BACK"] * 2
    assert versions(rest, pipelines) == [1] * 3
    assert sizes(rest, pipelines) == [None] * 3
    assert rest.request("POST", f"/templates/{name}/rollback"
                        ).status_code == 409


def test_the_command_line_waits_for_the_end(rest, flows):
    name, pipelines = flows
    for p in pipelines[1:]:
        rest.call("DELETE", f"/pipelines/{p}")
    pipelines = pipelines[:1]
    rest.call("PUT", f"/templates/{name}", template(**{"batch.size": "7"}))
    before = penstock(rest, "status", "template/" + name)
    assert before[0] == 2 and "has not been upgraded" in before[2]
    code, out, err = penstock(rest, "upgrade", "--wait", name)
    assert (code, err) == (0, ""), err
    said, head, *rows = out.splitlines()
    assert said == f"template/{name} to version 2: DONE"
    assert head.split() == ["PIPELINE", "FROM", "STATE", "SINCE"]
    assert [row.split()[:3] for row in rows] == [
        [p, "1", "UPGRADED"] for p in pipelines]
    assert penstock(rest, "status", "template/" + name)[1] == out
    code, out, _ = penstock(rest, "rollback", "--wait", name)
    assert code == 0 and out.count(" ROLLED_BACK ") == 1, out
    assert versions(rest, pipelines) == [1]
    code, _, err = penstock(rest, "upgrade", "--version", "9", name)
    assert code == 2 and "none of that number" in err


def penstock(rest, *args):
    done = subprocess.run([f"{BUILD}/penstock", *args], text=True,
                          capture_output=True, timeout=120, check=False,
                          env=dict(os.environ, PENSTOCK_URL=rest.url))
    return done.returncode, done.stdout, done.stderr


def test_it_stops_when_asked(rest, flows):
    name, pipelines = flows
    rest.call("PUT", f"/templates/{name}", template(**{"batch.size": "7"}))
    upgrade(rest, name, healthy_ms=1500, timeout_ms=30000)
    with pytest.raises(RestError) as e:
        upgrade(rest, name)
    assert e.value.status == 409 and "is being upgraded" in e.value.text
    assert rest.request("DELETE", f"/templates/{name}/upgrade"
                        ).status_code == 202
    found = wait_over(rest, name, "STOPPED")
    assert states(found)[1:] == ["SKIPPED"] * 2
    assert versions(rest, pipelines)[1:] == [1, 1]


def test_the_next_leader_goes_on(rest, flows, cluster):
    name, pipelines = flows
    rest.call("PUT", f"/templates/{name}", template(**{"batch.size": "7"}))
    upgrade(rest, name, healthy_ms=1000, timeout_ms=60000)
    wait_for("the second to be at hand", lambda: states(stand(rest, name))[
        1] == "UPGRADING")
    leader = cluster.leader()
    other = next(w for w in cluster.workers if w is not leader)
    leader.kill9()
    found = wait_over(other.rest, name, "DONE")
    assert states(found) == ["UPGRADED"] * 3
    assert versions(other.rest, pipelines) == [2] * 3
    leader.start()
    assert stand(leader.rest, name) == found


def test_what_is_wrong_with_the_wish_is_said_at_once(rest, flows):
    name, _ = flows
    with pytest.raises(RestError) as e:
        upgrade(rest, name, version=9, pipelines=["nobody"], timeout_ms=-1,
                typo=1)
    assert e.value.status == 400
    assert [x.split(":")[0] for x in json.loads(e.value.text)["errors"]] == [
        "timeout_ms", "version", "typo is not known, expected version, "
        "pipelines, timeout_ms, healthy_ms", "pipelines"]
    for path in ("/templates/nobody/upgrade", f"/templates/{name}/upgrade"):
        assert rest.request("GET", path).status_code == 404
