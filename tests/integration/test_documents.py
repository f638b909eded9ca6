"""What README.md, docs/operations.md and docs/security.md show is what one
sees: their commands are run in the state that the text speaks of, and print
that. Times, tags and offsets are those of the day."""

import hashlib
import json
import os
import re
import shutil
import subprocess

import pytest
import requests

from support import configs
from support.documents import block, shown, titles_of
from support.env import BUILD, HOST, ROOT, wait_for

README = "../README"
CONNECTORS_MAX = 4
TIME = re.compile(r"20\d\d-\d\d-\d\dT[\d:.]+Z")
# By the day: members of answers, and the same in lines of text.
VARIES = {"kafka_offset", "lag", "records", "age_ms", "hash"}
WORDS = ((TIME, "(a time)"), (re.compile(r'\\?"\d+\\?"'), "(a tag)"),
         (re.compile(r'("kafka_offset":)\d+'), r"\1(an offset)"),
         (re.compile(r"(has|max is) \d+"), r"\1 (many)"))
SESSIONS = {
    README: {"Run a worker", "Pipelines from templates"},
    "operations": {"Two people, one configuration", "A thousand connectors",
                   "What was it before?", "All of a team's",
                   "From another place", "Nothing left behind",
                   "How far, how fresh, and is it stuck?"},
    "security": {"Names and roles", "Quotas"}}


def parsed(lines):
    """JSON, in which dots stand for more; None: it is none."""
    text = "".join(lines).replace("…", "...")
    text = text.replace("{...}", '{"...":0}')
    text = re.sub(r",\.\.\.(?=\})", ',"...":0', text)
    try:
        return json.loads(re.sub(r",\.\.\.(?=\])", ',"..."', text))
    except ValueError:
        return None


def worded(text):
    for pattern, word in WORDS:
        text = pattern.sub(word, text)
    return text


def same(said, got, key=None):
    if type(said) is not type(got):
        return False
    if isinstance(said, dict):
        more = "..." in said
        members = set(said) - {"..."}
        return (members <= set(got) and (more or members == set(got))
                and all(same(said[k], got[k], k) for k in members))
    if isinstance(said, list):
        more = said[-1:] == ["..."]
        said = said[:-1] if more else said
        return ((more or len(said) == len(got)) and len(said) <= len(got)
                and all(map(same, said, got)))
    if isinstance(said, str):
        return key in VARIES or worded(said) == worded(got)
    return key in VARIES or said == got


def agree(command, said, got):
    """An answer with its head is shown in part."""
    lines = [x.strip() for x in got.splitlines() if x.strip()]
    if parsed(said) is not None:
        return same(parsed(said), parsed(lines))
    rest = iter(lines)
    if "-si " in command and "|" not in command:
        return all(any(worded(x) == worded(s) for x in rest) for s in said)
    return [worded(x) for x in lines] == [worded(s) for s in said]


class Session:
    """One after the other, by anna unless she is to be nobody. names: those
    of this run, and what the document has in their place."""

    def __init__(self, worker, folder, document, title, names=()):
        assert title in SESSIONS[document]
        self.worker, self.folder, self.names = worker, folder, names
        self.left = shown(document, title)
        with open(folder + "/.curlrc", "w", encoding="ascii") as f:
            f.write("user = anna:anna-secret\n")

    def file(self, name, content):
        with open(f"{self.folder}/{name}", "w", encoding="utf-8") as f:
            json.dump(content, f)

    def next(self, instead=(), anonymous=False):
        command, said = self.left.pop(0)
        real = command.replace("localhost:8083",
                               f"{HOST}:{self.worker.port}")
        for old, new in instead:
            assert old in real
            real = real.replace(old, new)
        who = {} if anonymous else {
            "CURL_HOME": self.folder, "PENSTOCK_USER": "anna",
            "PENSTOCK_PASSWORD": "anna-secret"}
        done = subprocess.run(
            real, shell=True, executable="/bin/bash", cwd=self.folder,
            timeout=60, text=True, check=False, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, env={
                **os.environ, "PENSTOCK_URL": self.worker.rest.url,
                "PATH": f"{BUILD}:{os.environ['PATH']}", "HOME": "/nowhere",
                **who})
        got = done.stdout
        for ours, theirs in self.names:
            got = got.replace(ours, theirs)
        if said:
            assert agree(command, said, got), (command, said, got)
        else:
            assert "error_code" not in got, (command, got)
        return got

    def end(self):
        assert not self.left


@pytest.fixture(scope="module")
def worker(kafka, shared_worker):
    w = shared_worker(kafka.bootstrap, start=False)
    users = parsed(block("security", "Names and roles", '{"users"'))
    users["users"] += [{"name": "edda", "role": "editor", "password": ""},
                       {"name": "vera", "role": "viewer", "password": ""}]
    for user in users["users"]:
        if "password" in user:
            user["password"] = crypted(user["name"] + "-secret")
        else:
            user["token"] = hashlib.sha256(b"secret").hexdigest()
    with open(w.folder + "/users", "w", encoding="ascii") as f:
        json.dump(users, f)
    w.properties.update(line.split("=") for line in block(
        "security", "Quotas", "quota."))
    w.properties.update({
        "rest.auth.users.file": w.folder + "/users",
        "rest.audit.file": w.folder + "/audit",
        "quota.connectors.max": str(CONNECTORS_MAX)})
    w.rest.session.auth = ("anna", "anna-secret")
    return w.start()


def crypted(password):
    return subprocess.run(["openssl", "passwd", "-6", password], check=True,
                          capture_output=True, text=True).stdout.strip()


@pytest.fixture
def make(worker, folder, topic):
    """Makes a connector that does nothing yet."""
    def create(name, state="STOPPED", **more):
        config = configs.file_sink(folder + "/" + name, more.pop(
            "topics", None) or topic(), **more)
        worker.rest.call("POST", "/connectors", {
            "name": name, "config": config, "initial_state": state})
        if state == "STOPPED":
            worker.rest.wait_state(name, state)
        return config
    yield create
    for name in worker.rest.connectors():
        worker.rest.delete(name)


@pytest.fixture
def archive(kafka, worker, make, topic):
    """What a sink of that name has read: a part of it is older."""
    t = topic()
    kafka.produce(t, [{"value": b"1", "timestamp": 1795896000000 + h * 3600000}
                      for h in (-3, -2, -1, 1, 2)])
    make("archive", "RUNNING", topics=t)
    wait_for("all to be committed", lambda: worker.rest.offsets("archive")[0][
        "offset"]["kafka_offset"] == 5)
    wait_for("its topic to be known", lambda: t in worker.rest.get(
        "/connectors/archive/topics")["archive"]["topics"])
    return t


def test_every_session_is_run():
    for document, titles in SESSIONS.items():
        assert {t for t in titles_of(document)
                if shown(document, t)} == titles


def test_who_asks(worker, folder, make):
    make("orders")
    s = Session(worker, folder, README, "Run a worker")
    s.next()
    s.next()
    s.end()


def test_pipelines_from_templates(kafka, worker, folder, unique):
    """The file and the topic are ours, so that nobody else's are met."""
    title, topic = "Pipelines from templates", unique("topic")
    [line] = block(README, title, '{"name": "lines"')
    said = json.loads(line)
    with open(folder + "/in.txt", "w", encoding="ascii") as f:
        f.write("one\n")
    os.mkdir(folder + "/d")
    shutil.copy(f"{ROOT}/configs/templates/file-to-topic.json", folder + "/d")
    s = Session(worker, folder, README, title, [
        (topic, "lines"), (f"{HOST}:{worker.port}", "127.0.0.1:8083")])
    s.file("d/lines.json", {**said, "parameters": {
        "file": folder + "/in.txt", "topic": topic}})
    for _ in range(3):
        s.next()
    kafka.create_topic(topic)  # as a broker does that makes what is asked for
    worker.rest.wait_running("lines")
    wait_for("the line to be there", lambda: kafka.size(topic) == 1)
    wait_for("it to be known", lambda: not {"trace", "detail"} & set(
        worker.rest.status("lines")["tasks"][0]))
    while s.left:
        s.next()
    assert worker.rest.connectors() == []
    assert kafka.size(topic) == 1


def test_two_people(worker, folder, make):
    s = Session(worker, folder, "operations", "Two people, one configuration")
    s.file("orders.json", make("orders"))
    tag = re.search(r'"\d+"', s.next())[0]
    worker.rest.call("PATCH", "/connectors/orders/config", {"tasks.max": "2"})
    assert f"If-Match says \\{tag[:-1]}\\\"" in s.next([('"41"', tag)])
    s.end()


def test_a_thousand_connectors(kafka, worker, folder, make, topic):
    t = topic()
    kafka.produce(t, [b"{nonsense"])
    make("orders", "RUNNING", topics=t, **{"value.converter": configs.JSON})
    make("audit")
    make("invoices")
    worker.rest.wait_task_failed("orders")
    s = Session(worker, folder, "operations", "A thousand connectors")
    s.next()
    s.end()


def test_what_was_before(worker, folder, make):
    first = make("orders")
    worker.rest.call("PATCH", "/connectors/orders/config", {"tasks.max": "2"})
    s = Session(worker, folder, "operations", "What was it before?")
    s.next()
    s.next()
    s.end()
    now = worker.rest.get("/connectors/orders/config")
    assert now == {**first, "name": "orders"}


def test_all_of_a_team(worker, folder, make):
    for name in ("orders", "invoices"):
        make(name, **{"penstock.labels": "billing"})
    make("audit")
    s = Session(worker, folder, "operations", "All of a team's")
    s.next()
    s.next()
    s.end()


def test_from_another_place(worker, folder, archive):
    s = Session(worker, folder, "operations", "From another place",
                [(archive, "orders")])
    [change] = json.loads(s.next())["changes"]
    assert (change["from"], change["to"]) == ({"kafka_offset": 5},
                                              {"kafka_offset": 3})
    s.next()
    s.end()


def test_nothing_is_left(worker, folder, archive):
    s = Session(worker, folder, "operations", "Nothing left behind",
                [(archive, "orders")])
    s.next()
    s.end()
    assert "archive" not in worker.rest.connectors()


def test_how_far(worker, folder, archive):
    wait_for("its freshness", lambda: worker.rest.status("archive")["tasks"][
        0]["freshness"]["records"] == 5)
    s = Session(worker, folder, "operations",
                "How far, how fresh, and is it stuck?", [(archive, "orders")])
    s.next()
    s.end()


def test_names_and_roles(worker, folder, make):
    make("orders")
    s = Session(worker, folder, "security", "Names and roles")
    s.next(anonymous=True)
    s.next()
    s.end()
    assert requests.get(worker.rest.url + "/connectors", timeout=5, headers={
        "Authorization": "Bearer secret"}).json() == ["orders"]


def test_quotas(worker, folder, make):
    for name in "abcd"[:CONNECTORS_MAX]:
        config = make(name)
    s = Session(worker, folder, "security", "Quotas")
    s.file("orders.json", {"name": "orders", "config": config})
    assert f"has {CONNECTORS_MAX} connectors" in s.next()
    s.end()
    assert "isn't a known config" not in worker.log_text()


def test_what_was_changed_and_by_whom(worker, make):
    config = make("orders")
    worker.rest.session.auth = ("edda", "edda-secret")
    try:
        worker.rest.put_config("orders", {**config, "tasks.max": "2"})
    finally:
        worker.rest.session.auth = ("anna", "anna-secret")
    with open(worker.folder + "/audit", encoding="utf-8") as f:
        line = f.readlines()[-1]
    said = block("security", "What was changed, and by whom", "{")
    assert same(parsed(said), json.loads(line)), (said, line)
