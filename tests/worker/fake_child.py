#!/usr/bin/python3
"""A child that speaks the worker's protocol and does what its connector's
name says: the first word before a dash is the behaviour."""

import json
import os
import signal
import socket
import struct
import sys
import time

control = socket.socket(fileno=3)
data = socket.socket(fileno=4)


def send(wire, kind, **fields):
    text = json.dumps({"type": kind, **fields}).encode()
    wire.sendall(struct.pack(">I", len(text)) + text)


def receive(wire):
    head = b""
    while len(head) < 4:
        got = wire.recv(4 - len(head))
        if not got:
            sys.exit(0)
        head += got
    left, text = struct.unpack(">I", head)[0], b""
    while len(text) < left:
        text += wire.recv(left - len(text))
    return json.loads(text)


def until_stop():
    """answers pause and resume; ends at a stop"""
    while True:
        m = receive(control)
        if m["type"] == "stop":
            sys.exit(0)
        if m["type"] == "pause":
            send(data, "status", state="PAUSED")
        if m["type"] == "resume":
            send(data, "status", state="RUNNING")


def run():
    send(data, "status", state="RUNNING")
    until_stop()


def segv():
    send(control, "beat", call="poll",
         since_ms=int(time.clock_gettime(time.CLOCK_BOOTTIME) * 1000))
    send(data, "status", state="RUNNING")
    os.kill(os.getpid(), signal.SIGSEGV)


def words():
    print("assertion of a library failed")
    sys.stdout.flush()
    sys.exit(3)


def config():
    send(data, "failed", code="CONFIG", text="file is not set",
         retriable=False)


def retry():
    send(data, "failed", code="RETRY", text="the target is down",
         retriable=True)


def completed():
    send(data, "status", state="RUNNING")
    send(data, "completed")


def lies():
    data.sendall(b"\xff\xff\xff\xff garbage")
    time.sleep(60)


def wrongway():
    send(data, "stop", limit_ms=1)
    time.sleep(60)


def hangs():
    """beats, but poll never returns"""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    send(data, "status", state="RUNNING")
    began = int(time.clock_gettime(time.CLOCK_BOOTTIME) * 1000)
    while True:
        send(control, "beat", call="poll", since_ms=began)
        time.sleep(0.05)


def deaf():
    """ignores STOP and SIGTERM"""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    send(data, "status", state="RUNNING")
    time.sleep(60)


def answers():
    while True:
        m = receive(data)
        if m["type"] == "request" and m["op"] == "task_configs":
            send(data, "reply", id=m["id"], result={"tasks": [{}]})
        elif m["type"] == "request":
            send(data, "reply", id=m["id"], code="CONFIG",
                 error="no such op " + m["op"])


send(control, "ready", pid=os.getpid())
globals()[sys.argv[2].split("-")[0]]()
