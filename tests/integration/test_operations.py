"""What operators have beyond Kafka Connect's REST API. Two workers, so that
each is asked of the one that does not lead too."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.env import wait_for
from support.kafka import read_topic


class Pair:
    """two workers of one group"""

    def __init__(self, kafka, make):
        group = f"operations-{uuid.uuid4().hex[:6]}"
        self.workers = [make(kafka.bootstrap, group=group,
                             session_timeout_ms=6000,
                             heartbeat_interval_ms=1000) for _ in range(2)]
        wait_for("two members", lambda: len([
            w for w in self.view()["workers"] if w["state"] == "alive"]) == 2)

    def view(self):
        return self.workers[0].rest.get("/admin/cluster")

    def _is_leader(self, worker):
        return worker.rest.url.endswith(self.view()["leader"]["id"])

    @property
    def leader(self):
        return next(w for w in self.workers if self._is_leader(w)).rest

    @property
    def follower(self):
        return next(w for w in self.workers if not self._is_leader(w)).rest


@pytest.fixture(scope="module")
def pair(kafka, shared_worker):
    return Pair(kafka, shared_worker)


def source(folder, **over):
    """Reads a file that need not be there."""
    return {"connector.class": "FileStreamSource", "tasks.max": "1",
            "file": f"{folder}/in", "topic": "operations", **over}


# If-Match

def put(rest, name, config, tag=None):
    return rest.request("PUT", f"/connectors/{name}/config", config,
                        headers={"If-Match": tag} if tag else {})


def test_a_config_is_changed_by_who_has_seen_it(pair, folder, unique):
    name, config = unique("tag"), source(folder)
    created = put(pair.follower, name, config)
    tag = created.headers["ETag"]
    assert created.status_code == 201
    for rest in pair.leader, pair.follower:
        wait_for("the config", lambda r=rest: name in r.connectors())
        r = rest.request("GET", f"/connectors/{name}/config")
        assert r.headers["ETag"] == tag
    changed = put(pair.follower, name, dict(config, topic="b"), tag)
    assert changed.status_code == 200
    assert changed.headers["ETag"] != tag
    for rest in pair.leader, pair.follower:
        stale = put(rest, name, dict(config, topic="c"), tag)
        assert stale.status_code == 412 and tag in stale.json()["message"]
        stale = rest.request("PATCH", f"/connectors/{name}/config",
                             {"topic": "c"}, headers={"If-Match": tag})
        assert stale.status_code == 412
        stale = rest.request("DELETE", f"/connectors/{name}",
                             headers={"If-Match": tag})
        assert stale.status_code == 412
    assert pair.leader.get(f"/connectors/{name}/config")["topic"] == "b"
    tag = changed.headers["ETag"]
    r = pair.follower.request("PATCH", f"/connectors/{name}/config",
                              {"topic": "d"},
                              headers={"If-Match": f'"0", {tag}'})
    assert r.status_code == 200 and r.json()["config"]["topic"] == "d"
    r = pair.follower.request("DELETE", f"/connectors/{name}",
                              headers={"If-Match": r.headers["ETag"]})
    assert r.status_code == 204


def test_of_two_who_saw_the_same_one_changes_it(pair, folder, unique):
    name, config = unique("race"), source(folder)
    tag = put(pair.leader, name, config).headers["ETag"]
    wait_for("the config", lambda: name in pair.follower.connectors())
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(
            lambda n: put([pair.leader, pair.follower][n % 2], name,
                          dict(config, topic=f"t{n}"), tag), range(8)))
    assert sorted(r.status_code for r in answers) == [200] + 7 * [412]
    won = next(r for r in answers if r.status_code == 200)
    assert (pair.leader.get(f"/connectors/{name}/config")
            == won.json()["config"])
    pair.leader.delete(name)


def test_a_tag_of_a_connector_that_is_not_there_creates_none(
        pair, folder, unique):
    name = unique("none")
    assert put(pair.follower, name, source(folder), "*").status_code == 412
    assert name not in pair.leader.connectors()


# Long lists

def pages(rest, query):
    """Names of all pages, a list each."""
    found, after = [], ""
    while after is not None:
        r = rest.request("GET", f"/connectors?{query}{after}")
        assert r.status_code == 200, r.text
        found.append(list(r.json()))
        cursor = r.headers.get("X-Penstock-Next")
        after = cursor and f"&after={cursor}"
    return found


def test_a_long_list_comes_in_pages_failures_first(shared_worker, kafka,
                                                   folder):
    rest = shared_worker(kafka.bootstrap, group=f"pages-{uuid.uuid4()}").rest
    kafka.create_topic("pages")
    config = source(folder, topic="pages")
    for name in "c/1", "a", "b":
        put(rest, name.replace("/", "%2F"), config)
    for name in "bad", "worse":
        put(rest, name, dict(config, **{
            "value.converter": "org.apache.kafka.connect.json.JsonConverter",
            "file": folder}))  # which is none
    for name in "bad", "worse":
        rest.wait_task_failed(name)
    for name in "c%2F1", "a", "b":
        rest.wait_running(name)
    assert pages(rest, "limit=2") == [["a", "b"], ["bad", "c/1"], ["worse"]]
    assert pages(rest, "limit=2&order=failures&expand=status") == [
        ["bad", "worse"], ["a", "b"], ["c/1"]]
    assert pages(rest, "order=failures") == [["bad", "worse", "a", "b",
                                              "c/1"]]
    r = rest.request("GET", "/connectors?limit=none")
    assert r.status_code == 400 and "limit" in r.json()["message"]


# Revisions

def revisions(rest, name):
    return rest.get(f"/connectors/{name}/revisions")["revisions"]


def rollback(rest, name, number, **kwargs):
    return rest.request(
        "POST", f"/connectors/{name}/revisions/{number}/rollback", **kwargs)


def test_a_config_goes_back_to_what_it_was(pair, folder, unique):
    name, config = unique("back"), source(folder)
    secret = {"some.password": "canary-41c"}
    put(pair.follower, name, dict(config, **secret))
    put(pair.leader, name, dict(config, topic="b"))
    pair.follower.call("PATCH", f"/connectors/{name}/config",
                       {"topic": "c"})
    put(pair.follower, name, dict(config, topic="c"))  # changes nothing
    for rest in pair.leader, pair.follower:
        found = wait_for("the third", lambda r=rest: len(
            revisions(r, name)) == 3 and revisions(r, name))
        assert [(r["revision"], r["how"], r["current"], r["config"]["topic"])
                for r in found] == [(3, "patch", True, "c"),
                                    (2, "replace", False, "b"),
                                    (1, "replace", False, "operations")]
        assert found[2]["config"] == {"name": name, **config, **dict(
            secret, **{"some.password": "[hidden]"})}
        assert all(r["at"] and r["by"] is None for r in found)
    tag = pair.leader.request(
        "GET", f"/connectors/{name}/config").headers["ETag"]
    assert rollback(pair.follower, name, 1,
                    headers={"If-Match": '"0"'}).status_code == 412
    r = rollback(pair.follower, name, 1, headers={"If-Match": tag})
    assert r.status_code == 200, r.text
    assert r.json()["config"]["topic"] == "operations"
    found = revisions(pair.follower, name)
    assert (found[0]["how"], found[0]["current"]) == ("rollback to 1", True)
    assert [r["current"] for r in found[1:]] == [False] * 3
    for number in 17, 0, "x":
        r = rollback(pair.follower, name, number)
        assert r.status_code == 404 and str(number) in r.json()["message"]
    pair.leader.delete(name)
    assert rollback(pair.leader, name, 1).status_code == 404
    put(pair.leader, name, config)
    assert [r["revision"] for r in revisions(pair.leader, name)] == [1]
    pair.leader.delete(name)


def test_revisions_are_bounded_and_survive_a_restart(shared_worker, kafka,
                                                     folder):
    worker = shared_worker(kafka.bootstrap, group=f"revised-{uuid.uuid4()}")
    for n in range(23):
        put(worker.rest, "r", source(folder, topic=f"t{n}"))
    before = revisions(worker.rest, "r")
    assert [r["config"]["topic"] for r in before] == [
        f"t{n}" for n in range(22, 2, -1)]
    worker.restart()
    assert wait_for("the list", lambda: revisions(worker.rest, "r")) == before
    assert rollback(worker.rest, "r", 4).json()["config"]["topic"] == "t3"
    # The topic says so, in keys of our own.
    mine = [r for r in read_topic(kafka.bootstrap, f"{worker.group}-configs")
            if r.key.startswith(b"penstock-revision-")]
    assert {r.key for r in mine} == {
        b"penstock-revision-%d-r" % n for n in range(20)}
