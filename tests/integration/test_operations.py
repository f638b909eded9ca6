"""What operators have beyond Kafka Connect's REST API. Two workers, so that
each is asked of the one that does not lead too."""

import json
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from support import configs
from support.env import free_port, wait_for
from support.files import lines_of
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

def pages(rest, query, path="/connectors"):
    """Names of all pages, a list each."""
    found, after = [], ""
    while after is not None:
        r = rest.request("GET", f"{path}?{query}{after}")
        assert r.status_code == 200, r.text
        found.append([one["name"] if isinstance(one, dict) else one
                      for one in r.json()])
        cursor = r.headers.get("X-Penstock-Next")
        after = cursor and f"&after={cursor}"
    return found


def test_a_long_list_comes_in_pages_failures_first(shared_worker, kafka,
                                                   folder, topic):
    rest = shared_worker(kafka.bootstrap, group=f"pages-{uuid.uuid4()}").rest
    config = source(folder, topic=topic("pages"))
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


def test_templates_and_pipelines_come_in_pages_failures_first(
        shared_worker, kafka, folder, topic):
    rest = shared_worker(kafka.bootstrap, group=f"paged-{uuid.uuid4()}").rest
    t = topic("paged")
    for template in "sound", "broken", "unused":
        rest.call("PUT", f"/templates/{template}", {"parameters": {
            "file": {"type": "string", "required": True}}, "connectors": [{
                "name": "${param:pipeline}-c", "config": source(
                    folder, topic=t, file="${param:file}", **{
                        "value.converter": STRING})}]})
    for name, template, file in (("a", "sound", "in"), ("b", "broken", "in"),
                                 ("p", "sound", "in"),
                                 ("worse", "broken", "")):
        rest.call("PUT", f"/pipelines/{name}", {
            "template": template, "parameters": {"file": f"{folder}/{file}"}})
    for name in "a-c", "b-c", "p-c":
        rest.wait_running(name)
    rest.wait_task_failed("worse-c")  # a folder is no file
    assert pages(rest, "limit=3", "/pipelines") == [
        ["a", "b", "p"], ["worse"]]
    assert pages(rest, "limit=2&order=failures", "/pipelines") == [
        ["worse", "a"], ["b", "p"]]
    assert pages(rest, "limit=2", "/templates") == [
        ["broken", "sound"], ["unused"]]
    assert pages(rest, "limit=2&order=failures", "/templates") == [
        ["broken", "sound"], ["unused"]]
    rest.call("PUT", "/pipelines/worse", {"template": "unused", "parameters": {
        "file": f"{folder}/"}})
    rest.wait_task_failed("worse-c")
    assert pages(rest, "limit=2&order=failures", "/templates") == [
        ["unused", "broken"], ["sound"]]
    for path in "/pipelines", "/templates":
        for query in "limit=0", "order=size", "order=failures&after=x":
            r = rest.request("GET", f"{path}?{query}")
            assert r.status_code == 400
            word = query.split("&")[-1].split("=")[0]
            assert r.json()["message"].startswith(word + ": "), r.text


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


# By label

def test_all_of_a_label_are_paused_at_once(pair, folder, unique):
    # A label may be of two parts.
    label, names = unique("team=a"), [unique("l") for _ in range(3)]
    for name in names:
        put(pair.leader, name, source(folder, **{
            "penstock.labels": f"x,{label}"}))
    other = unique("other")
    put(pair.leader, other, source(folder, **{"penstock.labels": label[:-1]}))
    for rest in pair.leader, pair.follower:
        for name in [*names, other]:
            rest.wait_running(name)
        assert rest.get(f"/labels/{label}") == sorted(names)
    for method, what, state in (("PUT", "pause", "PAUSED"),
                                ("PUT", "resume", "RUNNING"),
                                ("POST", "restart", "RUNNING"),
                                ("PUT", "stop", "STOPPED")):
        r = pair.follower.request(method, f"/labels/{label}/{what}")
        assert (r.status_code, r.json()) == (200, {
            "label": label, "connectors": [
                {"name": name, "status": 202} for name in sorted(names)]})
        for name in names:
            pair.leader.wait_state(name, state)
    assert pair.leader.status(other)["connector"]["state"] == "RUNNING"
    r = pair.follower.request("PUT", "/labels/nobody/pause")
    assert r.status_code == 404 and "nobody" in r.json()["message"]
    for name in [*names, other]:
        pair.leader.delete(name)


def test_a_restart_by_label_is_one_of_the_tasks_that_are_asked_for(
        pair, folder, unique):
    label, name = unique("restarted"), unique("r")
    put(pair.leader, name, source(folder, **{"penstock.labels": label}))
    pair.leader.wait_running(name)
    before = pair.leader.status(name)["tasks"][0]["since"]
    url = f"/labels/{label}/restart?includeTasks=true"
    assert pair.follower.call("POST", url)["connectors"][0]["name"] == name
    wait_for("another start", lambda: pair.leader.status(
        name)["tasks"][0]["since"] > before)
    pair.leader.wait_running(name)
    pair.leader.delete(name)


# Places

def sink(folder, topic, **over):
    return {"connector.class": "FileStreamSink", "tasks.max": "1",
            "file": f"{folder}/out", "topics": topic,
            "value.converter": STRING, **over}


STRING = "org.apache.kafka.connect.storage.StringConverter"


def kafka_offsets(offsets):
    return {(o["partition"]["kafka_topic"], o["partition"]["kafka_partition"]):
            o["offset"] and o["offset"]["kafka_offset"] for o in offsets}


def seek(rest, name, body, query=""):
    return rest.request("POST", f"/connectors/{name}/seek{query}", body)


@pytest.fixture(scope="module")
def timed(kafka):
    """A topic whose records are a second apart: offset n is at n + 1 s."""
    topic = kafka.create_topic(f"timed-{uuid.uuid4().hex[:6]}", partitions=2,
                               retention_ms="-1")
    kafka.produce(topic, [{"value": f"r{n}", "partition": 0,
                           "timestamp": 1000 + n * 1000} for n in range(10)])
    return topic


def test_a_sink_goes_on_from_a_time_and_back(pair, timed, folder, unique):
    name = unique("sought")
    put(pair.leader, name, sink(folder, timed))
    wait_for("all records", lambda: len(lines_of(folder + "/out")) == 10)
    wait_for("their offset", lambda: kafka_offsets(
        pair.leader.offsets(name)).get((timed, 0)) == 10)
    want = {"timestamp": "1970-01-01T00:00:07.500Z"}
    r = seek(pair.follower, name, want)
    assert r.status_code == 400 and "STOPPED" in r.json()["message"]
    first, second = ({"kafka_topic": timed, "kafka_partition": n}
                     for n in range(2))
    r = seek(pair.follower, name, want, "?dry_run=true")
    undo = r.json()["undo"]
    assert r.status_code == 200 and r.json() == {
        "name": name, "preview": True, "changes": [
            {"partition": first, "from": {"kafka_offset": 10},
             "to": {"kafka_offset": 7}},
            {"partition": second, "from": None, "to": {"kafka_offset": 0}}],
        "undo": {"offsets": [
            {"partition": first, "offset": {"kafka_offset": 10}},
            {"partition": second, "offset": None}]}}
    assert kafka_offsets(pair.leader.offsets(name)) == {(timed, 0): 10}
    pair.leader.stop_connector(name)
    pair.leader.wait_state(name, "STOPPED")

    def sought(body):
        r = seek(pair.follower, name, body)
        if r.status_code != 200:
            raise ValueError(r.text)
        return r.json()
    assert wait_for("a seek", lambda: sought(want))["undo"] == undo
    assert kafka_offsets(pair.leader.offsets(name)) == {
        (timed, 0): 7, (timed, 1): 0}
    assert sought(undo)["changes"][0]["to"] == {"kafka_offset": 10}
    assert kafka_offsets(pair.leader.offsets(name)) == {(timed, 0): 10}
    for body, offset in (({"to": "beginning"}, 0), ({"to": "end"}, 10),
                         ({"offset": 4}, 4), ({"offset": 400}, 10),
                         ({"timestamp": 10**13}, 10),
                         ({"timestamp": 8000}, 7)):
        assert sought(body)["changes"][0]["to"] == {"kafka_offset": offset}
    pair.leader.resume(name)
    wait_for("the last three again", lambda: lines_of(
        folder + "/out")[10:] == ["r7", "r8", "r9"])
    pair.leader.delete(name)


def test_what_cannot_be_sought_is_refused(pair, kafka, folder, unique):
    name, topic = unique("file"), kafka.create_topic(unique("sought"))
    put(pair.leader, name, source(folder, topic=topic))
    with open(f"{folder}/in", "w", encoding="utf-8") as f:
        f.write("one\ntwo\n")
    wait_for("its offset", lambda: pair.leader.offsets(
        name)[0]["offset"]["position"] == 8)
    for body, word in (({}, "one of timestamp"), ({"to": "middle"}, "middle"),
                       ({"timestamp": "soon"}, "soon"),
                       ({"timestamp": 1, "to": "end"}, "one of"),
                       ({"timestamp": 1}, "cannot be moved"),
                       ({"to": "end"}, "cannot be moved"),
                       ({"offset": 3}, "cannot be moved")):
        r = seek(pair.follower, name, body, "?dry_run=true")
        assert r.status_code == 400 and word in r.json()["message"], r.text
    r = seek(pair.follower, name, {"to": "beginning"}, "?dry_run=true").json()
    assert [(c["from"]["position"], c["to"]) for c in r["changes"]] == [
        (8, None)]
    r = seek(pair.follower, name, {"offsets": [{
        "partition": r["changes"][0]["partition"],
        "offset": {"position": 4}}]}, "?dry_run=true").json()
    assert [(c["from"]["position"], c["to"]) for c in r["changes"]] == [
        (8, {"position": 4})]
    assert pair.leader.offsets(name)[0]["offset"]["position"] == 8
    r = seek(pair.leader, unique("none"), {"to": "end"})
    assert r.status_code == 404
    pair.leader.delete(name)


# Nothing left

def test_a_clean_delete_takes_a_sinks_group_too(pair, timed, kafka, folder,
                                                unique):
    name = unique("clean")
    put(pair.leader, name, sink(folder, timed))
    wait_for("all records", lambda: len(lines_of(folder + "/out")) == 10)
    groups = kafka.admin().list_consumer_groups
    wait_for("its offset", lambda: pair.leader.offsets(name))
    r = pair.follower.request("DELETE", f"/connectors/{name}?clean=true")
    assert r.status_code == 200, r.text
    report = r.json()
    assert {"what": "consumer group", "name": f"connect-{name}"} in report[
        "removed"]
    assert [(w["what"], w["name"]) for w in report["left"]] == [
        ("topic", timed)]
    assert name not in pair.follower.connectors()
    assert f"connect-{name}" not in [
        g.group_id for g in groups().result().valid]
    put(pair.leader, name, sink(folder, timed))
    wait_for("all records again",
             lambda: len(lines_of(folder + "/out")) == 20)
    pair.leader.delete(name)


def test_a_clean_delete_leaves_a_group_that_another_reads_with(
        pair, timed, folder, unique):
    one, two, group = unique("one"), unique("two"), unique("group")
    shared = {"consumer.override.group.id": group}
    for name in one, two:
        put(pair.leader, name, sink(folder, timed, **shared))
        pair.leader.wait_running(name)
    left = pair.follower.call("DELETE", f"/connectors/{one}?clean=true")["left"]
    assert {"what": "consumer group", "name": group, "why":
            f"connector {two} reads with it too"} in left
    r = pair.follower.call("DELETE", f"/connectors/{two}?clean=true")
    assert {"what": "consumer group", "name": group} in r["removed"]


def test_a_clean_delete_takes_a_sources_offsets_too(pair, kafka, folder,
                                                    unique):
    name = unique("clean")
    topic = kafka.create_topic(unique("cleaned"))
    with open(f"{folder}/in", "w", encoding="utf-8") as f:
        f.write("one\ntwo\n")
    put(pair.leader, name, source(folder, topic=topic))
    wait_for("its offset", lambda: pair.leader.offsets(name))
    tag = pair.leader.request(
        "GET", f"/connectors/{name}/config").headers["ETag"]
    url = f"/connectors/{name}?clean=true"
    assert pair.follower.request(
        "DELETE", url, headers={"If-Match": '"1"'}).status_code == 412
    r = pair.follower.request("DELETE", url, headers={"If-Match": tag})
    assert r.status_code == 200, r.text
    assert r.json()["removed"][0] == {
        "what": "offsets of source partitions", "count": 1}
    put(pair.leader, name, source(folder, topic=topic))
    kafka.wait_records(topic, 4)
    assert pair.leader.request(
        "DELETE", f"/connectors/{unique('none')}?clean=true"
    ).status_code == 404
    pair.leader.delete(name)


# How far, and how fresh

def test_a_status_says_how_far_and_how_fresh(pair, kafka, folder, unique):
    name, topic = unique("far"), kafka.create_topic(unique("far"))
    kafka.produce(topic, ["a", "b", "c"])
    put(pair.leader, name, sink(folder, topic))

    def position(rest):
        status = rest.get(f"/connectors/{name}/status?positions=true")
        assert "positions_missing" not in status
        return [(p["partition"]["kafka_partition"],
                 p["offset"] and p["offset"]["kafka_offset"],
                 p["end"]["kafka_offset"], p["lag"])
                for p in status["positions"]]
    for rest in pair.leader, pair.follower:
        wait_for("its place", lambda r=rest: position(r) == [(0, 3, 3, 0)])
    url = f"/connectors/{name}/tasks/0/status?freshness=true"
    for rest in pair.leader, pair.follower:
        fresh = wait_for("news", lambda r=rest: r.get(url).get("freshness"))
        assert fresh["records"] == 3 and 0 <= fresh["age_ms"] < 120000
    plain = pair.leader.status(name)
    assert "positions" not in plain and plain["tasks"][0]["restarts"] == 0
    pair.leader.pause(name)
    pair.leader.wait_state(name, "PAUSED")
    kafka.produce(topic, ["d", "e"])
    assert position(pair.follower) == [(0, 3, 5, 2)]
    pair.leader.delete(name)


def test_a_sources_status_has_its_offsets(pair, kafka, folder, unique):
    name, topic = unique("far"), kafka.create_topic(unique("far"))
    put(pair.leader, name, source(folder, topic=topic))
    with open(f"{folder}/in", "w", encoding="utf-8") as f:
        f.write("one\ntwo\n")
    url = f"/connectors/{name}/status?positions=true"
    for rest in pair.leader, pair.follower:
        wait_for("its place", lambda r=rest: r.get(url)["positions"][0][
            "offset"]["position"] == 8)
    url = f"/connectors/{name}/tasks/0/status?freshness=true"
    for rest in pair.leader, pair.follower:
        wait_for("news", lambda r=rest: r.get(url)["freshness"][
            "records"] == 2)
    pair.leader.delete(name)


# With Postgres

def test_a_source_with_timestamps_goes_back_in_time(
        pair, kafka, postgres, db, folder, unique):
    name, prefix = unique("pg"), unique("pg-")
    topic = kafka.create_topic(prefix + "t")
    postgres.execute(db, "CREATE TABLE t (id int PRIMARY KEY, "
                     "ts timestamptz NOT NULL)")
    for n in range(5):
        postgres.execute(db, "INSERT INTO t VALUES (%s, "
                         "'2026-01-01 00:00:00Z'::timestamptz "
                         "+ %s * interval '1 hour')", (n, n))
    config = configs.postgres_source(postgres, db, "t", prefix, **{
        "mode": "timestamp+incrementing", "timestamp.column.name": "ts"})
    put(pair.leader, name, {k: str(v) for k, v in config.items()})
    kafka.wait_records(topic, 5)
    wait_for("its offset", lambda: pair.leader.offsets(name)[0]["offset"][
        "incrementing"] == 4)
    pair.leader.stop_connector(name)
    pair.leader.wait_state(name, "STOPPED")

    def sought():
        r = seek(pair.follower, name, {"timestamp": "2026-01-01T03:00:00Z"})
        if r.status_code != 200:
            raise ValueError(r.text)
        return r.json()
    change = wait_for("a seek", sought)["changes"][0]
    assert (change["from"]["incrementing"], change["to"]) == (4, {
        "timestamp": 1767236400000, "timestamp_nanos": 0, "incrementing": -1})
    pair.leader.resume(name)
    found = kafka.wait_records(topic, 7)[5:]
    assert [json.loads(r.value)["id"] for r in found] == [3, 4]
    pair.leader.delete(name)


def test_a_clean_delete_takes_the_postgres_sinks_position_too(
        pair, kafka, postgres, db, folder, unique):
    name, topic = unique("pg"), kafka.create_topic(unique("pg"))
    kafka.produce(topic, [json.dumps({"id": n}) for n in range(3)])
    config = configs.postgres_sink(postgres, db, topic, "t", **{
        "auto.create": "false"})
    postgres.execute(db, "CREATE TABLE t (id int)")
    put(pair.leader, name, {k: str(v) for k, v in config.items()})
    postgres.wait_count(db, "SELECT count(*) FROM t", 3)
    places = "SELECT count(*) FROM penstock_offsets"
    assert postgres.value(db, places) == 1
    report = pair.follower.call("DELETE", f"/connectors/{name}?clean=true")
    assert [w["what"] for w in report["removed"]] == [
        "consumer group", "any position that the plugin kept outside of Kafka"]
    assert postgres.value(db, places) == 0


# With S3

def test_a_clean_delete_takes_the_s3_sinks_logs_and_no_others(
        pair, kafka, s3, bucket, unique):
    """Files that the clock cuts are logged in the bucket. What was delivered
    stays, and so do the logs of topics whose names only begin alike."""
    name, topic = unique("s3"), kafka.create_topic(unique("s3"), partitions=2)
    kafka.produce(topic, [{"value": json.dumps({"n": n}), "partition": n % 2}
                          for n in range(10)])
    folder = f"topics/_penstock/{name}"
    logs = f"{folder}/{topic}+"
    alike = [f"{logs}x+0.cuts", f"{logs}1.cuts.old", f"{logs}.cuts",
             f"{folder}/{topic}.more+0.cuts",
             f"{folder}.more/{topic}+0.cuts"]
    for key in alike:
        s3.client.put_object(Bucket=bucket, Key=key, Body=b"another's")
    config = configs.s3_sink(s3, bucket, topic, flush_size=1000,
                             rotate_schedule_interval_ms=500, timezone="UTC")
    put(pair.leader, name, config)
    wait_for("both logs", lambda: {f"{logs}0.cuts", f"{logs}1.cuts"} <= set(
        s3.keys(bucket)))
    objects = wait_for("the objects", lambda: [
        k for k in s3.keys(bucket, f"topics/{topic}/")
        if s3.lines(bucket) and len(s3.lines(
            bucket, f"topics/{topic}/")) == 10])
    r = pair.follower.request("DELETE", f"/connectors/{name}?clean=true")
    assert r.status_code == 200, r.text
    assert {"what": "what the plugin made outside of Kafka for itself"} in \
        r.json()["removed"]
    assert [w["what"] for w in r.json()["left"]] == ["topic"]
    assert sorted(s3.keys(bucket)) == sorted(
        s3.keys(bucket, f"topics/{topic}/") + alike)
    assert set(objects) <= set(s3.keys(bucket))


def test_a_clean_delete_leaves_the_logs_of_an_earlier_version(
        pair, kafka, s3, bucket, unique):
    """They were one for all connectors of the folder, and others may still
    go by them. It is told of each topic that has some."""
    name = unique("s3")
    topics = [kafka.create_topic(unique("s3")) for _ in range(3)]
    prefixes = [f"topics/_penstock/{t}+" for t in topics]
    old = [f"{p}0.cuts" for p in prefixes[:2]]
    logs = [f"topics/_penstock/{name}/{t}+0{end}"
            for t in topics for end in (".cuts", ".uploads")]
    for key in old + logs:
        s3.client.put_object(Bucket=bucket, Key=key,
                             Body=b"penstock cuts 1\n")
    put(pair.leader, name, configs.s3_sink(s3, bucket, ",".join(topics)))
    pair.leader.wait_running(name)
    r = pair.follower.request("DELETE", f"/connectors/{name}?clean=true")
    assert r.status_code == 200, r.text
    assert "what the plugin made outside of Kafka" in [
        w["what"] for w in r.json()["left"]]
    assert s3.keys(bucket) == sorted(old)
    told = "".join(w.log_text() for w in pair.workers)
    assert [f"{p} stay" in told for p in prefixes] == [True, True, False]


def test_a_clean_delete_that_cannot_clean_goes_on_when_asked_again(
        pair, kafka, s3, bucket, unique):
    name, topic = unique("s3"), kafka.create_topic(unique("s3"))
    logs = [f"topics/_penstock/{name}/{topic}+{n}.cuts"
            for n in range(1005)]
    with ThreadPoolExecutor(8) as pool:  # more than one page of a listing
        list(pool.map(lambda log: s3.client.put_object(
            Bucket=bucket, Key=log, Body=b"penstock cuts 1\n"), logs))
    config = configs.s3_sink(s3, bucket, topic)
    put(pair.leader, name, dict(config, **{
        "store.url": f"http://127.0.0.1:{free_port()}"}))
    pair.leader.wait_running(name)
    url = f"/connectors/{name}?clean=true"
    r = pair.follower.request("DELETE", url)
    assert r.status_code == 500 and "127.0.0.1" in r.json()["message"]
    pair.leader.wait_state(name, "STOPPED")
    put(pair.leader, name, config)
    assert sorted(s3.keys(bucket)) == sorted(logs)
    assert pair.follower.request("DELETE", url).status_code == 200
    assert s3.keys(bucket) == []
    # Of a bucket that is gone nothing is left.
    put(pair.leader, name, dict(config, **{
        "s3.bucket.name": unique("bucket")}))
    assert pair.follower.request("DELETE", url).status_code == 200
