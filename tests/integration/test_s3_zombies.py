"""Two tasks that both take a Kafka partition for theirs (D1): one is stopped
before it writes its file, another takes over and writes a longer one, and the
first goes on. On a real gateway."""

import json
import signal
import time

import pytest

from support import sinks
from support.drive import PluginError
from support.env import wait_for
from support.s3 import ACCESS_KEY, REGION, SECRET_KEY

KEY = "topics/t/partition=0/t+0+0000000000.json"
IDLE = 0.5  # seconds after which a file is complete


def sink(s3, bucket, **config):
    return sinks.s3(s3.url, s3_bucket_name=bucket, s3_region=REGION,
                    aws_access_key_id=ACCESS_KEY,
                    aws_secret_access_key=SECRET_KEY, s3_part_size=5242880,
                    rotate_interval_ms=int(IDLE * 1000),
                    format_bytearray_extension=".json",
                    **{"flush_size": 4, **config})


def rows(first, last, size):
    return [("k", json.dumps({"n": n, "text": "x" * size}))
            for n in range(first, last)]


def state(s3, bucket):
    """{key: (ETag, bytes)} of all there is, logs too"""
    found = s3.client.list_objects_v2(Bucket=bucket).get("Contents", [])
    return {o["Key"]: (o["ETag"], s3.get(bucket, o["Key"])) for o in found}


def numbers(body):
    return [json.loads(line)["n"] for line in body.splitlines()]


def commit(s, offset):
    def check():
        s.put([])
        return s.pre_commit(offset) == offset
    wait_for(f"the commit of {offset}", check)


def until_it_fails(s):
    """The error that ends the task."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            s.put([])
        except PluginError as e:
            return e
    raise AssertionError("the stopped task goes on")


def stop(s):
    s.process.send_signal(signal.SIGSTOP)


def cont(s):
    s.process.send_signal(signal.SIGCONT)


@pytest.mark.parametrize("size,parts", [(10, None), (3 << 20, 2)],
                         ids=["PUT", "CompleteMultipartUpload"])
def test_a_stopped_task_writes_nothing_over_its_successors_file(
        s3, bucket, size, parts):
    """It has two records and is stopped; while it is, its file becomes due.
    The other one has four by then."""
    with sink(s3, bucket) as zombie, sink(s3, bucket) as heir:
        zombie.start()
        zombie.open()
        zombie.put(rows(0, 2, size))
        stop(zombie)
        heir.start()
        heir.open()
        heir.put(rows(0, 4, size))
        commit(heir, 4)
        before = state(s3, bucket)
        assert numbers(before[KEY][1]) == [0, 1, 2, 3]
        if parts:
            assert before[KEY][0].endswith(f'-{parts}"')
        time.sleep(IDLE)  # that long it stands
        cont(zombie)
        error = until_it_fails(zombie)
        assert error.code == "FATAL", error.answer
        assert KEY in error.text and before[KEY][0] in error.text
        after = state(s3, bucket)
        assert after[KEY] == before[KEY]
        assert {k: v for k, v in after.items() if "_penstock" not in k} \
            == {k: v for k, v in before.items() if "_penstock" not in k}
        # The heir goes on.
        heir.put(rows(4, 8, size))
        commit(heir, 8)
    found = [n for key in sorted(s3.keys(bucket, "topics/t/"))
             for n in numbers(s3.get(bucket, key))]
    assert found == list(range(8))
    assert s3.unfinished(bucket) == []


def test_a_task_that_was_stopped_before_its_first_record(s3, bucket):
    """What the store's clock says when it goes on is not when it began."""
    with sink(s3, bucket, flush_size=2) as zombie, sink(s3, bucket) as heir:
        zombie.start()
        zombie.open()
        stop(zombie)
        heir.start()
        heir.open()
        heir.put(rows(0, 4, 10))
        commit(heir, 4)
        before = state(s3, bucket)
        time.sleep(3)  # that long it stands: times are whole seconds
        cont(zombie)
        zombie.put(rows(0, 2, 10))
        error = until_it_fails(zombie)
        assert error.code == "FATAL", error.answer
        assert state(s3, bucket) == before
