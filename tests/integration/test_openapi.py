"""docs/openapi.json: it describes the routes there are, and no others; what a
worker answers has the members that it names."""

import glob
import json
import os
import re

import pytest

from support.env import ROOT

METHODS = {"get", "put", "post", "patch", "delete"}


@pytest.fixture(scope="module")
def document():
    with open(f"{ROOT}/docs/openapi.json", encoding="utf-8") as f:
        return json.load(f)


def operations(document):
    return {(method.upper(), path): operation
            for path, item in document["paths"].items()
            for method, operation in item.items() if method in METHODS}


def rows():
    """Of the table of routes: (method, pattern): (handler, flags)."""
    with open(f"{ROOT}/core/rest/route.c", encoding="utf-8") as f:
        table = re.search(r"struct route routes\[\] = \{\n(.*?)\n\};",
                          f.read(), re.S)[1]
    return {(method, pattern): (handler, flags) for
            method, pattern, handler, flags in re.findall(
                r'\{ "([A-Z]+)", "([^"]*)",\s+(\w+),\s+\w+,\s+([^}]*?) \}',
                table)}


def shapes(document):
    """The operations by method and pattern, as the table has them."""
    return {(method, re.sub(r"\{\w+\}", "{}", path).strip("/")): operation
            for (method, path), operation in operations(document).items()}


def test_every_route_is_described_and_nothing_else(document):
    assert set(shapes(document)) == set(rows())


def test_every_parameter_of_a_path_is_declared(document):
    for path, item in document["paths"].items():
        declared = [p["name"] for p in item.get("parameters", [])]
        assert declared == re.findall(r"\{(\w+)\}", path), path


# Arguments that the table of routes gives to rows with a flag.
FLAGGED = {"FRESH": "freshness"}


def functions():
    """Of core/rest: {(file, name): body}, and the names seen by all files."""
    found, public = {}, set()
    for path in glob.glob(f"{ROOT}/core/rest/*.c"):
        with open(path, encoding="utf-8") as f:
            for kind, name, body in re.findall(
                    r"^(\w[^\n]*)\n(\w+)\([^;{]*?\)\n\{\n(.*?)^\}", f.read(),
                    re.S | re.M):
                found[os.path.basename(path), name] = body
                if not kind.startswith("static"):
                    public.add(name)
    return found, public


def arguments_read(known, public, file, name, seen):
    """Names of a query that a function asks for, or one that it names."""
    body = known[file, name]
    found = set(re.findall(r'exchange_query(?:_bool)?\(x, "(\w+)"\)', body))
    seen.add((file, name))
    for other in set(re.findall(r"\b[a-z]\w+\b", body)):
        for place in [f for f, n in known if n == other]:
            if (place == file or other in public) and (
                    place, other) not in seen:
                found |= arguments_read(known, public, place, other, seen)
    return found


def arguments(document, operation):
    """Those of its query."""
    declared = [resolve(document, p["$ref"]) if "$ref" in p else p
                for p in operation.get("parameters", [])]
    return [p["name"] for p in declared if p["in"] == "query"]


def test_every_argument_that_is_read_is_declared(document):
    """And no other."""
    known, public = functions()
    described = shapes(document)
    differ = {}
    for route, (handler, flags) in rows().items():
        (file,) = [f for f, n in known if n == handler]
        read = arguments_read(known, public, file, handler, set())
        read |= {name for flag, name in FLAGGED.items() if flag in flags}
        declared = set(arguments(document, described[route]))
        if read != declared:
            differ[route] = (sorted(read), sorted(declared))
    assert not differ


def test_what_another_worker_does_may_find_none(document):
    """409, while nobody leads."""
    described = shapes(document)
    assert not [route for route, (_, flags) in rows().items()
                if re.search(r"\b(LEADER|OWNER|TASK_OWNER|SCOPED|FRESH)\b", flags)
                and "409" not in described[route]["responses"]]


def test_who_has_to_say_their_name_may_ask_too_often(document):
    assert not [route for route, operation in operations(document).items()
                if ("401" in operation["responses"])
                != ("429" in operation["responses"])]


def references(value):
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        for v in value.values():
            yield from references(v)
    elif isinstance(value, list):
        for v in value:
            yield from references(v)


def resolve(document, reference):
    value = document
    for part in reference.removeprefix("#/").split("/"):
        value = value[part]
    return value


def test_every_reference_leads_somewhere(document):
    assert all(resolve(document, r) for r in references(document))


def members(document, schema):
    """Those a schema of an object names."""
    if "$ref" in schema:
        return members(document, resolve(document, schema["$ref"]))
    found = dict(schema.get("properties", {}))
    for part in schema.get("allOf", []):
        found.update(members(document, part))
    return found


def strange(document, schema, value, where):
    """Members of an answer that the schema does not name."""
    if "$ref" in schema:
        schema = resolve(document, schema["$ref"])
    if isinstance(value, list) and schema.get("type") == "array":
        for v in value:
            yield from strange(document, schema["items"], v, where + "[]")
    if not isinstance(value, dict):
        return
    known = members(document, schema)
    for name, v in value.items():
        if name in known:
            yield from strange(document, known[name], v, f"{where}.{name}")
        elif "additionalProperties" in schema:
            yield from strange(document, schema["additionalProperties"], v,
                               f"{where}.{name}")
        elif known:
            yield f"{where}.{name}"


ASKED = [
    ("GET", "/admin/loggers", None, 200),
    ("GET", "/admin/loggers/{logger}", None, 200),
    ("GET", "/admin/loggers/no.such", None, 404),
    ("PUT", "/admin/loggers/{logger}", {"level": "INFO"}, 200),
    ("PUT", "/admin/loggers/{logger}?scope=worker", {"level": "INFO"}, 200),
    ("PUT", "/admin/loggers/{logger}?scope=cluster", {"level": "INFO"}, 204),
    ("PUT", "/admin/loggers/{logger}", {}, 400),
    ("PUT", "/admin/loggers/{logger}", {"level": "nonsense"}, 404),
    ("POST", "/admin/drain", None, 202),
    ("POST", "/admin/drain?drain=false", None, 202),
    ("POST", "/connectors/{connector}/restart", None, 204),
    ("POST", "/connectors/{connector}/restart?includeTasks=true", None, 202),
    ("POST", "/connectors/{connector}/restart?onlyFailed=true", None, 202),
    ("POST", "/connectors/nobody/restart", None, 404),
    ("POST", "/connectors/{connector}/tasks/{task}/restart", None, 204),
    ("POST", "/connectors/{connector}/tasks/9/restart", None, 404),
    ("POST", "/labels/{label}/restart", None, 200),
    ("POST", "/labels/{label}/restart?includeTasks=true&onlyFailed=true",
     None, 200),
    ("POST", "/labels/nobody/restart", None, 404),
    ("PUT", "/labels/{label}/pause", None, 200),
    ("PUT", "/labels/{label}/resume", None, 200),
    ("PUT", "/labels/{label}/stop", None, 200),
    ("PUT", "/labels/nobody/pause", None, 404),
    ("PUT", "/labels/nobody/resume", None, 404),
    ("PUT", "/labels/nobody/stop", None, 404),
    ("DELETE", "/connectors/nobody", None, 404),
    ("DELETE", "/connectors/nobody?clean=true", None, 404),
    ("DELETE", "/connectors/{connector}?clean=true", None, 200),
]


def test_what_operators_ask_is_described_with_its_statuses(
        document, new_worker, kafka, folder, topic):
    """Each request finds its operation, parameters and answer there, and each
    status that one describes of them (but those that need users, quotas, a
    rebalance, or a fault) was seen."""
    worker = new_worker(kafka.bootstrap)
    with open(f"{folder}/in", "w", encoding="ascii") as f:
        f.write("one\n")
    values = {"connector": "o", "task": "0", "logger": "root", "label": "l"}
    worker.rest.create("o", {
        "connector.class": "FileStreamSource", "tasks.max": "1",
        "file": f"{folder}/in", "topic": topic(), "penstock.labels": "l"})
    described = operations(document)
    seen = {}
    for method, asked, body, status in ASKED:
        if "restart" in asked:
            worker.wait_task("o")
        answer = worker.rest.request(method, asked.format(**values), body)
        assert answer.status_code == status, (asked, answer.text)
        path, _, query = asked.partition("?")
        shape = next(p for m, p in described if m == method and re.fullmatch(
            re.sub(r"\\{\w+\\}", "[^/]+", re.escape(p)), path))
        operation = described[method, shape]
        assert {q.split("=")[0] for q in query.split("&") if q} <= set(
            arguments(document, operation)), asked
        seen.setdefault((method, shape), set()).add(str(status))
        reply = operation["responses"][str(status)]
        reply = resolve(document, reply["$ref"]) if "$ref" in reply else reply
        content = reply.get("content", {})
        if answer.text and "application/json" in content:
            assert not list(strange(
                document, content["application/json"]["schema"],
                answer.json(), asked))
        assert bool(answer.text) == bool(content), asked
    elsewhere = {"401", "403", "207", "409", "412", "429", "500"}
    for key, statuses in seen.items():
        left = set(described[key]["responses"]) - statuses - elsewhere
        # What needs another worker, or none of the above.
        assert left <= {
            ("POST", "/admin/drain"): {"404"},
            ("DELETE", "/connectors/{connector}"): {"204"},
        }.get(key, set()), key


def test_answers_have_the_members_that_are_described(
        document, worker, folder, topic):
    with open(f"{folder}/in", "w", encoding="ascii") as f:
        f.write("one\n")
    config = {"connector.class": "FileStreamSource", "tasks.max": "1",
              "file": f"{folder}/in", "topic": topic("described")}
    worker.rest.create("d", config)
    worker.rest.wait_running("d")
    values = {"connector": "d", "task": "0", "plugin": "FileStreamSource",
              "logger": "root"}
    found = []
    for (method, path), operation in operations(document).items():
        answer = operation["responses"].get("200", {}).get("content", {})
        if (method != "GET" or "application/json" not in answer
                or not set(re.findall(r"\{(\w+)\}", path)) <= set(values)):
            continue
        value = worker.rest.get(path.format(**values))
        found += strange(document, answer["application/json"]["schema"],
                         value, path)
    checked = worker.rest.call(
        "PUT", "/connector-plugins/FileStreamSource/config/validate", config)
    found += strange(document, {"$ref": "#/components/schemas/Validation"},
                     checked, "validate")
    assert not found
