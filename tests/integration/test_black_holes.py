"""A target that takes the connection and says nothing: the task is RUNNING,
and within stall.timeout STALLED, with what it waits for; when the target
answers it goes on by itself."""

import contextlib
import socket
import threading
import time

import pytest

from support import configs
from support.env import HOST, wait_for
from support.rest import stringified

STALL_MS = "2000"


class Hole:
    """Takes connections and keeps them. filled(port): to where each is
    joined from then on, those that were kept too; dark(): what is said goes
    nowhere until it is filled again."""

    def __init__(self):
        self.listener = socket.create_server((HOST, 0))
        self.port = self.listener.getsockname()[1]
        self.kept, self.to, self.lock = [], None, threading.Lock()
        self.light = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                one, _ = self.listener.accept()
                with self.lock:
                    self.kept.append(one)
                    if self.to:
                        self._join(one)

    def _join(self, one):
        other = socket.create_connection((HOST, self.to))
        self.kept.append(other)
        for a, b in ((one, other), (other, one)):
            threading.Thread(target=self._pump, args=(a, b),
                             daemon=True).start()

    def _pump(self, a, b):
        with contextlib.suppress(OSError):
            while data := a.recv(65536):
                self.light.wait()
                b.sendall(data)
        for s in (a, b):
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)

    def filled(self, port):
        with self.lock:
            joined, self.to = self.to, port
            for one in list(self.kept) if joined is None else []:
                self._join(one)
            self.light.set()

    def dark(self):
        self.light.clear()

    def close(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for one in self.kept:
            one.close()


@pytest.fixture
def hole():
    h = Hole()
    yield h
    h.close()


def task(worker, name):
    return worker.rest.status(name)["tasks"][0]


def wait_stalled(worker, name):
    def stalled():
        one = task(worker, name)
        if one.get("detail") != "STALLED":
            raise ValueError(one)
        return one
    t = wait_for("STALLED", stalled)
    assert t["state"] == "RUNNING" and t["cause"] and t["next_action"], t
    return t


@pytest.mark.parametrize("timeout", [1, 60])
def test_an_endpoint(worker, kafka, topic, unique, hole, receiver, timeout):
    """Within one try, and over several."""
    t, name = topic("t"), unique("snk")
    kafka.produce(t, [f'{{"n":{i}}}' for i in range(120)])
    worker.rest.create(name, configs.http_sink(
        f"http://{HOST}:{hole.port}/", t, http_timeout=timeout,
        **{"stall.timeout.ms": STALL_MS}))
    wait_stalled(worker, name)
    hole.filled(receiver.port)
    wait_for("all", lambda: {
        row["n"] for r in receiver.accepted() for row in r.json()}
        >= set(range(120)))
    wait_for("the end of it", lambda: "detail" not in task(worker, name))


def test_a_store(worker, kafka, topic, unique, hole, s3, bucket):
    t, name = topic("t"), unique("snk")
    kafka.produce(t, [f'{{"n":{i}}}' for i in range(120)])
    worker.rest.create(name, configs.s3_sink(
        s3, bucket, t, store_url=f"http://{HOST}:{hole.port}",
        **{"stall.timeout.ms": STALL_MS}))
    wait_stalled(worker, name)
    hole.filled(s3.port)
    wait_for("the object", lambda: len(s3.lines(bucket, "topics/" + t)) == 100)
    wait_for("the end of it", lambda: "detail" not in task(worker, name))


def test_a_database(worker, kafka, topic, unique, hole, postgres, db):
    t, name = topic("t"), unique("snk")

    def produce(numbers):
        kafka.produce(t, [
            '{"schema":{"type":"struct","fields":[{"field":"id","type":'
            '"int32"}],"optional":false},"payload":{"id":%d}}' % i
            for i in numbers])

    def count():
        return postgres.value(db, "SELECT count(*) FROM black")
    config = configs.postgres_sink(
        postgres, db, t, "black", **{
            "stall.timeout.ms": STALL_MS, "auto.create": "true",
            "value.converter.schemas.enable": "true",
            "connection.url":
            f"jdbc:postgresql://{HOST}:{hole.port}/{db}?user=postgres",
            "value.converter": "org.apache.kafka.connect.json.JsonConverter"})
    hole.filled(postgres.port)
    produce(range(10))
    worker.rest.create(name, config)
    wait_for("rows", lambda: count() == 10)
    hole.dark()
    produce(range(10, 20))
    wait_stalled(worker, name)
    hole.filled(postgres.port)
    wait_for("all rows", lambda: count() >= 20)
    wait_for("the end of it", lambda: "detail" not in task(worker, name))
    assert count() == 20  # what was on its way was not written twice


def validate(worker, config):
    """The errors by key, and how long it took."""
    began = time.monotonic()
    r = worker.rest.call("PUT", "/connector-plugins/" + config[
        "connector.class"] + "/config/validate", {"name": "v", **stringified(
            config)})
    return {c["value"]["name"]: c["value"]["errors"] for c in r["configs"]
            if c["value"]["errors"]}, time.monotonic() - began


def test_a_validation(worker, kafka, unique, hole, postgres, db):
    """It answers in the time that a connection may take, with the cause at
    the key; and what it could reach it leaves as it was."""
    url = f"jdbc:postgresql://{HOST}:{{}}/{db}?user=postgres&connect_timeout=3"
    prefix, t = unique("v") + ".", unique("t")
    for config in (configs.postgres_source(postgres, db, "there", prefix),
                   configs.postgres_sink(postgres, db, t, "made",
                                         auto_create="true")):
        errors, took = validate(worker, {
            **config, "connection.url": url.format(hole.port)})
        assert list(errors) == ["connection.url"], errors
        assert str(hole.port) in errors["connection.url"][0], errors
        assert took < 3 * 3, took
    postgres.execute(db, "CREATE TABLE there (id int PRIMARY KEY)")
    there = "SELECT string_agg(relname, ' ') FROM pg_class c JOIN " \
        "pg_namespace n ON n.oid = relnamespace WHERE relkind = 'r' AND " \
        "nspname = 'public'"
    for config in (configs.postgres_source(postgres, db, "there", prefix),
                   configs.postgres_sink(postgres, db, t, "made",
                                         auto_create="true")):
        errors, _ = validate(worker, config)
        assert not errors, errors
    assert postgres.value(db, there) == "there"
    assert not postgres.value(db, "SELECT count(*) FROM "
                              "pg_replication_slots")
    assert not {t, prefix + "there"} & set(kafka.topics())
