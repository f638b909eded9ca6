"""Passwords: given through providers or plainly, they are used and shown
nowhere. Each has a word of its own, so that a find says where it came from."""

import glob
import json
import os

import pytest

from support import configs, env, kafka as brokers, process
from support.env import wait_for
from support.receiver import Receiver, Reply
from support.rest import stringified
from test_secure_worker import JAAS, pem, security

PROVIDED = {"env": "canary-env-5d1f", "file": "canary-file-81ac",
            "directory": "canary-dir-22e0"}
PLAIN = {"postgres": "canary-plain-pg-9a", "http": "canary-plain-http-3c",
         "s3": "canary-plain-s3-77"}
WORKER = brokers.PASSWORD
DEAD = {"errors.tolerance": "all", "errors.log.enable": "true",
        "errors.log.include.messages": "true",
        "errors.deadletterqueue.topic.replication.factor": "1",
        "errors.deadletterqueue.context.headers.enable": "true"}


def provided_by(folder):
    """Where each provider finds its word, and how a config asks for it."""
    with open(folder + "/words.properties", "w", encoding="ascii") as f:
        f.write(f"token={PROVIDED['file']}\njaas={WORKER}\n")
    os.makedirs(folder + "/words", exist_ok=True)
    with open(folder + "/words/secret", "w", encoding="ascii") as f:
        f.write(PROVIDED["directory"])
    return {"env": "${env:CANARY_WORD}",
            "file": "${file:" + folder + "/words.properties:token}",
            "directory": "${directory:" + folder + "/words:secret}"}


def providers():
    base = "org.apache.kafka.common.config.provider."
    classes = {"env": "EnvVar", "file": "File", "directory": "Directory"}
    keys = {f"config.providers.{n}.class": f"{base}{c}ConfigProvider"
            for n, c in classes.items()}
    return {"config.providers": "env,file,directory", **keys}


def pipelines(w, topic, words, receiver, s3, postgres):
    """name: config. All reach their servers, and all are refused there."""
    dead = {**DEAD, "errors.deadletterqueue.topic.name": topic + ".dead"}
    pg = configs.postgres_sink(postgres, "postgres", topic, "no_table",
                               **dead)
    http = {**configs.http_sink(receiver.url + "/in", topic),
            "http.authorization.type": "static", **dead}
    archive = {**configs.s3_sink(s3, "no-such-bucket", topic), **dead}
    return {
        "pg-env": {**pg, "connection.password": words["env"]},
        "http-file": {**http, "http.headers.authorization":
                      "Bearer " + words["file"]},
        "s3-dir": {**archive, "aws.secret.access.key": words["directory"]},
        "src-env": {**configs.postgres_source(
            postgres, "postgres", "no_table", "p."),
            "connection.password": words["env"]},
        "pg-plain": {**pg, "connection.password": PLAIN["postgres"]},
        "http-plain": {**http, "http.headers.authorization":
                       "Bearer " + PLAIN["http"]},
        "s3-plain": {**archive, "aws.secret.access.key": PLAIN["s3"]},
    }


@pytest.fixture(scope="module")
def told(secure_kafka, shared_worker, s3, postgres, unique):
    """A worker that was given all the words, when all has failed once."""
    w = shared_worker(secure_kafka.secure_bootstrap, start=False)
    folder = w.folder
    words = provided_by(folder)
    receiver = Receiver().start()
    receiver.script(lambda i, r: Reply(422, b"no"))
    keys = security(pem(secure_kafka.stores))
    secret = "${file:" + folder + "/words.properties:jaas}"
    for key in keys:
        if key.endswith("consumer.sasl.jaas.config"):
            keys[key] = JAAS.format(user=brokers.USER, password=secret)
    w.properties.update({**keys, **providers()})
    w.process.env["CANARY_WORD"] = PROVIDED["env"]
    w.kafka, w.receiver, w.words = secure_kafka, receiver, words
    w.start()
    for logger in ("root", "worker", "kafka", "task", "rest"):
        w.rest.request("PUT", f"/admin/loggers/{logger}", {"level": "TRACE"})
    w.topic = secure_kafka.create_topic(unique("secrets"))
    secure_kafka.produce(w.topic, [b'{"id":1}', b"{nonsense"])
    w.pipelines = pipelines(w, w.topic, words, receiver, s3, postgres)
    for name, config in w.pipelines.items():
        w.rest.create(name, config)
    wait_for("dead letters", lambda: secure_kafka.size(w.topic + ".dead"))
    receiver.wait_requests(2)
    for name in w.pipelines:
        wait_for(f"{name} to run", lambda n=name:
                 w.rest.status(n)["connector"]["state"] != "UNASSIGNED")
    yield w
    receiver.close()


def assert_silent(text, words=None):
    """None of the words is in the text."""
    if isinstance(text, bytes):
        text = text.decode("latin-1")
    every = [*PROVIDED.values(), *PLAIN.values(), WORKER]
    for word in every if words is None else words:
        at = text.find(word)
        assert at < 0, f"{word}: …{text[max(0, at - 300):at + 60]}…"


def test_the_words_are_used(told):
    """Or nothing below says anything."""
    sent = {r.headers.get("authorization") for r in told.receiver.requests}
    assert sent == {"Bearer " + PROVIDED["file"], "Bearer " + PLAIN["http"]}


GETS = ["/", "/health", "/metrics", "/connectors",
        "/connectors?expand=info&expand=status", "/connector-plugins",
        "/connector-plugins?connectorsOnly=false", "/admin/loggers"]
OF_EACH = ["", "/config", "/status", "/tasks", "/tasks/0/status", "/topics",
           "/offsets"]


@pytest.mark.parametrize("path", GETS)
def test_no_answer_has_them(told, path):
    r = told.rest.request("GET", path)
    assert r.status_code == 200
    assert_silent(r.text)


@pytest.mark.parametrize("path", OF_EACH)
def test_no_answer_about_a_connector_has_them(told, path):
    for name in told.pipelines:
        r = told.rest.request("GET", f"/connectors/{name}{path}")
        # A broker that does not answer is a 500, which must be silent too.
        assert r.status_code in (200, 404, 500), r.text
        assert_silent(r.text)


def test_validate_masks_them(told):
    for name, config in told.pipelines.items():
        cls = config["connector.class"]
        r = told.rest.request(
            "PUT", f"/connector-plugins/{cls}/config/validate",
            stringified({**config, "name": name}))
        assert r.status_code == 200, r.text
        assert_silent(r.text)
        rows = {c["value"]["name"]: c["value"]["value"]
                for c in r.json()["configs"]}
        for key in ("connection.password", "http.headers.authorization",
                    "aws.secret.access.key"):
            if key in config:
                assert rows[key] == "[hidden]", (name, key)


def test_what_was_masked_can_be_sent_back(told):
    """GET, change a key, PUT: the password stays the one that is there."""
    config = told.rest.get("/connectors/http-plain/config")
    assert config["http.headers.authorization"] == "[hidden]"
    shown = told.rest.get("/connectors/http-file/config")
    assert shown["http.headers.authorization"] == \
        "Bearer " + told.words["file"]
    before = len(told.receiver.requests)
    told.kafka.produce(told.topic, [b'{"id":2}'])
    told.rest.put_config("http-plain", {**config, "batch.max.size": "7"})
    wait_for("its next requests", lambda: [
        r for r in told.receiver.requests[before:]
        if r.headers.get("authorization") == "Bearer " + PLAIN["http"]])
    told.rest.put_config("http-plain", {
        **config, "http.headers.authorization": "Bearer other"})
    for r in told.receiver.requests:
        assert "[hidden]" not in r.headers.get("authorization")


def test_a_login_that_is_refused_does_not_repeat_them(told):
    for name in ("pg-env", "pg-plain", "src-env"):
        r = told.rest.request("POST", "/connectors", {
            "name": "role-" + name, "config": stringified({
                **told.pipelines[name], "connection.user": "no_such_role"})})
        assert r.status_code == 400 and "no_such_role" in r.text, r.text
        assert_silent(r.text)


def test_a_refusal_does_not_repeat_them(told):
    for name, config in told.pipelines.items():
        r = told.rest.request("POST", "/connectors", {
            "name": "refused-" + name,
            "config": stringified({**config, "tasks.max": "many"})})
        assert r.status_code == 400, r.text
        assert_silent(r.text)


def test_no_status_and_no_log_has_them(told):
    assert_silent(told.log_text())
    for name in told.pipelines:
        assert_silent(json.dumps(told.rest.status(name)))


def test_internal_topics_have_the_reference_not_the_word(told):
    for kind in ("config", "offset", "status"):
        name = told.properties[f"{kind}.storage.topic"]
        for r in told.kafka.consume(name):
            text = (r.key or b"") + b" " + (r.value or b"")
            # What was given plainly must be in the config topic.
            assert_silent(text, [*PROVIDED.values(), WORKER]
                          if kind == "config" else None)
    configs_topic = told.kafka.consume(told.properties["config.storage.topic"])
    assert any(b"${env:CANARY_WORD}" in (r.value or b"")
               for r in configs_topic)


def test_dead_letters_do_not_have_them(told):
    for r in told.kafka.consume(told.topic + ".dead"):
        for name, value in r.headers:
            assert_silent(name.encode() + b"=" + (value or b""))


def test_no_process_shows_them(told):
    """Children inherit the worker's environment and nothing more."""
    def environ(pid):
        with open(f"/proc/{pid}/environ", "rb") as f:
            return set(f.read().split(b"\0"))
    pids = process.tree(told.process.pid)
    assert len(pids) > 3
    for pid in pids:
        assert_silent(" ".join(process.argv(pid)))
        assert environ(pid) == environ(told.process.pid)


def readable_memory(pid):
    """The process's own memory, a mapping at a time."""
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps, \
            open(f"/proc/{pid}/mem", "rb", buffering=0) as mem:
        for line in maps:
            where, mode, *_, name = (line.split() + [""])[:6]
            if "r" not in mode or name in ("[vvar]", "[vsyscall]"):
                continue
            begin, end = (int(x, 16) for x in where.split("-"))
            mem.seek(begin)
            try:
                yield mem.read(end - begin)
            except OSError:
                continue


def test_the_worker_never_holds_what_providers_give(told):
    """Only children resolve. Of ${env:} the worker has the word itself."""
    memory = list(readable_memory(told.process.pid))
    assert any(b"${env:CANARY_WORD}" in m for m in memory), "read nothing"
    for name in ("file", "directory"):
        word = PROVIDED[name].encode()
        for m in memory:
            at = m.find(word)
            assert at < 0, (name, m[max(0, at - 200):at + 100])


def test_nothing_was_left_on_disk(told):
    """Beside the files of the test itself: no crash dump, no temporary."""
    for path in glob.glob(os.path.dirname(told.file) + "/*.log"):
        with open(path, "rb") as f:
            assert_silent(f.read())
