"""PostgresSink: records of one key are one row of a batch, and the good ones
among them are written whatever the others are."""

import random

import pytest

from support.drive import PluginError


@pytest.fixture
def sink(sink):
    """with deletes and a row a key"""
    def make(**config):
        return sink(**{"insert_mode": "upsert", "pk_mode": "record_key",
                       "pk_fields": "id", "delete_enabled": "true", **config})
    return make


def offsets(reports):
    return sorted(r[1] for r in reports)


BAD = {"check": -1, "range": 2**40, "text": "abc", "document": {"a": 1}}


@pytest.mark.parametrize("mode", ["upsert", "update"])
@pytest.mark.parametrize("why", BAD)
def test_a_good_record_is_written_before_a_bad_one_of_its_key(
        sql, sink, mode, why):
    sql("CREATE TABLE t (id int PRIMARY KEY, v int CHECK (v >= 0))")
    sql("INSERT INTO t VALUES (1, 0), (2, 0)")
    s = sink(insert_mode=mode)
    reports = s.put([(1, {"v": 10}), (1, {"v": BAD[why]}), (2, {"v": 20})])
    assert offsets(reports) == [1]
    assert sql("SELECT * FROM t ORDER BY 1") == [(1, 10), (2, 20)]


def test_bad_cells_of_one_record_are_not_the_next_ones_fault(sql, sink):
    sql("CREATE TABLE t (id int PRIMARY KEY, a int, b int CHECK (b > 0))")
    s = sink()
    assert offsets(s.put([(1, {"a": 1, "b": 1}), (1, {"b": -1}), (1, {"a": 2}),
                          (2, {"a": {"x": 1}}), (2, {"b": 5})])) == [1, 3]
    assert sql("SELECT * FROM t ORDER BY 1") == [(1, 2, 1), (2, None, 5)]


def test_a_delete_before_a_bad_record_stands(sql, sink):
    sql("CREATE TABLE t (id int PRIMARY KEY, v int NOT NULL CHECK (v > 0), "
        "w text)")
    sql("INSERT INTO t VALUES (1, 1, 'old'), (2, 2, 'old'), (3, 3, 'old')")
    s = sink()
    # 1: nothing is left. 2: the row after the delete has no old w. 3: the
    # first has no v, which only an update of the old row could do without.
    reports = s.put([(1, None), (1, {"v": -1}),
                     (2, None), (2, {"v": 5}), (2, {"v": -1}),
                     (3, {"w": "new"}), (3, None), (3, {"v": -1})])
    assert offsets(reports) == [1, 4, 7]
    assert sql("SELECT * FROM t") == [(2, 5, None)]


def test_a_delete_that_fails_is_reported_and_the_rest_is_written(sql, sink):
    sql("CREATE TABLE t (id int PRIMARY KEY, v int)")
    sql("CREATE TABLE child (id int REFERENCES t)")
    sql("INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)")
    sql("INSERT INTO child VALUES (1), (2)")
    s = sink()
    reports = s.put([(1, None), (2, {"v": 20}), (2, None), (2, {"v": 21}),
                     (3, None)])
    assert offsets(reports) == [0, 2]
    assert sql("SELECT * FROM t ORDER BY 1") == [(1, 1), (2, 21)]


def test_nothing_of_a_record_that_is_reported_is_written(sql, sink):
    sql("CREATE TABLE t (id int PRIMARY KEY, a int, b int CHECK (b > 0))")
    sql("CREATE TABLE child (id int REFERENCES t)")
    sql("INSERT INTO t VALUES (1, 0, 1)")
    sql("INSERT INTO child VALUES (1)")
    s = sink()
    assert offsets(s.put([(1, None), (1, {"a": 1, "b": -1}), (1, {"b": 5}),
                          (1, {"b": 6})])) == [0, 1]
    assert sql("SELECT * FROM t") == [(1, 0, 6)]


@pytest.mark.parametrize("seed", range(4))
def test_every_last_good_record_of_a_key_is_what_is_there(sql, sink, seed):
    rng = random.Random(seed)
    sql("CREATE TABLE t (id int PRIMARY KEY, v int CHECK (v >= 0))")
    s = sink()
    state, bad, batch = {}, [], []
    for n in range(3000):
        key = rng.randint(0, 40)
        value = rng.choice([n, n, n, None, -1, "x"])
        batch.append((key, None if value is None else {"v": value}))
        if value is None:
            state.pop(key, None)
        elif value == n:
            state[key] = n
        else:
            bad.append(n)
    reports = offsets(s.put(batch))
    assert dict(sql("SELECT * FROM t")) == state
    # What a later record of its key has overwritten has hurt nobody.
    assert set(reports) <= set(bad)
    last = {key: n for n, (key, _) in enumerate(batch)}
    assert set(last.values()) & set(bad) <= set(reports)


def test_one_bad_record_of_a_hot_key_takes_few_statements(sql, sink):
    sql("CREATE TABLE t (id int PRIMARY KEY, v int CHECK (v >= 0))")
    sql("CREATE SEQUENCE statements")
    sql("CREATE FUNCTION c() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN PERFORM nextval('statements'); RETURN NULL; END $$")
    sql("CREATE TRIGGER c BEFORE INSERT ON t FOR EACH STATEMENT "
        "EXECUTE FUNCTION c()")
    s = sink()
    assert offsets(s.put([(1, {"v": n}) for n in range(5000)] +
                         [(1, {"v": -1})])) == [5000]
    assert sql("SELECT * FROM t") == [(1, 4999)]
    assert sql("SELECT last_value FROM statements")[0][0] < 60


def test_without_tolerance_the_bad_record_is_named(sql, sink):
    sql("CREATE TABLE t (id int PRIMARY KEY, v int, w int)")
    s = sink()
    s.ask("intolerant")
    with pytest.raises(PluginError, match="column v") as e:
        s.put([(1, {"v": "x"}), (1, {"w": 1})])
    assert e.value.code == "DATA"
    assert sql("SELECT count(*) FROM t") == [(0,)]
