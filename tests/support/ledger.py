"""ledger: what was written, compared with what arrived.

Nothing here is penstock's. A writer makes entries (run, writer, seq) whose
body is computed from those three, so that whoever reads one back knows what
it must be. It journals the outcome of every transaction before it goes on:

    ok     acknowledged: must be there
    fail   refused or rolled back: must not be there
    info   unknown, the connection broke: may be there

compare() then finds what is missing, duplicated, of no known origin, changed,
or out of order within a key.
"""

import collections
import json
import os
import random
import threading
import time
import zlib

import psycopg2

from .env import TooLate, wait_for
from .kafka import produce

KEYS = 50

Entry = collections.namedtuple("Entry", "run writer seq key len crc body")

TABLE = """CREATE TABLE IF NOT EXISTS {table} (
    id bigserial PRIMARY KEY, run text NOT NULL, writer int NOT NULL,
    seq bigint NOT NULL, key text NOT NULL, len int NOT NULL,
    crc bigint NOT NULL, body text NOT NULL,
    t_src timestamptz NOT NULL DEFAULT clock_timestamp())"""

# What breaks writers of JSON, COPY and SQL.
PIECES = ['"', "'", "\\", "\\N", "\t", "\n", "\r", "{}", "$1", "${env:HOME}",
          "\u0001", "\u00e9", "\u2028", "\U0001f600", "\ufeff", "null", ",",
          "abc", " ", "0"]


def body_of(run, writer, seq):
    """The body of an entry: mostly short, now and then 64 KB."""
    rng = random.Random(f"{run}/{writer}/{seq}")
    if rng.random() < 0.002:
        return rng.choice(PIECES) * (65536 // 4)
    return "".join(rng.choices(PIECES, k=rng.randrange(0, 30)))


def entry(run, writer, seq):
    body = body_of(run, writer, seq)
    data = body.encode()
    return Entry(run, writer, seq, f"{writer}-{seq % KEYS}", len(data),
                 zlib.crc32(data), body)


def entry_from(fields):
    """An entry as it arrived: a dict, or the JSON of one."""
    if isinstance(fields, (bytes, str)):
        fields = json.loads(fields)
    return Entry(*(fields[name] for name in Entry._fields))


def in_requests(receiver):
    """Of a sink that sends lists of them"""
    return [entry_from(e) for r in receiver.accepted() for e in r.json()]


class Journal:
    """The outcomes, on disk before the writer goes on."""

    def __init__(self, path):
        self.outcomes = {}  # (run, writer, seq) -> ok, fail or info
        self._file = open(path, "a", encoding="utf-8")
        self._lock = threading.Lock()

    def write(self, outcome, run, writer, seqs):
        with self._lock:
            for seq in seqs:
                self.outcomes[run, writer, seq] = outcome
            self._file.write(f"{outcome} {run} {writer} {list(seqs)}\n")
            self._file.flush()
            os.fdatasync(self._file.fileno())

    def copy(self):
        """What is known now, while writers go on."""
        with self._lock:
            return dict(self.outcomes)

    def count(self, outcome="ok"):
        with self._lock:
            return sum(o == outcome for o in self.outcomes.values())


class LedgerError(AssertionError):
    """what arrived is not what was written; never tried again (rerun.py)"""


def must(holds, *words):
    """As assert, for what must hold however rarely it is looked at."""
    if not holds:
        raise LedgerError(" ".join(str(w) for w in words))


class Report:
    def __init__(self):
        self.missing = []
        self.duplicates = []
        self.phantoms = []
        self.corrupt = []
        self.disorder = []
        self.found = 0

    def __str__(self):
        return f"{self.found} entries; " + ", ".join(
            f"{name}: {len(v)} {v[:5]}" for name, v in vars(self).items()
            if name != "found")

    def assert_none(self, *names):
        """names of lists, such as "phantoms", that must be empty"""
        if any(getattr(self, name) for name in names):
            raise LedgerError(str(self))

    def assert_count(self, count, what):
        if self.found != count:
            raise LedgerError(f"{what}: {count} expected, {self}")

    def assert_at_least_once(self):
        self.assert_none("missing", "phantoms", "corrupt", "disorder")

    def assert_exactly_once(self):
        self.assert_at_least_once()
        self.assert_none("duplicates")


def compare(journal, found, ordered=True):
    """found: the entries that arrived, per partition in their order. ordered:
    whether the first occurrences of a key must be in the order written."""
    report = Report()
    seen = collections.Counter()
    last = {}
    outcomes = journal.copy()
    for e in found:
        report.found += 1
        name = (e.run, e.writer, e.seq)
        seen[name] += 1
        if outcomes.get(name) not in ("ok", "info"):
            report.phantoms.append(name)
            continue
        if e != entry(*name):
            report.corrupt.append(name)
        key = (e.run, e.writer, e.key)
        if seen[name] == 1:
            if ordered and e.seq < last.get(key, -1):
                report.disorder.append(name)
            last[key] = e.seq
    report.duplicates = [n for n, count in seen.items() if count > 1]
    report.missing = [n for n, outcome in outcomes.items()
                      if outcome == "ok" and n not in seen]
    return report


def assert_same(found, expected):
    """for lists that are compared without a journal"""
    if found != expected:
        raise LedgerError(f"{found!r:.500} instead of {expected!r:.500}")


QUIET_S = 15


def wait_complete(journal, read, timeout=120):
    """Until nothing acknowledged is missing in what read() gives; returns
    the comparison. What is missing when nothing has come for a while is
    lost; as long as something comes it is only slow."""
    last = [-1, time.monotonic()]

    def check():
        report = compare(journal, read())
        if report.found != last[0]:
            last[:] = report.found, time.monotonic()
        if report.missing:
            raise ValueError(str(report))
        return report
    try:
        return wait_for("all that was acknowledged", check, timeout, 0.5)
    except TooLate as e:
        if time.monotonic() - last[1] < QUIET_S:
            raise
        raise LedgerError(str(e)) from e


class Writer(threading.Thread):
    """Writes entries until it is told to stop, a transaction at a time."""

    def __init__(self, journal, run, number=0, pause=0.0, limit=None):
        super().__init__(daemon=True)
        self.journal = journal
        self.run_id = run
        self.number = number
        self.pause = pause
        self.limit = limit
        self.seq = 0
        self.error = None
        self._stop_asked = threading.Event()
        self.rng = random.Random(f"{run}/{number}")

    def run(self):
        try:
            while not self._stop_asked.is_set() and not self._done():
                size = self.rng.choice((1, 1, 3, 10, 100))
                if self.limit is not None:
                    size = min(size, self.limit - self.seq)
                seqs = range(self.seq, self.seq + size)
                self.seq += size
                outcome = self.transaction(
                    [entry(self.run_id, self.number, s) for s in seqs])
                self.journal.write(outcome, self.run_id, self.number, seqs)
                if self.pause:
                    self._stop_asked.wait(self.pause)
        except Exception as e:  # pylint: disable=broad-except
            self.error = e
        finally:
            self.disconnect()

    def _done(self):
        return self.limit is not None and self.seq >= self.limit

    def transaction(self, entries):
        """Writes them and says ok, fail or info."""
        raise NotImplementedError

    def disconnect(self):
        pass

    def finish(self, timeout=120):
        """Stops it, or waits for its limit, and raises what it raised."""
        if self.limit is None:
            self._stop_asked.set()
        self.join(timeout)
        if self.error:
            raise self.error
        assert not self.is_alive(), "the writer does not end"


class PostgresWriter(Writer):
    """Into a table made by TABLE. One transaction in ten is rolled back; it
    goes on over restarts of the server."""

    def __init__(self, postgres, db, table, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.postgres, self.db, self.table = postgres, db, table
        self.conn = None
        postgres.execute(db, TABLE.format(table=table))

    def _connect(self):
        while self.conn is None:
            try:
                self.conn = self.postgres.connect(self.db)
            except psycopg2.OperationalError:
                time.sleep(0.1)

    def transaction(self, entries):
        self._connect()
        try:
            with self.conn.cursor() as cursor:
                cursor.executemany(
                    f"INSERT INTO {self.table} (run, writer, seq, key, len, "
                    "crc, body) VALUES (%s, %s, %s, %s, %s, %s, %s)", entries)
            if self.rng.random() < 0.1:
                self.conn.rollback()
                return "fail"
            self.conn.commit()
            return "ok"
        except psycopg2.Error:
            self.disconnect()
            return "info"

    def disconnect(self):
        if self.conn is not None:
            try:
                self.conn.close()
            except psycopg2.Error:
                pass
        self.conn = None


class TopicWriter(Writer):
    """Into a topic, as JSON; the delivery reports say what was acknowledged."""

    def __init__(self, kafka, topic, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.producer, self.topic = kafka.producer(), topic

    def transaction(self, entries):
        acked = produce(self.producer, self.topic, [
            {"key": e.key, "value": json.dumps(e._asdict())}
            for e in entries], timeout=300)
        return "ok" if acked == len(entries) else "info"


class FileWriter(Writer):
    """Lines of JSON at the end of a file, in pieces that cut lines."""

    def __init__(self, path, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.file = open(path, "ab", buffering=0)

    def transaction(self, entries):
        data = "".join(json.dumps(e._asdict()) + "\n"
                       for e in entries).encode()
        cut = self.rng.randrange(len(data))
        self.file.write(data[:cut])
        self.file.write(data[cut:])
        return "ok"

    def disconnect(self):
        self.file.close()
