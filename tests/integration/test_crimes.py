"""Plugins that crash, hang, leak, exit or lie about their ABI: that task says
so, the worker and the task beside it go on."""

import errno
import os
import shutil
import time
import uuid

import pytest

from support import configs, env
from support.env import wait_for


@pytest.fixture(scope="module")
def guarded(kafka, shared_worker):
    """A worker whose plugin.path has the fixtures beside the real ones, and
    a good pipeline that every crime is committed beside."""
    w = shared_worker(
        kafka.bootstrap, task_liveness_timeout_ms=3000,
        plugin_path=f"{env.BUILD}/plugins,{env.BUILD}/fixtures")
    w.good_file = w.folder + "/in"
    good = kafka.create_topic(f"crimes-{uuid.uuid4().hex[:8]}")
    with open(w.good_file, "w", encoding="ascii") as f:
        f.write("first\n")
    # Its poll waits for a second when there is nothing to read.
    w.rest.create("good", configs.file_source(
        w.good_file, good, **{"stall.timeout.ms": "2000"}))
    w.rest.wait_running("good")
    w.good_pid = w.wait_task("good")
    yield w
    with open(w.good_file, encoding="ascii") as f:
        lines = len(f.readlines())
    assert len(kafka.wait_records(good, lines)) == lines


@pytest.fixture(autouse=True)
def beside_the_good(request, guarded):
    """Each test ends with the good task unharmed, its process the same."""
    yield
    with open(guarded.good_file, "a", encoding="ascii") as f:
        f.write(request.node.name + "\n")
    for name in guarded.rest.connectors():
        if name != "good":
            guarded.rest.delete(name)
    assert guarded.pid_of_task("good") == guarded.good_pid
    assert guarded.rest.healthy()


def commit(worker, kafka, crime, **over):
    """Creates the criminal and returns the trace of its failed task."""
    config = {"connector.class": "CrimeSource", "crime": crime,
              "topic": "crimes", "errors.restart.enable": "false"}
    config.update(over)
    worker.rest.create("criminal", config)
    return worker.rest.wait_task_failed("criminal", timeout=60)["trace"]


@pytest.mark.parametrize("crime,words", [
    ("segfault", ["SIGSEGV", "poll"]),
    ("abort", ["SIGABRT"]),
    ("assert", ["Assertion"]),
    ("exit", ["exit"]),
    ("stack", ["SIGSEGV"]),
    ("start-segfault", ["SIGSEGV", "start"]),
    ("create-error", ["crime"]),
    ("kill-self", ["SIGKILL", "not by this worker"]),
    ("longjmp", ["exit code 8"]),
    ("close-all", ["killed by"]),
    ("stop-self", ["no sign of life"]),
])
def test_a_crash_is_named(guarded, kafka, crime, words):
    began = time.monotonic()
    trace = commit(guarded, kafka, crime)
    assert time.monotonic() - began < 20
    for word in words:
        assert word in trace, trace


def test_what_it_does_to_itself_is_nobody_elses(guarded, kafka, topic):
    """Another folder, and files that nobody may read."""
    def of(pid):
        with open(f"/proc/{pid}/status", encoding="ascii") as f:
            mask = next(line for line in f if line.startswith("Umask"))
        return os.readlink(f"/proc/{pid}/cwd"), mask.split()[1]
    others = [guarded.process.pid, guarded.good_pid]
    before, t = [of(pid) for pid in others], topic()
    guarded.rest.create("criminal", {
        "connector.class": "CrimeSource", "crime": "astray", "topic": t})
    kafka.wait_records(t, 1)
    assert of(guarded.pid_of_task("criminal")) == ("/tmp", "0777")
    assert [of(pid) for pid in others] == before


def test_a_leak_ends_at_the_limit(guarded, kafka):
    trace = commit(guarded, kafka, "leak",
                   **{"task.memory.bytes": str(64 << 20)})
    assert "memory" in trace and "64 MB" in trace, trace


def test_a_hang_is_shown_and_ended(guarded, kafka):
    guarded.rest.create("criminal", {
        "connector.class": "CrimeSource", "crime": "hang", "topic": "crimes",
        "stall.timeout.ms": "1000", "task.hang.timeout.ms": "4000",
        "errors.restart.enable": "false"})

    def stalled():
        text = str(guarded.rest.status("criminal"))
        if "STALLED" not in text or "poll" not in text:
            raise ValueError(text)
        return True
    wait_for("STALLED with the call", stalled, 30)
    # One that has nothing to do is not.
    assert "detail" not in guarded.rest.status("good")["tasks"][0]
    trace = guarded.rest.wait_task_failed("criminal")["trace"]
    assert "poll" in trace, trace


HANGS = {"task.hang.timeout.ms": "1500", "errors.restart.enable": "false"}


@pytest.mark.parametrize("kind, crime, call", [
    ("Source", "lock", "poll"), ("Source", "committed-hang", "committed"),
    ("Sink", "pre_commit-hang", "pre_commit")])
def test_a_call_that_never_returns_is_named(guarded, kafka, topic, kind,
                                            crime, call):
    t = topic()
    kafka.produce(t, ["1"])
    guarded.rest.create("criminal", {
        "connector.class": f"Crime{kind}", "crime": crime,
        "topics" if kind == "Sink" else "topic": t, **HANGS})
    trace = guarded.rest.wait_task_failed("criminal", timeout=20)["trace"]
    assert f"{call} did not return" in trace, trace


def test_task_configs_that_are_never_made_are_named(guarded, kafka):
    guarded.rest.create("criminal", {
        "connector.class": "EarlyCrimeSource", "crime": "task_configs-hang",
        **HANGS})
    wait_for("the cause", lambda: "did not answer task_configs" in
             guarded.rest.status("criminal")["connector"]["cause"], 20)
    assert guarded.rest.status("criminal")["tasks"] == []


@pytest.mark.parametrize("crime, says", [
    ("stop-hang", "it hangs in stop"), ("destroy", "crashed in destroy"),
    ("destructor", None)])
def test_what_goes_wrong_in_its_end_delays_no_stop(guarded, kafka, topic,
                                                   crime, says):
    t = topic()
    guarded.rest.create("criminal", {
        "connector.class": "CrimeSource", "crime": crime, "topic": t})
    kafka.wait_records(t, 1)
    pid = guarded.wait_task("criminal")
    guarded.rest.stop_connector("criminal")
    guarded.rest.wait_state("criminal", "STOPPED", timeout=20)
    assert not os.path.exists(f"/proc/{pid}")
    if says:
        guarded.wait_log(says)


def test_a_put_that_blocks_is_shown_and_goes_on(guarded, kafka, unique,
                                                folder):
    """A pipe that nobody reads for a while."""
    topic, path = kafka.create_topic(unique("pipe")), f"{folder}/pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    kafka.produce(topic, ["x" * 1000] * 200)
    guarded.rest.create("criminal", {
        "connector.class": "FileStreamSink", "topics": topic, "file": path,
        "value.converter": "org.apache.kafka.connect.storage.StringConverter",
        "stall.timeout.ms": "1000"})

    def task():
        return guarded.rest.status("criminal")["tasks"][0]

    def in_put():
        """A group that is slow to settle is a stall of its own before."""
        found = task()
        stalled = found.get("detail") == "STALLED"
        return found if stalled and "put" in found["cause"] else None
    found = wait_for("STALLED in put", in_put)
    assert found["state"] == "RUNNING"
    assert "started again" in found["next_action"]
    read = 0
    while read < 200 * 1001:
        try:
            read += len(os.read(reader, 1 << 16))
        except BlockingIOError:
            time.sleep(0.01)
    wait_for("it to go on", lambda: "detail" not in task())
    os.close(reader)


def test_a_target_that_takes_nothing_is_shown(guarded, kafka, unique, folder):
    """The plugin answers, but never with success."""
    topic, down = kafka.create_topic(unique("down")), f"{folder}/down"
    with open(down, "w", encoding="ascii"):
        pass
    guarded.rest.create("criminal", {
        "connector.class": "KeeperSink", "topics": topic,
        "file": folder + "/out", "down": down, "stall.timeout.ms": "1500",
        "value.converter":
        "org.apache.kafka.connect.storage.StringConverter"})
    guarded.rest.wait_running("criminal")
    assert "detail" not in guarded.rest.status("criminal")["tasks"][0]
    kafka.produce(topic, ["a", "b"])

    def task():
        return guarded.rest.status("criminal")["tasks"][0]
    wait_for("STALLED", lambda: task().get("detail") == "STALLED")
    assert task()["state"] == "RUNNING" and "is there" in task()["cause"]
    assert task()["next_action"]
    os.remove(down)
    wait_for("it to go on", lambda: "detail" not in task())
    with open(folder + "/out", encoding="utf-8") as f:
        assert f.read().count("record") == 2


def test_a_plugin_that_ignores_stop_is_killed(guarded, kafka):
    guarded.rest.create("criminal", {
        "connector.class": "CrimeSource", "crime": "hang", "topic": "crimes"})
    pid = guarded.wait_task("criminal")
    began = time.monotonic()
    guarded.rest.delete("criminal")
    wait_for("its end", lambda: not os.path.exists(f"/proc/{pid}"), 30)
    assert time.monotonic() - began < 20


def test_a_crash_restarts_by_itself(guarded, kafka):
    guarded.rest.create("criminal", {
        "connector.class": "CrimeSource", "crime": "segfault",
        "topic": "crimes", "errors.restart.delay.initial.ms": "100",
        "errors.restart.delay.max.ms": "200"})
    first = guarded.wait_task("criminal")
    second = guarded.wait_task("criminal", other_than=first)
    wait_for("it to be counted", lambda: guarded.rest.status(
        "criminal")["tasks"][0]["restarts"] >= 1)
    guarded.wait_task("criminal", other_than=second)


@pytest.mark.parametrize("content", [b"", b"\x7fELF", b"no elf at all" * 100])
def test_files_that_are_no_plugins(kafka, new_worker, folder, content):
    plugins = folder + "/plugins"
    shutil.copytree(env.BUILD + "/plugins", plugins)
    with open(plugins + "/broken.so", "wb") as f:
        f.write(content)
    w = new_worker(kafka.bootstrap, plugin_path=plugins)
    assert w.rest.get("/connector-plugins")
    assert "broken.so" in w.log_text()


@pytest.mark.parametrize("lie", ["magic", "major", "minor", "symbol"])
def test_a_plugin_that_lies_about_its_abi_is_refused_by_name(
        guarded, kafka, lie):
    assert f"lie_{lie}.so" in guarded.log_text()
    classes = [p["class"] for p in guarded.rest.get("/connector-plugins")]
    assert not any("Lie" in c for c in classes)


@pytest.mark.parametrize("wish, call", [
    ("ask-exec", "execve"), ("ask-fork", "clone"), ("ask-ptrace", "ptrace"),
    ("ask-kill", "kill"), ("ask-memory", "process_vm_readv"),
    ("ask-mount", "mount"), ("ask-chroot", "chroot"), ("ask-raw", "socket"),
    ("ask-packet", "socket"), ("ask-namespace", "unshare"),
    ("ask-bpf", "bpf"), ("ask-clock", "clock_settime"),
    ("ask-calls", "io_uring_setup"),
])
def test_what_no_connector_needs_is_refused_and_told(guarded, kafka, wish,
                                                     call):
    trace = commit(guarded, kafka, wish)
    assert f"{wish}=-1/{errno.EPERM} " in trace, trace
    guarded.wait_log(f"refused to the plugin: {call}")


@pytest.mark.skipif(not env.has_landlock(), reason="a kernel without Landlock")
@pytest.mark.parametrize("wish", [
    "ask-shadow", "ask-outside", "ask-home", "ask-worker-file",
    "ask-worker-unlink"])
def test_files_that_no_configuration_names_are_kept(guarded, kafka, wish):
    trace = commit(guarded, kafka, wish)
    assert f"{wish}=-1/{errno.EACCES}" in trace, trace
    assert os.path.exists(guarded.file)
