"""chains: what 0, 1 and 3 transforms take of the path from Postgres to Kafka,
end to end, and how fast that is as Avro: rounds go through all of them in
turn, the fastest counts. And what converters and transforms cost by
themselves: json_bench and chain_bench."""

import re
import subprocess

from engine import Series
from paths import pg_topic
from support import callgrind, env
from support.registry import JAVA_MIN, Registry, java

TRANSFORMS = "org.apache.kafka.connect.transforms."
GOAL = 0.25  # of the rows/s, by three of them
STEPS = {
    "transforms.insert.type": TRANSFORMS + "InsertField$Value",
    "transforms.insert.static.field": "site",
    "transforms.insert.static.value": "north",
    "transforms.rename.type": TRANSFORMS + "ReplaceField$Value",
    "transforms.rename.exclude": "note",
    "transforms.rename.renames": "id:order_id",
    "transforms.cast.type": TRANSFORMS + "Cast$Value",
    "transforms.cast.spec": "customer_id:string",
}
# Rows of the orders table per second and core, as json_bench calls them.
RATES = {"encode": ("JSON encode", 2500000), "decode": ("JSON decode", 1500000),
         "AVRO encode": ("Avro encode", 4000000),
         "AVRO decode": ("Avro decode", None)}
RECORDS = 1000  # a round of json_bench and of chain_bench
CHAINS = {0: "", 1: "insert", 3: "insert,rename,cast"}


def keys(names):
    """Those of the transforms in the chain"""
    found = {k: v for k, v in STEPS.items() if k.split(".")[1] in names}
    return {"transforms": names, **found} if names else {}


def processor(series):
    """seconds for a million rows, of penstock and the servers"""
    return series.cpu + series.servers


def told(b, count, series, without):
    text = (f"pg-topic with {count} transforms: {series.rate:,.0f} rows/s, "
            f"{series.cpu:.2f} CPU-s/M, {processor(series):.2f} with servers")
    if count == 0:
        return text
    cost = 1 - series.rate / without.rate
    busy = 1 - processor(without) / processor(series)
    text += (f": {-cost:+.0%} rows/s; {-busy:+.0%} where processors are the "
             "limit")
    if count < max(CHAINS):
        return text
    return text + (f"; of at most -{GOAL:.0%}: "
                   f"{b.judge(cost <= GOAL)}")


def instructions(program, *args):
    """{name: for each record}, by callgrind: the kernel of a virtual machine
    seldom counts them. Three rounds: the first one compiles its plans."""
    return {name: count // RECORDS for name, count in callgrind.stretches(
        [f"{env.BUILD}/{program}", *args, "3"]).items()}


def counted(found, name):
    return f", {found[name]:,} instructions" if name in found else ""


def cost_of_converters(b):
    """By the fastest of three runs."""
    plugins = [f"{env.BUILD}/plugins/{p}.so" for p in ("json", "registry")]
    best = {}
    for _ in range(3):
        said = subprocess.run([f"{env.BUILD}/json_bench", *plugins],
                              capture_output=True, text=True, check=True)
        for name, ns in re.findall(r"^(.*?) +(\d+) ns", said.stdout, re.M):
            best[name] = min(int(ns), best.get(name, int(ns)))
    found = instructions("json_bench", *plugins)
    for name, (title, goal) in RATES.items():
        rate = 1e9 / best[name]
        of = "" if goal is None else (
            f" of at least {goal:,}: {b.judge(rate >= goal)}")
        yield (f"{title} of an order: {best[name]} ns"
               f"{counted(found, name)}, {rate:,.0f} rows/s and core{of}")


def cost_of_chains():
    said = subprocess.run([f"{env.BUILD}/chain_bench"], capture_output=True,
                          text=True, check=True)
    found = instructions("chain_bench")
    for line in said.stdout.splitlines():
        name, cost = re.match(r"(.*?) {2,}(.*)", line).groups()
        cost = re.sub(" +", " ", cost)
        if "instructions" not in cost:
            cost += counted(found, name)
        yield f"chain of an order, {name}: {cost}"


def avro(url):
    """The keys of a connector that writes Avro."""
    return {"value.converter": "io.confluent.connect.avro.AvroConverter",
            "value.converter.schema.registry.url": url}


def told_avro(series):
    return (f"pg-topic as Avro: {series.rate:,.0f} rows/s, {series.cpu:.2f} "
            f"CPU-s/M, {processor(series):.2f} with servers")


def measure(b):
    plans = {n: pg_topic(b, f"chain-{n}", keys(names))
             for n, names in CHAINS.items()}
    registry = Registry(b.folder).start() if java() else None
    if registry:
        plans["avro"] = pg_topic(b, "avro", avro(registry.url))
    found = {n: Series(f"chain-{n}", "penstock") for n in plans}
    notes = list(b.notes)
    try:
        for _ in range(b.runs):
            for n, plan in plans.items():
                b.add(found[n], plan.penstock())
    finally:
        if registry:
            registry.close()
    as_avro = found.pop("avro", None)
    b.notes = [*notes, *cost_of_converters(b), *cost_of_chains(),
               *(told(b, n, s, found[0]) for n, s in found.items()),
               told_avro(as_avro) if as_avro else
               "pg-topic as Avro: not measured, as a registry needs Java "
               f"{JAVA_MIN}"]
