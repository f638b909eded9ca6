"""A task, a connector and an inspector as processes, without a worker: the
test plays the worker on descriptors 3 and 4."""

import json
import os
import resource
import signal
import time

import pytest

from support.child import Child
from support.env import HOST, free_port, wait_for

JSON = "org.apache.kafka.connect.json.JsonConverter"
STRING = "org.apache.kafka.connect.storage.StringConverter"


@pytest.fixture
def worker(kafka, unique):
    offsets = unique("offsets")
    kafka.create_topic(offsets, 3, **{"cleanup.policy": "compact"})
    return {
        "bootstrap.servers": kafka.bootstrap,
        "group.id": unique("group"),
        "key.converter": JSON, "key.converter.schemas.enable": "false",
        "value.converter": JSON, "value.converter.schemas.enable": "false",
        "offset.storage.topic": offsets,
        "offset.flush.interval.ms": "200",
    }


@pytest.fixture
def topic(kafka, unique):
    name = unique("numbers")
    kafka.create_topic(name, 1)
    return name


def numbers(topic, **more):
    return {"connector.class": "com.example.NumbersSourceConnector",
            "name": "numbers", "topic": topic, **more}


def keeper(topic, folder, **more):
    return {"connector.class": "KeeperSink", "name": "keeper",
            "topics": topic, "file": f"{folder}/kept",
            "consumer.override.auto.offset.reset": "earliest",
            "value.converter": STRING, **more}


def kept(folder, what="record"):
    try:
        with open(f"{folder}/kept", encoding="utf-8") as f:
            return [line.split() for line in f if line.startswith(what)]
    except FileNotFoundError:
        return []


def values(kafka, topic):
    return [int(r.value) for r in kafka.consume(topic)]


def stored(kafka, worker):
    latest = {}
    for r in kafka.consume(worker["offset.storage.topic"]):
        latest[r.key] = r.value
    return [[k.decode(), v and v.decode()] for k, v in latest.items()]


# ---- sources ----

def test_a_source_completes_with_all_committed(kafka, worker, topic):
    with Child("task", "numbers", "0") as c:
        c.configure(worker, numbers(topic, count="5000"), stored=[])
        c.status("RUNNING")
        c.message("completed")
        assert c.wait() == 0
        assert [m["name"] for m in c.all("topic")] == [topic]
        assert c.metric(
            "kafka_connect_source_task_source_record_write_total") == 5000
    assert values(kafka, topic) == list(range(5000))
    assert stored(kafka, worker) == [
        ['["numbers",{"counter":"numbers"}]', '{"next":5000}']]


def test_a_source_goes_on_where_it_is_stored(kafka, worker, topic):
    at = [['["numbers",{"counter":"numbers"}]', '{"next":4990}'],
          ['["numbers",{"counter":"other"}]', '{"next":1}']]
    with Child("task", "numbers", "0") as c:
        c.configure(worker, numbers(topic, count="5000"), stored=at)
        c.message("completed")
    assert values(kafka, topic) == list(range(4990, 5000))


def test_a_stop_commits_what_was_sent(kafka, worker, topic):
    with Child("task", "numbers", "0") as c:
        c.configure({**worker, "offset.flush.interval.ms": "60000"},
                    numbers(topic, count="1000000000", **{"pause.ms": "5"}),
                    stored=[])
        c.status("RUNNING")
        wait_for("records", lambda: len(values(kafka, topic)) > 3000)
        assert c.stop() == 0
    seen = values(kafka, topic)
    assert seen == list(range(len(seen)))
    [[_, offset]] = stored(kafka, worker)
    assert json.loads(offset) == {"next": len(seen)}


def test_kill_9_repeats_but_loses_nothing(kafka, worker, topic):
    endless = numbers(topic, count="1000000000", **{"pause.ms": "20"})
    for _ in range(3):
        before = stored(kafka, worker)
        with Child("task", "numbers", "0") as c:
            c.configure(worker, endless, stored=before)
            wait_for("a commit", lambda b=before: stored(kafka, worker) != b)
            c.kill()
    [[_, offset]] = stored(kafka, worker)
    end = json.loads(offset)["next"] + 50000
    with Child("task", "numbers", "0") as c:
        c.configure(worker, numbers(topic, count=str(end)),
                    stored=stored(kafka, worker))
        c.message("completed", 60)
    first = dict.fromkeys(values(kafka, topic))
    assert [n for n in first if n < end] == list(range(end))


def test_pause_and_resume(kafka, worker, topic):
    with Child("task", "numbers", "0") as c:
        c.configure(worker, numbers(topic, count="1000000000",
                                    **{"pause.ms": "5"}), stored=[],
                    state="PAUSED")
        c.status("PAUSED")
        assert values(kafka, topic) == []
        c.control.send("resume")
        c.status("RUNNING")
        wait_for("records", lambda: values(kafka, topic))
        seen = len(c.seen)
        c.control.send("pause")
        c.message("status", after=seen, test=lambda m: m["state"] == "PAUSED")
        # All that was polled is committed while it pauses.
        wait_for("commit", lambda: stored(kafka, worker) and
                 json.loads(stored(kafka, worker)[0][1])["next"] ==
                 kafka.size(topic))


def test_offsets_go_to_the_worker_in_standalone_mode(kafka, worker, topic):
    with Child("task", "numbers", "0") as c:
        c.configure(worker, numbers(topic, count="3000"), stored=[],
                    standalone=True)
        first = c.message("offsets")
        # Nobody stored them yet: it is not complete.
        time.sleep(0.5)
        assert not c.all("completed")
        assert first["items"][0][0] == '["numbers",{"counter":"numbers"}]'
        answered = 0
        while not c.all("completed"):
            c.pump(0.05)
            for m in c.all("offsets")[answered:]:
                c.data.send("offsets_stored", ack=m["ack"])
                answered += 1
        assert c.all("offsets")[-1]["items"][0][1] == '{"next":3000}'
        assert c.wait() == 0
    assert stored(kafka, worker) == []


def test_offsets_that_could_not_be_stored_come_again(worker, topic):
    with Child("task", "numbers", "0") as c:
        c.configure(worker, numbers(topic, count="10"), stored=[],
                    standalone=True)
        first = c.message("offsets")
        c.data.send("offsets_stored", ack=first["ack"], error="disk full")
        again = c.message("offsets", test=lambda m: m["ack"] > first["ack"])
        assert again["items"] == first["items"]
        c.data.send("offsets_stored", ack=again["ack"])
        c.message("completed")


def test_a_topic_is_created_by_its_group(kafka, worker, unique):
    name = unique("made")
    config = numbers(name, count="10", **{
        "topic.creation.groups": "wide",
        "topic.creation.default.replication.factor": "1",
        "topic.creation.default.partitions": "1",
        "topic.creation.wide.include": "made-.*",
        "topic.creation.wide.partitions": "4",
        "topic.creation.wide.retention.ms": "123456789"})
    with Child("task", "numbers", "0") as c:
        c.configure(worker, config, stored=[])
        c.message("completed")
    assert kafka.topic_config(name)["retention.ms"] == "123456789"
    assert len(values(kafka, name)) == 10


def test_a_topic_that_is_missing_is_waited_for_with_the_cause(
        kafka, worker, unique):
    name = unique("later")
    with Child("task", "numbers", "0") as c:
        c.configure(worker, numbers(name, count="10"), stored=[])
        c.status("RUNNING", cause=name)
        kafka.create_topic(name, 1)
        c.message("completed")


# ---- life and death ----

def test_end_of_file_on_the_control_channel_ends_it_at_once(worker, topic):
    with Child("task", "numbers", "0") as c:
        c.configure(worker, numbers(topic, count="1000000000",
                                    **{"pause.ms": "100"}), stored=[])
        c.status("RUNNING")
        c.control.sock.close()
        c.control.open = False
        assert c.process.wait(2) != 0


def test_the_lease_ends_even_a_stopped_process(worker, topic):
    with Child("task", "numbers", "0") as c:
        c.lease(5)
        c.configure(worker, numbers(topic, count="1000000000",
                                    **{"pause.ms": "100"}), stored=[])
        c.status("RUNNING")
        c.lease(3)  # suspends it after a second: it must be stopped before
        c.pump(0.2)
        c.kill(signal.SIGSTOP)
        assert c.process.wait(15) == -signal.SIGKILL


def test_an_idle_task_outlives_its_lease_and_goes_on(kafka, worker, topic):
    with Child("task", "numbers", "0") as c:
        c.lease(60)
        c.configure(worker, numbers(topic, count="1000000000",
                                    **{"pause.ms": "100"}), stored=[])
        c.status("RUNNING")
        wait_for("records", lambda: kafka.size(topic) > 1000)
        c.lease(2.4)
        c.message("beat", 10, lambda m: m.get("suspended"))
        time.sleep(3)
        assert c.process.poll() is None
        before = kafka.size(topic)
        c.lease(60)
        wait_for("records", lambda: kafka.size(topic) > before)
        assert c.stop() == 0
    assert values(kafka, topic) == list(range(kafka.size(topic)))


@pytest.mark.parametrize("create", ["true", "false"])
def test_a_task_that_waits_for_its_topic_outlives_its_lease(worker, folder,
                                                            create):
    """The broker went before the first record came."""
    with open(folder + "/in", "w", encoding="ascii") as f:
        f.write("line\n")
    with Child("task", "lines", "0") as c:
        c.lease(60)
        c.configure({**worker, "bootstrap.servers": f"{HOST}:{free_port()}",
                     "topic.creation.enable": create}, {
            "connector.class": "FileStreamSource", "file": folder + "/in",
            "topic": "t", "value.converter": STRING}, stored=[])
        c.status("RUNNING")
        c.lease(2.4)
        c.message("beat", 10, lambda m: m.get("suspended"))
        c.pump(1)
        time.sleep(2)
        assert c.process.poll() is None


def stops_at_once(c):
    began = time.monotonic()
    c.stop(limit_ms=60000)
    return time.monotonic() - began < 10


def test_a_stop_is_heard_while_a_topic_is_waited_for(worker, folder):
    with open(folder + "/in", "w", encoding="ascii") as f:
        f.write("line\n")
    with Child("task", "lines", "0") as c:
        c.configure({**worker, "bootstrap.servers": f"{HOST}:{free_port()}"}, {
            "connector.class": "FileStreamSource", "file": folder + "/in",
            "topic": "t", "value.converter": STRING,
            "topic.creation.default.partitions": "1",
            "topic.creation.default.replication.factor": "1"}, stored=[])
        c.status("RUNNING")
        c.message("beat", 10, lambda m: m["counters"]["records"] > 0)
        assert stops_at_once(c)


def test_a_stop_is_heard_while_an_offset_topic_is_made(worker, folder):
    with Child("task", "lines", "0") as c:
        c.configure({**worker, "bootstrap.servers": f"{HOST}:{free_port()}"}, {
            "connector.class": "FileStreamSource", "file": folder + "/in",
            "offsets.storage.topic": "own", "topic": "t",
            "value.converter": STRING}, stored=[])
        c.message("beat")
        assert stops_at_once(c)


def test_beats_name_the_call_that_hangs(worker):
    with Child("task", "crime", "0") as c:
        c.configure(worker, {"connector.class": "CrimeSource",
                             "crime": "hang", "topic": "x"}, stored=[])
        beat = c.message("beat", 10, lambda m: m.get("call") == "poll")
        assert beat["since_ms"] > 0
        again = c.message("beat", 10, after=c.seen.index(beat) + 1)
        assert again["since_ms"] == beat["since_ms"]


@pytest.mark.parametrize("config, code, says", [
    ({"connector.class": "NumbersSource"}, "CONFIG", "topic"),
    ({"connector.class": "Nothing"}, "CONFIG", "Nothing"),
    ({}, "CONFIG", "contains no connector type"),
    ({"connector.class": "NumbersSource", "topic": "x",
      "transforms": "t", "transforms.t.type": "Nope"}, "CONFIG", "Nope"),
])
def test_what_is_wrong_is_said_before_the_end(worker, config, code, says):
    with Child("task", "numbers", "0") as c:
        c.configure(worker, config, stored=[])
        failed = c.message("failed")
        assert failed["code"] == code
        assert says in failed["text"]
        assert not failed["retriable"]
        assert c.wait() == 1


def test_secrets_do_not_leave(worker):
    with Child("task", "numbers", "0") as c:
        c.configure(worker, {
            "connector.class": "NumbersSource", "topic": "x",
            "count": "hush-hush-9", "some.password": "hush-hush-9"},
            stored=[])
        assert "hush-hush" not in c.message("failed")["text"]


# ---- sinks ----

def test_a_sink_gets_all_and_commits(kafka, worker, topic, folder):
    kafka.produce(topic, [f"v{i}" for i in range(3000)])
    with Child("task", "keeper", "0") as c:
        c.configure(worker, keeper(topic, folder))
        c.status("RUNNING")
        wait_for("records", lambda: len(kept(folder)) == 3000)
        wait_for("commit", lambda: kafka.committed("connect-keeper").get(
            (topic, 0)) == 3000)
        assert c.stop() == 0
    assert [r[4] for r in kept(folder)] == [f"v{i}" for i in range(3000)]
    assert kept(folder, "close") == [["close", topic, "0", "3000"]]


def test_a_sink_stops_with_a_last_commit(kafka, worker, topic, folder):
    name = f"keeper-{topic}"
    kafka.produce(topic, [f"v{i}" for i in range(100)])
    with Child("task", name, "0") as c:
        c.configure({**worker, "offset.flush.interval.ms": "600000"},
                    keeper(topic, folder, name=name))
        wait_for("records", lambda: len(kept(folder)) == 100)
        assert c.stop() == 0
    assert kafka.committed(f"connect-{name}")[(topic, 0)] == 100


def is_suspended(message):
    return message.get("suspended")


def test_a_suspended_sink_commits_nothing(kafka, worker, topic, folder):
    """The lease may be another's by then: neither when a commit is due, nor
    at a stop."""
    name = f"keeper-{topic}"
    kafka.produce(topic, [f"v{i}" for i in range(100)])
    with Child("task", name, "0") as c:
        c.lease(60)
        c.configure({**worker, "offset.flush.interval.ms": "4000"},
                    keeper(topic, folder, name=name))
        wait_for("records", lambda: len(kept(folder)) == 100)
        c.lease(2.2)
        c.message("beat", 10, is_suspended)
        time.sleep(5)  # a commit was due
        assert (topic, 0) not in kafka.committed(f"connect-{name}")
        c.lease(60)
        wait_for("the commit", lambda: kafka.committed(
            f"connect-{name}").get((topic, 0)) == 100)
        kafka.produce(topic, [f"v{i}" for i in range(100, 200)])
        wait_for("more", lambda: len(kept(folder)) == 200)
        c.all("beat")  # those of the first suspension are read
        seen = len(c.seen)
        c.lease(2.2)
        c.message("beat", 10, is_suspended, after=seen)
        assert c.stop() == 0
    assert kafka.committed(f"connect-{name}")[(topic, 0)] == 100
    assert kept(folder, "lost") == [["lost", topic, "0", "200"]]
    assert kept(folder, "close") == []


def test_a_suspended_source_leaves_without_a_word(kafka, worker, topic):
    with Child("task", "numbers", "0") as c:
        c.lease(60)
        c.configure({**worker, "offset.flush.interval.ms": "600000"},
                    numbers(topic, count="1000000000",
                            **{"pause.ms": "100"}), stored=[])
        c.status("RUNNING")
        wait_for("records", lambda: kafka.size(topic) > 1000)
        c.lease(2.2)
        c.message("beat", 10, is_suspended)
        before = kafka.size(topic)
        assert c.stop() == 0
    assert kafka.size(topic) == before
    assert kafka.size(worker["offset.storage.topic"]) == 0


@pytest.mark.parametrize("stop_first", [True, False])
def test_sigterm_asks_for_a_stop_and_cuts_none_short(
        kafka, worker, topic, folder, stop_first):
    name = f"keeper-{topic}"
    kafka.produce(topic, [f"v{i}" for i in range(100)])
    with Child("task", name, "0") as c:
        c.configure({**worker, "offset.flush.interval.ms": "600000"},
                    keeper(topic, folder, name=name, **{"close.ms": "500"}))
        wait_for("records", lambda: len(kept(folder)) == 100)
        if stop_first:
            c.control.send("stop", limit_ms=10000)
            wait_for("the close", lambda: kept(folder, "closing"))
        c.kill(signal.SIGTERM)
        assert c.wait() == 0
    assert kept(folder, "close ") == [["close", topic, "0", "100"]]
    assert kafka.committed(f"connect-{name}")[(topic, 0)] == 100


def test_only_what_pre_commit_allows_is_committed(
        kafka, worker, topic, folder):
    name = f"keeper-{topic}"
    kafka.produce(topic, [f"v{i}" for i in range(100)])
    with Child("task", name, "0") as c:
        c.configure(worker, keeper(topic, folder, name=name, hold="7"))
        wait_for("commit", lambda: kafka.committed(
            f"connect-{name}").get((topic, 0)) == 93)
        assert c.stop() == 0
    assert kafka.committed(f"connect-{name}")[(topic, 0)] == 93


def test_an_outage_is_waited_out_with_its_cause(kafka, worker, topic, folder):
    name = f"keeper-{topic}"
    down = f"{folder}/down"
    with open(down, "w", encoding="utf-8"):
        pass
    kafka.produce(topic, [f"v{i}" for i in range(100)])
    with Child("task", name, "0") as c:
        c.configure({**worker, "redelivery.delay.max.ms": "200"},
                    keeper(topic, folder, name=name, down=down,
                           **{"errors.tolerance": "all"}))
        c.status("RUNNING", cause=f"{down} is there")
        time.sleep(1)
        assert kafka.committed(f"connect-{name}").get((topic, 0)) is None
        os.unlink(down)
        wait_for("records", lambda: len(kept(folder)) == 100)
        wait_for("commit", lambda: kafka.committed(
            f"connect-{name}").get((topic, 0)) == 100)
        last = c.all("status")[-1]
        assert last["state"] == "RUNNING" and not last.get("cause")


def test_poison_goes_to_the_dead_letter_topic(
        kafka, worker, topic, folder, unique):
    name, dead = f"keeper-{topic}", unique("dead")
    kafka.produce(topic, [f"v{i}" if i % 10 else f"poison{i}"
                          for i in range(100)])
    with Child("task", name, "0") as c:
        c.configure(worker, keeper(topic, folder, name=name, **{
            "errors.tolerance": "all",
            "errors.deadletterqueue.topic.name": dead,
            "errors.deadletterqueue.topic.replication.factor": "1",
            "errors.deadletterqueue.context.headers.enable": "true"}))
        wait_for("commit", lambda: kafka.committed(
            f"connect-{name}").get((topic, 0)) == 100)
        assert c.stop() == 0
    letters = kafka.consume(dead)
    assert [r.value for r in letters] == [
        f"poison{i}".encode() for i in range(0, 100, 10)]
    headers = dict(letters[1].headers)
    assert headers["__connect.errors.topic"] == topic.encode()
    assert headers["__connect.errors.offset"] == b"10"
    assert headers["__connect.errors.stage"] == b"TASK_PUT"
    assert headers["__connect.errors.exception.message"] == \
        b"the value is poison"
    assert len(kept(folder)) == 90


def test_poison_fails_a_task_that_tolerates_nothing(
        kafka, worker, topic, folder):
    name = f"keeper-{topic}"
    kafka.produce(topic, ["good", "poison"])
    with Child("task", name, "0") as c:
        c.configure(worker, keeper(topic, folder, name=name))
        failed = c.message("failed")
        assert "the value is poison" in failed["text"]
    assert kafka.committed(f"connect-{name}").get((topic, 0)) is None


def test_a_sink_says_where_to_start(kafka, worker, topic, folder):
    name = f"keeper-{topic}"
    kafka.produce(topic, [f"v{i}" for i in range(100)])
    with Child("task", name, "0") as c:
        c.configure(worker, keeper(topic, folder, name=name,
                                   **{"start.at": "42"}))
        wait_for("records", lambda: len(kept(folder)) == 58)
    assert kept(folder)[0][3:] == ["42", "v42"]


def test_two_tasks_share_the_partitions(kafka, worker, unique, folder):
    topic, name = unique("shared"), unique("keeper")
    kafka.create_topic(topic, 4)
    folders = [f"{folder}/{n}" for n in range(2)]

    def records():
        return [r[4] for f in folders for r in kept(f)]

    with Child("task", name, "0") as one, Child("task", name, "1") as two:
        for c, place in zip((one, two), folders):
            os.mkdir(place)
            c.configure(worker, keeper(topic, place, name=name))
        wait_for("both to have partitions", lambda: all(
            len(kept(f, "open")) - len(kept(f, "close")) == 2
            for f in folders))
        for n in range(0, 200, 20):
            kafka.produce(topic, [{"key": str(k), "value": f"v{k}"}
                                  for k in range(n, n + 20)])
            if n == 100:
                assert two.stop() == 0
        wait_for("all", lambda: set(records()) == {
            f"v{n}" for n in range(200)})
        wait_for("commit", lambda: sum(kafka.committed(
            f"connect-{name}").values()) == 200)
        assert one.stop() == 0
    # An orderly stop repeats nothing.
    assert len(records()) == 200


@pytest.mark.parametrize("strategy,opened,closed", [
    (None, 4, 2),  # cooperative
    ("org.apache.kafka.clients.consumer.RangeAssignor", 6, 4)])
def test_who_joins_takes_only_what_moves(kafka, worker, unique, folder,
                                         strategy, opened, closed):
    """A partition that stays with its task is not closed in between."""
    topic, name = unique("moves"), unique("keeper")
    kafka.create_topic(topic, 4)
    folders = [f"{folder}/{n}" for n in range(2)]
    more = {"consumer.override.partition.assignment.strategy": strategy}
    if strategy is None:
        more = {}
    with Child("task", name, "0") as one, Child("task", name, "1") as two:
        for c, place in zip((one, two), folders):
            os.mkdir(place)
            c.configure(worker, keeper(topic, place, name=name, **more))
            kafka.produce(topic, [{"partition": p, "value": place[-1]}
                                  for p in range(4)])
            wait_for("all of them", lambda place=place: sum(
                r[4] == place[-1] for f in folders for r in kept(f)) == 4)
        wait_for("both to have partitions", lambda: all(
            len(kept(f, "open")) - len(kept(f, "close")) == 2
            for f in folders))
        assert len(kept(folders[0], "open")) == opened
        assert len(kept(folders[0], "close")) == closed
        assert one.stop() == 0 and two.stop() == 0


def test_a_task_without_partitions_leaves_its_group_as_well(
        kafka, worker, topic, folder):
    """Otherwise the others' next share waits for the end of its session."""
    name = f"keeper-{topic}"
    group = f"connect-{name}"
    folders = [f"{folder}/{n}" for n in range(2)]
    with Child("task", name, "0") as one, Child("task", name, "1") as two:
        for c, place in zip((one, two), folders):
            os.mkdir(place)
            c.configure(worker, keeper(topic, place, name=name))
        wait_for("both", lambda: kafka.members(group) == ("STABLE", 2))
        idle = one if not kept(folders[0], "open") else two
        assert idle.stop() == 0
        assert kafka.members(group)[1] == 1


# ---- connectors ----

def test_validate_names_every_error(worker):
    with Child("connector", "numbers") as c:
        c.configure(worker)
        good = c.request("validate", config=numbers("t"))
        assert good["error_count"] == 0 and good["error"] is None
        assert good["type"] == "source" and good["version"] == "1.0.0"
        bad = c.request("validate", config=numbers(
            "", count="many", **{"tasks.max": "0"}))
        errors = {v["value"]["name"]: v["value"]["errors"]
                  for v in bad["configs"] if v["value"]["errors"]}
        assert set(errors) == {"topic", "count", "tasks.max"}
        assert bad["error_count"] == sum(map(len, errors.values()))
        assert "2 error" in bad["error"] or "error(s)" in bad["error"]
        with pytest.raises(RuntimeError, match="Nowhere"):
            c.request("validate", config={"connector.class": "Nowhere"})


def test_validate_of_a_sink_wants_topics(worker, folder):
    with Child("connector", "keeper") as c:
        c.configure(worker)
        config = keeper("t", folder)
        assert c.request("validate", config=config)["error_count"] == 0
        config.pop("topics")
        bad = c.request("validate", config=config)
        assert bad["error_count"] == 2
        assert "Must configure one of topics or topics.regex" in bad["error"]


@pytest.mark.parametrize("pattern, why", [
    ("(?!x).*", "look-around"), ("a++b", "look-around"),
    ("(" * 25 + "a" + "+)" * 25, "written out"),
    ("(a{1,100}){1,100}", "written out"),
    ("(" * 201 + "a" + ")" * 201, "nested deeper than 200")])
def test_validate_says_why_a_pattern_of_topics_cannot_be(
        worker, folder, pattern, why):
    """What the task could not compile, at its end or in time."""
    config = {**keeper("t", folder), "topics.regex": pattern}
    del config["topics"]
    with Child("connector", "keeper") as c:
        c.configure(worker)
        bad = c.request("validate", config=config)
        [errors] = [v["value"]["errors"] for v in bad["configs"]
                    if v["value"]["name"] == "topics.regex"]
        assert bad["error_count"] == len(errors) == 1, bad["error"]
        assert errors[0].startswith(
            f"Invalid value {pattern[:200]} for configuration topics.regex: ")
        assert why in errors[0]
        config["topics.regex"] = "(?:eu|us)-[a-z]{1,249}\\.\\d+"
        assert c.request("validate", config=config)["error_count"] == 0


def test_task_configs_fill_the_number(worker, folder):
    with Child("connector", "keeper") as c:
        c.configure(worker, {**keeper("t", folder), "tasks.max": "3"})
        assert len(c.request("task_configs")["tasks"]) == 3
    with Child("connector", "numbers") as c:
        c.configure(worker, numbers("t", **{"tasks.max": "3"}))
        assert c.request("task_configs")["tasks"] == [{}]


def test_the_inspector_lists_what_there_is(worker):
    with Child("inspect") as c:
        c.configure(worker)
        found = c.request("list")
        names = {p["class"] for p in found["plugins"]}
        assert {"com.example.NumbersSourceConnector", JSON} <= names
        errors = {os.path.basename(e["file"]): e["error"]
                  for e in found["errors"]}
        assert "SIGABRT" in errors["constructor.so"]
        assert "lie_major.so" in errors
        [numbers_class] = [p for p in found["plugins"]
                           if p["name"] == "numbers"]
        assert [k["name"] for k in numbers_class["keys"]] == [
            "topic", "count", "pause.ms"]


def test_memory_beyond_the_limit_ends_one_task(worker):
    with Child("task", "crime", "0") as c:
        c.configure(worker, {"connector.class": "CrimeSource",
                             "crime": "leak", "topic": "x",
                             "task.memory.bytes": str(128 << 20)}, stored=[])
        assert c.wait(60) < 0


def sessions_are_scheduled():
    path = "/proc/sys/kernel/sched_autogroup_enabled"
    if not os.path.exists(path):
        return False
    with open(path, encoding="ascii") as f:
        return f.read().strip() != "0"


def test_files_and_processor_share_are_what_the_keys_say(worker, topic):
    with Child("task", "numbers", "0") as c:
        c.configure(worker, {**numbers(topic), "task.open.files": "77",
                             "task.cpu.weight": "50"}, stored=[])
        c.status("RUNNING")
        pid = c.process.pid
        assert resource.prlimit(pid, resource.RLIMIT_NOFILE) == (77, 77)
        # a quarter for each step: 3 of them are nearest to a half
        nice = os.getpriority(os.PRIO_PROCESS, 0) + 3
        assert os.getpriority(os.PRIO_PROCESS, pid) == nice
        if sessions_are_scheduled():
            with open(f"/proc/{pid}/autogroup", encoding="ascii") as f:
                assert f.read().split()[1:] == ["nice", str(nice)]
