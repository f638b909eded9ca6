"""PostgresSink with more than one statement, one COPY or one key can hold: no
limit is met in silence."""

import pytest

from support.drive import PluginError

MIB = 1 << 20


UPSERT = {"insert_mode": "upsert", "pk_mode": "record_value",
          "pk_fields": "id"}


def test_thousands_of_shapes_are_one_batch(sql, sink):
    """Each record has fields of its own: a statement for each."""
    names = [f"c{i:02}" + "_" * 57 for i in range(13)]
    sql("CREATE TABLE t (id int PRIMARY KEY, %s)" % ", ".join(
        f'"{n}" int' for n in names))
    s = sink(**UPSERT)
    rows = [{"id": i, **{n: i for k, n in enumerate(names) if i >> k & 1}}
            for i in range(1 << 13)]
    assert s.put([(None, r) for r in rows]) == []
    assert sql("SELECT count(*) FROM t") == [(1 << 13,)]
    for k, n in enumerate(names):
        assert sql(f'SELECT count(*) FROM t WHERE "{n}" = id '
                   f"AND id >> {k} & 1 = 1") == [(1 << 12,)]
        assert sql(f'SELECT count("{n}") FROM t') == [(1 << 12,)]


def test_bad_rows_among_thousands_of_shapes_are_found(sql, sink):
    sql("CREATE TABLE t (id int PRIMARY KEY, %s)" % ", ".join(
        f"c{i} int CHECK (c{i} >= 0)" for i in range(11)))
    s = sink(**UPSERT)
    rows = [{"id": i, **{f"c{k}": -1 if i in (700, 701, 1999) else i
                         for k in range(11) if i >> k & 1}}
            for i in range(1 << 11)]
    assert [r[1] for r in s.put([(None, r) for r in rows])] == [
        700, 701, 1999]
    assert sql("SELECT count(*) FROM t") == [((1 << 11) - 3,)]


def wide(sql, count):
    """The columns of a table whose names are as long as they can be, and
    twice as long in quotes."""
    names = [f"{i:04}" + '"' * 59 for i in range(count)]
    sql("CREATE TABLE t (id int PRIMARY KEY, %s)" % ", ".join(
        '"%s" int2' % n.replace('"', '""') for n in names))
    return names


@pytest.mark.parametrize("mode", ["insert", "upsert", "update"])
def test_a_table_as_wide_as_can_be_with_several_shapes(sql, sink, mode):
    names = wide(sql, 1596)
    if mode == "update":
        sql("INSERT INTO t SELECT generate_series(0, 7)")
    s = sink(**{**UPSERT, "insert_mode": mode})
    rows = [{"id": i, **{n: i for n in names[i:]}} for i in range(8)]
    assert s.put([(None, r) for r in rows]) == []
    for i in range(8):
        last, first = (n.replace('"', '""') for n in (names[-1], names[i]))
        assert sql(f'SELECT id FROM t WHERE "{last}" = {i} '
                   f'AND "{first}" = {i}') == [(i,)]


def test_a_table_that_leaves_no_room_for_staging_says_so(sql, sink):
    wide(sql, 1599)
    s = sink(**UPSERT)
    with pytest.raises(Exception, match="has 1600 columns, at most 1597"):
        s.put([(None, {"id": 1})])
    assert sql("SELECT count(*) FROM t") == [(0,)]


def test_keys_of_megabytes_are_told_apart(sql, sink):
    sql("CREATE TABLE t (id text, v int)")
    keys = ["x" * 5 * MIB + end for end in "ab"]
    for k in keys:
        sql("INSERT INTO t VALUES (%s, 0)", (k,))
    s = sink(insert_mode="update", pk_mode="record_value", pk_fields="id")
    assert s.put([(None, {"id": k, "v": n + 1})
                  for n, k in enumerate(keys)]) == []
    assert sql("SELECT right(id, 1), v FROM t ORDER BY 1") == [
        ("a", 1), ("b", 2)]


def test_a_batch_is_more_than_one_copy(sql, sink):
    """Bad rows are found in each of them."""
    sql("CREATE TABLE t (id int PRIMARY KEY, v int, x text)")
    s = sink(**UPSERT)
    rows = [{"id": i, "v": "no" if i in (3, 36, 37) else i, "x": "x" * MIB}
            for i in range(40)]
    assert [r[1] for r in s.put([(None, r) for r in rows])] == [3, 36, 37]
    assert sql("SELECT count(*), sum(length(x)) FROM t") == [
        (37, 37 * MIB)]


def test_a_batch_of_plain_inserts_is_more_than_one_copy(sql, sink):
    sql("CREATE TABLE t (id int, v int, x text)")
    s = sink()
    rows = [{"id": i, "v": i, "x": "x" * MIB} for i in range(40)]
    assert s.put([(None, r) for r in rows]) == []
    rows[36]["v"] = "no"
    assert [r[1] for r in s.put([(None, r) for r in rows])] == [76]
    assert sql("SELECT count(*), sum(length(x)) FROM t") == [
        (79, 79 * MIB)]


def test_positions_of_thousands_of_partitions(sql, sink):
    """As many bytes as no statement may have."""
    topic, count = "'" * 249, 9000
    sql("CREATE TABLE t (id int)")
    s = sink(table_name_format="t")
    for first in range(0, count, 60):
        s.ask("open", [[topic, n, -1]
                       for n in range(first, min(first + 60, count))])
    records = [[topic, n, 5, None, {"id": n}] for n in range(count)]
    assert s.ask("put", records)["reports"] == []
    assert sql("SELECT count(*), count(DISTINCT id) FROM t") == [
        (count, count)]
    assert sql("SELECT count(*) FROM penstock_offsets "
               "WHERE next_offset = 6") == [(count,)]


def test_a_plain_insert_that_is_not_tolerated_leaves_nothing(sql, sink):
    """Found while the lines are made, before anything is sent."""
    sql("CREATE TABLE t (id int, b bytea)")
    s = sink()
    s.ask("intolerant")
    with pytest.raises(PluginError) as e:
        s.put([(None, {"id": 1, "b": "AA=="}), (None, {"id": 2, "b": "no!"}),
               (None, {"id": 3, "b": "AA=="})])
    assert e.value.code == "DATA"
    assert sql("SELECT count(*) FROM t") == [(0,)]
