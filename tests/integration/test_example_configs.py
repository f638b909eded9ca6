"""What the repository shows a newcomer works as it stands: the examples are
valid, the files that the README names start a worker, its commands answer."""

import glob
import json
import os
import re
import shutil
import subprocess

import pytest
import yaml

from support import s3 as gateway
from support.env import BUILD, HOST, ROOT, wait_for
from support.worker import Worker

EXAMPLES = sorted(glob.glob(ROOT + "/configs/examples/*.json"))
PASSWORDS = "/etc/penstock/"


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


class FromFile(Worker):
    """A worker with a file of the repository, its addresses replaced."""
    role, args = "worker", ()
    secrets = {"HOOK_TOKEN": "t", "AWS_ACCESS_KEY_ID": "k",
               "AWS_SECRET_ACCESS_KEY": "s"}

    def write_properties(self):
        text = read(f"{ROOT}/configs/{self.role}.properties")
        for old, new in (
                (r"localhost:9092", self.properties["bootstrap.servers"]),
                (r"http://\S+:8083", f"http://{HOST}:{self.port}"),
                (r"=penstock", "=" + self.group),
                (r"=/tmp/penstock.offsets", f"={self.folder}/offsets")):
            text = re.sub(old, new, text)
        with open(self.file, "w", encoding="utf-8") as f:
            f.write(text)

    def _argv(self):
        return [f"{BUILD}/penstock", self.role, self.file, *self.args]

    def spawn(self):
        self.process.env.update(self.secrets)
        return super().spawn()


@pytest.fixture
def from_file(kafka, new_worker):
    return new_worker(kafka.bootstrap, cls=FromFile)


def placeholders(config, folder, postgres):
    """Addresses of this machine, and a file for each ${file:…}."""
    with open(folder + "/words.properties", "w", encoding="ascii") as f:
        f.write("password=x\n")
    text = re.sub(re.escape(PASSWORDS) + r"\w+\.properties",
                  folder + "/words.properties", json.dumps(config))
    text = re.sub(r"jdbc:postgresql://127.0.0.1:5432/\w+",
                  postgres.jdbc("postgres"), text)
    return json.loads(text)


def test_there_is_an_example_of_each_connector():
    assert [os.path.basename(p) for p in EXAMPLES] == [
        "file-sink.json", "file-source.json", "http-sink.json",
        "postgres-sink.json", "postgres-source.json", "s3-sink.json"]
    for path in EXAMPLES:
        assert os.path.basename(path) in read(ROOT + "/README.md")


def test_the_examples_are_valid(from_file, folder, postgres):
    for path in EXAMPLES:
        body = json.loads(read(path))
        config = placeholders(body["config"], folder, postgres)
        config["name"] = body["name"]
        answer = from_file.rest.call(
            "PUT", "/connector-plugins/" + config["connector.class"]
            + "/config/validate", config)
        errors = [e for c in answer["configs"] for e in c["value"]["errors"]]
        assert answer["error_count"] == 0, (path, errors)


def test_every_key_of_the_examples_is_known(from_file, folder, postgres):
    """A misspelt key would be no error."""
    for path in EXAMPLES:
        body = json.loads(read(path))
        config = placeholders(body["config"], folder, postgres)
        answer = from_file.rest.call(
            "PUT", "/connector-plugins/" + config["connector.class"]
            + "/config/validate", {**config, "name": body["name"]})
        known = {c["definition"]["name"] for c in answer["configs"]}
        assert set(config) - known - {"locale"} == set(), path


@pytest.fixture
def shop(postgres):
    """The databases of the examples, and the rows to begin with."""
    for name in ("shop", "view"):
        postgres.create_db(name)
    postgres.execute("shop", """CREATE TABLE orders (
        id bigserial PRIMARY KEY, customer text NOT NULL, amount numeric(8,2),
        updated_at timestamptz NOT NULL DEFAULT now())""")
    postgres.execute("shop", "INSERT INTO orders (customer, amount) SELECT"
                     " 'c' || i, i FROM generate_series(1, 10000) i")
    yield postgres
    for name in ("shop", "view"):
        postgres.drop_db(name)


def test_the_examples_run_together(kafka, new_worker, shop, s3, receiver,
                                   folder):
    """All six as they stand, with paths and addresses of this machine: a
    file to a file, a table to a table, to S3 and to an endpoint."""
    with open(folder + "/words.properties", "w", encoding="ascii") as f:
        f.write("password=x\n")
    with open(folder + "/in", "w", encoding="ascii") as f:
        f.write("one\ntwo\n")
    for t in ("lines", "shop.orders"):
        kafka.create_topic(t)  # the tests' broker creates none by itself
    s3.create_bucket("orders")
    w = new_worker(kafka.bootstrap, cls=FromFile, start=False)
    w.secrets = dict(HOOK_TOKEN="t", AWS_ACCESS_KEY_ID=gateway.ACCESS_KEY,
                     AWS_SECRET_ACCESS_KEY=gateway.SECRET_KEY)
    w.start()
    for path in EXAMPLES:
        text = read(path)
        for old, new in (
                (re.escape(PASSWORDS) + r"\w+\.properties",
                 folder + "/words.properties"),
                (r"/tmp/penstock-(in|out).txt", folder + r"/\1"),
                (r"127.0.0.1:5432", f"{HOST}:{shop.port}"),
                (r"http://127.0.0.1:9000", s3.url),
                (r"http://127.0.0.1:8080", receiver.url)):
            text = re.sub(old, new, text)
        body = json.loads(text)
        w.rest.call("POST", "/connectors", body)
    for path in EXAMPLES:
        w.rest.wait_running(os.path.basename(path)[:-len(".json")])
    wait_for("the file", lambda: read(folder + "/out") == "one\ntwo\n")
    shop.wait_count("view", "SELECT count(*) FROM orders_view", 10000)
    wait_for("the requests", lambda: sum(
        len(r.json()) for r in receiver.accepted()) == 10000)
    assert {r.headers["authorization"] for r in receiver.accepted()} == {
        "Bearer t"}
    assert wait_for("the object", lambda: len(s3.lines(
        "orders", "topics/shop.orders/"))) == 10000
    kafka.produce("shop.orders", [b"{nonsense"])
    assert [r.value for r in kafka.wait_records("shop.orders.dead", 1)] == [
        b"{nonsense"]


# The image and what is started with it

def compose():
    return yaml.safe_load(read(ROOT + "/docker/compose.yml"))["services"]


def test_compose_names_what_is_there():
    services = compose()
    assert set(services) == {"kafka", "postgres", "worker"}
    for name, service in services.items():
        assert ("image" in service) != ("build" in service), name
        for needed, how in service.get("depends_on", {}).items():
            assert how["condition"] == "service_healthy"
            assert "test" in services[needed]["healthcheck"], needed
    built = services["worker"]["build"]
    context = os.path.normpath(f"{ROOT}/docker/{built['context']}")
    assert context == ROOT
    made = read(os.path.join(context, built["dockerfile"]))
    for line in re.findall(r"^COPY (?!--from)(.*) \S+$", made, re.M):
        for path in line.split():
            assert os.path.exists(f"{ROOT}/{path}"), path
    for path in re.findall(r"^RUN (docker/\S+) (\w+)", made, re.M):
        assert os.access(f"{ROOT}/{path[0]}", os.X_OK), path
    advertised = services["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"]
    properties = read(ROOT + "/docker/worker.properties")
    assert "bootstrap.servers=" + advertised.split("//")[1] in properties
    [port] = services["worker"]["ports"]
    assert port.split(":")[1] in re.search(r"listeners=(.*)", properties)[1]
    assert "EXPOSE " + port.split(":")[1] in made
    plugins = re.search(r"plugin.path=(.*)", properties)[1]
    assert f"plugins {plugins}\n" in made


def test_the_images_worker_starts(kafka, new_worker):
    class Image(FromFile):
        def write_properties(self):
            text = read(ROOT + "/docker/worker.properties")
            for old, new in (
                    ("kafka:9092", self.properties["bootstrap.servers"]),
                    (r"0.0.0.0:8083", f"0.0.0.0:{self.port}"),
                    (r"=penstock", "=" + self.group),
                    (r"/usr/local/lib/penstock", BUILD + "/plugins")):
                text = re.sub(old, new, text)
            with open(self.file, "w", encoding="utf-8") as f:
                f.write(text)
    w = new_worker(kafka.bootstrap, cls=Image)
    assert {p["class"] for p in w.rest.get("/connector-plugins")} >= {
        "io.confluent.connect.s3.S3SinkConnector"}


def commands(text):
    """The README's curl lines."""
    return re.findall(r"^    (curl .*)$", text, re.M)


def test_the_readmes_commands_work(from_file):
    found = commands(read(ROOT + "/README.md"))
    assert len(found) >= 3, found
    for command in found:
        # 8081 is one of three workers, each of which answers alike
        command = re.sub("localhost:808[13]", f"{HOST}:{from_file.port}",
                         command)
        if "/status" in command:
            wait_for("the status", lambda: from_file.rest.status(
                "file-source"))
        done = subprocess.run(command, shell=True, cwd=ROOT, timeout=30,
                              capture_output=True, text=True, check=True)
        assert "error_code" not in done.stdout, (command, done.stdout)
        assert json.loads(done.stdout), command
    assert from_file.rest.connectors() == ["file-source"]


def test_the_standalone_file_runs_the_example(kafka, new_worker, folder,
                                              unique):
    t = kafka.create_topic(unique("lines"))
    body = json.loads(read(ROOT + "/configs/examples/file-source.json"))
    body["config"].update({"file": folder + "/in", "topic": t})
    with open(folder + "/source.json", "w", encoding="utf-8") as f:
        json.dump(body, f)
    with open(folder + "/in", "w", encoding="utf-8") as f:
        f.write("one\n")

    class Standalone(FromFile):
        role, args = "standalone", [folder + "/source.json"]
    new_worker(kafka.bootstrap, cls=Standalone)
    assert [r.value for r in kafka.wait_records(t, 1)] == [b"one"]


def session(section):
    """Of a section of the README: [(command, what it prints)]"""
    text = re.search(rf"^## {section}$(.*?)^## ", read(ROOT + "/README.md"),
                     re.M | re.S)[1]
    found = []
    for line in re.findall("^    (.*)$", text, re.M):
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif found:
            found[-1][1].append(line)
    return found


def test_the_readmes_pipeline_is_what_one_sees(from_file, folder, unique):
    topic = unique("lines")
    os.mkdir(folder + "/d")
    shutil.copy(ROOT + "/configs/templates/file-to-topic.json", folder + "/d")
    lines = re.search(r"^    (\{.*\})$", read(ROOT + "/README.md"), re.M)[1]
    with open(folder + "/d/lines.json", "w", encoding="utf-8") as f:
        f.write(lines.replace('"topic": "lines"', f'"topic": "{topic}"'))
    for command, printed in session("Pipelines from templates"):
        if command == "penstock get pipelines":
            wait_for("the pipeline", lambda: from_file.rest.get(
                "/pipelines/lines/status")["state"] == "RUNNING")
        done = subprocess.run(
            command, shell=True, executable="/bin/bash", cwd=folder,
            timeout=120, text=True, check=False, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, env=dict(
                os.environ, PENSTOCK_URL=from_file.rest.url,
                PATH=f"{BUILD}:{os.environ['PATH']}"))

        def plain(text):
            text = text.replace(f"{HOST}:{from_file.port}", f"{HOST}:8083")
            text = text.replace(topic, "lines")
            return re.sub(r"20\d\d-[-\d]+T[:.\d]+Z", "(a time)", text)
        assert plain(done.stdout).splitlines() == plain(
            "\n".join(printed)).splitlines(), (command, done.stdout)
        assert all(len(x) <= 80 or x.startswith("penstock ")
                   for x in done.stdout.splitlines()), done.stdout
