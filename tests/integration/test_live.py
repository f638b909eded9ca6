"""Tests in C that need servers (tests/live): this starts what they need, and
runs each suite of them."""

import json
import os
import re
import subprocess

import pytest

from support import stores
from support.connect import Connect
from support.env import BUILD, DEPS, wait_for
from support.kafka import PASSWORD, USER

GATEWAY = f"{DEPS}/bin/versitygw"
# What each suite wants in its environment.
ON_A_BROKER = ["topiclog", "admin", "topics", "group", "dlq",
               "consumer_ids", "scribe"]
WITH_SETTINGS = ["secure", "localfile", "s3_gateway", "foreign_group",
                 "scribe_outage", "heal"]


def check(suite, timeout=60, **env):
    """Runs a suite: all of it passes, none is left out."""
    done = subprocess.run(
        [f"{BUILD}/check-live", "--short-filename", "-j1", "--filter",
         f"{suite}/*"], text=True, capture_output=True, timeout=timeout,
        check=False, env=dict(os.environ, **env))
    out = done.stdout + done.stderr
    assert done.returncode == 0, out
    tested, passed = re.search(
        r"Tested: (\d+) \| Passing: (\d+)", out).groups()
    assert int(tested) == int(passed) > 0, out


def test_each_suite_is_run_by_a_test_of_this_file():
    listed = subprocess.run([f"{BUILD}/check-live", "--list"], text=True,
                            capture_output=True, timeout=60, check=True)
    suites = re.findall(r"^(\w+): \d+ tests?$", listed.stdout, re.M)
    assert sorted(suites) == sorted(ON_A_BROKER + WITH_SETTINGS)


@pytest.mark.parametrize("suite", ON_A_BROKER)
def test_suite_passes_on_a_real_broker(kafka, suite):
    check(suite, timeout=200, PENSTOCK_KAFKA=kafka.bootstrap)


def test_a_group_of_kafka_connect_is_not_ours_to_join(kafka, connect):
    check("foreign_group", PENSTOCK_KAFKA=kafka.bootstrap,
          PENSTOCK_GROUP=connect.group)
    assert connect.rest.healthy()


def test_kafka_connect_runs_no_create_that_was_healed(
        kafka, new_worker, unique, tmp_path):
    """It reads what was aborted: the other one it does run."""
    group = unique("heal")
    topic = kafka.create_topic(f"{group}-configs", cleanup_policy="compact")
    config = {"connector.class": "FileStreamSource", "tasks.max": "1",
              "topic": unique("lines"), "file": str(tmp_path / "in")}
    check("heal", timeout=120, PENSTOCK_KAFKA=kafka.bootstrap,
          PENSTOCK_TOPIC=topic,
          PENSTOCK_CONFIG=json.dumps({"properties": config}))
    theirs = new_worker(kafka.bootstrap, cls=Connect, group=group)
    wait_for("the aborted create to come alive",
             lambda: theirs.rest.connectors() == ["ghost"])


def test_a_scribe_tells_the_truth_though_its_broker_was_away(own_kafka):
    check("scribe_outage", timeout=150, PENSTOCK_KAFKA=own_kafka.bootstrap,
          PENSTOCK_KAFKA_PID=str(own_kafka.pids()[0]))


@pytest.mark.skipif(not os.path.exists(GATEWAY),
                    reason="the stand-in for S3 checks no signatures, and "
                    "versitygw needs Go 1.24 or newer")
def test_a_real_gateway_accepts_what_is_signed():
    check("s3_gateway", timeout=150, PENSTOCK_VERSITYGW=GATEWAY)


def java(*args):
    source = os.path.join(os.path.dirname(__file__), "..", "support",
                          "OffsetFile.java")
    done = subprocess.run(["java", "-XX:-UsePerfData", source, *args],
                          text=True, capture_output=True, timeout=120,
                          check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_offset_files_go_from_java_to_us_and_back(tmp_path):
    """Java's map grows at 12 entries."""
    folders = {n: tmp_path / str(n) for n in (0, 1, 12, 13, 5000)}
    for folder in folders.values():
        folder.mkdir()
    java("save", *[f"{f}/java={n}" for n, f in folders.items()])
    for folder in folders.values():
        check("localfile", PENSTOCK_SCRATCH=str(folder))
    theirs = java("load", *[f"{f}/java" for f in folders.values()])
    ours = java("load", *[f"{f}/ours" for f in folders.values()])
    assert ours == theirs
    assert [int(n) for n in re.findall(r"^(\d+) entries$", ours, re.M)] == \
        list(folders)


SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule"
PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule"


def login(module=SCRAM, password=PASSWORD):
    return f'{module} required username="{USER}" password="{password}";'


def read(path):
    with open(path, encoding="ascii") as f:
        return f.read().replace("\n", "\\n")


def sasl(**more):
    return {"security.protocol": "SASL_SSL",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.jaas.config": login(),
            **{k.replace("_", "."): v for k, v in more.items()}}


# name: (listener, settings from the stores, what goes wrong)
WAYS = {
    "scram-512, PKCS12 trust": ("sasl", lambda s: sasl(
        ssl_truststore_type="PKCS12", ssl_truststore_location=s.trust_p12,
        ssl_truststore_password=stores.PASSWORD), None),
    "scram-256, PEM trust file": ("sasl", lambda s: sasl(
        sasl_mechanism="SCRAM-SHA-256", ssl_truststore_type="PEM",
        ssl_truststore_location=s.ca_pem), None),
    "plain, PEM trust in the value": ("sasl", lambda s: sasl(
        sasl_mechanism="PLAIN", sasl_jaas_config=login(PLAIN),
        ssl_truststore_type="PEM",
        ssl_truststore_certificates=read(s.ca_pem)), None),
    "no endpoint identification": ("sasl", lambda s: sasl(
        ssl_endpoint_identification_algorithm="",
        ssl_truststore_location=s.ca_pem), None),
    "client certificate in PKCS12": ("ssl", lambda s: {
        "security.protocol": "SSL",
        "ssl.truststore.location": s.trust_p12,
        "ssl.truststore.password": stores.PASSWORD,
        "ssl.keystore.type": "PKCS12",
        "ssl.keystore.location": s.client_p12,
        "ssl.keystore.password": stores.PASSWORD,
        "ssl.key.password": stores.PASSWORD}, None),
    "client certificate in a PEM file": ("ssl", lambda s: {
        "security.protocol": "SSL", "ssl.truststore.location": s.ca_pem,
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": s.client_pem}, None),
    "client certificate in values": ("ssl", lambda s: {
        "security.protocol": "SSL",
        "ssl.truststore.certificates": read(s.ca_pem),
        "ssl.keystore.type": "PEM",
        "ssl.keystore.certificate.chain": read(s.client_cert),
        "ssl.keystore.key": read(s.client_key)}, None),
    "wrong password": ("sasl", lambda s: sasl(
        sasl_jaas_config=login(password="wrong"),
        ssl_truststore_location=s.ca_pem), "uthentication failed"),
    "no trust": ("sasl", lambda s: sasl(), "certificate verify failed"),
    "JKS trust": ("sasl", lambda s: sasl(
        ssl_truststore_location=s.trust_jks), "keytool -importkeystore"),
    "wrong store password": ("sasl", lambda s: sasl(
        ssl_truststore_location=s.trust_p12,
        ssl_truststore_password="wrong"), "ssl.truststore.password"),
}


@pytest.fixture(scope="module")
def listeners(secure_kafka):
    """with the topic that the suite writes to"""
    if "secure" not in secure_kafka.topics():
        secure_kafka.create_topic("secure")
    return secure_kafka


@pytest.mark.parametrize("way", WAYS)
def test_javas_security_settings_work(listeners, tmp_path, way):
    listener, settings, wrong = WAYS[way]
    properties = settings(listeners.stores)
    properties["bootstrap.servers"] = (
        listeners.secure_bootstrap if listener == "sasl"
        else listeners.tls_bootstrap)
    path = tmp_path / "client.properties"
    path.write_text("".join(f"{k}={v}\n" for k, v in properties.items()))
    expected = {"PENSTOCK_EXPECT": wrong} if wrong else {}
    check("secure", PENSTOCK_CLIENT=str(path), **expected)
