"""Quotas: what would be more than the worker's file leaves is refused by the
leader, whichever worker is asked, and what is there goes on."""

import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.env import wait_for
from support.rest import Rest
from test_security import crypted, write_users

PEOPLE = {"vera": "viewer", "otto": "operator", "olga": "operator",
          "anna": "admin"}
BURST = 10  # seconds' worth


def sink(topic, tasks=1, **more):
    return {"connector.class": "FileStreamSink", "topics": topic,
            "tasks.max": str(tasks), "file": "/dev/null", **more}


def refused(worker, quota):
    answer = worker.as_user("anna").request("GET", "/metrics")
    assert answer.status_code == 200, answer.text
    return float(re.search(
        r'^penstock_quota_refused_total\{quota="%s"\} (\S+)$'
        % re.escape(quota), answer.text, re.M)[1])


class Two:
    """Two workers, whichever leads."""

    def __init__(self, make, bootstrap, group, **settings):
        self.workers = []
        for i in range(2):
            w = make(bootstrap, group=group, worker_labels=f"n={i}",
                     session_timeout_ms=6000, heartbeat_interval_ms=1000,
                     **settings)
            w.as_user = lambda name, w=w: as_user(w, name)
            self.workers.append(w)

    def view(self):
        return as_user(self.workers[0], "anna").get("/admin/cluster")

    def wait_members(self):
        wait_for("two members", lambda: len([
            w for w in self.view()["workers"] if w["state"] == "alive"]) == 2)
        return self

    @property
    def leader(self):
        leads = wait_for("a leader", self.view)["leader"]["id"]
        return next(w for w in self.workers
                    if w.rest.url.removeprefix("http://") == leads)

    @property
    def follower(self):
        leader = self.leader
        return next(w for w in self.workers if w is not leader)


def as_user(worker, name):
    rest = Rest(worker.rest.url)
    rest.session.auth = (name, name)
    return rest


@pytest.fixture(scope="module")
def two(kafka, shared_worker, session_dir, unique):
    users = f"{session_dir}/{unique('users')}.json"
    write_users(users, [{"name": name, "role": role,
                         "password": crypted(name)}
                        for name, role in PEOPLE.items()])
    return Two(shared_worker, kafka.bootstrap, unique("quotas"),
               rest_auth_users_file=users, quota_connectors_max=3,
               quota_tasks_max=6, quota_config_max_bytes=2000,
               quota_requests_viewer=1, quota_requests_operator=1,
               quota_requests_anonymous=1).wait_members()


@pytest.fixture
def clean(two):
    yield
    anna = as_user(two.leader, "anna")
    for name in anna.connectors():
        anna.delete(name)


def expect(response, *words):
    assert response.status_code == 403, response.text
    body = response.json()
    assert set(body) == {"error_code", "message"}
    assert body["error_code"] == 403
    for word in words:
        assert word in body["message"]


@pytest.mark.usefixtures("clean")
@pytest.mark.parametrize("asked", ["leader", "follower"])
def test_there_are_so_many_connectors_and_tasks_and_no_more(
        two, topic, unique, asked):
    rest, t = as_user(getattr(two, asked), "anna"), topic()
    names = [unique("c") for _ in range(4)]
    before = refused(two.leader, "connectors"), refused(two.leader, "tasks")

    def create(name, **config):
        return rest.request("POST", "/connectors",
                            {"name": name, "config": sink(t, **config)})
    assert create(names[0], tasks=3).status_code == 201
    expect(create(names[1], tasks=4), "quota.tasks.max is 6", "have 3 tasks",
           "asked for 4 more")
    assert create(names[1], tasks=2).status_code == 201
    for method, config in (("PUT", sink(t, 4)), ("PATCH", {"tasks.max": "4"})):
        expect(rest.request(method, f"/connectors/{names[1]}/config", config),
               "quota.tasks.max is 6", "have 5 tasks", "asked for 2 more")
    assert create(names[2]).status_code == 201
    expect(create(names[3]), "quota.connectors.max is 3", "has 3 connectors",
           "asked for 1 more")
    expect(rest.request("PUT", f"/connectors/{names[3]}/config", sink(t)),
           "quota.connectors.max is 3")
    assert (refused(two.leader, "connectors") - before[0],
            refused(two.leader, "tasks") - before[1]) == (2, 3)
    # Those that are there go on, may change, and make room.
    assert rest.connectors() == sorted(names[:3])
    for name, tasks in zip(names, (3, 2, 1)):
        rest.wait_running(name, tasks)
    rest.put_config(names[0], sink(t, 2))
    rest.put_config(names[1], sink(t, 3))
    rest.delete(names[2])
    rest.create(names[3], sink(t))


@pytest.mark.usefixtures("clean")
def test_those_who_ask_at_once_do_not_both_get_the_last_place(
        two, topic, unique):
    t = topic()
    clients = [as_user(w, "anna") for w in two.workers * 4]

    def create(rest):
        return rest.request("POST", "/connectors", {
            "name": unique("c"), "config": sink(t)}).status_code
    with ThreadPoolExecutor(len(clients)) as pool:
        got = list(pool.map(create, clients))
    assert sorted(got) == [201] * 3 + [403] * 5
    assert len(clients[0].connectors()) == 3


@pytest.mark.usefixtures("clean")
@pytest.mark.parametrize("asked", ["leader", "follower"])
def test_a_configuration_is_no_larger_however_it_grew(
        two, topic, unique, asked):
    rest, name = as_user(getattr(two, asked), "anna"), unique("c")
    config = sink(topic(), **{"note.0": "x" * 900})
    rest.create(name, config)
    rest.call("PATCH", f"/connectors/{name}/config", {"note.1": "x" * 500})
    expect(rest.request("PATCH", f"/connectors/{name}/config",
                        {"note.2": "x" * 900}),
           "quota.config.max.bytes is 2000", name)
    expect(rest.request("PUT", f"/connectors/{name}/config",
                        {**config, "note.1": "x" * 1100}),
           "quota.config.max.bytes is 2000", name)
    assert "note.2" not in rest.get(f"/connectors/{name}/config")


def test_a_pipeline_keeps_to_them_as_well(two, topic, unique):
    rest, name = as_user(two.follower, "anna"), unique("many")
    t = topic()
    rest.call("PUT", f"/templates/{name}", {
        "name": name, "parameters": {"all": {"type": "list",
                                             "required": True}},
        "connectors": [{"name": "${param:pipeline}-${param:item}",
                        "for_each": "all", "config": sink(t)}]})
    pipeline = f"/pipelines/{unique('p')}"

    def put(*items):
        return rest.request("PUT", pipeline, {
            "template": name, "parameters": {"all": list(items)}})
    try:
        expect(put("a", "b", "c", "d"), "quota.connectors.max is 3",
               "asked for 4 more")
        assert put("a", "b", "c").status_code == 201
        assert put("a", "d", "e").status_code == 200
        assert len(rest.connectors()) == 3
    finally:
        rest.request("DELETE", pipeline)
        rest.request("DELETE", f"/templates/{name}")


@pytest.mark.usefixtures("clean")
@pytest.mark.parametrize("asked", ["leader", "follower"])
def test_a_plan_says_what_its_pipeline_would_be_refused_for(
        two, topic, unique, asked):
    """In the words of PUT, and shows what fits."""
    rest, name, t = as_user(getattr(two, asked), "anna"), unique("t"), topic()
    pipeline = unique("p")
    rest.call("PUT", f"/templates/{name}", {
        "parameters": {"all": {"type": "list"}, "tasks": {"type": "int"},
                       "note": {"type": "string"}},
        "connectors": [{
            "name": "${param:pipeline}-${param:item}", "for_each": "all",
            "config": {**sink(t), "tasks.max": "${param:tasks}",
                       "note": "${param:note}"}}]})

    def both(items, tasks=1, note="x"):
        want = {"template": name, "parameters": {
            "all": items, "tasks": tasks, "note": note}}
        return [rest.request(*call) for call in (
            ("POST", "/plan", {"name": pipeline, **want}),
            ("PUT", f"/pipelines/{pipeline}", want))]
    try:
        for quota, *more in (("connectors.max is 3", list("abcd")),
                             ("tasks.max is 6", ["a", "b"], 4),
                             ("config.max.bytes is 2000", ["a"], 1,
                              "x" * 2000)):
            planned, put = both(*more)
            expect(planned, f"quota.{quota}")
            assert planned.json()["message"] in put.json()["message"]
        assert rest.connectors() == []
        assert [r.status_code for r in both(["a", "b", "c"])] == [200, 201]
        assert [r.status_code for r in both(["a", "d", "e"])] == [200, 200]
        gone = rest.request("POST", "/plan",
                            {"name": pipeline, "delete": True})
        assert gone.status_code == 200, gone.text
    finally:
        rest.request("DELETE", f"/pipelines/{pipeline}")
        rest.request("DELETE", f"/templates/{name}")


def test_an_upgrade_stops_where_they_leave_no_room(two, topic, unique):
    """One connector for each of two pipelines, then two: three fit."""
    rest, name, t = as_user(two.follower, "anna"), unique("t"), topic()
    pipelines = [f"/pipelines/{unique(p)}" for p in "ab"]

    def put(count):
        rest.call("PUT", f"/templates/{name}", {"connectors": [
            {"name": "${param:pipeline}-%d" % i, "config": sink(t)}
            for i in range(count)]})
    put(1)
    before = refused(two.leader, "connectors")
    try:
        for p in pipelines:
            rest.call("PUT", p, {"template": name})
        put(2)
        rest.call("POST", f"/templates/{name}/upgrade",
                  {"healthy_ms": 100, "timeout_ms": 20000})
        end = wait_for("its end", lambda: (lambda found: found if found[
            "state"] in ("DONE", "STOPPED", "ROLLED_BACK") else None)(
                rest.get(f"/templates/{name}/upgrade")), 60)
        assert end["state"] == "STOPPED", end
        assert "quota.connectors.max is 3" in json.dumps(end)
        assert refused(two.leader, "connectors") == before + 1
        assert [rest.get(p)["version"] for p in pipelines] == [2, 1]
        assert len(rest.connectors()) == 3
    finally:
        for p in pipelines:
            rest.request("DELETE", p)
        rest.request("DELETE", f"/templates/{name}")


def until_refused(ask):
    """How many were answered before the first 429, and that"""
    for n in range(100):
        r = ask()
        if r.status_code == 429:
            return n, r
    raise AssertionError("no limit")


@pytest.mark.parametrize("name, role", [
    ("vera", "viewer"), ("otto", "operator"), (None, "anonymous")])
def test_a_role_asks_so_often(two, name, role):
    w, quota = two.workers[0], f"requests.{role}"
    rest = as_user(w, name) if name else w.rest
    before = refused(w, quota)
    count, r = until_refused(lambda: rest.request("GET", "/connectors"))
    # It may have waited while it asked, and others asked before.
    assert 1 <= count <= 2 * BURST
    assert r.json()["error_code"] == 429
    assert (f"The quota quota.{quota} is 1 requests a second"
            in r.json()["message"])
    assert r.headers["Retry-After"] == "1"
    assert refused(w, quota) == before + 1
    # Not the others, nor whoever looks whether the worker is there.
    assert w.as_user("anna").request("GET", "/connectors").status_code == 200
    assert w.rest.request("GET", "/health").status_code == 200
    ok = 200 if name else 401
    wait_for("a second", lambda: rest.request(
        "GET", "/connectors").status_code == ok)


@pytest.mark.usefixtures("clean")
def test_what_is_passed_on_counts_where_it_was_asked(two, topic, unique):
    name, leader, follower = unique("c"), two.leader, two.follower
    as_user(leader, "anna").create(name, sink(topic()))

    def ask(w, query="", **kwargs):
        return as_user(w, "olga").request(
            "PUT", f"/connectors/{name}/pause{query}", **kwargs)
    until_refused(lambda: ask(leader))
    before = refused(leader, "requests.operator")
    assert [ask(follower).status_code for _ in range(BURST // 2)] == [
        202] * (BURST // 2)
    assert refused(leader, "requests.operator") == before
    # Who says that it was passed on has to prove it.
    _, r = until_refused(lambda: ask(leader, "?forward=false", headers={
        "X-Penstock-Forwarded": "10.0.0.1 10.0.0.2:8083 1 bm8="}))
    assert "quota.requests.operator" in r.json()["message"]


def test_task_configs_that_nobody_made_room_for_wait(
        kafka, new_worker, topic, unique):
    """Those of a cluster whose quota is lower than it was: what runs goes on,
    and the leader takes no more from itself or from a follower."""
    cluster = Two(new_worker, kafka.bootstrap, unique("lowered"))
    t = topic()
    rest = cluster.wait_members().workers[0].rest
    runs = unique("runs")
    rest.create(runs, sink(t, 2))
    rest.wait_running(runs, 2)
    stopped = [unique("stopped") for _ in range(2)]
    for i, name in enumerate(stopped):
        rest.call("POST", "/connectors", {
            "name": name, "initial_state": "STOPPED", "config": sink(
                t, 3, **{"penstock.placement": f"n={i}"})})
    for w in cluster.workers:
        w.properties["quota.tasks.max"] = "4"
        w.restart()
    cluster.wait_members()
    rest.wait_running(runs, 2)
    for name in stopped:  # 409 while it is not settled who leads
        wait_for("a leader", lambda n=name: rest.request(
            "PUT", f"/connectors/{n}/resume").status_code == 202)
    for name in stopped:
        wait_for("why it has no tasks", lambda n=name: "quota.tasks.max is 4"
                 in json.dumps(rest.status(n)["connector"]))
        assert rest.status(name)["tasks"] == []
    rest.put_config(stopped[0], sink(t, 2, **{"penstock.placement": "n=0"}))
    rest.wait_running(stopped[0], 2)
    assert "quota" not in json.dumps(rest.status(stopped[0]))
    rest.wait_running(runs, 2)
    assert rest.status(stopped[1])["tasks"] == []
    rest.delete(runs)
    rest.delete(stopped[0])
    rest.wait_running(stopped[1], 3)
