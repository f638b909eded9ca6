"""unaffected: what a task that has nothing to do with it notices while others'
workers come and go.

    lines = Lines(path); lines.start(); ...; lines.over.set()
    Window(kafka, topic, lines, since_ms, until_ms).longest_gap()
"""

import threading
import time

PAUSE_S = 0.02  # between two helpings
LINES = 200     # in each
RATE = LINES / PAUSE_S


class Lines(threading.Thread):
    """Feeds a source while others' workers come and go."""

    def __init__(self, path, lines=LINES):
        super().__init__(daemon=True)
        self.path, self.lines = path, lines
        self.over = threading.Event()
        self.fed = []  # the time of each line, in ms

    def run(self):
        with open(self.path, "ab", buffering=0) as f:
            while not self.over.wait(PAUSE_S):
                # Before it is there: nobody reads it earlier.
                self.fed += [time.time() * 1e3] * self.lines
                f.write(b"more\n" * self.lines)


class Window:
    """What came into the unaffected task's topic in a span of time, by the
    records' times, beside what it was fed."""

    def __init__(self, kafka, topic, lines, since_ms, until_ms):
        self.came = self._cut((m.timestamp for m in kafka.consume(topic)),
                              since_ms, until_ms)
        self.fed = self._cut(lines.fed, since_ms, until_ms)

    @staticmethod
    def _cut(times, since_ms, until_ms):
        return sorted(t - since_ms for t in times if since_ms <= t <= until_ms)

    def longest_gap(self):
        """Seconds between two records."""
        return max((y - x for x, y in zip(self.came, self.came[1:])),
                   default=0) / 1e3

    def latest(self, after):
        """Seconds that a line took, of those after so many, if all of a topic
        is in the window."""
        assert len(self.came) == len(self.fed)
        return max(y - x for x, y in zip(self.fed[after:],
                                         self.came[after:])) / 1e3

    def share(self):
        return len(self.came) / len(self.fed)

    def worst_second(self):
        came, fed = ([int(t // 1e3) for t in times]
                     for times in (self.came, self.fed))
        return min(came.count(s) / fed.count(s)
                   for s in range(max(fed)) if s in fed)
