"""What workers ask of each other: over https with a CA of their own, signed
with keys that change, about offsets of what another runs, and while the
leader is killed."""

import random
import threading
import time

import pytest

from support import configs, ledger, stores
from support.cluster import Cluster, worker_id
from support.env import HOST, wait_for
from support.kafka import session_keys
from support.rest import Rest

QUICK = {"session_timeout_ms": 6000, "heartbeat_interval_ms": 1500}


@pytest.fixture(scope="module")
def cluster(kafka, shared_worker):
    return shared_worker(kafka.bootstrap, start=False, cls=Cluster).start()


# https

def secured(workers, folder, **more):
    """All show certificates of a CA that only they know, and ask for one."""
    made = stores.make(folder + "/stores")
    for w in workers:
        w.properties.update({
            "listeners": f"https://{HOST}:{w.port}",
            "listeners.https.ssl.keystore.location": made.server_p12,
            "listeners.https.ssl.keystore.password": stores.PASSWORD,
            "listeners.https.ssl.client.auth": "required",
            "listeners.https.ssl.truststore.location": made.trust_p12,
            "listeners.https.ssl.truststore.password": stores.PASSWORD,
            **more})
        w.rest = Rest(f"https://{HOST}:{w.port}")
        w.rest.session.verify = made.ca_pem
        w.rest.session.trust_env = False
        w.rest.session.cert = made.client_pem
    return made


def create_many(rest, folder, topic, names, **more):
    for name in names:
        with open(f"{folder}/{name}", "w", encoding="ascii") as f:
            f.write("line\n")
        rest.create(name, configs.file_source(f"{folder}/{name}", topic,
                                              **more))


def test_workers_know_each_other_by_a_ca_of_their_own(kafka, folder, topic):
    c = Cluster(folder, kafka.bootstrap, 2)
    secured(c.workers, folder)
    for n, w in enumerate(c.workers):
        w.properties["worker.labels"] = f"n={n}"
    try:
        c.start()
        names = [f"c{n}" for n in range(4)]
        # of the follower's connectors the task configs come that way too
        for n in range(2):
            create_many(c.follower().rest, folder, topic(), names[n::2],
                        **{"penstock.placement": f"n={n}"})
        where = c.wait_running(names)
        assert [where[n, -1] for n in names[:2]] == [
            worker_id(w) for w in c.workers]
        for w in c.workers:
            for n in names:
                assert w.rest.request(
                    "POST", f"/connectors/{n}/restart").status_code == 204
    finally:
        c.close()


# Keys

def test_the_session_key_changes_while_it_is_used(kafka, folder, topic):
    c = Cluster(folder, kafka.bootstrap, 2, inter_worker_key_ttl_ms=1000)
    try:
        c.start()
        store = c.workers[0].properties["config.storage.topic"]
        t, names = topic(), []
        while len(set(session_keys(kafka.bootstrap, store))) < 4:
            names.append(f"c{len(names)}")
            create_many(c.follower().rest, folder, t, names[-1:])
            c.wait_running(names[-1:])
            assert len(names) < 100
        owners = {c.statuses()[n]["connector"]["worker_id"] for n in names}
        assert owners == set(map(worker_id, c.workers))
        assert "invalid signature" not in "".join(
            w.log_text() for w in c.workers)
    finally:
        c.close()


# Offsets

def test_offsets_are_changed_by_any_worker(cluster, kafka, topic, folder,
                                           unique):
    t, name, path = topic(), unique("src"), f"{folder}/in"
    lines = [f"line {n}" for n in range(10)]
    with open(path, "w", encoding="ascii") as f:
        f.write("".join(f"{line}\n" for line in lines))
    cluster.workers[0].rest.create(name, configs.file_source(path, t))
    kafka.wait_records(t, 10)
    wanted = list(lines)
    for w in cluster.workers:
        skip = 3 + cluster.workers.index(w)
        w.rest.stop_connector(name)
        w.rest.wait_state(name, "STOPPED")
        w.rest.call("PATCH", f"/connectors/{name}/offsets", {"offsets": [{
            "partition": {"filename": path},
            "offset": {"position": skip * len("line 0\n")}}]})
        for other in cluster.workers:
            wait_for("the offset", lambda o=other: o.rest.offsets(name)[0][
                "offset"]["position"] == skip * len("line 0\n"))
        w.rest.resume(name)
        wanted += lines[skip:]
        assert [r.value.decode() for r in kafka.wait_records(
            t, len(wanted))] == wanted
    for w in cluster.workers:
        w.rest.stop_connector(name)
        w.rest.wait_state(name, "STOPPED")
        w.rest.call("DELETE", f"/connectors/{name}/offsets")
        for other in cluster.workers:
            wait_for("no offset", lambda o=other: not o.rest.offsets(name))
        w.rest.resume(name)
        wanted += lines
        assert [r.value.decode() for r in kafka.wait_records(
            t, len(wanted))] == wanted
    cluster.workers[0].rest.delete(name)


def test_offsets_of_a_sink_are_changed_by_any_worker(
        cluster, kafka, topic, folder, unique):
    t, name, path = topic(), unique("snk"), f"{folder}/out"
    kafka.produce(t, [f"line {n}".encode() for n in range(10)])
    cluster.workers[0].rest.create(name, configs.file_sink(path, t))
    wanted = [f"line {n}" for n in range(10)]

    def written():
        with open(path, encoding="utf-8") as f:
            return f.read().splitlines() == wanted
    wait_for("the lines", written, 60)
    for n, w in enumerate(cluster.workers):
        w.rest.stop_connector(name)
        w.rest.wait_state(name, "STOPPED")
        w.rest.call("PATCH", f"/connectors/{name}/offsets", {"offsets": [{
            "partition": {"kafka_topic": t, "kafka_partition": 0},
            "offset": {"kafka_offset": 7 + n}}]})
        w.rest.resume(name)
        wanted += [f"line {i}" for i in range(7 + n, 10)]
        wait_for(f"the lines again {w.rest.offsets(name)}", written, 60)
    cluster.workers[0].rest.delete(name)


# The leader is killed

class Changes(threading.Thread):
    """PUTs one configuration after the other for its connector, by any
    worker: `acked` holds the last that was answered, `asked` the last that
    was sent."""

    def __init__(self, cluster, name, config, seed):
        super().__init__(daemon=True)
        self.cluster, self.name, self.config = cluster, name, config
        self.rng = random.Random(seed)
        self.acked, self.asked, self.count = 0, 0, 0
        self.wrong = None
        self._end = threading.Event()

    def run(self):
        while not self._end.is_set():
            rest = Rest(self.rng.choice(self.cluster.workers).rest.url)
            self.asked += 1
            try:
                r = rest.request(
                    "PUT", f"/connectors/{self.name}/config",
                    {**self.config, "n": str(self.asked)}, timeout=60)
                if r.status_code < 300:
                    self.acked, self.count = self.asked, self.count + 1
                    seen = rest.get(f"/connectors/{self.name}/config")["n"]
                    if int(seen) != self.asked:
                        self.wrong = (self.asked, seen)
            except (OSError, AssertionError):
                pass
            time.sleep(0.02)

    def finish(self):
        self._end.set()
        self.join(90)
        assert not self.is_alive()


def test_what_was_answered_outlives_the_leader(cluster, folder, topic, unique):
    t, rng = topic(), random.Random(7)
    changes = [Changes(cluster, unique(f"c{n}"), configs.file_source(
        f"{folder}/none{n}", t), n) for n in range(4)]
    for c in changes:
        c.start()
    for _ in range(3):
        before = [c.count for c in changes]
        wait_for("changes by all", lambda b=before: all(
            c.count > b[i] + 2 for i, c in enumerate(changes)), 90)
        time.sleep(rng.random() * 0.3)
        dead = cluster.wait_leader()
        dead.kill9()
        dead.start()
    before = [c.count for c in changes]
    wait_for("changes by all", lambda: all(
        c.count > before[i] for i, c in enumerate(changes)), 90)
    for c in changes:
        c.finish()
    print(f"answered: {[c.count for c in changes]}, "
          f"sent: {[c.asked for c in changes]}")
    for c in changes:
        ledger.must(c.wrong is None, "not what was just answered:", c.wrong)
        for w in cluster.workers:
            wait_for("what was answered", lambda c=c, w=w: c.acked <= int(
                w.rest.get(f"/connectors/{c.name}/config")["n"]) <= c.asked)
        cluster.workers[0].rest.delete(c.name)
