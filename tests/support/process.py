"""process: a child with a log file. It is ended by its pid and nothing else,
and it ends with the process that started it."""

import os
import signal
import subprocess

from .env import wait_for


class Process:
    def __init__(self, argv, log, env=None, user=None, death="KILL", cwd=None):
        self.argv = argv
        self.log = log
        self.env = env or {}
        self.user = user
        self.death = death
        self.cwd = cwd
        self.child = None

    def start(self):
        assert not self.running(), f"{self.argv[0]} runs already"
        wrap = ["setpriv", "--pdeathsig", self.death]
        if self.user and os.geteuid() == 0:
            wrap += ["--reuid", self.user, "--regid", self.user,
                     "--init-groups"]
        env = dict(os.environ, **self.env)
        with open(self.log, "ab") as log:
            self.child = subprocess.Popen(
                wrap + ["--"] + self.argv, stdin=subprocess.DEVNULL,
                stdout=log, stderr=subprocess.STDOUT, env=env, cwd=self.cwd,
                start_new_session=True)
        return self

    @property
    def pid(self):
        return self.child.pid

    def pids(self):
        return [self.pid] if self.running() else []

    def running(self):
        return self.child is not None and self.child.poll() is None

    def send(self, number):
        if self.running():
            self.child.send_signal(number)

    def stop(self, number=signal.SIGTERM, timeout=30):
        """Asks; after timeout seconds it insists. Returns the exit code."""
        if not self.running():
            return self.child.returncode if self.child else None
        self.send(number)
        try:
            return self.child.wait(timeout)
        except subprocess.TimeoutExpired:
            return self.kill()

    def kill(self):
        self.send(signal.SIGKILL)
        return self.child.wait(30) if self.child else None

    def wait(self, timeout=30):
        return self.child.wait(timeout)

    def wait_ready(self, what, predicate, timeout=30):
        """Like wait_for, but fails at once with the log when it died."""
        def check():
            if not self.running():
                return "dead"
            return predicate() and "ready"
        if wait_for(what, check, timeout) == "dead":
            raise AssertionError(
                f"{what} ended with {self.child.returncode}:\n{self.tail()}")

    def tail(self, lines=30):
        return tail(self.log, lines)


def tail(path, lines=30):
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            return "".join(f.readlines()[-lines:])
    except OSError as e:
        return str(e)


def children(pid):
    """pids of the direct children"""
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
            return [int(p) for p in f.read().split()]
    except OSError:
        return []


def tree(pid):
    """pid and all its descendants"""
    pids = [pid]
    for p in pids:
        pids += children(p)
    return pids


def argv(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as f:
            return f.read().decode(errors="replace").split("\0")[:-1]
    except OSError:
        return []


def peak(pid):
    """bytes, the most it ever had resident"""
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        for line in f:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    raise ValueError(f"no VmHWM of {pid}")


def memory(pid, what="Pss"):
    """Pss or Rss in bytes"""
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
            for line in f:
                if line.startswith(what + ":"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def cpu_seconds(pid):
    """user and system time of the process and its reaped children"""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as f:
            fields = f.read().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return sum(int(n) for n in fields[11:15]) / os.sysconf("SC_CLK_TCK")
