"""What a plugin may ask of its host, one by one: a sink asks for what its
records say (tests/fixtures/asker.c) and the test plays the worker."""

import os
import time

import pytest

from support.child import Child
from support.env import wait_for
from support.files import lines_of
from support.registry import ScriptedRegistry

STRING = "org.apache.kafka.connect.storage.StringConverter"
FILE = "org.apache.kafka.common.config.provider.FileConfigProvider"


@pytest.fixture
def worker(kafka, unique):
    return {"bootstrap.servers": kafka.bootstrap, "group.id": unique("group"),
            "key.converter": STRING, "value.converter": STRING,
            "offset.flush.interval.ms": "600000",
            "config.providers": "file", "config.providers.file.class": FILE}


@pytest.fixture
def asker(kafka, topic, folder):
    """what a task of the asker is configured with, and its topic"""
    def make(**more):
        t = topic("t")
        return t, {"connector.class": "AskerSink", "name": t, "topics": t,
                   "file": folder + "/out", **more}
    return make


def seen(folder, line, count=1):
    wait_for(f"{count} times {line}",
             lambda: lines_of(folder + "/out").count(line) >= count)


@pytest.fixture
def running(asker, worker, kafka, folder):
    """running(**config): the child, and a function that gives it records"""
    children = []

    def make(settings=None, stored=None, **more):
        t, config = asker(**more)
        child = Child("task", t, "0").__enter__()
        children.append(child)
        child.configure({**worker, **(settings or {})}, config, stored)
        child.status("RUNNING")

        def give(*values, partition=0):
            kafka.produce(t, [{"value": v, "partition": partition}
                              for v in values])
            for v in values:
                seen(folder, f"record {partition} {v}")
        return child, give
    yield make
    for child in children:
        child.__exit__()


def test_it_says_who_it_is_and_what_it_may_hold(running, folder):
    child, _ = running(**{"task.buffer.bytes": "1000000"})
    assert lines_of(folder + "/out")[0].startswith(
        f"created {child.names[0]}-0 budget 1000000 ")


def test_counters_gauges_and_log_lines(running):
    child, give = running()
    give("count", "count", "log")
    line = child.message("log", test=lambda m: "says so" in m["text"])
    assert (line["level"], line["text"]) == ("WARN", "record 2 says so")
    assert line["area"] == "plugin." + child.names[0]
    assert child.stop() == 0
    assert child.metric("penstock_plugin_asked_total") == 4
    assert child.metric("penstock_plugin_asked_last") == 7


def test_a_commit_comes_when_it_is_asked_for(running, kafka):
    child, give = running()
    group, t = "connect-" + child.names[0], child.names[0]
    give("one", "two")
    time.sleep(0.5)
    assert kafka.committed(group) == {}
    give("commit")
    wait_for("the commit", lambda: kafka.committed(group) == {(t, 0): 3})


def test_a_partition_rests_until_it_is_resumed(asker, worker, kafka, folder):
    t, config = asker()
    kafka.add_partitions(t, 2)
    with Child("task", t, "0") as child:
        child.configure(worker, config)
        child.status("RUNNING")

        def give(value, partition):
            kafka.produce(t, [{"value": value, "partition": partition}])

        give("pause", 0)
        seen(folder, "record 0 pause")
        give("while it rests", 0)
        give("of the other", 1)
        seen(folder, "record 1 of the other")
        time.sleep(1)
        assert "record 0 while it rests" not in lines_of(folder + "/out")
        give("resume", 1)
        seen(folder, "record 0 while it rests")
        assert child.stop() == 0
    assert lines_of(folder + "/out").count("record 0 while it rests") == 1


def test_put_comes_again_without_records(running, folder):
    _, give = running()
    give("again")
    seen(folder, "nothing")
    time.sleep(0.3)
    assert lines_of(folder + "/out").count("nothing") == 1


def test_the_task_list_may_have_changed(running):
    child, give = running()
    give("reconfiguration")
    child.message("reconfigure")


def test_an_error_ends_the_task(running):
    child, give = running()
    give("error")
    failed = child.message("failed")
    assert (failed["code"], failed["text"]) == ("CONFIG",
                                                "the record asked for it")


def test_a_cause_is_shown_while_it_waits(running):
    child, give = running()
    give("waiting")
    child.status("RUNNING", cause="the target is having lunch")
    give("well")
    wait_for("the end of it", lambda: not child.all("status")[-1].get("cause"))


def test_a_stop_and_a_commit_wake_what_waits(running, folder):
    """Both within a fraction of the 20 seconds it would wait."""
    child, give = running({"offset.flush.interval.ms": "1500"})
    give("wake")
    seen(folder, "woken")
    give("wake")
    began = time.monotonic()
    assert child.stop() == 0
    assert time.monotonic() - began < 15
    # "nothing": something else, like a commit that was due, came first.
    assert lines_of(folder + "/out")[-1] in (
        "woken to stop", "woken", "nothing")


def test_the_id_of_a_topic(running, kafka, folder):
    _, give = running()
    give("topic")
    wait_for("the id", lambda: lines_of(
        folder + "/out")[-1].startswith("topic "))
    assert lines_of(folder + "/out")[-1] != "topic ?"
    assert len(lines_of(folder + "/out")[-1]) == len("topic ") + 22


# ---- what config providers answer anew ----

@pytest.fixture
def secret(folder):
    def write(word, **more):
        path = folder + "/secret.properties"
        text = "".join(f"{k}={v}\n" for k, v in {"word": word, **more}.items())
        with open(path + ".new", "w", encoding="utf-8") as f:
            f.write(text)
        os.rename(path + ".new", path)
        return path
    return write


def reloading(path, **more):
    return {"word": f"${{file:{path}:word}}",
            "config.reload.interval.ms": "100", **more}


def test_a_new_secret_comes_without_a_restart(running, secret, folder):
    child, give = running(**reloading(secret("first1")))
    assert lines_of(folder + "/out")[0].endswith("word first1")
    for n in range(2, 12):
        secret(f"secret{n}")
        seen(folder, f"word secret{n}")
    give("still here")
    assert child.all("failed") == []
    assert not child.all("status")[-1].get("cause")


def test_a_wrong_secret_is_shown_and_the_old_one_stays(
        running, secret, folder):
    child, give = running(**reloading(secret("first1")))
    secret("wrong")
    child.status("RUNNING", cause="is refused: the word is not right")
    give("still here")
    secret("third3")
    seen(folder, "word third3")
    wait_for("the end of it", lambda: not child.all("status")[-1].get("cause"))


def test_what_a_converter_refuses_the_connector_gives_back(
        running, secret, folder):
    """All of it or nothing: who was asked first had it already."""
    registry = ScriptedRegistry().start()
    path = secret("first1", user="u:1")
    try:
        child, _ = running(**reloading(path, **{
            "value.converter": "io.confluent.connect.avro.AvroConverter",
            "value.converter.schema.registry.url": registry.url,
            "value.converter.basic.auth.credentials.source": "USER_INFO",
            "value.converter.basic.auth.user.info": f"${{file:{path}:user}}"}))
        secret("second2", user="no-colon")
        child.status("RUNNING", cause="expected user:password")
        seen(folder, "word second2")
        seen(folder, "word first1")
        secret("third3", user="u:3")
        seen(folder, "word third3")
        wait_for("the end of it",
                 lambda: not child.all("status")[-1].get("cause"))
        assert lines_of(folder + "/out")[-1] == "word third3"
        assert child.all("failed") == []
    finally:
        registry.close()


def test_a_file_that_is_gone_changes_nothing(running, secret, folder):
    child, give = running(**reloading(secret("first1")))
    os.unlink(folder + "/secret.properties")
    child.message("log", test=lambda m: "secret.properties" in m["text"])
    give("still here")
    secret("second2")
    seen(folder, "word second2")


def test_what_the_client_is_made_of_starts_the_task_again(running, secret):
    path = secret("first1", id="one")
    child, _ = running(**reloading(path, **{
        "consumer.override.client.id": f"${{file:{path}:id}}"}))
    secret("first1", id="another")
    failed = child.message("failed")
    assert failed["code"] == "RETRY"
    assert "consumer.override.client.id" in failed["text"]


@pytest.mark.parametrize("policy, allowed", [
    ("All", {"acks", "sasl.mechanism", "linger.ms"}),
    ("None", set()),
    ("Principal", {"sasl.mechanism"}),
    ("org.apache.kafka.connect.connector.policy.Allowlist"
     "ConnectorClientConfigOverridePolicy", {"linger.ms"}),
    ("AlleeCustom", set())])
def test_what_the_policy_lets_a_connector_set(asker, worker, policy, allowed):
    """And whatever it lets, not what reads files or reaches hosts with the
    worker's rights, nor what has no meaning, each by its key."""
    _, config = asker(**{
        "producer.override.acks": "all",
        "admin.override.sasl.mechanism": "PLAIN",
        "producer.override.linger.ms": "5",
        "producer.override.partitioner.class": "x.Mine",
        "producer.override.sasl.oauthbearer.token.endpoint.url": "http://x"})
    with Child("connector", config["name"]) as c:
        c.configure({**worker, "connector.client.config.override.policy":
                     policy, "connector.client.config.override.allowlist":
                     "linger.ms,partitioner.class"}, config)
        result = c.request("validate", config=config)
    wrong = {v["value"]["name"]: v["value"]["errors"]
             for v in result["configs"] if v["value"]["errors"]}
    refused = f"The '{policy}' policy does not allow"
    for key in config:
        if ".override." not in key:
            continue
        bare = key.split(".override.")[1]
        if bare in allowed:
            assert key not in wrong, wrong
        elif policy == "All":
            assert refused not in wrong[key][0] and bare in wrong[key][0]
        elif bare != "partitioner.class":
            assert refused in wrong[key][0], wrong


@pytest.mark.parametrize("key", [
    "consumer.override.plugin.library.paths",
    "admin.override.config.providers.f.class",
    "producer.override.sasl.oauthbearer.token.endpoint.url"])
def test_no_task_starts_with_a_client_that_runs_code(asker, worker, key):
    """Also when its configuration never was validated: it stood in the topic
    that was taken over."""
    _, config = asker(**{key: "/tmp/evil.so"})
    with Child("task", config["name"], "0") as child:
        child.configure(worker, config)
        failed = child.message("failed")
        assert (failed["code"], key in failed["text"]) == ("CONFIG", True)


def test_a_reload_may_be_switched_off(running, secret, folder):
    child, give = running(**reloading(
        secret("first1"), **{"config.action.reload": "none"}))
    secret("second2")
    time.sleep(1)
    give("still here")
    assert "word second2" not in lines_of(folder + "/out")
    assert child.all("failed") == []
