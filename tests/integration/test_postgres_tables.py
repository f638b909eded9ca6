"""Tables that come and go while a worker reads them, and one that tasks make."""

import pytest

from support import configs
from support.env import wait_for


@pytest.fixture
def shop(postgres, db):
    """shop(table): makes it with ten rows; shop.add(table, count)"""
    class Shop:
        def __call__(self, name):
            postgres.execute(db, f"CREATE TABLE {name} "
                             "(id bigserial PRIMARY KEY, x int)")
            self.add(name, 10)

        def add(self, name, count):
            postgres.execute(db, f"INSERT INTO {name} (x) SELECT "
                             f"generate_series(1, {count})")

        def drop(self, name):
            postgres.execute(db, f"DROP TABLE {name}")
    return Shop()


def test_new_tables_are_read_and_dropped_ones_forgotten(
        worker, kafka, postgres, db, shop, unique):
    """By pattern, over two tasks; what was read is not read again when the
    tables are shared out anew."""
    prefix, src = unique("s") + ".", unique("src")
    for name in ("shop_a", "shop_b", "shop_c", "shop_d", "other"):
        kafka.create_topic(prefix + name)

    def count(name):
        return len(kafka.consume(prefix + name))

    def wait_count(name, wanted):
        wait_for(f"{wanted} rows of {name}", lambda: count(name) == wanted)
    shop("shop_b")
    shop("other")
    config = configs.postgres_source(
        postgres, db, None, prefix, tasks_max=2, table_poll_interval_ms=300,
        table_include_list="public\\.shop_.*")
    del config["table.whitelist"]
    worker.rest.create(src, config)
    wait_count("shop_b", 10)
    worker.rest.wait_running(src, tasks=1)
    shop("shop_a")
    shop("shop_c")
    wait_count("shop_a", 10)
    wait_count("shop_c", 10)
    worker.rest.wait_running(src, tasks=2)
    shop.add("shop_b", 5)
    wait_count("shop_b", 15)
    shop.drop("shop_a")
    shop("shop_d")
    wait_count("shop_d", 10)
    for name in ("shop_b", "shop_c"):
        shop.add(name, 1)
    wait_count("shop_b", 16)
    wait_count("shop_c", 11)
    worker.rest.wait_running(src, tasks=2)
    assert "shop_a" not in str(worker.rest.get(f"/connectors/{src}/tasks"))
    assert count("shop_a") == 10 and count("other") == 0
    values = [r.value for r in kafka.consume(prefix + "shop_b")]
    assert len(set(values)) == 16, "nothing twice"


SLOW_COMMITS = """
CREATE TABLE made (n int);
CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_sleep(0.5); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER waits AFTER INSERT ON made
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait();
CREATE FUNCTION note() RETURNS event_trigger LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO made VALUES (1); END $$;
CREATE EVENT TRIGGER notes ON ddl_command_end
    WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION note();
"""


def test_tasks_that_make_the_offsets_table_at_once_make_one(
        worker, kafka, postgres, db, sql, unique):
    """Of one that commits for half a second the others see nothing yet."""
    t, name = unique("rows"), unique("sink")
    kafka.create_topic(t, 4)
    for line in SLOW_COMMITS.split(";\n"):
        if line.strip():
            sql(line)
    worker.rest.create(name, configs.postgres_sink(
        postgres, db, t, "rows", **{"tasks.max": "4"}))
    worker.rest.wait_running(name, 4)
    assert len(sql("SELECT 1 FROM pg_class WHERE relname LIKE "
                   "'penstock_offsets'")) == 1
    assert "cannot be made" not in worker.log_text()
