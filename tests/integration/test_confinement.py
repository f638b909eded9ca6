"""What no plugin may do is refused to it in each of its processes: also
where it validates, makes task configs, changes positions or is looked at."""

import errno
import os
import shutil

import pytest

from support import env
from support.env import wait_for
from support.process import argv, children

pytestmark = pytest.mark.skipif(
    not env.has_landlock(), reason="a kernel without Landlock, or a build "
    "whose children are not confined")

REFUSED = (errno.EPERM, errno.EACCES)
ACTS = 26


@pytest.fixture(scope="module")
def confined(kafka, shared_worker):
    """With a task beside the criminals."""
    w = shared_worker(
        kafka.bootstrap,
        plugin_path=f"{env.BUILD}/plugins,{env.BUILD}/fixtures")
    w.rest.create("good", criminal("nowhere", crime=""))
    w.wait_task("good")
    return w


def check_all_refused(text, also=()):
    """Of "ask-x=result/errno " each."""
    words = [w for w in text.replace("\\n", " ").split()
             if w.startswith("ask-") and "=" in w]
    got = {}
    for word in words:
        name, _, said = word.partition("=")
        got[name] = tuple(int(n) for n in said.split("/"))
    assert len(got) == ACTS, text
    assert not {name: said for name, said in got.items()
                if said[0] != -1 or said[1] not in (*REFUSED, *also)}


def criminal(where, crime="ask-all"):
    return {"connector.class": "EarlyCrimeSource", "crime": crime,
            "in": where, "topic": "crimes", "errors.restart.enable": "false"}


def validate(w, config):
    return w.rest.call(
        "PUT", "/connector-plugins/EarlyCrimeSource/config/validate",
        {**config, "name": "criminal"})


def test_in_a_task(confined):
    confined.rest.create("criminal", criminal("nowhere"))
    check_all_refused(
        confined.rest.wait_task_failed("criminal")["trace"])
    confined.rest.delete("criminal")


def test_where_it_validates(confined):
    answer = validate(confined, criminal("validate"))
    errors = [text for one in answer["configs"]
              for text in one["value"]["errors"]]
    check_all_refused(" ".join(errors))
    confined.wait_log("refused to the plugin: execve")


def test_where_it_makes_task_configs(confined):
    confined.rest.create("criminal", criminal("task_configs"))

    def trace():
        return confined.rest.status("criminal")["connector"]["trace"]
    check_all_refused(wait_for("its failure", trace))
    confined.rest.delete("criminal")


def test_where_it_changes_positions(confined):
    confined.rest.call("POST", "/connectors", {
        "name": "criminal", "config": criminal("alter_offsets"),
        "initial_state": "STOPPED"})

    def answer():
        got = confined.rest.request(
            "PATCH", "/connectors/criminal/offsets",
            {"offsets": [{"partition": {"a": "b"}, "offset": {"c": 1}}]})
        if "STOPPED state" in got.text:
            raise ValueError(got.text)
        return got.json()["message"]
    check_all_refused(wait_for("an answer", answer))
    confined.rest.delete("criminal")


def test_where_it_is_looked_at(kafka, new_worker, folder):
    plugins = f"{folder}/plugins"
    shutil.copytree(f"{env.BUILD}/plugins", plugins)
    shutil.copy(f"{env.BUILD}/fixtures/loader.so", f"{plugins}/acting.so")
    worker = new_worker(kafka.bootstrap, plugin_path=plugins)
    worker.wait_log("when loaded: ")
    lines = [line for line in worker.log_text().splitlines()
             if "when loaded: " in line]
    for line in lines:
        # It has no sibling, and its parent no file.
        check_all_refused(line, also=[errno.ENOENT])


def refused(w, call):
    """How often the log says so in all: once none of the processes is left
    that were asked, as what they said was read before they were reaped."""
    wait_for("who was asked to end", lambda: all(
        argv(pid)[1:2] in (["task"], ["scribe"])
        for pid in children(w.process.pid)))
    return w.log_text().count("refused to the plugin: " + call)


def test_a_class_that_is_not_there_is_compared_without_a_process(
        confined):
    """Its nearest is named all the same."""
    before = refused(confined, "clone")
    answer = validate(confined, {
        **criminal("nowhere"), "value.converter": "JsonConvertre"})
    assert "the nearest is JsonConverter" in str(answer), answer
    assert refused(confined, "clone") == before
    validate(confined, criminal("validate", "ask-fork"))
    assert refused(confined, "clone") == before + 1


def test_descriptors_are_not_taken_from_a_plugin(confined, folder):
    """Those that it sends over the worker's channels."""
    smuggled = f"{folder}/smuggled"
    confined.rest.create("smuggler", {
        "connector.class": "CrimeSource", "crime": f"smuggle {smuggled}",
        "topic": "crimes", "errors.restart.enable": "false"})
    trace = confined.rest.wait_task_failed("smuggler")["trace"]
    confined.rest.delete("smuggler")
    assert os.path.exists(smuggled)
    own = f"/proc/{confined.process.pid}/fd"
    assert smuggled not in [os.readlink(f"{own}/{n}")
                            for n in os.listdir(own)]
    assert confined.rest.healthy() and trace
