"""bank: what a reader of committed records sees of the transfers that
tests/fixtures/bank.c makes, and whether that can be."""

import collections
import json
import threading
import time

import confluent_kafka

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
    one that is committed. So a half must be a whole soon, and at the end
    each is."""

    HALF_S = 20

    def __init__(self, kafka, topic, void_every=0):
        super().__init__(daemon=True)
        self.kafka, self.topic = kafka, topic
        self.book = Book(void_every=void_every)
        self.since = {}  # of each half
        self.error = None
        self._read = 0  # all before it
        self._until = self._late = None  # when it is asked to end
        self._consumer = confluent_kafka.Consumer({
            "bootstrap.servers": kafka.bootstrap, "group.id": "judge",
            "enable.auto.commit": False, "auto.offset.reset": "earliest",
            "isolation.level": "read_committed", "enable.partition.eof": True,
            "log_level": 2})
        self._consumer.assign([confluent_kafka.TopicPartition(
            topic, 0, confluent_kafka.OFFSET_BEGINNING)])

    def run(self):
        try:
            while not self._has_judged_all():
                for m in self._consumer.consume(1000, 0.2):
                    self._take(m)
            self.book.check()
        except Exception as e:  # whatever it is, the test is to know
            self.error = e
        finally:
            self._consumer.close()

    def _take(self, m):
        if m.error() is None:
            self.book.add(m.value())
            self._read = m.offset() + 1
        elif m.error().code() == confluent_kafka.KafkaError._PARTITION_EOF:
            self._read = m.offset()
            self._check()

    def _has_judged_all(self):
        return (self._until is not None and self._read >= self._until
                and (not self.book.halves()
                     or time.monotonic() > self._late))

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

    def close(self, timeout=60):
        """When all is judged that is there now."""
        until = 0  # where nobody says it
        try:
            until = self.kafka.ends(self.topic)[0]
        finally:
            self._late = time.monotonic() + self.HALF_S
            self._until = until
            self.join(timeout)
        if self.error:
            raise self.error
        assert not self.is_alive(), \
            f"the judge is at {self._read} of {self._until}"
