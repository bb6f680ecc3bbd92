"""What tests of faults need: the command in processes that start in an instant, people who press again, chance."""

import contextlib
import dataclasses
import http.client
import json
import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import flask
import pytest
from applications import SECRET
from flask_wtf.csrf import generate_csrf
from operations.conftest import ROOT, MailServer, free_port, serving
from pypdf import PdfWriter
from signing_in import browser_of

from msme_calls.accounts.models import Person

# A process that has imported everything and does nothing but have children, each of which becomes the command: what
# a start costs otherwise is mostly importing. Children die with it.
NURSERY = """
import json, os, signal, sys, time, traceback
import alembic.command, alembic.config, huey.consumer, psycopg, waitress, sqlalchemy.dialects.postgresql
from msme_calls import cli, create_app, health, server
from msme_calls.settings import Settings
import pathlib, tempfile
create_app(Settings(data=pathlib.Path(tempfile.mkdtemp(dir=sys.argv[1])), env="test"))
children = set()
for line in sys.stdin:
    order = json.loads(line)
    if "signal" in order:
        os.kill(order["pid"], order["signal"])
        end, ended = time.monotonic() + 60, (0, 0)
        while not ended[0]:
            ended = os.waitpid(order["pid"], os.WNOHANG)
            if not ended[0]:
                time.sleep(0.002)
            if time.monotonic() > end:
                os.kill(order["pid"], signal.SIGKILL)
        answer = os.waitstatus_to_exitcode(ended[1])
        children.discard(order["pid"])
    else:
        answer = os.fork()
        children.add(answer)
    if answer == 0 and "signal" not in order:
        null, log = os.open(os.devnull, os.O_RDONLY), os.open(order["log"], os.O_CREAT | os.O_APPEND | os.O_WRONLY)
        errors = os.open(order["errors"], os.O_APPEND | os.O_WRONLY)
        os.dup2(null, 0), os.dup2(log, 1), os.dup2(errors, 2)
        os.environ.update(order["settings"])
        try:
            exec(order["code"], {"__name__": "tested"})
            cli.main(order["arguments"])
        except SystemExit as end:
            os._exit(end.code or 0)
        except BaseException:
            traceback.print_exc()
            os._exit(70)
    print(answer, flush=True)
for child in children:
    os.kill(child, signal.SIGKILL)
"""


@pytest.fixture(autouse=True)
def frozen() -> None:
    """The clock runs as it does: processes of their own are not moved with it."""


class Nursery:
    """Where processes of the command come from."""

    def __init__(self, folder: Path) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MSME_")}
        self.process = subprocess.Popen(
            [sys.executable, "-c", NURSERY, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            cwd=folder, env=environment | {"PYTHONPATH": str(ROOT)},
        )  # fmt: skip

    def ask(self, **order: Any) -> int:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def close(self) -> None:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.close()
        self.process.wait(20)
        self.process.stdout.close()


@pytest.fixture(scope="session")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    made = Nursery(tmp_path_factory.mktemp("nursery"))
    yield made
    made.close()


@dataclasses.dataclass
class Running:
    """A process of the command."""

    nursery: Nursery
    pid: int
    port: int
    log: Path
    ended: bool = False

    def kill(self) -> None:
        """As a power cut does it."""
        self.end(signal.SIGKILL)

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait for its end; gives the exit code."""
        if self.ended:
            return 0
        self.ended = True
        return self.nursery.ask(pid=self.pid, signal=number)

    def get(self, path: str, timeout: float = 20) -> tuple[int, str]:
        """Status and words of a page; 0 if nobody answers."""
        try:
            return Browser(self.port).send("GET", path, timeout=timeout)[:2]
        except OSError:
            return 0, ""

    def ready(self, seconds: float = 30) -> None:
        wait_for(lambda: self.get("/healthz")[0] == 200, seconds)

    @property
    def said(self) -> str:
        return self.log.read_text()


@dataclasses.dataclass
class Site:
    """An installation on the test's database, whose processes come and go."""

    nursery: Nursery
    settings: dict[str, Any]
    folder: Path
    port: int = dataclasses.field(default_factory=free_port)
    started: list[Running] = dataclasses.field(default_factory=list)

    def start(self, *arguments: str, code: str = "", errors: str = "", **changes: Any) -> Running:
        given = {"port": self.port, **self.settings, **changes}
        settings = {f"MSME_{name.upper()}": str(value) for name, value in given.items() if value is not None}
        log = self.folder / f"{arguments[0]}-{len(self.started)}.log"
        pid = self.nursery.ask(
            arguments=arguments, settings=settings, code=code, log=str(log), errors=errors or str(log)
        )
        self.started.append(Running(self.nursery, pid, given["port"], log))
        return self.started[-1]

    def close(self) -> None:
        for running in self.started:
            running.kill()


@pytest.fixture
def site(nursery: Nursery, app: flask.Flask, database: str, tmp_path: Path) -> Iterator[Site]:
    settings = {"database_url": database, "data": tmp_path / "data", "secret_key": SECRET}
    made = Site(nursery, settings, tmp_path)
    yield made
    made.close()
    for running in made.started:
        assert "Traceback" not in running.said, running.said


@pytest.fixture
def chance() -> random.Random:
    """Chance that can be had again: MSME_TEST_SEED sets the seed that a failed test has printed."""
    seed = os.environ.get("MSME_TEST_SEED") or uuid.uuid4().hex[:8]
    sys.stdout.write(f"MSME_TEST_SEED={seed}\n")
    return random.Random(seed)


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    with serving() as server:
        yield server


def wait_for(true: Callable[[], object], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.02)


def pdf() -> bytes:
    """A document like no other, of some 200 kB."""
    writer, out = PdfWriter(), BytesIO()
    writer.add_blank_page(200, 200)
    writer.add_metadata({"/Title": uuid.uuid4().hex, "/Subject": "words " * 35_000})
    writer.write(out)
    return out.getvalue()


Parts = list[tuple[str, str | tuple[str, bytes]]]


class Browser:
    """A person's browser, signed in by a row, with the token of her forms; or nobody's."""

    def __init__(self, port: int, app: flask.Flask | None = None, person: Person | None = None) -> None:
        self.port, self.cookie, self.token = port, "", ""
        if app is None or person is None:
            return
        signed_in = browser_of(app, person).get_cookie(app.config["SESSION_COOKIE_NAME"])
        serializer: Any = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
        with app.app_context(), app.test_request_context():
            self.token = generate_csrf()
            session = {**serializer.loads(signed_in.value), **flask.session}
        self.cookie = f"{app.config['SESSION_COOKIE_NAME']}={serializer.dumps(session)}"

    def send(
        self,
        method: str,
        path: str,
        body: Iterable[bytes] = (),
        kind: str = "",
        length: int = 0,
        timeout: float = 30,
    ) -> tuple[int, str, str]:
        """Status, words and where it leads on to. Raises OSError if no whole answer comes."""
        headers = {"Cookie": self.cookie, "Content-Type": kind, "Content-Length": str(length)}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body, {k: v for k, v in headers.items() if v})
            answer = connection.getresponse()
            return answer.status, answer.read().decode("utf-8", "replace"), answer.headers.get("Location", "")
        except http.client.HTTPException as error:
            raise ConnectionResetError from error
        finally:
            connection.close()

    def post(self, path: str, parts: Parts, pause: Callable[[], object] = lambda: None) -> tuple[int, str, str]:
        """Send a form with its files; `pause` is called between pieces of it."""
        body = _multipart([("csrf_token", self.token), *parts])

        def pieces() -> Iterator[bytes]:
            for start in range(0, len(body), 1 << 15):
                yield body[start : start + (1 << 15)]
                pause()

        return self.send("POST", path, pieces(), "multipart/form-data; boundary=edge", len(body))

    def insist(self, path: str, parts: Parts, *, done: Callable[[int, str], bool] | None = None) -> int:
        """Press again as people do, until it is acknowledged; gives how often."""
        end = time.monotonic() + 60
        for tries in range(1, 1000):
            assert time.monotonic() < end, f"{path} was never acknowledged"
            with contextlib.suppress(OSError):
                status, words, leads = self.post(path, parts)
                if status == 302 and "/sign-in" not in leads or (done and done(status, words)):
                    return tries
                assert status == 503, f"{path}: {status}\n{words[-3000:]}"
            time.sleep(0.02)
        raise AssertionError


def _multipart(parts: Parts) -> bytes:
    body = b""
    for name, value in parts:
        about, content = f'name="{name}"', value
        if isinstance(value, tuple):
            about, content = f'{about}; filename="{value[0]}"', value[1]
        data = content if isinstance(content, bytes) else str(content).encode()
        body += f"--edge\r\nContent-Disposition: form-data; {about}\r\n\r\n".encode() + data + b"\r\n"
    return body + b"--edge--\r\n"
