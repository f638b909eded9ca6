"""The template for a whole database, as an operator applies it: each table
of a list becomes a topic, a view that follows it, and an archive."""

import json
import os
import subprocess

import pytest

from support import s3 as gateway
from support.env import BUILD, ROOT, wait_for

PASSWORD = "pass-4e1c"  # nowhere but in its file


@pytest.fixture
def w(kafka, new_worker):
    """Its converters are not those that the template needs."""
    return new_worker(
        kafka.bootstrap, config_providers="file",
        config_providers_file_class=(
            "org.apache.kafka.common.config.provider.FileConfigProvider"))


@pytest.fixture
def apply(w, folder):
    def run(*args, code=0):
        done = subprocess.run(
            [f"{BUILD}/penstock", "apply", "-o", "json", "-f",
             ROOT + "/configs/templates/database-to-speed-layer.json",
             "-f", folder + "/pipelines", *args], text=True,
            capture_output=True, timeout=120, check=False,
            env=dict(os.environ, PENSTOCK_URL=w.rest.url))
        assert done.returncode == code, done.stderr
        return {x["name"]: x["result"] for x in json.loads(done.stdout)}
    os.mkdir(folder + "/pipelines")
    return run


def write(path, text):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def declare(folder, name, tables, more):
    write(f"{folder}/pipelines/{name}.json", json.dumps({
        "name": name, "template": "database-to-speed-layer",
        "parameters": {
            "tables": tables, "mode": "timestamp+incrementing",
            "time_column": "changed", "id_column": "id", "poll_ms": 100,
            "replication": 1, "path_style": True, "flush_records": 1000,
            "rotate_ms": 500, "bucket": name, **more}}))


def test_tables_of_a_database_become_views_and_an_archive(
        w, apply, folder, unique, postgres, db, sql, s3, kafka):
    name, prefix = unique("speed"), unique("x") + "."
    secrets = folder + "/secrets.properties"
    write(secrets, f"db={PASSWORD}\nid={gateway.ACCESS_KEY}\n"
          f"key={gateway.SECRET_KEY}\n")
    s3.create_bucket(name)
    more = {"url": postgres.jdbc(db), "view_url": postgres.jdbc(db),
            "user": "postgres", "view_user": "postgres",
            "store_url": s3.url, "topic_prefix": prefix,
            **{k: "${file:%s:%s}" % (secrets, v) for k, v in (
                ("password", "db"), ("view_password", "db"),
                ("access_key", "id"), ("secret_key", "key"))}}
    for table in ("orders", "customers", "stock"):
        sql(f"CREATE TABLE {table} (id bigserial PRIMARY KEY, name text,"
            " changed timestamptz NOT NULL DEFAULT clock_timestamp())")
        sql(f"INSERT INTO {table} (name) SELECT '{table} ' || n"
            " FROM generate_series(1, 50) n")
    declare(folder, name, ["orders", "customers"], more)
    assert apply("--plan", code=3)[name] == "created"
    assert apply()[name] == "created"
    assert apply("--plan")[name] == "unchanged"

    def state():
        return w.rest.get(f"/pipelines/{name}/status")["state"]
    wait_for("the pipeline to run", lambda: state() == "RUNNING")
    sql("UPDATE orders SET name = 'changed', changed = clock_timestamp()"
        " WHERE id = 7")

    def rows(table):
        return sorted(sql(f"SELECT id, name FROM {table}"))

    def agree(*tables):
        return all(rows(t + "_view") == rows(t) for t in tables)
    wait_for("the views to follow", lambda: agree("orders", "customers"))

    def archived(table):
        return [(r["id"], r["name"]) for r in map(
            json.loads, s3.lines(name, f"topics/{prefix}{table}/"))]
    wait_for("the archive", lambda: set(archived("customers")) == set(
        rows("customers")) and len(archived("orders")) >= 51)
    assert (7, "orders 7") in archived("orders") and \
        (7, "changed") in archived("orders")

    # one table more: what is there goes on
    def began():
        return [t["since"] for t in w.rest.get(
            f"/connectors/{name}-orders-view/status")["tasks"]]
    before = began()
    declare(folder, name, ["orders", "customers", "stock"], more)
    assert apply()[name] == "updated"
    wait_for("the third view", lambda: agree("orders", "customers", "stock"))
    assert began() == before
    assert len(w.rest.get(f"/pipelines/{name}")["connectors"]) == 9
    assert PASSWORD not in w.log_text()

    os.unlink(f"{folder}/pipelines/{name}.json")
    assert apply("--prune")[name] == "deleted"
    wait_for("all to be gone", lambda: w.rest.connectors() == [])
