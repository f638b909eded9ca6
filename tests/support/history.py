"""history: what clients asked of several workers and what they were told, and
whether a register per connector explains it.

The config topic, read by other means, is the witness: it has one order of the
values of each connector. A history is right when

- every acknowledged write is in it once, none that was refused is;
- a write that had ended before another began stands before it;
- whoever reads sees a value that is in it and whose write had begun;
- a worker never answers older than what it has answered before, be that to a
  read or to a write.

A write without an answer (the worker died) may be there or not.
"""

import collections
import threading
import time

OK, REFUSED, UNKNOWN = "ok", "refused", "unknown"

Event = collections.namedtuple("Event",
                               "kind worker key value began ended outcome")


class History:
    def __init__(self):
        self.events = []
        self.lock = threading.Lock()

    def note(self, *event):
        with self.lock:
            self.events.append(Event(*event))

    def ask(self, kind, worker, key, call, value=None):
        """call() gives (outcome, value that was read); both times are
        noted."""
        began = time.monotonic()
        outcome, read = call()
        self.note(kind, worker, key, read if kind == "read" else value,
                  began, time.monotonic(), outcome)
        return outcome


def violations(events, logs):
    """Texts, [] when all is right. logs: {key: values in their order}."""
    found = []
    for key in sorted({e.key for e in events}):
        own = [e for e in events if e.key == key]
        found += [f"{key}: {text}"
                  for text in _of_key(own, _without_repeats(logs[key]))]
    return found


def _without_repeats(values):
    """A leader may write again what an aborted transaction left."""
    return [v for n, v in enumerate(values) if n == 0 or values[n - 1] != v]


def _of_key(events, log):
    at = {value: n for n, value in enumerate(log)}
    if len(at) != len(log):
        yield f"a value is there twice: {log}"
    writes = [e for e in events if e.kind == "write"]
    for w in writes:
        if w.outcome == OK and w.value not in at:
            yield f"acknowledged and lost: {w}"
        if w.outcome == REFUSED and w.value in at:
            yield f"refused and there: {w}"
    yield from _real_time(writes, at)
    yield from _reads([e for e in events if e.kind == "read"], writes, at)
    yield from _workers([e for e in events if e.outcome == OK], at)


def _real_time(writes, at):
    """No write stands before one that had ended when it began."""
    there = [w for w in writes if w.value in at]
    for w in there:
        for before in there:
            if (before.outcome == OK and before.ended < w.began
                    and at[before.value] > at[w.value]):
                yield f"out of order: {before} and {w}"


def _reads(reads, writes, at):
    began = {w.value: w.began for w in writes}
    for r in reads:
        if r.outcome != OK:
            continue
        if r.value not in at:
            yield f"read and never written: {r}"
        elif r.value in began and began[r.value] > r.ended:
            yield f"read before it was written: {r}"


def _workers(answered, at):
    """Each answer of a worker, against all that it had given before the
    question was put."""
    for worker in {e.worker for e in answered}:
        own = [e for e in answered if e.worker == worker and e.value in at]
        asked = sorted((e for e in own if e.kind == "read"),
                       key=lambda e: e.began)
        given = sorted(own, key=lambda e: e.ended)
        newest, n = None, 0
        for r in asked:
            while n < len(given) and given[n].ended < r.began:
                if newest is None or at[given[n].value] > at[newest.value]:
                    newest = given[n]
                n += 1
            if newest is not None and at[r.value] < at[newest.value]:
                yield f"older than what it answered: {newest}, then {r}"
