"""The commands for people: each does what its name says, and what cannot be
done is said on stderr, with an exit code."""

import json
import os
import re
import subprocess

import pytest

from support import configs
from support.env import BUILD, HOST, free_port, wait_for

USAGE, REFUSED = 1, 2


@pytest.fixture
def run(worker):
    """run("status", "orders"): exit code, stdout, stderr"""
    def command(*args, url=worker.rest.url):
        done = subprocess.run(
            [f"{BUILD}/penstock", *args], text=True, capture_output=True,
            timeout=60, check=False, env=dict(os.environ, PENSTOCK_URL=url))
        return done.returncode, done.stdout, done.stderr
    return command


@pytest.fixture
def lines(worker, topic, folder, unique):
    """The name of a connector that runs."""
    name = unique("lines")
    worker.rest.create(name, configs.file_source(folder + "/in", topic("t")))
    worker.rest.wait_running(name)
    return name


def write(path, value):
    with open(path, "w", encoding="utf-8") as f:
        f.write(value if isinstance(value, str) else json.dumps(value))
    return path


def test_apply_creates_then_configures(run, worker, topic, folder):
    config = configs.file_source(folder + "/in", topic("t"))
    config = {k: str(v) for k, v in config.items()}
    path = write(folder + "/c.json", {"name": "a b/ü", "config": config})
    assert run("apply", path) == (0, "a b/ü: created\n", "")
    assert worker.rest.connectors() == ["a b/ü"]
    flat = write(folder + "/flat.json",
                 {**config, "name": "a b/ü", "batch.size": "7"})
    assert run("apply", flat) == (0, "a b/ü: configured\n", "")
    code, out, _ = run("get", "a b/ü")
    assert code == 0 and json.loads(out)["config"]["batch.size"] == "7"


@pytest.mark.parametrize("text, says", [
    ("{", "line 1"),
    ({"config": {}}, "name is missing"),
    ({"name": "x", "config": {}}, "contains no connector type"),
    ({"name": "x", "config": {"connector.class": "FileStreamSource",
                              "topic": "t", "file": "/x",
                              "tasks.max": "many"}}, "tasks.max"),
])
def test_a_file_that_cannot_be_applied_is_named(run, worker, folder, text,
                                                says):
    path = write(folder + "/bad.json", text)
    code, out, err = run("apply", path)
    assert (code, out) == (REFUSED, "")
    assert err.startswith(f"penstock apply: {path}: ") and says in err, err
    assert worker.rest.connectors() == []


def test_get_lists_and_shows(run, lines):
    code, out, _ = run("get")
    assert code == 0 and json.loads(out) == [lines]
    code, out, _ = run("get", lines)
    assert code == 0
    assert json.loads(out)["tasks"] == [{"connector": lines, "task": 0}]


@pytest.mark.parametrize("named", [True, False])
def test_status_is_a_table_with_the_cause(run, worker, folder, unique, named):
    missing = unique("missing-topic")
    write(folder + "/in", "one\n")
    worker.rest.create("waits", configs.file_source(folder + "/in", missing))
    wait_for("the cause", lambda: worker.rest.status(
        "waits")["tasks"][0].get("cause"))
    code, out, _ = run("status", *(["waits"] if named else []))
    head, connector, task = out.splitlines()
    assert code == 0
    assert head.split() == ["NAME", "STATE", "DETAIL", "WORKER", "CAUSE"]
    assert connector.split()[:2] == ["waits", "RUNNING"]
    assert task.split()[:3] == ["waits-0", "RUNNING", f"{HOST}:{worker.port}"]
    assert missing in task


def test_orders_are_carried_out(run, worker, lines):
    pid = worker.wait_task(lines)
    assert run("pause", lines) == (0, f"{lines}: pause\n", "")
    worker.rest.wait_state(lines, "PAUSED")
    assert run("resume", lines) == (0, f"{lines}: resume\n", "")
    worker.rest.wait_running(lines)
    assert run("restart", lines) == (0, f"{lines}: restart\n", "")
    assert worker.wait_task(lines, other_than=pid)
    assert run("stop", lines) == (0, f"{lines}: stop\n", "")
    worker.rest.wait_state(lines, "STOPPED")
    assert run("delete", lines) == (0, f"{lines}: delete\n", "")
    assert worker.rest.connectors() == []


def test_one_that_is_unknown_does_not_keep_the_others(run, worker, lines):
    code, out, err = run("pause", "nobody", lines)
    assert (code, out) == (REFUSED, f"{lines}: pause\n")
    assert re.fullmatch(r"penstock pause: .*nobody.* \(404\)\n", err), err
    worker.rest.wait_state(lines, "PAUSED")


def test_a_worker_that_is_not_there_is_named(run):
    url = f"http://{HOST}:{free_port()}"
    code, out, err = run("status", url=url)
    assert (code, out) == (REFUSED, "")
    assert err.startswith(f"penstock status: {url}/connectors"), err


@pytest.mark.parametrize("args, says", [
    ([], "usage:"),
    (["no-such-command"], "usage:"),
    (["worker"], "usage: penstock worker FILE.properties"),
    (["worker", "--help"], "usage: penstock worker FILE.properties"),
    (["standalone"], "usage: penstock standalone"),
    (["delete"], "usage: penstock delete NAME..."),
    (["apply"], "usage: penstock apply"),
])
def test_usage_is_said(run, args, says):
    code, out, err = run(*args)
    assert (code, out) == (USAGE, "")
    assert says in err


def test_roles_of_the_worker_are_no_commands(run):
    _, _, err = run()
    listed = re.findall(r"^  penstock (\S+)", err, re.M)
    assert {"worker", "standalone", "inspect", "status"} <= set(listed)
    assert not {"task", "connector", "inspect-child"} & set(listed)


def test_inspect_lists_the_plugins(run):
    code, out, err = run("inspect")
    assert (code, err) == (0, "")
    head, *rows = out.splitlines()
    assert head.split() == ["TYPE", "VERSION", "CLASS"]
    classes = [row.split()[-1] for row in rows]
    assert "org.apache.kafka.connect.json.JsonConverter" in classes


def test_inspect_says_what_is_wrong_with_a_file(run, folder):
    write(folder + "/broken.so", "no ELF")
    os.chmod(folder, 0o755)
    code, out, err = run("inspect", folder, f"{BUILD}/fixtures")
    assert code == 0
    assert "com.example.NumbersSourceConnector" in out
    assert f"{folder}/broken.so: " in err
    assert "lie_major.so: " in err


def test_inspect_in_json_has_the_keys(run):
    code, out, _ = run("inspect", "--json", f"{BUILD}/fixtures")
    found = {p["name"]: p for p in json.loads(out)["plugins"]}
    assert code == 0
    assert [k["name"] for k in found["numbers"]["keys"]] == [
        "topic", "count", "pause.ms"]
