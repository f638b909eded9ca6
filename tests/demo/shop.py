"""shop: writes orders into the source database until told to stop. Rows are
inserted and updated, some in transactions that commit late."""

import random
import threading

import psycopg2

STATES = ["new", "paid", "packed", "sent", "returned"]


class Shop(threading.Thread):
    def __init__(self, dsn, seed=1, pause=0.01):
        super().__init__(daemon=True)
        self.dsn = dsn
        self.random = random.Random(seed)
        self.pause = pause
        self.inserted = self.updated = 0
        self.failed = None
        self.closing = threading.Event()

    def run(self):
        try:
            with psycopg2.connect(self.dsn) as early, \
                    psycopg2.connect(self.dsn) as late:
                while not self.closing.wait(self.pause):
                    self._work(early, late)
        except Exception as e:  # pylint: disable=broad-except
            self.failed = e

    def _work(self, early, late):
        """`late` takes its numbers first and commits last."""
        self._insert(late, self.random.randrange(1, 10))
        self._insert(early, self.random.randrange(1, 40))
        self._update(early, self.random.randrange(0, 20))
        early.commit()
        self.closing.wait(self.random.random() * self.pause)
        late.commit()

    def _insert(self, connection, count):
        with connection.cursor() as c:
            c.execute(
                "INSERT INTO orders (customer_id, status, amount, note)"
                " SELECT (random() * 1000)::int, 'new',"
                " (random() * 10000)::numeric(12, 2),"
                " 'deliver to door \"' || n || '\", ring twice: äöü'"
                " FROM generate_series(1, %s) n", (count,))
        self.inserted += count

    def _update(self, connection, count):
        with connection.cursor() as c:
            c.execute(
                "UPDATE orders SET status = %s,"
                " updated_at = clock_timestamp() WHERE id IN (SELECT id"
                " FROM orders ORDER BY random() LIMIT %s)",
                (self.random.choice(STATES), count))
            self.updated += c.rowcount

    def stop(self):
        self.closing.set()
        self.join(30)
        if self.failed:
            raise self.failed
