"""The same records through each converter, as a sink sees them; keys and
headers too. What a converter cannot read names its class."""

import json
import struct

import pytest

from support import configs, env
from support.env import wait_for
from support.files import lines_of

STORAGE = "org.apache.kafka.connect.storage."
CONVERTERS = "org.apache.kafka.connect.converters."
SCHEMA = {"type": "struct", "optional": False, "name": "row", "fields": [
    {"type": "int32", "optional": False, "field": "id"},
    {"type": "string", "optional": True, "field": "name"}]}
ENVELOPE = json.dumps({"schema": SCHEMA, "payload": {"id": 7, "name": "x"}})


@pytest.fixture(scope="module")
def observing(kafka, shared_worker):
    """a worker that has the observer"""
    return shared_worker(
        kafka.bootstrap,
        plugin_path=f"{env.BUILD}/plugins,{env.BUILD}/fixtures")


@pytest.fixture
def observed(observing, kafka, topic, folder, unique):
    """observed(records, **config): the observer's lines, split"""
    def make(records, **config):
        t, name = topic("t"), unique("obs")
        kafka.produce(t, records)
        observing.rest.create(name, {
            "connector.class": "ObserverSink", "file": folder + "/seen",
            "topics": t, **{k.replace("_", "."): v
                            for k, v in config.items()}})
        wait_for("the observer", lambda: len(
            lines_of(folder + "/seen")) == len(records))
        observing.rest.delete(name)
        return [line.split("\t")[2:] for line in lines_of(folder + "/seen")]
    return make


def converter(side, name, **more):
    return {f"{side}.converter": name,
            **{f"{side}.converter.{k.replace('_', '.')}": v
               for k, v in more.items()}}


@pytest.mark.parametrize("name,more,raw,seen,schema", [
    ("JsonConverter", {"schemas_enable": "true"}, ENVELOPE.encode(),
     "struct:2", "schema"),
    ("JsonConverter", {"schemas_enable": "false"}, b'{"id":7,"name":"x"}',
     "map:2", "free"),
    ("JsonConverter", {"schemas_enable": "false"}, b"7", "int64:7", "free"),
    ("JsonConverter", {"schemas_enable": "false"}, b"7.5", "float64:7.5",
     "free"),
    (STORAGE + "StringConverter", {}, "grün".encode(), "string:grün",
     "schema"),
    (CONVERTERS + "ByteArrayConverter", {}, b"\x00\xff\x07", "bytes:00ff07",
     "schema"),
    (CONVERTERS + "LongConverter", {}, struct.pack(">q", -7), "int64:-7",
     "schema"),
    (CONVERTERS + "IntegerConverter", {}, struct.pack(">i", 7), "int32:7",
     "schema"),
    (CONVERTERS + "ShortConverter", {}, struct.pack(">h", 7), "int16:7",
     "schema"),
    (CONVERTERS + "DoubleConverter", {}, struct.pack(">d", 2.5),
     "float64:2.5", "schema"),
    (CONVERTERS + "FloatConverter", {}, struct.pack(">f", 2.5),
     "float32:2.5", "schema"),
    (CONVERTERS + "BooleanConverter", {}, b"\x01", "boolean:true", "schema"),
])
def test_keys_and_values(observed, name, more, raw, seen, schema):
    """The same converter on both sides; null stays null."""
    if "." not in name:
        name = "org.apache.kafka.connect.json." + name
    rows = observed([{"key": raw, "value": raw}, {"key": None, "value": raw},
                     {"key": raw, "value": None}],
                    **converter("key", name, **more),
                    **converter("value", name, **more))
    assert [r[:2] for r in rows] == [
        [seen, seen], ["null", seen], [seen, "null"]]
    assert rows[0][2] == schema


def test_headers_are_inferred_by_the_default_converter(observed):
    headers = [("text", b"hello"), ("small", b"7"), ("flag", b"true"),
               ("big", b"5000000000"), ("none", None), ("twice", b"1"),
               ("twice", b"2")]
    rows = observed([{"value": b"x", "headers": headers}],
                    **converter("value", STORAGE + "StringConverter"))
    assert rows[0][3:] == ["text=string:hello", "small=int8:7",
                           "flag=boolean:true", "big=int64:5000000000",
                           "none=null", "twice=int8:1", "twice=int8:2"]


@pytest.mark.parametrize("name,more,raw,seen", [
    (configs.JSON, {"schemas_enable": "true"}, ENVELOPE.encode(), "struct:2"),
    (configs.JSON, {"schemas_enable": "false"}, b'{"id":7}', "map:1"),
    (STORAGE + "StringConverter", {}, b"7", "string:7"),
    (STORAGE + "SimpleHeaderConverter", {}, b"7", "int8:7"),
    (CONVERTERS + "ByteArrayConverter", {}, b"7", "bytes:37"),
    (CONVERTERS + "BooleanConverter", {}, b"\x01", "boolean:true"),
    (CONVERTERS + "ShortConverter", {}, struct.pack(">h", 7), "int16:7"),
    (CONVERTERS + "IntegerConverter", {}, struct.pack(">i", 7), "int32:7"),
    (CONVERTERS + "LongConverter", {}, struct.pack(">q", 7), "int64:7"),
    (CONVERTERS + "FloatConverter", {}, struct.pack(">f", .5), "float32:0.5"),
    (CONVERTERS + "DoubleConverter", {}, struct.pack(">d", .5),
     "float64:0.5"),
])
def test_headers_are_read_by_the_converter_that_is_asked_for(
        observed, name, more, raw, seen):
    rows = observed([{"value": b"x", "headers": [("h", raw), ("n", None)]}],
                    **converter("value", STORAGE + "StringConverter"),
                    **converter("header", name, **more))
    assert rows[0][3:] == ["h=" + seen, "n=null"]


def test_all_of_connects_header_converters_are_listed(worker):
    listed = worker.rest.get("/connector-plugins?connectorsOnly=false")
    of = {kind: {p["class"] for p in listed if p["type"] == kind}
          for kind in ("converter", "header_converter")}
    connects = {name for name in of["converter"]
                if name.startswith("org.apache.kafka.")}
    assert connects < of["header_converter"]
    assert of["header_converter"] - connects == {
        STORAGE + "SimpleHeaderConverter"}


def in_both(*names):
    return {f"{n}${side}" for n in names for side in ("Key", "Value")}


LISTED = {
    "transformation": in_both(*("org.apache.kafka.connect.transforms." + n for n in (
        "Cast", "ExtractField", "Flatten", "HeaderFrom", "HoistField",
        "InsertField", "MaskField", "ReplaceField", "SetSchemaMetadata",
        "TimestampConverter")), "io.confluent.connect.transforms.Filter")
    | {"org.apache.kafka.connect.transforms." + n for n in (
        "DropHeaders", "Filter", "InsertHeader", "RegexRouter",
        "TimestampRouter", "ValueToKey")}
    | {"io.debezium.transforms." + n for n in (
        "ByLogicalTableRouter", "ExtractNewRecordState",
        "outbox.EventRouter")}
    | {"io.confluent.connect.transforms." + n for n in (
        "MessageTimestampRouter", "TombstoneHandler")},
    "predicate": {"org.apache.kafka.connect.transforms.predicates." + n
                  for n in ("HasHeaderKey", "RecordIsTombstone",
                            "TopicNameMatches")},
    "converter": {"io.confluent.connect.avro.AvroConverter",
                  "io.confluent.connect.json.JsonSchemaConverter",
                  "io.confluent.connect.protobuf.ProtobufConverter",
                  "org.apache.kafka.connect.json.JsonConverter"}}


def test_everything_is_listed_by_its_java_name_and_found_by_ours(worker):
    listed = worker.rest.get("/connector-plugins?connectorsOnly=false")
    for kind, names in LISTED.items():
        assert not names - {p["class"] for p in listed if p["type"] == kind}
    for name in ("EventRouter", "TombstoneHandler", "AvroConverter",
                 "TopicNameMatches", "RegexRouter"):
        assert worker.rest.get(f"/connector-plugins/{name}/config")


def test_the_workers_converters_are_the_default(observing, observed):
    assert observing.properties["value.converter.schemas.enable"] == "false"
    rows = observed([{"key": b"1", "value": b'{"a":1}'}])
    assert rows[0][:2] == ["int64:1", "map:1"]


@pytest.mark.parametrize("name,raw", [
    (CONVERTERS + "LongConverter", b"short"),
    (CONVERTERS + "BooleanConverter", b"\x02\x00"),
    ("org.apache.kafka.connect.json.JsonConverter", b'{"a":1}'),
    ("org.apache.kafka.connect.json.JsonConverter", b"{nonsense"),
])
@pytest.mark.parametrize("side", ["key", "value"])
def test_what_cannot_be_read_names_the_converter(observing, kafka, topic,
                                                 folder, unique, name, raw,
                                                 side):
    t, snk = topic("t"), unique("bad")
    kafka.produce(t, [{"key": b"1", "value": b"1", side: raw}])
    text = converter("value" if side == "key" else "key",
                     STORAGE + "StringConverter")
    observing.rest.create(snk, {
        "connector.class": "ObserverSink", "file": folder + "/seen",
        "topics": t, **text, **converter(side, name, schemas_enable="true"),
        "errors.tolerance": "all",
        "errors.deadletterqueue.topic.name": t + ".dead",
        "errors.deadletterqueue.topic.replication.factor": "1",
        "errors.deadletterqueue.context.headers.enable": "true"})
    wait_for("the topic", lambda: t + ".dead" in kafka.topics())
    dead = kafka.wait_records(t + ".dead", 1)[0]
    headers = dict(dead.headers)
    assert (dead.key, dead.value)[side == "value"] == raw
    assert headers["__connect.errors.class.name"] == name.encode()
    assert headers["__connect.errors.stage"] == \
        f"{side.upper()}_CONVERTER".encode()
    wait_for("the position", lambda: kafka.committed("connect-" + snk)
             == {(t, 0): 1})
    observing.rest.delete(snk)


@pytest.mark.parametrize("value,wanted", [
    (converter("value", STORAGE + "StringConverter"), b"line"),
    (converter("value", configs.JSON, schemas_enable="false"), b'"line"'),
    (converter("value", configs.JSON, schemas_enable="true"),
     {"schema": {"type": "string", "optional": False}, "payload": "line"}),
])
def test_a_source_writes_what_its_converter_makes(worker, kafka, topic,
                                                  folder, value, wanted):
    t = topic("t")
    with open(folder + "/in", "w", encoding="utf-8") as f:
        f.write("line\n")
    worker.rest.create("src", {**configs.file_source(folder + "/in", t),
                               **value})
    found = kafka.wait_records(t, 1)[0]
    if isinstance(wanted, dict):
        assert json.loads(found.value) == wanted
    else:
        assert found.value == wanted
    assert found.key is None


def test_numbers_in_keys_become_the_primary_key(worker, kafka, topic,
                                                postgres, db, unique):
    t, snk = topic("t"), unique("snk")
    postgres.execute(db, "CREATE TABLE t (id bigint PRIMARY KEY, name text)")
    kafka.produce(t, [{"key": struct.pack(">q", n),
                       "value": json.dumps({"name": f"n{n}"})}
                      for n in (1, 2, 1 << 40)])
    worker.rest.create(snk, configs.postgres_sink(
        postgres, db, t, "t", pk_mode="record_key", pk_fields="id",
        insert_mode="upsert", **converter(
            "key", CONVERTERS + "LongConverter")))
    postgres.wait_count(db, "SELECT count(*) FROM t", 3)
    assert postgres.value(db, "SELECT max(id) FROM t") == 1 << 40


@pytest.mark.parametrize("value,raw,wanted", [
    (converter("value", configs.JSON, schemas_enable="true"),
     ENVELOPE.encode(), {"id": 7, "name": "x"}),
    (converter("value", configs.JSON, schemas_enable="false"),
     b'{"id":7,"name":"x"}', {"id": 7, "name": "x"}),
    (converter("value", STORAGE + "StringConverter"), b'{"id":7}',
     {"id": 7}),
])
def test_http_sends_json_of_what_was_converted(worker, kafka, topic, receiver,
                                               unique, value, raw, wanted):
    t, snk = topic("t"), unique("snk")
    kafka.produce(t, [raw, raw])
    worker.rest.create(snk, {**configs.http_sink(receiver.url + "/in", t),
                             **value})
    wait_for("the records", lambda: sum(
        len(r.json()) for r in receiver.accepted()) == 2)
    assert [v for r in receiver.accepted() for v in r.json()] == [wanted] * 2


@pytest.mark.parametrize("value,raw,wanted", [
    (converter("value", configs.JSON, schemas_enable="true"),
     ENVELOPE.encode(), "Struct{id=7,name=x}"),
    (converter("value", configs.JSON, schemas_enable="false"),
     b'{"id":7}', "{id=7}"),
    (converter("value", CONVERTERS + "LongConverter"),
     struct.pack(">q", -7), "-7"),
    (converter("value", STORAGE + "StringConverter"), b"plain", "plain"),
])
def test_a_file_gets_the_text_that_java_makes(worker, kafka, topic, folder,
                                              unique, value, raw, wanted):
    t, snk = topic("t"), unique("snk")
    kafka.produce(t, [raw])
    worker.rest.create(snk, {**configs.file_sink(folder + "/out", t),
                             **value})
    wait_for("the line", lambda: lines_of(folder + "/out") == [wanted])
