"""Storage over HTTP for tests: a real S3 in small (moto), and one that does what a test tells it."""

import contextlib
import socket
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

KEYS = {"storage_key": "example-key", "storage_secret": "example-secret"}


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """The address of an S3 on loopback."""
    import logging

    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3: str, request: pytest.FixtureRequest) -> dict[str, str]:
    """Settings of an empty bucket."""
    name = f"calls-{abs(hash(request.node.nodeid))}"
    urllib.request.urlopen(urllib.request.Request(f"{s3}/{name}", method="PUT"), timeout=10).close()
    return {"storage_url": f"s3://{name}/files?endpoint={s3}&region=eu-west-1", **KEYS}


class Told(ThreadingHTTPServer):
    """A storage that answers as `answer` says: “hang”, “drip”, “half”, a status, or “well”; `seen` has what came."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.answer: str | int = "well"
        self.content = b""
        self.seen: list[tuple[str, str, int]] = []
        self.over = threading.Event()

    @property
    def settings(self) -> dict[str, str]:
        return {"storage_url": f"s3://calls/files?endpoint=http://127.0.0.1:{self.server_port}", **KEYS}


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Told

    def _any(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.server.seen.append((self.command, self.path, length))
        body, told = self.rfile.read(length), self.server.answer
        if told == "hang":
            self.server.over.wait(30)
            return
        if isinstance(told, int):
            return self._send(told, b"<Error><Code>Told</Code></Error>")
        if self.command == "PUT":
            self.server.content = body
            return self._send(200, b"")
        whole = self.server.content
        self._send(200, whole, whole[: len(whole) // 2] if told in ("half", "drip") else whole)
        if told == "drip":
            self.server.over.wait(30)
        self.close_connection = True

    do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = _any

    def _send(self, status: int, body: bytes, sent: bytes | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), "ETag": '"x"',
                            "Last-Modified": "Sun, 22 Nov 2026 10:00:00 GMT"}.items():  # fmt: skip
            self.send_header(name, value)
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body if sent is None else sent)
            self.wfile.flush()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def told() -> Iterator[Told]:
    server = Told()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.over.set()
    server.shutdown()
    server.server_close()
    thread.join(5)


def nowhere() -> dict[str, str]:
    """Settings of a storage that nobody serves."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    return {"storage_url": f"s3://calls/files?endpoint=http://127.0.0.1:{port}", **KEYS}
