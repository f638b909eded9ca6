"""cgroups: folders in which control groups of the cpu controller can be made.

    path = root()        # "/sys/fs/cgroup/cpu" …, None: there is none
    with Folder(path) as f: …   # one of our own below it
    Group(f.path, pid)   # the one that a process is in
    of_another_controller("cgroup2")    # "/sys/fs/cgroup/unified" …, None
"""

import functools
import os
import uuid


def mounts():
    """(type, options, path) of each cgroup file system"""
    with open("/proc/self/mounts", encoding="utf-8") as f:
        rows = [line.split() for line in f]
    return [(r[2], r[3].split(","), r[1]) for r in rows
            if r[2] in ("cgroup", "cgroup2")]


def write(path, text):
    with open(path, "w", encoding="ascii") as f:
        f.write(text)


class Folder:
    """Of four times the usual weight: what is tried in it is not for want of a
    processor."""

    def __init__(self, above):
        self.path = f"{above}/penstock-test-{uuid.uuid4().hex[:8]}"
        if os.path.exists(f"{above}/cgroup.subtree_control"):
            write(f"{above}/cgroup.subtree_control", "+cpu")
        os.mkdir(self.path)

    def __enter__(self):
        if os.path.exists(f"{self.path}/cpu.weight"):
            write(f"{self.path}/cpu.weight", "400")
        else:
            write(f"{self.path}/cpu.shares", "4096")
        return self

    def __exit__(self, *_):
        for name in os.listdir(self.path):
            if os.path.isdir(f"{self.path}/{name}"):
                os.rmdir(f"{self.path}/{name}")
        os.rmdir(self.path)

    def put(self, name, pid):
        """Into a group of that name, made if it is not there."""
        os.makedirs(f"{self.path}/{name}", exist_ok=True)
        write(f"{self.path}/{name}/cgroup.procs", str(pid))


def is_usable(path):
    """A group can be made there, and be an idle one."""
    try:
        with Folder(path) as f:
            return os.path.exists(f"{f.path}/cpu.idle")
    except OSError:
        return False


@functools.cache
def root():
    for kind, options, path in mounts():
        if (kind == "cgroup2" or "cpu" in options) and is_usable(path):
            return path
    return None


def of_another_controller(kind):
    """A folder of that type of file system ("cgroup", "cgroup2") that has
    nothing to do with processors. None: there is none."""
    for k, options, path in mounts():
        if k != kind:
            continue
        if k == "cgroup2":
            with open(f"{path}/cgroup.controllers", encoding="ascii") as f:
                options = f.read().split()
        if not {"cpu", "cpuset"} & set(options):
            return path
    return None


class Group:
    """The one that a process is in, of those below `path`."""

    def __init__(self, path, pid):
        name, = [n for n in os.listdir(path) if n.endswith(f"-{pid}")]
        self.path = f"{path}/{name}"

    def read(self, file):
        with open(f"{self.path}/{file}", encoding="ascii") as f:
            return f.read().strip()

    def weight(self):
        """of 100, as task.cpu.weight"""
        if os.path.exists(f"{self.path}/cpu.weight"):
            return int(self.read("cpu.weight"))
        return round(int(self.read("cpu.shares")) * 100 / 1024)

    def yields(self):
        return self.read("cpu.idle") == "1"

    def pids(self):
        return set(map(int, self.read("cgroup.procs").split()))
