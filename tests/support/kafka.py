"""kafka: a real broker, and topics and records as Python sees them.

    k = Kafka(folder).start()              one node
    k = Kafka(folder, nodes=3).start()     for leader changes
    k = Kafka(folder, nodes=3, voters=1)   two of them can be lost
    k = Kafka(folder, secure=True).start() one more listener: SASL_SSL, SCRAM

stop, kill and start take a node's number; the data stays.
"""

import base64
import collections
import glob
import json
import os
import subprocess
import time
import uuid

import confluent_kafka
from confluent_kafka import admin

from . import stores
from .env import DEPS, HOST, free_port, listening, wait_for
from .process import Process

USER = "alice"
PASSWORD = "alice-secret"

Record = collections.namedtuple(
    "Record", "partition offset key value headers timestamp")

SETTINGS = """
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,\
SASL_SSL:SASL_SSL,SSL:SSL
offsets.topic.num.partitions=4
transaction.state.log.num.partitions=4
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
auto.create.topics.enable=false
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
log.segment.bytes=268435456
num.recovery.threads.per.data.dir=1
"""

SECURE = """
sasl.enabled.mechanisms=SCRAM-SHA-512,SCRAM-SHA-256,PLAIN
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=\
org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config=\
org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.sasl_ssl.plain.sasl.jaas.config=\
org.apache.kafka.common.security.plain.PlainLoginModule required \
user_{user}="{password}";
listener.name.ssl.ssl.client.auth=required
ssl.keystore.type=PKCS12
ssl.keystore.location={server_p12}
ssl.keystore.password={store_password}
ssl.key.password={store_password}
ssl.truststore.type=PKCS12
ssl.truststore.location={trust_p12}
ssl.truststore.password={store_password}
"""


# What each says of every topic that is made.
QUIET = ("state.change.logger", "kafka.log", "kafka.cluster",
         "kafka.server.ReplicaFetcherManager", "kafka.server.metadata",
         "org.apache.kafka.controller", "org.apache.kafka.storage",
         "org.apache.kafka.coordinator")


# Servers of tests live for seconds: a second compiler costs more than it gives.
QUICK_JAVA = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")


def java_files(folder):
    """Options that keep out of /tmp what a JVM and its libraries write."""
    return ["-XX:-UsePerfData", f"-Djava.io.tmpdir={folder}"]


def without_fsync():
    """We kill processes, not machines; a disk that is busy for seconds would
    only fence the broker."""
    found = glob.glob("/usr/lib/*/libeatmydata.so")
    assert found, "no libeatmydata: run docker/install-deps test"
    return {"LD_PRELOAD": found[0]}


def classpath(*without):
    jars = [j for j in sorted(glob.glob(DEPS + "/kafka/libs/*.jar"))
            if not os.path.basename(j).startswith(without or ("-",))]
    assert jars, "no Kafka: run docker/install-deps test"
    return ":".join(jars)


class Kafka:
    def __init__(self, folder, nodes=1, secure=False, heap="512m",
                 java=QUICK_JAVA, hosts=(HOST,), voters=None, **settings):
        """hosts: of all nodes, or one for each. voters: how many of the nodes
        are controllers, by default all"""
        self.folder = folder
        self.java = java
        self.numbers = range(1, nodes + 1)
        self.hosts = {n: hosts[n % len(hosts) - 1] for n in self.numbers}
        self.heap = heap
        self.settings = settings
        self.cluster_id = base64.urlsafe_b64encode(
            uuid.uuid4().bytes).decode()[:22].replace("-", "A")
        self.ports = {n: free_port() for n in self.numbers}
        self.controllers = {n: free_port()
                            for n in self.numbers[:voters or nodes]}
        self.secure_ports = {n: free_port() for n in self.numbers}
        self.tls_ports = {n: free_port() for n in self.numbers}
        self.stores = None
        if secure:
            self.stores = stores.make(os.path.join(folder, "stores"))
        self.processes = {n: self._prepare(n) for n in self.numbers}
        self._format()

    def _properties(self, n):
        """server.properties of node n"""
        nodes, host = len(self.numbers), self.hosts[n]
        listeners = [f"PLAINTEXT://{host}:{self.ports[n]}"]
        if n in self.controllers:
            listeners.append(
                f"CONTROLLER://{host}:{self.controllers[n]}")
        if self.stores:
            listeners += [f"SASL_SSL://{host}:{self.secure_ports[n]}",
                          f"SSL://{host}:{self.tls_ports[n]}"]
        voters = ",".join(f"{i}@{self.hosts[i]}:{p}"
                          for i, p in self.controllers.items())
        lines = {
            "node.id": n,
            "process.roles": "broker,controller" if n in self.controllers
                             else "broker",
            "controller.quorum.voters": voters,
            "listeners": ",".join(listeners),
            "log.dirs": f"{self.folder}/kafka{n}",
            "default.replication.factor": nodes,
            "offsets.topic.replication.factor": nodes,
            "transaction.state.log.replication.factor": nodes,
            "transaction.state.log.min.isr": min(nodes, 2),
            "min.insync.replicas": min(nodes, 2),
        }
        lines.update({k.replace("_", "."): v
                      for k, v in self.settings.items()})
        text = SETTINGS
        if self.stores:
            text += SECURE.format(user=USER, password=PASSWORD,
                                  store_password=stores.PASSWORD,
                                  **self.stores._asdict())
        return text + "".join(f"{k}={v}\n" for k, v in lines.items())

    def _java(self, *args):
        return ["java", f"-Xms{self.heap}", f"-Xmx{self.heap}",
                *self.java, *java_files(self.folder),
                "-Dorg.slf4j.simpleLogger.showDateTime=true",
                *[f"-Dorg.slf4j.simpleLogger.log.{name}=warn"
                  for name in QUIET], "-cp", classpath(), *args]

    def _prepare(self, n):
        os.makedirs(f"{self.folder}/kafka{n}")
        return Process(self._java("kafka.Kafka", self._configure(n)),
                       f"{self.folder}/kafka{n}.log", env=without_fsync())

    def _configure(self, n):
        config = f"{self.folder}/kafka{n}.properties"
        with open(config, "w", encoding="utf-8") as f:
            f.write(self._properties(n))
        return config

    def add_folder(self, path):
        """One more for records, of the only node, which is down. What is made
        from then on comes where there is less."""
        self.settings["log_dirs"] = f"{self.folder}/kafka1,{path}"
        self._configure(1)
        self._format("--ignore-formatted")

    def _format(self, *flags):
        scram = []
        if self.stores:
            for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512"):
                scram += ["--add-scram", f"{mechanism}=[name={USER},"
                          f"password={PASSWORD}]"]
        formats = [subprocess.Popen(
            self._java("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
                       "kafka.tools.StorageTool", "format",
                       "-t", self.cluster_id,
                       "-c", f"{self.folder}/kafka{n}.properties", *flags,
                       *scram),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            for n in self.numbers]
        for process in formats:
            out = process.communicate(timeout=120)[0]
            assert process.returncode == 0, out

    # Life

    def start(self, node=None):
        for n in [node] if node else self.numbers:
            self.processes[n].start()
        self.wait_ready()
        return self

    def wait_ready(self, timeout=60):
        running = [n for n in self.numbers if self.processes[n].running()]
        for n in running:
            self.processes[n].wait_ready(
                f"broker {n}", lambda n=n: listening(
                    self.ports[n], self.hosts[n]), timeout)
        wait_for("the brokers to know each other",
                 lambda: len(self.admin().list_topics(timeout=2).brokers)
                 >= len(running), timeout)

    def stop(self, node=None):
        for n in [node] if node else self.numbers:
            self.processes[n].stop()

    def kill(self, node=None):
        for n in [node] if node else self.numbers:
            self.processes[n].kill()

    close = kill

    @property
    def logs(self):
        return [p.log for p in self.processes.values()]

    def pids(self):
        return [pid for p in self.processes.values() for pid in p.pids()]

    # Clients

    def _servers(self, ports):
        return ",".join(f"{self.hosts[n]}:{p}" for n, p in ports.items())

    @property
    def bootstrap(self):
        return self._servers(self.ports)

    @property
    def secure_bootstrap(self):
        return self._servers(self.secure_ports)

    @property
    def tls_bootstrap(self):
        return self._servers(self.tls_ports)

    def admin(self):
        """Keep a name for it until its answers are there."""
        return admin.AdminClient({"bootstrap.servers": self.bootstrap,
                                  "log_level": 2})

    def create_topic(self, name, partitions=1, replication=None, **config):
        """config in keyword form: cleanup_policy="compact" """
        topic = admin.NewTopic(
            name, partitions, replication or len(self.numbers),
            config={k.replace("_", "."): str(v) for k, v in config.items()})
        a = self.admin()
        a.create_topics([topic])[name].result(30)
        wait_for(f"topic {name}", lambda: len(
            a.list_topics(name, timeout=5).topics[name].partitions)
            == partitions)
        return name

    def add_partitions(self, name, total):
        a = self.admin()
        a.create_partitions([admin.NewPartitions(name, total)])[name].result(
            30)

    def delete_topic(self, name):
        a = self.admin()
        a.delete_topics([name])[name].result(30)

    def topics(self):
        return sorted(self.admin().list_topics(timeout=10).topics)

    def replicas(self, name):
        """The brokers of each partition."""
        found = self.admin().list_topics(name, timeout=10).topics[name]
        return [found.partitions[p].replicas
                for p in sorted(found.partitions)]

    def topic_config(self, name):
        resource = admin.ConfigResource(
            admin.ConfigResource.Type.TOPIC, name)
        a = self.admin()
        found = a.describe_configs([resource])[resource].result(10)
        return {k: v.value for k, v in found.items()}

    def produce(self, topic, records, **config):
        """records: values, or dicts of produce()'s arguments (key, value,
        headers, partition, timestamp). All are acknowledged on return."""
        p = self.producer(**config)
        acked = produce(p, topic, records)
        assert acked == len(records), f"{acked} of {len(records)} acknowledged"

    def producer(self, **config):
        return confluent_kafka.Producer({
            "bootstrap.servers": self.bootstrap, "acks": "all",
            "linger.ms": 5, "enable.idempotence": True, "log_level": 2,
            "partitioner": "murmur2_random",
            **{k.replace("_", "."): v for k, v in config.items()}})

    def consume(self, topic, isolation="read_committed"):
        """All records that are in the topic now, by partition and offset."""
        return read_topic(self.bootstrap, topic, isolation)

    def last(self, topic, partition=0):
        """The value of the last record, of a topic without transactions"""
        c = _consumer(self.bootstrap, "read_uncommitted")
        try:
            at = confluent_kafka.TopicPartition(topic, partition)
            at.offset = c.get_watermark_offsets(at, timeout=10)[1] - 1
            c.assign([at])
            return c.consume(1, 10)[0].value()
        finally:
            c.close()

    def wait_records(self, topic, count, timeout=60):
        """Waits for at least so many, and returns all there are."""
        def check():
            if self.size(topic) < count:
                raise ValueError(f"{self.size(topic)} offsets")
            found = self.consume(topic)
            if len(found) < count:
                raise ValueError(f"{len(found)} records")
            return found
        return wait_for(f"{count} records in {topic}", check, timeout, 0.1)

    def size(self, topic):
        """The offsets in use, transaction markers among them."""
        c = _consumer(self.bootstrap, "read_uncommitted")
        try:
            return sum(high - low for low, high in _ends(c, topic).values())
        finally:
            c.close()

    def ends(self, topic, isolation="read_committed"):
        """{partition: offset} of what comes next, or of the first record
        that an open transaction hides."""
        c = _consumer(self.bootstrap, isolation)
        try:
            return {p: high for p, (_, high) in _ends(c, topic).items()}
        finally:
            c.close()

    def committed(self, group):
        """{(topic, partition): offset} of a consumer group. Not by an admin
        client: that one crashes while the coordinator is loading."""
        c = confluent_kafka.Consumer({
            "bootstrap.servers": self.bootstrap, "group.id": group,
            "log_level": 2})
        try:
            parts = [confluent_kafka.TopicPartition(t, p)
                     for t, m in c.list_topics(timeout=10).topics.items()
                     if not t.startswith("__") for p in m.partitions]
            return {(p.topic, p.partition): p.offset
                    for p in c.committed(parts, timeout=10) if p.offset >= 0}
        finally:
            c.close()

    def members(self, group):
        """(STATE, how many members) of a consumer group"""
        a = self.admin()
        found = a.describe_consumer_groups([group])[group].result(10)
        return found.state.name, len(found.members)


def produce(producer, topic, records, timeout=60):
    """Returns how many were acknowledged."""
    acked = []

    def report(err, message):
        if err is None:
            acked.append(message.offset())

    for r in records:
        fields = r if isinstance(r, dict) else {"value": r}
        while True:
            try:
                producer.produce(topic, on_delivery=report, **fields)
                break
            except BufferError:
                producer.poll(1)
    producer.flush(timeout)
    return len(acked)


def _consumer(bootstrap, isolation):
    return confluent_kafka.Consumer({
        "bootstrap.servers": bootstrap, "group.id": "observer",
        "enable.auto.commit": False, "auto.offset.reset": "earliest",
        "isolation.level": isolation, "enable.partition.eof": True,
        "fetch.wait.max.ms": 20, "fetch.queue.backoff.ms": 5})


def _ends(c, topic):
    """{partition: (first, next)}"""
    parts = c.list_topics(topic, timeout=10).topics[topic].partitions
    return {p: c.get_watermark_offsets(
        confluent_kafka.TopicPartition(topic, p), timeout=10) for p in parts}


def session_keys(bootstrap, topic):
    """What workers have signed with, by their config topic; the last one now"""
    return [json.loads(r.value)["key"] for r in read_topic(bootstrap, topic)
            if r.key == b"session-key"]


def read_topic(bootstrap, topic, isolation="read_committed", timeout=60):
    """What was there when it was called: a topic may grow faster than it is
    read."""
    c = _consumer(bootstrap, isolation)
    try:
        ends = {p: high for p, (_, high) in _ends(c, topic).items()}
        c.assign([confluent_kafka.TopicPartition(
            topic, p, confluent_kafka.OFFSET_BEGINNING) for p in ends])
        return sorted(_read_until(c, topic, ends, timeout),
                      key=lambda r: (r.partition, r.offset))
    finally:
        c.close()


def _read_until(c, topic, ends, timeout):
    """The records before `ends`, {partition: offset}. What stands just before
    an end may be a marker, so the end of the partition ends it too."""
    late = time.monotonic() + timeout
    unread = set(ends)
    while unread:
        for m in c.consume(10000, 0.1):
            error, p = m.error(), m.partition()
            if error is None:
                if m.offset() < ends[p]:
                    yield Record(p, m.offset(), m.key(), m.value(),
                                 m.headers() or [], m.timestamp()[1])
                if m.offset() >= ends[p] - 1:
                    unread.discard(p)
            elif error.code() == confluent_kafka.KafkaError._PARTITION_EOF:
                unread.discard(p)
            else:
                raise confluent_kafka.KafkaException(error)
        assert time.monotonic() < late, \
            f"{topic}: no end of {unread} in {timeout} s"
