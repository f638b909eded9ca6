"""Nobody can stall a worker: plugins that never return, clients that never
finish, bodies without end. It answers as quickly as before, in little memory.
"""

import json
import socket
import statistics
import threading
import time

import pytest
import requests

from support import configs, env
from support.env import HOST, wait_for
from support.process import memory

MORE_BYTES = 8 << 20
GOAL_S = 0.050


@pytest.fixture(scope="module")
def stalled(kafka, shared_worker, unique):
    """A worker with a plugin that spins in start, one that hangs in validate
    and one in put."""
    w = shared_worker(kafka.bootstrap,
                      plugin_path=f"{env.BUILD}/plugins,{env.BUILD}/fixtures")
    w.topic = kafka.create_topic(unique("stalled"))
    kafka.produce(w.topic, [b'"a record"'])
    for _ in range(5):
        w.rest.get("/connectors")
    w.before = sorted(times(w, 100))
    w.rest.create("starts", {"connector.class": "CrimeSource", "topic": "x",
                             "crime": "start-spin"})
    w.rest.create("puts", {"connector.class": "CrimeSink", "topics": w.topic,
                           "crime": "put-hang", "stall.timeout.ms": "500"})
    asks = threading.Thread(target=ask_for_ever, daemon=True, args=(w,))
    asks.start()
    wait_for("put to hang", lambda: "STALLED" in json.dumps(
        w.rest.status("puts")))
    wait_for("start to spin", lambda: w.pid_of_task("starts"))
    assert asks.is_alive()
    yield w
    w.kill9()


def ask_for_ever(worker):
    """Until the worker is gone."""
    try:
        worker.rest.request(
            "PUT", "/connector-plugins/CrimeSource/config/validate",
            {"name": "v", "connector.class": "CrimeSource", "topic": "x",
             "crime": "validate-hang"})
    except requests.RequestException:
        pass


def times(worker, count, path="/connectors"):
    """How long each of so many requests took, one after the other."""
    session = requests.Session()
    found = []
    for _ in range(count):
        began = time.monotonic()
        assert session.get(worker.rest.url + path,
                           timeout=30).status_code == 200
        found.append(time.monotonic() - began)
    return found


def assert_quick(worker, what, count=300):
    """p99 under the goal, or on a busy machine no worse than three times what
    it was before; other work may spoil a measurement, but not each."""
    limit = max(GOAL_S, 3 * worker.before[98])
    for _ in range(3):
        found = sorted(times(worker, count))
        p99, middle = found[int(count * 0.99) - 1], statistics.median(found)
        print(f"{what}: GET /connectors p50 {middle * 1e3:.1f} ms, "
              f"p99 {p99 * 1e3:.1f} ms; p99 before "
              f"{worker.before[98] * 1e3:.1f} ms")
        if p99 < limit:
            break
    assert middle < GOAL_S
    assert p99 < limit


def test_plugins_that_never_return_stall_nobody(stalled, folder, topic):
    assert_quick(stalled, "three plugins stuck")
    took = []
    for n in range(3):
        config = configs.file_source(folder + "/absent", topic("quick"))
        began = time.monotonic()
        stalled.rest.create(f"quick-{n}", config)
        took.append(time.monotonic() - began)
        stalled.rest.delete(f"quick-{n}")
    print("create took", [f"{t * 1e3:.0f} ms" for t in took])
    assert min(took) < 1


class Slow:
    """Clients that have sent something and go no further."""

    def __init__(self, worker, count, head):
        self.sockets = []
        for n in range(count):
            s = socket.socket()
            # From as many addresses as it takes.
            s.bind((f"127.0.{1 + n // 250}.{1 + n % 250}", 0))
            s.settimeout(40)
            s.connect((HOST, worker.port))
            s.sendall(head)
            self.sockets.append(s)

    def answers(self):
        """The first bytes that each gets; b"" of one that was cut."""
        def first(s):
            try:
                return s.recv(64)
            except (ConnectionResetError, BrokenPipeError):
                return b""
        return [first(s) for s in self.sockets]

    def close(self):
        for s in self.sockets:
            s.close()


HEADS = {
    "of a head": b"GET /connectors HTTP/1.1\r\nHost: x\r\nX-Slow: ",
    "of nothing": b"",
    "of a body": b"POST /connectors HTTP/1.1\r\nHost: x\r\nContent-Type: "
                 b"application/json\r\nContent-Length: 900000\r\n\r\n"
                 + b" " * 60000,
}


@pytest.mark.parametrize("what", HEADS)
def test_a_thousand_slow_clients(stalled, what):
    before = memory(stalled.process.pid, "Rss")
    slow = Slow(stalled, 1000, HEADS[what])
    try:
        assert_quick(stalled, f"1,000 clients that are slow {what}", 100)
        grown = memory(stalled.process.pid, "Rss") - before
        print(f"1,000 clients that are slow {what}: {grown >> 10} KB")
        assert grown < MORE_BYTES or env.SANITIZED
    finally:
        slow.close()


def test_a_slow_client_is_told_so(stalled):
    """A head must be there within ten seconds."""
    slow = Slow(stalled, 2, HEADS["of a head"])
    began = time.monotonic()
    answers = slow.answers()
    assert 5 < time.monotonic() - began < 40
    assert all(a.startswith(b"HTTP/1.1 408 ") for a in answers), answers
    slow.close()


def test_the_same_address_keeps_no_other_out(stalled):
    """Sixty-four from one address, then one that asks something."""
    slow = []
    for _ in range(100):
        s = socket.create_connection((HOST, stalled.port), timeout=20)
        s.sendall(HEADS["of a head"])
        slow.append(s)
    assert_quick(stalled, "100 slow clients of the same address", 100)
    for s in slow:
        s.close()



@pytest.mark.parametrize("body, status", [
    ("a gigabyte", 413), ("a million keys", 413), ("as many keys as fit", 400),
    ("deeper than anything", 400)])
def test_a_body_without_end(stalled, body, status):
    piece = {
        "a gigabyte": None,
        "a million keys": json.dumps(
            {str(n): "x" for n in range(1000000)}).encode(),
        "as many keys as fit": json.dumps(
            {str(n): "" for n in range(80000)}).encode()[:1 << 20],
        "deeper than anything": b"[" * 1000000,
    }[body]
    pid = stalled.process.pid
    before, most, over = memory(pid, "Rss"), [], threading.Event()

    def watch():
        while not over.wait(0.02):
            most.append(memory(pid, "Rss"))
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        got = send_gigabyte(stalled) if piece is None else requests.post(
            stalled.rest.url + "/connectors", data=piece, timeout=60,
            headers={"Content-Type": "application/json"}).status_code
    finally:
        over.set()
        watcher.join()
    grown = max(most, default=before) - before
    print(f"{body}: {got}, {grown >> 10} KB more at most")
    assert got == status
    assert grown < MORE_BYTES or env.SANITIZED


def send_gigabyte(worker):
    """The status of the answer that comes before it is sent."""
    s = socket.create_connection((HOST, worker.port), timeout=60)
    s.sendall(b"POST /connectors HTTP/1.1\r\nHost: x\r\nContent-Type: "
              b"application/json\r\nContent-Length: 1073741824\r\n\r\n")
    try:
        for _ in range(1024):
            s.sendall(b"x" * (1 << 20))
    except (ConnectionResetError, BrokenPipeError):
        pass
    answer = s.recv(64)
    s.close()
    return int(answer.split()[1])
