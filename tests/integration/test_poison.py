"""Records that cannot be processed: by policy they stop the task, or each is
accounted for once and its neighbours arrive."""

import json
import os
import re

import pytest

from support import configs, ledger
from support.env import wait_for
from support.files import lines_of
from support.process import peak
from support.receiver import Reply

DEAD = "errors.deadletterqueue.topic.name"
HEADERS = "errors.deadletterqueue.context.headers.enable"
FACTOR = "errors.deadletterqueue.topic.replication.factor"


def tolerant(topic):
    return {DEAD: topic + ".dead", FACTOR: 1, HEADERS: "true",
            "errors.tolerance": "all"}


def test_bad_json_stops_the_task_and_keeps_the_position(
        worker, kafka, topic, folder):
    t = topic("t")
    kafka.produce(t, [b'{"a": 1}', b"{nonsense", b'{"a": 2}'])
    worker.rest.create("snk", configs.file_sink(
        folder + "/out", t, **{
            "value.converter": configs.JSON,
            "value.converter.schemas.enable": "false"}))
    trace = worker.rest.wait_task_failed("snk")["trace"]
    assert "Tolerance exceeded in error handler" in trace
    assert "VALUE_CONVERTER" in trace or "serialization error" in trace, trace
    assert kafka.committed("connect-snk").get((t, 0), 0) <= 1


def test_what_a_target_says_in_latin_1_is_the_cause_all_the_same(
        worker, kafka, topic, receiver):
    """Also cut within a character: the task fails with it, and does not
    start again."""
    t, text = topic("t"), {"value.converter": configs.STRING}
    receiver.script(lambda i, r: Reply(422, b"d\xe9j\xe0 vu"))
    kafka.produce(t, [b"1"])
    worker.rest.create("snk", configs.http_sink(receiver.url, t, **text))
    trace = worker.rest.wait_task_failed("snk")["trace"]
    assert "422" in trace and r"d\xe9j\xe0 vu" in trace, trace
    worker.rest.delete("snk")
    receiver.script(lambda i, r: Reply(422, "\u00e9".encode() * 3000))
    worker.rest.create("long", configs.http_sink(receiver.url, t, **text))
    trace = worker.rest.wait_task_failed("long")["trace"]
    assert "422" in trace and "\u00e9\u00e9" in trace, trace
    assert len(receiver.requests) == 2


def test_bad_records_go_to_the_dead_letter_topic_with_their_context(
        worker, kafka, topic, folder):
    t = topic("t")
    good = [b'{"n":%d}' % n for n in range(200)]
    mixed = good[:100] + [b"{nonsense"] + good[100:] + [b"\xff\xfe"]
    kafka.produce(t, [{"key": b"k", "value": v, "headers": [("h", b"1")]}
                      for v in mixed])
    worker.rest.create("snk", configs.file_sink(folder + "/out", t, **{
        "key.converter": configs.STRING,
        "value.converter": configs.JSON,
        "value.converter.schemas.enable": "false",
        "errors.log.enable": "true",
        "errors.log.include.messages": "true"}, **tolerant(t)))
    wait_for("the good ones", lambda: len(
        open(folder + "/out", "rb").readlines()) == 200)
    wait_for("the dead letter topic", lambda: t + ".dead" in kafka.topics())
    dead = kafka.wait_records(t + ".dead", 2)
    assert [r.value for r in dead] == [b"{nonsense", b"\xff\xfe"]
    headers = dict(dead[0].headers)
    assert dead[0].key == b"k" and headers["h"] == b"1"
    assert headers["__connect.errors.topic"] == t.encode()
    assert headers["__connect.errors.partition"] == b"0"
    assert headers["__connect.errors.offset"] == b"100"
    assert headers["__connect.errors.connector.name"] == b"snk"
    assert headers["__connect.errors.task.id"] == b"0"
    assert headers["__connect.errors.stage"] == b"VALUE_CONVERTER"
    assert headers["__connect.errors.class.name"] == configs.JSON.encode()
    assert headers["__connect.errors.exception.message"]
    assert headers["__connect.errors.exception.class.name"]
    assert headers["__connect.errors.exception.stacktrace"]
    wait_for("the position", lambda: kafka.committed("connect-snk").get(
        (t, 0)) == 202)
    lines = [line for line in worker.log_text().splitlines()
             if "Error encountered in task" in line]
    assert len(lines) == 2
    assert re.search(
        r"Error encountered in task snk-0\. Executing stage 'VALUE_CONVERTER' "
        rf"with class '{re.escape(configs.JSON)}', where consumed record is "
        rf"{{topic='{t}', partition=0, offset=100, timestamp=\d+, "
        r"timestampType=CreateTime}\. ", lines[0]), lines[0]
    assert "nonsense" not in "".join(lines), "a value is in the log"


def test_bad_json_that_nobody_looks_into_is_a_letter_of_its_converter(
        worker, kafka, topic, receiver):
    """The others pass through as they are, blanks included."""
    t = topic("t")
    good = [b'{ "n" :  1.0 }', b'{"n":[ 2e1 ] }']
    kafka.produce(t, [good[0], b"{nonsense", good[1]])
    worker.rest.create("snk", configs.http_sink(receiver.url, t, **{
        "value.converter": configs.JSON, "batching.enabled": "false",
        "value.converter.schemas.enable": "false"}, **tolerant(t)))
    (dead,) = kafka.wait_records(t + ".dead", 1)
    assert dead.value == b"{nonsense"
    headers = dict(dead.headers)
    assert headers["__connect.errors.stage"] == b"VALUE_CONVERTER"
    assert headers["__connect.errors.class.name"] == configs.JSON.encode()
    assert headers["__connect.errors.offset"] == b"1"
    wait_for("the good ones", lambda: len(receiver.requests) == 2)
    assert [r.body for r in receiver.requests] == good
    wait_for("the position", lambda: kafka.committed("connect-snk").get(
        (t, 0)) == 3)


EXTREMES = {  # a value: is it one?
    b"[" * 900000: False,  # nests for ever
    b"[" * 1001 + b"]" * 1001: False,
    b"[" * 1000 + b"]" * 1000: True,
    b"1" * 900000: False,
    b"1" * 1001: False,
    b"1" * 1000: True,
    b"1e" + b"9" * 500: False,
    b'"' + b"\\u0000" * 150000 + b'"': True,
    b'{"a":' * 150000 + b"1" + b"}" * 150000: False,
}


def test_extreme_values_pass_or_are_letters(worker, kafka, topic, folder):
    """And take no more memory than others of their size."""
    t = topic("t")
    worker.rest.create("snk", configs.file_sink(folder + "/out", t, **{
        "key.converter": configs.STRING, "value.converter": configs.JSON,
        "value.converter.schemas.enable": "false"}, **tolerant(t)))
    plain = b'"' + b"x" * 900000 + b'"'
    kafka.produce(t, [plain] * len(EXTREMES))
    wait_for("those before", lambda: len(lines_of(
        folder + "/out")) == len(EXTREMES))
    pid = worker.pid_of_task("snk")
    before = peak(pid)
    kafka.produce(t, list(EXTREMES))
    kafka.produce(t, [{"key": b"k\0", "value": b"1000", "headers": [
        (f"h{n}", b"%d" % n) for n in range(1000)]}])
    bad = [v for v, good in EXTREMES.items() if not good]
    dead = kafka.wait_records(t + ".dead", len(bad))
    assert [r.value for r in dead] == bad
    good = len(EXTREMES) - len(bad)
    wait_for("the good ones", lambda: len(lines_of(
        folder + "/out")) == len(EXTREMES) + good + 1)
    assert worker.pid_of_task("snk") == pid
    assert peak(pid) - before < 64 << 20


@pytest.mark.parametrize("kind", ["CreateTime", "LogAppendTime"])
def test_the_log_says_whose_time_it_was(worker, kafka, topic, folder, kind):
    t = topic("t", message_timestamp_type=kind)
    kafka.produce(t, [b"{nonsense"])
    worker.rest.create("snk", configs.file_sink(folder + "/out", t, **{
        "value.converter": configs.JSON,
        "value.converter.schemas.enable": "false",
        "errors.tolerance": "all", "errors.log.enable": "true",
        "errors.log.include.messages": "true"}))
    wait_for("the line", lambda: re.search(
        rf"topic='{t}', partition=0, offset=0, timestamp=\d+, "
        rf"timestampType={kind}}}", worker.log_text()))


def test_one_bad_row_of_three_thousand(worker, kafka, topic, postgres, db):
    t = topic("t")
    postgres.execute(db, "CREATE TABLE t (id bigint PRIMARY KEY, v int "
                     "CHECK (v >= 0))")
    kafka.produce(t, [json.dumps({"id": n, "v": -1 if n == 1234 else n})
                      for n in range(3000)])
    worker.rest.create("snk", configs.postgres_sink(
        postgres, db, t, "t", **tolerant(t)))
    postgres.wait_count(db, "SELECT count(*) FROM t", 2999)
    dead = kafka.wait_records(t + ".dead", 1)
    assert [json.loads(r.value)["id"] for r in dead] == [1234]
    headers = dict(dead[0].headers)
    assert headers["__connect.errors.stage"] == b"TASK_PUT"
    assert headers["__connect.errors.exception.class.name"] == \
        b"org.apache.kafka.connect.errors.ConnectException"


def test_a_full_or_locked_target_fills_no_dead_letter_topic(
        worker, kafka, topic, postgres, db):
    t = topic("t")
    postgres.execute(db, "CREATE TABLE t (id bigint PRIMARY KEY)")
    lock = postgres.connect(db)
    lock.cursor().execute("LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
    kafka.produce(t, [b'{"id":%d}' % n for n in range(100)])
    worker.rest.create("snk", configs.postgres_sink(
        postgres, db, t, "t", **tolerant(t)))
    wait_for("the sink to wait for the lock", lambda: postgres.value(
        "postgres", "SELECT count(*) FROM pg_locks WHERE NOT granted"))
    lock.rollback()
    postgres.wait_count(db, "SELECT count(*) FROM t", 100)
    lock.close()
    assert t + ".dead" not in kafka.topics() \
        or kafka.consume(t + ".dead") == []


@pytest.mark.parametrize("tolerance", ["none", "all"])
def test_a_record_over_the_brokers_limit(worker, kafka, topic, folder,
                                         tolerance):
    """The broker refuses the batch that it is in: its neighbours arrive all
    the same, once and in their order."""
    t = topic("t", max_message_bytes=100000)
    before = [b"before %d" % n for n in range(300)]
    after = [b"after %d" % n for n in range(300)]
    # Random, or compression makes it small.
    big = os.urandom(250000).hex().encode()
    with open(folder + "/in", "wb") as f:
        f.write(b"\n".join([*before, big, *after]) + b"\n")
        size = f.tell()

    def position():
        return worker.rest.offsets("src")[0]["offset"]["position"]
    worker.rest.create("src", configs.file_source(
        folder + "/in", t, errors_tolerance=tolerance,
        errors_restart_enable="false"))
    if tolerance == "none":
        trace = worker.rest.wait_task_failed("src")["trace"]
        assert "large" in trace.lower(), trace
        assert [r.value for r in kafka.consume(t)] == before
        for entry in worker.rest.offsets("src"):
            assert entry["offset"]["position"] <= len(
                b"\n".join(before)) + 1
    else:
        wait_for("its end", lambda: position() == size)
        assert [r.value for r in kafka.consume(t)] == before + after


@pytest.mark.parametrize("tolerance, support, bad", [
    ("all", "disabled", [300]),
    *((tolerance, support, [300, 310]) for tolerance in ("all", "none")
      for support in ("disabled", "enabled"))])
def test_records_that_the_broker_calls_invalid(
        new_worker, kafka, postgres, db, unique, tolerance, support, bad):
    """INVALID_RECORD: a compacted topic takes none without a key. What is in
    the batch beside them (of two or more: _INVALID_DIFFERENT_RECORD) arrives,
    once and in its order, and the task does not end for it."""
    worker = new_worker(kafka.bootstrap, exactly_once_source_support=support)
    prefix = unique("p") + "."
    t = kafka.create_topic(prefix + "t", cleanup_policy="compact")
    kafka.create_topic(t + ".dead")
    postgres.execute(db, "CREATE TABLE t (id serial PRIMARY KEY, k text)")
    postgres.execute(db, "INSERT INTO t (k) SELECT CASE WHEN n NOT IN "
                     f"({', '.join(map(str, bad))}) THEN n END "
                     "FROM generate_series(1, 600) n")
    base = "org.apache.kafka.connect.transforms."
    worker.rest.create("src", configs.postgres_source(
        postgres, db, "t", prefix, **{
            "batch.max.rows": "600", "errors.restart.enable": "false",
            "key.converter": configs.STRING,
            "transforms": "key,field",
            "transforms.key.type": base + "ValueToKey",
            "transforms.key.fields": "k",
            "transforms.field.type": base + "ExtractField$Key",
            "transforms.field.field": "k", **tolerant(t),
            "errors.tolerance": tolerance}))

    def position():
        found = worker.rest.offsets("src")
        return found[0]["offset"]["incrementing"] if found else 0

    def keys():
        return [int(r.key) for r in kafka.consume(t)]
    if tolerance == "none":
        trace = worker.rest.wait_task_failed("src")["trace"]
        assert "(INVALID_RECORD)" in trace, trace
        assert keys() in ([], list(range(1, bad[0])))
        assert position() < bad[0]
        assert kafka.consume(t + ".dead") == []
        return
    wait_for("its end", lambda: position() == 600)
    dead = kafka.wait_records(t + ".dead", len(bad))
    assert [json.loads(r.value)["payload"]["id"] for r in dead] == bad
    for letter in dead:
        headers = dict(letter.headers)
        assert headers["__connect.errors.stage"] == b"KAFKA_PRODUCE"
        assert b"(INVALID_RECORD)" in headers[
            "__connect.errors.exception.message"]
        assert json.loads(headers["__connect.errors.source.partition"])[
            "table"] == "public.t"
    ledger.assert_same(keys(), [n for n in range(1, 601) if n not in bad])


def told(worker, connector, *words):
    """Waits until the first task's status has all the words."""
    def check():
        text = str(worker.rest.status(connector)["tasks"])
        if not all(w in text for w in words):
            raise ValueError(text)
        return True
    wait_for(f"the status to say {words}", check, timeout=60)


def read_by_a_sink(worker, kafka, topic, path, values):
    kafka.produce(topic, values)
    worker.rest.create("snk", configs.file_sink(path, topic))
    wait_for("the records", lambda: len(lines_of(path)) == len(values))
    wait_for("the position", lambda: kafka.committed("connect-snk").get(
        (topic, 0)) == len(values))


def test_a_topic_that_is_deleted_is_named(worker, kafka, topic, folder):
    """And read from its beginning when it is there again."""
    t, path = topic("t"), folder + "/out"
    read_by_a_sink(worker, kafka, t, path, [b"one"])
    kafka.delete_topic(t)
    told(worker, "snk", "RUNNING", t, "does not exist")
    kafka.create_topic(t)
    kafka.produce(t, [b"two", b"three"])
    wait_for("the new records", lambda: lines_of(path) == [
        "one", "two", "three"], timeout=90)
    wait_for("the cause to go", lambda: "does not exist" not in str(
        worker.rest.status("snk")), timeout=60)


def test_a_topic_created_again_behind_the_sink_is_a_gap(
        worker, kafka, topic, folder):
    """Its old offset says nothing of the new one, though it is in range."""
    t, path = topic("t"), folder + "/out"
    read_by_a_sink(worker, kafka, t, path, [b"old"] * 3)
    kafka.delete_topic(t)
    kafka.create_topic(t)
    kafka.produce(t, [b"%d" % n for n in range(10)])

    def settled():
        if lines_of(path)[3:] == [str(n) for n in range(10)]:
            return "all"
        task = worker.rest.status("snk")["tasks"][0]
        if task["state"] == "FAILED":
            return task["trace"]
        raise ValueError(lines_of(path), task)

    end = wait_for("all of the new topic, or a gap", settled, timeout=90)
    assert end == "all" or ("GAP" in end and t in end), end


def test_a_topic_deleted_under_a_source_is_named_and_nothing_skipped(
        worker, kafka, topic, folder):
    """All lines written after the deletion are in the new topic."""
    t, path = topic("t"), folder + "/in"
    with open(path, "w", encoding="ascii") as f:
        f.write("first\n")
    worker.rest.create("src", configs.file_source(path, t))
    kafka.wait_records(t, 1)
    kafka.delete_topic(t)
    wait_for("the deletion", lambda: t not in kafka.topics())
    later = [b"%d" % n for n in range(100)]
    with open(path, "ab") as f:
        f.write(b"\n".join(later) + b"\n")
    told(worker, "src", t)
    kafka.create_topic(t)
    wait_for("all lines", lambda: set(later) <= {
        r.value for r in kafka.consume(t)}, timeout=90)
