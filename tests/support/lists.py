"""lists: can what readers of committed records saw of transactions be
explained by some order of them? (list-append, as Jepsen has it)

Every key of the topics is a list; a record appends an element, the name of
its transaction, which appends to several lists in several partitions. A
reader goes from one partition to the next and reads each up to its end. One
thing came before another when

    an element stands before the next in a list
    a reader saw an element as the last of a list
    a reader did not see the element that came next
    a writer made the one after the other, and so did a reader its reads

and where that goes in a circle no order explains it: a transaction was torn,
was late, or went back. It asks for one producer at a time: where two write
into one partition, Kafka itself promises less (a reader stops where the first
open transaction of anybody begins).
"""

import collections
import json
import threading

import confluent_kafka

from .ledger import LedgerError

# How much a reader saw of each list of a partition when it had read that.
Read = collections.namedtuple("Read", "name counts")


def check(lists, seen, reads, sessions):
    """lists: {key: [transaction]}, all there is; seen: the same as a reader
    found it over time; reads: its reads, in their order; sessions: the
    transactions of each writer, in their order."""
    for key, found in lists.items():
        twice = [t for t, n in collections.Counter(found).items() if n > 1]
        _must(not twice, f"twice in {key}: {twice[:5]}")
    for key, found in seen.items():
        _must(lists.get(key, [])[:len(found)] == found,
              f"of {key} was seen what is not there: {found[-5:]}")
    circle = find_circle(edges(lists, reads, sessions))
    _must(circle is None, f"no order explains {circle}")


def _must(holds, text):
    if not holds:
        raise LedgerError(text)


def edges(lists, reads, sessions):
    """{before: {after}}"""
    out = collections.defaultdict(set)
    for chain in (*lists.values(), *sessions, [r.name for r in reads]):
        for one, next_one in zip(chain, chain[1:]):
            out[one].add(next_one)
    for read in reads:
        for key, count in read.counts.items():
            if count:
                out[lists[key][count - 1]].add(read.name)
            if count < len(lists[key]):
                out[read.name].add(lists[key][count])
    return out


def find_circle(after):
    """Some circle of a graph, None: there is none."""
    done, path, on_path = set(), [], {}
    for start in list(after):
        if start in done:
            continue
        stack = [(start, iter(after[start]))]
        path.append(start)
        on_path[start] = 0
        while stack:
            node, rest = stack[-1]
            step = next((n for n in rest if n not in done), None)
            if step is None:
                stack.pop()
                done.add(node)
                del on_path[path.pop()]
            elif step in on_path:
                return path[on_path[step]:]
            else:
                stack.append((step, iter(after.get(step, ()))))
                on_path[step] = len(path)
                path.append(step)
    return None


class Partition:
    """A reader of one, up to the end that it has at a time."""

    def __init__(self, kafka, topic, number, parse):
        self.at = 0
        self.parse = parse  # record -> (key, transaction), or None
        self.lists = collections.defaultdict(list)
        self.place = confluent_kafka.TopicPartition(
            topic, number, confluent_kafka.OFFSET_BEGINNING)
        self.consumer = confluent_kafka.Consumer({
            "bootstrap.servers": kafka.bootstrap, "group.id": "lists",
            "enable.auto.commit": False, "auto.offset.reset": "earliest",
            "isolation.level": "read_committed", "enable.partition.eof": True,
            "fetch.wait.max.ms": 50, "log_level": 2})
        self.consumer.assign([self.place])

    def end(self):
        """Where readers of committed records stop now"""
        return self.consumer.get_watermark_offsets(self.place, timeout=5)[1]

    def read(self, end, stopped):
        """True: it has read up to there."""
        while self.at < end and not stopped():
            for m in self.consumer.consume(500, 0.2):
                self._take(m)
        return self.at >= end

    def _take(self, m):
        if m.error() is None:
            self.at = m.offset() + 1
            found = self.parse(m)
            if found is not None:
                self.lists[found[0]].append(found[1])
        elif m.error().code() == confluent_kafka.KafkaError._PARTITION_EOF:
            self.at = max(self.at, m.offset())


class Reader(threading.Thread):
    """Goes round the partitions of a topic until it is closed."""

    def __init__(self, kafka, topic, count, parse):
        super().__init__(daemon=True)
        self.partitions = [Partition(kafka, topic, n, parse)
                           for n in range(count)]
        self.reads = []  # (Partition, {key: how many})
        self.error = None
        self._end = threading.Event()

    def run(self):
        try:
            while not self._end.is_set():
                for p in self.partitions:
                    self._look(p)
        except Exception as e:  # whatever it is, the test is to know
            self.error = e

    def _look(self, p):
        try:
            end = p.end()
        except confluent_kafka.KafkaException:
            return  # a broker is away
        if p.read(end, self._end.is_set):
            self.reads.append((p, {
                key: len(found) for key, found in p.lists.items()}))

    def seen(self):
        """{key: [transaction]} so far"""
        if self.error:
            raise self.error
        return {key: found for p in self.partitions
                for key, found in list(p.lists.items())}

    def close(self):
        self._end.set()
        self.join(30)
        for p in self.partitions:
            p.consumer.close()
        if self.error:
            raise self.error
        assert not self.is_alive()


class Judge(Reader):
    """Of the transfers that one task of tests/fixtures/bank.c makes"""

    def __init__(self, kafka, topic, count):
        super().__init__(kafka, topic, count, self.transfer)
        self.kafka, self.topic = kafka, topic

    @staticmethod
    def transfer(m):
        entry = json.loads(m.value())
        return m.key().decode(), (entry["stream"], entry["n"])

    def check(self):
        """When no more is written"""
        self.close()
        lists = collections.defaultdict(list)
        for r in self.kafka.consume(self.topic):
            entry = json.loads(r.value)
            lists[r.key.decode()].append((entry["stream"], entry["n"]))
        sessions = collections.defaultdict(set)
        for stream, n in (t for found in lists.values() for t in found):
            sessions[stream].add((stream, n))
        reads = [Read(f"read {n}", {**dict.fromkeys(p.lists, 0), **counts})
                 for n, (p, counts) in enumerate(self.reads)]
        check(lists, self.seen(), reads, map(sorted, sessions.values()))
        print(f"{len(reads)} reads of {sum(map(len, lists.values()))} "
              "elements")
