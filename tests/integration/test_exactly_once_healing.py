"""What aborted transactions hide in the offset topic from readers without
isolation, as Kafka Connect's are by default: an exactly-once task that is its
connector's only one writes again what it starts from."""

import json
import random
import signal
import time

import pytest
from confluent_kafka import admin

from support import bank, configs, ledger
from support.child import Child
from support.connect import Connect
from support.env import BUILD, wait_for

PLUGINS = f"{BUILD}/plugins,{BUILD}/fixtures"
ANY = "read_uncommitted"
HEALS = "positions are written again: aborted"


@pytest.fixture
def worker(kafka, unique):
    offsets = unique("offsets")
    kafka.create_topic(offsets, 3, cleanup_policy="compact")
    return {
        "bootstrap.servers": kafka.bootstrap,
        "group.id": unique("group"),
        "key.converter": bank.STRING, "value.converter": bank.STRING,
        "offset.storage.topic": offsets,
        "offset.storage.replication.factor": "1",
        "offset.flush.interval.ms": "200",
        "exactly.once.source.support": "enabled",
    }


@pytest.fixture
def path(folder):
    """Two lines are 4 bytes."""
    with open(folder + "/in", "w", encoding="ascii") as f:
        f.write("a\nb\n")
    return folder + "/in"


def append(path, line):
    with open(path, "a", encoding="ascii") as f:
        f.write(line + "\n")


def key_of(path, connector="lines"):
    return f'["{connector}",{{"filename":"{path}"}}]'


def begin(kafka, topic, records, name):
    """An open transaction with these {key: position} of the topic."""
    p = kafka.producer(transactional_id=name)
    p.init_transactions(30)
    p.begin_transaction()
    for key, position in records.items():
        p.produce(topic, key=key, value=json.dumps({"position": position}))
    assert p.flush(10) == 0
    return p


def hide(kafka, topic, records, name="somebody"):
    begin(kafka, topic, records, f"{name}-{topic}").abort_transaction(30)


def written(kafka, topic, key, isolation=ANY):
    """All positions of a key, in the order of the log, but the first 0: a
    source of files says that it has begun."""
    found = [r.value and json.loads(r.value)["position"]
             for r in kafka.consume(topic, isolation)
             if r.key == key.encode()]
    return [position for position in found if position != 0]


def lines(kafka, topic):
    return [r.value.decode() for r in kafka.consume(topic)]


def config(path, topic, **over):
    return configs.file_source(path, topic, **over)


def run(kafka, worker, path, topic, line=None, stored=(), tasks=1, **over):
    """From a start to a stop; a line of its own shows that it works."""
    with Child("task", "lines", "0") as c:
        c.configure(worker, config(path, topic, **over), stored=list(stored),
                    tasks=tasks)
        if line is not None:
            append(path, line)
            wait_for(line, lambda: line in lines(kafka, topic))
        else:
            wait_for("the lines", lambda: lines(kafka, topic))
        assert c.stop() == 0


def test_what_an_abort_hides_is_written_again(kafka, worker, topic, path):
    t, offsets, key = topic("lines"), worker["offset.storage.topic"], \
        key_of(path)
    run(kafka, worker, path, t)
    hide(kafka, offsets, {key: 2})
    assert written(kafka, offsets, key) == [4, 2]
    with Child("task", "lines", "0") as c:
        c.configure(worker, config(path, t), stored=[], tasks=1)
        wait_for("it to be written again",
                 lambda: written(kafka, offsets, key)[-1] == 4)
        append(path, "c")
        wait_for("c", lambda: "c" in lines(kafka, t))
        assert c.stop() == 0
    assert written(kafka, offsets, key) == [4, 2, 4, 6]
    assert written(kafka, offsets, key, "read_committed") == [4, 4, 6]
    # Nothing is hidden any more, nothing is written again.
    run(kafka, worker, path, t, "d")
    assert written(kafka, offsets, key) == [4, 2, 4, 6, 8]
    ledger.assert_same(lines(kafka, t), ["a", "b", "c", "d"])


def test_what_was_never_committed_becomes_null(kafka, worker, topic, path):
    t, offsets = topic("lines"), worker["offset.storage.topic"]
    # A key of its file, and one it will never write.
    keys = [key_of(path), key_of("/else")]
    hide(kafka, offsets, {key: 2 for key in keys})
    run(kafka, worker, path, t)
    wait_for("the position",
             lambda: written(kafka, offsets, keys[0])[-1] == 4)
    assert written(kafka, offsets, keys[0])[:2] == [2, None]
    assert written(kafka, offsets, keys[1]) == [2, None]
    ledger.assert_same(lines(kafka, t), ["a", "b"])


def test_what_is_not_its_own_is_left_alone(kafka, worker, topic, path):
    t, offsets = topic("lines"), worker["offset.storage.topic"]
    others = [key_of(path, "line"), key_of(path, "others"), "no key",
              '["lines"]', '{"lines":{}}']
    hide(kafka, offsets, {key: 2 for key in [*others, key_of("/else")]})
    run(kafka, worker, path, t)
    assert written(kafka, offsets, key_of("/else")) == [2, None]
    for key in others:
        assert written(kafka, offsets, key) == [2], key


@pytest.mark.parametrize("tasks", [2, 0])
def test_one_of_several_tasks_puts_no_other_back(
        kafka, worker, topic, path, tasks):
    """The key may be another task's, which commits meanwhile. 0: not said."""
    t, offsets = topic("lines"), worker["offset.storage.topic"]
    keys = [key_of(path), key_of("/else")]
    hide(kafka, offsets, {key: 2 for key in keys})
    run(kafka, worker, path, t, tasks=tasks)
    assert written(kafka, offsets, keys[0]) == [2, 4]
    assert written(kafka, offsets, keys[1]) == [2]


def test_a_key_in_two_partitions_is_left_alone(kafka, worker, topic, path):
    """Which of them is read last nobody knows."""
    t, offsets, key = topic("lines"), worker["offset.storage.topic"], \
        key_of("/else")
    hide(kafka, offsets, {key: 2})
    [hidden] = kafka.consume(offsets, ANY)
    kafka.produce(offsets, [{"key": key, "value": '{"position":8}',
                             "partition": (hidden.partition + 1) % 3}])
    run(kafka, worker, path, t)
    assert sorted(written(kafka, offsets, key)) == [2, 8]


def test_another_spelling_of_a_key_is_left_alone(kafka, worker, topic, path):
    """Its null, in another partition, might be read last."""
    t, offsets = topic("lines"), worker["offset.storage.topic"]
    spelled = key_of(path).replace(",", ", ")
    run(kafka, worker, path, t)
    hide(kafka, offsets, {spelled: 2})
    run(kafka, worker, path, t, "c")
    assert written(kafka, offsets, spelled) == [2]
    ledger.assert_same(lines(kafka, t), ["a", "b", "c"])


def test_a_task_that_ends_within_it_does_it_at_its_next_start(
        kafka, worker, topic, path):
    """Its transaction is open still: what it wrote is aborted, too."""
    t, offsets, key = topic("lines"), worker["offset.storage.topic"], \
        key_of(path)
    run(kafka, worker, path, t)
    hide(kafka, offsets, {key: 2})
    killed = begin(kafka, offsets, {key: 4},
                   f"{worker['group.id']}-lines-0")
    run(kafka, worker, path, t, "c")
    del killed
    assert written(kafka, offsets, key) == [4, 2, 4, 4, 6]
    assert written(kafka, offsets, key, "read_committed") == [4, 4, 6]
    ledger.assert_same(lines(kafka, t), ["a", "b", "c"])


@pytest.mark.parametrize("seed", range(3))
def test_a_task_is_killed_while_it_writes_them(
        kafka, worker, topic, path, seed):
    """kill -9, each time in the middle of it, or soon after."""
    rng = random.Random(seed)
    t, offsets = topic("lines"), worker["offset.storage.topic"]
    keys = [key_of(f"/else/{n}") for n in range(5000)]
    kafka.produce(offsets, [{"key": key, "value": '{"position":1}'}
                            for key in keys[::2]])
    for n in range(3):
        hide(kafka, offsets, {key: 2 for key in keys})
        with Child("task", "lines", "0") as c:
            c.configure(worker, config(path, t), stored=[], tasks=1)
            c.message("log", test=lambda m: HEALS in m["text"])
            time.sleep(rng.random() * 0.05)
            c.kill(signal.SIGKILL)
            c.wait()
        append(path, f"more {n}")
    run(kafka, worker, path, t, "last")
    found = [{r.key.decode(): r.value for r in kafka.consume(offsets, level)}
             for level in (ANY, "read_committed")]
    assert found[0] == found[1]
    for n, key in enumerate(keys):
        assert found[0][key] == (None if n % 2 else b'{"position":1}')
    ledger.assert_same(lines(kafka, t), [
        "a", "b", "more 0", "more 1", "more 2", "last"])


def test_without_a_lease_nothing_is_written(kafka, worker, topic, path):
    """Another may be at it by now. With the next it is done."""
    t, offsets, key = topic("lines"), worker["offset.storage.topic"], \
        key_of("/else")
    hide(kafka, offsets, {key: 2})
    with Child("task", "lines", "0") as c:
        c.lease(2)  # at its last two seconds nothing is begun any more
        c.configure(worker, config(path, t), stored=[], tasks=1)
        c.message("beat", test=lambda m: m.get("suspended"))
        assert written(kafka, offsets, key) == [2]
        c.lease(60)
        wait_for("the lines", lambda: lines(kafka, t))
        assert c.stop() == 0
    assert written(kafka, offsets, key) == [2, None]


def test_a_task_is_stopped_while_it_writes_them(kafka, worker, topic, path):
    t, offsets = topic("lines"), worker["offset.storage.topic"]
    keys = [key_of(f"/else/{n}") for n in range(20000)]
    hide(kafka, offsets, {key: 2 for key in keys})
    with Child("task", "lines", "0") as c:
        c.configure(worker, config(path, t), stored=[], tasks=1)
        c.message("log", test=lambda m: HEALS in m["text"])
        c.stop()
    run(kafka, worker, path, t)
    found = {r.key.decode(): r.value for r in kafka.consume(offsets, ANY)}
    assert {found[key] for key in keys} == {None}
    ledger.assert_same(lines(kafka, t), ["a", "b"])


def test_what_the_broker_takes_no_more_keeps_no_task_from_its_work(
        kafka, worker, topic, path, unique):
    """The next position goes to the same partition."""
    t, offsets, key = topic("lines"), unique("offsets"), key_of("/else")
    worker["offset.storage.topic"] = offsets
    kafka.create_topic(offsets, cleanup_policy="compact")
    long = json.dumps({"position": 1, "penstock": "x" * 3000})
    kafka.produce(offsets, [{"key": key, "value": long}])
    hide(kafka, offsets, {key: 2})
    a = kafka.admin()
    resource = admin.ConfigResource(
        admin.ConfigResource.Type.TOPIC, offsets, set_config={
            "cleanup.policy": "compact", "max.message.bytes": "2000"})
    a.alter_configs([resource])[resource].result(30)
    with Child("task", "lines", "0") as c:
        c.configure(worker, config(
            path, t, producer_override_compression_type="none"),
            stored=[], tasks=1)
        wait_for("the position",
                 lambda: written(kafka, offsets, key_of(path)) == [4])
        assert c.message("log", test=lambda m: "not written" in m["text"])
        assert c.stop() == 0
    assert written(kafka, offsets, key) == [1, 2]
    ledger.assert_same(lines(kafka, t), ["a", "b"])


def test_in_an_offset_topic_of_its_own_nothing_becomes_null(
        kafka, worker, topic, path, unique):
    """A null there would win over what the worker's topic holds."""
    t, own, keys = topic("lines"), unique("own"), \
        [key_of(path), key_of("/else")]
    run(kafka, worker, path, t, offsets_storage_topic=own)
    hide(kafka, own, {key: 2 for key in keys})
    run(kafka, worker, path, t, "c", offsets_storage_topic=own,
        stored=[[keys[1], '{"position":4}']])
    assert written(kafka, own, keys[0]) == [4, 2, 4, 6]
    assert written(kafka, own, keys[1]) == [2]
    ledger.assert_same(lines(kafka, t), ["a", "b", "c"])


def test_kafka_connect_without_isolation_goes_on_where_we_were(
        kafka, new_worker, topic, path):
    t, key = topic("lines"), key_of(path, "src")
    ours = new_worker(kafka.bootstrap, plugin_path=PLUGINS,
                      exactly_once_source_support="enabled")
    offsets = ours.properties["offset.storage.topic"]
    ours.rest.create("src", configs.file_source(path, t))
    wait_for("the position",
             lambda: written(kafka, offsets, key)[-1:] == [4])
    ours.stop()
    hide(kafka, offsets, {key: 2})
    ours.start()
    wait_for("it to be written again",
             lambda: written(kafka, offsets, key)[-1] == 4)
    ours.stop()
    append(path, "c")
    theirs = new_worker(kafka.bootstrap, cls=Connect, group=ours.group)
    theirs.rest.wait_running("src", tasks=1, timeout=120)
    kafka.wait_records(t, 3, timeout=120)
    wait_for("the position",
             lambda: written(kafka, offsets, key)[-1] == 6)
    ledger.assert_same(lines(kafka, t), ["a", "b", "c"])
