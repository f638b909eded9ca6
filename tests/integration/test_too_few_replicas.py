"""Two brokers of three are away, and topics ask for two replicas in sync
(NOT_ENOUGH_REPLICAS), the worker's own too: it says so, and no position is
ahead of what is there. All of it goes on when they are back, in order, also
what was killed meanwhile. One that is away: test_cluster_days.py. (Trap K16)"""

import pytest

from support import configs, ledger
from support.env import wait_for
from support.rest import RestError

TWO_AWAY = (2, 3)
THREE = {f"{what}_storage_replication_factor": 3
         for what in ("config", "offset", "status")}


def in_sync(kafka, topic):
    found = kafka.admin().list_topics(topic, timeout=5).topics[topic]
    return [sorted(p.isrs) for p in found.partitions.values()]


@pytest.mark.soak
def test_two_of_three_are_away(one_voter, new_worker, folder):
    kafka = one_voter
    worker = new_worker(kafka.bootstrap, **THREE)
    names = ("stays", "killed")
    journals, writers = {}, []
    for n, name in enumerate(names):
        kafka.create_topic(name)
        journals[name] = ledger.Journal(f"{folder}/journal-{name}")
        writers.append(ledger.FileWriter(f"{folder}/{name}", journals[name],
                                         "k16", n, pause=0.02))
        writers[-1].start()
        worker.rest.create(name, configs.file_source(
            f"{folder}/{name}", name))
    for name in names:
        kafka.wait_records(name, 200)
    pid = worker.wait_task("killed")
    for node in TWO_AWAY:
        kafka.kill(node)
    wait_for("one in sync", lambda: in_sync(kafka, "stays") == [[1]])
    worker.kill_task("killed")
    worker.wait_log("all work is suspended")
    worker.rest.wait_state("stays", "UNASSIGNED")
    with pytest.raises(RestError) as e:
        worker.rest.create("late", configs.file_source(folder + "/x", "x"))
    assert "Failed to write to config topic" in e.value.text, e.value
    for node in TWO_AWAY:
        kafka.start(node)
    for name in names:
        worker.rest.wait_running(name)
    assert worker.wait_task("killed") != pid
    for w in writers:
        w.finish()
    for name in names:
        report = ledger.wait_complete(journals[name], lambda n=name: [
            ledger.entry_from(r.value) for r in kafka.consume(n)])
        print(f"{name}: {report}")
        report.assert_at_least_once()
