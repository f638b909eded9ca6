"""Offsets of an exactly-once source that an operator changes while a task of
it that everybody takes for dead still has its transactional id."""

import collections
import json

import confluent_kafka
import pytest

from support import bank
from support.env import BUILD, wait_for
from support.rest import RestError

PLUGINS = f"{BUILD}/plugins,{BUILD}/fixtures"
FENCED = (confluent_kafka.KafkaError._FENCED,
          confluent_kafka.KafkaError.INVALID_PRODUCER_EPOCH)
HAUNTED = b"by a zombie"

Stopped = collections.namedtuple("Stopped", "worker rest name topic offsets")


@pytest.fixture(scope="module")
def workers(shared_worker, kafka):
    return {support: shared_worker(
        kafka.bootstrap, plugin_path=PLUGINS,
        exactly_once_source_support=support)
        for support in ("enabled", "disabled")}


@pytest.fixture
def stopped(workers, topic, unique):
    """A source of two tasks that has positions, and was stopped; it is
    deleted with the test."""
    made = []

    def make(support="enabled"):
        worker, name, t = workers[support], unique("src"), topic("bank")
        rest = worker.rest
        made.append((rest, name))
        rest.create(name, bank.config(t, streams=2, tasks_max=2, pause_ms=5))
        wait_for("positions", lambda: len(rest.offsets(name)) == 2)
        rest.stop_connector(name)
        rest.wait_state(name, "STOPPED", tasks=0)
        return Stopped(worker, rest, name, t, rest.offsets(name))
    yield make
    for rest, name in made:
        answer = rest.request("DELETE", f"/connectors/{name}")
        assert answer.status_code in (204, 404), answer.text


@pytest.fixture
def haunt(stopped, kafka):
    """haunt(s, task): a Zombie, whose transaction ends with the test."""
    made = []

    def make(s, task):
        made.append(Zombie(kafka, s, task))
        return made[-1]
    yield make
    for zombie in made:
        zombie.close()


class Zombie:
    """Has the id of a task. Its transaction may be longer than any test."""

    def __init__(self, kafka, s, task):
        self.s = s
        self.producer = kafka.producer(
            transactional_id=f"{s.worker.group}-{s.name}-{task}",
            transaction_timeout_ms=600000)
        self.producer.init_transactions(30)

    def begin(self, more=1):
        """A record, and the positions of all its streams and of some more."""
        s, p = self.s, self.producer
        p.begin_transaction()
        p.produce(s.topic, HAUNTED)
        for partition in [o["partition"] for o in s.offsets] + [
                {"stream": str(100 + i)} for i in range(more)]:
            p.produce(s.worker.properties["offset.storage.topic"],
                      key=json.dumps([s.name, partition],
                                     separators=(",", ":")),
                      value=json.dumps({"next": 666666}))
        assert p.flush(30) == 0

    def commit(self):
        self.producer.commit_transaction(30)

    def close(self):
        """Nobody waits for what it has begun. One that was fenced, or has
        begun nothing, has nothing to abort."""
        try:
            self.producer.abort_transaction(30)
        except confluent_kafka.KafkaException as e:
            code = e.args[0].code()
            assert code in (*FENCED, confluent_kafka.KafkaError._STATE), e

    def is_refused(self, *calls):
        with pytest.raises(confluent_kafka.KafkaException) as refused:
            for call in calls:
                call()
        assert refused.value.args[0].code() in FENCED, refused.value


def altered(s):
    return [{"partition": o["partition"], "offset": {"next": 1}}
            for o in s.offsets]


def alter(s):
    s.rest.call("PATCH", f"/connectors/{s.name}/offsets",
                {"offsets": altered(s)})
    return altered(s)


def reset(s):
    s.rest.call("DELETE", f"/connectors/{s.name}/offsets")
    return []


def seek(s):
    answer = s.rest.call("POST", f"/connectors/{s.name}/seek",
                         {"offsets": altered(s)})
    assert answer["undo"]["offsets"] == s.offsets
    return altered(s)


def clean(s):
    s.rest.call("DELETE", f"/connectors/{s.name}?clean=true")
    create_stopped(s)
    return []


def create_stopped(s):
    s.rest.call("POST", "/connectors", {
        "name": s.name, "config": bank.config(s.topic),
        "initial_state": "STOPPED"})


def alter_of_namesake(s):
    """Offsets outlive a connector that is deleted, and so do zombies."""
    s.rest.delete(s.name)
    create_stopped(s)
    return alter(s)


def check(kafka, s, expected):
    def ordered(offsets):
        return sorted(offsets, key=str)
    assert ordered(s.rest.offsets(s.name)) == ordered(expected)
    assert HAUNTED not in [r.value for r in kafka.consume(s.topic)]


@pytest.mark.parametrize("change", [alter, reset, seek, clean])
def test_what_a_zombie_has_begun_it_cannot_commit(stopped, haunt, kafka,
                                                  change):
    s = stopped()
    zombies = [haunt(s, task) for task in range(2)]
    for zombie in zombies:
        zombie.begin()
    expected = change(s)
    for zombie in zombies:
        zombie.is_refused(zombie.commit)
    check(kafka, s, expected)


@pytest.mark.parametrize("change", [
    alter, reset, seek, clean, alter_of_namesake])
def test_what_it_begins_after_that_it_cannot_commit(stopped, haunt, kafka,
                                                    change):
    s = stopped()
    zombies = [haunt(s, task) for task in range(2)]
    expected = change(s)
    for zombie in zombies:
        zombie.is_refused(zombie.begin, zombie.commit)
    check(kafka, s, expected)


def test_what_it_had_committed_is_reset_too(stopped, haunt):
    """Of the very moment before: the leader has not read it all yet."""
    s = stopped()
    zombie = haunt(s, 0)
    zombie.begin(more=20000)
    zombie.commit()
    reset(s)
    assert s.rest.offsets(s.name) == []


def test_a_look_fences_nobody(stopped, haunt):
    s = stopped()
    zombie = haunt(s, 0)
    zombie.begin()
    answer = s.rest.call("POST", f"/connectors/{s.name}/seek?dry_run=true",
                         {"offsets": altered(s)})
    assert answer["undo"]["offsets"] == s.offsets == s.rest.offsets(s.name)
    zombie.commit()


def test_what_is_refused_fences_no_task_that_runs(stopped, kafka):
    s = stopped()
    s.rest.resume(s.name)
    before = s.rest.wait_running(s.name, tasks=2)
    for call in (alter, reset, seek):
        with pytest.raises(RestError) as e:
            call(s)
        assert e.value.status == 400
    size = kafka.size(s.topic)
    wait_for("more records", lambda: kafka.size(s.topic) > size + 50)
    assert s.rest.status(s.name) == before


def test_without_exactly_once_support_nobody_is_fenced(stopped, haunt):
    s = stopped("disabled")
    stranger = haunt(s, 0)
    assert alter(s) == s.rest.offsets(s.name)
    stranger.begin()
    stranger.commit()


@pytest.mark.parametrize("change", [alter, reset, seek])
def test_who_cannot_fence_changes_nothing(stopped, change):
    """The broker takes no transactions that long."""
    s = stopped()
    s.rest.put_config(s.name, bank.config(
        s.topic, streams=2, tasks_max=2, pause_ms=5,
        producer_override_transaction_timeout_ms=1000000000))
    with pytest.raises(RestError) as e:
        change(s)
    assert e.value.status == 500
    assert e.value.message().startswith(
        "Failed to perform zombie fencing for source connector prior to "
        "modifying offsets: "), e.value.text
    assert s.rest.offsets(s.name) == s.offsets
