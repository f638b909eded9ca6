"""The servers as fixtures. kafka, postgres, s3 and registry live as long as
the session, and each test has topics and databases of its own in them; a test that stops
or kills a server takes own_kafka, own_postgres. Logs of a session in which a
test failed stay in <build>/run/<pid> until the next session.

Under pytest-xdist each process has servers of its own.

A test that takes longer than `timeout` in pytest.ini fails with the stacks of
all threads; one that cannot even be interrupted ends the process that runs
it. Whatever fails shows the ends of its servers' logs, and no process that a
test started outlives it."""

import faulthandler
import os
import re
import shutil
import signal
import uuid

import pytest

from support import env, process
from support.connect import Connect
from support.drive import Sink, Source
from support.kafka import Kafka
from support.network import Network
from support.postgres import Postgres
from support.receiver import Receiver
from support.registry import Registry, java
from support.s3 import S3
from support.worker import Worker

pytest_plugins = ["support.rerun"]

LOG_LINES = 30
UNSTABLE_MAX = 5

# Tests that say nothing under AddressSanitizer, and why: a file or a test.
NOT_UNDER_ASAN = {
    "test_clocks.py": "what is preloaded comes before a sanitizer's runtime",
    "test_cost.py": "a sanitizer's instructions are not ours",
    "test_processes.py": "what a sanitizer starts at a process's end is counted",
    "test_memory.py": "memory of a sanitized process says nothing",
    "test_an_idle_worker_is_small_and_starts_quickly":
        "memory of a sanitized process says nothing",
    "test_an_object_is_larger_than_the_task_may_be":
        "memory of a sanitized process says nothing",
    "test_ten_million_rows_in_flat_memory":
        "memory of a sanitized process says nothing",
    "test_bulk_memory_is_flat_B21":
        "memory of a sanitized process says nothing",
    "test_memory_beyond_the_limit_ends_one_task":
        "memory limits and ASan exclude each other",
    "test_a_leak_ends_at_the_limit":
        "memory limits and ASan exclude each other",
    "test_what_no_connector_needs_is_refused_and_told":
        "a sanitizer's runtime traces its process",
    "test_the_worker_never_holds_what_providers_give":
        "memory of a sanitized process is too much to read",
    "test_a_crash_is_named": "ASan turns crashes into reports of its own",
    "test_a_crash_restarts_by_itself":
        "ASan turns crashes into reports of its own",
    "test_what_goes_wrong_in_its_end_delays_no_stop":
        "ASan turns crashes into reports of its own",
    "test_a_killed_task_says_how_it_died":
        "ASan turns crashes into reports of its own",
    "test_clocks.py": "a clock that is preloaded comes before a sanitizer",
    "test_bombs.py": "memory of a sanitized process says nothing",
    "test_it_agrees_and_can_be_kept": "the demo runs what make builds",
    "test_a_task_gains_no_privileges": "a sanitized task is not confined",
}

# The same where coverage is counted.
NOT_UNDER_COV = {
    "test_an_idle_worker_with_one_idle_task_keeps_to_its_goals":
        "counters of each line are memory too",
    "test_idle_tasks_of_every_kind_keep_to_their_limit":
        "counters of each line are memory too",
    "test_what_a_burst_took_is_given_back":
        "counters of each line are memory too",
}

# The servers that run now, by the fixture or the file they belong to.
servers = pytest.StashKey()
stderr = pytest.StashKey()


class Group(list):
    """several servers as one"""

    @property
    def logs(self):
        return [log for server in self for log in server.logs]

    def pids(self):
        return [pid for server in self for pid in server.pids()]


# Reports and limits

def is_parallel(config):
    """one of several processes of pytest-xdist"""
    return hasattr(config, "workerinput")


def pytest_configure(config):
    config.stash[servers] = {}
    config.stash[stderr] = os.dup(2)  # which tests do not capture
    if not is_parallel(config):
        env.clear_reports()
    os.environ.update(env.sanitizer_options())
    # Who runs in the background of a shell ignores it, and so would a server
    # until it has a handler of its own.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items):
    skipped = (NOT_UNDER_ASAN if env.SANITIZED else
               NOT_UNDER_COV if env.COVERED else {})
    for item in items:
        for name in (item.path.name, item.originalname):
            if name in skipped:
                item.add_marker(pytest.mark.skip(reason=skipped[name]))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item):
    """pytest-timeout interrupts; what does not heed that ends here."""
    limit = float(item.config.getoption("timeout")
                  or item.config.getini("timeout"))
    for mark in item.iter_markers("timeout"):
        limit = mark.args[0]
    faulthandler.dump_traceback_later(
        2 * limit, exit=True, file=item.config.stash[stderr])
    yield
    faulthandler.cancel_dump_traceback_later()


def logs_of(item):
    running = item.config.stash[servers]
    used = [running[name] for name in [*item.fixturenames, item.path.name]
            if name in running]
    return [log for server in used for log in server.logs]


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        item.session.failed_once = True
        for log in logs_of(item) + getattr(item, "worker_logs", []):
            report.sections.append((log, process.tail(log, LOG_LINES)))


def unstable(config):
    """{test: why} of those that failed and were run again: on a machine that
    others use, or for a fault of ours. Each is shown at the end, and a few is
    the most that there may be (see --reruns in tests/support/run-all)."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    return {r.nodeid: r.longreprtext for r in reporter.stats.get("rerun", [])}


def pytest_sessionfinish(session):
    """A sanitizer's report from any process fails the session."""
    if is_parallel(session.config):
        return
    again = unstable(session.config)
    for name, why in again.items():
        print(f"\nunstable: {name} failed and was run again:\n{why}")
    if len(again) > UNSTABLE_MAX:
        session.exitstatus = 1
    reports = env.reports()
    for path in reports:
        print(f"\nsanitizer report {path}:\n{process.tail(path, 60)}")
    if reports:
        session.exitstatus = 1


@pytest.fixture(scope="session")
def session_dir(request):
    path = env.session_dir()
    yield path
    if getattr(request.session, "failed_once", False):
        print(f"\nlogs: {path}")
    else:
        shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(autouse=True)
def nothing_outlives_a_test(request):
    """Fails the test that leaves a process, and ends that."""
    yield
    running = request.config.stash[servers].values()
    kept = {pid for server in running for pid in server.pids()}
    left = [pid for pid in process.children(os.getpid()) if pid not in kept]
    names = [" ".join(process.argv(pid))[:200] for pid in left]
    for pid in left:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    assert not left, f"still there: {names}"


# The servers

@pytest.fixture
def folder(session_dir, request):
    """This test's folder, also for its files."""
    name = re.sub(r"\W+", "_", request.node.name)[:60]
    path = os.path.join(session_dir, f"{name}-{uuid.uuid4().hex[:4]}")
    os.makedirs(path)
    return path


@pytest.fixture(scope="session")
def unique():
    """unique("orders"): a name that nobody has, nor a second run of the same
    test"""
    def make(name):
        return f"{name}-{uuid.uuid4().hex[:8]}"
    return make


def _server(request, make, path):
    """make(path), started, known by the fixture's name, and closed; in a
    folder of its own each time, as a session's last test may be run again
    when all has been taken down"""
    path = f"{path}-{uuid.uuid4().hex[:4]}"
    os.makedirs(path)
    running = request.config.stash[servers]
    server = running[request.fixturename] = make(path)
    try:
        yield server.start()
    finally:
        server.close()
        del running[request.fixturename]


# A broker that nobody kills is not taken for dead when the machine is busy.
PATIENT = {"broker_session_timeout_ms": 60000}


@pytest.fixture(scope="session")
def kafka(session_dir, request):
    yield from _server(request, lambda path: Kafka(path, **PATIENT),
                       session_dir + "/kafka")


@pytest.fixture(scope="session")
def secure_kafka(session_dir, request):
    """with a SASL_SSL and an SSL listener"""
    yield from _server(
        request, lambda path: Kafka(path, secure=True, **PATIENT),
        session_dir + "/secure-kafka")


@pytest.fixture(scope="session")
def postgres(session_dir, request):
    yield from _server(request, Postgres, session_dir + "/postgres")


@pytest.fixture(scope="session")
def s3(session_dir, request):
    yield from _server(request, S3, session_dir + "/s3")


@pytest.fixture(scope="session")
def tls_s3(request, session_dir):
    """over https, with the bucket's name in the path or in the host's"""
    yield from _server(request, lambda path: S3(path, tls=True),
                       session_dir + "/tls-s3")


@pytest.fixture(scope="session")
def registry(session_dir, request):
    """a schema registry; without a Java that it runs on nothing is tested"""
    if java() is None:
        pytest.skip("no Java of 21 or newer for the schema registry")
    yield from _server(request, Registry, session_dir + "/registry")


@pytest.fixture
def own_kafka(folder, request):
    yield from _server(request, Kafka, folder + "/kafka")


@pytest.fixture
def three_brokers(folder, request):
    yield from _server(request, lambda path: Kafka(path, nodes=3, heap="256m"),
                       folder + "/kafka")


@pytest.fixture
def one_voter(folder, request):
    """three brokers, of which the first alone is the controller: it goes on
    when the others are away"""
    yield from _server(request, lambda path: Kafka(
        path, nodes=3, voters=1, heap="256m"), folder + "/kafka")


@pytest.fixture(scope="module")
def network_if_any():
    """Workers in namespaces of their own, to cut them off. None: who runs the
    tests may not."""
    try:
        net = Network()
    except OSError as e:
        print(f"no network namespaces here: {e}")
        net = None
    yield net
    if net:
        net.close()


@pytest.fixture(scope="module")
def network(network_if_any):
    if network_if_any is None:
        pytest.skip("no network namespaces here")
    return network_if_any


@pytest.fixture(scope="module")
def bridged_kafka(network, session_dir, request):
    """a broker that they reach"""
    yield from _server(
        request, lambda path: Kafka(path, hosts=[network.gate], **PATIENT),
        f"{session_dir}/bridged-kafka")


@pytest.fixture(scope="module")
def bridged_brokers(network, session_dir, request):
    """three of them, each with an address of its own"""
    yield from _server(
        request, lambda path: Kafka(path, nodes=3, heap="256m",
                                    hosts=network.gates, **PATIENT),
        f"{session_dir}/bridged-brokers")


@pytest.fixture
def own_bridged_kafka(network_if_any, folder, request):
    """a broker to be killed, that all reach, in namespaces or not"""
    hosts = [network_if_any.gate if network_if_any else env.HOST]
    yield from _server(
        request, lambda path: Kafka(path, hosts=hosts), folder + "/kafka")


@pytest.fixture
def own_postgres(folder, request):
    yield from _server(request, Postgres, folder + "/postgres")


@pytest.fixture
def timed_postgres(folder, request):
    """one that knows when each of its transactions was committed"""
    yield from _server(
        request, lambda path: Postgres(path, track_commit_timestamp="on"),
        folder + "/postgres")


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
def sql(postgres, db):
    def run(text, args=None):
        return postgres.execute(db, text, args)
    return run


@pytest.fixture
def session(postgres, db):
    """session(): a connection with a transaction of its own."""
    made = []

    def make():
        made.append(postgres.connect(db))
        return made[-1], made[-1].cursor()
    yield make
    for c in made:
        c.close()


@pytest.fixture
def source(postgres, db):
    """source(mode=…, …): a PostgresSource on this test's database."""
    made = []

    def make(**config):
        settings = {"connection_url": postgres.jdbc(db) + "?user=postgres",
                    "topic_prefix": "t-", "poll_interval_ms": "0", **config}
        made.append(Source("postgres", "PostgresSource", **settings))
        return made[-1]
    yield make
    for s in made:
        s.close()


@pytest.fixture
def sink(postgres, db):
    """sink(…): a PostgresSink on this test's database, which has its
    partition; start=False: only made."""
    made = []

    def make(start=True, **config):
        settings = {"connection_url": postgres.jdbc(db) + "?user=postgres",
                    **config}
        made.append(Sink("postgres", "PostgresSink", **settings))
        if start:
            made[-1].start()
            made[-1].open()
        return made[-1]
    yield make
    for s in made:
        s.close()


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


@pytest.fixture(scope="module")
def shared_worker(session_dir, request):
    """shared_worker(bootstrap, **settings): one for all tests of a file;
    start=False: only made. Its folder is its own, each time it is made."""
    folder = f"{session_dir}/{request.path.stem}-{uuid.uuid4().hex[:4]}"
    made = request.config.stash[servers].setdefault(
        request.path.name, Group())

    def make(bootstrap, start=True, cls=Worker, **settings):
        os.makedirs(folder, exist_ok=True)
        w = cls(folder, bootstrap, **settings)
        made.append(w)
        return w.start() if start else w
    yield make
    for w in made:
        w.close()
    del request.config.stash[servers][request.path.name]


@pytest.fixture
def worker(kafka, new_worker):
    """a worker on the shared broker"""
    return new_worker(kafka.bootstrap)


@pytest.fixture
def connect(kafka, new_worker):
    """Kafka Connect on the shared broker"""
    return new_worker(kafka.bootstrap, cls=Connect)
