"""steady: a cluster's work that goes on while something happens to it: file
sources with a topic each, one sink of them all, and who writes the files.

    work = Steady(cluster, kafka); work.start()
    ...; work.finish()   # all that was written has arrived, in order
"""

import collections

from . import configs, ledger
from .env import wait_for
from .owners import tasks_of


class Steady:
    def __init__(self, cluster, kafka, sources=("a", "b", "c"), pause=0.05,
                 of_topics=None, of_sink=None):
        """of_topics, of_sink: what they have besides, in keyword form"""
        self.cluster, self.kafka = cluster, kafka
        self.of_topics, self.of_sink = of_topics or {}, of_sink or {}
        self.sources = list(sources)
        self.names = [*self.sources, "sink"]
        self.folder, group = cluster.folder, cluster.workers[0].group
        self.topics = [f"{group}-{name}" for name in self.sources]
        self.journal = ledger.Journal(f"{self.folder}/journal")
        self.writers = [
            ledger.FileWriter(f"{self.folder}/{name}", self.journal, group, n,
                              pause=pause)
            for n, name in enumerate(self.sources)]

    def start(self):
        rest = self.cluster.workers[0].rest
        for name, topic in zip(self.sources, self.topics):
            self.kafka.create_topic(topic, **self.of_topics)
            rest.create(name, configs.file_source(
                f"{self.folder}/{name}", topic))
        rest.create("sink", configs.file_sink(
            f"{self.folder}/out", ",".join(self.topics),
            tasks_max=len(self.sources), **self.of_sink))
        for w in self.writers:
            w.start()
        self.cluster.wait_running(self.names)
        return self

    def tasks(self):
        """{(connector, task): [pid of each process]}"""
        return {slot: [w.pid_of_task(*slot) for w in self.cluster.running()
                       if w.pid_of_task(*slot)]
                for slot in tasks_of(self.cluster)}

    def in_topics(self):
        return [ledger.entry_from(r.value) for t in self.topics
                for r in self.kafka.consume(t)]

    def in_sink(self):
        with open(f"{self.folder}/out", encoding="utf-8") as f:
            return [ledger.entry_from(x) for x in f if x.endswith("\n")]

    def marks(self):
        """How far each writer is."""
        return [w.seq for w in self.writers]

    def wait_new(self, timeout):
        """Until what is written now has come through the topics and the
        sink."""
        marks = self.marks()
        for name, read in self.ends().items():
            def came(read=read):
                last = collections.Counter()
                for e in read():
                    last[e.writer] = max(last[e.writer], e.seq)
                return all(last[n] > m for n, m in enumerate(marks))
            wait_for(f"new lines in the {name}", came, timeout, 0.3)

    def ends(self):
        return {"topics": self.in_topics, "sink": self.in_sink}

    def stop_writing(self):
        for w in self.writers:
            w.finish()

    def finish(self, timeout=90):
        """{"topics", "sink": the ledger's report}; nothing is missing."""
        self.stop_writing()
        reports = {}
        for name, read in self.ends().items():
            report = ledger.wait_complete(self.journal, read, timeout)
            report.assert_none("phantoms", "corrupt")
            reports[name] = report
        for n, topic in enumerate(self.topics):
            part = ledger.compare(self.journal, [
                ledger.entry_from(r.value)
                for r in self.kafka.consume(topic)])
            ledger.must(not part.disorder, f"topic {n}: {part}")
        return reports
