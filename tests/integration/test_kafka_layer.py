"""The Kafka layer's own tests in C, on a real broker."""

import os
import re
import subprocess

import pytest

from tests.support import stores
from tests.support.env import BUILD
from tests.support.kafka import PASSWORD, USER, Kafka


@pytest.fixture(scope="module", name="broker")
def fixture_broker(tmp_path_factory):
    k = Kafka(str(tmp_path_factory.mktemp("kafka")), secure=True).start()
    k.create_topic("secure")
    yield k
    k.close()


@pytest.mark.parametrize("suite", ["topiclog", "admin", "consumer", "topics"])
def test_suite_passes_on_a_real_broker(broker, suite):
    done = subprocess.run(
        [f"{BUILD}/check", "--short-filename", "-j1", "--filter",
         f"{suite}/*"], text=True, capture_output=True, timeout=300,
        check=False,
        env=dict(os.environ, PENSTOCK_KAFKA=broker.bootstrap))
    out = done.stdout + done.stderr
    assert done.returncode == 0, out
    assert int(re.search(r"Tested: (\d+)", out)[1]) > 0, out


def java(*args):
    source = os.path.join(os.path.dirname(__file__), "..", "support",
                          "OffsetFile.java")
    done = subprocess.run(["java", source, *args], text=True,
                          capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("count", [0, 1, 12, 13, 5000])
def test_offset_file_goes_from_java_to_us_and_back(tmp_path, count):
    java("save", f"{tmp_path}/java", str(count))
    done = subprocess.run(
        [f"{BUILD}/check", "--filter", "localfile_java/*"], text=True,
        capture_output=True, timeout=60, check=False,
        env=dict(os.environ, PENSTOCK_SCRATCH=str(tmp_path)))
    assert done.returncode == 0, done.stdout + done.stderr
    ours = java("load", f"{tmp_path}/ours")
    assert ours == java("load", f"{tmp_path}/java")
    assert len(ours.splitlines()) == count


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


@pytest.mark.parametrize("way", WAYS)
def test_javas_security_settings_work(broker, tmp_path, way):
    listener, settings, wrong = WAYS[way]
    properties = settings(broker.stores)
    properties["bootstrap.servers"] = (
        broker.secure_bootstrap if listener == "sasl"
        else broker.tls_bootstrap)
    path = tmp_path / "client.properties"
    path.write_text("".join(f"{k}={v}\n" for k, v in properties.items()))
    env = dict(os.environ, PENSTOCK_CLIENT=str(path))
    if wrong:
        env["PENSTOCK_EXPECT"] = wrong
    done = subprocess.run(
        [f"{BUILD}/check", "--short-filename", "--filter", "secure/*"],
        text=True, capture_output=True, timeout=60, check=False, env=env)
    out = done.stdout + done.stderr
    assert done.returncode == 0, out
    assert "Passing: 1" in out, out
