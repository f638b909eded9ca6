"""What people get wrong: each answer names the thing and its value, comes in
bounded time, and the worker goes on as if nothing had been."""

import json
import time

import pytest
import requests

from support import configs
from support.env import HOST, free_port, wait_for


@pytest.fixture(scope="module")
def bad(kafka, shared_worker):
    """One worker for all of these: none may harm it."""
    w = shared_worker(kafka.bootstrap)
    yield w
    assert w.process.running()
    assert w.rest.get("/connectors") == []


def post(worker, data, path="/connectors", method="POST", **kwargs):
    headers = kwargs.pop("headers", {"Content-Type": "application/json"})
    began = time.monotonic()
    r = requests.request(method, worker.rest.url + path, data=data,
                         headers=headers, timeout=60, **kwargs)
    assert time.monotonic() - began < 30
    return r


def refused(worker, config, name="x"):
    """The message with which POST refuses a configuration."""
    r = post(worker, json.dumps({"name": name, "config": config}))
    assert r.status_code == 400, r.text
    assert r.json()["error_code"] == 400
    return r.json()["message"]


@pytest.mark.parametrize("body", [
    b"", b"{", b"nonsense", b"[]", b"null", b'"x"', b"42",
    b'{"name": "x", "config": {"a": 1}', b'{"name": "x"} trailing',
    b'{"name": "x", "config": []}', b'{"name": 1, "config": {}}',
    b'{"name": "x", "config": {"a": {}}}', b'{"name": "x", "config": null}',
    b'{"name": "x", "config": {}, "surprise": 1}',
    b'{"name": "x", "config": {}, "initial_state": "SLEEPING"}',
    b"\xff\xfe\x00", b'{"name": "\xff", "config": {}}'])
def test_malformed_bodies(bad, body):
    r = post(bad, body)
    assert r.status_code == 400, r.text
    assert r.json()["error_code"] == 400
    assert r.json()["message"]


def test_a_body_of_ten_megabytes(bad):
    big = json.dumps({"name": "x", "config": {"a": "x" * (10 << 20)}})
    r = post(bad, big)
    assert r.status_code == 413, r.text
    assert "1048576" in r.json()["message"]


def test_json_a_thousand_levels_deep(bad):
    r = post(bad, b'{"name":"x","config":' + b"[" * 1000 + b"]" * 1000 + b"}")
    assert r.status_code == 400
    assert "deeper than 64" in r.json()["message"]


def test_an_unknown_class_names_the_nearest(bad):
    message = refused(bad, {"connector.class": "FileStreamSuorce",
                            "topic": "t", "file": "/x"})
    assert "FileStreamSuorce" in message
    assert "FileStreamSource" in message


def test_no_class(bad):
    assert "contains no connector type" in refused(bad, {"topic": "t"})


def test_an_unknown_key_is_no_error_but_an_unsupported_one_is(bad):
    r = bad.rest.call("PUT", "/connector-plugins/FileStreamSource/config/"
                      "validate", {"connector.class": "FileStreamSource",
                                   "name": "x", "topic": "t", "file": "/x",
                                   "no.such.key": "1"})
    assert r["error_count"] == 0, r
    bad.wait_log("The configuration 'no.such.key' was supplied but isn't a "
                 "known config")
    bad.rest.call("PUT", "/connector-plugins/FileStreamSource/config/"
                  "validate", {"connector.class": "FileStreamSource",
                               "name": "x", "topik": "t"})
    bad.wait_log("'topik' was supplied but isn't a known config, the nearest "
                 "is topic")
    message = refused(bad, {
        "connector.class": "io.confluent.connect.s3.S3SinkConnector",
        "topics": "t", "s3.bucket.name": "b", "flush.size": "1",
        "storage.class": "io.confluent.connect.s3.storage.S3Storage",
        "format.class": "io.confluent.connect.s3.format.parquet"
                        ".ParquetFormat"})
    assert "format.class" in message and "ParquetFormat" in message


AVRO = "io.confluent.connect.avro.AvroConverter"
JSON = "org.apache.kafka.connect.json.JsonConverter"


@pytest.mark.parametrize("given,words", [
    ({"value.converter": JSON, "value.converter.schema.enable": "false"},
     ["'value.converter.schema.enable' was supplied but isn't a known config, "
      "the nearest is value.converter.schemas.enable"]),
    ({"value.converter.schemas.enable": "false"},
     ["'value.converter.schemas.enable' has no effect",
      "Give value.converter beside it"]),
    ({"key.converter": JSON, "key.converter.schema.content": "{}"},
     ["'key.converter.schema.content' was supplied but isn't"]),
    ({"value.converter": AVRO, "value.converter.schema.registry.url":
      "http://127.0.0.1:1", "value.converter.schema.registry.ssl.protocol":
      "TLSv1.3"}, ["registry.ssl.protocol': Has no effect", "Leave it out"]),
    ({"value.converter": AVRO, "value.converter.schema.registry.url":
      "http://127.0.0.1:1", "value.converter.auto.register.schema": "true"},
     ["the nearest is value.converter.auto.register.schemas"]),
])
def test_a_converters_key_that_nobody_reads_is_told(bad, given, words):
    before = len(bad.log_text())
    bad.rest.call("PUT", "/connector-plugins/FileStreamSource/config/"
                  "validate", {"connector.class": "FileStreamSource",
                               "name": "x", "topic": "t", "file": "/x",
                               **given})
    for word in words:
        wait_for(word, lambda word=word: word in bad.log_text()[before:])
    assert "converter.type" not in bad.log_text()[before:]


IDS = "io.confluent.kafka.serializers.schema.id."
CONTEXTS = "io.confluent.kafka.serializers.context."
OF_REGISTRY = {
    "AvroConverter": "io.confluent.connect.avro.AvroConverter",
    "JsonSchemaConverter": "io.confluent.connect.json.JsonSchemaConverter",
    "ProtobufConverter": "io.confluent.connect.protobuf.ProtobufConverter"}


@pytest.mark.parametrize("which,key,other,usual,way_out", [
    ("", "rule.executors", "encrypt", "", "by a transform"),
    ("", "rule.actions", "dlq", "", "by a transform"),
    ("", "rule.executors._default_.param.access.key.id", "x", None,
     "by a transform"),
    ("", "use.latest.with.metadata", "a=b", "", "use.schema.id"),
    ("", "context.name.strategy", "x.Mine",
     CONTEXTS + "NullContextNameStrategy", "contexts"),
    ("", "key.schema.id.serializer", IDS + "HeaderSchemaIdSerializer",
     IDS + "PrefixSchemaIdSerializer", "before the payload"),
    ("", "value.schema.id.serializer", IDS + "HeaderSchemaIdSerializer",
     IDS + "PrefixSchemaIdSerializer", "before the payload"),
    ("", "latest.cache.ttl.sec", "60", "-1", "Restart the task"),
    ("JsonSchemaConverter", "json.fail.invalid.schema", "true", "FALSE",
     "by a transform"),
    ("ProtobufConverter", "optional.for.proto2", "false", "true",
     "required"),
    ("ProtobufConverter", "generate.struct.for.nulls", "true", "false",
     "Struct"),
    ("ProtobufConverter", "generalized.sum.type.support", "true", "false",
     "unions"),
])
def test_what_would_change_what_is_written_is_refused(
        bad, which, key, other, usual, way_out):
    """Or leave in the clear what was to be encrypted."""
    for name, java in OF_REGISTRY.items():
        if which not in ("", name):
            continue
        given = {
            "connector.class": "FileStreamSource", "name": "x", "topic": "t",
            "file": "/x", "value.converter": java,
            "value.converter.max.retries": "0",
            "value.converter.schema.registry.url": "http://127.0.0.1:1"}
        text = errors_of(bad, {**given, "value.converter." + key: other})
        assert key in text and way_out in text, text
        assert usual is None or other in text, text
        text = errors_of(bad, {**given, "value.converter." + key: usual})
        assert key not in text, text


def test_texts_are_utf_8_and_nothing_else(bad):
    """Java takes every charset it has; what one cannot say there becomes a
    question mark without a word, so that is refused before it runs."""
    given = {"connector.class": "FileStreamSource", "name": "x", "topic": "t",
             "file": "/x", "value.converter":
             "org.apache.kafka.connect.storage.StringConverter"}
    key = "value.converter.converter.encoding"
    text = errors_of(bad, {**given, key: "ISO-8859-1"})
    for words in (key, "ISO-8859-1", "UTF-8"):
        assert words in text, text
    for usual in ("UTF-8", "utf8", None):
        assert errors_of(bad, {**given, key: usual}) == "[]"


def errors_of(bad, config):
    answer = bad.rest.call(
        "PUT", "/connector-plugins/FileStreamSource/config/validate",
        {k: v for k, v in config.items() if v is not None})
    return str([[c["value"]["name"], c["value"]["value"],
                 c["value"]["errors"]] for c in answer["configs"]
                if c["value"]["errors"]])


def test_wrong_types_all_at_once(bad):
    message = refused(bad, {
        "connector.class": "FileStreamSink", "tasks.max": "many",
        "errors.retry.timeout": "soon", "errors.tolerance": "some",
        "errors.log.enable": "maybe"})
    assert "Invalid value many for configuration tasks.max: Not a number of" \
        " type INT" in message
    assert "Invalid value soon for configuration errors.retry.timeout: Not a" \
        " number of type LONG" in message
    assert "errors.tolerance" in message and "none, all" in message
    assert "Invalid value maybe for configuration errors.log.enable: Expected"\
        " value to be either true or false" in message
    assert "Must configure one of topics or topics.regex" in message
    assert "/connector-plugins/{connectorType}/config/validate" in message


@pytest.mark.parametrize("config,words", [
    ({"table.whitelist": "orders", "mode": "sometimes"}, ["mode", "sometimes"]),
    ({"mode": "incrementing", "tables": "x", "connection.url": "mysql://x/y"},
     ["connection.url", "mysql"]),
])
def test_postgres_source_values(bad, postgres, config, words):
    base = configs.postgres_source(postgres, "postgres", "t", "p.")
    message = refused(bad, {**base, **config})
    for word in words:
        assert word in message, message


def wait_told(worker, name, *words, timeout=40):
    """Until the connector's status, tasks included, holds all the words."""
    end = time.monotonic() + timeout
    while True:
        text = str(worker.rest.status(name))
        if all(w.lower() in text.lower() for w in words):
            return text
        assert time.monotonic() < end, text
        time.sleep(0.1)


def told_by(worker, config, *words):
    """Refused at once with these words, or created and its status says so."""
    r = post(worker, json.dumps({"name": "x", "config": config}))
    if r.status_code == 400:
        for word in words:
            assert word.lower() in r.text.lower(), r.text
        return r.text
    assert r.status_code == 201, r.text
    try:
        return wait_told(worker, "x", *words)
    finally:
        worker.rest.delete("x")


def test_an_unreachable_database(bad, postgres):
    port = free_port()
    config = configs.postgres_source(postgres, "postgres", "t", "p.", **{
        "connection.url": f"jdbc:postgresql://{HOST}:{port}/postgres"})
    told_by(bad, config, str(port))


def test_a_missing_table(bad, postgres, db):
    config = configs.postgres_source(postgres, db, "no_such_table", "p.")
    told_by(bad, config, "no_such_table", "table.whitelist", db)


def test_a_table_that_comes_later_is_read(bad, kafka, postgres, db, unique):
    prefix = unique("late") + "."
    config = configs.postgres_source(postgres, db, "later,there", prefix, **{
        "table.poll.interval.ms": 500})
    kafka.create_topic(prefix + "later")
    postgres.execute(db, "CREATE TABLE there (id bigserial PRIMARY KEY)")
    bad.rest.create("x", config)
    try:
        wait_told(bad, "x", "no table later", db)
        postgres.execute(db, "CREATE TABLE later (id bigserial PRIMARY KEY)")
        postgres.execute(db, "INSERT INTO later DEFAULT VALUES")
        kafka.wait_records(prefix + "later", 1)
        bad.rest.wait_running("x")
        assert "no table" not in str(bad.rest.status("x"))
    finally:
        bad.rest.delete("x")


def test_a_missing_database(bad, postgres):
    config = configs.postgres_source(postgres, "no_such_db", "t", "p.")
    told_by(bad, config, "no_such_db")


def test_a_wrong_password_is_told_but_not_shown(bad, postgres, db):
    role = "secured"
    try:
        postgres.execute("postgres",
                         f"CREATE ROLE {role} LOGIN PASSWORD 's3cret'")
    except Exception:  # pylint: disable=broad-except
        pass  # another test made it
    config = configs.postgres_source(postgres, db, "t", "p.", **{
        "connection.user": role, "connection.password": "wrong-canary-pw"})
    text = told_by(bad, config, role)
    assert "wrong-canary-pw" not in text
    assert "wrong-canary-pw" not in bad.log_text()


def test_a_jar_directory_as_plugin_path(kafka, new_worker, folder):
    open(folder + "/connect-file.jar", "wb").close()
    w = new_worker(kafka.bootstrap, start=False, plugin_path=folder)
    w.spawn()
    assert w.process.wait(30) != 0
    assert "connect-file.jar" in w.log_text()
    assert "plugin.path" in w.log_text()


def test_an_unknown_converter_class_in_the_worker_file(kafka, new_worker):
    w = new_worker(kafka.bootstrap, start=False)
    w.properties["value.converter"] = "org.example.MyConverter"
    w.spawn()
    assert w.process.wait(30) != 0
    assert "org.example.MyConverter" in w.log_text()
    assert "value.converter" in w.log_text()


def test_missing_keys_in_the_worker_file_are_all_named(kafka, new_worker):
    w = new_worker(kafka.bootstrap, start=False)
    for key in ("group.id", "config.storage.topic", "key.converter"):
        del w.properties[key]
    w.spawn()
    assert w.process.wait(30) != 0
    for key in ("group.id", "config.storage.topic", "key.converter"):
        assert key in w.log_text()


def test_a_config_topic_with_two_partitions_is_refused(kafka, new_worker):
    w = new_worker(kafka.bootstrap, start=False)
    name = w.properties["config.storage.topic"]
    kafka.create_topic(name, 2, cleanup_policy="compact")
    w.spawn()
    assert w.process.wait(60) != 0
    assert name in w.log_text() and "2 partitions" in w.log_text()


def test_an_internal_topic_that_is_not_compacted_is_refused(kafka, new_worker):
    w = new_worker(kafka.bootstrap, start=False)
    name = w.properties["offset.storage.topic"]
    kafka.create_topic(name, 5, cleanup_policy="delete")
    w.spawn()
    assert w.process.wait(60) != 0
    assert name in w.log_text() and "cleanup.policy=compact" in w.log_text()


def test_the_same_worker_cannot_run_twice(worker, kafka, new_worker):
    second = new_worker(kafka.bootstrap, start=False, group=worker.group)
    second.properties["listeners"] = worker.properties["listeners"]
    second.spawn()
    assert second.process.wait(60) != 0
    assert str(worker.port) in second.log_text()
    assert worker.rest.healthy()
