"""docs/openapi.json: it describes the routes there are, and no others; what a
worker answers has the members that it names."""

import json
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


def routes():
    """Of the table: method and pattern of each row."""
    with open(f"{ROOT}/core/rest/route.c", encoding="utf-8") as f:
        table = re.search(r"struct route routes\[\] = \{\n(.*?)\n\};",
                          f.read(), re.S)[1]
    return set(re.findall(r'\{ "([A-Z]+)", "([^"]*)",', table))


def test_every_route_is_described_and_nothing_else(document):
    described = {(method, re.sub(r"\{\w+\}", "{}", path).strip("/"))
                 for method, path in operations(document)}
    assert described == routes()


def test_every_parameter_of_a_path_is_declared(document):
    for path, item in document["paths"].items():
        declared = [p["name"] for p in item.get("parameters", [])]
        assert declared == re.findall(r"\{(\w+)\}", path), path


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


def test_answers_have_the_members_that_are_described(
        document, worker, kafka, folder):
    kafka.create_topic("described")
    with open(f"{folder}/in", "w", encoding="ascii") as f:
        f.write("one\n")
    config = {"connector.class": "FileStreamSource", "tasks.max": "1",
              "file": f"{folder}/in", "topic": "described"}
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
