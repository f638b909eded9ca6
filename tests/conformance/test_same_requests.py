"""REST: what is put to a real Kafka Connect and to penstock, side by side on
one broker, is answered alike. The tables in requests/ say what is asked,
accepted.txt which differences are meant and why."""

import glob
import os

import pytest

from support.conformance import Accepted, Comparison, Side, Table
from support.connect import Connect

HERE = os.path.dirname(__file__)
TABLES = sorted(glob.glob(f"{HERE}/requests/*.txt"))
REQUESTS_MIN = 400
SETTINGS = {
    "access.control.allow.origin": "http://here.example,http://there.example",
    "access.control.allow.methods": "GET,PUT",
    "response.http.headers.config": '"set X-Table: a, b"',
    "topic.creation.enable": "true",
}


@pytest.fixture(scope="module")
def both(shared_worker, kafka):
    workers = [shared_worker(kafka.bootstrap, start=False, cls=Connect),
               shared_worker(kafka.bootstrap, start=False)]
    for w in workers:
        w.properties.update(SETTINGS)
        w.spawn()
    for w in workers:
        w.process.wait_ready(w.program, w.rest.healthy, 200)
    return Comparison(Side(workers[0], "zkz"), Side(workers[1], "zpz"),
                      Accepted(f"{HERE}/accepted.txt"))


@pytest.mark.parametrize("path", TABLES, ids=os.path.basename)
def test_answers_are_those_of_kafka_connect(both, path):
    found = []
    for step in Table(path).steps:
        found += [f"{step.line[:300]}\n    {d[:1200]}"
                  for d in both.run(step)]
    assert not found, f"{len(found)} differences\n" + "\n".join(found)


def test_what_is_accepted_is_there(both):
    """A rule that nothing needs any more hides what may come."""
    assert not both.accepted.unused(), "".join(both.accepted.unused())


def test_there_are_requests_enough():
    count = sum(step.method.isupper() for path in TABLES
                for step in Table(path).steps)
    assert count >= REQUESTS_MIN
