"""configs: connector configurations as tests use them. Keyword arguments are
keys in keyword form and win: insert_mode="upsert"."""

from . import s3 as gateway

STRING = "org.apache.kafka.connect.storage.StringConverter"
JSON = "org.apache.kafka.connect.json.JsonConverter"


def _config(base, over):
    base.update({k.replace("_", "."): v for k, v in over.items()})
    # Tests kill what they test: they do not wait for the second try.
    base.setdefault("errors.restart.delay.initial.ms", "200")
    base.setdefault("errors.restart.delay.max.ms", "1000")
    return base


def file_source(path, topic, **over):
    return _config({
        "connector.class": "FileStreamSource", "file": path, "topic": topic,
        "value.converter": STRING}, over)


def file_sink(path, topic, **over):
    return _config({
        "connector.class": "FileStreamSink", "file": path, "topics": topic,
        "key.converter": STRING,
        "value.converter": STRING}, over)


def postgres_source(postgres, db, table, prefix, **over):
    return _config({
        "connector.class": "io.confluent.connect.jdbc.JdbcSourceConnector",
        "connection.url": postgres.jdbc(db), "connection.user": "postgres",
        "mode": "incrementing", "incrementing.column.name": "id",
        "table.whitelist": table, "topic.prefix": prefix,
        "poll.interval.ms": "100"}, over)


def postgres_sink(postgres, db, topic, table, **over):
    return _config({
        "connector.class": "io.confluent.connect.jdbc.JdbcSinkConnector",
        "key.converter": STRING,
        "connection.url": postgres.jdbc(db), "connection.user": "postgres",
        "topics": topic, "table.name.format": table}, over)


def s3_sink(s3, bucket, topic, **over):
    return _config({
        "connector.class": "io.confluent.connect.s3.S3SinkConnector",
        "key.converter": STRING,
        "topics": topic, "store.url": s3.url, "s3.region": gateway.REGION,
        "s3.bucket.name": bucket, "s3.path.style.access.enabled": "true",
        "aws.access.key.id": gateway.ACCESS_KEY,
        "aws.secret.access.key": gateway.SECRET_KEY,
        "storage.class": "io.confluent.connect.s3.storage.S3Storage",
        "format.class": "io.confluent.connect.s3.format.json.JsonFormat",
        "flush.size": "100", "retry.backoff.ms": "200"}, over)


def http_sink(url, topic, **over):
    return _config({
        "connector.class": "io.aiven.kafka.connect.http.HttpSinkConnector",
        "key.converter": STRING,
        "topics": topic, "http.url": url, "http.authorization.type": "none",
        "batching.enabled": "true", "batch.max.size": "50",
        "batch.prefix": "[", "batch.suffix": "]", "batch.separator": ",",
        "retry.backoff.ms": "100"}, over)
