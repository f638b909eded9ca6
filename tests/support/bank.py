"""bank: what a reader of committed records sees of the transfers that
tests/fixtures/bank.c makes, and whether that can be."""

import collections
import json
import threading
import time

import confluent_kafka

from .env import wait_for
from .ledger import LedgerError

STRING = "org.apache.kafka.connect.storage.StringConverter"


def config(topic, **over):
    """Of the connector. Keyword arguments are keys in keyword form."""
    base = {"connector.class": "com.example.BankSourceConnector",
            "topic": topic, "key.converter": STRING, "value.converter": STRING,
            "transaction.boundary": "connector",
            "errors.restart.delay.initial.ms": "200",
            "errors.restart.delay.max.ms": "1000"}
    base.update({k.replace("_", "."): str(v) for k, v in over.items()})
    return base


class Book:
    """The transfers that were seen, each with the amounts of its records."""

    def __init__(self, records=(), void_every=0):
        self.void_every = void_every
        self.amounts = collections.defaultdict(list)
        for r in records:
            self.add(r.value)

    def add(self, value):
        entry = json.loads(value)
        self.amounts[entry["stream"], entry["n"]].append(entry["amount"])

    def _is_void(self, n):
        return self.void_every and n % self.void_every == self.void_every - 1

    def total(self):
        return sum(sum(a) for a in self.amounts.values())

    def halves(self):
        """Transfers of which one record was seen."""
        return {t for t, a in self.amounts.items() if len(a) == 1}

    def check(self, but=frozenset()):
        """Every transfer is whole and there once (of those in `but` a half),
        none that was taken back is there, and none is missing before the last
        of its stream. Returns, for each stream, how many were seen."""
        wrong = [(t, a) for t, a in self.amounts.items() if t not in but and (
            len(a) != 2 or sum(a) != 0 or self._is_void(t[1]))]
        if wrong or self.total() != sum(self.amounts[t][0] for t in but):
            raise LedgerError(f"half, double or void: {wrong[:10]}")
        seen = collections.defaultdict(set)
        for stream, n in self.amounts:
            seen[stream].add(n)
        for stream, numbers in seen.items():
            missing = [n for n in range(max(numbers)) if n not in numbers
                       and not self._is_void(n)]
            if missing:
                raise LedgerError(f"stream {stream} lacks {missing[:10]}")
        return {s: max(n) + 1 for s, n in seen.items()}


def positions(records, connector):
    """{stream: next} as the records of an offset topic say"""
    out = {}
    for r in records:
        name, partition = json.loads(r.key)
        if name == connector:
            out[int(partition["stream"])] = json.loads(r.value)["next"]
    return out


class Judge(threading.Thread):
    """Reads what is committed of a topic with one partition, for as long as
    the test lasts. Wherever it has read all there is, everything must be
    right, but for what Kafka holds back: readers stop where the first open
    transaction of anybody begins, and that may be between the two records of
    one that is committed. So a half must be a whole soon."""

    HALF_S = 20

    def __init__(self, kafka, topic, void_every=0):
        super().__init__(daemon=True)
        self.book = Book(void_every=void_every)
        self.checks = 0
        self.since = {}  # of each half
        self.error = None
        self._end = threading.Event()
        self._consumer = confluent_kafka.Consumer({
            "bootstrap.servers": kafka.bootstrap, "group.id": "judge",
            "enable.auto.commit": False, "auto.offset.reset": "earliest",
            "isolation.level": "read_committed", "enable.partition.eof": True,
            "log_level": 2})
        self._consumer.assign([confluent_kafka.TopicPartition(
            topic, 0, confluent_kafka.OFFSET_BEGINNING)])

    def run(self):
        try:
            while not self._end.is_set():
                for m in self._consumer.consume(1000, 0.2):
                    self._take(m)
        except Exception as e:  # whatever it is, the test is to know
            self.error = e
        finally:
            self._consumer.close()

    def _take(self, m):
        if m.error() is None:
            self.book.add(m.value())
        elif m.error().code() == confluent_kafka.KafkaError._PARTITION_EOF:
            self._check()
            self.checks += 1

    def _check(self):
        now = time.monotonic()
        self.since = {t: self.since.get(t, now) for t in self.book.halves()}
        self.book.check({t for t, s in self.since.items()
                         if now - s < self.HALF_S})

    def seen(self):
        """How many transfers, and right up to now."""
        if self.error:
            raise self.error
        return len(self.book.amounts)

    def close(self):
        """Where records come all the time it may get to an end only now."""
        try:
            wait_for("the judge at the end of the topic",
                     lambda: self.error or self.checks)
        finally:
            self._end.set()
            self.join(30)
        if self.error:
            raise self.error
        assert not self.is_alive(), "the judge does not end"
