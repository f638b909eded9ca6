"""The commands for people: each does what its name says, and what cannot be
done is said on stderr, with an exit code."""

import glob
import http.server
import json
import os
import re
import subprocess
import threading

import pytest
import requests

from support import configs
from support.env import BUILD, HOST, ROOT, free_port, wait_for

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


def test_logs_are_the_last_lines_of_the_tasks(run, worker, topic, folder,
                                              unique):
    name = unique("logs")
    worker.rest.create(name, configs.file_source(folder + "/absent",
                                                 topic("t")))
    worker.rest.wait_running(name)
    pid = worker.kill_task(name)

    def lines():
        code, out, err = run("logs", name)
        assert (code, err) == (0, ""), err
        return out.splitlines()
    found = wait_for("lines of its end", lambda: [
        x for x in lines() if f"task {name}-0 failed: killed by SIGKILL" in x])
    worker.wait_task(name, other_than=pid)
    text = worker.log_text().split("\n")
    # The moment is that of each writer.
    assert all(any(x[24:] == y[24:] for y in text) for x in found), found
    worker.rest.delete(name)
    assert run("logs", name)[0] == REFUSED


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
    head, row = out.splitlines()
    assert code == 0 and head.split() == ["NAME", "TYPE", "STATE", "TASKS",
                                          "RUNNING"]
    assert row.split() == [lines, "source", "RUNNING", "1", "of", "1"]
    assert json.loads(run("get", "-o", "json")[1]) == [lines]
    assert run("get", "-o", "name")[1] == lines + "\n"
    assert run("get", "templates") == (0, "", "no templates\n")
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
    head, connector, task, *cause = out.splitlines()
    assert code == 0
    assert head.split() == ["NAME", "STATE", "WORKER"]
    assert connector.split()[:2] == ["waits", "RUNNING"]
    assert task.split() == ["waits-0", "RUNNING", f"{HOST}:{worker.port}"]
    assert missing in " ".join(cause)
    assert all(len(line) <= 80 for line in out.splitlines()), out


def test_orders_are_carried_out(run, worker, lines):
    pid = worker.wait_task(lines)
    assert run("pause", lines) == (0, f"{lines}: paused\n", "")
    worker.rest.wait_state(lines, "PAUSED")
    assert run("resume", lines) == (0, f"{lines}: resumed\n", "")
    worker.rest.wait_running(lines)
    assert run("restart", lines) == (0, f"{lines}: restarted\n", "")
    assert worker.wait_task(lines, other_than=pid)
    assert run("stop", lines) == (0, f"{lines}: stopped\n", "")
    worker.rest.wait_state(lines, "STOPPED")
    assert run("delete", lines) == (0, f"{lines}: deleted\n", "")
    assert worker.rest.connectors() == []


def test_one_that_is_unknown_does_not_keep_the_others(run, worker, lines):
    code, out, err = run("pause", "nobody", lines)
    assert (code, out) == (REFUSED, f"{lines}: paused\n")
    assert re.fullmatch(r"penstock pause: .*nobody.* \(404\)\n", err), err
    code, out, err = run("status", lines[:-1])
    assert code == REFUSED and f"did you mean {lines}?" in err, err
    code, out, err = run("status", "pipeline/" + lines)
    assert code == REFUSED and f"did you mean connector/{lines}?" in err, err
    worker.rest.wait_state(lines, "PAUSED")


def test_a_worker_that_is_not_there_is_named(run):
    url = f"http://{HOST}:{free_port()}"
    code, out, err = run("status", url=url)
    assert (code, out) == (REFUSED, "")
    assert err == (f"penstock status: no worker answers at {url}: is "
                   "PENSTOCK_URL right, and does it run?\n")


@pytest.mark.parametrize("args, says", [
    ([], "usage:"),
    (["no-such-command"], "usage:"),
    (["worker"], "usage: penstock worker FILE.properties"),
    (["worker", "--help"], "usage: penstock worker FILE.properties"),
    (["standalone"], "usage: penstock standalone"),
    (["delete"], "usage: penstock delete NAME...\n"),
    (["logs"], "usage: penstock logs NAME...\n"),
    (["restart"], "usage: penstock restart NAME...|-l LABEL\n"),
    (["pause"], "usage: penstock pause NAME...|-l LABEL\n"),
    (["delete", "--clean"], "usage: penstock delete NAME..."),
    (["apply"], "usage: penstock apply -f FILE|FOLDER..."),
    (["validate"], "usage: penstock validate -f FILE|FOLDER..."),
    (["seek", "-p", "to=end"], "usage: penstock seek -p timestamp=T|offset=N|"
     "to=PLACE NAME..."),
    (["revert", "-p", "revision=1"],
     "usage: penstock revert -p revision=N NAME..."),
    (["upgrade"], "usage: penstock upgrade TEMPLATE..."),
    (["rollback"], "usage: penstock rollback TEMPLATE..."),
    (["completion"], "usage: penstock completion bash"),
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


# Templates and pipelines

CHANGES = 3
TEMPLATES = sorted(glob.glob(ROOT + "/configs/templates/*.json"))

VALUES = {  # of each template, but for addresses and passwords
    "database-to-speed-layer": {
        "tables": ["orders", "customers"], "user": "postgres", "view_user": "postgres",
        "bucket": "archive", "time_column": "t", "id_column": "id"},
    "file-to-topic": {"file": "/x", "topic": "t"},
    "postgres-to-topic": {
        "tables": "orders", "user": "postgres", "mode": "incrementing",
        "id_column": "id"},
    "topic-to-http": {"topics": "t", "url": "http://127.0.0.1:1/"},
    "topic-to-postgres-view": {
        "topics": "orders", "key_fields": "id", "user": "postgres"},
    "topic-to-s3-archive": {"topics": "t", "bucket": "archive"},
}


def values_of(template, folder, postgres):
    """All that is required has a value."""
    with open(template, encoding="utf-8") as f:
        doc = json.load(f)
    secret = write(folder + "/words.properties", "word=x\n")
    given = dict(VALUES[doc["name"]])
    for name, p in doc["parameters"].items():
        if p.get("secret") and p.get("required"):
            given[name] = "${file:%s:word}" % secret
        elif name.endswith("url") and p.get("required"):
            given.setdefault(name, postgres.jdbc("postgres"))
    return doc["name"], given


def test_every_template_of_ours_makes_valid_connectors(
        run, folder, postgres, worker):
    """One worker for all of it: each is applied as an operator would."""
    assert [os.path.basename(t)[:-5] for t in TEMPLATES] == sorted(VALUES)
    args = [a for t in TEMPLATES for a in ("-f", t)]
    code, out, err = run("validate", *args)
    assert (code, err) == (0, "") and out.count(": valid") == len(TEMPLATES)
    os.mkdir(folder + "/pipelines")
    for t in TEMPLATES:
        name, given = values_of(t, folder, postgres)
        write(f"{folder}/pipelines/{name}.json",
              {"name": "my-" + name, "template": name, "parameters": given})
    args += ["-f", folder + "/pipelines"]
    code, out, err = run("apply", "--plan", *args)
    assert (code, err) == (CHANGES, ""), err
    assert worker.rest.get("/templates") == worker.rest.connectors() == []
    code, planned, err = run("apply", "-o", "json", *args)
    assert (code, err) == (0, ""), err
    assert {x["result"] for x in json.loads(planned)} == {"created"}
    assert len(worker.rest.connectors()) == 5 + 2 * 3
    for again in (["--plan"], []):
        code, out, err = run("apply", *again, *args)
        assert (code, err) == (0, "")
        assert all(line.endswith(": unchanged") for line in out.splitlines())
    for name in worker.rest.connectors():  # a misspelt key would be no error
        config = worker.rest.get(f"/connectors/{name}/config")
        answer = worker.rest.call(
            "PUT", f"/connector-plugins/{config['connector.class']}"
            "/config/validate", config)
        known = {c["definition"]["name"] for c in answer["configs"]}
        assert set(config) - known - {"locale"} == set(), name
    code, out, _ = run("describe", "pipeline/my-file-to-topic")
    assert code == 0 and "template: file-to-topic" in out
    os.unlink(folder + "/pipelines/file-to-topic.json")
    code, out, _ = run("apply", "--prune", *args)
    assert code == 0 and "pipeline my-file-to-topic: deleted" in out
    assert "my-file-to-topic" not in worker.rest.connectors()
    code, out, _ = run("delete", "pipeline/my-topic-to-http",
                       "template/topic-to-http")
    assert (code, out.count(": deleted")) == (0, 2)


def test_values_are_given_on_the_command_line(run, worker, topic, folder):
    t = topic("t")
    f = write(folder + "/p.json", {"name": "p", "template": "file-to-topic"})
    args = ["-f", ROOT + "/configs/templates/file-to-topic.json", "-f", f]
    code, out, err = run("apply", *args)
    assert code == REFUSED and "template file-to-topic: created" in out
    assert err == (f"penstock apply: {f}: The pipeline cannot be made:\n"
                   "  parameter file: a value is required\n"
                   "  parameter topic: a value is required (400)\n")
    write(folder + "/q.json", {"name": "q", "template": "topic-to-http",
                               "parameters": {"topics": t}})
    both = [*args, "-f", ROOT + "/configs/templates/topic-to-http.json",
            "-f", folder + "/q.json", "-p", "url=http://127.0.0.1:1/",
            "-p", f"file={folder}/in", "-p", "topic=" + t]
    code, out, err = run("apply", *both, "-p", "typo=1")
    assert (code, out) == (REFUSED, "") and "-p typo: no template of" in err
    code, out, err = run("apply", "--plan", *both)  # to each what it has
    assert (code, err) == (CHANGES, "") and "pipeline q: created" in out
    code, out, err = run("apply", *args, "-p", f"file={folder}/in",
                         "-p", "topic=" + t)
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "template file-to-topic: unchanged", "pipeline p: created",
        "  create       p (offsets: none)"]
    write(folder + "/in", "one\n")
    wait_for("the pipeline", lambda: json.loads(
        run("status", "-o", "json", "pipeline/p")[1])["state"] == "RUNNING")
    code, out, _ = run("status", "pipeline/p")
    head, pipeline, connector, task = out.splitlines()
    assert head.split()[0] == "NAME"
    assert pipeline.split() == ["pipeline/p", "RUNNING"]
    assert connector.split()[:2] == ["p", "RUNNING"]
    assert task.split()[:2] == ["p-0", "RUNNING"]
    code, _, err = run("delete", "p")
    assert code == REFUSED and "belongs to pipeline p" in err
    assert run("get", "-o", "name", "pipelines")[1] == "pipeline/p\n"
    assert run("delete", "--force", "p") == (0, "p: deleted\n", "")
    code, out, _ = run("describe", "pipeline/p")
    assert code == 0 and "connector p was deleted" in out


@pytest.fixture
def declared(run, topic, folder, unique):
    """A template and two pipelines of it, applied: the options that name
    them, and the pipelines' names and files."""
    names = [unique("kept"), unique("pruned")]
    t = topic("declared")
    of = unique("declared")
    with open(ROOT + "/configs/templates/file-to-topic.json",
              encoding="utf-8") as f:
        template = write(folder + "/template.json",
                         {**json.load(f), "name": of})
    files = [write(f"{folder}/{name}.json", {
        "name": name, "template": of,
        "parameters": {"file": f"{folder}/{name}", "topic": t}})
        for name in names]
    args = ["-f", template, "-f", files[0]]
    code, _, err = run("apply", *args, "-f", files[1])
    assert (code, err) == (0, "")
    yield args, names, files
    run("delete", *(f"pipeline/{n}" for n in names))
    run("delete", f"template/{of}")


def pipelines(run):
    return run("get", "-o", "name", "pipelines")[1].split()


def test_prune_deletes_what_no_file_names(run, declared):
    args, (kept, pruned), files = declared
    gone = f"pipeline {pruned}: deleted"
    # Without it nothing goes; with --plan nothing goes yet.
    assert run("apply", *args)[0] == 0
    code, out, err = run("apply", "--prune", "--plan", *args)
    assert (code, err) == (CHANGES, "") and gone in out
    assert {f"pipeline/{kept}", f"pipeline/{pruned}"} <= set(pipelines(run))
    # Nor when a file could not be read, or one was refused.
    code, out, err = run("apply", "--prune", *args, "-f", "/nowhere.json")
    assert code == REFUSED and "/nowhere.json" in err and gone not in out
    with open(files[0], encoding="utf-8") as f:
        good = f.read()
    write(files[0], good.replace('"topic"', '"topik"'))
    code, out, err = run("apply", "--prune", *args)
    assert code == REFUSED and "topik" in err and gone not in out
    write(files[0], good)
    assert {f"pipeline/{kept}", f"pipeline/{pruned}"} <= set(pipelines(run))
    code, out, err = run("apply", "--prune", *args)
    assert (code, err) == (0, "") and gone in out
    assert f"pipeline/{kept}" in pipelines(run)
    assert f"pipeline/{pruned}" not in pipelines(run)
    code, out, _ = run("get", pruned)
    assert code == REFUSED
    assert run("apply", "--prune", "--plan", *args)[0] == 0  # no changes left


class Between(http.server.BaseHTTPRequestHandler):
    """Hands on to the worker; before a PUT something else happens."""

    def handle_any(self):
        if self.command == "PUT":
            self.server.meanwhile()
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with requests.request(
                self.command, self.server.to + self.path, data=body,
                headers={"Content-Type": "application/json"},
                timeout=60) as answer:
            self.send_response(answer.status_code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

    do_GET = do_PUT = do_POST = do_DELETE = handle_any

    def log_message(self, format, *args):  # pylint: disable=redefined-builtin
        pass


def test_a_plan_that_is_out_of_date_is_not_carried_out(
        run, worker, declared, topic):
    """Who changes a connector between the plan and its being carried out is
    not overwritten unseen."""
    args, (name, _), files = declared
    with open(files[0], encoding="utf-8") as f:
        want = json.load(f)
    want["parameters"]["topic"] = topic("other")
    write(files[0], want)

    def meanwhile():
        config = worker.rest.get(f"/connectors/{name}/config")
        worker.rest.call("PUT", f"/connectors/{name}/config?force=true",
                         {**config, "batch.size": "77"})
    with http.server.ThreadingHTTPServer((HOST, 0), Between) as server:
        server.to, server.meanwhile = worker.rest.url, meanwhile
        threading.Thread(target=server.serve_forever, daemon=True).start()
        code, out, err = run("apply", *args,
                             url=f"http://{HOST}:{server.server_port}")
        server.shutdown()
    assert code == REFUSED and f"pipeline {name}" not in out
    assert "out of date" in err and files[0] in err
    config = worker.rest.get(f"/connectors/{name}/config")
    assert config["batch.size"] == "77"
    assert config["topic"] != want["parameters"]["topic"]
    # Asked again, it sees what there is now.
    code, out, err = run("apply", *args)
    assert (code, err) == (0, "") and f"pipeline {name}: " in out
    config = worker.rest.get(f"/connectors/{name}/config")
    assert config["topic"] == want["parameters"]["topic"]


@pytest.mark.parametrize("args, says", [
    (["apply", "--pla", "x"], "--pla is not known"),
    (["apply", "-p", "x", "y"], "-p x: name=value is expected"),
    (["apply", "-f"], "-f: a value is expected"),
    (["get", "-o", "yaml"], "-o yaml: text, json or name is expected"),
    (["upgrade", "--version", "x", "t"], "--version x: a whole number"),
    (["completion", "fish"], "bash is expected"),
])
def test_options_that_are_wrong_are_named(run, args, says):
    code, out, err = run(*args, url="http://127.0.0.1:1")
    assert (code, out) == (USAGE, "") and says in err


def test_the_shell_completes(run, worker, lines):
    code, out, _ = run("completion", "bash")
    assert code == 0

    def complete(*words):
        script = (f"{out}\nPATH={BUILD}:$PATH\nCOMP_WORDS=(penstock "
                  f"{' '.join(words)}) COMP_CWORD={len(words)}\n_penstock\n"
                  "echo ${COMPREPLY[*]}")
        return subprocess.run(
            ["bash", "-c", script], text=True, capture_output=True,
            check=True, timeout=60, env=dict(
                os.environ, PENSTOCK_URL=worker.rest.url)).stdout.split()
    assert complete("des") == ["describe"]
    assert complete("status", lines[:4]) == [lines]
    assert complete("get", "pip") == ["pipelines"]
    assert complete("get", "-o", "n") == ["name"]
    assert complete("apply", "--p") == ["--plan", "--prune"]
    _, _, usage = run()
    for name in re.findall(r"^  penstock (\S+)", usage, re.M):
        assert complete(name) == [name], name


def test_a_label_stands_for_all_that_carry_it(run, worker, topic, folder,
                                              unique):
    names, label = sorted(unique("l") for _ in range(2)), unique("label")
    for name in names:
        worker.rest.create(name, configs.file_source(
            folder + "/in", topic("t"), **{"penstock.labels": label}))
        worker.rest.wait_running(name)
    done = "".join(f"{name}: paused\n" for name in names)
    assert run("pause", "-l", label) == (0, done, "")
    for name in names:
        worker.rest.wait_state(name, "PAUSED")
    code, out, err = run("resume", "--label", label, "-o", "json")
    assert (code, err) == (0, "") and json.loads(out) == {
        "label": label,
        "connectors": [{"name": name, "status": 202} for name in names]}
    code, out, err = run("resume", "--label", "nobody")
    assert (code, out) == (REFUSED, "") and "nobody" in err
    code, out, err = run("delete", "-l", label)
    assert (code, out) == (USAGE, "") and "no label" in err


def test_revisions_are_listed_and_a_clean_delete_reports(run, worker, topic,
                                                         folder, unique):
    name = unique("revised")
    config = configs.file_source(folder + "/in", topic("t"))
    worker.rest.create(name, config)
    worker.rest.put_config(name, {**config, "batch.size": 7})
    code, out, _ = run("revisions", name)
    found = [line.split() for line in out.splitlines()[1:]]
    assert code == 0 and [(f[0], f[-1]) for f in found] == [
        ("2", "replace"), ("1", "create")] and found[0][1] == "*"
    assert run("revert", name)[0] == USAGE
    assert run("revert", "-p", "revision=1", name) == (
        0, f"{name}: back to revision 1\n", "")
    assert "batch.size" not in worker.rest.get(f"/connectors/{name}/config")
    code, out, err = run("revert", "-p", "revision=2", "-o", "json", name)
    assert (code, err) == (0, "")
    assert json.loads(out)["config"]["batch.size"] == "7"
    code, out, err = run("revert", "-p", "revision=9", name)
    assert (code, out) == (REFUSED, "") and "no revision 9" in err
    code, out, _ = run("delete", "--clean", name)
    assert code == 0 and out.startswith(
        f"{name}: deleted\n  removed: any position"), out
    assert name not in worker.rest.connectors()
    worker.rest.create(name, config)
    code, out, err = run("delete", "--clean", "-o", "json", name)
    (one,) = json.loads(out)
    assert (code, err, one["name"], one["result"]) == (0, "", name, "deleted")
    assert one["left"] == [] and "any position" in str(one["removed"])


def test_seek_shows_the_change_and_its_undo(run, worker, kafka, topic, folder,
                                            unique):
    name, t = unique("sought"), topic("t")
    kafka.produce(t, ["a", "b", "c"])
    worker.rest.create(name, configs.file_sink(folder + "/out", t))
    wait_for("its offset", lambda: worker.rest.offsets(name)[0]["offset"] == {
        "kafka_offset": 3})
    moved = '{"kafka_topic":"%s","kafka_partition":0}' % t
    code, out, _ = run("seek", "-p", "offset=1", "--plan", name)
    assert (code, out.splitlines()[:2]) == (0, [
        f"{name}: would be moved",
        f'  {moved}: {{"kafka_offset":3}} -> {{"kafka_offset":1}}'])
    code, out, err = run("seek", "-p", "to=end", name)
    assert (code, out) == (REFUSED, "") and "STOPPED" in err
    worker.rest.stop_connector(name)
    code, out, _ = wait_for("a seek", lambda: (
        lambda r: r if r[0] == 0 else None)(
            run("seek", "-p", "timestamp=1970-01-01T00:00:00Z", name)))
    undo = re.search(r"undo: -p (offsets=)'(.*)'", out)
    assert worker.rest.offsets(name)[0]["offset"] == {"kafka_offset": 0}
    assert run("seek", "-p", undo[1] + undo[2], name)[0] == 0
    assert worker.rest.offsets(name)[0]["offset"] == {"kafka_offset": 3}
