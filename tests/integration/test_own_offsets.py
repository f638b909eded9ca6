"""A source with an offset topic of its own (offsets.storage.topic): what is
asked and changed by REST is what its tasks start from. Kafka Connect judges
what it has as well."""

import json
import os
import random
import signal
import time

import pytest

from support import configs
from support.child import Child
from support.connect import Connect
from support.env import HOST, free_port, wait_for

LINES = [f"line {n}" for n in range(5)]
END, LINE = 35, 7


class Source:
    def __init__(self, kafka, worker, path, topic, own):
        self.kafka, self.worker, self.rest = kafka, worker, worker.rest
        self.name, self.topic, self.own = "src", topic, own
        self.partition = {"filename": path}
        self.values = []
        with open(path, "w", encoding="ascii") as f:
            f.write("".join(line + "\n" for line in LINES))
        more = {"offsets_storage_topic": own} if own else {}
        self.rest.create(self.name, configs.file_source(path, topic, **more))
        self.goes_on_from(0)

    def goes_on_from(self, position):
        """It sends what stands behind that, and is stopped."""
        self.values += LINES[position // LINE:]
        self.kafka.wait_records(self.topic, len(self.values))
        self.stop()
        assert [r.value.decode() for r in self.kafka.consume(
            self.topic)] == self.values
        assert self.offsets() == [END]

    def stop(self):
        self.rest.stop_connector(self.name)
        self.rest.wait_state(self.name, "STOPPED", tasks=0)

    def path(self, more="/offsets"):
        return f"/connectors/{self.name}{more}"

    def offsets(self):
        found = self.rest.offsets(self.name)
        assert all(o["partition"] == self.partition for o in found)
        return [o["offset"]["position"] for o in found]

    def item(self, position):
        return {"partition": self.partition,
                "offset": position if position is None else {
                    "position": position}}

    def stored(self, topic):
        """The position that its key's last record has; no key: IndexError."""
        found = [json.loads(r.value or "null") for r in self.kafka.consume(
            topic) if json.loads(r.key) == [self.name, self.partition]]
        return found[-1] and found[-1]["position"]

    def both(self):
        theirs = self.worker.properties["offset.storage.topic"]
        return [self.stored(self.own), self.stored(theirs)]

    def put_in_own(self, position):
        """As if the worker's topic had missed it."""
        self.kafka.produce(self.own, [{
            "key": json.dumps([self.name, self.partition],
                              separators=(",", ":")),
            "value": json.dumps({"position": position})}])


@pytest.fixture(params=["disabled", "enabled"])
def source(request, kafka, new_worker, topic, folder, unique):
    worker = new_worker(kafka.bootstrap,
                        exactly_once_source_support=request.param,
                        rest_body_max_bytes=4 << 20)
    return Source(kafka, worker, folder + "/in", topic("lines"), unique("own"))


def changes(s):
    s.put_in_own(2 * LINE)
    assert s.offsets() == [2 * LINE]
    assert s.both() == [2 * LINE, END]
    s.rest.resume(s.name)
    s.goes_on_from(2 * LINE)
    s.rest.call("PATCH", s.path(), {"offsets": [s.item(3 * LINE)]})
    assert s.offsets() == [3 * LINE]
    wait_for("both", lambda: s.both() == [3 * LINE, 3 * LINE])
    s.rest.resume(s.name)
    s.goes_on_from(3 * LINE)
    s.rest.call("DELETE", s.path())
    assert s.offsets() == []
    assert s.both() == [None, None]
    s.rest.resume(s.name)
    s.goes_on_from(0)


def test_what_is_altered_and_reset_is_what_its_tasks_start_from(source):
    changes(source)


def test_kafka_connect_does_the_same(kafka, new_worker, topic, folder, unique):
    worker = new_worker(kafka.bootstrap, cls=Connect)
    changes(Source(kafka, worker, folder + "/in", topic("lines"),
                   unique("own")))


def test_a_seek_moves_what_its_tasks_start_from(source):
    s = source
    s.put_in_own(4 * LINE)
    answer = s.rest.call("POST", s.path("/seek"),
                         {"offsets": [s.item(LINE)]})
    assert answer["undo"]["offsets"] == [s.item(4 * LINE)]
    assert s.offsets() == [LINE]
    s.rest.resume(s.name)
    s.goes_on_from(LINE)
    s.rest.call("POST", s.path("/seek"), {"to": "beginning"})
    assert s.both() == [None, None]
    s.rest.resume(s.name)
    s.goes_on_from(0)


def test_a_seek_while_a_task_ends_is_refused_before_it_reads(source, unique):
    """What the task commits at its end would be in no answer, and undone by
    what was read before. Reading takes until a stranger's transaction ends."""
    s = source
    s.rest.resume(s.name)
    s.rest.wait_running(s.name)
    stranger = s.kafka.producer(transactional_id=unique("stranger"))
    stranger.init_transactions(30)
    stranger.begin_transaction()
    stranger.produce(s.own, key="a stranger's", value="{}")
    stranger.flush(10)
    task = s.worker.kill_task(s.name, number=signal.SIGSTOP)
    try:
        s.rest.stop_connector(s.name)
        r = s.rest.request("POST", s.path("/seek"),
                           {"offsets": [s.item(LINE)]}, timeout=10)
    finally:
        os.kill(task, signal.SIGCONT)
        stranger.abort_transaction(30)
    assert r.status_code == 400 and "STOPPED" in r.json()["message"], r.text
    s.rest.wait_state(s.name, "STOPPED", tasks=0)
    assert s.offsets() == [END]


def test_a_clean_delete_leaves_none(source):
    s = source
    report = s.rest.call("DELETE", s.path("?clean=true"))
    assert {"what": "offsets of source partitions", "count": 1} in \
        report["removed"]
    assert s.both() == [None, None]


def test_an_answer_of_many_offsets_comes_in_parts(source):
    """10 MB are more than one message to the worker holds."""
    s = source
    s.kafka.produce(s.own, [{
        "key": json.dumps([s.name, {"filename": f"/{i}"}],
                          separators=(",", ":")),
        "value": json.dumps({"position": i, "pad": 100000 * "x"})}
        for i in range(100)])
    found = {o["partition"]["filename"]: o["offset"]["position"]
             for o in s.rest.offsets(s.name)}
    assert found == {s.partition["filename"]: END,
                     **{f"/{i}": i for i in range(100)}}
    s.rest.call("DELETE", s.path())
    assert s.offsets() == []


@pytest.mark.parametrize("has_own", [True, False])
def test_a_change_of_exactly_once_tasks_is_one_transaction(
        kafka, new_worker, topic, folder, unique, has_own):
    """However many messages it takes: the records stand side by side, the
    marker behind them. What the broker refuses of it takes the rest along."""
    worker = new_worker(kafka.bootstrap, exactly_once_source_support="enabled",
                        offset_storage_partitions=1,
                        rest_body_max_bytes=4 << 20)
    own = kafka.create_topic(unique("own"), cleanup_policy="compact",
                             max_message_bytes=500000) if has_own else None
    s = Source(kafka, worker, folder + "/in", topic("lines"), own)
    tasks = own or worker.properties["offset.storage.topic"]
    many = [{"partition": {"filename": f"/{i}"},
             "offset": {"position": i, "pad": random.Random(i).randbytes(
                 150000).hex()}} for i in range(3)]
    s.rest.call("PATCH", s.path(), {"offsets": [s.item(LINE), *many]})
    found = kafka.consume(tasks)[-4:]
    assert [json.loads(r.value)["position"] for r in found] == [LINE, 0, 1, 2]
    first = found[0].offset
    assert [r.offset for r in found] == [first + i for i in range(4)]
    assert kafka.ends(tasks) == {0: first + 5}
    assert s.item(LINE) in s.rest.get(s.path())["offsets"]
    s.rest.call("PATCH", s.path(), {"offsets": [
        {**o, "offset": None} for o in many]})
    s.rest.resume(s.name)
    s.goes_on_from(LINE)
    if not own:
        return
    many[0]["offset"]["pad"] *= 3
    r = s.rest.request("PATCH", s.path(), {"offsets": [
        s.item(2 * LINE), *many]})
    assert r.status_code == 500 and own in r.json()["message"], r.text
    assert s.both() == [END, END]
    assert s.offsets() == [END]


def test_what_is_too_large_to_be_read_again_changes_nothing(source):
    """Nor what is reset beside it, which goes into the worker's topic first."""
    s = source
    r = s.rest.request("PATCH", s.path(), {"offsets": [
        s.item(None),
        {"partition": {"filename": "/large"},
         "offset": {"position": 0, "pad": "x" * (1 << 20)}}]})
    assert r.status_code == 400 and "/large" in r.json()["message"], r.text
    assert s.both() == [END, END]
    assert s.offsets() == [END]


def test_what_cannot_be_written_there_changes_nothing_elsewhere(
        kafka, new_worker, topic, folder, unique):
    """The connector's own topic comes before the worker's."""
    worker = new_worker(kafka.bootstrap)
    s = Source(kafka, worker, folder + "/in", topic("lines"),
               kafka.create_topic(unique("own"), cleanup_policy="compact",
                                  max_message_bytes=1000))
    r = s.rest.request("PATCH", s.path(), {"offsets": [
        {"partition": s.partition, "offset": {
            "position": LINE, "pad": "".join(map(str, range(2000)))}}]})
    assert r.status_code == 500 and s.own in r.json()["message"], r.text
    assert s.both() == [END, END]
    assert s.offsets() == [END]


@pytest.mark.parametrize("op,more", [
    ("read_offsets", {}), ("write_offsets", {"items": [["[]", "{}"]]})])
def test_the_process_ends_before_who_waits_for_it(folder, op, more):
    """It says what it waits for, within the limit that it is given; what it
    does first, a topic's creation, is part of that."""
    worker = {"bootstrap.servers": f"{HOST}:{free_port()}",
              "offset.storage.topic": "offsets"}
    with Child("connector", "src") as c:
        c.configure(worker, configs.file_source(
            folder + "/in", "t", offsets_storage_topic="own"))
        began = time.monotonic()
        with pytest.raises(RuntimeError, match="own: "):
            c.request(op, timeout=30, limit_ms=2000, **more)
        assert 1 < time.monotonic() - began < 20
        assert c.stop() == 0
