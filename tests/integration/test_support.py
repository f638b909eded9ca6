"""Each server starts and does one round trip; the checker goes red when it
must."""

import json
import os
import subprocess
import sys
import time
import types

import confluent_kafka
import pytest
import requests

from support import (bank, callgrind, env, faults, history, ledger, lists,
                     safety)
from support.cluster import SLACK_MAX_S, in_time
from support.connect import Connect
from support.receiver import Reply


def test_a_broker_keeps_key_value_headers_and_timestamp(kafka, topic):
    t = topic(partitions=2)
    kafka.produce(t, [{"key": b"k", "value": b"v", "partition": 1,
                       "headers": [("h", b"1")], "timestamp": 1234}])
    assert kafka.wait_records(t, 1) == [
        (1, 0, b"k", b"v", [("h", b"1")], 1234)]


def test_a_stopped_broker_comes_back_with_its_data(own_kafka):
    own_kafka.create_topic("t", cleanup_policy="compact")
    own_kafka.produce("t", [{"key": b"k", "value": b"v"}])
    own_kafka.kill()
    own_kafka.start()
    assert [r.value for r in own_kafka.consume("t")] == [b"v"]
    assert own_kafka.topic_config("t")["cleanup.policy"] == "compact"


def test_postgres_survives_a_crash(own_postgres):
    p = own_postgres
    p.create_db("d")
    p.execute("d", "CREATE TABLE t AS SELECT 1 AS a")
    p.kill()
    p.start()
    assert p.value("d", "SELECT a FROM t") == 1
    assert p.value("d", "SHOW wal_level") == "logical"


def test_sessions_can_be_terminated(postgres, db):
    conn = postgres.connect(db)
    assert postgres.terminate_sessions(db) == 1
    with pytest.raises(Exception):
        conn.cursor().execute("SELECT 1")


def test_the_gateway_keeps_objects(s3, bucket):
    s3.client.put_object(Bucket=bucket, Key="a/b", Body=b"x\ny\n")
    assert s3.keys(bucket) == ["a/b"]
    assert s3.lines(bucket, "a/") == [b"x", b"y"]
    assert s3.unfinished(bucket) == []


def test_the_receiver_answers_by_script(receiver):
    receiver.script(lambda i, r: Reply(429, headers={"Retry-After": "1"})
                    if i == 0 else None)
    first = requests.post(receiver.url + "/x?a=b", data=b"1", timeout=5)
    assert (first.status_code, first.headers["Retry-After"]) == (429, "1")
    assert requests.post(receiver.url, data=iter([b"2", b"3"]),
                         timeout=5).status_code == 200
    assert [r.body for r in receiver.accepted()] == [b"23"]
    assert receiver.requests[0].path == "/x?a=b"
    token = requests.post(receiver.url + "/token", timeout=5).json()
    assert token["access_token"] == "token-1"
    receiver.close()
    receiver.start()
    assert requests.get(receiver.url, timeout=5).status_code == 200


@pytest.mark.soak
def test_the_oracle_runs_a_connector(kafka, topic, new_worker, folder):
    t = topic()
    with open(folder + "/in", "w", encoding="ascii") as f:
        f.write("one\ntwo\n")
    c = new_worker(kafka.bootstrap, cls=Connect)
    c.rest.create("f", {"connector.class": "FileStreamSource", "topic": t,
                        "file": folder + "/in"})
    c.rest.wait_running("f")
    assert len(kafka.wait_records(t, 2)) == 2


def test_secure_listeners_take_scram_and_certificates(secure_kafka):
    import confluent_kafka.admin
    from support import kafka, stores
    s = secure_kafka.stores
    for config in ({"bootstrap.servers": secure_kafka.secure_bootstrap,
                    "security.protocol": "SASL_SSL",
                    "sasl.mechanism": "SCRAM-SHA-512",
                    "sasl.username": kafka.USER,
                    "sasl.password": kafka.PASSWORD},
                   {"bootstrap.servers": secure_kafka.tls_bootstrap,
                    "security.protocol": "SSL",
                    "ssl.keystore.location": s.client_p12,
                    "ssl.keystore.password": stores.PASSWORD}):
        client = confluent_kafka.admin.AdminClient(
            {"ssl.ca.location": s.ca_pem, **config})
        assert len(client.list_topics(timeout=20).brokers) == 1


# The checker itself

@pytest.fixture
def journal(folder):
    j = ledger.Journal(folder + "/journal")
    j.write("ok", "r", 0, range(100))
    j.write("fail", "r", 0, range(100, 110))
    j.write("info", "r", 0, range(110, 120))
    return j


ALL = [ledger.entry("r", 0, seq) for seq in range(100)]


def test_the_ledger_is_green_when_all_is_there(journal):
    ledger.compare(journal, ALL).assert_exactly_once()
    ledger.compare(journal, ALL + [ledger.entry("r", 0, 115)]
                   ).assert_exactly_once()


@pytest.mark.parametrize("what, found", [
    ("missing", ALL[:50] + ALL[51:]),
    ("phantoms", ALL + [ledger.entry("r", 0, 105)]),
    ("phantoms", ALL + [ledger.entry("r", 7, 1)]),
    ("corrupt", ALL[:50] + [ALL[50]._replace(body="?")] + ALL[51:]),
    ("corrupt", ALL[:50] + [ALL[50]._replace(key="?")] + ALL[51:]),
    ("disorder", ALL[50:] + ALL[:50]),
])
def test_the_ledger_is_red(journal, what, found):
    report = ledger.compare(journal, found)
    assert len(getattr(report, what)) >= 1
    with pytest.raises(AssertionError):
        report.assert_at_least_once()


def test_a_duplicate_is_red_only_for_exactly_once(journal):
    report = ledger.compare(journal, ALL + ALL[90:])
    report.assert_at_least_once()
    with pytest.raises(AssertionError):
        report.assert_exactly_once()


def test_what_does_not_come_is_lost_and_what_comes_is_slow(
        journal, monkeypatch):
    monkeypatch.setattr(ledger, "QUIET_S", 0.2)
    with pytest.raises(ledger.LedgerError):
        ledger.wait_complete(journal, lambda: ALL[:50], timeout=1)
    grows = iter(range(100))
    with pytest.raises(env.TooLate):
        ledger.wait_complete(journal, lambda: ALL[:next(grows)], timeout=1)


def test_a_slow_machine_is_allowed_for_and_a_slow_step_is_not():
    in_time("it", 1.4, 1, [0.1, 0.2])
    with pytest.raises(AssertionError):
        in_time("it", 1.5, 1, [0.1, 0.2])
    with pytest.raises(AssertionError):
        in_time("it", 1.1 + SLACK_MAX_S, 1, [0.1, 20])


def transfer(n, *amounts):
    return [{"value": json.dumps({"stream": 0, "n": n, "amount": a})}
            for a in amounts]


@pytest.mark.parametrize("last, right", [
    (transfer(1, 5, -5), True), (transfer(1, 5), False),
    (transfer(2, 5, -5), False), (transfer(0, 5, -5), False)])
def test_the_judge_of_transfers_judges_the_last_too(
        kafka, topic, monkeypatch, last, right):
    monkeypatch.setattr(bank.Judge, "HALF_S", 1)
    t = topic()
    kafka.produce(t, transfer(0, 5, -5))
    judge = bank.Judge(kafka, t)
    judge.start()
    env.wait_for("the first", lambda: judge.seen() == 1)
    kafka.produce(t, last)
    if right:
        judge.close()
        assert judge.seen() == 2
    else:
        with pytest.raises(ledger.LedgerError):
            judge.close()


# Transactions 1, 2, 3 of one writer, each in both lists; a reader that reads
# a, b, a, b.
LISTS = {"a": [1, 2, 3], "b": [1, 2, 3]}


def looks(*counts):
    return [lists.Read(f"read {n}", {key: count})
            for n, (key, count) in enumerate(zip("abab", counts))]


@pytest.mark.parametrize("counts", [
    (0, 0, 0, 0), (1, 1, 3, 3), (0, 1, 2, 3), (2, 2, 2, 2), (1, 2, 3, 3)])
def test_lists_that_an_order_explains_are_right(counts):
    lists.check(LISTS, LISTS, looks(*counts), [[1, 2, 3]])


@pytest.mark.parametrize("found, seen, counts, says", [
    # in one list before, in the other behind
    ({"a": [1, 2, 3], "b": [2, 1, 3]}, {}, (), "no order"),
    # against its writer's order, in all lists
    ({"a": [2, 1], "b": [2, 1]}, {}, (), "no order"),
    # of transaction 2 one half was there before the other
    (LISTS, LISTS, (2, 1, 2, 2), "no order"),
    # transaction 3 was there before 1
    (LISTS, LISTS, (3, 0, 3, 3), "no order"),
    # what was there is gone, and comes again
    (LISTS, LISTS, (2, 2, 1, 3), "no order"),
    ({"a": [1, 2, 2], "b": [1, 2]}, {}, (), "twice in a"),
    ({"a": [1, 3], "b": [1, 3]}, LISTS, (), "what is not there"),
    ({"a": [1, 2], "b": [1, 2]}, LISTS, (), "what is not there")])
def test_the_checker_of_lists_finds(found, seen, counts, says):
    with pytest.raises(ledger.LedgerError) as e:
        lists.check(found, seen, looks(*counts), [[1, 2, 3]])
    assert says in str(e.value)


def scene(network):
    return types.SimpleNamespace(
        slots=list("abcd"), network=network,
        clusters=[types.SimpleNamespace(workers=[1, 2])] * 2,
        kafka=types.SimpleNamespace(processes={1: "broker"}))


@pytest.mark.parametrize("network", [None, object()])
def test_a_seed_says_what_goes_wrong(network):
    plans = [faults.plan(seed, scene(network)) for seed in range(200)]
    assert plans == [faults.plan(seed, scene(network))
                     for seed in range(200)]
    assert {len(p) for p in plans} == set(faults.COUNTS)
    assert {f.what for p in plans for f in p} == {
        name for name in faults.KINDS if network or "cut" not in name}


def commits(*pairs):
    return [safety.Commit(at, "p", count) for at, count in pairs]


@pytest.mark.parametrize("made, came", [
    (commits((5, 1), (9, 3)), [5, 7, 9]), (commits((1, 0), (9, 1)), [9, None]),
    (commits((9, 3), (9, 2)), [9, 1, 2]), ([], [None])])
def test_positions_that_came_after_what_they_cover_are_right(made, came):
    safety.check(made, {"p": came})


@pytest.mark.parametrize("made, came", [
    (commits((4, 1)), [5]), (commits((9, 2)), [5, None]),
    (commits((9, 3)), [5, 6]),
    # of the first one only the first was late, and then all is well
    (commits((6, 3), (9, 3)), [7, 5, 6])])
def test_a_position_that_came_before_is_found(made, came):
    with pytest.raises(ledger.LedgerError):
        safety.check(made, {"p": came})


def in_order(first, second, early):
    for do in ((second, first) if early else (first, second)):
        do()
        time.sleep(0.01)  # two moments: a clock's steps are thousandths


def judged(early, check):
    if not early:
        return check()
    with pytest.raises(ledger.LedgerError):
        check()


@pytest.mark.parametrize("early", [False, True])
def test_a_broker_says_which_of_line_and_position_came_first(
        kafka, topic, folder, early):
    t, offsets = [topic(n, **safety.STAMPED) for n in ("t", "offsets")]
    with open(folder + "/in", "wb") as f:
        f.write(b'{"seq": 0}\n{"seq": 1}\n')
    kafka.produce(t, [b'{"seq": 0}'])
    in_order(lambda: kafka.produce(t, [b'{"seq": 1}']),
             lambda: kafka.produce(offsets, [
                 {"key": b'["src",{"filename":"in"}]',
                  "value": b'{"position":22}'}]), early)
    judged(early, lambda: safety.Lines(folder + "/in").check(
        kafka, offsets, "src", t))


@pytest.mark.parametrize("early", [False, True])
def test_broker_and_database_say_which_of_row_and_position_came_first(
        kafka, topic, timed_postgres, unique, early):
    """The row is written in time; the end of its transaction counts."""
    t, group, p = topic(), unique("group"), timed_postgres
    p.execute("postgres", "CREATE TABLE rows (n text)")
    kafka.produce(t, [b"0"])
    consumer = confluent_kafka.Consumer({
        "bootstrap.servers": kafka.bootstrap, "group.id": group})
    conn = p.connect("postgres")
    conn.cursor().execute("INSERT INTO rows VALUES ('0')")
    in_order(conn.commit, lambda: consumer.commit(
        offsets=[confluent_kafka.TopicPartition(t, 0, 1)],
        asynchronous=False), early)
    consumer.close()
    conn.close()
    made = safety.group_commits(kafka, group, t)
    assert [c[1:] for c in made] == [((t, 0), 1)]
    judged(early, lambda: safety.check(made, safety.of_records(
        kafka, t, safety.rows(p, "postgres", "rows", "n"),
        lambda r: (r.value.decode(),))))


TWICE = """
from support import ledger

def test_of_a_ledger():
    raise ledger.LedgerError("one is missing")

def test_of_something_else():
    assert False
"""


def test_a_ledger_that_does_not_agree_is_not_run_again(folder):
    with open(folder + "/test_twice.py", "w", encoding="ascii") as f:
        f.write(TWICE)
    out = subprocess.run(
        [sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider",
         "-p", "support.rerun", "--reruns", "1", "test_twice.py"],
        cwd=folder, env={**os.environ, "PYTHONPATH": env.ROOT + "/tests"},
        stdout=subprocess.PIPE, check=False).stdout.decode()
    assert "test_of_a_ledger FAILED" in out, out
    assert "test_of_a_ledger RERUN" not in out, out
    assert "test_of_something_else RERUN" in out, out


ONCE = """
failed = []

def test_that_is_the_last(postgres):
    failed.append(1)
    assert len(failed) > 1
"""


def test_the_last_of_a_session_is_run_again_with_servers_made_anew(folder):
    with open(folder + "/test_once.py", "w", encoding="ascii") as f:
        f.write(ONCE)
    out = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider",
         "-p", "conftest", "--timeout", "100", "--reruns", "1",
         "test_once.py"],
        cwd=folder, env={**os.environ, "PYTHONPATH": env.ROOT + "/tests"},
        stdout=subprocess.PIPE, check=False).stdout.decode()
    assert "1 passed, 1 rerun" in out, out


def test_a_writer_journals_what_the_table_has(postgres, db, folder):
    j = ledger.Journal(folder + "/j")
    w = ledger.PostgresWriter(postgres, db, "t", j, "run", limit=500)
    w.start()
    w.finish()
    rows = postgres.execute(db, "SELECT run, writer, seq, key, len, crc, body"
                            " FROM t ORDER BY id")
    assert j.count("ok") == len(rows) > 0
    assert j.count("fail") + len(rows) == 500
    ledger.compare(j, [ledger.Entry(*r) for r in rows]).assert_exactly_once()


def test_a_topic_and_a_file_have_what_their_writers_say(
        kafka, topic, folder):
    t = topic(partitions=3)
    j = ledger.Journal(folder + "/j")
    writers = [ledger.TopicWriter(kafka, t, j, "topic", limit=300),
               ledger.FileWriter(folder + "/f", j, "file", limit=300)]
    for w in writers:
        w.start()
    for w in writers:
        w.finish()
    found = [ledger.entry_from(r.value) for r in kafka.consume(t)]
    with open(folder + "/f", encoding="utf-8") as f:
        found += [ledger.entry_from(line) for line in f]
    report = ledger.compare(j, found)
    report.assert_exactly_once()
    assert report.found == 600


# One function of ours calls malloc 20 times itself, 6 times by a stub of the
# linker and 3 times by ours that is there for it; a library calls it too. A
# call's own line is what the callee took, also where the call began before:
# it has a count of 0.
PROFILE = """positions: line
events: Ir
ob=(1) /bin/penstock
fl=(1) /src/core/task/deliver.c
fn=(1) deliver
10 100
cob=(2) ???
cfi=(5) ???
cfn=(6) 0x000000000012daa0
calls=6 0
+1 1212
cob=(3) /lib/libc.so.6
cfi=(2) ./malloc/malloc.c
cfn=(2) malloc
calls=20 5
+1 4000
cfi=(3) /src/core/base/xalloc.c
cfn=(3) xcalloc
calls=3 7
* 900
fl=(3)
fn=(3)
7 60
cfi=(2)
cfn=(4) calloc
calls=3 9
* 840
fl=(4) ???
fn=(5) rd_kafka_msg_new0
0 50
cfi=(2)
cfn=(2)
calls=7 5
0 1400
cfi=(1)
cfn=(1)
calls=0 10
0 5000
ob=(2)
fl=(5)
fn=(6)
0 12
cob=(3)
cfi=(2)
cfn=(2)
calls=6 5
0 1200
totals: 222
"""


def test_a_profile_says_what_is_ours_and_who_allocates(folder):
    path = folder + "/callgrind.1"
    with open(path, "w", encoding="utf-8") as f:
        f.write(PROFILE)
    part = callgrind.parse(path)
    assert part.instructions == 222
    assert part.ours == 160
    assert part.allocations == {"deliver": 29}


def asked(kind, worker, value, began, ended, outcome="ok"):
    return history.Event(kind, worker, "k", value, began, ended, outcome)


RIGHT = [asked("create", 1, 1, 0, 1, "created"),
         asked("put", 2, 2, 2, 3), asked("read", 1, 1, 2.5, 2.6),
         asked("read", 1, 2, 3, 4), asked("patch", 1, 3, 2.9, 9, "unknown"),
         asked("put", 2, 4, 3, 4, "refused"),
         asked("create", 2, 5, 3, 4, "there is one already"),
         asked("target", 1, "PAUSED", 4, 5), asked("there", 1, True, 4, 5),
         asked("restart", 1, None, 4, 5), asked("restart", 5, None, 0.5, 2),
         asked("restart", 4, None, 10, 11, "there is none"),
         asked("delete", 2, None, 10, 11),
         asked("delete", 1, None, 10.5, 12, "there is none"),
         asked("target", 2, "STOPPED", 11.5, 12, "there is none"),
         asked("read", 2, None, 11.5, 12), asked("there", 2, False, 12, 13),
         asked("put", 2, 6, 13, 14, "created"),
         asked("target", 1, "STARTED", 14, 15), asked("read", 1, 6, 14, 15)]


def records(*words):
    """A number: a configuration; None: its end; else a state."""
    return [r for w in words for r in (
        [("config", None), ("target", None)] if w is None else
        [("target" if isinstance(w, str) else "config", w)])]


MADE, END = ("STOPPED", 1, 2), (None, 6)


@pytest.mark.parametrize("log", [
    MADE + ("PAUSED",) + END, MADE + (3, "PAUSED") + END,
    MADE + ("PAUSED", 3) + END, MADE + (2, "PAUSED", 2, "PAUSED") + END,
    MADE + ("PAUSED", None, None, 6, "STARTED"),
    ("STOPPED", 1, 3, 2, "PAUSED") + END])
def test_a_history_that_a_register_explains_is_right(log):
    assert not history.violations(RIGHT, {"k": records(*log)})


@pytest.mark.parametrize("events, log, says", [
    ([], ("STOPPED", 1, "PAUSED") + END, "acknowledged and lost"),
    ([], ("STOPPED", 2, 1, "PAUSED") + END, "no order has it"),
    ([], MADE + ("PAUSED", 4) + END, "refused and there"),
    ([], MADE + ("PAUSED", 5) + END, "refused and there"),
    ([], MADE + ("PAUSED", 8) + END, "there and never written"),
    ([], MADE + (1, "PAUSED") + END, "there twice"),
    # A state that was asked for and is not in the log; one of nobody's.
    ([], MADE + END, "no order has it"),
    ([], MADE + ("PAUSED",) + END + ("STOPPED",), "nobody asked for it"),
    ([], MADE + (3, "PAUSED", "STOPPED") + END, "no order has it"),
    # One that outlived its connector, or was lost with the last one.
    ([], MADE + ("PAUSED", None, "PAUSED", 6), "no order has it"),
    ([], (1, 2, "PAUSED") + END, "no order has it"),
    # One that was deleted and is there again, or was deleted by nobody.
    ([], MADE + ("PAUSED", None, 2, None, 6), "there twice"),
    ([], MADE + ("PAUSED",) + END + (None,), "nobody asked for it"),
    ([], MADE + ("PAUSED", 6), "no order has it"),
    ([asked("delete", 1, None, 16, 17)], MADE + ("PAUSED",) + END,
     "no order has it"),
    # Answers that were not so.
    ([asked("delete", 1, None, 6, 7, "there is none")],
     MADE + ("PAUSED",) + END, "no order has it"),
    ([asked("create", 1, 7, 11.5, 12, "there is one already")],
     MADE + ("PAUSED",) + END, "no order has it"),
    ([asked("put", 1, 7, 14.5, 15, "created")],
     MADE + ("PAUSED",) + END + (7,), "no order has it"),
    # Readers: of what never was, is not yet, or is no more.
    ([asked("read", 2, 7, 5, 6)], MADE + ("PAUSED",) + END,
     "read and never written"),
    ([asked("read", 3, 3, 2, 2.5)], MADE + (3, "PAUSED") + END,
     "before it was written"),
    ([asked("read", 3, None, 5, 6)], MADE + ("PAUSED",) + END, ""),
    ([asked("read", 1, None, 5, 6)], MADE + ("PAUSED",) + END,
     "older than what it answered"),
    ([asked("read", 2, 1, 3.5, 4)], MADE + ("PAUSED",) + END,
     "older than what it answered"),
    ([asked("read", 1, 1, 5, 6)], MADE + ("PAUSED",) + END,
     "older than what it answered"),
    # Of one that was deleted: by its answer, by a refusal, by a list.
    ([asked("read", 2, 2, 11.2, 11.4)], MADE + ("PAUSED",) + END,
     "older than what it answered"),
    ([asked("read", 1, 2, 12.1, 12.5)], MADE + ("PAUSED",) + END,
     "older than what it answered"),
    ([asked("read", 3, 2, 5, 6), asked("there", 3, False, 12.1, 12.2),
      asked("read", 3, 2, 12.3, 12.5)], MADE + ("PAUSED",) + END,
     "older than what it answered"),
    # One that was restarted, or not, where it was not so.
    ([asked("restart", 1, None, 12.1, 12.5)], MADE + ("PAUSED",) + END,
     "older than what it answered"),
    ([asked("restart", 2, None, 6, 7, "there is none")],
     MADE + ("PAUSED",) + END, "older than what it answered"),
    # A list that forgets, or that does not.
    ([asked("there", 1, False, 15.1, 15.2)], MADE + ("PAUSED",) + END,
     "older than what it answered"),
    ([asked("there", 2, True, 11.2, 11.4)], MADE + ("PAUSED",) + END,
     "older than what it answered")])
def test_the_checker_of_histories_finds(events, log, says):
    found = history.violations(RIGHT + events, {"k": records(*log)})
    if says:
        assert found and any(says in text for text in found), found
    else:
        assert not found
