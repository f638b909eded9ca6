"""A chain of transforms with predicates, through real sources and sinks:
what arrives is changed, what is committed is not."""

import json
import time

import pytest

from support import configs, env
from support.env import wait_for

TRANSFORMS = "org.apache.kafka.connect.transforms."
PREDICATES = TRANSFORMS + "predicates."


def chain(steps, predicates=()):
    """Configuration keys of a chain: {name: keys}, {name: keys}."""
    keys = {"transforms": ",".join(steps)}
    for name, step in steps.items():
        keys.update({f"transforms.{name}.{k}": v for k, v in step.items()})
    if predicates:
        keys["predicates"] = ",".join(predicates)
        for name, p in predicates.items():
            keys.update({f"predicates.{name}.{k}": v for k, v in p.items()})
    return keys


ROUTE = {"type": TRANSFORMS + "RegexRouter", "regex": "(.*)",
         "replacement": "routed-$1"}
INSERT = {"type": TRANSFORMS + "InsertField$Value", "topic.field": "topic",
          "partition.field": "part", "offset.field": "off",
          "static.field": "site", "static.value": "north"}
REPLACE = {"type": TRANSFORMS + "ReplaceField$Value", "exclude": "secret",
           "renames": "id:number"}
HAS_HEADER = {"type": PREDICATES + "HasHeaderKey", "name": "mark"}
TOMBSTONE = {"type": PREDICATES + "RecordIsTombstone"}


def received(receiver):
    """All records of all accepted batches."""
    return [r for request in receiver.accepted() for r in request.json()]


@pytest.mark.parametrize("negate", ["false", "true"])
def test_a_sink_gets_changed_records_and_commits_under_the_old_topic(
        worker, kafka, topic, receiver, unique, negate):
    t, snk = topic("orders", 2), unique("snk")
    kafka.produce(t, [{
        "value": json.dumps({"id": n, "secret": "x"}), "partition": n % 2,
        "headers": [("mark", b"1")] if n < 10 else [("other", b"1")]}
        for n in range(20)])
    worker.rest.create(snk, configs.http_sink(
        receiver.url + "/in", t, **chain(
            {"route": ROUTE, "insert": INSERT,
             "replace": {**REPLACE, "predicate": "marked",
                         "negate": negate}}, {"marked": HAS_HEADER})))
    wait_for("the records", lambda: len(received(receiver)) == 20)
    for r in received(receiver):
        n = r.get("number", r.get("id"))
        assert r["topic"] == "routed-" + t and r["site"] == "north"
        assert (r["part"], r["off"]) == (n % 2, n // 2)
        changed = (n < 10) != (negate == "true")
        assert ("number" in r, "secret" in r) == (changed, not changed), r
    wait_for("the positions", lambda: kafka.committed("connect-" + snk)
             == {(t, 0): 10, (t, 1): 10})
    assert "routed-" + t not in kafka.topics()


def test_tombstones_pass_by_where_the_predicate_says_so(
        kafka, new_worker, topic, folder, unique):
    w = new_worker(kafka.bootstrap, plugin_path=f"{env.BUILD}/plugins,"
                   f"{env.BUILD}/fixtures")
    t, snk = topic("t"), unique("snk")
    kafka.produce(t, [{"value": b'{"id":1}', "key": b'"k"'},
                      {"value": None, "key": b'"k"'},
                      {"value": b'{"id":2}', "key": b'"k"'}])
    w.rest.create(snk, {
        "connector.class": "ObserverSink", "file": folder + "/out",
        "topics": t, **chain(
            {"route": {**ROUTE, "predicate": "gone", "negate": "true"},
             "drop": {"type": "DropAll", "predicate": "old"}},
            {"gone": TOMBSTONE, "old": {
                "type": PREDICATES + "TopicNameMatches", "pattern": t}})})
    rows = wait_for("two records", lambda: _lines(folder + "/out", 2))
    assert [r.split("\t")[:2] for r in rows] == [
        ["routed-" + t, "0"], ["routed-" + t, "2"]]
    # The last record was not dropped: the middle one is between.
    wait_for("the position", lambda: kafka.committed("connect-" + snk)
             == {(t, 0): 3})


def test_dropped_records_advance_the_position(kafka, new_worker, topic,
                                              folder, unique):
    w = new_worker(kafka.bootstrap, plugin_path=f"{env.BUILD}/plugins,"
                   f"{env.BUILD}/fixtures")
    t, snk = topic("t"), unique("snk")
    kafka.produce(t, [b'{"id":1}'] * 50)
    w.rest.create(snk, {
        "connector.class": "ObserverSink", "file": folder + "/out",
        "topics": t, **chain({"drop": {"type": "DropAll"}})})
    wait_for("the position", lambda: kafka.committed("connect-" + snk)
             == {(t, 0): 50})
    assert _lines(folder + "/out", 0) == []
    with open(folder + "/in", "w", encoding="utf-8") as f:
        f.write("dropped\n" * 50)
    w.rest.create("src", configs.file_source(
        folder + "/in", t, **chain({"drop": {"type": "DropAll"}})))
    wait_for("the source's position", lambda: w.rest.offsets("src")[0][
        "offset"]["position"] == 400)
    assert kafka.size(t) == 50


def test_a_line_has_the_time_that_transforms_saw(kafka, new_worker, topic,
                                                 folder):
    w = new_worker(kafka.bootstrap, plugin_path=f"{env.BUILD}/plugins,"
                   f"{env.BUILD}/fixtures")
    seen, plain = topic("seen"), topic("plain")
    with open(folder + "/in", "w", encoding="utf-8") as f:
        f.write("a line\n" * 50)
    before = time.time() * 1000 - 1
    w.rest.create("seen", configs.file_source(
        folder + "/in", seen, **chain({"show": {"type": "ShowTime"}})))
    w.rest.create("plain", configs.file_source(folder + "/in", plain))
    shown, sent = kafka.wait_records(seen, 50), kafka.wait_records(plain, 50)
    assert all(int(r.value) == r.timestamp for r in shown)
    assert all(before <= r.timestamp <= time.time() * 1000
               for r in shown + sent)


def _lines(path, count):
    with open(path, encoding="utf-8") as f:
        lines = f.read().splitlines()
    assert len(lines) == count, lines
    return lines


def test_a_source_sends_changed_records_to_another_topic(
        worker, kafka, postgres, db, unique):
    prefix = unique("p") + "."
    wanted = kafka.create_topic("routed-" + prefix + "orders")
    postgres.execute(db, "CREATE TABLE orders (id bigserial PRIMARY KEY, "
                     "name text, secret text)")
    postgres.execute(db, "INSERT INTO orders (name, secret) SELECT 'n' || g, "
                     "'x' FROM generate_series(1, 20) g")
    insert = {"type": TRANSFORMS + "InsertField$Value",
              "static.field": "site", "static.value": "north",
              "topic.field": "topic"}
    worker.rest.create("src", configs.postgres_source(
        postgres, db, "orders", prefix, **chain(
            {"insert": insert, "route": ROUTE,
             "replace": {**REPLACE, "predicate": "routed"},
             "never": {**ROUTE, "predicate": "routed", "negate": "true"}},
            {"routed": {"type": PREDICATES + "TopicNameMatches",
                        "pattern": "routed-.*"}})))
    found = [json.loads(r.value) for r in kafka.wait_records(wanted, 20)]
    assert found == [{"number": n, "name": f"n{n}", "site": "north",
                      "topic": prefix + "orders"} for n in range(1, 21)]
    wait_for("the offset", lambda: "'incrementing': 20" in str(
        worker.rest.offsets("src")))
    worker.restart()
    postgres.execute(db, "INSERT INTO orders (name) VALUES ('last')")
    found = [json.loads(r.value) for r in kafka.wait_records(wanted, 21)]
    assert [r["number"] for r in found] == list(range(1, 22))


def test_what_a_transform_cannot_take_is_dead_lettered_at_its_stage(
        worker, kafka, topic, receiver, unique):
    t, snk = topic("t"), unique("snk")
    kafka.produce(t, [b'{"id":1}', b'"text"', b'{"id":2}'])
    worker.rest.create(snk, configs.http_sink(
        receiver.url + "/in", t, **chain({"insert": INSERT}), **{
            "errors.tolerance": "all",
            "errors.deadletterqueue.topic.name": t + ".dead",
            "errors.deadletterqueue.topic.replication.factor": 1,
            "errors.deadletterqueue.context.headers.enable": "true"}))
    wait_for("the good ones", lambda: [
        r["id"] for r in received(receiver)] == [1, 2])
    wait_for("the topic", lambda: t + ".dead" in kafka.topics())
    dead = kafka.wait_records(t + ".dead", 1)
    assert [r.value for r in dead] == [b'"text"']
    headers = dict(dead[0].headers)
    assert headers["__connect.errors.stage"] == b"TRANSFORMATION"
    assert headers["__connect.errors.class.name"] == INSERT["type"].encode()
    assert b"field insertion" in headers["__connect.errors.exception.message"]
    wait_for("the position", lambda: kafka.committed("connect-" + snk)
             == {(t, 0): 3})


@pytest.mark.parametrize("steps,predicates,words", [
    ({"a": {"type": "NoSuchTransform"}}, {},
     ["transforms.a.type", "NoSuchTransform"]),
    ({"a": {}}, {}, ["transforms.a.type"]),
    ({"a": {**ROUTE, "negate": "perhaps"}}, {}, ["negate", "perhaps"]),
    ({"a": {"type": ROUTE["type"], "regex": "(", "replacement": "x"}}, {},
     ["regex"]),
    ({"a": ROUTE}, {"p": {"type": "NoSuchPredicate"}},
     ["predicates.p.type", "NoSuchPredicate"]),
    ({"a": {**ROUTE, "predicate": "absent"}}, {},
     ["transforms.a.predicate", "absent"]),
    ({"a": {"type": "Cast$Value", "spec": "id:number"}}, {},
     ["Invalid value id:number for configuration transforms.a.spec",
      "Invalid type found in casting spec: number"]),
    ({"a": {"type": "InsertField$Value"}}, {},
     ["transforms.a.type", "No field insertion configured"]),
    ({"a": {"type": "HeaderFrom$Key", "fields": "a,b", "headers": "h",
            "operation": "copy"}}, {},
     ["'fields' config must have the same number of elements"]),
    ({"a": {"type": "MaskField$Value"}}, {},
     ['Missing required configuration "transforms.a.fields"']),
    ({"a": {"type": "TimestampConverter$Value", "target.type": "day"}}, {},
     ["Invalid value day for configuration target.type",
      "String must be one of: string, unix, Date, Time, Timestamp"]),
    ({"a": {"type": "TimestampRouter", "timestamp.format": "bad"}}, {},
     ["Invalid value bad for configuration transforms.a.timestamp.format",
      "Illegal pattern character 'b'"]),
])
def test_a_wrong_chain_is_refused_before_it_runs(worker, steps, predicates,
                                                 words):
    with pytest.raises(Exception) as e:
        worker.rest.create("x", configs.file_source(
            "/nowhere", "t", **chain(steps, predicates)))
    assert e.value.status == 400
    for word in words:
        assert word in e.value.message()
