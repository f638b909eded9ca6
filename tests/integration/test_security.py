"""REST in front of strangers: names and roles, tokens, pages of other sites,
TLS whose certificates change, and the trace that changes leave."""

import base64
import hashlib
import hmac
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import time

import pytest
import requests

from support import stores
from support.env import BUILD, HOST, wait_for
from support.rest import Rest

SECRET = b"0123456789abcdef0123456789abcdef"
PASSWORDS = {"vera": "viewer", "otto": "operator", "edda": "editor",
             "anna": "admin"}


def crypted(password):
    done = subprocess.run(["openssl", "passwd", "-6", password], check=True,
                          capture_output=True, text=True)
    return done.stdout.strip()


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def jwt(**claims):
    text = ".".join(b64(json.dumps(part).encode())
                    for part in ({"alg": "HS256"}, claims))
    return text + "." + b64(hmac.digest(SECRET, text.encode(), "sha256"))


def write_users(path, users):
    with open(path + ".new", "w", encoding="utf-8") as f:
        json.dump({"users": users}, f)
    os.rename(path + ".new", path)


def sink(topic, **more):
    return {"connector.class": "FileStreamSink", "topics": topic,
            "tasks.max": "1", "file": "/dev/null", **more}


def penstock(w, *args, **env):
    """The command line: exit code, stdout, stderr"""
    done = subprocess.run(
        [f"{BUILD}/penstock", *args], text=True, capture_output=True,
        timeout=60, check=False,
        env={**os.environ, "PENSTOCK_URL": w.rest.url, **env})
    return done.returncode, done.stdout, done.stderr


class Guarded:
    """a worker with users, and each of them as a client"""

    def __init__(self, folder, start):
        os.makedirs(folder, exist_ok=True)
        self.users_file = f"{folder}/users.json"
        self.audit_file = f"{folder}/audit.log"
        keys = f"{folder}/keys.json"
        self.users = [{"name": name, "role": role, "password": crypted(name)}
                      for name, role in PASSWORDS.items()]
        self.users += [
            {"name": "team", "role": "editor", "labels": ["blue"],
             "password": crypted("team")},
            {"name": "bot", "role": "operator",
             "token": hashlib.sha256(b"bot-token").hexdigest()}]
        write_users(self.users_file, self.users)
        with open(keys, "w", encoding="utf-8") as f:
            json.dump({"keys": [{"kty": "oct", "k": b64(SECRET)}]}, f)
        self.worker = start(rest_auth_users_file=self.users_file,
                            rest_auth_jwt_keys_file=keys,
                            rest_auth_jwt_audience="penstock",
                            rest_audit_file=self.audit_file)

    def as_user(self, name):
        rest = Rest(self.worker.rest.url)
        rest.session.auth = (name, name)
        return rest

    def with_token(self, token):
        rest = Rest(self.worker.rest.url)
        rest.session.headers["Authorization"] = f"Bearer {token}"
        return rest

    def audit(self):
        with open(self.audit_file, encoding="utf-8") as f:
            return [json.loads(line) for line in f]


@pytest.fixture(scope="module")
def guarded(kafka, session_dir, shared_worker, unique):
    def start(**settings):
        return shared_worker(kafka.bootstrap, **settings)
    return Guarded(f"{session_dir}/{unique('guarded')}", start)


@pytest.fixture
def connector(guarded, topic, unique):
    name = unique("guarded")
    guarded.as_user("anna").create(name, sink(
        topic(), **{"penstock.labels": "red"}))
    yield name
    guarded.as_user("anna").delete(name)


def test_nobody_gets_nothing_but_health(guarded):
    for path, status in (("/", 200), ("/health", 200), ("/connectors", 401),
                         ("/metrics", 401), ("/admin/loggers", 401),
                         ("/connector-plugins", 401), ("/nothing", 404)):
        r = guarded.worker.rest.request("GET", path)
        assert r.status_code == status, path
        assert ("Basic" in r.headers.get("WWW-Authenticate", "")) == (
            status == 401)


@pytest.mark.parametrize("name", ["vera", "nobody", "", "x" * 5000])
def test_a_wrong_password_is_nobody(guarded, name):
    rest = guarded.as_user("vera")
    rest.session.auth = (name, "wrong")
    assert rest.request("GET", "/connectors").status_code in (401, 429, 431)


@pytest.mark.parametrize("method, path, role", [
    ("GET", "/connectors", "viewer"),
    ("GET", "/connectors/{}/status", "viewer"),
    ("GET", "/metrics", "viewer"),
    ("GET", "/connectors/{}/config", "operator"),
    ("GET", "/connectors/{}", "operator"),
    ("GET", "/connectors/{}/tasks", "operator"),
    ("PUT", "/connectors/{}/resume", "operator"),
    ("POST", "/connectors/{}/restart", "operator"),
    ("GET", "/connectors/{}/dead-letters", "operator"),
    ("POST", "/connectors/{}/dead-letters/replay", "editor"),
    ("POST", "/transforms/preview", "editor"),
    ("PATCH", "/connectors/{}/config", "editor"),
    ("PUT", "/connector-plugins/FileStreamSink/config/validate", "editor"),
    ("GET", "/admin/loggers", "admin"),
])
def test_a_role_reaches_so_far(guarded, connector, method, path, role):
    reached = False
    for name, has in PASSWORDS.items():
        reached = reached or has == role
        r = guarded.as_user(name).request(
            method, path.format(connector), None if method == "GET" else {})
        if reached:
            assert r.status_code not in (401, 403), (name, r.text)
        else:
            assert r.status_code == 403, (name, r.text)
            assert role in r.json()["message"]


def test_who_only_looks_sees_no_configuration(guarded, connector):
    both = "/connectors?expand=info&expand=status"
    seen = guarded.as_user("vera").get(both)[connector]
    assert "status" in seen and "info" not in seen
    assert "info" in guarded.as_user("otto").get(both)[connector]


def test_labels_bound_rights(guarded, connector, topic, unique):
    team = guarded.as_user("team")
    own, t = unique("own"), topic()
    blue = {"penstock.labels": "blue"}
    assert team.request("POST", "/connectors", {
        "name": own, "config": sink(t)}).status_code == 403
    team.create(own, sink(t, **blue))
    try:
        assert connector not in team.connectors() and own in team.connectors()
        for method, path in (("GET", "/status"), ("DELETE", ""),
                             ("PUT", "/pause")):
            r = team.request(method, f"/connectors/{connector}{path}")
            assert r.status_code == 403, path
            # As for one that there is not.
            r = team.request(method, f"/connectors/{unique('no')}{path}")
            assert r.status_code == 403, path
        team.pause(own)
        for method in ("PUT", "PATCH"):
            r = team.request(method, f"/connectors/{own}/config",
                             sink(t, **{"penstock.labels": "red"}))
            assert r.status_code == 403, method
        assert team.put_config(own, sink(t, **blue))
    finally:
        team.delete(own)


def test_records_are_looked_at_by_who_has_rights_to_the_connector(
        guarded, connector, topic, unique):
    team, own = guarded.as_user("team"), unique("own")
    look = {"records": [{"value": "x"}], "config": {
        "value.converter": "org.apache.kafka.connect.storage."
        "StringConverter"}}
    for name, body in ((connector, look), (unique("no"), look), (None, look)):
        r = team.request("POST", "/transforms/preview",
                         {**body, **({"connector": name} if name else {})})
        assert r.status_code == 403, name
    for method, path in (("GET", ""), ("POST", "/replay")):
        r = team.request(method, f"/connectors/{connector}/dead-letters{path}",
                         {"all": True} if path else None)
        assert r.status_code == 403, path
    team.create(own, sink(topic(), **{"penstock.labels": "blue"}))
    try:
        r = team.request("POST", "/transforms/preview",
                         {**look, "connector": own})
        assert r.status_code == 200, r.text
        assert team.get(f"/connectors/{own}/dead-letters")["letters"] == []
    finally:
        team.delete(own)


def test_a_replay_leaves_a_trace(guarded, connector):
    path = f"/connectors/{connector}/dead-letters/replay"
    assert guarded.as_user("anna").request(
        "POST", path, {"all": True}).status_code == 400  # it has none
    line = guarded.audit()[-1]
    assert (line["who"], line["method"], line["path"], line["status"]) == (
        "anna", "POST", path, 400)


def test_a_change_of_offsets_leaves_a_trace(guarded, connector, topic):
    anna = guarded.as_user("anna")
    t = anna.get(f"/connectors/{connector}/config")["topics"]
    for user, method, path in (("otto", "POST", "seek"),
                               ("otto", "PATCH", "offsets")):
        assert guarded.as_user(user).request(
            method, f"/connectors/{connector}/{path}", {}).status_code == 403
    anna.stop_connector(connector)
    anna.wait_state(connector, "STOPPED")

    def done(method, path, body):
        r = anna.request(method, f"/connectors/{connector}/{path}", body)
        return r.status_code == 200 and guarded.audit()[-1]
    place = {"partition": {"kafka_topic": t, "kafka_partition": 0}}
    line = wait_for("a change", lambda: done("PATCH", "offsets", {
        "offsets": [{**place, "offset": {"kafka_offset": 7}}]}))
    assert (line["who"], line["offsets"]) == (
        "anna", [{**place, "offset": {"kafka_offset": 7}}])
    assert done("POST", "seek?dry_run=true", {"to": "end"})
    assert "offsets" not in guarded.audit()[-1]
    line = done("POST", "seek", {"to": "beginning"})
    assert line["offsets"] == [{**place, "from": {"kafka_offset": 7},
                                "to": {"kafka_offset": 0}}]


def test_positions_are_for_operators(guarded, connector):
    url = f"/connectors/{connector}/status?positions=true"
    assert "positions" not in guarded.as_user("vera").get(url)
    assert "positions" in guarded.as_user("otto").get(url)


def test_an_order_by_label_reaches_what_one_has_rights_to(
        guarded, topic, unique):
    label, mine, other, t = unique("l"), unique("m"), unique("o"), topic()
    anna, team = guarded.as_user("anna"), guarded.as_user("team")
    anna.create(mine, sink(t, **{"penstock.labels": f"blue,{label}"}))
    anna.create(other, sink(t, **{"penstock.labels": label}))
    for name in mine, other:
        anna.wait_running(name)
    assert guarded.as_user("vera").get(f"/labels/{label}") == [mine, other]
    assert team.get(f"/labels/{label}") == [mine]
    url = f"/labels/{label}/pause"
    assert guarded.as_user("vera").request("PUT", url).status_code == 403
    assert [c["name"] for c in team.call("PUT", url)["connectors"]] == [mine]
    anna.wait_state(mine, "PAUSED")
    assert anna.status(other)["connector"]["state"] == "RUNNING"
    line = guarded.audit()[-1]
    assert (line["who"], line["connectors"], line["path"]) == (
        "team", mine, url)
    for name in mine, other:
        anna.delete(name)


def test_a_rollback_is_a_change_and_gives_nothing_away(
        guarded, topic, unique):
    name, t = unique("rolled"), topic()
    anna, team = guarded.as_user("anna"), guarded.as_user("team")
    anna.create(name, sink(t, **{"penstock.labels": "red"}))
    anna.put_config(name, sink(t, **{"penstock.labels": "blue"}))
    team.call("PATCH", f"/connectors/{name}/config", {"file": "/dev/zero"})
    url = f"/connectors/{name}/revisions"
    assert [(r["revision"], r["by"]) for r in team.get(url)["revisions"]] == [
        (3, "team"), (2, "anna"), (1, "anna")]
    for user, wanted in (("vera", 403), ("otto", 200)):
        assert guarded.as_user(user).request("GET", url).status_code == wanted
    assert guarded.as_user("otto").request(
        "POST", url + "/2/rollback").status_code == 403
    r = team.request("POST", url + "/1/rollback")  # it is red
    assert r.status_code == 403 and "Revision 1" in r.json()["message"]
    assert team.request("POST", url + "/2/rollback").status_code == 200
    assert guarded.audit()[-1]["before"]["file"] == "/dev/zero"
    assert guarded.audit()[-1]["path"] == url + "/2/rollback"
    assert team.get(url)["revisions"][0]["how"] == "rollback to 2"
    anna.delete(name)


def test_tokens_are_taken(guarded, connector):
    status = f"/connectors/{connector}/status"
    later = time.time() + 100
    good = {"sub": "x", "role": "viewer", "aud": "penstock", "exp": later}
    assert guarded.with_token("bot-token").get(status)
    assert guarded.with_token(jwt(**good)).get(status)
    for bad in ("bot-tokem", "", jwt(**{**good, "aud": "other"}),
                jwt(**{**good, "exp": time.time() - 100}),
                jwt(**{**good, "role": "god"}), jwt(**good)[:-3]):
        r = guarded.with_token(bad).request("GET", status)
        assert r.status_code == 401, bad
    r = guarded.with_token(jwt(**good)).request(
        "DELETE", f"/connectors/{connector}")
    assert r.status_code == 403
    r = guarded.with_token(jwt(**good, labels=["blue"])).request("GET", status)
    assert r.status_code == 403


def test_the_command_line_says_who_asks(guarded, connector):
    """Who may not is told as the README has it: see test_documents.py."""
    w = guarded.worker
    got = penstock(w, "get", "-o", "name", PENSTOCK_USER="vera",
                   PENSTOCK_PASSWORD="vera")
    assert got == (0, connector + "\n", "")
    got = penstock(w, "pause", connector, PENSTOCK_TOKEN="bot-token")
    assert got == (0, connector + ": paused\n", "")
    for env, says in (
            ({}, "set PENSTOCK_USER and PENSTOCK_PASSWORD, or "),
            ({"PENSTOCK_TOKEN": "x"}, "is PENSTOCK_TOKEN right")):
        code, out, err = penstock(w, "get", **env)
        assert (code, out) == (2, "") and "(401): " + says in err, err
        assert "\n" not in err[:-1]


def flow(topic, *labels):
    """A template of a sink for each label, which says so."""
    return {"parameters": {"who": {"type": "list"}}, "connectors": [
        {"name": "${param:pipeline}-${param:item}", "for_each": "who",
         "config": sink(topic, **{"penstock.labels": "${param:item}"})}]}


def test_labels_bound_rights_to_pipelines(guarded, topic, unique):
    team, anna = guarded.as_user("team"), guarded.as_user("anna")
    t, own, mixed = unique("t"), unique("own"), unique("mixed")

    def want(*who):
        return {"template": t, "parameters": {"who": list(who)}}
    assert team.request("PUT", f"/templates/{t}", flow(topic())
                        ).status_code == 403  # it is everybody's
    anna.call("PUT", f"/templates/{t}", flow(topic()))
    anna.call("PUT", f"/pipelines/{mixed}", want("blue", "red"))
    assert team.call("PUT", f"/pipelines/{own}", want("blue"))
    for who in (["red"], ["blue", "red"], []):
        r = team.request("PUT", f"/pipelines/{unique('no')}", want(*who))
        assert r.status_code == (403 if who else 201), (who, r.text)
        if r.status_code == 201:
            team.call("DELETE", f"/pipelines/{r.json()['name']}")
    assert team.request("POST", "/plan", {"name": own, **want("red")}
                        ).status_code == 403
    assert [p["name"] for p in team.get("/pipelines")] == [own]
    for method in ("GET", "PUT", "DELETE"):
        r = team.request(method, f"/pipelines/{mixed}",
                         want("blue") if method == "PUT" else None)
        assert r.status_code in (403, 404), (method, r.text)
    assert team.request("POST", f"/templates/{t}/upgrade").status_code == 403
    assert [p["name"] for p in anna.get("/pipelines")] == [mixed, own]
    team.call("DELETE", f"/pipelines/{own}")
    anna.call("DELETE", f"/pipelines/{mixed}")
    anna.call("DELETE", f"/templates/{t}")


def test_users_change_while_it_runs(guarded):
    new = {"name": "nina", "role": "viewer",
           "token": hashlib.sha256(b"nina-token").hexdigest()}
    nina = guarded.with_token("nina-token")

    def status():
        return nina.request("GET", "/connectors").status_code
    assert status() == 401
    write_users(guarded.users_file, guarded.users + [new])
    wait_for("the new user", lambda: status() == 200)
    with open(guarded.users_file, "w", encoding="utf-8") as f:
        f.write("{nonsense")
    wait_for("the bad file to be noticed", lambda: status() == 200
             and "stays in use" in guarded.worker.log_text())
    key = "penstock_rest_access_files_stale"
    wait_for("the alarm", lambda: metric(nina, key) == 1)
    write_users(guarded.users_file, guarded.users)
    wait_for("the user to be gone", lambda: status() == 401)
    wait_for("the alarm's end", lambda: metric(
        guarded.as_user("vera"), key) == 0)


def metric(rest, name):
    (line,) = [x for x in rest.request("GET", "/metrics").text.splitlines()
               if x.startswith(name + " ")]
    return float(line.split()[1])


def test_lines_that_the_file_did_not_take_are_counted(kafka, new_worker):
    w = new_worker(kafka.bootstrap, rest_audit_file="/dev/full")
    key = "penstock_rest_audit_lines_lost"
    wait_for("the figure", lambda: metric(w.rest, key) == 0)
    for n in (1, 2):
        w.rest.call("PUT", "/admin/loggers/kafka", {"level": "INFO"})
        wait_for("the lost line", lambda: metric(w.rest, key) == n)
    assert "it was to say" in w.log_text()


def test_every_change_leaves_a_line(guarded, topic, unique):
    name, secret = unique("audited"), "s3cret-" + unique("word")
    edda, t = guarded.as_user("edda"), topic()
    edda.create(name, sink(t, **{"consumer.override.sasl.password": secret}))
    edda.put_config(name, sink(t, **{
        "consumer.override.sasl.password": secret, "errors.log.enable": True}))
    guarded.as_user("vera").request("DELETE", f"/connectors/{name}")
    edda.delete(name)
    lines = [a for a in guarded.audit() if a.get("connector") == name]
    assert [(a["who"], a["method"], a["status"]) for a in lines] == [
        ("edda", "POST", 201), ("edda", "PUT", 200), ("edda", "DELETE", 204)]
    assert all(a["from"] == HOST for a in lines)
    made, changed, gone = lines
    assert "before" not in made and made["after"]["topics"] == t
    assert "errors.log.enable" not in changed["before"]
    assert changed["after"]["errors.log.enable"] == "true"
    assert "after" not in gone and gone["before"] == changed["after"]
    key = "consumer.override.sasl.password"
    assert made["after"][key] == changed["after"][key]
    assert made["after"][key].startswith("digest:")
    with open(guarded.audit_file, encoding="utf-8") as f:
        assert secret not in f.read()


def test_a_change_of_what_is_declared_leaves_a_line(guarded, topic, unique):
    anna = guarded.as_user("anna")
    t, p = unique("t"), unique("p")
    anna.call("PUT", f"/templates/{t}", flow(topic()))
    want = {"template": t, "parameters": {"who": ["blue"]}}
    anna.call("PUT", f"/pipelines/{p}", want)
    want["parameters"]["who"].append("red")
    anna.call("PUT", f"/pipelines/{p}", want)
    anna.call("PUT", f"/templates/{t}", {**flow(topic()), "description": "d"})
    anna.call("POST", f"/templates/{t}/upgrade", {"healthy_ms": 0})
    wait_for("the upgrade", lambda: anna.get(f"/templates/{t}/upgrade")[
        "state"] == "DONE")
    seen = anna.get(f"/connectors/{p}-blue/revisions")["revisions"]
    assert {r["by"] for r in seen} == {"anna"}, seen
    assert f"upgrade of template {t}" in [r["how"] for r in seen]
    anna.call("DELETE", f"/pipelines/{p}")
    anna.call("DELETE", f"/templates/{t}")
    lines = [a for a in guarded.audit() if a.get("pipeline") == p]
    made, changed, gone = lines
    assert "before" not in made and made["after"]["version"] == 1
    assert changed["before"]["parameters"] == {"who": ["blue"]}
    assert changed["after"]["parameters"] == {"who": ["blue", "red"]}
    assert "after" not in gone and gone["before"]["version"] == 2
    kinds = [(a["method"], a["path"].split("/")[-1], a["who"])
             for a in guarded.audit() if a.get("template") == t]
    assert kinds == [("PUT", t, "anna"), ("PUT", t, "anna"),
                     ("POST", "upgrade", "anna"), ("DELETE", t, "anna")]


def test_each_request_is_a_line_for_who_wants_to_see(guarded, connector):
    """Who asked from where, and what was answered."""
    anna, path = guarded.as_user("anna"), f"/connectors/{connector}/status"
    anna.call("PUT", "/admin/loggers/rest", {"level": "DEBUG"})
    seen = guarded.as_user("vera").request("GET", path)
    guarded.worker.rest.request("GET", path)
    anna.call("PUT", "/admin/loggers/rest", {"level": "INFO"})
    guarded.as_user("vera").request("GET", path)
    text = guarded.worker.log_text()
    found = re.findall(rf"DEBUG rest: (\S+) (\S+) \"GET {path}\" (\d+) "
                       r"(\d+) bytes \d+ ms$", text, re.M)
    assert len(found) == 2
    assert found[0] == (HOST, "vera", "200", str(len(seen.content)))
    assert found[1][:3] == (HOST, "-", "401")


def first_of_each(pairs):
    """a request's arguments, as those who read them take them"""
    return dict(reversed(list(pairs)))


def test_what_operators_do_leaves_a_line(guarded, unique, topic):
    """Each with what was asked for."""
    anna, otto = guarded.as_user("anna"), guarded.as_user("otto")
    name, label = unique("operated"), unique("label")
    anna.create(name, sink(topic(), **{"penstock.labels": label}))
    anna.wait_running(name)
    one = f"/connectors/{name}"
    asked = [
        (anna, "PUT", "/admin/loggers/worker", {"level": "DEBUG"}, 200),
        (anna, "PUT", "/admin/loggers/worker?scope=cluster",
         {"level": "INFO"}, 204),
        (anna, "POST", "/admin/drain?drain=false", None, 202),
        (otto, "POST", f"{one}/restart", None, 204),
        (otto, "POST", f"{one}/restart?includeTasks=true&onlyFailed=true",
         None, 202),
        (otto, "POST", f"{one}/tasks/0/restart", None, 204),
        (otto, "POST", f"/labels/{label}/restart?includeTasks=true", None,
         200),
        (otto, "PUT", f"/labels/{label}/stop", None, 200),
        (anna, "DELETE", f"{one}?clean=true&clean=false", None, 200),
    ]
    before = len(guarded.audit())
    for rest, method, path, body, status in asked:
        answer = rest.request(method, path, body)
        assert answer.status_code == status, answer.text
    lines = guarded.audit()[before:]
    assert [(a["method"], a["path"], a.get("query", {}), a["status"])
            for a in lines] == [
        (method, path.partition("?")[0], first_of_each(
            q.split("=") for q in path.partition("?")[2].split("&") if q),
         status) for _, method, path, _, status in asked]
    assert [a["who"] for a in lines] == ["anna"] * 3 + ["otto"] * 5 + ["anna"]
    level, _, drain, whole, tasks, task, all_, stop, gone = lines
    assert level["logger"] == "worker" and "connector" not in level
    assert (level["before"], level["after"]) == (
        {"level": "INFO"}, {"level": "DEBUG"})
    assert "connector" not in drain
    assert {a["connector"] for a in (whole, tasks, task, gone)} == {name}
    assert all_["connectors"] == stop["connectors"] == name
    assert gone["before"]["penstock.labels"] == label
    assert "after" not in gone


def test_a_line_that_was_changed_is_found(guarded, connector):
    """Whoever checks needs the file and SHA-256."""
    guarded.as_user("otto").pause(connector)
    with open(guarded.audit_file, encoding="utf-8") as f:
        lines = f.read().splitlines()
    last = ""
    assert lines
    for line in lines:
        text, mark, hash_ = line.rpartition(',"hash":"')
        assert mark
        last = hashlib.sha256((last + text + "}").encode()).hexdigest()
        assert hash_ == last + '"}'


# Browsers

def test_a_page_of_another_site_changes_nothing(worker):
    port = worker.port
    for headers, status in (
            ({"Origin": "http://evil.example"}, 403),
            ({"Origin": "null"}, 403),
            ({"Origin": f"http://{HOST}:{port}"}, 404),
            ({"Host": f"evil.example:{port}"}, 403),
            ({"Host": f"localhost:{port}"}, 404)):
        r = worker.rest.request("PUT", "/connectors/none/pause",
                                headers=headers)
        assert r.status_code == status, headers
    r = worker.rest.request("GET", "/connectors",
                            headers={"Host": "evil.example"})
    assert r.status_code == 403


def test_a_port_that_is_open_to_all_is_told(kafka, new_worker):
    w = new_worker(kafka.bootstrap, start=False)
    w.properties["listeners"] = f"http://0.0.0.0:{w.port}"
    w.start()
    w.wait_log("asks nobody for a name")
    assert "penstock_rest_open_to_all 1" in w.rest.request("GET",
                                                           "/metrics").text


# TLS

def serial_of(port, ca, client=None):
    context = ssl.create_default_context(cafile=ca)
    if client:
        context.load_cert_chain(client)
    with socket.create_connection((HOST, port), timeout=10) as raw:
        with context.wrap_socket(raw, server_hostname="localhost") as tls:
            return tls.getpeercert()["serialNumber"]


def secure(new_worker, bootstrap, ca, **settings):
    w = new_worker(bootstrap, start=False)
    w.properties["listeners"] = f"https://localhost:{w.port}"
    w.properties["rest.advertised.host.name"] = "localhost"
    w.properties.update(settings)
    w.rest = Rest(f"https://localhost:{w.port}")
    w.rest.session.verify = ca
    w.rest.session.trust_env = False  # nor another bundle of the machine's
    return w


def test_a_certificate_changes_while_connections_go_on(
        kafka, new_worker, folder):
    ca = stores.authority(folder)
    live = folder + "/live.pem"
    names = "DNS:localhost,IP:127.0.0.1"
    shutil.copy(stores.signed(folder, "one", names), live)
    w = secure(new_worker, kafka.bootstrap, ca, **{
        "listeners.https.ssl.keystore.type": "PEM",
        "listeners.https.ssl.keystore.location": live}).start()
    assert w.rest.connectors() == []  # a connection that stays
    first = serial_of(w.port, ca)
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(w.rest.url, timeout=10, verify=True)

    with open(live, "w", encoding="ascii") as f:
        f.write("-----BEGIN CERTIFICATE-----\nnonsense\n"
                "-----END CERTIFICATE-----\n")
    w.wait_log("stays in use")
    assert serial_of(w.port, ca) == first

    shutil.copy(stores.signed(folder, "two", names), live)
    wait_for("the new certificate", lambda: serial_of(w.port, ca) != first)
    assert w.rest.connectors() == []


def replace(path, by):
    """As who renews it does: never half of it is there."""
    shutil.copy(by, path + ".new")
    os.rename(path + ".new", path)


def stale(w):
    return "penstock_rest_certificates_stale 1" in w.rest.request(
        "GET", "/metrics").text


def test_a_pkcs12_store_changes_while_it_runs(kafka, new_worker, folder):
    ca = stores.authority(folder)
    live = folder + "/live.p12"
    for name in ("one", "two"):
        stores.signed(folder, name, "DNS:localhost,IP:127.0.0.1")
    shutil.copy(stores.pkcs12(folder, "one"), live)
    w = secure(new_worker, kafka.bootstrap, ca, **{
        "listeners.https.ssl.keystore.location": live,
        "listeners.https.ssl.keystore.password": stores.PASSWORD}).start()
    first = serial_of(w.port, ca)
    assert not stale(w)

    with open(live, "wb") as f:  # the half of it
        with open(stores.pkcs12(folder, "two"), "rb") as whole:
            f.write(whole.read(700))
    w.wait_log("stays in use")
    wait_for("the alarm", lambda: stale(w))
    assert serial_of(w.port, ca) == first

    replace(live, f"{folder}/two.p12")
    wait_for("the new certificate", lambda: serial_of(w.port, ca) != first)
    wait_for("the alarm's end", lambda: not stale(w))


def test_a_key_that_is_not_the_certificate_s_is_not_taken(
        kafka, new_worker, folder):
    """Key and certificate in one file, of which one was renewed alone."""
    ca = stores.authority(folder)
    live, mixed = folder + "/live.pem", folder + "/mixed.pem"
    names = "DNS:localhost,IP:127.0.0.1"
    shutil.copy(stores.signed(folder, "one", names), live)
    stores.signed(folder, "two", names)
    w = secure(new_worker, kafka.bootstrap, ca, **{
        "listeners.https.ssl.keystore.type": "PEM",
        "listeners.https.ssl.keystore.location": live}).start()
    first = serial_of(w.port, ca)
    with open(mixed, "w", encoding="ascii") as out:
        for part in ("two.key", "one.crt"):
            with open(f"{folder}/{part}", encoding="ascii") as f:
                out.write(f.read())
    replace(live, mixed)
    w.wait_log("stays in use")
    wait_for("the alarm", lambda: stale(w))
    assert serial_of(w.port, ca) == first
    replace(live, f"{folder}/two.pem")
    wait_for("the new certificate", lambda: serial_of(w.port, ca) != first)
    wait_for("the alarm's end", lambda: not stale(w))


@pytest.mark.parametrize("kind", ["PKCS12", "PEM"])
def test_whom_to_trust_changes_while_it_runs(kafka, new_worker, folder, kind):
    """Another authority's clients come in, those of the first stay out."""
    old, new = folder + "/old", folder + "/new"
    ca = stores.authority(old)
    stores.authority(new)
    server = stores.signed(old, "server", "DNS:localhost,IP:127.0.0.1")
    clients = {where: stores.signed(where, "client", "DNS:client")
               for where in (old, new)}
    live = folder + "/trust"
    shutil.copy(stores.trust(old, kind), live)
    w = secure(new_worker, kafka.bootstrap, ca, **{
        "listeners.https.ssl.keystore.type": "PEM",
        "listeners.https.ssl.keystore.location": server,
        "listeners.https.ssl.truststore.type": kind,
        "listeners.https.ssl.truststore.location": live,
        "listeners.https.ssl.client.auth": "required"})
    if kind == "PKCS12":
        w.properties["listeners.https.ssl.truststore.password"] = \
            stores.PASSWORD
    w.rest.session.cert = clients[old]
    w.start()

    def status(where):
        return requests.get(w.rest.url, verify=ca, timeout=10,
                            cert=clients[where]).status_code
    assert (status(old), status(new)) == (200, 403)
    replace(live, stores.trust(new, kind))
    wait_for("the new authority", lambda: status(new) == 200)
    assert status(old) == 403
    # One that trusts nobody is not taken.
    w.rest.session.cert = clients[new]
    for nothing in ("", "-----BEGIN CERTIFICATE-----\nAAAA\n"
                    "-----END CERTIFICATE-----\n"):
        with open(live, "w", encoding="ascii") as f:
            f.write(nothing)
        wait_for("the alarm", lambda: stale(w))
        assert (status(old), status(new)) == (403, 200)
        replace(live, stores.trust(old, kind))
        wait_for("the first one's return", lambda: status(old) == 200)
        w.rest.session.cert = clients[old]
        assert not stale(w)
        replace(live, stores.trust(new, kind))
        wait_for("the second's return", lambda: status(new) == 200)
        w.rest.session.cert = clients[new]


@pytest.fixture(scope="module")
def made_stores(session_dir, unique):
    return stores.make(f"{session_dir}/{unique('rest-stores')}")


def test_a_client_certificate_is_asked_for(kafka, new_worker, made_stores):
    ca = made_stores.ca_pem
    w = secure(new_worker, kafka.bootstrap, ca, **{
        "ssl.keystore.location": made_stores.server_p12,
        "ssl.keystore.password": stores.PASSWORD,
        "ssl.truststore.location": made_stores.trust_p12,
        "ssl.truststore.password": stores.PASSWORD,
        "listeners.https.ssl.client.auth": "required"})
    w.rest.session.cert = made_stores.client_pem
    w.start()
    assert w.rest.connectors() == []
    stranger = requests.get(w.rest.url, verify=ca, timeout=10)
    assert stranger.status_code == 403
    shows = {"PENSTOCK_CA": ca, "PENSTOCK_CERT": made_stores.client_pem}
    assert penstock(w, "get", **shows) == (0, "", "no connectors\n")
    code, _, err = penstock(w, "get", PENSTOCK_CA=ca)
    assert code == 2 and "(403)" in err
    code, _, err = penstock(w, "get")
    assert code == 2 and "certificate" in err


@pytest.mark.parametrize("settings, words", [
    ({}, "listeners.https.ssl.keystore.location"),
    ({"ssl.keystore.location": "/nowhere/x.p12"},
     "ssl.keystore.location=/nowhere/x.p12 cannot be read"),
    ({"rest.auth.users.file": "/nowhere/users.json"},
     "rest.auth.users.file=/nowhere/users.json cannot be read"),
    ({"rest.audit.file": "/nowhere/audit"}, "rest.audit.file=/nowhere/audit"),
    ({"listeners.https.ssl.client.auth": "perhaps"}, "perhaps"),
])
def test_what_cannot_be_secure_does_not_start(kafka, new_worker, settings,
                                              words):
    w = secure(new_worker, kafka.bootstrap, None, **settings)
    w.spawn()
    assert w.process.wait(60) != 0
    assert words in w.log_text()


@pytest.mark.parametrize("key, words", [
    ("location", "ssl.truststore.location={} cannot be used: there is no "
     "certificate in it"),
    ("certificates", "ssl.truststore.certificates=[hidden] cannot be used: "
     "there is no certificate in it"),
])
def test_a_truststore_without_a_certificate_does_not_start(
        kafka, new_worker, made_stores, folder, key, words):
    text = "-----BEGIN CERTIFICATE-----\nbm9ib2R5\n" \
        "-----END CERTIFICATE-----\n"
    path = folder + "/trust.pem"
    with open(path, "w", encoding="ascii") as f:
        f.write(text)
    w = secure(new_worker, kafka.bootstrap, None, **{
        "ssl.keystore.location": made_stores.server_p12,
        "ssl.keystore.password": stores.PASSWORD,
        "ssl.truststore.type": "PEM",
        "listeners.https.ssl.truststore." + key:
            path if key == "location" else text})
    w.spawn()
    assert w.process.wait(60) != 0
    assert words.format(path) in w.log_text()
