"""env: where things are, free ports, and waiting for something to be so."""

import ctypes
import glob
import os
import random
import shutil
import socket
import tempfile
import time

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
BUILD = os.path.abspath(
    os.environ.get("PENSTOCK_BUILD") or os.path.join(ROOT, "build/release"))
DEPS = os.path.abspath(
    os.environ.get("PENSTOCK_DEPS") or os.path.join(ROOT, "build/deps"))
RUN = os.path.join(BUILD, "run")
SANITIZED = os.path.basename(BUILD) == "asan"
# Every process writes beside its objects what it covered.
COVERED = os.path.basename(BUILD) == "cov"
UNCONFINED = {"task.jail.files": "none"} if COVERED else {}
HOST = "127.0.0.1"


def sanitizer_options():
    """Whatever a test starts reports into files, leaks too; any is a failure.
    {} without sanitizers."""
    if not SANITIZED:
        return {}
    os.makedirs(f"{BUILD}/reports", exist_ok=True)
    given = os.environ.get("ASAN_OPTIONS", "")
    return {
        "ASAN_OPTIONS": f"{given}:log_path={BUILD}/reports/worker",
        "UBSAN_OPTIONS": "print_stacktrace=1",
        "LSAN_OPTIONS": f"suppressions={ROOT}/tests/support/lsan.suppress:"
                        "print_suppressions=0",
    }


def reports():
    return sorted(glob.glob(f"{BUILD}/reports/worker.*"))


def clear_reports():
    for path in reports():
        os.unlink(path)


class TooLate(AssertionError):
    """what was waited for did not come in time"""


def wait_for(what, predicate, timeout=30, interval=0.05):
    """Polls until predicate() is true and returns that value. An exception
    from it means "not yet"; the last one is shown when time is up."""
    end = time.monotonic() + timeout
    while True:
        why = None
        try:
            value = predicate()
            if value:
                return value
            why = repr(value)
        except Exception as e:  # pylint: disable=broad-except
            why = repr(e)
        if time.monotonic() > end:
            raise TooLate(f"waited {timeout} s for {what}; last: {why}")
        time.sleep(interval)


_given = set()


def has_landlock():
    """Whether files can be kept from plugins here; not in sanitized
    builds, whose children are in no jail, nor where coverage is written."""
    create_ruleset, version = 444, 1
    libc = ctypes.CDLL(None, use_errno=True)
    return not (SANITIZED or COVERED) and libc.syscall(
        create_ruleset, None, ctypes.c_size_t(0), version) > 0


def older_landlock(version):
    """wrap= of a worker on a kernel whose Landlock is that one, as
    tests/support/landlock.c makes it."""
    # What cannot be preloaded is left out with a word.
    assert os.path.exists(f"{BUILD}/landlock.so"), "make test builds it"
    return ["env", f"LD_PRELOAD={BUILD}/landlock.so",
            f"PENSTOCK_TEST_LANDLOCK={version}"]


# Below the range that outgoing connections take, so that a server that is down
# for a while finds its port free again.
PORTS = range(15000, 32000)


def _own_ports():
    """Those of this one of pytest's processes (gw0, gw1, ...): a port that one
    has given and nobody listens on yet looks free to the others."""
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
    count = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    first, end = (len(PORTS) * n // count for n in (number, number + 1))
    return PORTS[first:end]


def free_port():
    ports = _own_ports()
    for _ in range(len(ports)):
        port = random.SystemRandom().choice(ports)
        with socket.socket() as s:
            try:
                s.bind((HOST, port))
            except OSError:
                continue
        if port not in _given:
            _given.add(port)
            return port
    raise RuntimeError(f"no free port in {ports}")


def listening(port, host=HOST):
    with socket.create_connection((host, port), timeout=1):
        return True


def _alive(pid):
    return os.path.exists(f"/proc/{pid}")


def session_dir():
    """A folder for this process's servers. Those of dead processes go: logs
    of a failed run are there until the next run starts."""
    os.makedirs(RUN, exist_ok=True)
    for name in os.listdir(RUN):
        if name.isdigit() and not _alive(name):
            shutil.rmtree(os.path.join(RUN, name), ignore_errors=True)
    path = os.path.join(RUN, str(os.getpid()))
    os.makedirs(path, exist_ok=True)
    return path


def temporary_dir(prefix):
    """Outside the build folder, for users who may not enter that."""
    return tempfile.mkdtemp(prefix=f"penstock-{prefix}-")
