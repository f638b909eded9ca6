"""`make demo`, in short: it proves that nothing is lost, and what it prints
for those who let it run is true."""

import os
import re
import select
import shlex
import signal
import subprocess
import sys
import time

import pytest

from support.env import ROOT

OPEN_SECONDS = "4"
LIMIT = 150


class Demo:
    """tests/demo/run with KEEP=1, and what it has said so far."""

    def __init__(self, folder):
        self.text = ""
        # pylint: disable-next=consider-using-with
        self.process = subprocess.Popen(
            [sys.executable, f"{ROOT}/tests/demo/run"], stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, cwd=folder, env=dict(
                os.environ, KEEP="1", DEMO_SECONDS=OPEN_SECONDS, MARK=folder))

    def read_until(self, word):
        end = time.monotonic() + LIMIT
        pipe = self.process.stdout.fileno()
        while word not in self.text:
            left = end - time.monotonic()
            assert left > 0, self.text
            if select.select([pipe], [], [], left)[0]:
                data = os.read(pipe, 65536)
                assert data, self.text
                self.text += data.decode()

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)
        rest, _ = self.process.communicate(timeout=60)
        self.text += rest.decode()
        return self.process.returncode


def marked(folder):
    """the processes that live and inherited MARK"""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as f:
                if f"MARK={folder}".encode() in f.read().split(b"\0"):
                    found.append(int(pid))
        except OSError:
            pass
    return found


@pytest.fixture
def demo(folder):
    d = Demo(folder)
    yield d
    if d.process.poll() is None:
        d.interrupt()
    d.process.stdout.close()


def test_it_agrees_and_can_be_kept(demo, folder):
    demo.read_until("penstock describe")
    assert "kill -9 of the worker" in demo.text
    assert "They agree: nothing is missing." in demo.text
    for row in ("rows in the source", "records in the topic",
                "rows in the view", "rows inside the S3 objects",
                "rows received over HTTP"):
        assert re.search(rf"{row} +[1-9]\d* +✓", demo.text), demo.text
    for server in ("worker", "Kafka", "Postgres", "view", "S3", "HTTP"):
        assert re.search(rf"^  {server} +\S*127\.0\.0\.1:\d+", demo.text,
                         re.M), demo.text
    commands = re.findall(r"^  (curl .*)$", demo.text, re.M)
    assert len(commands) == 3
    for command in commands:
        subprocess.run([*shlex.split(command), "--fail"], check=True,
                       timeout=30)
    assert len(marked(folder)) > 5
    assert demo.interrupt() == 0
    assert marked(folder) == []
