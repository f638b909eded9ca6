"""Templates and pipelines by REST: what is declared comes to run, what a plan
says is what happens, nothing is stored that is a secret."""

import json
import os
import subprocess
import threading

import pytest

from support import configs
from support.env import BUILD, wait_for
from support.kafka import read_topic
from support.rest import RestError

CANARY = "canary-7f3a9c"


@pytest.fixture(scope="module")
def w(kafka, shared_worker):
    return shared_worker(kafka.bootstrap)


@pytest.fixture
def rest(w):
    return w.rest


def file_template(**more):
    return {"parameters": {
        "folder": {"type": "string", "required": True, "pattern": "/.*"},
        "topics": {"type": "list", "required": True},
        "batch": {"type": "int"}}, "connectors": [
            {"name": "${param:pipeline}-out", "config": {
                "connector.class": "FileStreamSink",
                "topics": "${param:topics}",
                "file": "${param:folder}/out",
                "value.converter":
                    "org.apache.kafka.connect.storage.StringConverter"}},
            {"name": "${param:pipeline}-${param:item}",
             "for_each": "topics", "config": {
                 "connector.class": "FileStreamSource",
                 "file": "${param:folder}/${param:item}",
                 "topic": "${param:item}",
                 "batch.size": "${param:batch}",
                 "value.converter":
                     "org.apache.kafka.connect.storage.StringConverter"}}],
            **more}


@pytest.fixture
def template(rest, unique):
    """A template of this test's own: its name."""
    name = unique("files")
    assert rest.call("PUT", f"/templates/{name}",
                     file_template())["version"] == 1
    return name


@pytest.fixture
def declare(rest, template, folder, topic, unique):
    """declare(): a pipeline's name and what is wanted of it"""
    made = []

    def make(count=2):
        topics = [topic("t") for _ in range(count)]
        for i, t in enumerate(topics):
            with open(f"{folder}/{t}", "w", encoding="ascii") as f:
                f.write(f"line {i}\n")
        made.append(unique("p"))
        return made[-1], {"template": template, "parameters": {
            "folder": folder, "topics": topics}}
    yield make
    for name in made:
        rest.request("DELETE", f"/pipelines/{name}")
    wait_for("all to be deleted", lambda: not any(
        c.startswith(tuple(made)) for c in rest.connectors()))


def refused(status, call, *args):
    with pytest.raises(RestError) as e:
        call(*args)
    assert e.value.status == status, e.value.text
    return json.loads(e.value.text)


def put(rest, name, want, query=""):
    return rest.call("PUT", f"/pipelines/{name}{query}", want)


def plan(rest, name, want):
    return rest.call("POST", "/plan", {"name": name, **want})


def actions(planned):
    return {c["connector"]: c["action"] for c in planned["changes"]}


def wait_state(rest, name, state):
    wait_for(f"{name} to be {state}", lambda: rest.get(
        f"/pipelines/{name}/status")["state"] == state)


def test_a_pipeline_runs_and_data_flows(rest, declare, folder):
    name, want = declare()
    answer = rest.request("PUT", f"/pipelines/{name}", want)
    assert answer.status_code == 201, answer.text
    wait_state(rest, name, "RUNNING")

    def lines():
        with open(folder + "/out", encoding="ascii") as f:
            return sorted(f.read().splitlines())
    wait_for("the lines", lambda: lines() == ["line 0", "line 1"])
    shown = rest.get(f"/pipelines/{name}")
    assert (shown["state"], shown["drift"]) == ("RUNNING", [])
    assert len(shown["connectors"]) == 3
    line = [p for p in rest.get("/pipelines") if p["name"] == name]
    assert line[0]["connectors"] == 3


def test_applying_twice_changes_nothing(rest, declare):
    name, want = declare()
    before = plan(rest, name, want)
    assert before["pipeline"] == "create"
    assert set(actions(before).values()) == {"create"}
    put(rest, name, want, "?plan=" + before["plan"])
    after = plan(rest, name, want)
    assert after["empty"] and set(actions(after).values()) == {"nothing"}
    generation = rest.get(f"/connectors/{name}-out")["config"]
    assert rest.request("PUT", f"/pipelines/{name}",
                        want).status_code == 200
    assert rest.get(f"/connectors/{name}-out")["config"] == generation
    assert plan(rest, name, want)["plan"] == after["plan"]


def test_a_plan_says_what_becomes_of_positions(rest, declare, template):
    """A class by another of its names has the same; a sink's are its
    group's; another plugin cannot read them."""
    def offsets():
        planned = plan(rest, name, {**want, "version": version})
        return {c["connector"].removeprefix(name + "-"): c["offsets"]
                for c in planned["changes"]}

    def change(config):
        body = file_template()
        body["connectors"][1]["config"].update(config)
        return rest.call("PUT", f"/templates/{template}", body)["version"]
    name, want = declare(1)
    [t] = want["parameters"]["topics"]
    version = 1
    assert offsets() == {"out": "its group's", t: "none"}
    put(rest, name, want)
    version = change({"connector.class": "org.apache.kafka.connect.file."
                                         "FileStreamSourceConnector"})
    assert offsets() == {"out": "kept", t: "kept"}
    version = change({"connector.class": "JdbcSourceConnector",
                      "connection.url": "jdbc:postgresql://127.0.0.1:1/x",
                      "mode": "bulk", "topic.prefix": "x"})
    assert offsets() == {"out": "kept", t: "lost"}


FILE = "FileStreamSource"
TABLES = "io.confluent.connect.jdbc.JdbcSourceConnector"


@pytest.fixture
def tables(postgres, db):
    for table in "a", "b", "c":
        postgres.execute(db, f"CREATE TABLE {table} (id bigint PRIMARY KEY, "
                         "other bigint NOT NULL, at timestamptz NOT NULL)")
    return db


@pytest.mark.parametrize("kind, was, now, expected", [
    (FILE, {"file": "/a"}, {"file": "/b"}, "lost"),
    (FILE, {"file": "/a"}, {"file": "/a", "batch.size": "7"}, "kept"),
    (FILE, {"file": "/a", "topic": "a"}, {"file": "/a", "topic": "b"},
     "kept"),
    (TABLES, {"table.whitelist": "a, b"}, {"table.whitelist": "b,a,c"},
     "kept"),
    (TABLES, {"table.whitelist": "a,b"}, {"table.whitelist": "b,c"},
     "kept in part"),
    (TABLES, {"table.whitelist": "a,b"}, {"table.whitelist": "c"}, "lost"),
    (TABLES, {"table.whitelist": "a"}, {}, "kept"),
    (TABLES, {"table.whitelist": "a"}, {"query": "SELECT 1 AS id"},
     "lost"),
    (TABLES, {"query": "SELECT 1 AS id"}, {"query": "SELECT 2 AS id"},
     "kept"),
    (TABLES, {}, {"incrementing.column.name": "other"}, "lost"),
    (TABLES, {}, {"mode": "timestamp", "timestamp.column.name": "at"},
     "lost"),
    ("FileStreamSink", {"consumer.override.group.id": "a"}, {},
     "its group's"),
])
def test_a_plan_knows_what_makes_a_connector_begin_anew(
        rest, unique, postgres, tables, kind, was, now, expected):
    """What is planned here is not made."""
    template, name = unique("anew"), unique("p")
    common = {
        FILE: {"topic": "t"},
        TABLES: configs.postgres_source(postgres, tables, "", "x"),
        "FileStreamSink": {"topics": "t", "file": "/out"}}[kind]

    def declare(config):
        rest.call("PUT", f"/templates/{template}", {"connectors": [{
            "name": "${param:pipeline}-c", "config": {
                "connector.class": kind, **common, **config}}]})
    # Stopped: a connector that is there and reaches for nothing.
    rest.call("POST", "/connectors", {
        "name": f"{name}-c", "initial_state": "STOPPED",
        "config": {"connector.class": kind, **common, **was}})
    declare(now)
    [change] = rest.call("POST", "/plan?force=true", {
        "name": name, "template": template})["changes"]
    rest.delete(f"{name}-c")
    rest.call("DELETE", f"/templates/{template}")
    assert (change["action"], change["offsets"]) == ("reconfigure", expected)


def restarts(planned):
    return {c["connector"] for c in planned["changes"] if c["restarts"]}


def test_a_plan_says_what_starts_again(rest, declare):
    name, want = declare()
    assert restarts(plan(rest, name, want)) == set()
    put(rest, name, want)
    assert restarts(plan(rest, name, want)) == set()
    kept = want["parameters"]["topics"][1]
    want["parameters"].update(topics=[kept], batch=7)
    planned = plan(rest, name, want)
    again = {f"{name}-{kept}", f"{name}-out"}
    assert restarts(planned) == again

    def since(connector):
        return rest.status(connector)["tasks"][0]["since"]
    for connector in again:
        rest.wait_running(connector)
    before = {c: since(c) for c in again}
    put(rest, name, want, "?plan=" + planned["plan"])
    for connector in again:
        wait_for("another start", lambda c=connector: since(c) > before[c])


def test_a_change_is_what_the_plan_said(rest, declare):
    name, want = declare()
    put(rest, name, want)
    gone, kept = want["parameters"]["topics"]
    want["parameters"].update(topics=[kept], batch=7)
    planned = plan(rest, name, want)
    assert actions(planned) == {
        f"{name}-{gone}": "delete", f"{name}-out": "reconfigure",
        f"{name}-{kept}": "reconfigure"}
    by_name = {c["connector"]: c for c in planned["changes"]}
    assert by_name[f"{name}-{kept}"]["settings"] == {
        "batch.size": {"from": None, "to": "7"}}
    assert by_name[f"{name}-{kept}"]["offsets"] == "kept"
    assert by_name[f"{name}-{gone}"]["offsets"] == "left behind"
    put(rest, name, want, "?plan=" + planned["plan"])
    assert f"{name}-{gone}" not in rest.connectors()
    assert rest.get(f"/connectors/{name}-{kept}/config")["batch.size"] == "7"


def test_a_plan_names_the_topics_that_will_be_new(rest, declare, unique):
    name, want = declare()
    there, new = want["parameters"]["topics"][0], unique("new")
    want["parameters"]["topics"] = [there, new]
    topics = {c["connector"]: c["topics"]
              for c in plan(rest, name, want)["changes"]}
    assert topics[f"{name}-{there}"] == {
        "reads": [], "writes": [there], "creates": []}
    assert topics[f"{name}-{new}"]["creates"] == [new]
    assert topics[f"{name}-out"] == {
        "reads": [there, new], "writes": [], "creates": []}


def test_a_dead_letter_topic_is_one_of_a_plans(rest, declare, template, topic,
                                               unique):
    there, new = topic("letters"), unique("letters")
    name, want = declare(1)
    for letters, creates in (there, []), (new, [new]):
        body = file_template()
        body["connectors"][0]["config"].update({
            "errors.tolerance": "all",
            "errors.deadletterqueue.topic.name": letters})
        rest.call("PUT", f"/templates/{template}", body)
        [out] = [c["topics"] for c in plan(rest, name, want)["changes"]
                 if c["connector"] == f"{name}-out"]
        assert (out["writes"], out["creates"]) == ([letters], creates)


def test_what_was_seen_is_what_changes(rest, template, declare):
    name, want = declare()

    def tag(path):
        return rest.request("GET", path).headers["ETag"]

    def status(method, path, seen, body=None):
        return rest.request(method, path, body,
                            headers={"If-Match": seen}).status_code
    for path, body, other in (
            (f"/templates/{template}", file_template(description="more"),
             file_template(description="yet more")),
            (f"/pipelines/{name}", {**want, "version": 1}, want)):
        if path.startswith("/pipelines"):
            assert status("PUT", path, '"1"', body) == 412  # none is there
            put(rest, name, body)
            seen = tag(path)
            body = other
        else:
            seen = tag(path)
        assert status("PUT", path, '"0"', body) == 412
        assert tag(path) == seen
        assert status("PUT", path, seen, body) == 200
        assert tag(path) != seen
        assert status("PUT", path, seen, other) == 412
        assert status("DELETE", path, seen) == 412
    assert status("DELETE", path, tag(path)) == 204


def test_a_stale_plan_is_refused(rest, declare):
    name, want = declare()
    put(rest, name, want)
    want["parameters"]["batch"] = 7
    planned = plan(rest, name, want)
    config = rest.get(f"/connectors/{name}-out/config")
    rest.call("PUT", f"/connectors/{name}-out/config?force=true",
              {**config, "tasks.max": "2"})
    said = refused(409, put, rest, name, want, "?plan=" + planned["plan"])
    assert "out of date" in said["message"]
    assert "batch.size" not in rest.get(
        f"/connectors/{name}-{want['parameters']['topics'][0]}/config")


def test_of_many_with_one_plan_one_wins(rest, declare, w):
    name, want = declare()
    planned = plan(rest, name, want)
    codes = []

    def apply(batch):
        mine = json.loads(json.dumps(want))
        if batch:
            mine["parameters"]["batch"] = batch
        query = "" if batch else "?plan=" + planned["plan"]
        codes.append(type(w.rest)(w.rest.url).request(
            "PUT", f"/pipelines/{name}{query}", mine).status_code)
    threads = [threading.Thread(target=apply, args=(i,)) for i in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert set(codes) <= {200, 201, 409} and codes.count(201) == 1, codes
    assert rest.get(f"/pipelines/{name}")["drift"] == []


def test_connectors_of_a_pipeline_are_changed_through_it(rest, declare):
    name, want = declare()
    put(rest, name, want)
    out = f"{name}-out"
    config = rest.get(f"/connectors/{out}/config")
    for method, path, body in (
            ("PUT", "/config", config), ("PATCH", "/config", {"a": "b"}),
            ("DELETE", "", None)):
        said = refused(409, rest.call, method, f"/connectors/{out}{path}",
                       body)
        assert f"belongs to pipeline {name}" in said["message"]
    rest.wait_running(out)
    rest.pause(out)  # orders are not changes
    rest.wait_state(out, "PAUSED")
    rest.call("DELETE", f"/connectors/{out}?force=true")
    assert rest.get(f"/pipelines/{name}")["drift"] == [
        f"connector {out} was deleted"]
    put(rest, name, want)
    assert rest.get(f"/pipelines/{name}")["drift"] == []


def test_drift_is_told_part_by_part(rest, declare, folder):
    name, want = declare()
    put(rest, name, want)
    first, second = (f"{name}-{t}" for t in want["parameters"]["topics"])
    config = rest.get(f"/connectors/{first}/config")
    rest.call("PUT", f"/connectors/{first}/config?force=true",
              {**config, "batch.size": "9"})
    rest.call("DELETE", f"/connectors/{second}?force=true")
    rest.call("PUT", f"/connectors/{name}-more/config?force=true", {
        "connector.class": "FileStreamSink", "topics": "x",
        "file": folder + "/more", "penstock.pipeline": name})
    assert sorted(rest.get(f"/pipelines/{name}")["drift"]) == sorted([
        f"connector {first} was changed", f"connector {second} was deleted",
        f"connector {name}-more is none of the template's"])
    put(rest, name, want)
    assert rest.get(f"/pipelines/{name}")["drift"] == []
    assert rest.get(f"/connectors/{first}/config") == config
    assert f"{name}-more" not in rest.connectors()


def test_a_rollback_does_not_give_a_connector_to_a_pipeline(rest, declare):
    name, want = declare()
    put(rest, name, want)
    out = f"{name}-out"
    config = rest.get(f"/connectors/{out}/config")
    del config["penstock.pipeline"]
    rest.call("PUT", f"/connectors/{out}/config?force=true", config)
    said = refused(409, rest.call, "POST",
                   f"/connectors/{out}/revisions/1/rollback")
    assert f"only PUT /pipelines/{name}" in said["message"]
    put(rest, name, want, "?force=true")
    assert rest.get(f"/pipelines/{name}")["drift"] == []


def test_the_worst_of_its_connectors_is_its_state(rest, declare, folder):
    name, want = declare()
    put(rest, name, want)
    wait_state(rest, name, "RUNNING")
    first = f"{name}-{want['parameters']['topics'][0]}"
    rest.pause(first)
    wait_state(rest, name, "PAUSED")
    os.mkdir(folder + "/d")
    config = rest.get(f"/connectors/{name}-out/config")
    rest.call("PUT", f"/connectors/{name}-out/config?force=true",
              {**config, "file": folder + "/d"})  # no file to write to
    wait_state(rest, name, "FAILED")
    put(rest, name, want)
    wait_state(rest, name, "PAUSED")
    rest.call("PUT", f"/connectors/{first}/resume")
    wait_state(rest, name, "RUNNING")


def test_it_is_deleted_from_its_ends_on(rest, declare, w, kafka):
    """What takes from topics before what fills them, all or nothing."""
    name, want = declare()
    put(rest, name, want)
    rest.call("DELETE", f"/pipelines/{name}")
    first, second = want["parameters"]["topics"]
    order = [f"connector-{name}-out", *sorted(
        f"connector-{name}-{t}" for t in (first, second)),
        f"penstock-pipeline-{name}"]
    gone = [r.key.decode() for r in read_topic(
        kafka.bootstrap, w.properties["config.storage.topic"])
        if r.value is None and r.key.decode() in order]
    assert gone == order


def test_a_connector_of_others_is_not_taken_by_accident(rest, declare, folder):
    name, want = declare()
    out = f"{name}-out"
    rest.create(out, {"connector.class": "FileStreamSink", "topics": "x",
                      "file": folder + "/other"})
    said = refused(409, put, rest, name, want)
    assert f"connector {out} exists and belongs to no pipeline" in \
        said["message"]
    assert name not in [p["name"] for p in rest.get("/pipelines")]
    put(rest, name, want, "?force=true")
    assert rest.get(f"/connectors/{out}/config")["file"] == folder + "/out"
    said = refused(409, rest.create, unique_name(name), {
        "connector.class": "FileStreamSink", "topics": "x",
        "file": folder + "/o", "penstock.pipeline": name})
    assert "penstock.pipeline" in said["message"]


def unique_name(name):
    return name + "-intruder"


def test_everything_wrong_is_said_at_once_and_nothing_made(rest, declare):
    name, want = declare()
    want["parameters"].update(folder="x", batch="many", typo=1)
    said = refused(400, put, rest, name, want)
    assert said["errors"] == [
        "parameter typo: the template has none of that name",
        "parameter folder: x does not match its pattern /.*",
        "parameter batch: many is not a whole number"]
    want["parameters"] = {  # more than the connector's type can be
        "folder": "/x", "topics": ["a", "b"], "batch": 3000000000}
    said = refused(400, put, rest, name, want)
    assert [e.split(":")[0] for e in said["errors"]] == [
        f"connector {name}-a", f"connector {name}-b"], said
    assert not [c for c in rest.connectors() if c.startswith(name)]
    refused(404, rest.get, f"/pipelines/{name}")


def test_a_list_may_be_of_objects(rest, folder, topic, unique):
    t, name, topics = unique("objects"), unique("p"), [topic("a"), topic("b")]
    rest.call("PUT", f"/templates/{t}", {
        "parameters": {"files": {"type": "list", "required": True, "items": {
            "file": {"type": "string", "required": True},
            "topic": {"type": "string", "required": True},
            "batch": {"type": "int", "default": 9}}}},
        "for_each": "files", "connectors": [{
            "name": "${param:pipeline}-${param:item:topic}", "config": {
                "connector.class": "FileStreamSource",
                "file": folder + "/${param:item:file}",
                "topic": "${param:item:topic}",
                "batch.size": "${param:item:batch}"}}]})
    files = [{"file": "x", "topic": topics[0]},
             {"file": "y", "topic": topics[1], "batch": 7}]
    want = {"template": t, "parameters": {"files": files}}
    said = refused(400, put, rest, name, {"template": t, "parameters": {
        "files": [{"file": "x"}, *files, {"topic": "t", "batch": "many"}]}})
    assert said["errors"] == [
        "parameter files[1].topic: a value is required",
        "parameter files[4].file: a value is required",
        "parameter files[4].batch: many is not a whole number"]
    put(rest, name, want)
    assert [rest.get(f"/connectors/{name}-{x}/config")["batch.size"]
            for x in topics] == ["9", "7"]
    assert rest.get(f"/pipelines/{name}")["parameters"] == {"files": files}
    rest.call("DELETE", f"/pipelines/{name}")
    rest.call("DELETE", f"/templates/{t}")


def test_versions_stand_for_one_content(rest, template, declare):
    path = f"/templates/{template}"
    assert rest.call("PUT", path, file_template())["version"] == 1
    changed = file_template(description="changed")
    assert "give it a version above" in refused(
        409, rest.call, "PUT", path, {**changed, "version": 1})["message"]
    assert rest.call("PUT", path, changed)["version"] == 2
    assert rest.get(path + "?version=1").get("description") is None
    name, want = declare()
    put(rest, name, {**want, "version": 1})
    assert [(v["version"], v["pipelines"])
            for v in rest.get(path + "/versions")] == [(1, [name]), (2, [])]
    assert rest.get(f"/pipelines/{name}")["newest_version"] == 2
    assert f"in use by pipeline {name}" in refused(
        409, rest.call, "DELETE", path)["message"]
    rest.call("DELETE", f"/pipelines/{name}")
    rest.call("DELETE", path)
    refused(404, rest.get, path)


def test_a_secret_in_clear_is_nowhere(rest, declare, w, kafka, unique):
    t = unique("secret")
    name = unique("p")
    doc = {"parameters": {"password": {"type": "string", "secret": True}},
           "connectors": [{"name": "${param:pipeline}-c", "config": {
               "connector.class": "FileStreamSink", "topics": "x",
               "file": "/x", "connection.password": "${param:password}"}}]}
    rest.call("PUT", f"/templates/{t}", doc)
    for answer in (
            rest.request("PUT", f"/pipelines/{name}", {
                "template": t, "parameters": {"password": CANARY}}),
            rest.request("POST", "/plan", {"name": name,
                "template": t, "parameters": {"password": CANARY}}),
            rest.request("PUT", f"/templates/{t}", {
                **doc, "connectors": [{"name": "c", "config": {
                    "connector.class": "X", "password": CANARY}}]})):
        assert answer.status_code == 400 and CANARY not in answer.text
    with open(w.log, encoding="utf-8", errors="replace") as f:
        assert CANARY not in f.read()
    config_topic = w.properties["config.storage.topic"]
    assert not [r for r in kafka.consume(config_topic)
                if CANARY in str(r.value)]


def test_a_restart_forgets_nothing(rest, declare, w):
    name, want = declare()
    put(rest, name, want)
    before = rest.get(f"/pipelines/{name}")["parameters"]
    w.kill9()
    w.start()
    assert rest.get(f"/pipelines/{name}")["parameters"] == before
    assert plan(rest, name, want)["empty"]
    wait_state(rest, name, "RUNNING")
    rest.call("DELETE", f"/pipelines/{name}")
    assert not [c for c in rest.connectors() if c.startswith(name)]
    refused(404, rest.get, f"/pipelines/{name}")


# ---- golden records ---------------------------------------------------------

APACHE = "org.apache.kafka.connect.transforms."
JSON = "org.apache.kafka.connect.json.JsonConverter"


def hiding(name, excluded, golden):
    """a template that takes fields out of what a topic has"""
    return {"name": name, "parameters": {
        "folder": {"type": "string", "required": True},
        "topics": {"type": "list", "required": True}}, "connectors": [{
            "name": "${param:pipeline}-out", "config": {
                "connector.class": "FileStreamSink",
                "topics": "${param:topics}", "file": "${param:folder}/out",
                "value.converter": JSON,
                "value.converter.schemas.enable": "false",
                "transforms": "hide,mark",
                "transforms.hide.type": APACHE + "ReplaceField$Value",
                "transforms.hide.exclude": excluded,
                "transforms.mark.type": APACHE + "InsertField$Value",
                "transforms.mark.static.field": "of",
                "transforms.mark.static.value": "${param:pipeline}"},
            "golden": golden}]}


def golden(name, **value):
    return {"name": name, "record": {
        "topic": "people", "value": {"ssn": "123", "mail": "m", "n": 1}},
            "result": {"topic": "people", "partition": 0,
                       "value": {**value, "of": "${param:pipeline}"}}}


def test_a_plan_refuses_what_changes_golden_records_silently(
        rest, declare, template):
    name, want = declare(1)

    def store(excluded, *records):
        return rest.call("PUT", f"/templates/{template}",
                         hiding(template, excluded, list(records)))

    def wrong(call, *args):
        said = refused(400, call, rest, name, want, *args)
        assert "Golden records come out otherwise" in said["message"]
        return said["errors"]

    store("ssn", golden("no ssn", mail="m", n=1), {
        "name": "no object", "record": {"value": "text"},
        "outcome": "failed"})
    put(rest, name, want, "?plan=" + plan(rest, name, want)["plan"])
    before = rest.get(f"/connectors/{name}-out/config")
    # the chain changes, what was recorded does not
    store("ssn,mail", golden("no ssn", mail="m", n=1))
    said = [f"connector {name}-out: golden record no ssn: step hide "
            f"({APACHE}ReplaceField$Value): value.mail is absent, "
            "recorded is \"m\""]
    assert wrong(plan) == wrong(put) == said
    assert rest.get(f"/connectors/{name}-out/config") == before
    # nor does it help to leave the record out, or to give it another name
    store("ssn,mail")
    assert wrong(plan) == said
    store("ssn,mail", golden("new", n=1))
    assert wrong(plan) == said
    # what the document says itself, is meant
    store("ssn,mail", golden("no ssn", n=1))
    planned = plan(rest, name, want)
    put(rest, name, want, "?plan=" + planned["plan"])
    assert rest.get(f"/connectors/{name}-out/config")[
        "transforms.hide.exclude"] == "ssn,mail"
    assert plan(rest, name, want)["empty"]


def test_a_plan_names_the_step_at_which_a_golden_record_is_lost(
        rest, declare, template):
    name, want = declare(1)
    document = hiding(template, "ssn", [
        {**golden("kept", mail="m", n=1), "record": {
            "topic": "people", "value": "{broken"}},
        {"name": "gone", "record": {"value": {"ssn": "1"}},
         "outcome": "dropped"}])
    said = refused(400, plan, rest, name, {**want, "document": document})
    first, second = said["errors"]
    assert "record kept: as it was read: it is failed" in first, first
    assert "record gone: step mark" in second, second
    assert "it is kept, recorded is dropped" in second
    document["connectors"][0]["config"]["transforms.hide.type"] = "Nobody"
    said = refused(400, plan, rest, name, {**want, "document": document})
    assert "Nobody" in said["errors"][0], said


def test_apply_shows_what_golden_records_say(rest, declare, template,
                                             tmp_path):
    name, want = declare(1)
    rest.call("PUT", f"/templates/{template}",
              hiding(template, "ssn,mail", [golden("hidden", n=1)]))
    put(rest, name, want)
    for file, document in (
            ("t.json", hiding(template, "mail", [golden("hidden", n=1)])),
            ("p.json", {"name": name, **want})):
        (tmp_path / file).write_text(json.dumps(document))
    done = subprocess.run(
        [BUILD + "/penstock", "apply", "--plan", "-f", str(tmp_path)],
        text=True, capture_output=True, timeout=60, check=False,
        env={**os.environ, "PENSTOCK_URL": rest.url})
    assert done.returncode == 2, done.stderr
    assert "golden record hidden: no step changes it" in done.stderr
    assert 'value.ssn is "123", recorded is absent' in done.stderr


def test_an_upgrade_is_refused_for_golden_records_too(
        rest, declare, template):
    name, want = declare(1)
    rest.call("PUT", f"/templates/{template}",
              hiding(template, "ssn", [golden("no ssn", mail="m", n=1)]))
    put(rest, name, want)
    rest.call("PUT", f"/templates/{template}",
              hiding(template, "ssn,mail", [golden("no ssn", mail="m", n=1)]))
    said = refused(400, rest.call, "POST", f"/templates/{template}/upgrade")
    assert "step hide" in said["errors"][0], said
    shown = rest.get(f"/pipelines/{name}")
    assert shown["version"] == 2
    rest.call("PUT", f"/templates/{template}",
              hiding(template, "ssn,mail", [golden("no ssn", n=1)]))
    rest.call("POST", f"/templates/{template}/upgrade", {"healthy_ms": 0})
    wait_for("the upgrade", lambda: rest.get(
        f"/templates/{template}/upgrade")["state"] == "DONE")
    assert rest.get(f"/pipelines/{name}")["version"] == 4


def test_golden_records_are_run_for_each_item_with_its_values(
        rest, declare, template):
    name, want = declare(2)
    topics = want["parameters"]["topics"]
    document = file_template(name=template)
    document["connectors"][1]["config"] |= {
        "transforms": "route",
        "transforms.route.type": APACHE + "RegexRouter",
        "transforms.route.regex": topics[0],
        "transforms.route.replacement": "lost"}
    document["connectors"][1]["golden"] = [{
        "name": "stays", "record": {"topic": "${param:item}", "value": "v"},
        "result": {"topic": "${param:item}", "partition": 0, "value": "v",
                   "value_schema": {"type": "string", "optional": True}}}]
    said = refused(400, plan, rest, name, {**want, "document": document})
    assert said["errors"] == [
        f"connector {name}-{topics[0]}: golden record stays: step route "
        f"({APACHE}RegexRouter): topic is \"lost\", recorded is "
        f"\"{topics[0]}\""]
