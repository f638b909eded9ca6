"""Offsets that an operator changes, where a connector has a say: a Postgres
sink keeps positions of its own, a Postgres source refuses what it could not
go on from. (What is as in Kafka Connect stands in test_rest.)"""

import json

import pytest

from support import configs
from support.env import wait_for
from support.rest import RestError

SCHEMAS = {"value.converter": configs.JSON,
           "value.converter.schemas.enable": "true"}
SCHEMA = {"type": "struct", "optional": False,
          "fields": [{"field": "id", "type": "int32", "optional": False}]}


@pytest.fixture(scope="module")
def one_worker(shared_worker, kafka):
    return shared_worker(kafka.bootstrap)


def stop(rest, name):
    rest.stop_connector(name)
    rest.wait_state(name, "STOPPED", tasks=0)


def test_a_postgres_sinks_own_positions_change_with_the_groups(
        one_worker, kafka, topic, postgres, db, unique):
    rest, t, snk = one_worker.rest, topic("t"), unique("snk")
    kafka.produce(t, [json.dumps({"schema": SCHEMA, "payload": {"id": i}})
                      for i in range(5)])
    rest.create(snk, configs.postgres_sink(
        postgres, db, t, "rows", auto_create="true", **SCHEMAS))

    def wait_rows(expected):
        wait_for(f"rows {expected}", lambda: postgres.value(
            db, "SELECT array_agg(id ORDER BY id) FROM rows") == expected)
    wait_for("the table", lambda: postgres.value(
        db, "SELECT to_regclass('rows') IS NOT NULL"))
    wait_rows([0, 1, 2, 3, 4])
    stop(rest, snk)
    where = {"kafka_topic": t, "kafka_partition": "0"}
    for wrong in ({"position": 3}, {"kafka_offset": "three"}):
        with pytest.raises(RestError) as e:
            rest.call("PATCH", f"/connectors/{snk}/offsets", {
                "offsets": [{"partition": where, "offset": wrong}]})
        assert e.value.status == 400, e.value.text
    answer = rest.call("PATCH", f"/connectors/{snk}/offsets", {
        "offsets": [{"partition": where, "offset": {"kafka_offset": "3"}}]})
    assert answer["message"] == ("The offsets for this connector have been "
                                 "altered successfully")
    rest.resume(snk)
    wait_rows([0, 1, 2, 3, 3, 4, 4])
    stop(rest, snk)
    answer = rest.call("DELETE", f"/connectors/{snk}/offsets")
    assert answer["message"] == ("The offsets for this connector have been "
                                 "reset successfully")
    rest.resume(snk)
    wait_rows(sorted([0, 1, 2, 3, 3, 4, 4] + list(range(5))))
    rest.delete(snk)


def test_a_postgres_source_goes_on_where_it_is_told_to(
        one_worker, kafka, postgres, db, unique):
    rest, prefix, src = one_worker.rest, unique("p") + ".", unique("src")
    postgres.execute(db, "CREATE TABLE rows (id int PRIMARY KEY)")
    postgres.execute(db, "INSERT INTO rows SELECT generate_series(1, 5)")
    t = kafka.create_topic(prefix + "rows")
    rest.create(src, configs.postgres_source(postgres, db, "rows", prefix))
    wait_for("five records", lambda: kafka.size(t) == 5)
    wait_for("an offset", lambda: [
        o for o in rest.offsets(src) if o["offset"]["incrementing"] == 5])
    stop(rest, src)
    [stored] = rest.offsets(src)

    def alter(partition, offset):
        return rest.request("PATCH", f"/connectors/{src}/offsets", {
            "offsets": [{"partition": partition, "offset": offset}]})
    for partition, offset, says in (
            ({"tabel": "x"}, {"incrementing": 3}, "'table' or 'query'"),
            (stored["partition"], {"incrementing": "3"}, "an integer"),
            (stored["partition"], {"incremental": 3}, "'incrementing'"),
            (stored["partition"], {**stored["offset"], "incrementing": 3},
             "leave out 'penstock'")):
        r = alter(partition, offset)
        assert r.status_code == 500 and says in r.json()["message"], r.text
    assert rest.offsets(src) == [stored]
    assert alter(stored["partition"], stored["offset"]).status_code == 200
    assert alter(stored["partition"], {"incrementing": 3}).status_code == 200
    rest.resume(src)
    wait_for("two more records", lambda: kafka.size(t) == 7)
    rest.delete(src)


def test_a_task_starts_with_more_offsets_than_its_channel_holds(
        kafka, new_worker, topic, folder):
    """90 MB: a worker that wrote all at once ended the task for not reading
    it."""
    worker, t = new_worker(kafka.bootstrap), topic("lines")
    value = json.dumps({"position": 1, "pad": 90000 * "x"})
    kafka.produce(worker.properties["offset.storage.topic"], [
        {"key": json.dumps(["src", {"filename": f"/{i}"}],
                           separators=(",", ":")), "value": value}
        for i in range(1000)])
    with open(folder + "/in", "w", encoding="ascii") as f:
        f.write("line\n")
    worker.rest.create("src", configs.file_source(folder + "/in", t))
    kafka.wait_records(t, 1)
    assert worker.rest.status("src")["tasks"][0]["restarts"] == 0
    assert len(worker.rest.offsets("src")) >= 1000
