"""network: workers that can be cut off, each in a network namespace.

    net = Network()                        needs root
    place = net.add()                      place.host, place.wrap: a Worker's
    net.cut(place, out=True, back=False)   the brokers hear nothing of it
    net.heal(place)

All hang on one bridge, whose own address is the brokers' (net.gate). A cut
sends the one side's packets to an address that nobody has, so what is on its
way is lost and no one is told. Workers still reach each other.
"""

import collections
import os
import random
import subprocess

Place = collections.namedtuple("Place", "name host wrap")

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
        self.gate = f"{self.net}.1"
        self.places = []
        ip("link", "add", self.bridge, "type", "bridge")
        ip("addr", "add", f"{self.gate}/24", "dev", self.bridge)
        ip("link", "set", self.bridge, "up")

    def add(self):
        number = len(self.places) + 10
        name, host = f"{self.bridge}-{number}", f"{self.net}.{number}"
        place = Place(name, host, ["ip", "netns", "exec", name])
        self.places.append(place)
        ip("netns", "add", name)
        ip("link", "add", name, "type", "veth", "peer", "name", "eth0",
           "netns", name)
        ip("link", "set", name, "master", self.bridge, "up")
        ip("-n", name, "addr", "add", f"{host}/24", "dev", "eth0")
        ip("-n", name, "link", "set", "eth0", "up")
        ip("-n", name, "link", "set", "lo", "up")
        return place

    def cut(self, place, out=True, back=True):
        """out: what the place sends to the brokers; back: what they send"""
        if out:
            ip("-n", place.name, "neigh", "replace", self.gate, "lladdr",
               NOBODY, "dev", "eth0", "nud", "permanent")
        if back:
            ip("neigh", "replace", place.host, "lladdr", NOBODY, "dev",
               self.bridge, "nud", "permanent")

    def heal(self, place):
        ip("-n", place.name, "neigh", "del", self.gate, "dev", "eth0",
           check=False)
        ip("neigh", "del", place.host, "dev", self.bridge, check=False)

    def close(self):
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
