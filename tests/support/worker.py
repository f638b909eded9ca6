"""worker: a penstock worker as a process, with its REST API.

    w = Worker(folder, kafka.bootstrap).start()
    w.rest.create("orders", {...}); w.rest.wait_running("orders")
    w.kill9(); w.start()
"""

import os
import signal
import uuid

from .env import BUILD, HOST, UNCONFINED, free_port, wait_for
from .process import Process, argv, children, cpu_seconds, memory, tree
from .rest import Rest

JSON = "org.apache.kafka.connect.json.JsonConverter"


class Worker:
    program = "penstock"

    def __init__(self, folder, bootstrap, group=None, plugin_path=None,
                 host=HOST, wrap=(), **settings):
        """settings in keyword form: offset_flush_interval_ms=500. Workers
        with the same group are one cluster. wrap: what it is started with."""
        self.id = uuid.uuid4().hex[:8]
        self.group = group or f"penstock-{self.id}"
        self.folder = folder
        self.host, self.wrap = host, list(wrap)
        self.port = free_port()
        self.rest = Rest(f"http://{host}:{self.port}")
        self.plugin_path = plugin_path or f"{BUILD}/plugins"
        self.properties = {
            "bootstrap.servers": bootstrap,
            "group.id": self.group,
            "key.converter": JSON,
            "key.converter.schemas.enable": "false",
            "value.converter": JSON,
            "value.converter.schemas.enable": "false",
            "config.storage.topic": f"{self.group}-configs",
            "offset.storage.topic": f"{self.group}-offsets",
            "status.storage.topic": f"{self.group}-status",
            "config.storage.replication.factor": "1",
            "offset.storage.replication.factor": "1",
            "status.storage.replication.factor": "1",
            "offset.storage.partitions": "5",
            "offset.flush.interval.ms": "500",
            "listeners": f"http://{host}:{self.port}",
            "plugin.path": self.plugin_path,
        }
        self.properties.update(UNCONFINED)
        self.build = BUILD
        self.properties.update(
            {k.replace("_", "."): str(v) for k, v in settings.items()})
        self.file = os.path.join(folder, f"worker-{self.id}.properties")
        self.log = os.path.join(folder, f"worker-{self.id}.log")
        self.process = Process(self._argv(), self.log, death="TERM")

    def _argv(self):
        return self.wrap + [
            os.path.join(self.build, "penstock"), "worker", self.file]

    def use(self, build):
        """Another build folder's program and plugins, from the next start on"""
        self.build = build
        self.properties["plugin.path"] = f"{build}/plugins"
        self.process.argv = self._argv()

    def write_properties(self):
        with open(self.file, "w", encoding="latin-1") as f:
            for key, value in self.properties.items():
                f.write(f"{key}={value}\n")

    def spawn(self):
        """Without waiting for it to be ready."""
        self.write_properties()
        self.process.start()
        return self

    def start(self, timeout=60):
        self.spawn()
        self.process.wait_ready(self.program, self.rest.healthy, timeout)
        return self

    def stop(self):
        return self.process.stop(timeout=30)

    def kill9(self):
        self.process.kill()

    def restart(self):
        self.stop()
        return self.start()

    def close(self):
        """Ends it and waits until none of its children is left."""
        pids = tree(self.process.pid) if self.process.running() else []
        self.stop()
        wait_for("the worker's children to end", lambda: not any(
            self.program in " ".join(argv(p)) for p in pids))

    @property
    def logs(self):
        return [self.log]

    # Its processes

    def pids(self):
        return self.process.pids()

    def pid_of_task(self, connector, task=0):
        """The process of a task, or None."""
        wanted = ["task", connector, str(task)]
        for pid in children(self.process.pid):
            if argv(pid)[1:4] == wanted:
                return pid
        return None

    def wait_task(self, connector, task=0, other_than=None, timeout=30,
                  interval=0.05):
        def check():
            pid = self.pid_of_task(connector, task)
            return pid if pid != other_than else None
        return wait_for(f"a process of {connector} {task}", check, timeout,
                        interval)

    def kill_task(self, connector, task=0, number=signal.SIGKILL):
        """Sends the signal and returns the pid it went to."""
        pid = self.wait_task(connector, task)
        os.kill(pid, number)
        return pid

    def memory(self, what="Pss"):
        """bytes of the worker and all its children"""
        return sum(memory(p, what) for p in tree(self.process.pid))

    def cpu_seconds(self):
        return sum(cpu_seconds(p) for p in tree(self.process.pid))

    def log_text(self):
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return f.read()

    def wait_log(self, text, timeout=30):
        wait_for(f"{text!r} in the log", lambda: text in self.log_text(),
                 timeout)
