"""safety: what a committed position covers was at its target before it was
committed: looked at for every commit that there ever was, not for the last
(trap L, I6).

Whoever looks when he sees a commit comes late: what was missing may have come
meanwhile. So nobody looks. Each side says by itself when it had it, and all
on one machine, so by one clock:

    a topic         its broker, if it is one of STAMPED
    a group         the broker, in the log of all commits
    a table         the server, that keeps the times of transactions
    a request       its receiver, when it sets about to answer

    check(commits, arrivals)    commits: [Commit], arrivals: {part: [ms of the
                                first arrival of each event, None: not there]}

A thousandth of a second is one moment: in it the order is not known, and what
came in the same one is believed.
"""

import bisect
import collections
import itertools
import json
import struct

from .env import wait_for
from .kafka import read_topic
from .ledger import must

# Of a topic, so that its records have the times when they were written.
STAMPED = {"message_timestamp_type": "LogAppendTime"}

# At this ms was said of this part that its first `count` events are done.
Commit = collections.namedtuple("Commit", "at part count")


def check(commits, arrivals):
    whole = {part: list(itertools.accumulate(
        (float("inf") if ms is None else ms for ms in times), max))
        for part, times in arrivals.items()}
    early = [c for c in commits if c.count > 0 and (
        c.count > len(whole[c.part]) or whole[c.part][c.count - 1] > c.at)]
    must(not early, f"{len(early)} of {len(commits)} commits came before what "
         "they cover:", [_why(c, arrivals[c.part]) for c in early[:5]])
    print(f"{len(commits)} commits of {covered(commits)} events")


def covered(commits):
    """How many events all of them cover"""
    most = {}
    for c in commits:
        most[c.part] = max(most.get(c.part, 0), c.count)
    return sum(most.values())


def _why(commit, times):
    late = [n for n, ms in enumerate(times[:commit.count])
            if ms is None or ms > commit.at]
    return f"{commit}: of {len(times)} not there {late[:5]}"


# Sources: the offset topic and a topic

def source_commits(kafka, offsets, connector, covers):
    """covers(offset): how many events it is behind, in the source's order"""
    _must_be_stamped(kafka, offsets)
    out = []
    for r in kafka.consume(offsets, "read_uncommitted"):
        if r.value is not None and json.loads(r.key)[0] == connector:
            out.append(Commit(r.timestamp, connector,
                              covers(json.loads(r.value))))
    return sorted(out)


def in_topic(kafka, topic, number_of, count):
    """The first arrivals of events. number_of(record): which one it is"""
    _must_be_stamped(kafka, topic)
    return _first(count, ((number_of(r), r.timestamp) for r in kafka.consume(
        topic, "read_uncommitted")))


def _must_be_stamped(kafka, topic):
    assert kafka.topic_config(topic)["message.timestamp.type"] == \
        "LogAppendTime", topic


def _first(count, found):
    out = [None] * count
    for n, ms in found:
        if out[n] is None or ms < out[n]:
            out[n] = ms
    return out


class Lines:
    """Of a file whose lines are the entries of one writer"""

    def __init__(self, path):
        with open(path, "rb") as f:
            self.ends = list(itertools.accumulate(map(len, f)))

    def covers(self, offset):
        return bisect.bisect_right(self.ends, offset["position"])

    def commits(self, kafka, offsets, connector):
        return source_commits(kafka, offsets, connector, self.covers)

    def check(self, kafka, offsets, connector, topic):
        """When all is written and committed: soon"""
        wait_for("the last position", lambda: covered(
            self.commits(kafka, offsets, connector)) == len(self.ends))
        check(self.commits(kafka, offsets, connector),
              {connector: in_topic(kafka, topic, lambda r: json.loads(
                  r.value)["seq"], len(self.ends))})


# Sinks: a group, and a table or what was answered

def group_commits(kafka, group, topic):
    """All that were made, as the brokers' own log has them"""
    out = []
    for r in read_topic(kafka.bootstrap, "__consumer_offsets",
                        "read_uncommitted"):
        place = _place(r.key)
        if r.value is not None and place and place[:2] == (group, topic):
            offset, = struct.unpack_from(">q", r.value, 2)
            out.append(Commit(r.timestamp, place[1:], offset))
    return sorted(out)


def _place(key):
    """(group, topic, partition) of a key of a commit, None of any other"""
    version, = struct.unpack_from(">h", key)
    if version > 1:
        return None
    at, texts = 2, []
    for _ in range(2):
        length, = struct.unpack_from(">h", key, at)
        texts.append(key[at + 2:at + 2 + length].decode())
        at += 2 + length
    return (*texts, struct.unpack_from(">i", key, at)[0])


def rows(postgres, db, table, columns):
    """{(what is in the columns): ms} of a server that keeps the times when
    transactions ended"""
    return {tuple(name): float(ms) for *name, ms in postgres.execute(
        db, f"SELECT {columns}, floor(extract(epoch FROM "
        f"pg_xact_commit_timestamp(xmin)) * 1000) FROM {table}")}


def of_records(kafka, topic, rows, name_of):
    """{part: first arrivals} of a topic's records. rows: {name: ms}, as
    above; name_of(record): under which it is there"""
    out = collections.defaultdict(list)
    for r in kafka.consume(topic):
        times = out[topic, r.partition]
        must(r.offset == len(times), f"{topic} has no offset {len(times)}")
        times.append(rows.get(name_of(r)))
    return out
