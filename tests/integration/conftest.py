"""The servers as fixtures. kafka, postgres, s3 live as long as the session,
and each test has topics and databases of its own in them; a test that stops
or kills a server takes own_kafka, own_postgres. Logs of a session in which a
test failed stay in <build>/run/<pid> until the next session."""

import glob
import os
import re
import shutil
import uuid

import pytest

from support import env, process
from support.connect import Connect
from support.kafka import Kafka
from support.postgres import Postgres
from support.receiver import Receiver
from support.s3 import S3
from support.worker import Worker


def pytest_collection_modifyitems(items):
    if not env.SANITIZED:
        return
    for item in items:
        for mark in item.iter_markers("no_asan"):
            item.add_marker(pytest.mark.skip(reason=f"ASan: {mark.args}"))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        item.session.failed_once = True
        for log in getattr(item, "worker_logs", []):
            report.sections.append((log, process.tail(log, 40)))


def pytest_sessionfinish(session):
    """A sanitizer's report from any process fails the session."""
    reports = glob.glob(f"{env.BUILD}/reports/worker.*")
    for path in reports:
        print(f"\nsanitizer report {path}:\n{process.tail(path, 60)}")
    if reports:
        session.exitstatus = 1


@pytest.fixture(scope="session")
def session_dir(request):
    for path in glob.glob(f"{env.BUILD}/reports/worker.*"):
        os.unlink(path)
    path = env.session_dir()
    yield path
    if getattr(request.session, "failed_once", False):
        print(f"\nlogs: {path}")
    else:
        shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def folder(session_dir, request):
    """This test's folder, also for its files."""
    name = re.sub(r"\W+", "_", request.node.name)[:60]
    path = os.path.join(session_dir, f"{name}-{uuid.uuid4().hex[:4]}")
    os.makedirs(path)
    return path


@pytest.fixture
def unique(request):
    """unique("orders"): a name no other test has"""
    def make(name):
        return f"{name}-{uuid.uuid4().hex[:8]}"
    return make


def _server(make, path):
    os.makedirs(path, exist_ok=True)
    server = make(path)
    try:
        yield server.start()
    finally:
        server.close()


@pytest.fixture(scope="session")
def kafka(session_dir):
    yield from _server(Kafka, session_dir + "/kafka")


@pytest.fixture(scope="session")
def secure_kafka(session_dir):
    """with a SASL_SSL and an SSL listener"""
    yield from _server(lambda path: Kafka(path, secure=True),
                       session_dir + "/secure-kafka")


@pytest.fixture(scope="session")
def postgres(session_dir):
    yield from _server(Postgres, session_dir + "/postgres")


@pytest.fixture(scope="session")
def s3(session_dir):
    yield from _server(S3, session_dir + "/s3")


@pytest.fixture(scope="session")
def tls_s3(session_dir):
    """over https, with the bucket's name in the path or in the host's"""
    yield from _server(lambda path: S3(path, tls=True),
                       session_dir + "/tls-s3")


@pytest.fixture
def own_kafka(folder):
    yield from _server(Kafka, folder + "/kafka")


@pytest.fixture
def three_brokers(folder):
    yield from _server(lambda path: Kafka(path, nodes=3, heap="256m"),
                       folder + "/kafka")


@pytest.fixture
def own_postgres(folder):
    yield from _server(Postgres, folder + "/postgres")


@pytest.fixture
def receiver():
    r = Receiver().start()
    yield r
    r.close()


@pytest.fixture
def topic(kafka, unique):
    """topic(name="t", partitions=1, **config): makes one, returns its name"""
    def make(name="topic", partitions=1, **config):
        return kafka.create_topic(unique(name), partitions, **config)
    return make


@pytest.fixture
def db(postgres, unique):
    """A database of this test's own: its name."""
    name = postgres.create_db(unique("db"))
    yield name
    postgres.drop_db(name)


@pytest.fixture
def bucket(s3, unique):
    return s3.create_bucket(unique("bucket"))


@pytest.fixture
def new_worker(folder, request):
    """new_worker(bootstrap, **settings): a Worker that is started and ended
    with the test. start=False: only made."""
    made = []

    def make(bootstrap, start=True, cls=Worker, **settings):
        w = cls(folder, bootstrap, **settings)
        made.append(w)
        request.node.worker_logs = [m.log for m in made]
        return w.start() if start else w
    yield make
    for w in made:
        w.close()


@pytest.fixture
def worker(kafka, new_worker):
    """a worker on the shared broker"""
    return new_worker(kafka.bootstrap)


@pytest.fixture
def connect(kafka, new_worker):
    """Kafka Connect on the shared broker"""
    return new_worker(kafka.bootstrap, cls=Connect)
