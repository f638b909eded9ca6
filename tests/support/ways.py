"""ways: how long lines take from a file that a source follows to a topic, and
through a sink to another file.

    w = Ways(kafka, topic, folder).start()   # folder/in, folder/out
    w.finish()
    w.arrivals()   # {"topic": [Arrival …], "file": […]}, as they came

A process of its own, so that what a test does meanwhile is in no figure: a
line each 10 ms says when it was written, and whoever sees it writes down when
that was. Times are those of time.monotonic(), of all processes the same.
"""

import collections
import os
import signal
import sys
import threading
import time

import confluent_kafka

PACE_S = 0.01
LOOK_S = 0.001
QUIET_S = 20  # what has not come after so long does not come

Arrival = collections.namedtuple("Arrival", "number sent seconds")


class Ways:
    def __init__(self, kafka, topic, folder):
        # Not before: who is executed needs none of it.
        from .process import Process  # pylint: disable=C0415
        self.folder = folder
        for name in ("in", "out"):
            with open(f"{folder}/{name}", "wb"):
                pass
        self.process = Process(
            [sys.executable, os.path.abspath(__file__), kafka.bootstrap,
             topic, folder], f"{folder}/ways.log", death="TERM")

    def start(self):
        self.process.start()
        return self

    def finish(self):
        code = self.process.stop(timeout=10 * QUIET_S)
        assert code == 0, self.process.tail()

    def close(self):
        self.process.kill()

    def arrivals(self):
        found = {}
        for way in ("topic", "file"):
            with open(f"{self.folder}/ways-{way}", encoding="ascii") as f:
                found[way] = [Arrival(int(n), float(sent), float(seconds))
                              for n, sent, seconds in map(str.split, f)]
        return found

    def written(self):
        """How many lines there were."""
        with open(f"{self.folder}/in", "rb") as f:
            return sum(1 for _ in f)


# What the process does

class Reader(threading.Thread):
    """Takes down what read() gives, until so many have come."""

    def __init__(self, way, folder, read):
        super().__init__(daemon=True)
        self.read, self.seen, self.wanted = read, 0, None
        self.came = time.monotonic()
        self.out = open(f"{folder}/ways-{way}", "w", encoding="ascii")

    def run(self):
        while not self.is_over():
            for line in self.read():
                self.came = time.monotonic()
                number, sent = line.split()
                self.out.write(f"{int(number)} {float(sent):.6f} "
                               f"{self.came - float(sent):.6f}\n")
                self.seen += 1
        self.out.close()

    def is_over(self):
        return self.wanted is not None and (
            self.seen >= self.wanted
            or time.monotonic() > self.came + QUIET_S)


def of_topic(bootstrap, topic):
    c = confluent_kafka.Consumer({
        "bootstrap.servers": bootstrap, "group.id": "ways", "log_level": 2,
        "enable.auto.commit": False})
    c.assign([confluent_kafka.TopicPartition(topic, 0, 0)])

    def read():
        return [m.value() for m in c.consume(1, 0.5) if m.error() is None]
    return read


def of_file(path):
    fd, rest = os.open(path, os.O_RDONLY), [b""]

    def read():
        data = rest[0] + os.read(fd, 1 << 16)
        *lines, rest[0] = data.split(b"\n")
        if not lines:
            time.sleep(LOOK_S)
        return lines
    return read


def write_lines(path, over):
    number, due = 0, time.monotonic()
    with open(path, "ab", buffering=0) as f:
        while not over.is_set():
            f.write(b"%d %.6f\n" % (number, time.monotonic()))
            number += 1
            due = max(due + PACE_S, time.monotonic() - 1)
            time.sleep(max(0, due - time.monotonic()))
    return number


def main(bootstrap, topic, folder):
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    readers = [Reader("topic", folder, of_topic(bootstrap, topic)),
               Reader("file", folder, of_file(f"{folder}/out"))]
    for r in readers:
        r.start()
    wanted = write_lines(f"{folder}/in", over)
    for r in readers:
        r.wanted = wanted
    for r in readers:
        r.join()


if __name__ == "__main__":
    main(*sys.argv[1:])
