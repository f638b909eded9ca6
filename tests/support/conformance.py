"""conformance: one table of requests put to two servers, and how their
answers differ.

A table is a text file, a step a line:

    source = {"connector.class": "FileStreamSource", "topic": "t~"}
    POST /connectors {"name": "a~", "config": $source}
    PUT /connectors/a~/config $source {"tasks.max": "2"} -topic
    GET -H 'Accept: text/plain' /connectors
    wait a~ RUNNING 1
    topic t~ 1
    write in 3

`~` is the side's own mark, so that both can use one broker; it is taken back
out of what they answer. `$dir` is the side's folder. A body is `$name`, with
members added by an object behind it and left out by `-key`, or any text;
`%big N`, `%deep N`, `%objects N` and `%keys N` make one. A GET of a connector
whose answers differ is put again for a while: its state comes by itself.
"""

import concurrent.futures
import dataclasses
import http.client
import json
import os
import re
import time

from confluent_kafka.admin import AdminClient, NewTopic

from .env import HOST

PATIENCE = float(os.environ.get("CONFORMANCE_PATIENCE", "10"))
HEADERS = ("Content-Type", "Location", "Allow", "WWW-Authenticate",
           "Access-Control-Allow-Origin", "Access-Control-Allow-Methods",
           "Access-Control-Allow-Headers",
           "Access-Control-Allow-Credentials", "Access-Control-Max-Age",
           "Access-Control-Expose-Headers", "X-Table")
# Classes of Kafka's own plugins.
KAFKAS = re.compile(r"org\.apache\.kafka\.connect\.(?:transforms|converters|"
                    r"json|storage)\.[\w.]*[A-Z]\w*(?:\$(?:Key|Value))?")
MADE = {
    "big": lambda n: b'{"name":"' + b"x" * n + b'"}',
    "deep": lambda n: b"[" * n + b"]" * n,
    "objects": lambda n: b'{"a":' * n + b"1" + b"}" * n,
    "keys": lambda n: json.dumps(
        {f"key.{i}": str(i) for i in range(n)}).encode(),
}


@dataclasses.dataclass
class Step:
    line: str
    method: str
    path: str
    headers: dict
    body: str

    @property
    def name(self):
        return f"{self.method} {self.path} {self.body}".strip()


# Reading

class Table:
    def __init__(self, path):
        self.names = {}
        self.steps = []
        with open(path, encoding="utf-8") as f:
            lines = re.sub(r"\\\n\s*", "", f.read()).split("\n")
        for line in lines:
            if line and not line.startswith("#"):
                self._take(line)

    def _take(self, line):
        named = re.match(r"(\w+) = (.*)", line)
        if named:
            self.names[named[1]] = json.loads(self._value(named[2]))
            return
        method, _, rest = line.partition(" ")
        headers = {}
        while rest.startswith("-H "):
            header, rest = re.match(r"-H '([^']*)' ?(.*)", rest).groups()
            name, _, value = header.partition(":")
            headers[name] = value.strip()
        path, _, body = rest.partition(" ")
        if method.isupper():
            body = self._value(body)
        self.steps.append(Step(line, method, path, headers, body))

    def _value(self, text):
        """The text with $names replaced by their JSON."""
        if text.startswith("$"):
            return self._merged(text)
        return re.sub(r"\$(\w+)", lambda m: json.dumps(self.names[m[1]])
                      if m[1] in self.names else m[0], text)

    def _merged(self, text):
        """$name {"more": 1} -less"""
        name, rest = re.match(r"\$(\w+) ?(.*)", text).groups()
        value = dict(self.names[name])
        if rest.startswith("{"):
            more, end = json.JSONDecoder().raw_decode(rest)
            value.update(more)
            rest = rest[end:]
        for less in rest.split():
            del value[less.removeprefix("-")]
        return json.dumps(value)


# Asking

class Side:
    """One server, and what stands for it in the table. The mark must not be
    found across the end of a name and itself: "kkkk" is, behind "disk"."""

    def __init__(self, worker, mark):
        self.worker = worker
        self.mark = mark
        self.dir = os.path.join(worker.folder, mark)
        os.makedirs(self.dir, exist_ok=True)

    def _own(self, text):
        return text.replace("~", self.mark).replace("$dir", self.dir)

    def _common(self, text):
        for own, common in ((self.dir, "$dir"),
                            (f"{HOST}:{self.worker.port}", "$address"),
                            (self.mark, "~")):
            text = text.replace(own, common)
        return text

    def _body(self, step):
        made = re.match(r"%(\w+) (\d+)$", step.body)
        if made:
            return MADE[made[1]](int(made[2]))
        return self._own(step.body).encode()

    def ask(self, step):
        """Again while a rebalance is in the way."""
        end = time.monotonic() + PATIENCE
        answer = self._ask(step)
        while (answer.status in (409, 500) and "rebalance" in answer.text
               and time.monotonic() < end):
            time.sleep(0.2)
            answer = self._ask(step)
        return answer

    def _ask(self, step):
        body = self._body(step)
        headers = {"Accept": "*/*"}
        if body or step.method in ("POST", "PUT", "PATCH"):
            headers["Content-Type"] = "application/json"
            headers["Content-Length"] = str(len(body))
        headers.update(step.headers)
        c = http.client.HTTPConnection(HOST, self.worker.port, timeout=95)
        c.putrequest(step.method, self._own(step.path),
                     skip_accept_encoding=True)
        for name, value in headers.items():
            if value:
                c.putheader(name, value)
        try:
            c.endheaders(body)
        except OSError:
            pass  # answered before it had read all
        r = c.getresponse()
        text = r.read().decode("utf-8", "replace")
        found = {n: self._common(r.headers[n]) for n in HEADERS
                 if r.headers[n] is not None}
        c.close()
        return Answer(r.status, found, self._common(text))

    def wait(self, step):
        state, _, tasks = step.body.partition(" ")
        self.worker.rest.wait_state(self._own(step.path), state,
                                    int(tasks) if tasks else None, 120)

    def topic(self, step):
        admin = AdminClient(
            {"bootstrap.servers": self.worker.properties["bootstrap.servers"]})
        made = admin.create_topics(
            [NewTopic(self._own(step.path), int(step.body), 1)])
        for future in made.values():
            future.result(60)

    def write(self, step):
        with open(os.path.join(self.dir, step.path), "a",
                  encoding="ascii") as f:
            f.writelines(f"line {n}\n" for n in range(int(step.body)))

    def do(self, step):
        return (self.ask(step) if step.method.isupper()
                else getattr(self, step.method)(step))


@dataclasses.dataclass
class Answer:
    status: int
    headers: dict
    text: str

    @property
    def body(self):
        try:
            return json.loads(self.text)
        except ValueError:
            return self.text


# Comparing

def label(item, index):
    """How an element of a list is called: by its name if it has one."""
    if isinstance(item, str):
        return item
    if isinstance(item, dict):
        for key in ("definition", "value"):
            if isinstance(item.get(key), dict):
                return item[key].get("name", index)
        for key in ("class", "name", "partition"):
            if key in item:
                return json.dumps(item[key], sort_keys=True)
    return index


def members(value):
    if isinstance(value, dict):
        return dict(value)
    return {label(v, i): v for i, v in enumerate(value)}


def compare(theirs, ours, where=""):
    """What differs, one line each: where, theirs, ours."""
    if type(theirs) is not type(ours) or not isinstance(theirs, (dict, list)):
        if theirs != ours:
            yield f"{where} {json.dumps(theirs)} {json.dumps(ours)}"
        return
    a, b = members(theirs), members(ours)
    for name in a:
        if name not in b:
            yield f"{where}.{name} {json.dumps(a[name])} is missing"
        else:
            yield from compare(a[name], b[name], f"{where}.{name}")
    for name in b:
        if name not in a:
            yield f"{where}.{name} is new: {json.dumps(b[name])}"
    if isinstance(theirs, list):
        common = [n for n in a if n in b]
        if common != [n for n in b if n in a]:
            yield f"{where} order {common} {[n for n in b if n in a]}"


def differences(step, theirs, ours):
    if theirs.status != ours.status:
        yield f"status {theirs.status} {ours.status}"
    for name in sorted({*theirs.headers, *ours.headers}):
        a, b = theirs.headers.get(name), ours.headers.get(name)
        if "Allow" in name and a and b:
            a, b = (sorted(re.split(r"\s*,\s*", v)) for v in (a, b))
        if a != b:
            yield f"header {name} {a} {b}"
    if step.method == "OPTIONS":
        return
    for line in compare(theirs.body, ours.body):
        yield "body" + line


class Accepted:
    """The list of differences that are meant: REQUEST :: DIFFERENCE ::
    reason, both regular expressions for the whole."""

    def __init__(self, path):
        self.rules = []
        self.used = set()
        with open(path, encoding="utf-8") as f:
            for line in f:
                if line.strip() and not line.startswith("#"):
                    request, difference, reason = line.rstrip().split(" :: ")
                    assert reason
                    self.rules.append((re.compile(request + r"\Z", re.S),
                                       re.compile(difference + r"\Z", re.S),
                                       line))

    def takes(self, step, difference):
        found = [line for request, what, line in self.rules
                 if request.match(step.name) and what.match(difference)]
        self.used.update(found)
        return bool(found)

    def unused(self):
        return [line for _, _, line in self.rules
                if line not in self.used and ":: sometimes" not in line]


class Comparison:
    """Two servers side by side."""

    def __init__(self, theirs, ours, accepted):
        self.sides = (theirs, ours)
        self.accepted = accepted
        self.classes = None
        self.pool = concurrent.futures.ThreadPoolExecutor(2)

    def _is_for_both(self, step):
        """Kafka's own plugins that penstock does not have are not asked
        for."""
        if self.classes is None:
            plugins = self.sides[1].worker.rest.get(
                "/connector-plugins?connectorsOnly=false")
            self.classes = {p["class"] for p in plugins}
        return set(KAFKAS.findall(step.line + step.body)) <= self.classes

    def _both(self, step):
        return list(self.pool.map(lambda side: side.do(step), self.sides))

    def _compared(self, step):
        return [d for d in differences(step, *self._both(step))
                if not self.accepted.takes(step, d)]

    def run(self, step):
        """The differences that nobody accepted."""
        if not self._is_for_both(step):
            return []
        if not step.method.isupper():
            self._both(step)
            return []
        found = self._compared(step)
        patient = (step.method == "GET" and step.path.startswith("/connectors")
                   and not any(d.startswith("status") for d in found))
        end = time.monotonic() + (PATIENCE if patient else 0)
        while found and time.monotonic() < end:
            time.sleep(0.2)
            found = self._compared(step)
        return found
