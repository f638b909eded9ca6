"""child: a task, connector or inspector without a worker: this plays it.

    with Child("task", "orders", "0") as c:
        c.configure(worker, config, stored=[[key, value]])
        c.status("RUNNING"); c.stop()

Messages are dicts, as core/ipc/msg.def lists them.
"""

import json
import os
import select
import signal
import socket
import struct
import subprocess
import tempfile
import time

from .env import BUILD, UNCONFINED, TooLate

SEND_SECONDS = 30
PLUGINS = [f"{BUILD}/plugins", f"{BUILD}/fixtures"]


class Wire:
    """one end of a channel: frames in, frames out"""

    def __init__(self, sock):
        self.sock = sock
        self.sock.settimeout(SEND_SECONDS)
        self.buffer = b""
        self.open = True

    def send(self, kind, **fields):
        data = json.dumps(dict(fields, type=kind)).encode()
        self.sock.sendall(struct.pack(">I", len(data)) + data)

    def frames(self):
        """What came, without waiting."""
        if self.open and select.select([self.sock], [], [], 0)[0]:
            try:
                data = self.sock.recv(1 << 20)
            except ConnectionError:
                data = b""
            self.open = bool(data)
            self.buffer += data
        out = []
        at = 0
        while len(self.buffer) >= at + 4:
            [size] = struct.unpack_from(">I", self.buffer, at)
            if len(self.buffer) < at + 4 + size:
                break
            out.append(json.loads(self.buffer[at + 4:at + 4 + size]))
            at += 4 + size
        self.buffer = self.buffer[at:]
        return out


class Child:
    role_names = {"inspect": "inspect-child"}

    def __init__(self, role, *names, wrap=(), env=None):
        """wrap: what to run it under, as ["valgrind", "--tool=..."]"""
        self.role = role
        self.wrap = list(wrap)
        self.env = dict(os.environ, **(env or {}))
        self.names = names
        self.seen = []      # all messages, control and data
        self.process = None
        self.next_id = 0

    def __enter__(self):
        control, theirs3 = socket.socketpair()
        data, theirs4 = socket.socketpair()
        # Far above what they become, so that neither is overwritten.
        high = [os.dup2(s.fileno(), 200 + i)
                for i, s in enumerate((theirs3, theirs4))]

        def take_places():
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        # A file, as nobody reads while the test waits for something else.
        self.stderr = tempfile.TemporaryFile("a+b")
        self.process = subprocess.Popen(
            [*self.wrap, f"{BUILD}/penstock",
             self.role_names.get(self.role, self.role), *self.names],
            pass_fds=(3, 4), preexec_fn=take_places, env=self.env,
            start_new_session=True,
            stdin=subprocess.DEVNULL, stderr=self.stderr)
        for s in (theirs3, theirs4):
            s.close()
        for fd in high:
            os.close(fd)
        self.control = Wire(control)
        self.data = Wire(data)
        return self

    def __exit__(self, *_):
        """It ends by itself when nobody is there any more."""
        self.control.sock.close()
        self.data.sock.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(30)
        self.stderr.close()

    # ---- what the worker does ----

    def configure(self, worker=None, config=None, stored=None, **fields):
        if stored is not None:
            fields["stored_follows"] = True
        self.data.send(
            "config", connector=self.names[0] if self.names else None,
            task=int(self.names[1]) if len(self.names) > 1 else -1,
            worker={**UNCONFINED, **(worker or {})}, config=config or {},
            plugins=fields.pop("plugins", PLUGINS), **fields)
        if stored is not None:
            half = len(stored) // 2
            self.data.send("stored", items=stored[:half])
            self.data.send("stored", items=stored[half:], last=True)
        return self

    def lease(self, seconds):
        """from now, on CLOCK_BOOTTIME; 0: none"""
        end = time.clock_gettime(time.CLOCK_BOOTTIME) + seconds
        self.control.send("lease", ends_ms=int(end * 1000) if seconds else 0)

    def stop(self, limit_ms=10000):
        """The exit code."""
        self.control.send("stop", limit_ms=limit_ms)
        return self.wait(limit_ms / 1000 + 5)

    def wait(self, timeout=30):
        end = time.monotonic() + timeout
        while self.process.poll() is None:
            self.pump(0.05)
            if time.monotonic() > end:
                raise TooLate(f"{self.names} did not end: {self.seen[-5:]}")
        read = -1
        while read != len(self.seen):
            read = len(self.seen)
            self.pump(0)
        return self.process.returncode

    def request(self, op, timeout=60, **args):
        """The result; an error is raised."""
        self.next_id += 1
        number = self.next_id
        self.data.send("request", id=number, op=op, args=args)
        reply = self.message("reply", timeout, lambda m: m["id"] == number)
        if reply.get("error"):
            raise RuntimeError(f"{reply['code']}: {reply['error']}")
        return reply["result"]

    # ---- what the child says ----

    def pump(self, seconds):
        socks = [w.sock for w in (self.control, self.data) if w.open]
        if socks:
            select.select(socks, [], [], seconds)
        elif seconds:
            time.sleep(seconds)
        for wire in (self.control, self.data):
            self.seen += wire.frames()

    def message(self, kind, timeout=30, test=lambda m: True, after=0):
        """The first of that kind among seen[after:] that passes the test."""
        end = time.monotonic() + timeout
        while True:
            for m in self.seen[after:]:
                if m["type"] == kind and test(m):
                    return m
            if self.process.poll() is not None and not self.data.open:
                raise AssertionError(
                    f"ended with {self.process.returncode}: "
                    f"{self.texts()} {self.errors()}")
            if time.monotonic() > end:
                raise TooLate(f"no {kind} in {timeout} s: {self.texts()}")
            self.pump(0.1)

    def all(self, kind):
        self.pump(0)
        return [m for m in self.seen if m["type"] == kind]

    def status(self, state, timeout=30, cause=None):
        """Waits for it; after what was seen of another state before."""
        return self.message(
            "status", timeout, lambda m: m["state"] == state and
            (cause is None or cause in (m.get("cause") or "")))

    def metric(self, name):
        for m in reversed(self.all("metrics")):
            for _, have, _, value in m["items"]:
                if have == name:
                    return value
        return None

    def texts(self):
        return [m for m in self.seen
                if m["type"] not in ("metrics", "beat")][-20:]

    def errors(self):
        self.stderr.seek(0)
        return self.stderr.read().decode(errors="replace")[-2000:]

    def kill(self, number=signal.SIGKILL):
        self.process.send_signal(number)
