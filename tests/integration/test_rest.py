"""REST: the same questions to penstock and to a real Kafka Connect, and what
only penstock promises."""

import json
import re
import socket
import threading
import time

import pytest

from support.connect import Connect
from support.env import HOST, free_port, wait_for
from support.rest import Rest

OURS = {"since", "cause", "next_action", "restarts", "detail", "worker_id",
        "version", "trace", "penstock"}


def source(folder, **over):
    config = {"connector.class": "FileStreamSource", "tasks.max": "1",
              "file": f"{folder}/in", "topic": "rest-conformance",
              "value.converter":
              "org.apache.kafka.connect.storage.StringConverter"}
    config.update(over)
    return config


def steps(folder):
    """(name, method, path, body, seconds to wait before)"""
    c = source(folder)
    return [
        ("unknown path", "GET", "/nope", None, 0),
        ("doubled slash", "GET", "//connectors", None, 0),
        ("wrong method", "PATCH", "/connectors", {}, 0),
        ("empty list", "GET", "/connectors", None, 0),
        ("trailing slash", "GET", "/connectors/", None, 0),
        ("create", "POST", "/connectors", {"name": "a", "config": c}, 0),
        ("create again", "POST", "/connectors",
         {"name": "a", "config": c}, 0),
        ("status", "GET", "/connectors/a/status", None, 3),
        ("list", "GET", "/connectors", None, 0),
        ("info", "GET", "/connectors/a", None, 0),
        ("config", "GET", "/connectors/a/config", None, 0),
        ("tasks", "GET", "/connectors/a/tasks", None, 0),
        ("task status", "GET", "/connectors/a/tasks/0/status", None, 0),
        ("no such task", "GET", "/connectors/a/tasks/9/status", None, 0),
        ("task that is no number", "GET", "/connectors/a/tasks/x/status",
         None, 0),
        ("restart of no task", "POST", "/connectors/a/tasks/9/restart",
         None, 0),
        ("restart of a task", "POST", "/connectors/a/tasks/0/restart",
         None, 0),
        ("restart", "POST", "/connectors/a/restart", None, 2),
        ("expand", "GET", "/connectors?expand=status&expand=info", None, 2),
        ("expand of what is not", "GET", "/connectors?expand=x", None, 0),
        ("names differ", "PUT", "/connectors/a/config",
         dict(c, name="b"), 0),
        ("names differ in post", "POST", "/connectors",
         {"name": "x", "config": dict(c, name="y")}, 0),
        ("a wrong number", "PUT", "/connectors/a/config",
         dict(c, **{"tasks.max": "x"}), 0),
        ("missing topic", "PUT", "/connectors/m/config",
         {k: v for k, v in c.items() if k != "topic"}, 0),
        ("update", "PUT", "/connectors/a/config",
         dict(c, **{"batch.size": "100"}), 0),
        ("patch", "PATCH", "/connectors/a/config", {"batch.size": None}, 1),
        ("patch of nothing", "PATCH", "/connectors/zz/config", {"a": "b"}, 0),
        ("pause", "PUT", "/connectors/a/pause", None, 2),
        ("paused", "GET", "/connectors/a/status", None, 2),
        ("resume", "PUT", "/connectors/a/resume", None, 0),
        ("resumed", "GET", "/connectors/a/status", None, 2),
        ("offsets while it runs", "DELETE", "/connectors/a/offsets", None, 0),
        ("empty alter", "PATCH", "/connectors/a/offsets",
         {"offsets": []}, 0),
        ("stop", "PUT", "/connectors/a/stop", None, 0),
        ("stopped", "GET", "/connectors/a/status", None, 2),
        ("stopped tasks", "GET", "/connectors/a/tasks", None, 0),
        ("offsets", "GET", "/connectors/a/offsets", None, 0),
        ("alter", "PATCH", "/connectors/a/offsets", {"offsets": [
            {"partition": {"filename": f"{folder}/in"},
             "offset": {"position": 4}}]}, 0),
        ("altered", "GET", "/connectors/a/offsets", None, 0),
        ("reset", "DELETE", "/connectors/a/offsets", None, 0),
        ("was reset", "GET", "/connectors/a/offsets", None, 0),
        ("topics", "GET", "/connectors/zz/topics", None, 0),
        ("pause of none", "PUT", "/connectors/zz/pause", None, 0),
        ("resume of none", "PUT", "/connectors/zz/resume", None, 0),
        ("stop of none", "PUT", "/connectors/zz/stop", None, 0),
        ("restart of none", "POST", "/connectors/zz/restart", None, 0),
        ("restart of none with tasks", "POST",
         "/connectors/zz/restart?includeTasks=true", None, 0),
        ("delete of none", "DELETE", "/connectors/zz", None, 0),
        ("status of none", "GET", "/connectors/zz/status", None, 0),
        ("info of none", "GET", "/connectors/zz", None, 0),
        ("offsets of none", "GET", "/connectors/zz/offsets", None, 0),
        ("created paused", "POST", "/connectors",
         {"name": "p", "config": c, "initial_state": "PAUSED"}, 0),
        ("is paused", "GET", "/connectors/p/status", None, 2),
        ("created stopped", "POST", "/connectors",
         {"name": "s", "config": c, "initial_state": "stopped"}, 0),
        ("is stopped", "GET", "/connectors/s/status", None, 2),
        ("name with a blank", "PUT", "/connectors/y%20z/config", c, 0),
        ("found with a blank", "GET", "/connectors/y%20z", None, 3),
        ("delete", "DELETE", "/connectors/a", None, 0),
        ("deleted", "GET", "/connectors/a/status", None, 2),
        ("plugin config of none", "GET", "/connector-plugins/Nix/config",
         None, 0),
        ("wrong plugin", "PUT",
         "/connector-plugins/FileStreamSink/config/validate", c, 0),
    ]


def plain(value):
    """What can be compared: without what is ours or differs by nature."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items() if k not in OURS}
    if isinstance(value, list):
        return [plain(v) for v in value]
    return value


def answers(rest, folder):
    out = {}
    for name, method, path, body, wait in steps(folder):
        time.sleep(wait)  # the state that is asked for comes by itself
        kwargs = {"headers": {"Accept": "application/json"}}
        r = rest.request(method, path, body, **kwargs)
        try:
            body = plain(r.json())
        except ValueError:
            body = None if name != "doubled slash" else "not compared"
        if name == "doubled slash":
            body = "not compared"
        location = r.headers.get("Location")
        if location:
            location = location.replace(rest.url, "")
        out[name] = (r.status_code, body, location,
                     (r.headers.get("Content-Type") or "").split(";")[0]
                     if name != "doubled slash" else "")
    return out


def test_answers_are_those_of_kafka_connect(worker, connect, kafka, folder):
    kafka.create_topic("rest-conformance")
    with open(f"{folder}/in", "w", encoding="ascii") as f:
        f.write("one\ntwo\n")
    found = {}

    def run(who, rest):
        found[who] = answers(rest, folder)

    threads = [threading.Thread(target=run, args=a) for a in
               (("ours", worker.rest), ("connect", connect.rest))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    different = [f"{name}\n  connect {found['connect'][name]}\n"
                 f"  ours    {found['ours'][name]}"
                 for name in found["connect"]
                 if found["connect"][name] != found["ours"][name]]
    assert not different, "\n".join(different)


VALIDATED = [
    ("FileStreamSource", {"file": "/x", "topic": "t"}),
    ("FileStreamSource", {"file": "/x"}),
    ("FileStreamSource", {"file": "/x", "topic": "t", "tasks.max": "0",
                          "errors.tolerance": "some"}),
    ("FileStreamSink", {"file": "/x"}),
    ("FileStreamSink", {"file": "/x", "topics": "a", "topics.regex": "b"}),
    ("FileStreamSink", {"file": "/x", "topics": "a,d",
                        "errors.deadletterqueue.topic.name": "d"}),
    ("FileStreamSource", {"file": "/x", "topic": "t", "transforms": "r",
                          "transforms.r.type": "RegexRouter",
                          "transforms.r.regex": "x"}),
]


@pytest.mark.parametrize("index", range(len(VALIDATED)))
def test_validation_finds_what_kafka_connect_finds(
        worker, connect_for_all, index):
    name, keys = VALIDATED[index]
    config = dict(keys, name="v", **{"connector.class": name})
    found = []
    for rest in (connect_for_all.rest, worker.rest):
        r = rest.call("PUT", f"/connector-plugins/{name}/config/validate",
                      config)
        found.append({"count": r["error_count"], "errors": {
            c["value"]["name"]: sorted(c["value"]["errors"])
            for c in r["configs"] if c["value"]["errors"]}})
    assert found[1] == found[0]


@pytest.fixture(scope="module")
def our_worker(shared_worker, kafka):
    return shared_worker(kafka.bootstrap)


@pytest.fixture(scope="module")
def connect_for_all(shared_worker, kafka):
    return shared_worker(kafka.bootstrap, cls=Connect)


TP = {"kafka_topic": "T", "kafka_partition": 0}
ALTERED = [
    {"offsets": [{"partition": TP, "offset": {"kafka_offset": 3}}]},
    {"offsets": [{"partition": TP, "offset": {"kafka_offset": "3"}},
                 {"partition": {**TP, "kafka_partition": "1"},
                  "offset": None}]},
    {"offsets": [{"partition": TP, "offset": None}]},
    {"offsets": [{"partition": {**TP, "kafka_partition": 1},
                  "offset": {"kafka_offset": 1}},
                 {"partition": TP, "offset": None}]},
    {"offsets": [{"partition": None, "offset": {"kafka_offset": 3}}]},
    {"offsets": [{"partition": {"kafka_topic": "T"}, "offset": None}]},
    {"offsets": [{"partition": {"kafka_partition": 0}, "offset": None}]},
    {"offsets": [{"partition": {**TP, "kafka_topic": None},
                  "offset": None}]},
    {"offsets": [{"partition": {**TP, "kafka_partition": None},
                  "offset": None}]},
    {"offsets": [{"partition": {**TP, "kafka_partition": "first"},
                  "offset": None}]},
    {"offsets": [{"partition": TP, "offset": {"position": 3}}]},
    {"offsets": [{"partition": TP, "offset": {"kafka_offset": "third"}}]},
    {"offsets": []},
    {},
]


@pytest.fixture(scope="module")
def stopped_sinks(connect_for_all, our_worker, kafka):
    """The same stopped sink in both, that has read a topic."""
    topic = kafka.create_topic("altered", 2)
    kafka.produce(topic, [{"value": b'"x"', "partition": n % 2}
                          for n in range(10)])
    sinks = []
    for who in (connect_for_all, our_worker):
        name = "altered-" + who.program.lower()
        who.rest.create(name, {
            "connector.class": "FileStreamSink", "topics": topic,
            "tasks.max": "1", "file": who.folder + "/altered-" + who.id})
        wait_for("all to be committed", lambda n=name: kafka.committed(
            "connect-" + n) == {(topic, 0): 5, (topic, 1): 5}, 90)
        who.rest.stop_connector(name)
        who.rest.wait_state(name, "STOPPED", tasks=0)
        sinks.append((who.rest, name))
    return topic, sinks


def altered(kafka, rest, name, topic, method, body):
    """The answer, and what the group has then."""
    body = json.loads(json.dumps(body).replace('"T"', f'"{topic}"'))
    r = rest.request(method, f"/connectors/{name}/offsets", body)
    return (r.status_code, r.text.replace(name, "the sink"),
            kafka.committed("connect-" + name), rest.offsets(name))


@pytest.mark.parametrize("index", range(len(ALTERED)))
def test_offsets_of_a_sink_are_altered_as_by_kafka_connect(
        stopped_sinks, kafka, index):
    topic, sinks = stopped_sinks
    found = [altered(kafka, rest, name, topic, "PATCH", ALTERED[index])
             for rest, name in sinks]
    assert found[1] == found[0]


def test_offsets_of_a_sink_are_reset_as_by_kafka_connect(
        stopped_sinks, kafka):
    topic, sinks = stopped_sinks
    for _ in range(2):
        found = [altered(kafka, rest, name, topic, "DELETE", None)
                 for rest, name in sinks]
        assert found[1] == found[0]
        assert found[0][2] == {} and found[0][0] == 200


AT_4 = {"position": 4}
ALTERED_SOURCE = [
    {"offsets": [{"partition": {"filename": "/x"}, "offset": AT_4}]},
    {"offsets": [{"partition": {"filename": "/x"}, "offset": AT_4},
                 {"partition": {"filename": "/y"}, "offset": AT_4}]},
    {"offsets": [{"partition": {"filename": "/x"}, "offset": None}]},
    {"offsets": [{"partition": {"old": "x"}, "offset": None}]},
    {"offsets": [{"partition": {"old": "x"}, "offset": AT_4}]},
    {"offsets": [{"partition": None, "offset": AT_4}]},
    {"offsets": [{"partition": {"filename": "/x"}, "offset": {"at": 4}}]},
    {"offsets": [{"partition": {"filename": "/x"},
                  "offset": {"position": -1}}]},
    {"offsets": [{"partition": {"filename": "/x"},
                  "offset": {"position": "4"}}]},
    {"offsets": [{"partition": {"filename": "/x"},
                  "offset": {"position": 4.5}}]},
]


@pytest.fixture(scope="module")
def stopped_sources(connect_for_all, our_worker, kafka):
    """The same stopped source in both."""
    topic = kafka.create_topic("altered-source")
    config = {"connector.class": "FileStreamSource", "tasks.max": "1",
              "file": "/nowhere/at/all", "topic": topic}
    sources = []
    for who in (connect_for_all, our_worker):
        name = "source-" + who.program.lower()
        who.rest.call("POST", "/connectors", {
            "name": name, "config": config, "initial_state": "STOPPED"})
        who.rest.wait_state(name, "STOPPED", tasks=0)
        sources.append((who.rest, name))
    return sources


def altered_source(rest, name, body):
    r = rest.request("PATCH", f"/connectors/{name}/offsets", body)
    return r.status_code, r.text.replace(name, "it"), sorted(
        rest.offsets(name), key=str)


@pytest.mark.parametrize("index", range(len(ALTERED_SOURCE)))
def test_offsets_of_a_source_are_altered_as_by_kafka_connect(
        stopped_sources, index):
    found = [altered_source(rest, name, ALTERED_SOURCE[index])
             for rest, name in stopped_sources]
    assert found[1][:2] == found[0][:2]
    # Kafka Connect may answer what was there before its own change.
    judge, name = stopped_sources[0]
    wait_for("the judge to know", lambda: sorted(
        judge.offsets(name), key=str) == found[1][2])


# What only penstock promises

def test_bad_json_is_400_and_a_big_body_413(worker):
    for body, want in ((b"{", 400), (b"[]", 400), (b'{"name":1}', 400),
                       (b'{"name":"x","config":{},"more":1}', 400),
                       (b"x" * (2 << 20), 413)):
        r = worker.rest.session.post(
            worker.rest.url + "/connectors", data=body, timeout=20,
            headers={"Content-Type": "application/json"})
        assert r.status_code == want, r.text
        assert r.json()["error_code"] == want


def test_a_body_that_is_not_json_by_its_type_is_415(worker):
    r = worker.rest.session.post(worker.rest.url + "/connectors", data="{}",
                                 headers={"Content-Type": "text/plain"})
    assert r.status_code == 415
    r = worker.rest.request("GET", "/connectors",
                            headers={"Accept": "text/html"})
    assert r.status_code == 406


def test_slow_clients_do_not_keep_others_out(worker):
    slow = []
    for _ in range(40):
        s = socket.create_connection((HOST, worker.port))
        s.sendall(b"POST /connectors HTTP/1.1\r\nHost: x\r\nContent-Le")
        slow.append(s)
    began = time.monotonic()
    assert worker.rest.get("/connectors") == []
    assert time.monotonic() - began < 1
    for s in slow:
        s.close()


def test_a_write_is_there_when_it_is_answered(worker, kafka, folder):
    kafka.create_topic("written")
    config = source(folder, topic="written", file=folder + "/none")
    for n in range(20):
        name = f"w{n}"
        worker.rest.create(name, config)
        assert name in worker.rest.connectors()
        changed = dict(config, **{"batch.size": str(n + 1)})
        worker.rest.put_config(name, changed)
        assert worker.rest.get(f"/connectors/{name}/config") == dict(
            changed, name=name)
        worker.rest.delete(name)
        assert name not in worker.rest.connectors()


def test_an_unchanged_config_restarts_no_task(worker, kafka, folder):
    kafka.create_topic("unchanged")
    config = source(folder, topic="unchanged", file=folder + "/none")
    worker.rest.create("same", config)
    worker.rest.wait_running("same")
    pid = worker.wait_task("same")
    worker.rest.put_config("same", config)
    worker.rest.put_config("same", dict(config, **{"batch.size": "7"}))
    assert worker.wait_task("same", other_than=pid) != pid
    pid = worker.wait_task("same")
    worker.rest.put_config("same", dict(config, **{"batch.size": "7"}))
    worker.rest.restart_connector("same")
    worker.rest.wait_running("same")
    assert worker.pid_of_task("same") == pid


def test_all_comes_back_after_a_restart(worker, kafka, folder):
    kafka.create_topic("back")
    with open(folder + "/in", "w", encoding="ascii") as f:
        f.write("one\n")
    worker.rest.create("runs", source(folder, topic="back"))
    worker.rest.create("paused", source(folder, topic="back",
                                        file=folder + "/none"))
    worker.rest.wait_running("runs")
    worker.rest.pause("paused")
    kafka.wait_records("back", 1)
    worker.restart()
    worker.rest.wait_running("runs")
    wait_for("the paused one to be paused", lambda: worker.rest.status(
        "paused")["connector"]["state"] == "PAUSED")
    with open(folder + "/in", "a", encoding="ascii") as f:
        f.write("two\n")
    assert [r.value for r in kafka.wait_records("back", 2)][1] == b"two"


def test_metrics_name_what_runs(worker, kafka, folder):
    kafka.create_topic("measured")
    with open(folder + "/in", "w", encoding="ascii") as f:
        f.write("one\ntwo\n")
    worker.rest.create("m", source(folder, topic="measured"))
    kafka.wait_records("measured", 2)

    def written():
        text = worker.rest.request("GET", "/metrics").text
        found = re.search(r"kafka_connect_source_task_source_record_write_"
                          r"total\{[^}]*connector=\"m\"[^}]*\} (\S+)", text)
        assert found and float(found[1]) == 2, text
        return text
    text = wait_for("the metric of records written", written)
    assert re.search(r"kafka_connect_worker_task_count(\{\})? 1", text)
    assert ('kafka_connect_connector_task_status{connector="m",task="0",'
            'status="running"} 1') in text


def test_a_password_never_comes_back(worker, kafka, folder):
    canary = "canary-9f31c7"
    config = dict(source(folder), **{
        "producer.override.sasl.jaas.config": f"x password=\"{canary}\";"})
    r = worker.rest.request(
        "PUT", "/connector-plugins/FileStreamSource/config/validate",
        dict(config, name="p"))
    assert r.status_code == 200
    assert canary not in worker.log_text()


def test_levels_of_loggers(worker):
    assert "root" in worker.rest.get("/admin/loggers")
    r = worker.rest.request("PUT", "/admin/loggers/worker",
                            {"level": "DEBUG"})
    assert r.status_code == 200 and "worker" in r.json()
    assert worker.rest.get("/admin/loggers/worker")["level"] == "DEBUG"
    r = worker.rest.request("PUT", "/admin/loggers/worker", {"level": "x"})
    assert (r.status_code, r.json()["message"]) == (
        404, "invalid log level 'x'.")


def errors_of(answer):
    return {c["value"]["name"]: c["value"]["errors"]
            for c in answer["configs"] if c["value"]["errors"]}


def test_versions_of_plugins_are_ranges(worker, folder):
    transform = "org.apache.kafka.connect.transforms.RegexRouter"
    config = source(folder, **{
        "name": "v", "transforms": "r", "transforms.r.type": transform,
        "transforms.r.regex": "(.*)", "transforms.r.replacement": "$1",
        "value.converter.plugin.version": "[0,)"})
    url = "/connector-plugins/FileStreamSource/config/validate"

    def ask(**keys):
        r = worker.rest.request("PUT", url, {**config, **keys})
        assert r.status_code == 200, r.text
        return r.json()

    values = {c["value"]["name"]: c for c in ask()["configs"]}
    for key in "connector", "transforms.r", "value.converter":
        row = values[key + ".plugin.version"]
        installed = row["definition"]["default_value"]
        assert installed and row["value"]["recommended_values"] == [installed]
    assert errors_of(ask()) == {}
    why = ("Plugin {} not found that matches the version range {}, available "
           f"versions: [{installed}]")
    assert errors_of(ask(**{
        "connector.plugin.version": "[99,)",
        "transforms.r.plugin.version": " 99.1 ",
        "value.converter.plugin.version": "(,0.0.1)"})) == {
            "connector.class": [why.format("FileStreamSource", "[99,)")],
            "connector.plugin.version": [
                why.format("FileStreamSource", "[99,)")],
            "transforms.r.type": [why.format(transform, "[99.1,99.1]")],
            "transforms.r.plugin.version": [
                why.format(transform, "[99.1,99.1]")],
            "value.converter": [
                why.format(config["value.converter"], "(,0.0.1)")],
            "value.converter.plugin.version": [
                why.format(config["value.converter"], "(,0.0.1)")]}
    wrong = errors_of(ask(**{"connector.plugin.version": "[2,1]"}))
    assert wrong["connector.plugin.version"] == [
        "Range defies version ordering: [2,1]"]
    worker.rest.create("v", dict(
        {k: v for k, v in config.items() if k != "name"},
        **{"connector.plugin.version": f"[{installed}]"}))
    worker.rest.wait_running("v")


def test_a_level_for_the_cluster_goes_by_the_config_topic(worker, kafka):
    before = time.time() * 1000
    r = worker.rest.request("PUT", "/admin/loggers/task.x?scope=cluster",
                            {"level": "warn"})
    assert (r.status_code, r.text) == (204, "")
    topic = worker.properties["config.storage.topic"]
    records = {r.key: r.value for r in kafka.consume(topic)}
    assert json.loads(records[b"logger-cluster-task.x"]) == {"level": "WARN"}
    level = worker.rest.get("/admin/loggers")["task.x"]
    assert level["level"] == "WARN" and level["last_modified"] > before - 5000
    r = worker.rest.request("PUT", "/admin/loggers/task.x?scope=galaxy",
                            {"level": "ERROR"})
    assert (r.status_code, r.json()) == (200, ["task.x"])
    worker.wait_log("invalid scope 'galaxy'")


def test_every_listener_is_served_and_admin_by_its_own(new_worker, kafka):
    """Connect: with admin.listeners, /admin is there and nowhere else."""
    first, second, admin = (free_port() for _ in range(3))
    w = new_worker(kafka.bootstrap, start=False,
                   listeners=f"http://{HOST}:{first},http://{HOST}:{second}",
                   admin_listeners=f"http://{HOST}:{admin}")
    w.rest = Rest(f"http://{HOST}:{first}")
    w.start()
    for port in first, second:
        rest = Rest(f"http://{HOST}:{port}")
        assert rest.get("/connectors") == []
        assert rest.request("GET", "/admin/loggers").status_code == 404
    rest = Rest(f"http://{HOST}:{admin}")
    assert "root" in rest.get("/admin/loggers")
    assert rest.request("GET", "/connectors").status_code == 404


def test_admin_listeners_that_are_empty_switch_admin_off(new_worker, kafka):
    w = new_worker(kafka.bootstrap, admin_listeners="")
    assert w.rest.get("/connectors") == []
    assert w.rest.request("GET", "/admin/loggers").status_code == 404


def test_kafka_that_is_away_is_said_and_waited_for(own_kafka, new_worker):
    own_kafka.stop()
    w = new_worker(own_kafka.bootstrap, start=False).spawn()
    wait_for("REST to answer", lambda: w.rest.request("GET", "/"))
    r = w.rest.request("GET", "/health")
    assert (r.status_code, r.json()["status"]) == (503, "starting")
    waiting = []
    reader = threading.Thread(
        target=lambda: waiting.append(w.rest.get("/connectors")))
    reader.start()
    own_kafka.start()
    reader.join(60)
    assert waiting == [[]]
    wait_for("the worker to be ready", w.rest.healthy, 60)


def test_an_idle_worker_is_small_and_starts_quickly(worker):
    worker.restart()
    worker.rest.get("/connectors")
    time.sleep(2)  # what the start took is given back
    pss = worker.memory()
    print(f"idle worker: {pss / 1e6:.1f} MB PSS")
    assert pss < 15 << 20


def test_standalone_keeps_its_offsets_in_a_file(new_worker, kafka, folder):
    kafka.create_topic("alone")
    with open(folder + "/in", "w", encoding="ascii") as f:
        f.write("one\ntwo\n")
    path = folder + "/connector.json"
    with open(path, "w", encoding="ascii") as f:
        json.dump({"name": "alone", "config": source(
            folder, topic="alone")}, f)
    w = new_worker(kafka.bootstrap, start=False)
    w.properties["offset.storage.file.filename"] = folder + "/offsets"
    program = w._argv()[0]
    w.process.argv = [program, "standalone", w.file, path]
    w.start()
    kafka.wait_records("alone", 2)
    wait_for("the offset to be stored", lambda: w.rest.offsets("alone"))
    w.restart()
    with open(folder + "/in", "a", encoding="ascii") as f:
        f.write("three\n")
    values = [r.value for r in kafka.wait_records("alone", 3)]
    assert values == [b"one", b"two", b"three"]
