"""receiver: an HTTP server that keeps every request and answers by script.

    r = Receiver().start()
    r.script(lambda index, request: Reply(503) if index < 3 else None)
    r.requests[0].body

A script is asked once per request, with the request's index counted from 0,
and returns a Reply or None for the usual 200. /token is an OAuth2 endpoint
that is counted apart.
"""

import dataclasses
import http.server
import json
import ssl
import threading
import time
import urllib.parse

from .env import HOST, wait_for


@dataclasses.dataclass
class Reply:
    status: int = 200
    body: bytes = b""
    headers: dict = dataclasses.field(default_factory=dict)
    hang: float = 0  # seconds before the answer; close() ends it
    cut: bool = False  # close the connection instead of answering
    length: str = None  # Content-Length of an answer to HEAD


@dataclasses.dataclass
class Request:
    index: int
    method: str
    path: str
    headers: dict  # names in lower case
    body: bytes
    time: float
    status: int = 0

    def json(self):
        return json.loads(self.body)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *args):
        pass

    def _exactly(self, size):
        """A client that died on the way has asked for nothing."""
        body = self.rfile.read(size)
        if len(body) < size:
            raise ConnectionAbortedError(f"{len(body)} of {size} bytes came")
        return body

    def _read(self):
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            chunks = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                chunks.append(self._exactly(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(chunks)
        return self._exactly(int(self.headers.get("Content-Length") or 0))

    def _answer(self):
        owner = self.server.owner
        reply = owner.take(self.command, self.path, {
            k.lower(): v for k, v in self.headers.items()}, self._read())
        if reply.hang:
            owner.closing.wait(reply.hang)
        if reply.cut or owner.closing.is_set():
            self.close_connection = True
            return
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length",
                         reply.length or str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    do_HEAD = do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    allow_reuse_address = True

    def handle_error(self, request, client_address):
        pass  # a client that went away is part of the tests


class Receiver:
    def __init__(self, port=0, tls=None, client_ca=None):
        """tls: a PEM file with certificate and key; client_ca: who must have
        signed a client's certificate."""
        self.port = port
        self.tls = None
        if tls:
            self.tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self.tls.load_cert_chain(tls)
        if client_ca:
            self.tls.load_verify_locations(client_ca)
            self.tls.verify_mode = ssl.CERT_REQUIRED
        self.requests = []
        self.token_requests = []
        self.tokens_given = 0
        self.closing = threading.Event()
        self._script = None
        self._token_script = None
        self._lock = threading.Lock()
        self._server = None

    def start(self):
        """Also after close(): on the same port, with all it had."""
        self.closing.clear()
        self._server = _Server((HOST, self.port), _Handler)
        self._server.owner = self
        if self.tls:
            # Each connection shakes hands in its own thread.
            self._server.socket = self.tls.wrap_socket(
                self._server.socket, server_side=True,
                do_handshake_on_connect=False)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever,
                         kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def close(self):
        self.closing.set()
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    @property
    def url(self):
        return (f"https://localhost:{self.port}" if self.tls
                else f"http://{HOST}:{self.port}")

    def script(self, function):
        self._script = function

    def script_tokens(self, function):
        self._token_script = function

    def script_statuses(self, *statuses):
        """The first requests get these, the others 200."""
        self._script = lambda index, _: (
            Reply(statuses[index]) if index < len(statuses) else None)

    def take(self, method, path, headers, body):
        is_token = urllib.parse.urlparse(path).path == "/token"
        with self._lock:
            kept = self.token_requests if is_token else self.requests
            request = Request(len(kept), method, path, headers, body,
                              time.time())
            kept.append(request)
        script = self._token_script if is_token else self._script
        reply = script(request.index, request) if script else None
        if reply is None:
            reply = self._token() if is_token else Reply()
        request.status = 0 if reply.cut else reply.status
        return reply

    def _token(self):
        self.tokens_given += 1
        return Reply(body=json.dumps({
            "access_token": f"token-{self.tokens_given}",
            "token_type": "Bearer", "expires_in": 3600}).encode(),
            headers={"Content-Type": "application/json"})

    def accepted(self):
        return [r for r in self.requests if 200 <= r.status < 300]

    def wait_requests(self, count, timeout=30):
        wait_for(f"{count} HTTP requests",
                 lambda: len(self.requests) >= count, timeout)
        return self.requests
