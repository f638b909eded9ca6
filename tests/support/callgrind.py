"""callgrind: what a process spends, counted in instructions by valgrind.

    g = Callgrind(folder)
    with Child("task", "x", "0", wrap=g.argv) as c: ...
        g.dump(c.process.pid)          # ends the start-up's part
        part = g.dump(c.process.pid)   # what came since
    stretches([program, ...])          # {name: instructions}

An instruction count hardly depends on what else the machine does.
"""

import collections
import os
import re
import shutil
import subprocess
import tempfile

from .env import wait_for

AVAILABLE = shutil.which("valgrind") and shutil.which("vgdb")

# Sources of ours; librdkafka is linked in, but its files lie elsewhere.
OURS = re.compile(r"(^|/)(core|connectors|plugins)/.*\.[ch]$")
# Ours among them (core/base/xalloc.c) stand for the calls they make.
ALLOCATES = re.compile(r"x?(malloc|calloc|realloc|reallocarray|strdup|strndup|"
                       r"posix_memalign|aligned_alloc|memalign)(@.*)?$")

STUB_COST = 3  # instructions: a landing pad, a jump, a nop

# instructions: of all code; ours: of our own functions; allocations: calls
# from our functions, {caller: count}
Part = collections.namedtuple("Part", "instructions ours allocations")


class Callgrind:
    def __init__(self, folder):
        self.out = os.path.join(folder, "callgrind")
        self.dumped = 0
        # Of one that is killed its pipes stay.
        self.pipes = f"--vgdb-prefix={folder}/pipe"
        self.argv = ["valgrind", "--tool=callgrind", "--quiet", self.pipes,
                     f"--callgrind-out-file={self.out}"]

    def dump(self, pid):
        """All that was spent since the last one."""
        self.dumped += 1
        path = f"{self.out}.{self.dumped}"
        subprocess.run(["vgdb", self.pipes, f"--pid={pid}", "dump"],
                       check=True, capture_output=True, timeout=60)
        wait_for("callgrind's dump", lambda: _is_whole(path))
        return parse(path)


STRETCH = re.compile(r"^desc: Trigger: Client Request: (.*)$", re.M)
TOTALS = re.compile(r"^totals: (\d+)", re.M)


def stretches(argv, timeout=300):
    """What a benchmark's stretches cost (tests/bench/counted.h), {} where
    there is no valgrind."""
    found = {}
    if not AVAILABLE:
        return found
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([*Callgrind(folder).argv, "--vgdb=no", *argv],
                       check=True, capture_output=True, timeout=timeout)
        for name in os.listdir(folder):
            with open(os.path.join(folder, name), encoding="utf-8",
                      errors="replace") as f:
                text = f.read()
            stretch = STRETCH.search(text)
            if stretch:
                found[stretch[1].strip()] = int(TOTALS.search(text)[1])
    return found


def _is_whole(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        return any(line.startswith("totals:") for line in f)


class _Names:
    """(3) or (3) name: the first mention of a number tells its name."""

    def __init__(self):
        self.known = {}

    def get(self, text):
        number, _, name = text.partition(" ")
        if name:
            self.known[number] = name
        return self.known.get(number, number)


class _Reader:
    """The functions of a profile: what each spent, and whom it called. A
    function is known by its object and name, as some have only an address."""

    def __init__(self, path):
        self.names = {"ob": _Names(), "fl": _Names(), "fn": _Names()}
        self.spent = collections.Counter()
        self.calls = collections.Counter()  # (caller, callee): count
        self.ours = set()
        self.object = self.callee_object = self.file = ""
        self.function = self.callee = ("", "")
        self.is_call = False
        with open(path, encoding="utf-8", errors="replace") as f:
            for line in f:
                self._take(line.rstrip("\n"))

    def _take(self, line):
        key, eq, value = line.partition("=")
        if eq and key in ("ob", "cob"):
            name = self.names["ob"].get(value)
            self.callee_object = name
            self.object = name if key == "ob" else self.object
        elif eq and key in ("fl", "fi", "fe", "cfi", "cfl"):
            name = self.names["fl"].get(value)
            self.file = name if key == "fl" else self.file
        elif eq and key == "fn":
            self.function = (self.object, self.names["fn"].get(value))
            if OURS.search(self.file):
                self.ours.add(self.function)
        elif eq and key == "cfn":
            self.callee = (self.callee_object, self.names["fn"].get(value))
            self.callee_object = self.object
        elif eq and key == "calls":
            self.is_call = True
            self.calls[self.function, self.callee] += int(value.split()[0])
        elif re.match(r"[-+*\d]", line):
            if not self.is_call:  # else it is the callee's, inclusive
                self.spent[self.function] += int((line.split() + ["0"])[1])
            self.is_call = False

    def stubs(self):
        """{function: what it jumps to}: those of the linker, which have no
        name and do nothing but call one other."""
        called = collections.defaultdict(dict)
        for (caller, callee), count in self.calls.items():
            if re.match(r"0x[0-9a-f]+$", caller[1]):
                called[caller][callee] = count
        return {f: next(iter(c)) for f, c in called.items() if len(c) == 1
                and self.spent[f] <= STUB_COST * next(iter(c.values()))}


def parse(path):
    r = _Reader(path)
    stubs, allocations = r.stubs(), collections.Counter()
    for (caller, callee), count in r.calls.items():
        callee = stubs.get(callee, callee)
        if caller in r.ours and ALLOCATES.match(callee[1]) \
                and not ALLOCATES.match(caller[1]):
            allocations[caller[1]] += count
    return Part(sum(r.spent.values()), sum(r.spent[f] for f in r.ours),
                +allocations)
