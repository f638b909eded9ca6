"""The dead letters of a sink, looked at and put back."""

import json
import os
import threading
import time

import pytest
from confluent_kafka import admin

from support import configs
from support.env import wait_for
from support.kafka import Kafka
from support.receiver import Reply
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


def test_texts_inside_a_letter_are_looked_into(
        served, name, kafka, topic, folder):
    t = topic("t")
    # password=canary-base64
    value = {"doc": '{"password":"canary-text","n":1}', "plain": "seen",
             "bin": "cGFzc3dvcmQ9Y2FuYXJ5LWJhc2U2NA=="}
    kafka.produce(t, [
        {"key": "k", "value": json.dumps(value), "headers": [
            ("h", json.dumps(value).encode())]},
        {"key": "k", "value": value["bin"]}])
    served.rest.create(name, file_sink(t, folder + "/out", **{
        "value.converter.schemas.enable": "true"}))
    kafka.wait_records(t + ".dead", 2)
    one, two = letters(served, name)["letters"]
    shown = {"doc": '{"password":"[hidden]","n":1}', "plain": "seen",
             "bin": "[hidden]"}
    assert one["value"] == shown and one["value_format"] == "json"
    assert one["headers"][0]["value"] == shown
    assert two["value"] == "[hidden]"


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


# ---- of sources -------------------------------------------------------------

TO_NUMBER = {
    "transforms": "n",
    "transforms.n.type": "org.apache.kafka.connect.transforms.Cast$Value",
    "transforms.n.spec": "int64", "value.converter": configs.JSON,
    "value.converter.schemas.enable": "false"}


def lines(path, items):
    with open(path, "a", encoding="utf-8") as f:
        f.writelines(f"{x}\n" for x in items)


def position(w, name):
    """how far the file's source is, in bytes"""
    offsets = w.rest.offsets(name)
    return offsets[0]["offset"]["position"] if offsets else 0


def test_a_sources_bad_record_is_a_letter_with_its_context(
        served, name, kafka, topic, folder):
    t = topic("t", 2)
    path = folder + "/in"
    lines(path, [1, "two", 3])
    served.rest.create(name, configs.file_source(path, t, **{
        **TO_NUMBER, **tolerant(t)}))
    assert [r.value for r in kafka.wait_records(t, 2)] == [b"1", b"3"]
    dead = kafka.wait_records(t + ".dead", 1)
    assert json.loads(dead[0].value) == {
        "schema": {"type": "string", "optional": False}, "payload": "two"}
    headers = dict(dead[0].headers)
    assert headers["__connect.errors.topic"] == t.encode()
    assert headers["__connect.errors.connector.name"] == name.encode()
    assert headers["__connect.errors.task.id"] == b"0"
    assert headers["__connect.errors.stage"] == b"TRANSFORMATION"
    assert headers["__connect.errors.class.name"].endswith(b"Cast$Value")
    assert headers["__connect.errors.exception.class.name"] == \
        b"org.apache.kafka.connect.errors.DataException"
    assert b"two" in headers["__connect.errors.exception.message"]
    assert headers["__connect.errors.exception.stacktrace"]
    assert json.loads(headers["__connect.errors.source.partition"]) == {
        "filename": path}
    (one,) = letters(served, name)["letters"]
    assert one["value"]["payload"] == "two"
    assert one["original"] == {
        "topic": t, "partition": None, "offset": None,
        "source_partition": {"filename": path}, "source_offset": None}
    wait_for("the position", lambda: position(served, name) == 8)


INTEGERS = "org.apache.kafka.connect.converters.IntegerConverter"
APACHE = "org.apache.kafka.connect.transforms."


@pytest.mark.parametrize("part,made", [
    ("key", {"transforms": "w,k", "transforms.w.field": "word",
             "transforms.w.type": APACHE + "HoistField$Value",
             "transforms.k.type": APACHE + "ValueToKey",
             "transforms.k.fields": "word"}),
    ("header", {"transforms": "h", "transforms.h.header": "word",
                "transforms.h.type": APACHE + "InsertHeader",
                "transforms.h.value.literal": "five"})])
def test_what_a_sources_converter_cannot_write_is_a_letter_of_that_part(
        served, name, kafka, topic, folder, part, made):
    """With the record as it was polled; once the converter is another, it is
    put back."""
    t = topic("t", 2)
    path = folder + "/in"
    lines(path, ["one", "two"])
    config = configs.file_source(path, t, **{**made, **tolerant(t)})
    served.rest.create(name, {**config, part + ".converter": INTEGERS})
    dead = kafka.wait_records(t + ".dead", 2)
    assert [json.loads(r.value)["payload"] for r in dead] == ["one", "two"]
    for r in dead:
        headers = dict(r.headers)
        assert headers["__connect.errors.stage"] == \
            part.upper().encode() + b"_CONVERTER"
        assert headers["__connect.errors.class.name"] == INTEGERS.encode()
        assert b"to integer" in headers["__connect.errors.exception.message"]
        assert "word" not in headers and r.key is None
    wait_for("the position", lambda: position(served, name) == 8)
    assert kafka.size(t) == 0
    served.rest.put_config(name, config)
    assert replay(served, name, all=True)["replayed"] == 2
    kafka.wait_records(t, 2)


def test_no_position_is_kept_whose_letter_is_in_no_topic(
        served, name, topic, folder):
    t = topic("t")
    lines(folder + "/in", [1, "two", 3])
    served.rest.create(name, configs.file_source(folder + "/in", t, **{
        **TO_NUMBER, **tolerant(t),
        "errors.deadletterqueue.topic.replication.factor": 3}))
    trace = served.rest.wait_task_failed(name)["trace"]
    assert "dead letter queue" in trace, trace
    assert served.rest.offsets(name) == []


def test_a_letter_that_is_refused_keeps_the_position_where_it_was(
        served, name, kafka, topic, folder):
    t = topic("t")
    kafka.create_topic(t + ".dead", max_message_bytes=100)
    lines(folder + "/in", [1, "two", 3])
    served.rest.create(name, configs.file_source(folder + "/in", t, **{
        **TO_NUMBER, **tolerant(t), "offset.flush.interval.ms": "10"}))
    trace = served.rest.wait_task_failed(name)["trace"]
    assert "Could not produce message to dead letter queue" in trace, trace
    assert served.rest.offsets(name) == []


@pytest.mark.parametrize("support", ["disabled", "enabled"])
@pytest.mark.parametrize("room,limit", [
    ("the topic has", 100000), ("nobody has", 100000),
    ("the producer has not", 4000000)])
def test_what_the_broker_refuses_is_a_letter_with_its_position(
        new_worker, kafka, topic, folder, room, limit, support):
    """All of it where its topic takes that, else without the value."""
    w = new_worker(kafka.bootstrap, exactly_once_source_support=support)
    t = topic("t", max_message_bytes=limit)
    kafka.create_topic(t + ".dead", max_message_bytes=2000000
                       if room == "the topic has" else 100000)
    big = os.urandom(125000 if limit == 100000 else 600000).hex()
    path = folder + "/in"
    lines(path, ["before", big, "after"])
    w.rest.create("src", configs.file_source(path, t, **tolerant(t)))
    assert [r.value for r in kafka.wait_records(t, 2)] == [
        b"before", b"after"]
    (dead,) = kafka.wait_records(t + ".dead", 1)
    headers = dict(dead.headers)
    assert headers["__connect.errors.stage"] == b"KAFKA_PRODUCE"
    assert headers["__connect.errors.topic"] == t.encode()
    assert headers["__connect.errors.exception.class.name"] == \
        b"org.apache.kafka.common.errors.RecordTooLargeException"
    assert b"too large" in headers["__connect.errors.exception.message"]
    assert json.loads(headers["__connect.errors.source.partition"]) == {
        "filename": path}
    left_out = headers.get("__connect.errors.left.out")
    if room == "the topic has":
        assert json.loads(dead.value)["payload"] == big
        assert left_out is None
    else:
        assert dead.value is None
        assert left_out == b"value of %d bytes" % (len(big) + len(
            json.dumps({"schema": {"type": "string", "optional": False},
                        "payload": ""}, separators=(",", ":"))))
        kafka.create_topic(t + ".again")
        done = w.rest.call("POST", "/connectors/src/dead-letters/replay",
                           {"all": True})
        assert done["replayed"] == 0, done
        assert "nothing to put back" in str(done["skipped"])
    wait_for("the position", lambda: position(w, "src") == len(
        big) + len("before\nafter\n") + 1)
    assert [r.value for r in kafka.consume(t)] == [b"before", b"after"]


def test_what_is_refused_and_has_no_letter_stops_the_task(
        served, name, kafka, topic, folder):
    t = topic("t", max_message_bytes=100000)
    kafka.create_topic(t + ".dead", max_message_bytes=100)
    lines(folder + "/in", ["before", os.urandom(125000).hex(), "after"])
    served.rest.create(name, configs.file_source(folder + "/in", t, **{
        **tolerant(t), "offset.flush.interval.ms": "10"}))
    trace = served.rest.wait_task_failed(name)["trace"]
    assert "Could not produce message to dead letter queue" in trace, trace
    assert position(served, name) <= len("before\n")


def test_a_source_that_tolerates_nothing_writes_no_letter(
        served, name, kafka, topic, folder):
    t = topic("t")
    lines(folder + "/in", ["two"])
    served.rest.create(name, configs.file_source(folder + "/in", t, **{
        **TO_NUMBER, **tolerant(t), "errors.tolerance": "none"}))
    assert "Tolerance exceeded" in served.rest.wait_task_failed(name)["trace"]
    assert t + ".dead" not in kafka.topics()


def test_after_a_repair_a_sources_letters_go_the_whole_way_again(
        served, name, kafka, topic, folder):
    t = topic("t", 2)
    lines(folder + "/in", ["1", "two", "three", "7x"])
    config = configs.file_source(folder + "/in", t, **{
        **TO_NUMBER, **tolerant(t)})
    served.rest.create(name, config)
    kafka.wait_records(t + ".dead", 3)
    # nothing was repaired: what fails again is a letter of its own
    first = replay(served, name, offsets=[{"partition": 0, "offset": 0}])
    assert first["replayed"] == 0
    assert "fails again" in first["skipped"][0]["reason"]
    again = kafka.wait_records(t + ".dead", 4)[3]
    assert dict(again.headers)["penstock.replays"] == b"1"
    assert letters(served, name)["letters"][3]["replays"] == 1
    served.rest.put_config(name, {
        **config, "transforms": "n,w",
        "transforms.n.type": "org.apache.kafka.connect.transforms.Filter",
        "transforms.n.predicate": "none",
        "predicates": "none", "predicates.none.type":
            "org.apache.kafka.connect.transforms.predicates.RecordIsTombstone",
        "transforms.w.type":
            "org.apache.kafka.connect.transforms.HoistField$Value",
        "transforms.w.field": "word"})
    trial = replay(served, name, all=True, dry_run=True)
    assert (trial["replayed"], kafka.size(t)) == (3, 1)
    done = replay(served, name, all=True)
    assert (done["replayed"], done["more"], done["skipped"]) == (3, False, [])
    back = [r for r in kafka.wait_records(t, 4) if b"word" in r.value]
    assert sorted(json.loads(r.value)["word"] for r in back) == [
        "7x", "three", "two"]
    assert all(r.headers == [] for r in back)
    assert replay(served, name, all=True)["replayed"] == 0


def test_a_source_that_fails_again_and_again_is_left(
        served, name, kafka, topic, folder):
    t = topic("t")
    lines(folder + "/in", ["two"])
    served.rest.create(name, configs.file_source(folder + "/in", t, **{
        **TO_NUMBER, **tolerant(t)}))
    kafka.wait_records(t + ".dead", 1)
    for n in (2, 3):
        replay(served, name, all=True, max_replays=2)
        kafka.wait_records(t + ".dead", n)
    r = replay(served, name, all=True, max_replays=2)
    assert r["replayed"] == 0 and "max_replays" in r["skipped"][0]["reason"]
    assert kafka.size(t) == 0
    r = served.rest.request(
        "POST", f"/connectors/{name}/dead-letters/replay",
        {"all": True, "topic": "other"})
    assert (r.status_code, "transforms say" in r.text) == (400, True), r.text


def test_a_letter_of_somebody_elses_making_goes_nowhere(
        served, name, kafka, topic, folder):
    t = topic("t")
    config = configs.file_source(folder + "/in", t, **tolerant(t))
    served.rest.create(name, config)
    kafka.create_topic(t + ".dead")

    def letter(to, value, connector=name):
        return {"value": value, "headers": [
            ("__connect.errors.connector.name", connector.encode())] + (
                [("__connect.errors.topic", to.encode())] if to else [])}
    text = json.dumps({"schema": {"type": "string"}, "payload": "x"})
    kafka.produce(t + ".dead", [
        letter("__consumer_offsets", text), letter(t + ".dead", text),
        letter(t, b"{broken"), letter(None, text),
        letter(t, text, "another"), letter(t, text)])
    r = replay(served, name, all=True)
    assert r["replayed"] == 1
    assert [(x["offset"], x["reason"].split(":")[0]) for x in r["skipped"]] \
        == [(0, "__consumer_offsets is no topic for records"),
            (1, t + ".dead is no topic for records"), (2, "value"),
            (3, "no header says of which topic it was")]
    assert [r.value for r in kafka.wait_records(t, 1)] == [b"x"]


ROWS = """CREATE TABLE {0} (id bigint PRIMARY KEY, n numeric(9,2), at timestamp,
  bin bytea, name text, flag boolean, r real);
INSERT INTO {0} VALUES (1, 12.50, '2024-02-29 12:34:56.789', '\\x00ff',
  'Zoë', true, 0.1), (2, NULL, NULL, NULL, NULL, NULL, NULL)"""


def test_a_row_comes_back_as_the_source_would_have_written_it(
        served, name, kafka, topic, postgres, db, unique):
    postgres.execute(db, ROWS.format("rows"))
    good, bad = topic("good"), topic("bad")
    kafka.create_topic(good + "-rows")
    kafka.create_topic(bad + "-rows")
    json_ = {"value.converter": configs.JSON,
             "numeric.mapping": "best_fit",
             "transforms": "k", "transforms.k.fields": "id",
             "transforms.k.type":
                 "org.apache.kafka.connect.transforms.ValueToKey",
             "key.converter": configs.JSON}
    wrong = "org.apache.kafka.connect.converters.IntegerConverter"
    other = unique("snk")
    served.rest.create(other, configs.postgres_source(
        postgres, db, "rows", good + "-", **json_))
    config = configs.postgres_source(
        postgres, db, "rows", bad + "-", **{**json_, **tolerant(bad)})
    served.rest.create(name, {**config, "value.converter": wrong})
    wanted = kafka.wait_records(good + "-rows", 2)
    dead = kafka.wait_records(bad + ".dead", 2)
    assert {dict(r.headers)["__connect.errors.stage"] for r in dead} == {
        b"VALUE_CONVERTER"}
    served.rest.put_config(name, config)
    assert replay(served, name, all=True)["replayed"] == 2
    back = kafka.wait_records(bad + "-rows", 2)
    assert [(r.key, r.value) for r in back] == [
        (r.key, r.value) for r in wanted]
    served.rest.delete(other)


def test_a_letter_holds_what_was_polled_whatever_transforms_did(
        served, name, kafka, topic, folder):
    t = topic("t")
    lines(folder + "/in", ["two"])
    apache = "org.apache.kafka.connect.transforms."
    served.rest.create(name, configs.file_source(folder + "/in", t, **{
        **TO_NUMBER, **tolerant(t), "transforms": "r,h,m,c",
        "transforms.r.type": apache + "RegexRouter",
        "transforms.r.regex": ".*", "transforms.r.replacement": "other",
        "transforms.h.type": apache + "HoistField$Value",
        "transforms.h.field": "w",
        "transforms.m.type": apache + "MaskField$Value",
        "transforms.m.fields": "w", "transforms.m.replacement": "x",
        "transforms.c.type": apache + "Cast$Value",
        "transforms.c.spec": "w:int64"}))
    (dead,) = kafka.wait_records(t + ".dead", 1)
    assert json.loads(dead.value)["payload"] == "two"
    assert dict(dead.headers)["__connect.errors.topic"] == t.encode()


@pytest.mark.parametrize("support", ["disabled", "enabled"])
def test_a_killed_source_has_each_bad_record_among_its_letters(
        new_worker, kafka, topic, folder, unique, support):
    t, name, count = topic("t"), unique("src"), 4000
    path = folder + "/in"
    w = new_worker(kafka.bootstrap, exactly_once_source_support=support)
    w.rest.create(name, configs.file_source(path, t, **{
        **TO_NUMBER, **tolerant(t), "offset.flush.interval.ms": "50",
        "batch.bytes": "4096"}))
    w.rest.wait_running(name)
    for part in range(4):
        lines(path, [n if n % 3 else f"bad-{n}"
                     for n in range(part * count // 4,
                                    (part + 1) * count // 4)])
        kafka.wait_records(t + ".dead", 1)
        w.kill9()
        w.restart()
    wait_for("the end of the file", lambda: w.rest.connectors_answered() and
             position(w, name) == len(open(path, "rb").read()), timeout=60)
    bad = {json.loads(r.value)["payload"] for r in kafka.consume(t + ".dead")}
    assert bad == {f"bad-{n}" for n in range(0, count, 3)}
    good = {int(r.value) for r in kafka.consume(t)}
    assert good == {n for n in range(count) if n % 3}


# What is in a letter of a sink

CHANGES = {
    "transforms": "more,less,route,field,last",
    "transforms.more.type": APACHE + "InsertHeader",
    "transforms.more.header": "new",
    "transforms.more.value.literal": "added",
    "transforms.less.type": APACHE + "DropHeaders",
    "transforms.less.headers": "h",
    "transforms.route.type": APACHE + "RegexRouter",
    "transforms.route.regex": ".*", "transforms.route.replacement": "other",
    "transforms.field.type": APACHE + "ReplaceField$Value",
    "transforms.field.exclude": "secret",
    "transforms.last.type": APACHE + "ValueToKey",
    "transforms.last.fields": "id"}
CASTS = {**CHANGES, "transforms": CHANGES["transforms"] + ",cast",
         "transforms.cast.type": APACHE + "Cast$Value",
         "transforms.cast.spec": "v:int32"}
HEADERS = [("h", b"1"), ("h", b"[1, 2"), ("n", None), ("h", b""), ("z", b"2")]
CONSUMED = {"key": b"k", "value": b'{ "id": 1, "v": "no",  "secret": 5 }',
            "timestamp": 1700000000123, "headers": HEADERS}


def in_postgres(postgres, db, t):
    postgres.execute(db, "CREATE TABLE t (id bigint PRIMARY KEY, "
                     "v text CHECK (v <> 'no'))")
    return configs.postgres_sink(
        postgres, db, t, "t", insert_mode="upsert", pk_mode="record_value",
        pk_fields="id", **{**PLAIN, **CHANGES, **tolerant(t)})


@pytest.mark.parametrize("stage,config", [
    ("TRANSFORMATION", CASTS),
    ("HEADER_CONVERTER", {
        **CHANGES, "header.converter": configs.JSON,
        "header.converter.schemas.enable": "false"}),
    ("KEY_CONVERTER", {
        **CHANGES, "key.converter": configs.JSON,
        "key.converter.schemas.enable": "false"}),
    ("VALUE_CONVERTER", {
        **CHANGES, "value.converter.schemas.enable": "true"}),
    ("TASK_PUT", None),
    ("TASK_PUT later", {**CHANGES, "key.converter": configs.STRING}),
])
@pytest.mark.parametrize("context", ["true", "false"])
def test_a_letter_of_a_sink_is_what_was_consumed(
        served, name, kafka, topic, folder, postgres, db, receiver, stage,
        config, context):
    """whatever transforms and converters made of it, as Connect has it"""
    t = topic("t")
    kafka.produce(t, [CONSUMED])
    if config is None:
        config = in_postgres(postgres, db, t)
    elif stage.endswith("later"):
        receiver.script(lambda *_: Reply(400))
        config = {**configs.http_sink(receiver.url, t, **{
            **PLAIN, **tolerant(t)}), **config}
    else:
        config = file_sink(t, folder + "/out", **config)
    served.rest.create(name, {
        **config, "errors.deadletterqueue.context.headers.enable": context})
    (dead,) = kafka.wait_records(t + ".dead", 1)
    assert (dead.key, dead.value) == (CONSUMED["key"], CONSUMED["value"])
    assert dead.timestamp == CONSUMED["timestamp"]
    assert dead.headers[:len(HEADERS)] == HEADERS
    added = dict(dead.headers[len(HEADERS):])
    if context == "false":
        assert not added
        return
    assert len(added) == 10
    assert added["__connect.errors.stage"] == stage.split()[0].encode()
    assert added["__connect.errors.topic"] == t.encode()


@pytest.fixture
def guarded(folder):
    """A broker on which nobody but its own may create topics, once forbid()
    was called."""
    k = Kafka(folder, super_users="User:nobody", **{
        "authorizer_class_name":
        "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "allow_everyone_if_no_acl_found": "true"}).start()

    def entry(operation, permission):
        return admin.AclBinding(
            admin.ResourceType.BROKER, "kafka-cluster",
            admin.ResourcePatternType.LITERAL, "User:ANONYMOUS", "*",
            operation, permission)

    def forbid(*topics):
        kind, op = admin.AclPermissionType, admin.AclOperation
        a = k.admin()
        for done in a.create_acls(
                [entry(op.ALL, kind.ALLOW), entry(op.CREATE, kind.DENY)] + [
                    admin.AclBinding(
                        admin.ResourceType.TOPIC, t,
                        admin.ResourcePatternType.LITERAL, "User:ANONYMOUS",
                        "*", operation, permission)
                    for t in topics for operation, permission in (
                        (op.ALL, kind.ALLOW), (op.CREATE, kind.DENY))
                ]).values():
            done.result(30)
    k.forbid = forbid
    yield k
    k.close()


def test_who_may_not_create_topics_has_letters_where_there_is_one(
        guarded, new_worker, folder):
    w, t = new_worker(guarded.bootstrap), guarded.create_topic("t")
    guarded.create_topic("t.dead")
    guarded.forbid("t.dead", "none")
    guarded.produce(t, [broken(0)])
    w.rest.create("letters", file_sink(t, folder + "/out"))
    (dead,) = guarded.wait_records("t.dead", 1)
    assert dead.value == broken(0)
    w.rest.create("fails", file_sink(t, folder + "/other", **{
        "errors.deadletterqueue.topic.name": "none"}))
    text = w.rest.wait_cause("fails", "dead letter queue")
    assert "topic=none" in text and "authorization" in text.lower(), text
