"""registry: a real schema registry (Apicurio, in memory), and schemas as
Python's own client sees them.

    r = Registry(folder).start()
    r.url                      as schema.registry.url takes it
    r.client()                 confluent_kafka's SchemaRegistryClient
    r.latest("orders-value")   {"id":…, "version":…, "schema":…}

It needs Java 21 or newer; java() is None where there is none.
ScriptedRegistry is one in the test, whose failures are chosen.
"""

import glob
import json
import os
import re
import subprocess

import requests
from confluent_kafka.schema_registry import SchemaRegistryClient

from .env import DEPS, HOST, free_port
from .kafka import java_files
from .process import Process
from .receiver import Receiver, Reply

APP = os.path.join(DEPS, "registry")
JAVA_MIN = 21


def _version(java):
    try:
        said = subprocess.run([java, "-XX:-UsePerfData", "-version"],
                              capture_output=True, text=True,
                              check=False).stderr
    except OSError:
        return 0
    found = re.search(r'version "(\d+)', said)
    return int(found[1]) if found else 0


def java():
    """the newest on this machine, None when that is too old"""
    found = ["java", *glob.glob("/usr/lib/jvm/*/bin/java"),
             *glob.glob("/opt/*/bin/java")]
    newest = max(found, key=_version)
    return newest if _version(newest) >= JAVA_MIN else None


class Registry:
    def __init__(self, folder):
        self.port = free_port()
        self.base = f"http://{HOST}:{self.port}"
        self.url = self.base + "/apis/ccompat/v7"
        self.log = os.path.join(folder, "registry.log")
        assert os.path.exists(APP + "/quarkus-run.jar"), \
            "no schema registry: run docker/install-deps test"
        self.process = Process(
            [java(), *java_files(folder), "-Xmx400m", "-XX:+UseSerialGC",
             "-XX:TieredStopAtLevel=1", "-XX:+AutoCreateSharedArchive",
             f"-XX:SharedArchiveFile={APP}/classes.jsa",
             f"-Dquarkus.http.port={self.port}",
             f"-Dquarkus.http.host={HOST}",
             f"-Dquarkus.management.port={free_port()}",
             f"-Dquarkus.management.host={HOST}",
             "-Dquarkus.http.access-log.enabled=false",
             "-Dquarkus.log.level=WARN",
             "-jar", APP + "/quarkus-run.jar"], self.log, cwd=APP)

    def start(self):
        self.process.start()
        self.process.wait_ready("the schema registry", self.healthy, 90)
        return self

    def healthy(self):
        return requests.get(self.url + "/schemas/types", timeout=5).ok

    def stop(self):
        return self.process.stop()

    close = stop

    @property
    def logs(self):
        return [self.log]

    def pids(self):
        return self.process.pids()

    def client(self):
        return SchemaRegistryClient({"url": self.url, "timeout": 30})

    def call(self, method, path, body=None):
        answer = requests.request(method, self.url + path, json=body,
                                  timeout=30)
        assert answer.ok, f"{method} {path}: {answer.text}"
        return answer.json()

    def latest(self, subject):
        return self.call("GET", f"/subjects/{subject}/versions/latest")

    def versions(self, subject):
        return self.call("GET", f"/subjects/{subject}/versions")

    def register(self, subject, schema, kind="AVRO", references=()):
        """the id of the schema's text"""
        return self.call("POST", f"/subjects/{subject}/versions", {
            "schema": schema, "schemaType": kind,
            "references": list(references)})["id"]

    def compatibility(self, subject, level):
        self.call("PUT", f"/config/{subject}", {"compatibility": level})


class ScriptedRegistry:
    """Keeps schemas in memory and fails as a test wants: faults(index,
    request) answers a Reply instead, or None. close() and start() keep the
    port and what was registered."""

    def __init__(self, kind="AVRO", **kwargs):
        self.server = Receiver(**kwargs)
        self.kind = kind  # of the schemas that are put into it
        self.server.script(self._answer)
        self.faults = lambda index, request: None
        self.schemas = []

    def start(self):
        self.server.start()
        return self

    def close(self):
        self.server.close()

    @property
    def url(self):
        return self.server.url

    @property
    def requests(self):
        return self.server.requests

    def _answer(self, index, request):
        fault = self.faults(index, request)
        if fault is not None:
            return fault
        path = request.path.split("?")[0]
        if path == "/schemas/types":
            return _json(["AVRO", "JSON", "PROTOBUF"])
        if path.startswith("/schemas/ids/"):
            number = int(path.rsplit("/", 1)[1])
            if number > len(self.schemas):
                return _json({"error_code": 40403,
                              "message": "Schema not found"}, 404)
            return _json({"schema": self.schemas[number - 1],
                          "schemaType": self.kind})
        text = request.json()["schema"]
        if text not in self.schemas:
            self.schemas.append(text)
        number = self.schemas.index(text) + 1
        return _json({"id": number, "version": number, "schema": text})


def _json(value, status=200):
    return Reply(status, json.dumps(value).encode(),
                 {"Content-Type": "application/vnd.schemaregistry.v1+json"})
