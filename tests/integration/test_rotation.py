"""Secrets that change while tasks run: a vault's, in leases, and a file's. The
task keeps its process, its next connection uses the newest, nothing is
lost."""

import base64
import json
import os
import struct
import threading

import pytest

from support import configs
from support.env import wait_for
from support.files import lines_of
from support.receiver import Receiver, Reply
from support.registry import ScriptedRegistry
from support.s3 import SECRET_KEY

FILE = "org.apache.kafka.common.config.provider.FileConfigProvider"
TOKEN = "s.canary-vault-token-5e"


class Vault:
    """KV v2 below /v1/secret/data/, leases of one second"""

    def __init__(self):
        self.server = Receiver()
        self.server.script(self.answer)
        self.secrets, self.status, self.asked = {}, None, 0

    def answer(self, index, request):
        self.asked += 1
        if self.status:
            return Reply(self.status, b'{"errors":["canary-error"]}')
        if request.headers.get("x-vault-token") != TOKEN:
            return Reply(403, b'{"errors":["permission denied"]}')
        secret = self.secrets.get(request.path.removeprefix("/v1/"))
        if secret is None:
            return Reply(404, b'{"errors":[]}')
        return Reply(200, json.dumps({"lease_duration": 1, "data": {
            "data": secret, "metadata": {"version": 1}}}).encode())


@pytest.fixture(scope="module")
def vault():
    v = Vault()
    v.server.start()
    yield v
    v.server.close()


@pytest.fixture(scope="module")
def rotated(kafka, shared_worker, vault, session_dir):
    path = f"{session_dir}/vault-token"
    with open(path, "w", encoding="ascii") as f:
        f.write(TOKEN + "\n")
    w = shared_worker(kafka.bootstrap, **{
        "config.providers": "vault,file",
        "config.providers.vault.class": "vault",
        "config.providers.vault.param.address": vault.server.url,
        "config.providers.vault.param.token.file": path,
        "config.providers.file.class": FILE,
        "config.providers.file.param.ttl.ms": "200"})
    return w


@pytest.fixture
def role(postgres, db, sql, vault, unique):
    """A role that logs in with a password; rotate() gives it another."""
    name = unique("role").replace("-", "_")
    postgres.execute("postgres", f'CREATE ROLE "{name}" LOGIN SUPERUSER '
                     "IN ROLE secured")

    class Role:
        path, count = f"secret/data/{name}", 0

        def rotate(self, told=True):
            self.count += 1
            self.password = f"{name}-{self.count}"
            postgres.execute("postgres", f'ALTER ROLE "{name}" PASSWORD '
                             f"'{self.password}'")
            if told:
                self.tell()

        def tell(self, password=None):
            vault.secrets[self.path] = {
                "user": name, "password": password or self.password}

        def of(self, key):
            return f"${{vault:{self.path}:{key}}}"

        def disconnect(self):
            postgres.execute("postgres", "SELECT pg_terminate_backend(pid) "
                             f"FROM pg_stat_activity WHERE usename='{name}'")
    role = Role()
    role.name = name
    role.rotate()
    yield role
    role.disconnect()
    postgres.execute(db, f'DROP OWNED BY "{name}" CASCADE; '
                     f'DROP ROLE "{name}"')


def log_count(w, text):
    return w.log_text().count(text)


def wait_renewed(w, before):
    wait_for("the new secret", lambda: log_count(
        w, "reconfigured: config providers answer anew") > before)


def test_a_wrong_vault_is_refused_and_shows_no_secret(rotated, vault, role,
                                                      postgres, db, topic):
    t = topic("t")
    config = configs.postgres_sink(postgres, db, t, "t", **{
        "connection.user": role.of("user"),
        "connection.password": role.of("password")})
    for change, words in [
            ({"connection.password": "${vault:secret/data/none:x}"},
             "nothing at secret/data/none"),
            ({"connection.password": role.of("none")}, "no text under none")]:
        r = rotated.rest.request("PUT", "/connectors/wrong/config",
                                 {**config, **change})
        assert r.status_code == 400 and words in r.text, r.text
        assert role.password not in r.text and TOKEN not in r.text
    vault.status = 503
    r = rotated.rest.request("PUT", "/connectors/wrong/config", config)
    vault.status = None
    assert r.status_code >= 400 and "cannot answer" in r.text, r.text
    assert "canary" not in r.text


@pytest.mark.timeout(240)
def test_a_sink_goes_on_with_each_new_password(
        rotated, vault, role, postgres, db, kafka, topic, sql, unique):
    t, name = topic("t"), unique("snk")
    rotated.rest.create(name, configs.postgres_sink(
        postgres, db, t, "t", **{
            "connection.user": role.of("user"),
            "connection.password": role.of("password"),
            "auto.create": "true", "insert.mode": "upsert",
            "pk.mode": "record_value", "pk.fields": "id",
            "value.converter": configs.JSON}))
    schema = {"type": "struct", "fields": [
        {"field": "id", "type": "int64", "optional": False}]}
    sent, stop = [0], threading.Event()

    def produce():
        while not stop.is_set():
            kafka.produce(t, [json.dumps({
                "schema": schema, "payload": {"id": sent[0] + n}})
                for n in range(20)])
            sent[0] += 20
            stop.wait(0.1)
    producer = threading.Thread(target=produce)
    producer.start()
    try:
        wait_for("its first rows", lambda: sql("SELECT count(*) FROM t")[0][0])
        pid = rotated.wait_task(name)
        for _ in range(3):
            before = log_count(rotated, "reconfigured: config providers")
            role.rotate()
            wait_renewed(rotated, before)
            role.disconnect()  # the next connection needs the new one
    finally:
        stop.set()
        producer.join()
    wait_for("the table", lambda: sql("SELECT count(*) FROM t")[0][0]
             == sent[0])
    assert rotated.wait_task(name) == pid
    assert role.password not in rotated.log_text()
    assert TOKEN not in rotated.log_text()
    # Wrong ones are shown, cost nothing, and are tried until they are right.
    role.count += 1
    role.tell(password="wrong-password-1")
    rotated.rest.wait_cause(name, "refused")
    kafka.produce(t, [json.dumps({"schema": schema, "payload": {"id": -1}})])
    wait_for("the row", lambda: sql(
        "SELECT count(*) FROM t WHERE id = -1")[0][0] == 1)
    role.tell()
    wait_for("the end of it", lambda: not rotated.rest.status(name)[
        "tasks"][0].get("cause"))
    assert rotated.wait_task(name) == pid
    rotated.rest.delete(name)


@pytest.mark.timeout(240)
def test_a_source_goes_on_with_each_new_password(
        rotated, role, postgres, db, kafka, sql, unique, folder):
    prefix, name = unique("p") + "-", unique("src")
    path = folder + "/pg.properties"

    def tell():
        with open(path, "w", encoding="ascii") as f:
            f.write(f"password={role.password}\n")
    tell()
    kafka.create_topic(prefix + "t")
    sql("CREATE TABLE t (id bigint PRIMARY KEY)")
    rotated.rest.create(name, configs.postgres_source(
        postgres, db, "t", prefix, **{
            "connection.user": role.name,
            "connection.password": f"${{file:{path}:password}}"}))
    sql("INSERT INTO t VALUES (300)")
    kafka.wait_records(prefix + "t", 1)
    pid = rotated.wait_task(name)
    for n in range(3):
        before = log_count(rotated, "reconfigured: config providers")
        role.rotate()
        tell()
        sql(f"INSERT INTO t SELECT generate_series({n * 100}, "
            f"{n * 100 + 99})")
        wait_renewed(rotated, before)
        role.disconnect()
    records = kafka.wait_records(prefix + "t", 301)
    ids = [json.loads(r.value)["id"] for r in records]
    assert sorted(set(ids)) == list(range(301))
    assert rotated.wait_task(name) == pid
    rotated.rest.delete(name)


def test_a_source_that_begins_anew_has_the_newest_password(
        rotated, role, postgres, db, kafka, sql, unique):
    """As it does in its process, once a record is refused."""
    prefix, name = unique("p") + "-", unique("src")
    kafka.create_topic(prefix + "t", max_message_bytes=2000)
    sql("CREATE TABLE t (id bigint PRIMARY KEY, v text)")
    rotated.rest.create(name, configs.postgres_source(
        postgres, db, "t", prefix, **{
            "connection.user": role.name,
            "connection.password": role.of("password"),
            "errors.tolerance": "all"}))
    sql("INSERT INTO t VALUES (1, 'a')")
    kafka.wait_records(prefix + "t", 1)
    pid = rotated.wait_task(name)
    before = log_count(rotated, "reconfigured: config providers")
    role.rotate()
    wait_renewed(rotated, before)
    sql("INSERT INTO t SELECT 2, string_agg(md5(n::text), '') "
        "FROM generate_series(1, 1000) n")
    sql("INSERT INTO t VALUES (3, 'c')")
    ids = [json.loads(r.value)["id"]
           for r in kafka.wait_records(prefix + "t", 2)]
    assert sorted(set(ids)) == [1, 3]
    assert rotated.wait_task(name) == pid
    rotated.rest.delete(name)


class Words:
    """A properties file; what config providers answer for its keys."""

    def __init__(self, path):
        self.path = path

    def tell(self, **words):
        with open(self.path + ".new", "w", encoding="ascii") as f:
            f.writelines(f"{k}={v}\n" for k, v in words.items())
        os.replace(self.path + ".new", self.path)

    def of(self, key):
        return f"${{file:{self.path}:{key}}}"


@pytest.fixture
def words(folder):
    return Words(folder + "/words.properties")


def basic(user, word):
    return "Basic " + base64.b64encode(f"{user}:{word}".encode()).decode()


# What the endpoint wants of the word: the header that it looks at, its value.
KINDS = {
    "static": ({"http.headers.authorization": "%"},
               "authorization", lambda word: word),
    "basic": ({"http.basic.username": "u", "http.basic.password": "%"},
              "authorization", lambda word: basic("u", word)),
    "bearer": ({"http.bearer.token": "%"},
               "authorization", lambda word: "Bearer " + word),
    "none": ({"http.headers.additional": "x-api-key:%"},
             "x-api-key", lambda word: word)}


@pytest.mark.parametrize("kind", KINDS)
def test_an_http_sink_goes_on_with_each_new_word(
        rotated, kafka, topic, receiver, words, unique, kind):
    t, name = topic("t"), unique("snk")
    settings, header, value = KINDS[kind]
    wanted = ["word-1"]
    receiver.script(lambda i, r: None if r.headers.get(header)
                    == value(wanted[0]) else Reply(401))

    def numbers():
        return [x["n"] for r in receiver.accepted() for x in r.json()]
    words.tell(word="word-1")
    rotated.rest.create(name, configs.http_sink(receiver.url, t, **{
        "http.authorization.type": kind, **{
            k: v.replace("%", words.of("word"))
            for k, v in settings.items()}}))
    kafka.produce(t, [b'{"n":0}'])
    wait_for("the first", lambda: numbers() == [0])
    pid = rotated.wait_task(name)
    for n in (1, 2):
        wanted[0] = f"word-{n + 1}"
        kafka.produce(t, [b'{"n":%d}' % n])
        rotated.rest.wait_cause(name, "status 401")
        words.tell(word=wanted[0])
        wait_for("the next", lambda: numbers() == list(range(n + 1)))
    assert rotated.wait_task(name) == pid
    rotated.rest.delete(name)


def test_an_http_sink_gets_its_token_with_the_new_secret(
        rotated, kafka, topic, receiver, words, unique):
    t, name = topic("t"), unique("snk")
    wanted = ["word-1"]

    def give(index, request):
        if request.headers["authorization"] != basic("id", wanted[0]):
            return Reply(401)
        return Reply(200, b'{"access_token":"%s","expires_in":3600}'
                     % wanted[0].encode())
    receiver.script_tokens(give)
    receiver.script(lambda i, r: None if r.headers.get("authorization")
                    == "Bearer " + wanted[0] else Reply(401))
    words.tell(word="word-1")
    rotated.rest.create(name, configs.http_sink(receiver.url, t, **{
        "http.authorization.type": "oauth2",
        "oauth2.access.token.url": receiver.url + "/token",
        "oauth2.client.id": "id", "oauth2.client.secret": words.of("word")}))
    kafka.produce(t, [b'{"n":0}'])
    wait_for("the first", lambda: len(receiver.accepted()) == 1)
    pid = rotated.wait_task(name)
    wanted[0] = "word-2"
    kafka.produce(t, [b'{"n":1}'])
    rotated.rest.wait_cause(name, "/token: status 401")
    words.tell(word="word-2")
    wait_for("the next", lambda: len(receiver.accepted()) == 2)
    assert rotated.wait_task(name) == pid
    rotated.rest.delete(name)


def test_an_s3_sink_signs_with_the_new_key(
        rotated, kafka, topic, s3, bucket, words, unique):
    """Which is wrong first."""
    t, name = topic("t"), unique("snk")

    def numbers():
        return [json.loads(x)["n"] for x in s3.lines(bucket, "topics/" + t)]
    words.tell(secret=SECRET_KEY)
    rotated.rest.create(name, configs.s3_sink(s3, bucket, t, flush_size=1, **{
        "aws.secret.access.key": words.of("secret")}))
    kafka.produce(t, [b'{"n":0}'])
    wait_for("the first", lambda: numbers() == [0])
    pid = rotated.wait_task(name)
    before = log_count(rotated, "reconfigured: config providers")
    words.tell(secret="wrong-word")
    wait_renewed(rotated, before)
    kafka.produce(t, [b'{"n":1}'])
    rotated.rest.wait_cause(name, "403")
    words.tell(secret=SECRET_KEY)
    wait_for("the next", lambda: numbers() == [0, 1])
    assert rotated.wait_task(name) == pid
    assert "wrong-word" not in rotated.log_text()
    rotated.rest.delete(name)


def test_for_what_a_running_task_cannot_be_given_it_starts_again(
        rotated, kafka, topic, s3, bucket, receiver, words, unique):
    """Where to deliver is no secret."""
    t, names = topic("t"), [unique("s3"), unique("http")]
    words.tell(dir="one", path="one")
    rotated.rest.create(names[0], configs.s3_sink(
        s3, bucket, t, flush_size=1, **{"topics.dir": words.of("dir")}))
    rotated.rest.create(names[1], configs.http_sink(
        f"{receiver.url}/{words.of('path')}", t))
    kafka.produce(t, [b'{"n":0}'])
    wait_for("the first", lambda: s3.lines(bucket, "one/" + t)
             and receiver.accepted())
    pids = [rotated.wait_task(name) for name in names]
    words.tell(dir="two", path="two")
    wait_for("other tasks", lambda: all(
        rotated.wait_task(name) != pid for name, pid in zip(names, pids)))
    kafka.produce(t, [b'{"n":1}'])
    wait_for("the next", lambda: s3.lines(bucket, "two/" + t)
             and [r.path for r in receiver.accepted()] == ["/one", "/two"])
    for name, key in zip(names, ("topics.dir", "http.url")):
        assert f"answer for {key} has changed: starts again" \
            in rotated.log_text()
        rotated.rest.delete(name)


@pytest.mark.parametrize("kind", ["basic", "bearer"])
def test_a_converter_asks_its_registry_with_the_new_word(
        rotated, kafka, topic, words, unique, folder, kind):
    """For each schema that it does not know yet."""
    t, name, path = topic("t"), unique("snk"), folder + "/out"
    settings, value = {
        "basic": ({"basic.auth.credentials.source": "USER_INFO",
                   "basic.auth.user.info": "u:%"}, lambda w: basic("u", w)),
        "bearer": ({"bearer.auth.token": "%"}, lambda w: "Bearer " + w)}[kind]
    wanted, registry = ["word-0"], ScriptedRegistry().start()
    registry.faults = lambda i, r: None if r.headers.get(
        "authorization") == value(wanted[0]) else Reply(401)

    def produce(n):
        registry.schemas.append(json.dumps({
            "type": "record", "name": f"R{n}",
            "fields": [{"name": "n", "type": "int"}]}))
        kafka.produce(t, [struct.pack(">bIb", 0, len(registry.schemas),
                                      2 * n)])
    words.tell(word="word-0")
    try:
        rotated.rest.create(name, configs.file_sink(path, t, **{
            "value.converter": "io.confluent.connect.avro.AvroConverter",
            "value.converter.schema.registry.url": registry.url, **{
                "value.converter." + k: v.replace("%", words.of("word"))
                for k, v in settings.items()}}))
        produce(0)
        wait_for("the first", lambda: lines_of(path) == ["Struct{n=0}"])
        pid = rotated.wait_task(name)
        for n in (1, 2):
            before = log_count(rotated, "reconfigured: config providers")
            wanted[0] = f"word-{n}"
            words.tell(word=wanted[0])
            wait_renewed(rotated, before)
            produce(n)
            wait_for("the next", lambda: lines_of(path) == [
                f"Struct{{n={x}}}" for x in range(n + 1)])
        assert rotated.wait_task(name) == pid
        assert 401 not in {r.status for r in registry.requests}
        rotated.rest.delete(name)
    finally:
        registry.close()
