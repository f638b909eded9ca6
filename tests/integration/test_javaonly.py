"""What a Kafka Connect installation brings that only Java could run: said,
with what takes its place."""

import subprocess

import pytest

from support.env import BUILD

BASIC = ("org.apache.kafka.connect.rest.basic.auth.extension."
         "BasicAuthSecurityRestExtension")


def run(*args):
    done = subprocess.run([f"{BUILD}/penstock", *args], text=True,
                          capture_output=True, timeout=30, check=False)
    return done.returncode, done.stderr


def test_an_extension_of_rest_is_not_dropped_in_silence(new_worker):
    """It asked for names: without one REST would be open to all."""
    w = new_worker("127.0.0.1:1", start=False, rest_extension_classes=BASIC)
    w.write_properties()
    code, text = run("worker", w.file)
    assert code == 2
    assert BASIC in text and "rest.auth.users.file" in text


def test_with_users_of_ours_an_extension_is_only_named(new_worker, kafka,
                                                       folder):
    with open(folder + "/users", "w", encoding="ascii") as f:
        f.write('{"users": []}')
    w = new_worker(kafka.bootstrap, start=False,
                   rest_extension_classes=BASIC,
                   rest_auth_users_file=folder + "/users",
                   metric_reporters="com.acme.Reporter")
    w.process.env["KAFKA_LOG4J_OPTS"] = \
        "-Xmx1g -Dlog4j.configuration=file:/etc/kafka/log4j.properties"
    w.start()
    text = w.log_text()
    assert f"rest.extension.classes={BASIC}" in text
    assert "metric.reporters=com.acme.Reporter" in text
    assert ("KAFKA_LOG4J_OPTS has -Dlog4j.configuration=file:/etc/kafka/"
            "log4j.properties: files of log4j are not read here") in text
    assert "-Xmx1g" not in text


@pytest.mark.parametrize("option, says", [
    ("-Dlog4j2.configurationFile=/x.yaml", "log.level in the worker's file"),
    ("-Xmx1g", "an option of Java"),
])
def test_an_option_of_java_is_answered(folder, option, says):
    code, text = run("worker", option, folder + "/worker.properties")
    assert code == 1 and says in text and option in text
    assert "usage: penstock worker" in text
