"""Bulk reading: a table of any size in little memory, resumed by ranges of
its pages. Names carry the ids of the traps they prove us free of."""

import array
import re
import time

import confluent_kafka
import pytest

from support import configs, process
from support.drive import drain
from support.env import wait_for
from support.postgres import table

MIB = 1 << 20
RANGE_PAGES = 512  # as connectors/postgres/bulk.c says


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
    """The id of each record, in the order of the topic, read as they come."""
    c = confluent_kafka.Consumer({
        "bootstrap.servers": kafka.bootstrap, "group.id": "observer",
        "enable.auto.commit": False, "enable.partition.eof": True})
    c.assign([confluent_kafka.TopicPartition(topic, 0, 0)])
    found, pattern = array.array("i"), re.compile(rb'"id":(\d+)')
    end = time.monotonic() + 600
    try:
        while time.monotonic() < end:
            for m in c.consume(10000, 1):
                if m.error() is not None:
                    return found
                found.append(int(pattern.search(m.value()).group(1)))
    finally:
        c.close()
    raise AssertionError(f"no end of {topic}")


def filled(postgres, db, rows, pad):
    """A table whose rows no transaction that still runs is older than: a pass
    that goes on would read them once more. {page: its first id}"""
    postgres.execute(db, "CREATE UNLOGGED TABLE b (id int, pad text)")
    postgres.execute(
        db, "INSERT INTO b SELECT i, repeat('x', %s) "
        "FROM generate_series(1, %s) i", (pad, rows))
    wait_for("older transactions to end", lambda: postgres.execute(
        db, "SELECT age(xmin) > age((txid_snapshot_xmin("
        "txid_current_snapshot()) & 4294967295)::text::xid) "
        "FROM b LIMIT 1") == [(True,)])
    return dict(postgres.execute(
        db, "SELECT (ctid::text::point)[0]::int, min(id) FROM b GROUP BY 1"))


def page_stored(worker, source):
    """The page at which a task would go on."""
    return max((int(o["offset"]["penstock"].split()[-1]) for o in
                worker.rest.get(f"/connectors/{source}/offsets")["offsets"]),
               default=0)


def read_with_kills(worker, kafka, postgres, db, unique, rows, pad, kills):
    """A pass over so many rows, killed so many times on its way: each task
    goes on at the page that was stored. Returns the records that came twice
    and the task's peak memory."""
    prefix, src = unique("bulk") + ".", unique("src")
    topic = kafka.create_topic(prefix + "b")
    first_id = filled(postgres, db, rows, pad)
    config = configs.postgres_source(postgres, db, "b", prefix, mode="bulk",
                                     poll_interval_ms=36000000)
    del config["incrementing.column.name"]
    worker.rest.create(src, config)
    peak, last, stored = 0, None, [0]
    for kill in range(kills):
        last = worker.wait_task(src, other_than=last)
        base = kafka.size(topic)
        part = rows // (kills + 1)
        wait_for("a part of the rows", lambda b=base, p=part: (
            kafka.size(topic) - b) > p * 0.7, 600, 0.02)
        wait_for("a position", lambda: page_stored(
            worker, src) > stored[-1], 60, 0.02)
        peak = max(peak, process.peak(last))
        stored.append(page_stored(worker, src))
        assert stored[-1] > stored[-2], "too fast to be killed"
        worker.kill_task(src)
    last = worker.wait_task(src, other_than=last)
    count = 0

    def still():
        nonlocal count
        before, count = count, kafka.size(topic)
        return count >= rows and count == before
    wait_for("all rows", still, 900, 1)
    peak = max(peak, process.peak(last))
    ids = ids_in(kafka, topic)
    begun = [0] + [i for i in range(1, len(ids)) if ids[i] != ids[i - 1] + 1]
    assert len(begun) == kills + 1, [ids[i] for i in begun]
    pages = {i: page for page, i in first_id.items()}
    for i, page in zip(begun, stored):
        assert pages[ids[i]] % RANGE_PAGES == 0 and pages[ids[i]] >= page
    assert len(set(ids)) == rows
    kafka.delete_topic(topic)
    return len(ids) - rows, peak


def test_a_pass_goes_on_after_kills(kafka, new_worker, postgres, db, unique):
    worker = new_worker(kafka.bootstrap, offset_flush_interval_ms=50)
    read_with_kills(worker, kafka, postgres, db, unique, 400000, pad=400,
                    kills=3)


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
