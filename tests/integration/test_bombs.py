"""Whoever is asked answers with what unpacks to a thousand times its size, or
a batch does (D10, E4, G9). Answers are asked for as they are and not unpacked:
each has its limit, that is named, and memory stays as it is."""

import contextlib
import os
import socket
import struct
import subprocess
import time

import pytest

from support import configs, process, sinks
from support.bombs import MIB, gzip_zeros
from support.drive import PluginError
from support.env import BUILD, HOST, wait_for
from support.files import lines_of
from support.receiver import Reply
from support.rest import RestError
from support.registry import ScriptedRegistry
from support.transcode import Transcoder
from test_registry_faults import row
from test_unreadable import crc32c

SECONDS = 60  # all of it, on a machine that is busy


@pytest.fixture(scope="module")
def bomb():
    """10 MB of gzip, 10 GB of zeros"""
    made = gzip_zeros(10240)
    assert 10 * MIB < len(made) < 11 * MIB
    return made


def packed(body, status=200):
    return Reply(status, body, {"Content-Encoding": "gzip",
                                "Content-Type": "application/json"})


@contextlib.contextmanager
def steady(pid, most):
    """Its memory grows by no more than that, and it takes no longer."""
    before, began = process.peak(pid), time.monotonic()
    yield
    assert process.peak(pid) - before < most
    assert time.monotonic() - began < SECONDS


def said(call, word):
    """The error that comes with the word in it."""
    def check():
        try:
            call()
        except PluginError as e:
            return e.text if word in e.text else None
        return None
    return wait_for(f"an error with {word}", check, SECONDS)


def asked_for_none(receiver):
    assert receiver.requests
    for r in receiver.requests:
        assert "accept-encoding" not in r.headers, r.headers


def test_a_store(receiver, bomb):
    receiver.script(lambda i, r: packed(bomb))
    with sinks.s3(receiver.url) as s:
        s.start()
        s.open()
        with steady(s.process.pid, 16 * MIB):
            text = said(lambda: s.put([("k", "a")]), "larger than")
        assert "larger than 2097152 bytes" in text, text
        assert receiver.url in text
    asked_for_none(receiver)


LAUGHS = b'<?xml version="1.0"?><!DOCTYPE Error [<!ENTITY a0 "ha">' + b"".join(
    b'<!ENTITY a%d "%s">' % (n + 1, b"&a%d;" % n * 10) for n in range(9)
) + b"]><Error><Code>&a9;</Code></Error>"


def test_a_store_whose_error_unfolds(receiver):
    """XML in which each of ten entities is ten of the one before."""
    def answer(_, r):
        if r.method == "PUT":
            return Reply(400, LAUGHS)
        return Reply(404, b"<Error><Code>NoSuchKey</Code></Error>")
    receiver.script(answer)
    with sinks.s3(receiver.url) as s:
        s.start()
        s.open()
        with steady(s.process.pid, 16 * MIB):
            s.put([("k", "a")])
            text = said(lambda: s.put([]), "status 400")
        assert "t+0+0000000000.bin" in text, text


def test_an_endpoint(receiver, bomb):
    """Its first line counts: the record has arrived."""
    receiver.script(lambda i, r: packed(bomb))
    with sinks.http(receiver.url) as s:
        s.start()
        s.open()
        with steady(s.process.pid, 8 * MIB):
            s.put([("k", '{"n": 1}')])
            wait_for("the commit", lambda: s.put([]) == []
                     and s.pre_commit(1) == 1)
    assert len(receiver.requests) == 1
    asked_for_none(receiver)


def test_an_endpoint_that_refuses(receiver, bomb):
    receiver.script(lambda i, r: packed(bomb, 422))
    with sinks.http(receiver.url) as s:
        s.start()
        s.open()
        with steady(s.process.pid, 8 * MIB):
            seen = s.put([("k", '{"n": 1}')])
            wait_for("the report", lambda: seen.extend(s.put([])) or seen)
        assert f"POST {receiver.url}: status 422" in seen[0][2], seen


def test_a_giver_of_tokens(receiver, bomb):
    receiver.script_tokens(lambda i, r: packed(bomb))
    with sinks.http(receiver.url) as s:
        s.set(http_authorization_type="oauth2", oauth2_client_id="id",
              oauth2_access_token_url=receiver.url + "/token",
              oauth2_client_secret="secret")
        s.start()
        s.open()
        with steady(s.process.pid, 8 * MIB):
            s.put([("k", '{"n": 1}')])
            wait_for("the cause", lambda: s.put([]) == []
                     and "larger than 65536 bytes" in s.cause)
            assert f"{receiver.url}/token" in s.cause
    assert "accept-encoding" not in receiver.token_requests[0].headers


@pytest.mark.parametrize("times,word", [(1, "JSON"),
                                        (2, "larger than 16777216 bytes")])
def test_a_registry(bomb, times, word):
    """The second is larger than it may be as it is."""
    r = ScriptedRegistry().start()
    try:
        r.faults = lambda index, _: packed(times * bomb)
        with Transcoder() as t:
            t.converter("json", "json", "JsonConverter",
                        schemas_enable="true")
            t.converter("avro", "registry", "AvroConverter",
                        schema_registry_url=r.url, max_retries="0")
            with steady(t.process.pid, 64 * MIB):
                got = t.one("json", "avro", "t", row("R", a=1))
        assert word in got.text and r.url[len("http://"):] in got.text, got
        asked_for_none(r.server)
    finally:
        r.close()


def test_a_vault(receiver, kafka, new_worker, folder, bomb):
    receiver.script(lambda i, r: packed(bomb))
    worker = new_worker(kafka.bootstrap, start=False)
    worker.properties.update({
        "config.providers": "vault", "config.providers.vault.class": "vault",
        "config.providers.vault.param.address": receiver.url,
        "config.providers.vault.param.token": "s.token"})
    worker.start()
    with steady(worker.process.pid, 16 * MIB):
        with pytest.raises(RestError) as refused:
            worker.rest.create("src", configs.file_source(
                "${vault:secret/data/x:y}", "t"))
    text = str(refused.value)
    assert "larger than max.bytes" in text and "secret/data/x" in text, text
    asked_for_none(receiver)


def test_a_worker_that_is_asked_by_the_command_line(receiver, bomb):
    receiver.script(lambda i, r: packed(bomb))
    done = subprocess.run(
        ["prlimit", f"--data={96 * MIB}", "--",
         os.path.join(BUILD, "penstock"), "get"], stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, check=False, timeout=SECONDS,
        env=dict(os.environ, PENSTOCK_URL=receiver.url))
    assert done.returncode == 2 and b"answer" in done.stdout, done
    asked_for_none(receiver)


# ---- Batches ---------------------------------------------------------------

def varint(n):
    n, out = n << 1 ^ n >> 63, b""
    while n > 0x7f:
        out += bytes([n & 0x7f | 0x80])
        n >>= 7
    return out + bytes([n])


def record_around(mib):
    """What stands before a record of so many MiB of zeros, and behind."""
    before = b"\0" + varint(0) + varint(0) + varint(-1) + varint(mib * MIB)
    behind = varint(0)  # headers
    return varint(len(before) + mib * MIB + len(behind)) + before, behind


def batch(codec, payload):
    """One record, packed."""
    body = struct.pack(">hiqqqhii", codec, 0, 0, 0, -1, -1, -1, 1) + payload
    return struct.pack(">qiibI", 0, len(body) + 9, 0, 2, crc32c(body)) + body


def produce(kafka, topic, records):
    """As a client does that packs by itself: Produce, version 7."""
    name = topic.encode()
    body = struct.pack(">hhih4s", 0, 7, 1, 4, b"test") + struct.pack(
        ">hhii", -1, -1, 30000, 1) + struct.pack(
        ">h", len(name)) + name + struct.pack(
        ">iii", 1, 0, len(records)) + records
    with socket.create_connection((HOST, kafka.ports[1]), 30) as s:
        s.settimeout(60)
        s.sendall(struct.pack(">i", len(body)) + body)
        with s.makefile("rb") as f:
            size, = struct.unpack(">i", f.read(4))
            answer = f.read(size)
    code, = struct.unpack_from(">h", answer, 4 + 4 + 2 + len(name) + 4 + 4)
    assert code == 0, f"the broker answers {code}"


def by_gzip(mib):
    before, behind = record_around(mib)
    return 1, gzip_zeros(mib, before, behind)


def by_zstd(mib):
    before, behind = record_around(mib)
    with subprocess.Popen(["zstd", "-c"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as p:
        p.stdin.write(before)
        for _ in range(mib):
            p.stdin.write(bytes(MIB))
        p.stdin.write(behind)
        p.stdin.close()
        return 4, p.stdout.read()


@pytest.mark.parametrize("pack,words", [
    (by_gzip, ["out of memory limit 256 MB in the Kafka client's thread"]),
    (by_zstd, ["topic {t}, partition 0 cannot be read at offset",
               "_BAD_COMPRESSION"])])
def test_a_batch(kafka, new_worker, topic, folder, pack, words):
    """Only the task that reads it knows of it."""
    t, good = topic("t"), topic("good")
    kafka.produce(t, [b"small"])
    produce(kafka, t, batch(*pack(400)))
    worker = new_worker(kafka.bootstrap)
    worker.rest.create("good", configs.file_sink(folder + "/good", good))
    kafka.produce(good, [b"one"])
    wait_for("the neighbour", lambda: lines_of(folder + "/good") == ["one"])
    with steady(worker.process.pid, 32 * MIB):
        worker.rest.create("snk", configs.file_sink(folder + "/out", t))
        task = worker.rest.wait_task_failed("snk", timeout=SECONDS)
    for word in words:
        assert word.format(t=t) in task["cause"], task
    kafka.produce(good, [b"two"])
    wait_for("the neighbour", lambda: lines_of(folder + "/good")
             == ["one", "two"])
