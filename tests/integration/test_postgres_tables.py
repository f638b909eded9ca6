"""Tables that come and go while a worker reads them."""

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
