"""endpoint: takes POSTs of newline-delimited records as fast as it can, in a
process of its own, and counts the records. It answers when it has all of a
request, as a service does that lost none."""

import contextlib
import multiprocessing
import re
import socket

from support import env

ROOM = 1 << 20
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"


def serve(connection, records):
    """One client, until it leaves."""
    room, have = memoryview(bytearray(ROOM)), b""
    while True:
        while (end := have.find(b"\r\n\r\n")) < 0:
            more = connection.recv(ROOM)
            if not more:
                return
            have += more
        left = int(LENGTH.search(have[:end])[1]) - (len(have) - end - 4)
        count = have.count(b"\n", end + 4)
        while left > 0:
            n = connection.recv_into(room, min(left, ROOM))
            if n == 0:
                return
            left -= n
            count += bytes(room[:n]).count(b"\n")
        have = b""  # nothing is sent before the answer
        records.value += count
        connection.sendall(ANSWER)


def accept(listener, records):
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection, contextlib.suppress(ConnectionResetError):
            serve(connection, records)


class Endpoint:
    def __init__(self):
        self._records = multiprocessing.Value("q", 0, lock=False)
        listener = socket.create_server((env.HOST, 0))
        self.url = f"http://{env.HOST}:{listener.getsockname()[1]}/"
        self.process = multiprocessing.Process(
            target=accept, args=(listener, self._records), daemon=True)
        self.process.start()
        listener.close()

    @property
    def records(self):
        return self._records.value

    def close(self):
        self.process.terminate()
        self.process.join()
