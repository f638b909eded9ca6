"""The dead letters of a sink, looked at and put back."""

import json
import threading
import time

import pytest

from support import configs
from support.env import wait_for
from test_poison import tolerant

PLAIN = {"key.converter": configs.STRING, "value.converter": configs.JSON,
         "value.converter.schemas.enable": "false"}
SCHEMA = "CREATE TABLE t (id bigint PRIMARY KEY, v int CHECK (v >= 0))"


@pytest.fixture(scope="module")
def served(kafka, shared_worker):
    return shared_worker(kafka.bootstrap)


@pytest.fixture
def name(served, unique):
    name = unique("snk")
    yield name
    served.rest.delete(name)


def letters(w, name, **query):
    return w.rest.call("GET", f"/connectors/{name}/dead-letters?" + "&".join(
        f"{k}={v}" for k, v in query.items()))


def replay(w, name, **body):
    return w.rest.call("POST", f"/connectors/{name}/dead-letters/replay",
                       body)


def broken(n):
    return b"{broken %d" % n


def file_sink(t, path, **more):
    return configs.file_sink(path, t, **{**PLAIN, **tolerant(t), **more})


def test_letters_are_shown_page_by_page_and_masked(
        served, name, kafka, topic, folder):
    t = topic("t", 2)
    kafka.produce(t, [
        {"key": "k%d" % n, "value": v, "partition": 1,
         "headers": [("h", b"1"), ("token", b"canary-header")]}
        for n, v in enumerate([
            broken(0), b"{}", broken(1), b'{"password": "canary-open',
            b"\xff\x00", broken(5)])])
    served.rest.create(name, file_sink(t, folder + "/out"))
    kafka.wait_records(t + ".dead", 5)
    first = letters(served, name, limit=2)
    assert first["topic"] == t + ".dead"
    assert first["partitions"] == [{
        "partition": 0, "first": 0, "end": 5, "replayed": 0,
        "replayed_beyond": ""}]
    one, two = first["letters"]
    assert one["value"] == "{broken 0" and one["value_format"] == "text"
    assert one["key"] == "k0" and one["offset"] == 0
    assert one["original"] == {"topic": t, "partition": 1, "offset": 0}
    assert one["connector"] == name and one["task"] == 0
    assert one["stage"] == "VALUE_CONVERTER" and one["class"] == configs.JSON
    assert one["message"] and one["replays"] == 0
    assert one["exception"].endswith("DataException")
    assert [h["name"] for h in one["headers"]] == ["h", "token"]
    assert two["original"]["offset"] == 2
    second = letters(served, name, limit=10, cursor=first["next"])
    assert [x["offset"] for x in second["letters"]] == [2, 3, 4]
    assert second["next"] is None
    hidden, binary, _ = second["letters"]
    assert hidden["value"] is None and hidden["value_format"] == "hidden"
    assert binary["value"] == "/wA=" and binary["value_format"] == "base64"
    assert "canary" not in json.dumps([first, second])
    masked = letters(served, name, mask="other,broken")
    assert {x["value_format"] for x in masked["letters"]} == {"hidden"}


def test_what_people_ask_wrongly_is_named(served, name, topic, folder):
    t = topic("t")
    served.rest.create(name, configs.file_sink(folder + "/out", t, **PLAIN))
    assert letters(served, name) == {
        "topic": None, "letters": [], "next": None, "partitions": []}
    where = f"/connectors/{name}/dead-letters"
    for path, words in [("?limit=0", "limit 0"), ("?limit=x", "limit x"),
                        ("?cursor=1", "cursor 1")]:
        r = served.rest.request("GET", where + path)
        assert (r.status_code, words in r.text) == (400, True), r.text
    for body, words in [
            ({}, "say which"), ({"all": True, "offsets": []}, "say which"),
            ({"offsets": []}, "offsets"), ({"offsets": [{}]}, "offsets[0]"),
            ({"all": True, "limit": 0}, "limit 0"),
            ({"all": True, "agian": True}, "agian"),
            ({"all": True}, "no dead letter topic")]:
        r = served.rest.request("POST", where + "/replay", body)
        assert (r.status_code, words in r.text) == (400, True), r.text
    r = served.rest.request("GET", "/connectors/nobody/dead-letters")
    assert r.status_code == 404


@pytest.fixture
def repaired(served, name, kafka, topic, postgres, db):
    """A sink whose table refused 6 of 12 rows, and takes them now."""
    t = topic("t", 2)
    postgres.execute(db, SCHEMA)
    kafka.produce(t, [{"key": "k", "value": json.dumps(
        {"id": n // 2, "v": -n if n % 2 else n}), "headers": [("h", b"x")]}
        for n in range(12)])
    served.rest.create(name, configs.postgres_sink(
        postgres, db, t, "t", insert_mode="upsert", pk_mode="record_value",
        pk_fields="id", **{
            "value.converter": configs.JSON,
            "value.converter.schemas.enable": "false", **tolerant(t)}))
    kafka.wait_records(t + ".dead", 6)
    postgres.execute(db, "ALTER TABLE t DROP CONSTRAINT t_v_check")
    return t


def test_after_a_repair_they_are_put_back_once_and_in_order(
        served, name, kafka, postgres, db, repaired):
    t = repaired
    trial = replay(served, name, all=True, dry_run=True)
    assert trial["replayed"] == 6 and trial["dry_run"]
    assert kafka.size(t) == 12
    done = replay(served, name, all=True)
    assert (done["replayed"], done["more"], done["skipped"]) == (6, False, [])
    assert done["partitions"] == [{"partition": 0, "replayed": 6,
                                   "replayed_beyond": ""}]
    postgres.wait_count(db, "SELECT count(*) FROM t WHERE v < 0", 6)
    back = [
        r for r in kafka.wait_records(t, 18)
        if dict(r.headers).get("penstock.replays")]
    assert [json.loads(r.value)["v"] for r in back] == [
        -1, -3, -5, -7, -9, -11]
    for r in back:
        assert dict(r.headers) == {"h": b"x", "penstock.replays": b"1"}
        assert r.key == b"k"
    assert replay(served, name, all=True)["replayed"] == 0
    assert letters(served, name)["partitions"][0]["replayed"] == 6


def test_some_of_them_are_put_back_by_their_offsets(
        served, name, kafka, repaired):
    def some(*offsets, **more):
        return replay(served, name, offsets=[
            {"partition": 0, "offset": n} for n in offsets], **more)

    assert some(1, 4)["partitions"] == [{
        "partition": 0, "replayed": 0, "replayed_beyond": "1,4"}]
    again = some(1, 2)
    assert again["replayed"] == 1
    assert again["skipped"] == [{"partition": 0, "offset": 1, "reason":
                                 "it was put back already"}]
    assert some(1, again=True)["replayed"] == 1
    rest = replay(served, name, all=True)
    assert rest["replayed"] == 3
    assert rest["partitions"][0]["replayed"] == 6
    values = [json.loads(r.value)["v"] for r in kafka.wait_records(
        repaired, 12 + 7) if dict(r.headers).get("penstock.replays")]
    assert sorted(values) == sorted([-3, -9, -5, -3, -1, -7, -11])


def test_a_limit_ends_a_replay_and_the_next_goes_on(
        served, name, kafka, repaired):
    counts = []
    while not counts or counts[-1][1]:
        r = replay(served, name, all=True, limit=4)
        counts.append((r["replayed"], r["more"]))
    assert counts == [(4, True), (2, False)]
    assert kafka.size(repaired) >= 18


def test_what_fails_again_is_put_back_so_often_and_no_more(
        served, name, kafka, topic, folder):
    t = topic("t")
    kafka.produce(t, [broken(1)])
    served.rest.create(name, file_sink(t, folder + "/out"))
    for n in range(1, 4):
        kafka.wait_records(t + ".dead", n)
        assert replay(served, name, all=True, max_replays=2)[
            "replayed"] == (1 if n < 3 else 0)
    last = letters(served, name)["letters"][-1]
    assert last["replays"] == 2
    r = replay(served, name, offsets=[{"partition": 0, "offset": 2}],
               again=True, max_replays=2)
    assert r["replayed"] == 0 and "max_replays" in r["skipped"][0]["reason"]


def test_nothing_goes_where_the_connector_does_not_read(
        served, name, kafka, topic, folder, unique):
    t, other = topic("t"), topic("other")
    served.rest.create(name, file_sink(t, folder + "/out", **{
        "topics": t}))
    kafka.create_topic(t + ".dead")

    def letter(connector, to):
        return {"value": b"{", "headers": [
            ("__connect.errors.topic", to.encode()),
            ("__connect.errors.partition", b"0"),
            ("__connect.errors.connector.name", connector.encode())]}
    kafka.produce(t + ".dead", [
        letter(name, other), letter("another", t), letter(name, t),
        {"value": b"{", "headers": []}])
    r = replay(served, name, all=True)
    assert r["replayed"] == 2
    assert [(x["offset"], other in x["reason"]) for x in r["skipped"]] == [
        (0, True)]
    assert kafka.size(other) == 0
    assert [x["offset"] for x in letters(served, name)["letters"]][:3] == [
        0, 2, 3]


def test_a_worker_that_dies_in_the_middle_loses_and_doubles_nothing(
        new_worker, kafka, topic, folder, unique):
    t = topic("t")
    name = unique("snk")
    w = new_worker(kafka.bootstrap)
    w.rest.create(name, file_sink(t, folder + "/out", **{
        "consumer.override.isolation.level": "read_committed"}))
    w.rest.wait_running(name)
    w.rest.stop_connector(name)
    kafka.create_topic(t + ".dead")
    kafka.produce(t + ".dead", [{"key": "k", "value": b"%d" % n, "headers": [
        ("__connect.errors.topic", t.encode()),
        ("__connect.errors.connector.name", name.encode())]}
        for n in range(6000)])
    stop = threading.Timer(0.6, w.kill9)
    stop.start()
    try:
        replay(w, name, all=True, limit=6000)
    except OSError:
        pass
    stop.join()
    w.restart()
    wait_for("the connectors", lambda: w.rest.connectors_answered())
    deadline = time.monotonic() + 60
    while replay(w, name, all=True)["more"]:
        assert time.monotonic() < deadline
    values = [r.value for r in kafka.consume(t)]
    assert values == [b"%d" % n for n in range(6000)]
