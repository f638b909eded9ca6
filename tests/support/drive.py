"""drive: a plugin's class in a process of its own, through the real ABI."""

import json
import os
import select
import signal
import subprocess
import time

from .env import BUILD, TooLate, wait_for

ANSWER_SECONDS = 120  # longer than any limit of a plugin's
END_SECONDS = 10


class PluginError(Exception):
    def __init__(self, answer):
        super().__init__(f"{answer['error']}: {answer.get('text')}")
        self.answer = answer
        self.code = answer["error"]
        self.text = answer.get("text", "")


class Drive:
    """Answers are dicts; an error raises PluginError. Use as a context."""

    def __init__(self, so, name, wrap=(), **config):
        """wrap: what it is started with"""
        self._spawn(wrap)
        try:
            self.ask("load", so, name)
            self.set(**config)
        except BaseException:  # nobody has it who could close it
            self.close()
            raise

    def _spawn(self, wrap):
        self.process = subprocess.Popen(
            [*wrap, os.path.join(BUILD, "drive")], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE)
        self.buffer = b""

    def set(self, **config):
        self.ask("set", {k.replace("_", "."): str(v)
                         for k, v in config.items()})

    def send(self, *command):
        self.process.stdin.write(json.dumps(command).encode() + b"\n")
        self.process.stdin.flush()

    def _line(self):
        end = time.monotonic() + ANSWER_SECONDS
        fd = self.process.stdout.fileno()
        while b"\n" not in self.buffer:
            left = end - time.monotonic()
            if not select.select([fd], [], [], max(left, 0))[0]:
                raise TooLate(f"no answer of {self.process.args} in "
                              f"{ANSWER_SECONDS} s")
            data = os.read(fd, 1 << 20)
            assert data, f"drive ended: {self.process.wait(END_SECONDS)}"
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line

    def receive(self):
        answer = json.loads(self._line())
        if "error" in answer:
            raise PluginError(answer)
        return answer

    def ask(self, *command):
        self.send(*command)
        return self.receive()

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(END_SECONDS)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """At the end of its input it stops what it has: leaks are found."""
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        self.process.stdout.close()
        try:
            self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()


class Source(Drive):
    """Keeps what was read and the newest offset per partition."""

    def __init__(self, so, name, **config):
        super().__init__(so, name, **config)
        self.records = []
        self.failures = []
        self.offsets = {}

    def start(self, offsets=None):
        self.offsets = dict(offsets or {})
        stored = [[json.loads(p), o] for p, o in self.offsets.items()]
        return self.ask("start", stored)

    def poll(self, schema=False):
        """The records of one poll; [] when there were none. What came with
        an error counts: the host sends it too."""
        self.send("poll", schema)
        return self.take()

    def take(self):
        """The records of a poll that was sent."""
        try:
            answer = self.receive()
        except PluginError as e:
            self._take(e.answer)
            raise
        return self._take(answer)

    def _take(self, answer):
        new = [r for r in answer["records"] if "dropped" not in r]
        for r in answer["records"]:
            if "offset" in r:
                self.offsets[json.dumps(r["partition"])] = r["offset"]
            if "failure" in r:
                self.failures.append(r["failure"])
        self.records += [r for r in new if "failure" not in r]
        self.last = answer
        return new

    def values(self, field=None):
        return [r["value"][field] if field else r["value"]
                for r in self.records]


def drain(source, quiet=2):
    """Polls until that many polls in a row brought nothing."""
    none = 0
    while none < quiet:
        none = none + 1 if not source.poll() else 0


def until(source, count, timeout=30):
    """Polls until there are so many records."""
    wait_for(f"{count} records", lambda: source.poll() is not None
             and len(source.records) >= count, timeout, interval=0)


class Sink(Drive):
    """Counts offsets by itself: put() takes (key, value) pairs."""

    def __init__(self, so, name, **config):
        super().__init__(so, name, **config)
        self.next = {}
        self.cause = ""  # why the last put() waits, "": it does not

    def start(self):
        return self.ask("start", [])

    def open(self, topic="t", partition=0, committed=-1):
        """Where to go on from, as the sink wants it."""
        at = self.ask("open", [[topic, partition, committed]])["ok"][0]
        self.next[topic, partition] = max(at, 0)
        return at

    def pre_commit(self, offset, topic="t", partition=0):
        """What may be committed when all before it was put or dropped."""
        return self.ask("pre_commit", [[topic, partition, offset]])["ok"][0]

    def records(self, pairs, topic="t", partition=0):
        first = self.next.get((topic, partition), 0)
        return [[topic, partition, first + i, k, v]
                for i, (k, v) in enumerate(pairs)]

    def put(self, pairs, topic="t", partition=0):
        """The reports: [[partition, offset, why], …]"""
        answer = self.ask("put", self.records(pairs, topic, partition))
        self.cause = answer["cause"]
        self.next[topic, partition] = (
            self.next.get((topic, partition), 0) + len(pairs))
        return answer["reports"]
