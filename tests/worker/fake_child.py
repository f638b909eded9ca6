#!/usr/bin/python3
"""A child that speaks the worker's protocol. A task does what its connector's
name says: the first word before a dash is the behaviour. A connector's own
process does what `behave` in its configuration says, and makes as many tasks
as `tasks` says."""

import json
import os
import select
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


def now_ms():
    return int(time.clock_gettime(time.CLOCK_BOOTTIME) * 1000)


def beat(call, since_ms, counters=None):
    send(control, "beat", call=call, since_ms=since_ms, at_ms=now_ms(),
         counters=counters or {})


def run():
    send(data, "status", state="RUNNING")
    until_stop()


def slow():
    """takes its time to start"""
    time.sleep(0.1)
    run()


def stuck():
    """never gets further than its start"""
    began = now_ms()
    while True:
        beat("start", began)
        time.sleep(0.1)


def segv():
    beat("poll", now_ms())
    send(data, "status", state="RUNNING")
    os.kill(os.getpid(), signal.SIGSEGV)


def slain():
    """as its lease's timer does, or the kernel"""
    send(data, "status", state="RUNNING")
    os.kill(os.getpid(), signal.SIGKILL)


def frozen():
    """stands still until its lease's timer fires"""
    send(data, "status", state="RUNNING")
    time.sleep(4)
    os.kill(os.getpid(), signal.SIGKILL)


def silent():
    """gives no sign of life"""
    send(data, "status", state="RUNNING")
    time.sleep(60)


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


def stalls():
    """in a call for longer than it may, then out of it again"""
    began = now_ms()
    send(data, "status", state="RUNNING")
    for _ in range(10):
        beat("poll", began)
        time.sleep(0.05)
    send(control, "beat")
    until_stop()


def waits():
    """is in one short call after another whenever it beats"""
    send(data, "status", state="RUNNING")
    for _ in range(5):
        beat("poll", now_ms() - 100)
        time.sleep(0.3)
    send(data, "completed")


def clogged():
    """takes records, and none arrives for a while"""
    send(data, "status", state="RUNNING")
    for n in range(40):
        send(control, "beat", counters={"delivered": n // 20, "pending": 7})
        time.sleep(0.03)
    until_stop()


def shares():
    """a stranger has one of its partitions for a while"""
    send(data, "status", state="RUNNING")
    for n in range(40):
        send(control, "beat", counters={"unclaimed": n < 20})
        time.sleep(0.03)
    until_stop()


def beat_on(seconds, call, unclaimed):
    began, until = now_ms(), time.time() + seconds
    while time.time() < until:
        beat(call, began, {"unclaimed": unclaimed})
        time.sleep(0.03)


def hangs_then_shares():
    """a call that hung returns while a stranger has a partition"""
    send(data, "status", state="RUNNING", cause="topic t, partition 3")
    beat_on(0.6, "put", False)
    beat_on(60, None, True)


def shares_then_hangs():
    """and the other way round; what it says of itself changes meanwhile"""
    send(data, "status", state="RUNNING", cause="topic t, partition 3")
    beat_on(0.3, None, True)
    send(data, "status", state="RUNNING", cause="topic t, partition 4")
    beat_on(0.6, None, True)
    beat_on(60, "put", True)


def idle():
    """takes records that all arrive, then none"""
    send(data, "status", state="RUNNING")
    for n in range(20):
        send(control, "beat", counters={"delivered": n, "pending": 7})
        time.sleep(0.03)
    for n in range(20):
        send(control, "beat", counters={"delivered": 20, "pending": 0})
        time.sleep(0.03)
    send(data, "completed")


def hangs():
    """beats, but poll never returns"""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    send(data, "status", state="RUNNING")
    began = now_ms()
    while True:
        beat("poll", began)
        time.sleep(0.05)


def deaf():
    """ignores STOP and SIGTERM"""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    send(data, "status", state="RUNNING")
    time.sleep(60)


def secret():
    """fails with a word of its configuration"""
    config = receive(data)["config"]
    send(data, "failed", code="DATA", retriable=False,
         text="cannot log in with " + config["db.password"])


def talks():
    """says what it uses and how far it is, like a standalone task"""
    send(data, "status", state="RUNNING")
    send(data, "topic", name="lines")
    send(data, "topic", name="lines")
    send(data, "metrics", items=[
        ["c", "records_total", 'connector="talks-x",task="0"', 42]])
    send(data, "offsets", ack=7, items=[['["talks-x",{"p":1}]', '{"at":9}']])
    while True:
        m = receive(data)
        if m["type"] == "offsets_stored":
            send(data, "status", state="RUNNING", cause=f"stored {m['ack']}")
            until_stop()


# A connector's own process

class Refused(Exception):
    pass


def task_configs(config):
    behave, _, argument = config.get("behave", "").partition(":")
    if behave == "refuse":
        raise Refused("CONFIG", argument)
    if behave == "down" and os.path.exists(argument):
        raise Refused("RETRY", f"{argument} is there")
    if behave == "die":
        os.kill(os.getpid(), signal.SIGSEGV)
    if behave == "nonsense":
        return {"tasks": "two"}
    count = int(config.get("tasks", "1"))
    return {"tasks": [{"slice": str(n)} for n in range(count)]}


def watch(config):
    """answers only when the file that `watch` names is there"""
    while not os.path.exists(config.get("watch", "")):
        readable = select.select([control, data], [], [], 0.02)[0]
        if data in readable:
            return None
        if control in readable and receive(control)["type"] == "stop":
            sys.exit(0)
    os.unlink(config["watch"])
    return {"changed": True}


def answer(op, config):
    if op == "task_configs":
        return task_configs(config)
    if op == "watch":
        return watch(config)
    if op == "list" and "FAKE_LIST" in os.environ:
        return json.loads(os.environ["FAKE_LIST"])
    if op == "list":
        return {"errors": [], "plugins": [
            {"class": "com.acme.RunConnector", "type": "source",
             "version": "1.2.3", "name": "Run", "aliases": [], "keys": []}]}
    raise Refused("CONFIG", "no such op " + op)


def answers():
    config = {}
    while True:
        m = receive(data)
        if m["type"] == "config":
            config = m.get("config") or {}
            continue
        try:
            result = answer(m["op"], config)
            if result is not None:
                send(data, "reply", id=m["id"], result=result)
        except Refused as e:
            send(data, "reply", id=m["id"], code=e.args[0], error=e.args[1])


send(control, "ready", pid=os.getpid())
if sys.argv[1] == "task":
    globals()[sys.argv[2].split("-")[0]]()
else:
    answers()
