"""PostgresSink, when its connection ends in the middle of COMMIT: after each of
its bytes, and after each of the answer's, what was written is there once
(C3)."""

import contextlib
import select
import socket
import threading

import pytest

from support.drive import PluginError
from support.env import HOST

COMMIT = b"Q\x00\x00\x00\x0bCOMMIT\x00"
# CommandComplete and ReadyForQuery
ANSWER = b"C\x00\x00\x00\x0bCOMMIT\x00Z\x00\x00\x00\x05I"


class Knife:
    """Stands between a client and a server. cut(sent, back): of the next
    COMMIT so many bytes reach the server, and so many of the answer come back
    when all of it is there; then the connection ends."""

    def __init__(self, port):
        self.to = port
        self.plan = None
        self.answers = []
        self.listener = socket.create_server((HOST, 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self, sent, back):
        self.plan = (sent, back)

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                server = socket.create_connection((HOST, self.to))
                threading.Thread(target=self._run, args=(client, server),
                                 daemon=True).start()

    def _run(self, client, server):
        with client, server, contextlib.suppress(OSError):
            while self._pass_on(client, server):
                pass

    def _pass_on(self, client, server):
        ready = select.select([client, server], [], [])[0]
        for one, other in ((client, server), (server, client)):
            if one not in ready:
                continue
            data = one.recv(1 << 16)
            # It is sent alone: all before it was answered.
            if one is client and data == COMMIT and self.plan:
                plan, self.plan = self.plan, None
                self._cut(client, server, *plan)
                return False
            other.sendall(data)
            if not data:
                return False
        return True

    def _cut(self, client, server, sent, back):
        server.sendall(COMMIT[:sent])
        answer = b""
        while sent == len(COMMIT) and len(answer) < len(ANSWER):
            answer += server.recv(1 << 16)
        self.answers.append(answer)
        client.sendall(answer[:back])


@pytest.fixture
def knife(postgres):
    k = Knife(postgres.port)
    yield k
    k.close()


@pytest.fixture
def cut(postgres, db, sql, sink, knife):
    """cut(sent, back): three more rows whose COMMIT is cut: those that are
    there then, counted and counted without repetition. again(): the same
    records once more."""
    sql("CREATE TABLE t (id int)")
    s = sink(connection_url=f"jdbc:postgresql://{HOST}:{knife.port}/{db}"
             "?user=postgres")

    def there():
        return sql("SELECT count(*), count(DISTINCT id) FROM t")[0]

    def put():
        at = s.next["t", 0]
        return s.put([(None, {"id": i}) for i in range(at, at + 3)])

    def run(sent, back):
        knife.cut(sent, back)
        with pytest.raises(PluginError, match="connection") as e:
            put()
        assert e.value.code == "RETRY" and knife.plan is None
        return there()

    def again():
        assert put() == []
        assert sql("SELECT next_offset FROM penstock_offsets") == [
            (s.next["t", 0],)]
        return there()
    run.again = again
    return run


def test_an_answer_is_cut_after_each_of_its_bytes_C3(cut, knife):
    for back in range(len(ANSWER)):
        n = 3 * back + 3
        assert cut(len(COMMIT), back) == (n, n), "it was committed"
        assert cut.again() == (n, n), f"after {back} bytes"
    assert knife.answers == [ANSWER] * len(ANSWER)


def test_a_commit_is_cut_after_each_of_its_bytes_C3(cut):
    for sent in range(len(COMMIT)):
        n = 3 * sent
        assert cut(sent, 0) == (n, n), "it was not committed"
        assert cut.again() == (n + 3, n + 3), f"after {sent} bytes"
