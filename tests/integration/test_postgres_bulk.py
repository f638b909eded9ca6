"""Bulk reading: a table of any size in little memory, resumed by ranges of
its pages. Names carry the ids of the traps they prove us free of."""

import re
import time

import confluent_kafka
import pytest

from support import configs, process
from support.drive import drain
from support.env import wait_for
from support.postgres import table

MIB = 1 << 20


def test_bulk_resumes_by_ranges_and_misses_no_moved_row_B7(sql, source):
    sql("CREATE TABLE b (id int PRIMARY KEY, v int, pad text)")
    sql("INSERT INTO b SELECT i, 0, repeat('x', 400) "
        "FROM generate_series(1,100000) i")
    config = {"mode": "bulk", "tables": table("b"),
              "poll_interval_ms": "3600000"}
    seen, offsets, rows = {}, {}, 0
    for turn in range(8):
        s = source(**config)
        s.start(offsets)
        for _ in range(12):
            s.poll()
        rows += len(s.records)
        seen.update((r["value"]["id"], r["value"]["v"]) for r in s.records)
        offsets = s.offsets
        s.kill()
        # rows move to the end of the table, or into pages read before
        sql(f"UPDATE b SET v = {turn + 1} WHERE id > 99900 - {turn} * 7 "
            "OR id < 20")
        sql("VACUUM b")
    assert len(seen) < 100000
    s = source(**config)
    s.start(offsets)
    drain(s, quiet=3)
    rows += len(s.records)
    seen.update((r["value"]["id"], r["value"]["v"]) for r in s.records)
    now = dict(sql("SELECT id, v FROM b"))
    assert seen == now
    assert rows < 400000


def test_bulk_of_a_rewritten_table_begins_again(sql, source):
    sql("CREATE TABLE b (id int, pad text)")
    sql("INSERT INTO b SELECT i, repeat('x', 400) "
        "FROM generate_series(1,50000) i")
    s = source(mode="bulk", tables=table("b"), poll_interval_ms="3600000")
    s.start()
    for _ in range(20):
        s.poll()
    s.kill()
    sql("VACUUM FULL b")
    t = source(mode="bulk", tables=table("b"), poll_interval_ms="3600000")
    t.start(s.offsets)
    drain(t, quiet=3)
    assert t.values("id") == list(range(1, 50001))


def test_bulk_memory_is_flat_B21(sql, source):
    sql("CREATE UNLOGGED TABLE b (id int, pad text)")
    sql("INSERT INTO b SELECT i, repeat('x', 100) "
        "FROM generate_series(1,1000000) i")
    s = source(mode="bulk", tables=table("b"), poll_interval_ms="3600000")
    s.start()
    small = s.ask("drain", 10000)
    large = s.ask("drain", 980000)
    assert large["peak_kb"] - small["peak_kb"] < 8192


def test_delivered_ranges_are_not_delivered_again_B7(sql, source):
    """Nobody writes. Whatever the moment of the kill, the next task begins at
    the page that was stored, and no row is missing at the end."""
    sql("CREATE TABLE b (id int PRIMARY KEY, pad text)")
    sql("INSERT INTO b SELECT i, repeat('x', 300) "
        "FROM generate_series(1,200000) i")
    sql("VACUUM FREEZE b")
    pages = dict(sql("SELECT id, (ctid::text::point)[0]::int FROM b"))
    seen, offsets, page = [], {}, 0
    for turn in range(100):
        s = source(mode="bulk", tables=table("b"),
                   poll_interval_ms="3600000")
        s.start(offsets)
        for _ in range(10 + turn % 5):
            s.poll()
        ids = s.values("id")
        assert all(pages[i] >= page for i in ids), (turn, page)
        seen += ids
        offsets = s.offsets
        s.kill()
        page = int(list(offsets.values())[0]["penstock"].split()[-1])
        if page == 0:
            break  # the pass came to its end
    assert turn > 4
    assert set(seen) == set(pages)
    again = len(seen) - len(pages)
    per_range = 512 * max(list(pages.values()).count(p) for p in (0, 1))
    assert again <= turn * per_range, (again, turn)


# On a worker

def ids_in(kafka, topic):
    """(how many records, a bit for each id), read as they come."""
    c = confluent_kafka.Consumer({
        "bootstrap.servers": kafka.bootstrap, "group.id": "observer",
        "enable.auto.commit": False, "enable.partition.eof": True})
    c.assign([confluent_kafka.TopicPartition(topic, 0, 0)])
    found, count, pattern = bytearray(), 0, re.compile(rb'"id":(\d+)')
    end = time.monotonic() + 600
    try:
        while time.monotonic() < end:
            for m in c.consume(10000, 1):
                if m.error() is not None:
                    return count, found
                n = int(pattern.search(m.value()).group(1))
                if n >= len(found):
                    found.extend(bytes(n + 1000000 - len(found)))
                found[n] = 1
                count += 1
    finally:
        c.close()
    raise AssertionError(f"no end of {topic}")


def read_with_kills(worker, kafka, postgres, db, unique, rows, pad, kills):
    """A pass over so many rows, killed so many times on its way. Returns the
    records that came twice and the task's peak memory."""
    prefix, src = unique("bulk") + ".", unique("src")
    topic = kafka.create_topic(prefix + "b")
    postgres.execute(db, "CREATE UNLOGGED TABLE b (id int, pad text)")
    postgres.execute(
        db, "INSERT INTO b SELECT i, repeat('x', %s) "
        "FROM generate_series(1, %s) i", (pad, rows))
    config = configs.postgres_source(postgres, db, "b", prefix, mode="bulk",
                                     poll_interval_ms=36000000)
    del config["incrementing.column.name"]
    worker.rest.create(src, config)
    peak, last = 0, None
    for kill in range(kills):
        last = worker.wait_task(src, other_than=last)
        base = kafka.size(topic)
        part = rows // (kills + 1)
        wait_for("a part of the rows", lambda b=base, p=part: (
            kafka.size(topic) - b) > p * 0.7, 600, 0.02)
        peak = max(peak, process.peak(last))
        assert kafka.size(topic) < base + 2 * part, "too fast to be killed"
        worker.kill_task(src)
    last = worker.wait_task(src, other_than=last)
    count = 0

    def still():
        nonlocal count
        before, count = count, kafka.size(topic)
        return count >= rows and count == before
    wait_for("all rows", still, 900, 1)
    peak = max(peak, process.peak(last))
    count, found = ids_in(kafka, topic)
    assert sum(found) == rows and not found[0] and found[rows]
    kafka.delete_topic(topic)
    return count - rows, peak


def test_a_pass_goes_on_after_kills(kafka, new_worker, postgres, db, unique):
    worker = new_worker(kafka.bootstrap, offset_flush_interval_ms=50)
    rows = 400000
    again, _ = read_with_kills(worker, kafka, postgres, db, unique, rows,
                               pad=400, kills=3)
    assert again < rows // 2


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_ten_million_rows_in_flat_memory(kafka, new_worker, postgres, db,
                                         unique, capsys):
    worker = new_worker(kafka.bootstrap, offset_flush_interval_ms=1000)
    rows, began = 10000000, time.monotonic()
    again, peak = read_with_kills(worker, kafka, postgres, db, unique, rows,
                                  pad=60, kills=3)
    with capsys.disabled():
        print(f"\n{rows} rows, 3 kills: {again} came twice, task peak "
              f"{peak / MIB:.0f} MiB, {time.monotonic() - began:.0f} s")
    assert again < rows // 5
    assert peak < 100 * MIB
