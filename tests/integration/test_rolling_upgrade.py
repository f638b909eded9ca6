"""Workers of an earlier version are replaced one by one, and go back: the work
goes on, what need not move stays in its process, nothing is missing, nothing
comes twice. (Trap K9)"""

import os
import shutil
import subprocess

import pytest

from support.cluster import Cluster, worker_id
from support.env import BUILD, ROOT
from support.owners import Owners
from support.steady import Steady

# Commits that the earlier version is behind: what workers write for one
# another, and for their tasks, was changed meanwhile.
BEHIND = (100, 300)


def run(*argv, **kwargs):
    return subprocess.run(argv, check=True, capture_output=True, text=True,
                          **kwargs).stdout.strip()


@pytest.fixture(params=BEHIND)
def earlier(request):
    """The build folder of an earlier commit"""
    try:
        commit = run("git", "-C", ROOT, "rev-parse", f"HEAD~{request.param}")
    except (OSError, subprocess.CalledProcessError) as e:
        pytest.skip(f"no history of {request.param} commits here: {e}")
    folder = os.path.join(BUILD, "earlier", commit)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    run("sh", "-c", f"git -C '{ROOT}' archive {commit} | tar -x -C '{folder}'")
    env = {k: v for k, v in os.environ.items()
           if not k.startswith(("MAKE", "MFLAGS", "PENSTOCK_BUILD"))}
    run("make", "-s", "-C", folder, f"-j{os.cpu_count()}", "all",
        env={**env, "PENSTOCK_DEPS": os.environ.get("PENSTOCK_DEPS", "")
             or os.path.join(ROOT, "build/deps")})
    yield os.path.join(folder, "build/release")
    shutil.rmtree(folder)


@pytest.fixture
def work(kafka, folder, earlier):
    cluster = Cluster(folder, kafka.bootstrap)
    for w in cluster.workers:
        w.use(earlier)
    try:
        yield Steady(cluster.start(), kafka).start()
    finally:
        cluster.close()


def program(w):
    return os.path.realpath(f"/proc/{w.process.pid}/exe")


def where(work):
    """{(connector, task): [(worker, pid)]}"""
    found = {}
    for w in work.cluster.running():
        for slot in work.tasks():
            pid = w.pid_of_task(*slot)
            if pid:
                found.setdefault(slot, []).append((worker_id(w), pid))
    return found


def replace(work, w, build):
    """What others have stays in its process, at the leaving and at the
    return, but for what moves."""
    cluster = work.cluster
    others = [o for o in cluster.workers if o is not w]
    before = where(work)
    w.stop()
    cluster.wait_running(work.names, on=others, worker=others[0])
    left = where(work)
    mine = worker_id(w)
    assert {s: left[s] for s, p in before.items() if p[0][0] != mine} == {
        s: p for s, p in before.items() if p[0][0] != mine}
    w.use(build)
    w.start()
    cluster.wait_running(work.names, on=cluster.workers)
    after = where(work)
    stayed = {s: p for s, p in after.items() if p[0][0] != mine}
    assert stayed == {s: left[s] for s in stayed}
    assert program(w) == os.path.realpath(f"{build}/penstock")


@pytest.mark.soak
@pytest.mark.timeout(1200)
def test_to_this_version_and_back(work, earlier):
    cluster = work.cluster
    owners = Owners(cluster)
    owners.start()
    for build in (BUILD, earlier):
        for w in cluster.workers:
            replace(work, w, build)
        print(f"all run {build}")
    owners.close()
    reports = work.finish()
    print({name: str(r) for name, r in reports.items()})
    reports["topics"].assert_none("duplicates")
