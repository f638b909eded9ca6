"""Converters whose schema registry fails: what is retried, what is a wrong
configuration, and what goes on from memory. The registry is scripted."""

import base64
import json
import os

import pytest
from confluent_kafka import KafkaException

from support import configs, stores
from support.child import Child
from support.env import HOST, free_port, wait_for
from support.receiver import Reply
from support.registry import ScriptedRegistry
from support.transcode import Refused, Transcoder
from test_poison import tolerant

QUICK = {"retries_wait_ms": "20", "retries_max_wait_ms": "40",
         "max_retries": "2"}


@pytest.fixture
def scripted():
    made = []

    def make(**kwargs):
        made.append(ScriptedRegistry(**kwargs).start())
        return made[-1]
    yield make
    for r in made:
        r.close()


@pytest.fixture
def transcoder():
    with Transcoder() as t:
        t.converter("json", "json", "JsonConverter", schemas_enable="true")
        yield t


def avro(t, url, **config):
    return t.converter("avro", "registry", "AvroConverter",
                       **{"schema_registry_url": url, **QUICK, **config})


def row(name, **fields):
    return json.dumps({"schema": {
        "type": "struct", "optional": False, "name": name, "fields": [
            {"field": f, "type": "int32", "optional": False}
            for f in fields]}, "payload": fields}).encode()


@pytest.mark.parametrize("fault", [
    Reply(429), Reply(500), Reply(503, b"busy"), Reply(cut=True),
    # whoever keeps people out, or stands before it and is no registry
    Reply(401), Reply(403), Reply(407), Reply(404, b"no such route"),
    Reply(400, b"<html>"), Reply(302)])
def test_what_passes_is_tried_again(scripted, transcoder, fault):
    r = scripted()
    r.faults = lambda index, _: fault if index < 2 else None
    avro(transcoder, r.url)
    assert transcoder.one("json", "avro", "t", row("R", a=1)) == \
        b"\x00\x00\x00\x00\x01\x02"
    assert len(r.requests) == 3


def test_one_request_for_any_number_of_records(scripted, transcoder):
    r = scripted()
    avro(transcoder, r.url)
    raws = transcoder.all("json", "avro", "t",
                          [row("R", a=i) for i in range(500)])
    assert len(set(raws)) == 500 and len(r.requests) == 1
    rows = transcoder.all("avro", "json", "t", raws)
    assert [json.loads(v)["payload"]["a"] for v in rows] == list(range(500))
    assert len(r.requests) == 3  # the schema, and which version it is


@pytest.mark.parametrize("normalize", ["false", "true"])
@pytest.mark.parametrize("register,where", [
    ("true", "/subjects/t-value/versions?normalize={}"),
    ("false", "/subjects/t-value?normalize={}&deleted=false")])
def test_the_registry_is_asked_to_normalize(
        scripted, transcoder, register, where, normalize):
    r = scripted()
    avro(transcoder, r.url, auto_register_schemas=register,
         normalize_schemas=normalize)
    assert isinstance(
        transcoder.one("json", "avro", "t", row("R", a=1)), bytes)
    assert [q.path for q in r.requests] == [where.format(normalize)]


def test_what_is_known_goes_on_while_the_registry_is_down(
        scripted, transcoder):
    """Known ids are written and read; a new one waits, and is an outage that
    costs one try and not one for each record."""
    r = scripted()
    avro(transcoder, r.url)
    known = transcoder.one("json", "avro", "t", row("R", a=1))
    assert isinstance(transcoder.one("avro", "json", "t", known), bytes)
    r.faults = lambda *_: Reply(503)
    before = len(r.requests)
    got = transcoder.all("json", "avro", "t", [
        row("R", a=1), *[row("New", b=i) for i in range(200)],
        row("R", a=1)])
    assert got[0] == got[-1] == known
    assert {v.code for v in got[1:-1]} == {"RETRY"}
    assert "answers 503" in got[1].text
    assert isinstance(transcoder.one("avro", "json", "t", known), bytes)
    assert len(r.requests) - before == 3  # max.retries is 2
    r.faults = lambda *_: None
    wait_for("the next try", lambda: isinstance(transcoder.one(
        "json", "avro", "t", row("New", b=7)), bytes))


def test_a_registry_that_is_not_there_is_an_outage(transcoder):
    avro(transcoder, f"http://{HOST}:{free_port()}")
    refused = transcoder.one("json", "avro", "t", row("R", a=1))
    assert refused.code == "RETRY" and "does not answer" in refused.text


def test_an_answer_that_does_not_come_is_an_outage(scripted, transcoder):
    r = scripted()
    r.faults = lambda *_: Reply(hang=30)
    avro(transcoder, r.url, http_read_timeout_ms="100",
         http_connect_timeout_ms="100")
    assert transcoder.one("json", "avro", "t", row("R", a=1)).code == "RETRY"


def test_the_next_address_is_asked(scripted, transcoder):
    r = scripted()
    avro(transcoder, f"http://{HOST}:{free_port()}, {r.url}/")
    assert isinstance(
        transcoder.one("json", "avro", "t", row("R", a=1)), bytes)


def test_what_is_refused_is_asked_once(scripted, transcoder):
    """an unknown id or a schema that is no good: not per record"""
    r = scripted()
    avro(transcoder, r.url)
    got = transcoder.all("avro", "json", "t",
                         [b"\x00\x00\x00\x00\x09\x02"] * 100)
    assert {v.code for v in got} == {"DATA"} and len(r.requests) == 1
    assert "Schema not found (40403)" in got[0].text
    r.faults = lambda *_: Reply(422, json.dumps(
        {"error_code": 42201, "message": "Invalid schema"}).encode())
    got = transcoder.all("json", "avro", "t", [row("R", a=1)] * 100)
    assert {v.code for v in got} == {"DATA"} and len(r.requests) == 2
    assert "Invalid schema (42201)" in got[0].text


@pytest.mark.parametrize("config,expected", [
    ({"basic_auth_credentials_source": "USER_INFO",
      "basic_auth_user_info": "alice:s:t"},
     "Basic " + base64.b64encode(b"alice:s:t").decode()),
    ({"bearer_auth_token": "T1"}, "Bearer T1"),
])
def test_credentials_are_sent(scripted, transcoder, config, expected):
    r = scripted()
    r.faults = lambda _, request: None if request.headers.get(
        "authorization") == expected else Reply(401)
    avro(transcoder, r.url, **config)
    assert isinstance(
        transcoder.one("json", "avro", "t", row("R", a=1)), bytes)
    avro(transcoder, r.url)
    refused = transcoder.one("json", "avro", "t", row("R", a=1))
    assert refused.code == "RETRY" and "without credentials" in refused.text
    user = r.url.replace("://", "://alice:s%3At@")
    if "basic_auth_user_info" in config:
        avro(transcoder, user)
        assert isinstance(
            transcoder.one("json", "avro", "t", row("R", a=1)), bytes)


def test_tls_is_checked(scripted, transcoder, folder):
    ca = stores.authority(folder)
    server = stores.signed(folder, "server", "DNS:localhost")
    client = stores.signed(folder, "client", "DNS:client")
    r = scripted(tls=server, client_ca=ca)
    trust = {"schema_registry_ssl_truststore_location": ca,
             "schema_registry_ssl_truststore_type": "PEM",
             "schema_registry_ssl_keystore_location": client}
    assert avro(transcoder, r.url, **trust) is None
    assert isinstance(
        transcoder.one("json", "avro", "t", row("R", a=1)), bytes)
    with open(ca, encoding="ascii") as f:
        text = f.read()
    avro(transcoder, r.url, schema_registry_ssl_truststore_certificates=text,
         schema_registry_ssl_keystore_location=client)
    assert isinstance(
        transcoder.one("json", "avro", "t", row("R", a=1)), bytes)
    avro(transcoder, r.url)
    refused = transcoder.one("json", "avro", "t", row("R", a=1))
    assert refused.code == "RETRY" and "certificate" in refused.text


def test_a_certificate_is_for_the_host_unless_any_will_do(
        scripted, transcoder, folder):
    ca = stores.authority(folder)
    r = scripted(tls=stores.signed(folder, "server", "DNS:elsewhere"))
    trust = {"schema_registry_ssl_truststore_location": ca}
    avro(transcoder, r.url, **trust)
    refused = transcoder.one("json", "avro", "t", row("R", a=1))
    assert refused.code == "RETRY" and "certificate" in refused.text
    avro(transcoder, r.url, **trust,
         schema_registry_ssl_endpoint_identification_algorithm="")
    assert isinstance(
        transcoder.one("json", "avro", "t", row("R", a=1)), bytes)


@pytest.mark.parametrize("config,words", [
    ({"schema_registry_url": "localhost:8081"}, "expected http://"),
    ({"basic_auth_credentials_source": "USER_INFO"}, "basic.auth.user.info"),
    ({"basic_auth_credentials_source": "SASL_INHERIT"}, "SASL_INHERIT"),
    ({"schema_registry_ssl_truststore_type": "JKS"}, "keytool"),
    ({"schema_registry_ssl_truststore_location": "/none.pem"}, "/none.pem"),
])
def test_wrong_settings_are_refused(transcoder, config, words):
    refused = avro(transcoder, "http://localhost:1", **config)
    assert isinstance(refused, Refused) and refused.code == "CONFIG"
    assert words in refused.text


def test_validation_asks_the_registry(scripted, transcoder):
    r = scripted()
    avro(transcoder, r.url)
    assert not transcoder.validate("avro")
    r.faults = lambda *_: Reply(404, b"nothing here")
    [(key, text)] = transcoder.validate("avro")
    assert key == "schema.registry.url" and "404" in text and r.url in text
    r.faults = lambda *_: Reply(401)
    [(key, text)] = transcoder.validate("avro")
    assert "credentials" in text
    r.close()
    [(key, text)] = transcoder.validate("avro")
    assert key == "schema.registry.url" and "does not answer" in text


@pytest.mark.parametrize("config,words", [
    ({"basic_auth_credentials_source": "USER_INFO",
      "basic_auth_user_info": "alice:canary"}, "user alice"),
    ({"bearer_auth_token": "canary"}, "bearer.auth.token"),
    ({}, "without credentials"),
    (None, "user bob"),
])
@pytest.mark.parametrize("status", [401, 403])
def test_who_is_not_let_in_is_named(
        scripted, transcoder, config, words, status):
    """An outage, since users are changed at one end first. One look for a
    batch and not one for each record."""
    r = scripted()
    r.faults = lambda *_: Reply(status, json.dumps(
        {"error_code": status * 100, "message": "not you"}).encode())
    url = r.url if config is not None else \
        r.url.replace("://", "://bob:canary@")
    avro(transcoder, url, **(config or {}))
    got = transcoder.all("json", "avro", "t", [row("R", a=1)] * 100)
    assert {v.code for v in got} == {"RETRY"} and len(r.requests) == 3
    text = got[0].text
    assert words in text and str(status) in text and "not you" in text
    assert r.url.split("://")[1] in text and "canary" not in text
    r.faults = lambda *_: None
    wait_for("the next try", lambda: isinstance(transcoder.one(
        "json", "avro", "t", row("R", a=1)), bytes))


FAULTS = [Reply(503), Reply(429), Reply(401), Reply(403),
          Reply(404, b"no such route"), Reply(cut=True)]
SAYS = ["answers 503: ", "answers 429: ",
        "answers 401, it does not let in anybody without credentials: ",
        "answers 403, it does not let in anybody without credentials: ",
        "answers 404: no such route", "does not answer: "]


@pytest.mark.parametrize("fault", FAULTS[1:])
def test_who_keeps_a_sink_out_gets_no_letters(
        scripted, new_worker, kafka, topic, folder, unique, fault):
    """Nothing is skipped, a letter or committed until the registry lets the
    sink in; it then goes on by itself."""
    r, t, name = scripted(), topic("t"), unique("snk")
    r.schemas.append(json.dumps({"type": "record", "name": "Row", "fields": [
        {"name": "id", "type": "int"}]}))
    w = new_worker(kafka.bootstrap)
    kafka.produce(t, [b"\x00\x00\x00\x00\x01" + bytes([2 * i])
                      for i in range(50)])
    config = configs.file_sink(folder + "/out", t, **{
        **tolerant(t), "key.converter": configs.STRING,
        "value.converter": "io.confluent.connect.avro.AvroConverter",
        "value.converter.schema.registry.url": r.url,
        **{"value.converter." + k.replace("_", "."): v
           for k, v in QUICK.items()}})
    r.faults = lambda index, request: \
        None if request.path.startswith("/schemas/types") else fault
    w.rest.create(name, config)
    wait_for("several tries", lambda: len(r.requests) > 6)
    assert kafka.committed("connect-" + name) == {}
    assert not os.path.exists(folder + "/out") or \
        os.path.getsize(folder + "/out") == 0
    r.faults = lambda *_: None
    wait_for("all of them", lambda: os.path.exists(folder + "/out") and len(
        open(folder + "/out", "rb").read().splitlines()) == 50, timeout=90)
    assert letters_in(kafka, t) == 0


def letters_in(kafka, t):
    try:
        return kafka.size(t + ".dead")
    except (KeyError, KafkaException):
        return 0


@pytest.mark.parametrize("fault,says", list(zip(FAULTS, SAYS)))
@pytest.mark.parametrize("timeout", [0, 60000])
def test_a_task_tries_again_as_errors_retry_timeout_says(
        scripted, kafka, topic, folder, unique, timeout, fault, says):
    """Not at all by default: the task fails, and is started again. With the
    key the record waits, alone, and nothing is left out."""
    r, t, path = scripted(), topic("t"), folder + "/in"
    with open(path, "w", encoding="ascii") as f:
        f.write("one\ntwo\n")
    r.faults = lambda *_: fault
    with Child("task", "lines", "0") as c:
        c.configure({
            "bootstrap.servers": kafka.bootstrap, "group.id": unique("g"),
            "offset.storage.topic": topic("offsets", **{
                "cleanup.policy": "compact"})}, {
            "connector.class": "FileStreamSource", "file": path, "topic": t,
            "key.converter": configs.STRING,
            "value.converter": "io.confluent.connect.avro.AvroConverter",
            "value.converter.schema.registry.url": r.url,
            **{"value.converter." + k.replace("_", "."): v
               for k, v in QUICK.items()},
            "errors.tolerance": "all",
            "errors.retry.delay.max.ms": "100",
            "errors.retry.timeout": str(timeout)}, stored=[])
        if timeout == 0:
            failed = c.message("failed")
            assert f"schema registry {r.url} {says}" in failed["text"], failed
            assert failed["code"] == "RETRY" and failed["retriable"], failed
            assert c.wait() != 0
            assert kafka.consume(t) == []
            return
        wait_for("several tries", lambda: len(r.requests) > 8)
        assert not c.all("failed") and kafka.consume(t) == []
        r.faults = lambda *_: None
        assert len(kafka.wait_records(t, 2)) == 2
        wait_for("the counter", lambda: c.metric(
            "kafka_connect_task_error_total_retries") >= 2)
        assert c.stop() == 0
        assert c.metric("kafka_connect_task_error_total_records_skipped") == 0
