"""The embedded web server: waitress, which at its end finishes what is in flight."""

import errno
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event
from typing import TYPE_CHECKING, Any

import structlog
import waitress
from flask import Flask
from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.task import WSGITask

from msme_calls import clock
from msme_calls.settings import SettingsError

if TYPE_CHECKING:
    from msme_calls.settings import Settings

log = structlog.get_logger()
PATIENCE = 20.0  # seconds that requests in flight may take once the server was told to stop


class _Request(HTTPRequestParser):
    """A request that knows when it had come wholly: it may then wait for a thread."""

    received_at = 0.0

    def received(self, data: bytes) -> int:
        taken: int = super().received(data)
        if self.completed and not self.received_at:
            self.received_at = time.monotonic()
        return taken


class _Task(WSGITask):
    """Tells the application when its request was received."""

    def get_environment(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environment()
        environ[clock.RECEIVED] = self.request.received_at or time.monotonic()
        return environ


class _Channel(HTTPChannel):
    parser_class, task_class = _Request, _Task


def listen(settings: "Settings") -> socket.socket:
    """The socket on which the server will listen. Raises SettingsError with a sentence that says what is in the way."""
    host, port = settings.host, settings.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        reasons = {
            errno.EADDRINUSE: f"Port {port} of {host} is taken by another program: set MSME_PORT to a free one.",
            errno.EACCES: f"Port {port} is only for the system’s administrator: set MSME_PORT to 1024 or more.",
        }
        nowhere = f"This machine has no address {host}: set MSME_HOST to one of its own, or to 0.0.0.0 for all."
        raise SettingsError(reasons.get(error.errno or 0, nowhere)) from None


@contextmanager
def told(tell: Callable[[], object] = lambda: None) -> Iterator[Event]:
    """An event that Ctrl-C and SIGTERM set, calling `tell`; pressed twice, Ctrl-C ends the process at once."""
    event = Event()

    def stop(number: int, frame: object) -> None:
        if event.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        event.set()
        tell()

    former = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield event
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def serve(app: Flask, listening: socket.socket, started: Callable[[], object] = lambda: None) -> None:
    """Serve until told to stop, then finish the requests in flight."""
    settings: Settings = app.settings  # type: ignore[attr-defined]
    server: Any = waitress.create_server(
        app,
        sockets=[listening],
        threads=settings.threads,
        ident=None,
        clear_untrusted_proxy_headers=not settings.trusted_proxies,  # ProxyFix trusts as many as the settings say
        max_request_body_size=8_000_000 * settings.max_upload_mb,  # below it, our own page keeps what was typed
        connection_limit=500,
        asyncore_use_poll=True,
    )
    server.channel_class = _Channel
    with told(server.pull_trigger) as stop:
        started()
        while not stop.is_set():
            _turn(server)
        _finish(server)


def _turn(server: Any) -> None:
    server.asyncore.loop(timeout=1, map=server._map, use_poll=True, count=1)


def _finish(server: Any) -> None:
    """Take no more connections, answer every request that has begun to arrive, and close."""
    wasyncore.dispatcher.close(server)
    end = time.monotonic() + PATIENCE
    while server.active_channels and time.monotonic() < end:
        for channel in list(server.active_channels.values()):
            if not (channel.requests or channel.request or channel.total_outbufs_len):
                channel.will_close = True
        _turn(server)
    if server.active_channels:
        log.warning("requests cut off", count=len(server.active_channels))
    server.task_dispatcher.shutdown(cancel_pending=True, timeout=1)
    wasyncore.close_all(server._map)
