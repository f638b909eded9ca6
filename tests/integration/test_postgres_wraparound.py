"""Transaction ids have 32 bits and come around. What a source has stored
before they do must mean the same after it (B19, B7)."""

import json

import pytest

from support.drive import Source, drain, until
from support.postgres import table

LAST = 2**32


@pytest.fixture
def near_the_end(own_postgres):
    """a server that has 400 transaction ids left before they come around"""
    own_postgres.next_transaction(LAST - 400)
    own_postgres.create_db("d")
    return own_postgres


class Reader:
    """A source that is killed and started again as often as one likes."""

    def __init__(self, postgres, **config):
        self.config = {
            "connection_url": postgres.jdbc("d") + "?user=postgres",
            "topic_prefix": "t-", "poll_interval_ms": "0", **config}
        self.source = None
        self.offsets = {}
        self.seen = []
        self.restart()

    def restart(self):
        self.stop()
        self.source = Source("postgres", "PostgresSource", **self.config)
        self.source.start(self.offsets)

    def stop(self):
        if self.source:
            self.seen += self.source.values("id")
            self.offsets = self.source.offsets
            self.source.close()
            self.source = None

    def ids(self):
        return self.seen + self.source.values("id")


def test_no_row_is_missed_or_repeated_when_ids_come_around(near_the_end):
    p = near_the_end

    def sql(text):
        return p.execute("d", text)

    def now():
        return int(p.value("d", "SELECT txid_current()"))
    sql("CREATE TABLE b (id serial PRIMARY KEY, ts timestamptz NOT NULL "
        "DEFAULT clock_timestamp())")
    readers = [
        Reader(p, mode="incrementing", tables=table("b")),
        Reader(p, mode="timestamp", tables=table("b"),
               timestamp_column_name="ts"),
        Reader(p, mode="timestamp+incrementing", tables=table("b"),
               timestamp_column_name="ts"),
        Reader(p, mode="incrementing", query="SELECT * FROM b",
               incrementing_column_name="id")]
    late, prepared = p.connect("d"), p.connect("d")
    prepared.cursor().execute("INSERT INTO b DEFAULT VALUES; "
                              "PREPARE TRANSACTION 'late'")
    late.cursor().execute("INSERT INTO b DEFAULT VALUES")
    epoch = now() >> 32
    while now() < ((epoch + 1) << 32) + 50:
        sql("INSERT INTO b DEFAULT VALUES")
        for _ in range(20):
            now()
        for r in readers:
            drain(r.source, quiet=1)
            r.restart()
    assert all(r.ids() == [] for r in readers), "two are not finished yet"
    late.commit()
    for r in readers:
        drain(r.source)
        assert r.ids() == [], "one is not finished yet"
    sql("COMMIT PREPARED 'late'")
    sql("INSERT INTO b DEFAULT VALUES")
    there = [row[0] for row in sql("SELECT id FROM b ORDER BY id")]
    for r in readers:
        until(r.source, len(there))
        drain(r.source, quiet=3)
        assert sorted(r.ids()) == there, r.config
        r.restart()
    # and goes on behind it
    sql("INSERT INTO b DEFAULT VALUES")
    for r in readers:
        until(r.source, 1)
        drain(r.source, quiet=3)
        assert sorted(r.ids()) == there + [there[-1] + 1], r.config
        r.stop()
    late.close()
    prepared.close()


def test_a_pass_over_a_table_goes_on_when_ids_come_around(near_the_end):
    """Rows that moved while no task was there are read, others not again."""
    p = near_the_end

    def sql(text):
        return p.execute("d", text)
    sql("CREATE TABLE b (id int PRIMARY KEY, v int, pad text)")
    sql("INSERT INTO b SELECT i, 0, repeat('x', 400) "
        "FROM generate_series(1,40000) i")
    sql("VACUUM b")
    r = Reader(p, mode="bulk", tables=table("b"), poll_interval_ms="3400000")
    for _ in range(12):
        r.source.poll()
    r.stop()
    page = json.dumps(r.offsets)
    assert 0 < len(set(r.seen)) < 40000
    sql("DO $$ BEGIN FOR n IN 0..599 LOOP UPDATE b SET v = n + 1 "
        "WHERE id = 40000 - n; COMMIT; END LOOP; END $$")
    assert int(p.value("d", "SELECT txid_current()")) >> 32 == 1
    sql("VACUUM b")
    r.restart()
    drain(r.source, quiet=3)
    last = {row["id"]: row["v"] for row in r.source.values()}
    assert {i: last[i] for i in range(39401, 40001)} == {
        40000 - n: n + 1 for n in range(600)}
    assert set(r.ids()) == set(range(1, 40001)), page
    assert len(r.ids()) < 40000 + 15000
    r.stop()
