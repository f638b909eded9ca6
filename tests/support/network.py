"""network: workers that can be cut off, each in a network namespace.

    net = Network()                        needs root
    place = net.add()                      place.host, place.wrap: a Worker's
    net.cut(place, out=True, back=False)   the brokers hear nothing of it
    net.cut(place, gates=net.gates[:1])    one of three brokers
    net.heal(place)
    place.line.delay_ms = 100              as a long line is, each way
    place.line.loss = 0.01

All hang on one bridge, whose own addresses are the brokers' (net.gates). A cut
sends the one side's packets to an address that nobody has, so what is on its
way is lost and no one is told. Workers still reach each other.
"""

import collections
import os
import random
import subprocess

from .line import Line

Place = collections.namedtuple("Place", "name host wrap line")

GATES = 3

NOBODY = "02:00:00:00:00:01"
PREFIX = "pst"


def ip(*args, check=True):
    done = subprocess.run(["ip", *args], capture_output=True, text=True,
                          check=False)
    if check and done.returncode != 0:
        raise OSError(f"ip {' '.join(args)}: {done.stderr.strip()}")
    return done.stdout


class Network:
    def __init__(self):
        _remove_dead()
        self.bridge = f"{PREFIX}{os.getpid()}"
        rng = random.SystemRandom()
        self.net = f"10.{rng.randrange(100, 255)}.{rng.randrange(255)}"
        self.gates = [f"{self.net}.{n + 1}" for n in range(GATES)]
        self.gate = self.gates[0]
        self.places = []
        ip("link", "add", self.bridge, "type", "bridge")
        for gate in self.gates:
            ip("addr", "add", f"{gate}/24", "dev", self.bridge)
        ip("link", "set", self.bridge, "up")

    def add(self, line=False):
        """line: all that it sends and hears goes through a Line."""
        number = len(self.places) + 10
        name, host = f"{self.bridge}-{number}", f"{self.net}.{number}"
        if line:
            line = Line(name, f"{name}e")
        ip("netns", "add", name)
        if line:
            ip("link", "set", f"{name}e", "netns", name, "name", "eth0")
        else:
            ip("link", "add", name, "type", "veth", "peer", "name", "eth0",
               "netns", name)
        place = Place(name, host, ["ip", "netns", "exec", name], line)
        self.places.append(place)
        ip("link", "set", name, "master", self.bridge, "up")
        ip("-n", name, "addr", "add", f"{host}/24", "dev", "eth0")
        ip("-n", name, "link", "set", "eth0", "up")
        ip("-n", name, "link", "set", "lo", "up")
        return place

    def cut(self, place, out=True, back=True, gates=None):
        """out: what the place sends to the brokers; back: what they send.
        Of some brokers only what it sends to them can be cut."""
        for gate in (gates or self.gates) if out else ():
            ip("-n", place.name, "neigh", "replace", gate, "lladdr",
               NOBODY, "dev", "eth0", "nud", "permanent")
        if back and gates is None:
            ip("neigh", "replace", place.host, "lladdr", NOBODY, "dev",
               self.bridge, "nud", "permanent")

    def heal(self, place):
        for gate in self.gates:
            ip("-n", place.name, "neigh", "del", gate, "dev", "eth0",
               check=False)
        ip("neigh", "del", place.host, "dev", self.bridge, check=False)

    def close(self):
        for place in self.places:
            if place.line:
                place.line.close()
        _remove(self.bridge)


def _remove(bridge):
    """Namespaces that still have processes go with the last of them."""
    for name in ip("netns", "list", check=False).split():
        if name.startswith(f"{bridge}-"):
            ip("netns", "del", name, check=False)
    ip("link", "del", bridge, check=False)


def _remove_dead():
    """What processes left behind that were killed."""
    names = {line.split(":")[1].strip() for line in ip(
        "-o", "link", "show", "type", "bridge", check=False).splitlines()}
    for name in names:
        pid = name.removeprefix(PREFIX)
        if pid != name and pid.isdigit() and not os.path.exists(
                f"/proc/{pid}"):
            _remove(name)
