"""paths: for each path its goal, and how its floors and penstock run it."""

import json
import os

from endpoint import Endpoint
from engine import Plan
from support import s3

STRING = "org.apache.kafka.connect.storage.StringConverter"
JSON = "org.apache.kafka.connect.json.JsonConverter"
BYTES = "org.apache.kafka.connect.converters.ByteArrayConverter"

ORDERS = """CREATE TABLE orders AS SELECT i::bigint AS id,
    (i::bigint * 7919 % 100000) AS customer_id,
    (ARRAY['new','paid','packed','shipped','returned'])[1 + i % 5] AS status,
    (i % 100000 / 100.0)::numeric(12,2) AS amount,
    'a note of some length to order ' || lpad(i::text, 6, '0') AS note,
    timestamptz '2025-01-01' + i * interval '1 second' AS created_at,
    timestamptz '2025-01-02' + i * interval '1 second' AS updated_at
    FROM generate_series(1, {rows}) i"""
COLUMNS = ("id", "customer_id", "status", "amount", "note", "created_at",
           "updated_at")
VIEW = """CREATE {kind} TABLE {name} (id bigint {pk}, customer_id bigint,
    status text, amount double precision, note text, created_at text,
    updated_at text)"""
SCHEMA = {"type": "struct", "optional": False, "name": "orders", "fields": [
    {"field": f, "optional": f != "id", "type": t} for f, t in zip(
        COLUMNS, ("int64", "int64", "string", "double", "string", "string",
                  "string"))]}
PRODUCER = {
    "producer.override.compression.type": "lz4",
    "producer.override.linger.ms": 20,
    "producer.override.batch.size": 500000,
    "producer.override.enable.idempotence": True,
}
FILE_LINE = 119  # bytes, its newline not among them
S3_LINE = 100
S3_PART = 8 << 20
S3_OBJECT = 80000  # rows: one part
UPSERT_STEP = 50000
HTTP_BATCH = 1000  # lines in a request


def produce(b, path, lines, rows):
    return lambda: b.floor("produce", b.kafka.bootstrap, b.topic(path), rows,
                           lines)


def consume(b, topic, rows):
    return lambda: b.floor("consume", b.kafka.bootstrap, topic, rows)


def orders(b):
    if not b.postgres.value(
            "bench", "SELECT to_regclass('orders') IS NOT NULL"):
        b.postgres.execute("bench", ORDERS.format(rows=b.rows))
        b.postgres.execute("bench", "ALTER TABLE orders ADD PRIMARY KEY (id)")
        b.postgres.execute("bench", "VACUUM ANALYZE orders")


def orders_as_json(b):
    path = f"{b.folder}/orders.json"
    with b.postgres.connect("bench") as conn, open(path, "wb") as f:
        conn.cursor().copy_expert(
            "COPY (SELECT row_to_json(o) FROM orders o LIMIT 100000) "
            "TO STDOUT", f)
    return path


def pg_topic(b, path, more=None):
    """more: keys of the connector beside the usual ones"""
    orders(b)
    dsn, sample = b.postgres.dsn("bench"), orders_as_json(b)
    line = os.path.getsize(sample) / 100000

    def penstock():
        b.number += 1
        topic = b.kafka.create_topic(f"bulk-{b.number}-orders")
        return b.penstock(path, {
            "connector.class":
                "io.confluent.connect.jdbc.JdbcSourceConnector",
            "connection.url": b.postgres.jdbc("bench"),
            "connection.user": "postgres",
            "mode": "bulk",
            "table.whitelist": "orders",
            "topic.prefix": topic[:-len("orders")],
            "poll.interval.ms": 3600000,
            "numeric.mapping": "best_fit",
            "value.converter": JSON,
            "value.converter.schemas.enable": False,
            **PRODUCER, **(more or {}),
        }, b.rows, line * b.rows, b.records(topic))

    return Plan([
        ("F1 COPY text", lambda: b.floor(
            "copy_out", dsn, "COPY orders TO STDOUT")),
        ("F1 COPY binary", lambda: b.floor(
            "copy_out", dsn, "COPY orders TO STDOUT (FORMAT binary)")),
        ("F3 produce", produce(b, path, sample, b.rows)),
    ], penstock, beside=("F1 COPY binary",))


def file_topic(b, path):
    lines = b.plain_lines(FILE_LINE)

    def penstock():
        topic = b.topic(path)
        return b.penstock(path, {
            "connector.class": "FileStreamSource", "file": lines,
            "topic": topic, "batch.size": 5000, "value.converter": STRING,
            **PRODUCER,
        }, b.rows, os.path.getsize(lines), b.records(topic))

    return Plan([
        ("F8 read", lambda: b.floor("file", "read", lines)),
        ("F3 produce", produce(b, path, lines, b.rows)),
    ], penstock)


def topic_file(b, path):
    lines = b.plain_lines(FILE_LINE)
    size, out = os.path.getsize(lines), f"{b.folder}/sink"
    topic = b.produced(path, lines, b.rows)

    def progress():
        if not os.path.exists(out):
            return 0
        return os.path.getsize(out) // (FILE_LINE + 1)

    def penstock():
        os.path.exists(out) and os.unlink(out)
        return b.penstock(path, {
            "connector.class": "FileStreamSink", "file": out,
            "topics": topic, "key.converter": STRING,
            "value.converter": STRING,
            "consumer.override.max.poll.records": 5000,
        }, b.rows, size, progress)

    return Plan([
        ("F4 consume", consume(b, topic, b.rows)),
        ("F8 write", lambda: b.floor("file", "write", out, b.rows,
                                     FILE_LINE + 1)),
    ], penstock)


def order(i):
    return {"id": i, "customer_id": i * 7919 % 100000, "status": "packed",
            "amount": i % 100000 / 100, "note": f"a note of some length to "
            f"order {i:06d}", "created_at": "2025-01-01T00:00:00Z",
            "updated_at": "2025-01-02T00:00:00Z"}


def upserts(start):
    updates = ", ".join(f"{c} = excluded.{c}" for c in COLUMNS[1:])
    return (f"INSERT INTO target SELECT * FROM staging WHERE id > {start} "
            f"AND id <= {start + UPSERT_STEP} "
            f"ON CONFLICT (id) DO UPDATE SET {updates}")


def topic_pg(b, path):
    dsn, schema, count = b.postgres.dsn("bench"), json.dumps(SCHEMA), \
        b.rows // 4
    records = b.lines("records.json", lambda i: '{"schema":' + schema +
                      ',"payload":' + json.dumps(order(i)) + "}", count)
    rows = b.lines("rows.copy", lambda i: "\t".join(
        map(str, order(i).values())), count)
    topic = b.produced(path, records, count)

    def make(kind, name, pk):
        b.postgres.execute("bench", f"DROP TABLE IF EXISTS {name}")
        b.postgres.execute("bench", VIEW.format(kind=kind, name=name, pk=pk))
        b.postgres.execute("bench", "CHECKPOINT")

    def copy():
        make("UNLOGGED", "staging", "")
        return b.floor("copy_in", dsn, "COPY staging FROM STDIN", rows)

    def upsert():
        make("", "target", "PRIMARY KEY")
        return b.floor("sql", dsn, *[
            upserts(i) for i in range(0, count, UPSERT_STEP)])

    conn = b.postgres.connect("bench")  # a new one costs as much as rows
    conn.autocommit = True

    def progress():
        with conn.cursor() as cursor:
            cursor.execute("SELECT coalesce(max(id), 0) FROM target")
            return cursor.fetchone()[0]

    def penstock():
        make("", "target", "PRIMARY KEY")
        return b.penstock(path, {
            "connector.class":
                "io.confluent.connect.jdbc.JdbcSinkConnector",
            "connection.url": b.postgres.jdbc("bench"),
            "connection.user": "postgres",
            "topics": topic, "table.name.format": "target",
            "insert.mode": "upsert", "pk.mode": "record_value",
            "pk.fields": "id", "batch.size": 3000,
            "key.converter": STRING, "value.converter": JSON,
            "value.converter.schemas.enable": True,
        }, count, os.path.getsize(rows), progress)

    return Plan([
        ("F4 consume", consume(b, topic, count)),
        ("F5 COPY in", copy),
        ("F6 upsert", upsert),
    ], penstock, in_turn=("F5 COPY in", "F6 upsert"))


def topic_s3(b, path):
    lines = b.plain_lines(S3_LINE)
    size = os.path.getsize(lines)
    topic = b.produced(path, lines, b.rows)

    def put():
        b.number += 1
        return b.floor(
            "put", f"{b.s3.url}/bench/floor-{b.number}-",
            f"{s3.ACCESS_KEY}:{s3.SECRET_KEY}", s3.REGION,
            b.rows // S3_OBJECT, S3_OBJECT * (S3_LINE + 1),
            row_size=S3_LINE + 1)

    def penstock():
        b.number += 1
        folder = f"topics-{b.number}"
        return b.penstock(path, {
            "connector.class": "io.confluent.connect.s3.S3SinkConnector",
            "topics": topic, "s3.bucket.name": "bench",
            "s3.region": s3.REGION, "store.url": b.s3.url,
            "s3.path.style.access.enabled": True,
            "aws.access.key.id": s3.ACCESS_KEY,
            "aws.secret.access.key": s3.SECRET_KEY,
            "storage.class": "io.confluent.connect.s3.storage.S3Storage",
            "format.class":
                "io.confluent.connect.s3.format.bytearray.ByteArrayFormat",
            "format.bytearray.separator": "\n", "topics.dir": folder,
            "flush.size": S3_OBJECT, "s3.part.size": S3_PART,
            "key.converter": STRING, "value.converter": BYTES,
        }, b.rows, size, lambda: len(
            b.s3.keys("bench", f"{folder}/")) * S3_OBJECT)

    return Plan([
        ("F4 consume", consume(b, topic, b.rows)),
        ("F7 PUT", put),
    ], penstock)


def topic_http(b, path):
    lines = b.plain_lines(FILE_LINE)
    topic = b.produced(path, lines, b.rows)
    endpoint = b.beside(Endpoint())

    def penstock():
        before = endpoint.records
        return b.penstock(path, {
            "connector.class":
                "io.aiven.kafka.connect.http.HttpSinkConnector",
            "topics": topic, "http.url": endpoint.url,
            "http.authorization.type": "none", "batch.format": "ndjson",
            "batch.max.size": HTTP_BATCH, "key.converter": STRING,
            "value.converter": STRING,
        }, b.rows, os.path.getsize(lines),
            lambda: endpoint.records - before)

    return Plan([
        ("F4 consume", consume(b, topic, b.rows)),
        ("F9 POST", lambda: b.floor("post", endpoint.url, lines, HTTP_BATCH,
                                    row_size=FILE_LINE + 1)),
    ], penstock)


# Share of the slowest floor (or so many rows/s), and CPU-s/M at most; no share
# is no goal yet.
PATHS = {
    "pg-topic": ((0.6, None, 2.5), pg_topic),
    "file-topic": ((0.6, None, 1.5), file_topic),
    "topic-pg": ((0.6, None, 3), topic_pg),
    "topic-file": ((0.6, None, 1.5), topic_file),
    "topic-s3": ((1, 1e6, None), topic_s3),
    "topic-http": ((None, None, None), topic_http),
}
