"""A task reaches every file that its configuration names, however it does,
and its providers theirs; what is named nowhere is kept from it only where the
worker's file says so."""

import errno
import os
import re
import sys

import pytest
import requests

from support import configs, env
from support.child import Child
from support.env import wait_for

PROVIDERS = "org.apache.kafka.common.config.provider."


@pytest.fixture(scope="module")
def enclosed(kafka, shared_worker):
    w = shared_worker(kafka.bootstrap, start=False,
                      plugin_path=f"{env.BUILD}/plugins,{env.BUILD}/fixtures")
    w.properties.update({
        "config.providers": "words,folder",
        "config.providers.words.class": PROVIDERS + "FileConfigProvider",
        "config.providers.folder.class":
        PROVIDERS + "DirectoryConfigProvider"})
    w.process.cwd = w.folder
    return w.start()


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="ascii") as f:
        f.write(text)
    return path


def moved(worker, kafka, source, sink, lines):
    """The lines go from a file to another through a topic."""
    topic = kafka.create_topic(f"enclosed-{os.urandom(4).hex()}")
    names = [f"{kind}-{topic}" for kind in ("from", "to")]
    worker.rest.create(names[0], configs.file_source(source, topic))
    worker.rest.create(names[1], configs.file_sink(sink, topic))
    kafka.wait_records(topic, lines)
    for name in names:
        worker.rest.wait_running(name)
    return names


def test_paths_may_stand_plainly_or_by_reference(enclosed, kafka, folder):
    w, out = enclosed, f"{folder}/new/folder"
    os.makedirs(out)
    source = write(f"{folder}/data/in", "one\ntwo\n")
    write(f"{folder}/secrets/words", f"out={out}/sink\n")
    write(f"{folder}/keys/in", source)
    names = moved(w, kafka, "${folder:" + folder + "/keys:in}",
                  "${words:" + folder + "/secrets/words:out}", 2)
    wait_for("the lines", lambda: open(
        out + "/sink", encoding="ascii").read() == "one\ntwo\n")
    # As a rotation does: another file by that name.
    os.rename(source, source + ".1")
    write(source, "three\n")
    wait_for("the next", lambda: open(
        out + "/sink", encoding="ascii").read() == "one\ntwo\nthree\n")
    for name in names:
        w.rest.delete(name)


def test_a_name_alone_is_where_the_worker_is(enclosed, kafka, folder):
    w = enclosed
    write(w.folder + "/relative in", "one\n")
    for name in moved(w, kafka, "relative in", "relative-out", 1):
        wait_for("the line", lambda: os.path.exists(
            w.folder + "/relative-out"))
        w.rest.delete(name)


@pytest.mark.skipif(not env.has_landlock(), reason="a kernel without Landlock")
@pytest.mark.parametrize("settings, shadow, outside", [
    ({"task.jail.files": "writes"}, True, False),
    ({"task.jail.files": "none"}, True, True),
    ({"task.jail.paths": "/etc/shadow,/var/lib"}, True, True)])
def test_the_worker_s_file_says_how_much(new_worker, kafka, settings, shadow,
                                         outside):
    w = new_worker(kafka.bootstrap, start=False,
                   plugin_path=f"{env.BUILD}/plugins,{env.BUILD}/fixtures")
    w.properties.update(settings)
    w.start()
    for wish, works in (("ask-shadow", shadow), ("ask-outside", outside)):
        w.rest.create(wish, {
            "connector.class": "CrimeSource", "topic": "x", "crime": wish,
            "errors.restart.enable": "false"})
        trace = w.rest.wait_task_failed(wish)["trace"]
        assert ("=-1/" in trace) != works, trace
    if outside:
        os.unlink(OUTSIDE)


OUTSIDE = "/var/lib/penstock-crime"


@pytest.mark.skipif(not env.has_landlock(), reason="a kernel without Landlock")
@pytest.mark.parametrize("wish, named, works", [
    ("ask-outside", "/var/lib/none-such/new/out", False),
    ("ask-outside", "/var//none-such", False),
    ("ask-outside", "/tmp/../var/none-such", False),
    ("ask-outside", "/./none-such", False),
    ("ask-outside", "/.", False),
    ("ask-shadow", "/etc//none-such", False),
    ("ask-shadow", "/etc/./none-such/new", False),
    ("ask-program", "/bin/none-such", False),
    ("ask-program", "/usr/bin/none-such", False),
    ("ask-outside", OUTSIDE, True),
    ("ask-outside", "/var/lib/./none-such", True)])
def test_a_file_that_is_not_there_opens_no_folder_of_the_system(
        enclosed, unique, wish, named, works):
    """However it is written: only the folder that it is to be made in."""
    name = unique("missing")
    enclosed.rest.create(name, {
        "connector.class": "CrimeSource", "topic": "x", "crime": wish,
        "note": named, "errors.restart.enable": "false"})
    trace = enclosed.rest.wait_task_failed(name)["trace"]
    enclosed.rest.delete(name)
    if os.path.exists(OUTSIDE):
        os.unlink(OUTSIDE)
    assert ("=-1/" in trace) != works, trace


# Of older kernels: see support/landlock.c
VERSIONS = [1, 2, 3]


@pytest.fixture(scope="module", params=VERSIONS)
def older(kafka, shared_worker, request):
    """a worker on a kernel with an older Landlock"""
    if not env.has_landlock():
        pytest.skip("a kernel without Landlock")
    w = shared_worker(
        kafka.bootstrap, start=False,
        plugin_path=f"{env.BUILD}/plugins,{env.BUILD}/fixtures",
        wrap=env.older_landlock(request.param))
    w.process.cwd = w.folder
    w.version = request.param
    yield w.start()
    w.close()


def test_an_older_landlock_lets_through_what_is_named(older, kafka, folder):
    """Made, written, rotated and read; files are fenced."""
    source, sink = write(f"{folder}/data/in", "one\n"), f"{folder}/out"
    names = moved(older, kafka, source, sink, 1)
    os.rename(source, source + ".1")
    write(source, "two\n")
    wait_for("the lines", lambda: open(
        sink, encoding="ascii").read() == "one\ntwo\n")
    for name in names:
        older.rest.delete(name)
    assert fenced(older) == "1"


@pytest.mark.parametrize("wish", [
    "ask-shadow", "ask-outside", "ask-home", "ask-worker-file",
    "ask-worker-unlink", "ask-empty", "ask-open-empty"])
def test_an_older_landlock_keeps_all_else(older, wish):
    """Truncating is kept by the filter of calls where Landlock cannot."""
    by_filter = older.version < 3 and "empty" in wish
    if "empty" in wish:
        write(OUTSIDE, "kept")
    try:
        older.rest.create(wish, {
            "connector.class": "CrimeSource", "topic": "x", "crime": wish,
            "errors.restart.enable": "false"})
        trace = older.rest.wait_task_failed(wish)["trace"]
        why = errno.EPERM if by_filter else errno.EACCES
        assert f"{wish}=-1/{why} " in trace, trace
        assert os.path.exists(older.file)
        if "empty" in wish:
            with open(OUTSIDE, encoding="ascii") as f:
                assert f.read() == "kept"
    finally:
        older.rest.delete(wish)
        if os.path.exists(OUTSIDE):
            os.unlink(OUTSIDE)


# What the kernel says to landlock_create_ruleset where it has no Landlock.
NO_LANDLOCK = """
import ctypes, errno, os, struct, sys
def op(code, jt, jf, k):
    return struct.pack("HBBI", code, jt, jf, k)
program = (op(0x20, 0, 0, 0) + op(0x15, 0, 1, 444)
           + op(0x06, 0, 0, 0x00050000 | errno.ENOSYS)
           + op(0x06, 0, 0, 0x7fff0000))
buffer = ctypes.create_string_buffer(program, len(program))
fprog = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(buffer))
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.create_string_buffer(fprog, len(fprog))) == 0
os.execv(sys.argv[1], sys.argv[1:])
"""


@pytest.fixture
def old_kernel(kafka, new_worker):
    """a worker, not started, on a kernel without Landlock"""
    return lambda **settings: new_worker(
        kafka.bootstrap, start=False,
        wrap=[sys.executable, "-c", NO_LANDLOCK], **settings)


def fenced(w):
    text = requests.get(w.rest.url + "/metrics", timeout=10).text
    return re.search(r"^penstock_files_are_fenced (\d)$", text, re.M)[1]


@pytest.mark.skipif(not env.has_landlock(), reason="a kernel without Landlock")
def test_a_kernel_that_fences_no_files_is_told(old_kernel, enclosed):
    w = old_kernel().start()
    assert "this kernel has no Landlock" in w.log_text()
    assert fenced(w) == "0"
    assert fenced(enclosed) == "1"


def test_a_fence_that_is_required_is_there_or_nothing_starts(old_kernel):
    w = old_kernel(task_jail_files="required")
    w.spawn()
    assert w.process.wait(30) != 0
    assert ("task.jail.files is required, but this kernel cannot keep files "
            "from plugins: it has no Landlock (Linux 5.13)") in w.log_text()


# What the kernel says to landlock_restrict_self when it is out of memory, or
# too many fences stand in each other already.
REQUIRED = "task.jail.files is required, but files cannot be kept from"
NO_MORE_FENCES = NO_LANDLOCK.replace("444", "446").replace("ENOSYS", "E2BIG")


@pytest.fixture
def last_fence(new_worker, kafka):
    """a worker, not started, whose children get no fence any more"""
    return lambda **settings: new_worker(
        kafka.bootstrap, start=False,
        wrap=[sys.executable, "-c", NO_MORE_FENCES], **settings)


@pytest.mark.skipif(not env.has_landlock(), reason="a kernel without Landlock")
def test_a_fence_that_does_not_close_is_told(last_fence, folder, topic):
    w = last_fence().start()
    w.rest.create("c", configs.file_source(
        write(f"{folder}/in", "one\n"), topic("in")))
    w.rest.wait_running("c")
    assert "files are not kept from the plugin: " in w.log_text()


@pytest.mark.skipif(not env.has_landlock(), reason="a kernel without Landlock")
def test_no_plugin_runs_without_the_fence_that_is_required(last_fence):
    w = last_fence(task_jail_files="required")
    w.spawn()
    assert w.process.wait(30) != 0
    assert REQUIRED in w.log_text()
    wrap = [sys.executable, "-c", NO_MORE_FENCES]
    worker = {"task.jail.files": "Required"}
    config = {"connector.class": "FileStreamSource", "topic": "x",
              "name": "c"}
    with Child("task", "c", "0", wrap=wrap) as c:
        c.configure({**worker, "bootstrap.servers": "127.0.0.1:1"}, config)
        assert REQUIRED in c.message("failed")["text"]
    with Child("connector", "c", wrap=wrap) as c:
        c.configure(worker, config)
        with pytest.raises(RuntimeError, match=REQUIRED):
            c.request("validate", config=config)
