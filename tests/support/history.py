"""history: what clients asked of several workers and what they were told, and
whether a register per connector explains it.

A register has a configuration, or none, and a state that is wanted. The config
topic, read by other means, is the witness: it has one order of all changes of
each connector. A history is right when

- the writes have an order that makes these changes and no others, in which
  each stands between its question and its answer, and each answer (replaced,
  created, there is none, there is one already) is true where it stands;
- whoever reads sees what was there at some time, and whose write had begun;
  who restarts a connector, that it was there or was not;
- a worker never answers older than what it has answered before, be that to a
  read or to a write.

A write without an answer (the worker died) may be there or not, and one that
was refused is not.
"""

import collections
import threading
import time

OK, CREATED = "ok", "created"
GONE, THERE = "there is none", "there is one already"
REFUSED, UNKNOWN = "refused", "unknown"
ANSWERS = (OK, CREATED, GONE, THERE)
WRITES = ("put", "patch", "create", "delete", "target")

Event = collections.namedtuple("Event",
                               "kind worker key value began ended outcome")
# None: there is no such connector. `wanted` as the topic has it.
Register = collections.namedtuple("Register", "value wanted")
ABSENT = None
STARTED, PAUSED, STOPPED = "STARTED", "PAUSED", "STOPPED"


class History:
    def __init__(self):
        self.events = []
        self.lock = threading.Lock()

    def note(self, *event):
        with self.lock:
            self.events.append(Event(*event))

    def ask(self, kind, worker, key, call, value=None):
        """call() gives (outcome, value that was read); both times are noted.
        What a list shows is {key: is it there}."""
        began = time.monotonic()
        outcome, read = call()
        ended = time.monotonic()
        if kind == "list":
            for one, there in (read or {}).items():
                self.note("there", worker, one, there, began, ended, outcome)
        else:
            self.note(kind, worker, key, value if kind in WRITES else read,
                      began, ended, outcome)
        return outcome


def registers(records):
    """Of [(what, value)] in the order of the topic, what: "config" or
    "target", value None: a tombstone; what was there after each change. A
    leader may write again what an aborted transaction hides."""
    now, wanted = ABSENT, None
    yield now
    for what, value in records:
        before = now
        if what == "target":
            wanted = value
            now = now and Register(now.value, value or STARTED)
        elif value is None:
            now = ABSENT
        else:
            now = Register(value, now.wanted if now else wanted or STARTED)
        if now != before:
            yield now


def violations(events, logs):
    """Texts, [] when all is right. logs: {key: records}."""
    found = []
    for key in sorted({e.key for e in events}):
        own = [e for e in events if e.key == key]
        found += [f"{key}: {text}" for text in
                  _of_key(own, list(registers(logs[key])))]
    return found


def _of_key(events, log):
    writes = sorted((e for e in events if e.kind in WRITES),
                    key=lambda e: e.began)
    plain = list(_values(writes, log))
    yield from plain
    if plain:
        return
    order = Order(writes, log)
    yield from order.wrong()
    if not order.complete:
        return
    yield from _answers([e for e in events if e.outcome in ANSWERS], log,
                        order.visible())


def _values(writes, log):
    """What each value tells alone, as nobody writes one twice."""
    values = [r.value for n, r in enumerate(log) if r is not ABSENT
              and (log[n - 1] is ABSENT or log[n - 1].value != r.value)]
    if len(set(values)) != len(values):
        yield f"a value is there twice: {values}"
    for w in writes:
        if w.kind in ("delete", "target"):
            continue
        if w.outcome in (OK, CREATED) and w.value not in values:
            yield f"acknowledged and lost: {w}"
        if w.outcome in (REFUSED, GONE, THERE) and w.value in values:
            yield f"refused and there: {w}"
    for value in set(values) - {w.value for w in writes}:
        yield f"there and never written: {value}"


def _after(w, now):
    """What the write makes of it; False: it cannot stand here."""
    if w.outcome == GONE:
        return now is ABSENT and now
    if w.outcome == THERE:
        return now is not ABSENT and now
    if w.kind == "create" or w.outcome == CREATED:
        wanted = STOPPED if w.kind == "create" else STARTED
        return now is ABSENT and Register(w.value, wanted)
    if now is ABSENT:
        return (w.kind == "put" and w.outcome == UNKNOWN
                and Register(w.value, STARTED))
    if w.kind == "delete":
        return ABSENT
    if w.kind == "target":
        return now._replace(wanted=w.value)
    return now._replace(value=w.value)


class Order:
    """An order of the writes in which they make the log. A step is a write
    that makes the next change, or one that leaves all as it is. Of those that
    could do the same the one whose answer came first is taken: whatever
    follows, the other can stand in its place later."""

    def __init__(self, writes, log):
        self.log = log
        self.writes = [w for w in writes if w.outcome != REFUSED]
        self.ends = [float("inf") if w.outcome == UNKNOWN else w.ended
                     for w in self.writes]
        self.far = (-1, 0, None)
        self.complete = self.search()

    def search(self):
        seen, stack = set(), [(0, 0)]
        while stack:
            at, done = stack.pop()
            if (at, done) in seen:
                continue
            seen.add((at, done))
            left = [n for n in range(len(self.writes)) if not done >> n & 1]
            first = min(left, key=self.ends.__getitem__, default=None)
            due = first is not None and self.ends[first] < float("inf")
            if not due and at == len(self.log) - 1:
                return True
            self.far = max(self.far, (at, bin(done).count("1"), first),
                           key=lambda far: far[:2])
            stack += self.steps(at, done, left, first)
        return False

    def steps(self, at, done, left, first):
        """The best last."""
        now, there_is_more = self.log[at], at + 1 < len(self.log)
        change = rest = None
        for n in sorted(left, key=self.ends.__getitem__):
            if self.writes[n].began > self.ends[first]:
                continue
            after = _after(self.writes[n], now)
            if after is False:
                continue
            if after == now and self.writes[n].outcome in (GONE, THERE):
                return [(at, done | 1 << n)]  # of no use elsewhere
            if after == now and rest is None and self.ends[n] < float("inf"):
                rest = n
            if (there_is_more and after != now and change is None
                    and after == self.log[at + 1]):
                change = n
        found = []
        if rest is not None:
            found.append((at, done | 1 << rest))
        if change is not None:
            found.append((at + 1, done | 1 << change))
        return found

    def wrong(self):
        if self.complete:
            return
        at, _, first = self.far
        due = None if first is None else self.writes[first]
        change = (f"{self.log[at]} became {self.log[at + 1]}"
                  if at + 1 < len(self.log) else "it stayed so")
        if due is None or due.outcome == UNKNOWN:
            yield f"nobody asked for it: {change}"
        else:
            yield (f"no order has it: {due}, where {self.log[at]} was there "
                   f"and {change}")

    def visible(self):
        """When each of the log could be seen first: no order says which of
        two that could have made a change has made it."""
        times = [float("-inf")]
        for before, after in zip(self.log, self.log[1:]):
            times.append(max(times[-1], min(
                w.began for w in self.writes if _after(w, before) == after)))
        return times


def _shows(e, now):
    """Can it have been answered when that was there?"""
    if e.kind == "read":
        return e.value == (now and now.value)
    if e.kind == "there":
        return e.value == (now is not ABSENT)
    if e.outcome == THERE or (e.kind == "restart" and e.outcome == OK):
        return now is not ABSENT
    if e.outcome == GONE or e.kind == "delete":
        return now is ABSENT
    if e.kind == "target":
        return now is not ABSENT and now.wanted == e.value
    return now is not ABSENT and now.value == e.value


def _answers(answered, log, visible):
    """Each answer of a worker, against all that it had given before the
    question was put: the oldest that it can have been."""
    for worker in {e.worker for e in answered}:
        own = [e for e in answered if e.worker == worker]
        given, floor = [], 0
        for e in sorted(own, key=lambda e: e.began):
            given.sort(key=lambda pair: pair[0].ended)
            while given and given[0][0].ended < e.began:
                floor = max(floor, given.pop(0)[1])
            at = next((n for n in range(floor, len(log))
                       if _shows(e, log[n])), None)
            if at is not None and visible[at] <= e.ended:
                given.append((e, at))
            elif any(_shows(e, r) for r in log[:floor]):
                yield f"older than what it answered ({log[floor]}): {e}"
            elif at is None:
                yield f"read and never written: {e}"
            else:
                yield f"read before it was written: {e}"
