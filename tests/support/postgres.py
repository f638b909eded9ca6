"""postgres: a server of our own. Everybody is trusted but the role "secured",
whose password is "s3cret", and those that are made members of it."""

import glob
import os
import shutil
import signal
import subprocess

import psycopg2

from .env import HOST, free_port, temporary_dir, wait_for
from .process import Process

SETTINGS = {
    "listen_addresses": "'127.0.0.1'",
    "unix_socket_directories": "''",
    "wal_level": "logical",
    "max_replication_slots": "20",
    "max_wal_senders": "20",
    "max_connections": "200",
    "max_prepared_transactions": "10",
    "fsync": "off",  # we kill processes, not machines
    "log_min_messages": "warning",
    "timezone": "'UTC'",
}
HBA = """host all +secured 127.0.0.1/32 scram-sha-256
host all all 127.0.0.1/32 trust
host replication all 127.0.0.1/32 trust
"""


def _programs():
    found = glob.glob("/usr/lib/postgresql/*/bin/initdb")
    assert found, "no Postgres server: run docker/install-deps test"
    return os.path.dirname(sorted(found)[-1])


def table(name):
    """As the source's tasks are given their tables."""
    return f'"public"."{name}"'


class Postgres:
    def __init__(self, folder, **settings):
        self.port = free_port()
        self.settings = {**SETTINGS, "port": str(self.port), **settings}
        self.log = os.path.join(folder, "postgres.log")
        self.user = "postgres" if os.geteuid() == 0 else None
        self.temporary = None
        self.data = self._data_dir(folder)
        self._init()
        self.process = Process(
            [_programs() + "/postgres", "-D", self.data], self.log,
            user=self.user, death="INT", cwd="/")

    def _as_user(self, *args):
        wrap = (["setpriv", "--reuid", self.user, "--regid", self.user,
                 "--init-groups", "--"] if self.user else [])
        return subprocess.run(wrap + list(args), capture_output=True,
                              text=True, check=False, cwd="/", timeout=120)

    def _data_dir(self, folder):
        """The server's user may be barred from the build folder."""
        data = os.path.join(folder, "pgdata")
        os.makedirs(data)
        if self.user and self._as_user("test", "-x", data).returncode != 0:
            self.temporary = data = temporary_dir("pg")
        if self.user:
            shutil.chown(data, self.user, self.user)
        os.chmod(data, 0o700)
        return data

    def _init(self):
        made = self._as_user(
            _programs() + "/initdb", "-D", self.data, "-A", "trust", "-N",
            "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8")
        assert made.returncode == 0, made.stderr
        with open(self.data + "/postgresql.conf", "a", encoding="utf-8") as f:
            f.writelines(f"{k} = {v}\n" for k, v in self.settings.items())
        with open(self.data + "/pg_hba.conf", "w", encoding="utf-8") as f:
            f.write(HBA)

    def start(self):
        self.process.start()
        self.process.wait_ready(
            "Postgres", lambda: self.connect("postgres").close() or True)
        self.execute("postgres", "DO $$ BEGIN CREATE ROLE secured LOGIN "
                     "PASSWORD 's3cret'; EXCEPTION WHEN duplicate_object "
                     "THEN NULL; END $$")
        return self

    def stop(self):
        """fast: sessions are ended, all is written"""
        return self.process.stop(signal.SIGINT)

    def kill(self):
        """As if it had crashed. Its children see that and end."""
        self.process.stop(signal.SIGQUIT)

    def restart(self):
        self.stop()
        return self.start()

    def next_transaction(self, number):
        """Restarts it with this as the next transaction id, of 32 bits: far
        ahead, in steps that leave every row's age below 2^31."""
        at = int(self.value("postgres", "SELECT txid_current()"))
        while at < number:
            at = min(at + 1900000000, number)
            self._freeze()
            self.stop()
            self._add_status_of(at)
            done = self._as_user(_programs() + "/pg_resetwal", "-x", str(at),
                                 "-D", self.data)
            assert done.returncode == 0, done.stderr
            self.start()

    def _freeze(self):
        """No row of any database keeps its transaction's id."""
        self.execute("postgres", "ALTER DATABASE template0 "
                     "ALLOW_CONNECTIONS true")
        done = self._as_user(
            _programs() + "/vacuumdb", "--all", "--freeze", "--quiet",
            "-h", HOST, "-p", str(self.port), "-U", "postgres")
        assert done.returncode == 0, done.stderr

    def _add_status_of(self, transaction):
        """The file that would say how it ended: of 2^20 transactions."""
        path = f"{self.data}/pg_xact/{transaction >> 20:04X}"
        if not os.path.exists(path):
            with open(path, "wb") as f:
                f.write(bytes(32 * 8192))
            if self.user:
                shutil.chown(path, self.user, self.user)

    def close(self):
        self.stop()
        if self.temporary:
            shutil.rmtree(self.temporary, ignore_errors=True)

    @property
    def logs(self):
        return [self.log]

    def pids(self):
        return self.process.pids()

    # What is in it

    def dsn(self, db, user="postgres"):
        return f"host={HOST} port={self.port} user={user} dbname={db}"

    def jdbc(self, db):
        return f"jdbc:postgresql://{HOST}:{self.port}/{db}"

    def connect(self, db):
        return psycopg2.connect(self.dsn(db), connect_timeout=5)

    def create_db(self, name):
        self.execute("postgres", f'CREATE DATABASE "{name}"')
        return name

    def drop_db(self, name):
        self.execute("postgres", f'DROP DATABASE "{name}" WITH (FORCE)')

    def execute(self, db, sql, args=None):
        """Runs it by itself, not in a transaction. Rows or None."""
        conn = self.connect(db)
        try:
            conn.autocommit = True
            with conn.cursor() as cursor:
                cursor.execute(sql, args)
                return cursor.fetchall() if cursor.description else None
        finally:
            conn.close()

    def value(self, db, sql, args=None):
        return self.execute(db, sql, args)[0][0]

    def terminate_sessions(self, db):
        """Ends the other sessions of a database and says how many."""
        return len(self.execute(
            "postgres", "SELECT pg_terminate_backend(pid) FROM "
            "pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
            (db,)))

    def wait_count(self, db, sql, wanted, timeout=60):
        """Waits until the query's first value is what is wanted."""
        def check():
            found = self.value(db, sql)
            if found != wanted:
                raise ValueError(f"{found}, not {wanted}")
            return True
        wait_for(sql, check, timeout)
