"""The same records through Kafka Connect's own classes and through penstock:
converters, transforms, predicates, whole chains; and through Debezium's
transforms. What Java leaves the order of open is compared as parsed JSON, all
else byte by byte, and what fails has to fail at the same stage.
tests/conformance/differences and debezium-differences are the lists of what
differs on purpose, with reasons."""

import concurrent.futures
import dataclasses
import glob
import json
import os
import re
import subprocess

import pytest

from conformance import cases, debezium
from support import env

FOLDER = os.path.join(env.ROOT, "tests/conformance")
LIMIT_S = 600 if env.SANITIZED else 120
AT_LEAST = 1000


def run(argv, lines, **more):
    done = subprocess.run(argv, input=lines, capture_output=True, check=False,
                          timeout=LIMIT_S, **more)
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    return [json.loads(line) for line in done.stdout.split(b"\n") if line]


def java(lines):
    libs = os.pathsep.join(
        jar for name in ("kafka/libs/connect-*", "kafka/libs/kafka-clients-*",
                         "kafka/libs/jackson-*", "kafka/libs/slf4j-api*",
                         "kafka/libs/caffeine*", "debezium/libs/*")
        for jar in sorted(glob.glob(f"{env.DEPS}/{name}.jar")))
    return run(["java", "-XX:-UsePerfData", "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Xss4m", "-Duser.timezone=UTC", "-Duser.language=en",
                "-Duser.country=US", "-cp", libs,
                f"{FOLDER}/Conform.java"], lines)


def ours(lines):
    return run([env.BUILD + "/conform"], lines,
               env={**os.environ, **env.sanitizer_options()})


def parsed(raw):
    """Numbers stay the text they are."""
    text = bytes.fromhex(raw).decode("utf-8", "surrogateescape")
    try:
        return json.loads(text, parse_int=str, parse_float=str)
    except ValueError:
        return sorted(re.split("[{}, ]+", text))


ADDRESS = b"an address".hex()  # what Java's [B@1f2e3d stands for


def same_bytes(theirs, our, loose):
    if theirs == ADDRESS:
        return our is not None
    if theirs == our or theirs is None or our is None or not loose:
        return theirs == our
    return parsed(theirs) == parsed(our)


END = 20  # characters


def wording(their, our):
    """What is wrong with a configuration ends with Connect's words."""
    if their.get("failed") == "CONFIG" and \
            their["text"][-END:] not in our["text"]:
        return "words"
    return None


# Java's own; the others that it throws it stumbles into.
MEANT = {"DataException", "SchemaBuilderException"}


def exception(their, our):
    """What a dead letter names is of the class that Java throws."""
    theirs, ours_ = their.get("class"), our.get("class", "").split(".")[-1]
    if (theirs in MEANT and ours_ != theirs) or \
            (ours_ and ours_ not in MEANT):
        return f"class: {theirs}, here {ours_}"
    return None


def difference(their, our, words=True):
    """None, or in which respect they differ"""
    if "differs" in our:
        return "of equal records one came out otherwise"
    for way in ("failed", "dropped"):
        if their.get(way) != our.get(way):
            return way
        if way in their:
            return (wording(their, our) if words else None) or \
                exception(their, our)
    for name in ("topic", "partition", "timestamp"):
        if their[name] != our[name]:
            return name
    for name in ("key", "value"):
        if not same_bytes(their[name], our[name], their["loose"]):
            return name
    if len(their["headers"]) != len(our["headers"]) or not all(
            a[0] == b[0] and same_bytes(a[1], b[1], True)
            for a, b in zip(their["headers"], our["headers"])):
        return "headers"
    return None


def accepted(name):
    """(regular expression of names, reason); a line is both, by a tab"""
    with open(f"{FOLDER}/{name}", encoding="utf-8") as f:
        rows = [line.rstrip("\n").split("\t") for line in f
                if line.strip() and not line.startswith("#")]
    return [(re.compile(pattern), reason) for pattern, reason in rows]


def readable(result):
    shown = dict(result)
    for name in ("key", "value"):
        if shown.get(name) is not None:
            shown[name] = bytes.fromhex(shown[name])
    shown["headers"] = [
        (n, None if v is None else bytes.fromhex(v))
        for n, v in shown.get("headers", [])]
    return {k: v for k, v in shown.items() if v not in ([], None)}


@dataclasses.dataclass
class Suite:
    name: str
    cases: object
    package: str
    differences: str
    # What we have more: nested paths in more transforms, and what Java reads
    # without listing it. And the one key that no configuration has: a
    # converter is told by the framework.
    more_keys: set
    # Of what we do not have: tracing.
    less_keys: set
    # Is said what is wrong with a configuration? Debezium mostly does not.
    words: bool


SUITES = [
    Suite("kafka", cases, "org.apache.", "differences",
          {"field.syntax.version", "hoisted", "converter.type"}, set(), True),
    Suite("debezium", debezium, "io.debezium.transforms.",
          "debezium-differences",
          {"replace.null.with.default", "key.field.name",
           "schema.name.adjustment.mode"},
          {"tracing.span.context.field", "tracing.operation.name",
           "tracing.with.context.field.only"}, False),
]


def listed(package):
    """(Java name, {key: definition}) of all that Java itself has"""
    done = subprocess.run(
        [env.BUILD + "/penstock", "inspect", "--json",
         env.BUILD + "/plugins"], capture_output=True, check=True, timeout=60)
    kinds = ("transformation", "predicate", "converter", "header_converter")
    return [(p["class"], {k["name"]: k for k in p["keys"]})
            for p in json.loads(done.stdout)["plugins"]
            if p["type"] in kinds and p["class"].startswith(package)]


def wrong_keys(suite, name, ours_, theirs):
    """what a configuration of Connect would find otherwise here"""
    more = set(ours_) - set(theirs) - suite.more_keys
    less = set(theirs) - set(ours_) - suite.less_keys
    if more or less:
        yield f"{name}: has {sorted(more)} and lacks {sorted(less)}"
    for key in set(ours_) & set(theirs) - {"converter.type"}:
        k, t = ours_[key], theirs[key]
        mine = {"type": k["type"], "importance": k["importance"],
                "required": k["required"], "default": k["default_value"]}
        if not suite.words:  # what Debezium requires is not in its table
            t = {**t, "required": mine["required"]}
        if mine != t:
            yield f"{name}: {key} is {mine}, in Connect {t}"


@pytest.mark.parametrize("suite", SUITES, ids=lambda s: s.name)
def test_records_come_out_as_javas_own_classes_make_them(suite):
    made = suite.cases.all_cases()
    assert len(made) >= AT_LEAST
    classes = listed(suite.package)
    lines = b"".join(json.dumps(c).encode() + b"\n" for c in made)
    asked = b"".join(json.dumps({"keys": name}).encode() + b"\n"
                     for name, _ in classes)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        our = pool.submit(ours, lines)
        theirs = java(lines + asked)
        our = our.result()
    assert len(our) == len(made) == len(theirs) - len(classes)
    tables = [w for (name, keys), t in zip(classes, theirs[len(made):])
              for w in wrong_keys(suite, name, keys, t)]
    assert not tables, "\n".join(tables)
    rows, used, wrong = accepted(suite.differences), set(), []
    for c, t, o in zip(made, theirs, our):
        how = difference(t, o, suite.words)
        if how is None:
            continue
        row = next((n for n, (pattern, _) in enumerate(rows)
                    if pattern.fullmatch(c["name"])), None)
        if row is None:
            wrong.append(f"{c['name']} differs in {how}:\n      Java "
                         f"{readable(t)}\n  penstock {readable(o)}")
        used.add(row)
    if os.environ.get("CONFORMANCE_ALL"):
        print("\n".join(wrong))
    assert not wrong, f"{len(wrong)} of {len(made)} cases:\n" + "\n".join(
        wrong[:30])
    idle = [rows[n][0].pattern for n in range(len(rows)) if n not in used]
    assert not idle, f"differences that are none any more: {idle}"
