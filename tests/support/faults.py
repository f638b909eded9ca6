"""faults: what a seed lets happen to workers, tasks and the broker, some of it
at the same time (trap L, runner).

    faults = plan(seed, scene)      [Fault], the same for the same seed
    play(faults, scene)             returns when the last one is over

    scene.clusters, scene.kafka, scene.network    the last may be None
    scene.slots     [(cluster, connector, task)] that there are

Each has an end, at which what it did is taken back, whatever another fault
has done to the same process meanwhile.
"""

import collections
import os
import random
import signal
import time

from .process import children

COUNTS = (1, 2, 2, 3, 3)
WITHIN_S = 6  # all of them begin
LONGEST_S = 9  # more than the session of a worker

# at, seconds: when it begins, how long it lasts; what: a row of KINDS
Fault = collections.namedtuple("Fault", "at seconds what target")


def _signal(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass  # another fault was there first


def _pid(slot):
    cluster, connector, task = slot
    return next((pid for w in cluster.running()
                 if (pid := w.pid_of_task(connector, task))), None)


# Each gives what its end needs.

def kill_task(scene, slot):
    pid = _pid(slot)
    if pid:
        _signal(pid, signal.SIGKILL)


def stop_task(scene, slot):
    pid = _pid(slot)
    if pid:
        _signal(pid, signal.SIGSTOP)
    return [pid] if pid else []


def stop_worker(scene, worker):
    """It alone: its tasks go on without it."""
    worker.process.send(signal.SIGSTOP)
    return [worker.process.pid]


def stop_machine(scene, worker):
    pids = [worker.process.pid, *children(worker.process.pid)]
    for pid in pids:
        _signal(pid, signal.SIGSTOP)
    return pids


def go_on(scene, target, pids):
    for pid in pids:
        _signal(pid, signal.SIGCONT)


def kill_worker(scene, worker):
    worker.kill9()


def leave(scene, worker):
    worker.process.send(signal.SIGTERM)


def start_worker(scene, worker, _):
    worker.process.send(signal.SIGCONT)
    if worker.process.running():
        worker.stop()  # it has been asked to
    worker.spawn()


def kill_broker(scene, broker):
    broker.kill()


def end_broker(scene, broker):
    broker.stop()


def start_broker(scene, broker, _):
    broker.stop()
    broker.start()


def cut(scene, worker, **directions):
    scene.network.cut(scene.place(worker), **directions)


def cut_out(scene, worker):
    cut(scene, worker, back=False)


def cut_back(scene, worker):
    cut(scene, worker, out=False)


def heal(scene, worker, _):
    scene.network.heal(scene.place(worker))


def nothing(scene, target, _):
    pass


def slots(scene):
    return scene.slots


def workers(scene):
    return [w for c in scene.clusters for w in c.workers]


def cuttable(scene):
    return workers(scene) if scene.network else []


def brokers(scene):
    return list(scene.kafka.processes.values())


# suspends: a task may be suspended by it, and then is there, at rest, when
# another has begun elsewhere, until its worker hears of that.
Kind = collections.namedtuple("Kind", "begin end targets suspends",
                              defaults=[False])

KINDS = {k.begin.__name__: k for k in (
    Kind(kill_task, nothing, slots),
    Kind(stop_task, go_on, slots),
    Kind(kill_worker, start_worker, workers),
    Kind(leave, start_worker, workers),
    Kind(stop_worker, go_on, workers, True),
    Kind(stop_machine, go_on, workers),
    Kind(kill_broker, start_broker, brokers, True),
    Kind(end_broker, start_broker, brokers, True),
    Kind(cut, heal, cuttable, True),
    Kind(cut_out, heal, cuttable, True),
    Kind(cut_back, heal, cuttable, True))}


def plan(seed, scene):
    """Targets are numbers, so that a plan can be read."""
    rng = random.Random(seed)
    able = [name for name, kind in KINDS.items() if kind.targets(scene)]
    return sorted(
        Fault(round(rng.uniform(0, WITHIN_S), 2),
              round(rng.uniform(0.5, LONGEST_S), 2), what,
              rng.randrange(len(KINDS[what].targets(scene))))
        for what in rng.choices(able, k=rng.choice(COUNTS)))


def may_suspend(faults):
    return any(KINDS[f.what].suspends for f in faults)


def play(faults, scene):
    begun, began = {}, time.monotonic()
    steps = sorted([(f.at, n, True) for n, f in enumerate(faults)] +
                   [(f.at + f.seconds, n, False) for n, f in enumerate(faults)])
    for at, n, begins in steps:
        kind = KINDS[faults[n].what]
        target = kind.targets(scene)[faults[n].target]
        time.sleep(max(0, began + at - time.monotonic()))
        if begins:
            begun[n] = kind.begin(scene, target)
        else:
            kind.end(scene, target, begun[n])
        print(f"{time.monotonic() - began:.2f} s: "
              f"{'begins' if begins else 'ends'}: {faults[n]} {begun[n]}")
