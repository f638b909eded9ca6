"""connector.allowed.paths: a connector's configuration names files below these
folders, and no link leads out; what says otherwise is refused where it is
validated, and where it runs."""

import json
import os

import pytest

from support import configs, env
from support.child import Child
from support.env import wait_for
from support.rest import RestError

KEY = "connector.allowed.paths"
PROVIDERS = "org.apache.kafka.common.config.provider."


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="ascii") as f:
        f.write(text)
    return path


@pytest.fixture(scope="module", params=[None, 2], ids=["", "older"])
def bounded(kafka, shared_worker, request):
    """A worker with a folder `data` that files may be in, and links in it;
    on a kernel, too, where its children's fence takes openat2."""
    if request.param and not env.has_landlock():
        pytest.skip("a kernel without Landlock")
    w = shared_worker(kafka.bootstrap, start=False,
                      plugin_path=f"{env.BUILD}/plugins,{env.BUILD}/fixtures",
                      wrap=env.older_landlock(request.param)
                      if request.param else ())
    w.data, w.other = (f"{w.folder}/{w.id}/{name}"
                       for name in ("data", "other"))
    write(w.data + "/in", "one\ntwo\n")
    write(w.other + "/secret", "secret\n")
    os.symlink("/etc/shadow", w.data + "/shadow")
    os.symlink("../other/secret", w.data + "/out")
    os.symlink("../other", w.data + "/up")
    os.symlink("in", w.data + "/within")
    write(w.other + "/words", f"in=/etc/shadow\nfine={w.data}/in\n")
    w.properties.update({
        KEY: w.data, "config.providers": "words",
        "config.providers.words.class": PROVIDERS + "FileConfigProvider",
        "config.providers.words.param.allowed.paths": w.other})
    w.process.cwd = w.other
    return w.start()


def errors(w, config):
    """{key: its errors} of a validation"""
    plugin = config["connector.class"]
    got = w.rest.call(
        "PUT", f"/connector-plugins/{plugin}/config/validate",
        {**config, "name": "c"})
    return {one["value"]["name"]: one["value"]["errors"]
            for one in got["configs"] if one["value"]["errors"]}


@pytest.mark.parametrize("path", [
    "/etc/shadow", "//etc/shadow", "{data}/shadow", "{data}/out",
    "{data}/up/secret", "{data}/../other/secret", "{other}/new", "new",
    "file:///etc/shadow"])
def test_a_file_elsewhere_is_refused(bounded, topic, path):
    w = bounded
    path = path.format(data=w.data, other=w.other)
    config = configs.file_source(path, topic())
    (text,) = errors(w, config)["file"]
    assert text.startswith(f"Invalid value {path} for configuration file: "
                           "the path ")
    assert text.endswith(f" is not within {KEY}={w.data}")
    with pytest.raises(RestError) as e:
        w.rest.create("refused", config)
    assert e.value.status == 400
    assert f"is not within {KEY}={w.data}" in e.value.message()
    assert "refused" not in w.rest.connectors()


def test_a_name_that_a_provider_gives_is_refused_untold(bounded, topic):
    w = bounded
    config = configs.file_source(
        "${words:" + w.other + "/words:in}", topic())
    (text,) = errors(w, config)["file"]
    assert "resolved from the config provider reference failed" in text
    assert "/etc/shadow" not in json.dumps(errors(w, config))


def test_one_that_it_gives_within_is_not(bounded, topic):
    words = bounded.other + "/words"
    config = configs.file_source("${words:" + words + ":fine}", topic())
    assert not errors(bounded, config)
    bounded.rest.create("given", config)
    bounded.rest.wait_running("given")
    bounded.rest.delete("given")


@pytest.mark.parametrize("key", [
    "producer.override.ssl.ca.location", "consumer.override.ssl.key.location",
    "producer.override.ssl.truststore.location",
    "transforms.x.schema.file"])
def test_so_are_those_of_clients_and_others(bounded, topic, key):
    w = bounded
    good = configs.file_source(w.data + "/in", topic())
    for path, fine in ((w.other + "/ca.pem", False), ("/etc/shadow", False),
                       (w.data + "/shadow", False), (w.data + "/in", True)):
        found = json.dumps(errors(w, {**good, key: path}).get(key, []))
        assert (f"the path {path} is not within" in found) != fine


def test_one_in_the_middle_of_a_value_is_seen(bounded, topic):
    w = bounded
    url = "jdbc:postgresql://127.0.0.1:1/db?sslrootcert=/etc/shadow&a=b"
    found = errors(w, {
        "connector.class": "io.confluent.connect.jdbc.JdbcSinkConnector",
        "topics": topic(), "connection.url": url})["connection.url"]
    assert ["the path /etc/shadow is not within" in one for one in found] == [
        True]


def test_what_is_within_runs(bounded, kafka, topic):
    w, t = bounded, topic()
    w.rest.create("from", configs.file_source(w.data + "/within", t))
    w.rest.create("to", configs.file_sink(w.data + "/made", t))
    wait_for("the lines", lambda: open(
        w.data + "/made", encoding="ascii").read() == "one\ntwo\n")
    # As a rotation does: another file by that name.
    os.rename(w.data + "/in", w.data + "/in.1")
    write(w.data + "/in", "three\n")
    wait_for("the next", lambda: open(
        w.data + "/made", encoding="ascii").read() == "one\ntwo\nthree\n")
    for name in ("from", "to"):
        w.rest.delete(name)


def test_what_was_there_before_does_not_run(kafka, new_worker, topic, folder):
    """Neither the connector nor the tasks that it has made."""
    w = new_worker(kafka.bootstrap)
    source = write(f"{folder}/elsewhere/in", "one\n")
    w.rest.create("old", configs.file_source(source, topic()))
    w.rest.wait_running("old")
    w.stop()
    w.properties[KEY] = os.path.dirname(w.file) + "/allowed"
    os.mkdir(w.properties[KEY])
    w.start()
    text = f"the path {source} is not within {KEY}={w.properties[KEY]}"
    assert text in w.rest.wait_task_failed("old")["trace"]
    wait_for("the connector's failure", lambda: text in w.rest.status(
        "old")["connector"].get("trace", ""))
    assert w.rest.status("old")["connector"]["state"] == "FAILED"


def test_a_task_of_it_neither():
    config = {"connector.class": "FileStreamSource", "topic": "x",
              "file": "/etc/shadow", "name": "c"}
    for jail in ("true", "false"):
        with Child("task", "c", "0") as c:
            c.configure({KEY: "/var/lib", "task.jail": jail,
                         "bootstrap.servers": "127.0.0.1:1"}, config)
            failed = c.message("failed")
            assert failed["code"] == "CONFIG"
            assert "the path /etc/shadow is not within" in failed["text"]


@pytest.mark.skipif(not env.has_landlock(), reason="a kernel without Landlock")
@pytest.mark.parametrize("named, opens", [("", False), ("/etc/shadow", True)])
def test_what_is_allowed_is_opened_for_who_names_it(named, opens):
    config = {"connector.class": "EarlyCrimeSource", "topic": "x",
              "name": "c", "crime": "ask-shadow", "in": "validate",
              "note": named}
    with Child("connector", "c") as c:
        c.configure({KEY: "/etc"}, config)
        found = json.dumps(c.request("validate", config=config))
    assert "ask-shadow=" in found
    assert ("ask-shadow=-1/" in found) != opens


@pytest.mark.parametrize("value", ["relative", "/no/such/folder",
                                   "/etc/passwd"])
def test_a_folder_that_is_not_there_is_no_start(kafka, new_worker, value):
    w = new_worker(kafka.bootstrap, start=False)
    w.properties[KEY] = value
    w.spawn()
    assert w.process.wait(30) != 0
    assert f"Invalid value {value} for configuration {KEY}" in w.log_text()
