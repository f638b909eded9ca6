"""The Kafka layer's own tests in C, on a real broker."""

import os
import re
import subprocess

import pytest

from tests.support.env import BUILD
from tests.support.kafka import Kafka


@pytest.fixture(scope="module", name="broker")
def fixture_broker(tmp_path_factory):
    k = Kafka(str(tmp_path_factory.mktemp("kafka"))).start()
    yield k
    k.close()


@pytest.mark.parametrize("suite", ["topiclog", "admin", "consumer", "topics",
                                   "live"])
def test_suite_passes_on_a_real_broker(broker, suite):
    done = subprocess.run(
        [f"{BUILD}/check", "--short-filename", "-j1", "--filter",
         f"{suite}/*"], text=True, capture_output=True, timeout=300,
        check=False,
        env=dict(os.environ, PENSTOCK_KAFKA=broker.bootstrap))
    out = done.stdout + done.stderr
    assert done.returncode == 0, out
    assert int(re.search(r"Tested: (\d+)", out)[1]) > 0, out
    assert "[SKIP]" not in out, out
