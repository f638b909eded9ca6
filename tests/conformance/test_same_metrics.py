"""/metrics: what Prometheus' JMX exporter shows of a real Kafka Connect has
the same names and labels here, and what is here is called as it calls it."""

import os
import re

import pytest
import requests

from support import configs
from support.connect import Connect
from support.env import DEPS, HOST, free_port, wait_for

AGENT = f"{DEPS}/exporter/jmx_prometheus_javaagent.jar"
RULES = os.path.join(os.path.dirname(__file__), "exporter.yml")
LINE = re.compile(r"^(kafka_\w+)(?:\{(.*)\})? \S+$")
LABEL = re.compile(r'(\w+)="(?:[^"\\]|\\.)*"')


class Exported(Connect):
    def __init__(self, *args, **kwargs):
        self.agent_port = free_port()
        super().__init__(*args, **kwargs)

    def _argv(self):
        java, *rest = super()._argv()
        return [java, f"-javaagent:{AGENT}={HOST}:{self.agent_port}:{RULES}",
                *rest]

    def spawn(self):
        assert os.path.exists(AGENT), (
            "no exporter: run docker/install-deps test")
        return super().spawn()

    def metrics(self):
        return requests.get(f"http://{HOST}:{self.agent_port}/metrics",
                            timeout=60).text


def shapes(text):
    """{name: its labels}"""
    found = {}
    for line in text.splitlines():
        if match := LINE.match(line):
            found.setdefault(match[1], set()).add(
                frozenset(LABEL.findall(match[2] or "")))
    return found


@pytest.fixture(scope="module")
def both(shared_worker, kafka, unique):
    workers = [shared_worker(kafka.bootstrap, start=False, cls=Exported),
               shared_worker(kafka.bootstrap, start=False)]
    for w in workers:
        w.spawn()
    for w in workers:
        w.process.wait_ready(w.program, w.rest.healthy, 200)
    for w in workers:
        topic = kafka.create_topic(unique("measured"))
        with open(w.folder + "/in", "w", encoding="ascii") as f:
            f.write("one\ntwo\n")
        w.rest.create("from", configs.file_source(w.folder + "/in", topic))
        w.rest.create("to", configs.file_sink(w.folder + "/out", topic))
        w.rest.wait_running("from")
        w.rest.wait_running("to")
    return workers


# Of kafka.connect's, what is not there, as docs/kafka-connect.md says.
LEFT_OUT = re.compile("kafka_connect_(?:" + "|".join((
    # connect-metrics: the worker's own client
    r"(?:failed|successful)_(?:re)?authentication(?:_no_reauth)?_\w+",
    r"reauthentication_latency_\w+", r"connection_\w+",
    r"(?:incoming|outgoing)_byte_\w+", r"io_\w+", r"network_io_\w+",
    r"(?:request|response|select)_\w+",
    # connect-node-metrics
    r"node_\w+",
    # connect-coordinator-metrics: of the group, which only elects
    r"coordinator_(?:failed_)?(?:rebalance|heartbeat|join|sync|last)_\w+",
)) + ")")
# What is there and the exporter's example does not give: Strimzi's name.
OURS = {"kafka_connect_connector_task_status"}
# What it gives once there are transactions.
LATER = {f"kafka_connect_source_task_transaction_size_{which}"
         for which in ("min", "max", "avg")}
OF_TASKS = {"connector", "task"}


@pytest.fixture(scope="module")
def shown(both):
    """Of each as soon as its tasks run: of our own all is there then."""
    connect, ours = both
    return (wait_for("both tasks", lambda: (lambda found: found if {
        "kafka_connect_source_task_source_record_poll_total",
        "kafka_connect_sink_task_sink_record_read_total",
        "kafka_consumer_fetch_manager_records_lag"} <= set(found) else None)(
            shapes(connect.metrics()))),
            shapes(ours.rest.request("GET", "/metrics").text))


def groups(found):
    return {name: labels for name, labels in found.items()
            if name.startswith("kafka_connect_")}


def test_what_the_exporter_shows_of_connect_is_there(shown):
    theirs, ours = map(groups, shown)
    assert len(theirs) > 100
    missing = {name for name in theirs if not LEFT_OUT.fullmatch(name)}
    assert not missing - set(ours)
    assert {n: ours[n] for n in missing} == {n: theirs[n] for n in missing}


def test_what_is_there_is_what_the_exporter_shows(shown):
    theirs, ours = map(groups, shown)
    assert set(ours) - set(theirs) == OURS | LATER
    assert not [n for n in ours if LEFT_OUT.fullmatch(n)]


def test_figures_of_clients_have_the_exporters_names(shown):
    """With the connector and its task beside them."""
    theirs, ours = shown
    found = {n: labels for n, labels in ours.items() if n not in groups(ours)}
    assert {name.split("_")[1] for name in found} == {"producer", "consumer"}
    for name, labels in found.items():
        assert labels <= {one | OF_TASKS for one in theirs[name]}, name
