"""A worker file as it comes from production: SASL_SSL with SCRAM, stores as
Java has them, the same keys again for producer., consumer. and admin."""

import base64
import time

import pytest

from support import configs, kafka as brokers, stores
from support.env import wait_for
from support.files import lines_of
from support.receiver import Reply

JAAS = ("org.apache.kafka.common.security.scram.ScramLoginModule required "
        'username="{user}" password="{password}";')
PREFIXES = ("", "producer.", "consumer.", "admin.")


def security(trust, password=brokers.PASSWORD):
    keys = {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.jaas.config": JAAS.format(user=brokers.USER, password=password),
        "ssl.endpoint.identification.algorithm": "https",
        **trust}
    return {prefix + k: v for prefix in PREFIXES for k, v in keys.items()}


def pem(made):
    return {"ssl.truststore.type": "PEM",
            "ssl.truststore.location": made.ca_pem,
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": made.client_pem}


def pem_inline(made):
    with open(made.ca_pem, encoding="ascii") as f:
        text = f.read().replace("\n", "\\n")
    return {"ssl.truststore.type": "PEM", "ssl.truststore.certificates": text}


def pkcs12(made):
    return {"ssl.truststore.type": "PKCS12",
            "ssl.truststore.location": made.trust_p12,
            "ssl.truststore.password": stores.PASSWORD,
            "ssl.keystore.type": "PKCS12",
            "ssl.keystore.location": made.client_p12,
            "ssl.keystore.password": stores.PASSWORD,
            "ssl.key.password": stores.PASSWORD}


@pytest.fixture
def secure(secure_kafka, new_worker):
    """secure(keys): a worker, not started, at the SASL_SSL listener"""
    def make(keys):
        w = new_worker(secure_kafka.secure_bootstrap, start=False)
        w.properties.update(keys)
        return w
    return make


@pytest.mark.parametrize("trust", [pem, pem_inline, pkcs12])
def test_a_pipeline_runs_over_sasl_and_tls(secure, secure_kafka, folder,
                                           unique, trust):
    w = secure(security(trust(secure_kafka.stores))).start()
    t = secure_kafka.create_topic(unique("lines"), 2)
    wanted = [f"line {n}" for n in range(100)]
    with open(folder + "/in", "w", encoding="utf-8") as f:
        f.writelines(line + "\n" for line in wanted)
    w.rest.create("src", configs.file_source(folder + "/in", t))
    snk = unique("snk")
    w.rest.create(snk, configs.file_sink(folder + "/out", t))
    wait_for("the lines", lambda: sorted(lines_of(folder + "/out"))
             == sorted(wanted))
    wait_for("the source's position", lambda: [
        o["offset"]["position"] for o in w.rest.offsets("src")]
        == [sum(len(line) + 1 for line in wanted)])
    wait_for("the sink's position", lambda: sum(
        secure_kafka.committed("connect-" + snk).values()) == len(wanted))


def refused(worker, seconds):
    """Starts it and returns what it said before it gave up."""
    began = time.monotonic()
    worker.spawn()
    assert worker.process.wait(seconds) != 0
    assert time.monotonic() - began < seconds
    return worker.log_text()


def test_a_wrong_password_ends_the_start_and_names_the_key(
        secure, secure_kafka):
    w = secure(security(pem(secure_kafka.stores), "canary-wrong-password"))
    text = refused(w, 60)
    assert "sasl.jaas.config" in text, text
    assert secure_kafka.secure_bootstrap in text
    assert "canary-wrong-password" not in text


@pytest.mark.parametrize("key", ["ssl.truststore.location",
                                 "ssl.keystore.location"])
def test_a_jks_store_is_refused_with_the_line_that_helps(
        secure, secure_kafka, key):
    made = secure_kafka.stores
    w = secure(security({**pem(made), key: made.trust_jks,
                         key.replace("location", "type"): "JKS"}))
    text = refused(w, 10)
    assert f"{key}={made.trust_jks}" in text, text
    assert "keytool -importkeystore" in text and "PKCS12" in text


def test_a_store_without_its_password_is_named(secure, secure_kafka):
    keys = pkcs12(secure_kafka.stores)
    keys["ssl.truststore.password"] = "canary-not-it"
    text = refused(secure(security(keys)), 10)
    assert "ssl.truststore.password" in text, text
    assert secure_kafka.stores.trust_p12 in text
    assert "canary-not-it" not in text


def test_a_broker_that_is_not_trusted_is_said(secure, secure_kafka):
    """A CA that did not sign the broker's certificate."""
    keys = security({"ssl.truststore.type": "PEM",
                     "ssl.truststore.location":
                     secure_kafka.stores.client_cert})
    text = refused(secure(keys), 60)
    assert "certificate" in text and "ssl.truststore" in text, text


def test_a_connector_with_a_login_of_its_own(secure, secure_kafka, folder,
                                             unique):
    """The override wins, and a wrong one fails that connector alone."""
    w = secure(security(pem(secure_kafka.stores))).start()
    t = secure_kafka.create_topic(unique("lines"))
    with open(folder + "/in", "w", encoding="utf-8") as f:
        f.write("one\n")
    w.rest.create("good", configs.file_source(folder + "/in", t))
    w.rest.create("bad", configs.file_source(folder + "/in", t, **{
        "producer.override.sasl.jaas.config": JAAS.format(
            user=brokers.USER, password="canary-override")}))
    secure_kafka.wait_records(t, 1)

    def told():
        text = str(w.rest.status("bad")["tasks"])
        if "uthentication" not in text:
            raise ValueError(text)
        return text
    assert "canary-override" not in wait_for("the bad one to say it", told)
    assert w.rest.status("good")["tasks"][0]["state"] == "RUNNING"


def test_a_token_is_fetched_where_the_worker_file_says(
        secure, secure_kafka, receiver):
    """OAUTHBEARER with client credentials: librdkafka asks by HTTP, with a
    library that nothing has loaded before."""
    handler = ("org.apache.kafka.common.security.oauthbearer."
               "OAuthBearerLoginCallbackHandler")
    receiver.script(lambda i, r: Reply(401))
    w = secure({**pem(secure_kafka.stores),
                "security.protocol": "SASL_SSL",
                "sasl.mechanism": "OAUTHBEARER",
                "sasl.login.callback.handler.class": handler,
                "sasl.oauthbearer.token.endpoint.url":
                    receiver.url + "/oauth",
                "sasl.jaas.config":
                    "org.apache.kafka.common.security.oauthbearer."
                    "OAuthBearerLoginModule required clientId=\"me\" "
                    "clientSecret=\"my-secret\";"})
    w.spawn()
    wait_for("a question for a token", lambda: receiver.requests)
    request = receiver.requests[0]
    assert (request.method, request.path) == ("POST", "/oauth")
    assert b"grant_type=client_credentials" in request.body
    assert request.headers["authorization"] == "Basic " + base64.b64encode(
        b"me:my-secret").decode()
    w.wait_log("401")
    assert "my-secret" not in w.log_text()
