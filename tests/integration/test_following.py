"""What a sink follows and what it commits: topics that come later, records
that a transform drops or sends elsewhere."""

import json

from support import configs
from support.env import wait_for
from support.files import lines_of

APACHE = "org.apache.kafka.connect.transforms."


def test_topics_that_come_later_are_followed(worker, kafka, unique, folder):
    base = unique("late")
    first, second = base + "-a", base + "-b"
    other = unique("other") + "-a"
    for t in (first, other):
        kafka.create_topic(t)
    kafka.produce(first, [b"one"])
    kafka.produce(other, [b"not this"])
    config = configs.file_sink(folder + "/out", "", **{
        "topics.regex": base + "-.*",
        "consumer.override.metadata.max.age.ms": "500"})
    del config["topics"]
    worker.rest.create("late", config)
    wait_for("the first", lambda: lines_of(folder + "/out") == ["one"])
    pid = worker.wait_task("late")
    kafka.create_topic(second, 3)
    kafka.produce(second, [{"value": b"two", "partition": 2}])
    wait_for("the one that came later",
             lambda: lines_of(folder + "/out") == ["one", "two"])
    assert worker.wait_task("late") == pid
    wait_for("its position", lambda: kafka.committed("connect-late").get(
        (second, 2)) == 1)


def test_what_is_dropped_or_routed_is_committed_where_it_was(
        worker, kafka, topic, folder):
    t = topic("t", 2)
    kafka.produce(t, [{"partition": n % 2, "value":
                       None if n % 10 < 8 else json.dumps(n)}
                      for n in range(100)])
    worker.rest.create("moved", configs.file_sink(folder + "/out", t, **{
        "transforms": "gone,route", "predicates": "dead",
        "transforms.gone.type": APACHE + "Filter",
        "transforms.gone.predicate": "dead",
        "transforms.route.type": APACHE + "RegexRouter",
        "transforms.route.regex": ".*",
        "transforms.route.replacement": "elsewhere",
        "predicates.dead.type": APACHE + "predicates.RecordIsTombstone"}))
    wait_for("both positions", lambda: kafka.committed("connect-moved") == {
        (t, 0): 50, (t, 1): 50})
    assert sorted(map(int, lines_of(folder + "/out"))) == [
        n for n in range(100) if n % 10 >= 8]
