"""What a worker makes and what its children inherit: internal topics as
configured, no descriptor of the worker's, an end with it. And where records
go: keys to the partitions that Java's producer gives them."""

import os
import random
import signal
import socket
import subprocess
import threading

import pytest

from support import configs
from support.child import Child
from support.drive import PluginError, Sink
from support.env import DEPS, HOST, ROOT, wait_for


@pytest.fixture(scope="module")
def made(kafka, shared_worker, unique):
    w = shared_worker(kafka.bootstrap, offset_storage_partitions=7,
                      status_storage_partitions=3)
    with open(w.folder + "/in", "w", encoding="ascii") as f:
        f.write("line\n")
    w.rest.create("src", configs.file_source(
        w.folder + "/in", kafka.create_topic(unique("children"))))
    w.rest.wait_running("src")
    return w


def test_internal_topics_are_made_as_configured(made, kafka):
    for kind, partitions in (("config", 1), ("offset", 7), ("status", 3)):
        name = made.properties[f"{kind}.storage.topic"]
        topic = kafka.replicas(name)
        assert len(topic) == partitions, (name, topic)
        assert set(map(len, topic)) == {1}, "one replica each"
        assert kafka.topic_config(name)["cleanup.policy"] == "compact"


# What a child has

def open_files(pid):
    """{descriptor: what it is}"""
    base = f"/proc/{pid}/fd"
    return {int(fd): os.readlink(f"{base}/{fd}") for fd in os.listdir(base)}


def unix_names():
    """{inode: its name} of the sockets that have one"""
    with open("/proc/net/unix", encoding="utf-8") as f:
        rows = [line.split() for line in f][1:]
    return {f"socket:[{r[6]}]": r[7] for r in rows if len(r) > 7}


def test_a_child_has_no_descriptor_of_the_workers(made):
    """But the socket whose name says that something of the worker runs."""
    ours = open_files(made.process.pid)
    theirs = open_files(made.wait_task("src"))
    assert theirs[0] == "/dev/null"
    assert theirs[1].startswith("pipe:") and theirs[2] == theirs[1]
    assert theirs[3].startswith("socket:") and theirs[4].startswith("socket:")
    assert theirs[3] != theirs[4]
    shared = (set(ours.values()) & set(theirs.values())) - {"/dev/null"}
    shared = {s for s in shared - {theirs[1]}  # whose other end it reads
              if not s.startswith("anon_inode:")}
    names = unix_names()
    assert [names.get(s, s).split("/")[0] for s in shared] == ["@penstock"]


def terminal_of(pid):
    """the number of the device; 0: none"""
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        return int(f.read().rsplit(")", 1)[1].split()[4])


def test_a_terminal_is_written_to_and_not_made_the_tasks_own(made, kafka,
                                                             topic):
    """A task leads a session, and a session takes the first terminal that it
    opens unless told not to: whose ^C or hang-up would end it."""
    master, slave = os.openpty()
    t = topic("terminal")
    kafka.produce(t, [b"a line"])
    try:
        made.rest.create("terminal", configs.file_sink(os.ttyname(slave), t))
        pid = made.wait_task("terminal")
        assert os.read(master, 100) == b"a line\r\n"
        assert terminal_of(pid) == 0
    finally:
        made.rest.delete("terminal")
        os.close(master)
        os.close(slave)


def test_a_stopped_child_ends_with_its_worker(made):
    """It cannot read that its worker is gone; the kernel ends it."""
    pid = made.kill_task("src", number=signal.SIGSTOP)
    made.kill9()
    wait_for("its end", lambda: not os.path.exists(f"/proc/{pid}"), 5)
    made.start()
    made.rest.wait_running("src")


# What is on its way when a task is killed

class Hole:
    """Takes one connection, reads what comes until the request is there, and
    then no more."""

    def __init__(self):
        self.listener = socket.socket()
        self.listener.bind((HOST, 0))
        self.listener.listen()
        self.port = self.listener.getsockname()[1]
        self.connection = None
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        self.connection, _ = self.listener.accept()
        self.connection.recv(100)

    def ends_by_reset(self):
        self.connection.settimeout(10)
        try:
            while self.connection.recv(1 << 16):
                pass
        except ConnectionResetError:
            return True
        return False

    def close(self):
        self.listener.close()
        if self.connection:
            self.connection.close()


@pytest.fixture
def hole():
    h = Hole()
    yield h
    h.close()


VALUE = '"' + "x" * 300000 + '"'


@pytest.mark.parametrize("name,so,config", [
    ("HttpSink", "http", {"http_url": "{}", "batch_max_size": "1",
                          "http_authorization_type": "none"}),
    ("HttpSink", "http", {"http_url": "{}", "batch_max_size": "1",
                          "http_authorization_type": "none",
                          "http_allow_link_local": "true"}),
    ("S3Sink", "s3", {"store_url": "{}", "s3_bucket_name": "lake",
                      "aws_access_key_id": "a", "flush_size": "1",
                      "aws_secret_access_key": "b", "format_class":
                      "io.confluent.connect.s3.format.json.JsonFormat"})])
def test_a_killed_sink_sends_no_more(hole, name, so, config):
    """SO_LINGER 0: the kernel forgets what it has, the peer gets a reset."""
    with Sink(so, name, **{k: v.format(f"http://{HOST}:{hole.port}")
                           for k, v in config.items()}) as s:
        s.start()
        s.open()
        records = [("k", VALUE)] * 3

        def is_sending():
            try:
                s.put(records)
                records.clear()
            except PluginError as e:  # S3 wants an answer first
                assert e.code == "RETRY"
            return not hole.thread.is_alive()
        wait_for("a request", is_sending)
        s.kill()
    assert hole.ends_by_reset()


class Proxy(Hole):
    """Passes one connection on to a server, and sees how it ends."""

    def __init__(self, port):
        self.server = socket.create_connection((HOST, port))
        super().__init__()

    def _run(self):
        self.connection, _ = self.listener.accept()
        threading.Thread(target=self._back, daemon=True).start()
        try:
            while data := self.connection.recv(1 << 16):
                self.server.sendall(data)
            self.end = "closed"
        except ConnectionResetError:
            self.end = "reset"
        self.server.close()

    def _back(self):
        try:
            while data := self.server.recv(1 << 16):
                self.connection.sendall(data)
        except OSError:
            pass


def test_a_killed_postgres_sink_sends_no_more(postgres, db):
    proxy = Proxy(postgres.port)
    url = postgres.jdbc(db).replace(str(postgres.port), str(proxy.port))
    with Sink("postgres", "PostgresSink", connection_url=url,
              connection_user="postgres") as s:
        s.start()
        s.open()
        s.kill()
    proxy.thread.join(10)
    assert proxy.end == "reset"
    proxy.close()


# Partitions

def keys(count):
    rng = random.Random(11)
    letters = "abcXYZ0189 .-_/äß€漢😀"
    return ["".join(rng.choices(letters, k=n % 80)) for n in range(count)]


def of_java(given, partitions):
    out = subprocess.run(
        ["java", "-XX:-UsePerfData", "-cp", f"{DEPS}/kafka/libs/*",
         f"{ROOT}/tests/conformance/Partition.java", str(partitions)],
        input="".join(k + "\n" for k in given).encode(), check=True,
        stdout=subprocess.PIPE).stdout
    return [int(p) for p in out.split()]


def test_keys_have_the_partitions_that_java_gives_them(kafka, topic, folder,
                                                       unique):
    given, t = keys(10000), topic("t", partitions=7)
    with open(folder + "/in", "w", encoding="utf-8") as f:
        f.writelines(k + "\n" for k in given)
    transforms = "org.apache.kafka.connect.transforms."
    with Child("task", "lines", "0") as c:
        c.configure({
            "bootstrap.servers": kafka.bootstrap, "group.id": unique("g"),
            "offset.storage.topic": topic("offsets", **{
                "cleanup.policy": "compact"})}, {
            "connector.class": "FileStreamSource", "file": folder + "/in",
            "topic": t, "key.converter": configs.STRING,
            "value.converter": configs.JSON,
            "value.converter.schemas.enable": "false",
            "transforms": "hoist,key,plain",
            "transforms.hoist.type": transforms + "HoistField$Value",
            "transforms.hoist.field": "k",
            "transforms.key.type": transforms + "ValueToKey",
            "transforms.key.fields": "k",
            "transforms.plain.type": transforms + "ExtractField$Key",
            "transforms.plain.field": "k"}, stored=[])
        found = kafka.wait_records(t, len(given), timeout=60)
        assert c.stop() == 0
    got = {r.key.decode(): r.partition for r in found}
    want = dict(zip(given, of_java(given, 7)))
    assert len(want) > 9000 and set(want.values()) == set(range(7))
    assert got == want
