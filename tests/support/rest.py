"""rest: the Connect REST API, penstock's or Kafka Connect's own."""

import requests

from .env import wait_for

FAILED_WRITE = ("Failed to write to config topic; this may be due to a "
                "transient error and the request can be safely retried")


class RestError(Exception):
    """an answer of 400 or above"""

    def __init__(self, response):
        super().__init__(f"{response.status_code} from {response.request.method}"
                         f" {response.url}: {response.text[:2000]}")
        self.status = response.status_code
        self.text = response.text

    def message(self):
        """Connect's error text"""
        return requests.models.complexjson.loads(self.text)["message"]


class Rest:
    def __init__(self, url):
        self.url = url
        self.session = requests.Session()

    def request(self, method, path, body=None, timeout=95, **kwargs):
        """The raw response, whatever its status."""
        return self.session.request(method, self.url + path, json=body,
                                    timeout=timeout, **kwargs)

    def call(self, method, path, body=None):
        """The JSON of the answer, or RestError."""
        r = self.request(method, path, body)
        if r.status_code >= 400:
            raise RestError(r)
        return r.json() if r.content else None

    def get(self, path):
        return self.call("GET", path)

    def healthy(self):
        return self.request("GET", "/health", timeout=5).status_code == 200

    def connectors_answered(self):
        return self.request("GET", "/connectors", timeout=5).status_code == 200

    def create(self, name, config):
        return self.call("POST", "/connectors",
                         {"name": name, "config": stringified(config)})

    def put_config(self, name, config):
        return self.call("PUT", f"/connectors/{name}/config",
                         stringified(config))

    def delete(self, name):
        return self.call("DELETE", f"/connectors/{name}")

    def pause(self, name):
        return self.call("PUT", f"/connectors/{name}/pause")

    def resume(self, name):
        return self.call("PUT", f"/connectors/{name}/resume")

    def stop_connector(self, name):
        return self.call("PUT", f"/connectors/{name}/stop")

    def restart_connector(self, name, query=""):
        return self.call("POST", f"/connectors/{name}/restart{query}")

    def restart_task(self, name, task=0):
        return self.call("POST", f"/connectors/{name}/tasks/{task}/restart")

    def status(self, name):
        return self.get(f"/connectors/{name}/status")

    def offsets(self, name):
        return self.get(f"/connectors/{name}/offsets")["offsets"]

    def connectors(self):
        return self.get("/connectors")

    def wait_state(self, name, state, tasks=None, timeout=60):
        """Until the connector and each of its tasks are in the state. tasks:
        how many there must be; by default at least one unless STOPPED."""
        def check():
            s = self.status(name)
            found = [t["state"] for t in s["tasks"]]
            enough = (len(found) == tasks if tasks is not None
                      else found or state == "STOPPED")
            if (s["connector"]["state"] == state and enough
                    and all(t == state for t in found)):
                return s
            raise ValueError(s)
        return wait_for(f"{name} to be {state}", check, timeout)

    def wait_running(self, name, tasks=None, timeout=60):
        return self.wait_state(name, "RUNNING", tasks, timeout)

    def wait_cause(self, name, *words, timeout=60):
        """Until its first task waits and names one of these as the cause."""
        def check():
            text = str(self.status(name)["tasks"][0]).lower()
            if not any(w.lower() in text for w in words):
                raise ValueError(text)
            return text
        return wait_for(f"{name} to say {words}", check, timeout)

    def wait_task_failed(self, name, task=0, timeout=60):
        """Returns the task's status, its trace in it."""
        def check():
            for t in self.status(name)["tasks"]:
                if t["id"] == task and t["state"] == "FAILED":
                    return t
            raise ValueError(self.status(name))
        return wait_for(f"task {task} of {name} to fail", check, timeout)


def stringified(config):
    """Connect's configs are maps of strings."""
    def text(value):
        if isinstance(value, bool):
            return str(value).lower()
        return value if value is None else str(value)
    return {k: text(v) for k, v in config.items()}
