"""Every secret field there is, by the definitions themselves: a word in each,
literal and by reference, and no word comes out anywhere. A plugin or a key
that is new is asked about without a change here."""

import glob
import json
import re

import pytest

from support import configs, env, process
from support.env import ROOT, wait_for
from support.receiver import Receiver, Reply
from support.rest import stringified

# Who was given it is in the word.
WORKER, LITERAL, PROVIDED = "wrk-cnry-", "lit-cnry-", "pro-cnry-"
EVERY = (WORKER, LITERAL, PROVIDED)
FILE = "org.apache.kafka.common.config.provider.FileConfigProvider"
SECRET = re.compile(r"password|passphrase|secret$|jaas\.config|keystore\.key|"
                    r"key\.pem|auth\.token|user\.info")
# Nobody answers there, and why is a cause.
NOBODY = "127.0.0.1:1"
# Connector, its key, and URLs that hold a word; HOST is postgres.
URLS = [(kind, "connection.url", url, {}) for kind in (
    "JdbcSourceConnector", "JdbcSinkConnector") for url in (
    "jdbc:postgresql://HOST/postgres?user=postgres&password={}&ssl=false",
    "postgresql://postgres:{}@HOST/postgres",
    "postgresql://HOST/postgres?sslpassword={}&password={}")] + [
    ("HttpSinkConnector", "http.url", url, {}) for url in (
        f"http://u:{{}}@{NOBODY}/in", f"http://{{}}@{NOBODY}/in",
        f"http://{NOBODY}/in?page=1&access_token={{}}")] + [
    ("HttpSinkConnector", "oauth2.access.token.url",
     f"http://u:{{}}@{NOBODY}/token", {
         "http.authorization.type": "oauth2", "oauth2.client.id": "c",
         "oauth2.client.secret": "not looked for"})]
# What is told of it ends within the word.
CUT = ("HttpSinkConnector", "http.url",
       f"http://{380 * 'u'}:{{}}@{NOBODY}/in", {})
JAAS = ("org.apache.kafka.common.security.plain.PlainLoginModule required "
        'username="u" password="{}";')


def client_keys():
    """Secret properties of Kafka's clients, Java's and librdkafka's."""
    with open(f"{ROOT}/tests/data/java-client-keys.txt",
              encoding="ascii") as f:
        names = [line.split()[0] for line in f]
    with open(f"{ROOT}/core/kafka/conf_allow.c", encoding="ascii") as f:
        names += re.findall(r'"([a-z0-9_.]+)",', f.read())
    found = sorted({n for n in names if SECRET.search(n)})
    assert len(found) >= 8
    return found


def worker_keys():
    """The worker's own, as their tables say."""
    found = []
    for path in glob.glob(f"{ROOT}/core/config/*_keys.c"):
        with open(path, encoding="ascii") as f:
            found += re.findall(r'KEY\("([^"]+)", PASSWORD', f.read())
    assert len(found) >= 7
    return found


def word(prefix, key):
    text = prefix + re.sub(r"[^a-z0-9]+", "-", key.lower())
    return JAAS.format(text) if key.endswith("jaas.config") else text


class Canaries:
    def __init__(self, worker):
        self.worker = worker
        self.rest = worker.rest
        self.made, self.answers = [], []
        self.of_urls, self.outages = [], []
        self.asked = set()
        self.provided = {}

    def provide(self, key):
        """A reference to a word in the file of words."""
        name = f"k{len(self.provided)}"
        self.provided[name] = word(PROVIDED, key)
        with open(f"{self.worker.folder}/words", "w", encoding="ascii") as f:
            for n, value in self.provided.items():
                f.write(f"{n}={value}\n")
        return "${words:" + self.worker.folder + f"/words:{name}}}"

    def put(self, config, *keys, shape="{}"):
        """Two connectors, with the words themselves and by reference; what
        was answered is kept, whether it was taken or not."""
        self.asked.update(keys)
        for kind, value in (("literal", lambda k: word(LITERAL, k)),
                            ("provided", self.provide)):
            name = f"{kind}-{len(self.answers)}"
            body = {**config, **{
                k: shape.replace("{}", value(k)) for k in keys}}
            ask = self.rest.request(
                "PUT", "/connector-plugins/"
                f"{config['connector.class']}/config/validate",
                stringified({**body, "name": name}))
            made = self.rest.request("POST", "/connectors", {
                "name": name, "config": stringified(body)})
            assert ask.status_code in (200, 400, 500), ask.text
            assert made.status_code in (201, 400), made.text
            self.answers += [ask.text, made.text]
            if made.status_code == 201:
                self.made.append(name)


def definitions(rest):
    """class: (type, names of its secret keys), of every class there is."""
    found = {}
    for plugin in rest.get("/connector-plugins?connectorsOnly=false"):
        keys = rest.get(f"/connector-plugins/{plugin['class']}/config")
        found.setdefault(plugin["class"], (plugin["type"], [
            k["name"] for k in keys if k["type"] == "PASSWORD"]))
    return found


def bases(worker, receiver, postgres, s3):
    """What a connector of the class needs to be taken."""
    found = [configs.file_source(worker.folder + "/in", worker.topic),
             configs.file_sink("/dev/null", worker.topic),
             configs.postgres_source(postgres, "postgres", "no_table", "p."),
             configs.postgres_sink(postgres, "postgres", worker.topic, "t"),
             configs.http_sink(receiver.url, worker.topic),
             configs.s3_sink(s3, "no-such-bucket", worker.topic)]
    return {c["connector.class"].rsplit(".", 1)[-1]: c for c in found}


def base_of(known, name):
    simple = name.rsplit(".", 1)[-1]
    return known.get(simple, known.get(simple.removesuffix("Connector"), {
        "connector.class": name, "topics": "x", "topic": "x"}))


@pytest.fixture(scope="module")
def birds(kafka, shared_worker, postgres, s3, unique):
    receiver = Receiver().start()
    receiver.script(lambda i, r: Reply(422, b"no"))
    w = shared_worker(kafka.bootstrap, start=False)
    for prefix in "", "producer.", "consumer.", "admin.", "listeners.https.":
        for key in {*worker_keys(), *client_keys()}:
            # Certificates and keys themselves are read at once.
            if not key.endswith((".key", ".chain", ".certificates", ".pem")):
                w.properties[prefix + key] = word(WORKER, key)
    w.properties.update({"config.providers": "words",
                         "config.providers.words.class": FILE})
    w.start()
    for logger in ("root", "worker", "kafka", "task", "rest"):
        w.rest.request("PUT", f"/admin/loggers/{logger}", {"level": "DEBUG"})
    w.topic = kafka.create_topic(unique("canaries"))
    kafka.produce(w.topic, [b'{"id":1}', b"{nonsense"])
    c = Canaries(w)
    c.kafka, c.receiver = kafka, receiver
    c.defined = definitions(w.rest)
    known = bases(w, receiver, postgres, s3)
    for name, (kind, keys) in c.defined.items():
        if kind in ("source", "sink") and keys:
            c.put(base_of(known, name), *keys)
        elif kind == "converter" and keys:
            c.put({**known["FileStreamSink"], "value.converter": name,
                   "value.converter.schema.registry.url": receiver.url},
                  *[f"value.converter.{k}" for k in keys])
        elif kind == "transformation" and keys:
            c.put({**known["FileStreamSink"], "transforms": "t",
                   "transforms.t.type": name},
                  *[f"transforms.t.{k}" for k in keys])
    for key in client_keys():
        c.put(known["FileStreamSink"], *[f"{p}.override.{key}" for p in (
            "producer", "consumer", "admin")])
    host = postgres.jdbc("postgres").split("/")[2].split("?")[0]
    for kind, key, url, more in [CUT, *URLS]:
        first, n = len(c.made), len(c.answers)
        c.put({**known[kind], **more, "errors.tolerance": "all"}, key,
              shape=url.replace("HOST", host))
        both = [f"literal-{n}", f"provided-{n + 2}"]
        assert c.made[first:] == both, c.answers[n:]
        c.of_urls += [(name, key) for name in both]
        c.outages += both if "Jdbc" not in kind else []
    c.cut, c.outages = c.outages[:2], c.outages[2:]
    for name in c.made:
        wait_for(f"{name} to run", lambda n=name: c.rest.status(n)[
            "connector"]["state"] != "UNASSIGNED")
    yield c
    receiver.close()


def last_config(birds, name):
    key = f"connector-{name}".encode()
    return [json.loads(r.value) for r in birds.kafka.consume(
        birds.worker.properties["config.storage.topic"])
        if r.key == key][-1]["properties"]


def silent(text, prefixes=EVERY):
    if isinstance(text, bytes):
        text = text.decode("latin-1")
    for prefix in prefixes:
        at = text.find(prefix)
        assert at < 0, f"…{text[max(0, at - 200):at + 60]}…"


def test_all_that_is_secret_was_asked_about(birds):
    """Whatever has a definition is among what was given a word."""
    asked = {key.split("value.converter.")[-1].split("transforms.t.")[-1]
             for key in birds.asked}
    for name, (_, keys) in birds.defined.items():
        assert set(keys) <= asked, name
    kinds = {kind for kind, keys in birds.defined.values() if keys}
    assert kinds >= {"source", "sink", "converter"}, kinds
    assert len(asked) > 20
    assert len(birds.made) - len(birds.of_urls) > 8, birds.made


def test_answers_to_who_gave_them_are_silent(birds):
    for text in birds.answers:
        silent(text)


def test_every_answer_is_silent(birds):
    for path in ("/", "/metrics", "/connectors?expand=info&expand=status",
                 "/connector-plugins?connectorsOnly=false", "/admin/loggers"):
        silent(birds.rest.request("GET", path).text)
    for name in birds.made:
        for path in ("", "/config", "/status", "/tasks", "/tasks/0/status",
                     "/offsets", "/topics", "/logs", "/revisions"):
            silent(birds.rest.request(
                "GET", f"/connectors/{name}{path}").text)


def test_an_outage_names_the_url_without_its_secret(birds):
    """What the sink could not reach is a cause that all may read."""
    assert len(birds.outages) == 8
    for name in birds.outages:
        task = wait_for("a cause", lambda n=name: [
            t for t in birds.rest.status(n)["tasks"] if t.get("cause")])[0]
        assert NOBODY in task["cause"] and "[hidden]" in task["cause"], task
        silent(json.dumps(birds.rest.status(name)))


def test_a_word_that_is_cut_is_not_told_either(birds):
    assert len(birds.cut) == 2
    for name in birds.cut:
        task = wait_for("a cause", lambda n=name: [
            t for t in birds.rest.status(n)["tasks"] if t.get("cause")])[0]
        assert "http://[hidden]" in task["cause"], task
        silent(json.dumps(birds.rest.status(name)))


def test_urls_are_shown_without_their_secrets_and_keep_them(birds):
    """What was read can be changed and sent back."""
    assert len(birds.of_urls) == 2 * len([CUT, *URLS])
    for name, key in birds.of_urls:
        path = f"/connectors/{name}/config"
        config = birds.rest.get(path)
        stored = last_config(birds, name)
        assert "[hidden]" in config[key] or name.startswith("provided"), config
        assert "[hidden]" not in stored[key], stored
        birds.rest.call("PUT", path, {**config, "x.note": "changed"})
        now = wait_for("the change", lambda n=name: last_config(birds, n).get(
            "x.note") and last_config(birds, n))
        assert now == {**stored, "x.note": "changed"}


def told_by(pid):
    """The arguments and the environment of a process; None: it has ended, as
    one that validates does."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as f, \
                open(f"/proc/{pid}/environ", "rb") as g:
            return f.read() + g.read()
    except (FileNotFoundError, ProcessLookupError):
        return None


def test_logs_and_processes_are_silent(birds):
    silent(birds.worker.log_text())
    told = list(filter(None, map(told_by, process.tree(
        birds.worker.process.pid))))
    assert len(told) > 5
    silent(b" ".join(told))


def test_topics_are_silent_but_for_what_was_given_plainly(birds):
    """The config topic is what remembers a literal; a reference stays one."""
    for kind in ("config", "offset", "status"):
        topic = birds.worker.properties[f"{kind}.storage.topic"]
        for r in birds.kafka.consume(topic):
            silent((r.key or b"") + b" " + (r.value or b""),
                   (WORKER, PROVIDED) if kind == "config" else EVERY)
    silent(json.dumps([str(r) for r in birds.kafka.consume(
        birds.worker.topic)]))


def test_they_are_silent_after_a_restart_too(birds):
    birds.worker.restart()
    for name in birds.made:
        silent(birds.rest.request("GET", f"/connectors/{name}/config").text)
    silent(birds.worker.log_text())
    assert env.reports() == []
