"""The S3 sink on a real gateway, as a worker runs it: over TLS, the bucket in
the path or in the host's name, compressed, cut by record time, and an object
that is larger than the task may be."""

import datetime
import json
import os
import zoneinfo

import pytest

from support import configs, process, stores
from support.drive import Sink
from support.env import wait_for
from support.front import signature
from support.receiver import Reply
from support.s3 import TLS_BUCKET

MIB = 1 << 20


@pytest.fixture
def lake(tls_s3):
    if TLS_BUCKET not in [b["Name"] for b in
                          tls_s3.client.list_buckets()["Buckets"]]:
        tls_s3.create_bucket(TLS_BUCKET)
    return tls_s3


def values(count):
    return [json.dumps({"n": n, "text": "ä" * (n % 7)}).encode()
            for n in range(count)]


def wait_keys(s3, bucket, prefix, count, timeout=60):
    """Until there are so many objects; their names, sorted."""
    def check():
        found = s3.keys(bucket, prefix)
        if len(found) < count:
            raise ValueError(found)
        return sorted(found)
    return wait_for(f"{count} objects", check, timeout)


def named(t, offset, extension, directory="partition=0", partition=0):
    return f"topics/{t}/{directory}/{t}+{partition}+{offset:010}{extension}"


@pytest.mark.parametrize("path_style,codec,extension", [
    ("true", "zstd", ".json.zst"), ("false", "gzip", ".json.gz"),
    ("false", "none", ".json")])
def test_objects_are_stored_over_https(worker, kafka, topic, lake, unique,
                                       path_style, codec, extension):
    if path_style == "false" and not lake.has_virtual_hosts:
        pytest.skip("moto knows no buckets in host names here")
    t, snk = topic("t"), unique("snk")
    given = values(250)
    kafka.produce(t, given)
    worker.rest.create(snk, configs.s3_sink(
        lake, TLS_BUCKET, t, s3_path_style_access_enabled=path_style,
        s3_compression_type=codec, s3_ssl_truststore_location=lake.ca))
    found = wait_keys(lake, TLS_BUCKET, f"topics/{t}/", 2)
    assert found == [named(t, 0, extension), named(t, 100, extension)]
    assert lake.lines(TLS_BUCKET, f"topics/{t}/") == given[:200]
    wait_for("the commit", lambda: kafka.committed("connect-" + snk)
             == {(t, 0): 200})


def test_a_gateway_that_is_not_trusted_is_said(worker, kafka, topic, lake,
                                               unique, folder):
    t, snk = topic("t"), unique("snk")
    kafka.produce(t, values(100))
    config = configs.s3_sink(
        lake, TLS_BUCKET, t,
        s3_ssl_truststore_location=stores.authority(folder + "/other"))
    worker.rest.create(snk, config)
    text = worker.rest.wait_cause(snk, "certificate")
    assert lake.url in text
    config["s3.ssl.truststore.location"] = lake.ca
    worker.rest.put_config(snk, config)
    wait_keys(lake, TLS_BUCKET, f"topics/{t}/", 1)


def as_a_store(index, request):
    """Takes every PUT, and has nothing else."""
    if request.method == "PUT":
        return Reply(headers={"ETag": '"x"'})
    return Reply(404, b"<Error><Code>NoSuchKey</Code></Error>")


@pytest.mark.parametrize("path_style", ["true", "false"])
def test_every_signature_is_what_botocore_makes(receiver, path_style):
    receiver.script(as_a_store)
    with Sink("s3", "S3Sink", store_url="http://s3.invalid:81",
              s3_proxy_url=receiver.url, s3_bucket_name="a-lake",
              s3_path_style_access_enabled=path_style,
              s3_region="eu-central-1",
              aws_access_key_id="AKIA", aws_secret_access_key="a/secret+",
              aws_session_token="temporary/+=", flush_size="2",
              s3_acl_canned="bucket-owner-full-control",
              s3_ssea_name="aws:kms", s3_sse_kms_key_id="arn:aws:kms:k/1",
              topics_dir="ä dir/$x", format_class="io.confluent.connect.s3."
              "format.bytearray.ByteArrayFormat") as s:
        s.start()
        s.open("a.topic")
        s.put([("k", "a"), ("k", "b")], "a.topic")
        wait_for("the object", lambda: s.put([], "a.topic") == [] and [
            r for r in receiver.requests if r.method == "PUT"])
    [put] = [r for r in receiver.requests if r.method == "PUT"]
    host = "" if path_style == "true" else "a-lake."
    assert put.path.startswith(f"http://{host}s3.invalid:81/"), put.path
    assert put.headers["host"] == f"{host}s3.invalid:81"
    assert ("/a-lake/" in put.path) == (path_style == "true")
    for r in receiver.requests:
        given, made = signature(r, "AKIA", "a/secret+", "eu-central-1")
        assert given == made, r.path
    for name in ("x-amz-acl", "x-amz-security-token",
                 "x-amz-server-side-encryption",
                 "x-amz-server-side-encryption-aws-kms-key-id"):
        assert name in put.headers["authorization"] and name in put.headers


def cut_by_time(rows, zone, rotate_ms):
    """[(first offset, folder, its lines)], in order; the last is open."""
    files, base, current = [], None, None
    for offset, (at, line) in enumerate(rows):
        local = datetime.datetime.fromtimestamp(at / 1000, zone)
        where = local.strftime("day=%Y-%m-%d/h=%H")
        if current != where or at - base >= rotate_ms:
            files.append((offset, where, []))
            base, current = at, where
        files[-1][2].append(line)
    return files


def test_record_time_says_where_and_when_files_end(
        worker, kafka, topic, s3, bucket, unique):
    """RecordField, a pattern of its own, a zone with summer time. Every set
    of files is cut where the rule says, whatever the clock; the last one is
    open, and not committed."""
    t, snk = topic("t"), unique("snk")
    start = 1711846200000  # 01:50 in Berlin, ten minutes before summer time
    rows = []
    for minute in [*range(0, 40), 5, *range(40, 100)]:
        at = start + minute * 60000
        rows.append((at, json.dumps({"at": at, "m": minute}).encode()))
    kafka.produce(t, [line for _, line in rows])
    worker.rest.create(snk, configs.s3_sink(
        s3, bucket, t, flush_size=1000000, rotate_interval_ms=900000,
        partitioner_class="io.confluent.connect.storage.partitioner."
        "TimeBasedPartitioner", partition_duration_ms=3600000,
        path_format="'day'=YYYY-MM-dd/'h'=HH", timezone="Europe/Berlin",
        timestamp_extractor="RecordField", timestamp_field="at"))
    files = cut_by_time(rows, zoneinfo.ZoneInfo("Europe/Berlin"), 900000)
    assert {where[-2:] for _, where, _ in files} == {"01", "03", "04"}
    whole = {named(t, offset, ".json", where): lines
             for offset, where, lines in files[:-1]}
    found = wait_keys(s3, bucket, f"topics/{t}/", len(whole))
    assert found == sorted(whole)
    for key, lines in whole.items():
        assert s3.get(bucket, key).splitlines() == lines, key
    wait_for("the commit", lambda: kafka.committed("connect-" + snk)
             == {(t, 0): files[-1][0]})


def written(s3, bucket):
    """{key: when it was written}"""
    return {o["Key"]: o["LastModified"] for o in
            s3.client.list_objects_v2(Bucket=bucket)["Contents"]}


def test_fields_are_folders_and_a_restart_rewrites_the_same(
        worker, kafka, topic, s3, bucket, unique):
    t, snk = topic("t", partitions=2), unique("snk")
    kafka.produce(t, [{"value": json.dumps(
        {"shop": {"town": f"t/{n % 3}"}, "open": n % 2 == 0, "n": n}),
        "partition": n % 2} for n in range(400)])
    config = configs.s3_sink(
        s3, bucket, t, flush_size=50,
        partitioner_class="io.confluent.connect.storage.partitioner."
        "FieldPartitioner", partition_field_name="shop.town,open")
    worker.rest.create(snk, config)
    found = wait_keys(s3, bucket, f"topics/{t}/", 2 * 4 * 3)
    assert len(found) == 2 * 4 * 3
    rows = {}
    for key in found:
        for line in s3.get(bucket, key).splitlines():
            row = json.loads(line)
            rows[row["n"]] = row
            assert f"/shop.town=t%2F{row['n'] % 3}/open=" \
                f"{str(row['open']).lower()}/{t}+{row['n'] % 2}+" in key
    assert sorted(rows) == list(range(400))
    before = {key: s3.get(bucket, key) for key in found}
    times = written(s3, bucket)
    worker.rest.stop_connector(snk)
    worker.rest.wait_state(snk, "STOPPED")
    worker.rest.call("DELETE", f"/connectors/{snk}/offsets")
    worker.rest.resume(snk)
    wait_for("the commits", lambda: kafka.committed("connect-" + snk)
             == {(t, 0): 200, (t, 1): 200})
    assert {key: s3.get(bucket, key)
            for key in s3.keys(bucket, f"topics/{t}/")} == before
    assert written(s3, bucket) == times, "known by their ETags, they stay"


def test_an_object_is_larger_than_the_task_may_be(
        worker, kafka, topic, s3, bucket, unique, capsys):
    t, snk = topic("t"), unique("snk")
    value = b'{"text":"' + os.urandom(5000).hex().encode() + b'"}'
    count = 240 * MIB // len(value)
    kafka.produce(t, [value] * count)
    worker.rest.create(snk, configs.s3_sink(
        s3, bucket, t, flush_size=count, s3_part_size=5 * MIB,
        task_memory_bytes=160 * MIB))
    pid = worker.wait_task(snk)
    wait_keys(s3, bucket, f"topics/{t}/", 1, timeout=120)
    peak = process.peak(pid)
    with capsys.disabled():
        print(f"\nan object of {count * len(value) // MIB} MiB: task peak "
              f"{peak / MIB:.0f} MiB RSS")
    assert worker.pid_of_task(snk) == pid
    assert peak < 100 * MIB
    made = s3.client.head_object(Bucket=bucket, Key=named(t, 0, ".json"))
    assert made["ContentLength"] == count * (len(value) + 1)
    assert int(made["ETag"].strip('"').split("-")[1]) > 40
    assert s3.unfinished(bucket) == []
