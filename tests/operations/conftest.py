"""What tests of running the product need: a mail to send, mail servers of every kind, and the command as a process."""

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import flask
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult
from jinja2 import ChoiceLoader, DictLoader

from msme_calls import outbox

ROOT = Path(__file__).resolve().parent.parent.parent
TEXT = "Dear {{ who }}, {{ words }}\n\nYour proposal “{{ title }}” is here.\n{{ url }}\n"
NOTHING = {"who": "you", "words": "", "title": "", "url": ""}
HTML = "<!doctype html><title>{{ subject }}</title><p>{{ title }}</p>"


@dataclass
class Reader:
    """Somebody who gets a mail."""

    email: str
    language: str = "en"
    id: uuid.UUID = field(default_factory=uuid.uuid4)


@pytest.fixture
def letter(monkeypatch: pytest.MonkeyPatch) -> Callable[[flask.Flask], None]:
    """Teach an application the mail “letter”: its templates show the values it was queued with."""
    monkeypatch.setitem(outbox.MAILS, "letter", lambda row: {**NOTHING, **row.values})

    def teach(app: flask.Flask) -> None:
        ours = DictLoader({"email/letter.txt": TEXT, "email/letter.html": HTML})
        assert app.jinja_env.loader
        app.jinja_env.loader = ChoiceLoader([ours, app.jinja_env.loader])

    return teach


class MailServer:
    """An SMTP server that does what a test tells it. `received` has (recipients, message) of every mail it took."""

    def __init__(self) -> None:
        self.received: list[tuple[list[str], EmailMessage]] = []
        self.tried: list[EmailMessage] = []
        self.sender, self.recipients, self.data = "250 OK", {}, []  # type: ignore[var-annotated]
        self.quits = True
        self.slow = 0.0

    @property
    def ids(self) -> list[str]:
        return [message["Message-ID"] for _, message in self.received]

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        envelope.mail_from = address
        return self.sender

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        answer = self.recipients.get(address, "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        message: Any = message_from_bytes(envelope.content, policy=policy.default)
        self.tried.append(message)
        answer = self.data.pop(0) if self.data else "250 OK"
        await asyncio.sleep(self.slow)
        if answer.startswith("250"):
            self.received.append((envelope.rcpt_tos, message))
        if answer == "hang up":
            server.transport.close()
        return answer

    async def handle_QUIT(self, server: Any, session: Any, envelope: Any) -> str:
        if not self.quits:
            server.transport.close()
        return "221 Bye"


class Loopback(Controller):
    """A controller on a port of the system's choice; `secret` makes it ask for a password that nobody has."""

    secret = False

    def factory(self) -> SMTP:
        more: dict[str, Any] = {}
        if self.secret:
            more = {"auth_require_tls": False, "authenticator": lambda *_: AuthResult(success=False, handled=False)}
        return SMTP(self.handler, hostname="localhost", **more)

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    """A mail server on loopback; `mail_server.port` is where."""
    with serving() as server:
        yield server


@contextlib.contextmanager
def serving(port: int = 0, secret: bool = False) -> Iterator[MailServer]:
    handler = MailServer()
    controller = Loopback(handler, hostname="127.0.0.1", port=port)
    controller.secret = secret
    controller.start()
    handler.port = controller.port  # type: ignore[attr-defined]
    yield handler
    controller.stop()


@contextlib.contextmanager
def answering(answer: Callable[[socket.socket], object]) -> Iterator[int]:
    """A port at which every connection is handed to `answer` and then left open."""
    kept: list[socket.socket] = []
    listening = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                kept.append(listening.accept()[0])
                threading.Thread(target=_quietly, args=(answer, kept[-1]), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    yield listening.getsockname()[1]
    listening.shutdown(socket.SHUT_RDWR)
    for connection in [listening, *kept]:
        connection.close()
    thread.join(2)


def _quietly(answer: Callable[[socket.socket], object], connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        answer(connection)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


@dataclass
class Command:
    """The command `msme-calls` as a process of its own, started from a folder that has nothing to do with it."""

    process: subprocess.Popen[str]
    url: str

    def get(self, path: str) -> str:
        """A page, once the server answers."""
        deadline = time.monotonic() + 30
        while True:
            try:
                return urllib.request.urlopen(self.url + path, timeout=20).read().decode()
            except OSError:
                assert self.process.poll() is None, self.end()
                assert time.monotonic() < deadline, "the server did not answer"
                time.sleep(0.1)

    def end(self, timeout: float = 30) -> tuple[int, str, str]:
        """Wait for its end: (exit code, output, errors)."""
        out, err = self.process.communicate(timeout=timeout)
        return self.process.returncode, out, err


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Callable[..., Command]]:
    """Start `msme-calls ARGUMENTS` with settings; `code` runs before it in the same process."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str, code: str = "", **settings: Any) -> Command:
        port = settings.setdefault("port", free_port())
        settings.setdefault("data", tmp_path / "installation")
        own = {f"MSME_{name.upper()}": str(value) for name, value in settings.items()}
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MSME_")} | own
        program = [sys.executable, "-c", f"{code}\nfrom msme_calls.cli import main; main()"]
        if not code:
            program = [sys.executable, str(Path(sys.executable).parent / "msme-calls")]
        (tmp_path / "elsewhere").mkdir(exist_ok=True)
        process = subprocess.Popen(
            [*program, *arguments],
            cwd=tmp_path / "elsewhere",
            env=environment | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return Command(process, f"http://127.0.0.1:{port}")

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()
