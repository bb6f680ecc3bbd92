"""The command as real processes: it starts, serves, finishes what is in flight, says in a sentence what is amiss."""

import json
import re
import signal
import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from operations.conftest import Command, MailServer, free_port

from msme_calls import cli

pytestmark = pytest.mark.timeout(180)

# Pages that a test needs, put into the very command that is tested.
PAGES = """
import time
from msme_calls import access, cli, clock
make = cli.application

def application():
    app = make()

    @app.get("/slow")
    @access.public
    def slow():
        time.sleep(1.5)
        return "finished"

    @app.get("/long")
    @access.public
    def long():
        return "x" * 20_000_000, {"Content-Type": "application/octet-stream"}

    @app.get("/clock")
    @access.public
    def the_clock():
        return clock.tick().isoformat()

    return app

cli.application = application
"""
# The mail “letter”: queued when the process starts, or when a page is called for.
LETTERS = """
import uuid
from types import SimpleNamespace
from jinja2 import ChoiceLoader, DictLoader
from msme_calls import access, cli, clock, health, outbox
from msme_calls.extensions import db, writing
make = cli.application
outbox.MAILS["letter"] = lambda row: {}

def queue():
    reader = SimpleNamespace(id=uuid.uuid4(), email="ana@example.org", language="en")
    outbox.queue("letter", to=reader, at=clock.tick(), key="the one letter")
    db.session.commit()
    return "queued"

def application():
    app = make()
    texts = {"email/letter.txt": "Hello\\n\\nWords\\n", "email/letter.html": "<p>Words</p>"}
    app.jinja_env.loader = ChoiceLoader([DictLoader(texts), app.jinja_env.loader])
"""
LETTER = f"""{LETTERS}
    with app.app_context():
        health.upgrade()
        queue()
    return app

cli.application = application
"""
ON_DEMAND = f"""{LETTERS}
    @app.get("/queue")
    @access.public
    def page():
        writing.set(True)
        return queue()

    return app

cli.application = application
"""
Start = Callable[..., Command]


def ask(command: Command, path: str) -> socket.socket:
    """Send a request and leave the answer on its way."""
    connection = socket.create_connection(("127.0.0.1", int(command.url.rpartition(":")[2])), timeout=30)
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    return connection


def read(connection: socket.socket) -> bytes:
    answer = b""
    while piece := connection.recv(1 << 16):
        answer += piece
    connection.close()
    return answer


def test_run_serves_with_the_worker_and_stops_cleanly(command: Start, tmp_path: Path) -> None:
    running = command("run")
    well = {"clock": True, "database": True, "migrations": True, "receipts": True, "storage": True}
    assert json.loads(running.get("/readyz")) == well
    assert '<html lang="fr">' in running.get("/fr/")
    assert 'href="/en/mailbox"' in running.get("/en/")
    running.process.send_signal(signal.SIGTERM)
    code, out, err = running.end()
    assert code == 0
    for lang in ("en", "fr", "es"):
        assert f"{running.url}/{lang}/\n" in out
    assert f"{running.url}/en/mailbox\n" in out
    assert "Accounts" not in out
    assert [json.loads(line)["event"] for line in err.splitlines()] == ["request", "request"]
    assert sorted(f.name for f in (tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.slow)])
def test_requests_in_flight_are_finished(command: Start, number: signal.Signals) -> None:
    """Threat C20."""
    running = command("run", code=PAGES)
    running.get("/healthz")
    idle = socket.create_connection(("127.0.0.1", int(running.url.rpartition(":")[2])))  # must not hold the end up
    slow, long = ask(running, "/slow"), ask(running, "/long")
    arriving = socket.create_connection(("127.0.0.1", int(running.url.rpartition(":")[2])), timeout=30)
    arriving.sendall(b"POST /en/sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10\r\n\r\nabc=1")
    time.sleep(0.5)
    begun = time.monotonic()
    running.process.send_signal(number)
    time.sleep(0.5)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(running.url.rpartition(":")[2]))).close()
    arriving.sendall(b"&d=23")
    assert read(arriving).startswith(b"HTTP/1.1 4")
    assert read(slow).endswith(b"finished")
    assert len(read(long)) > 20_000_000
    assert running.end()[0] == 0
    assert time.monotonic() - begun < 15  # the server waits 20 s at most
    idle.close()


@pytest.mark.slow
def test_the_second_ctrl_c_is_meant(command: Start) -> None:
    running = command("run", code=PAGES.replace("1.5", "15"))
    running.get("/healthz")
    slow = ask(running, "/slow")
    time.sleep(0.5)
    running.process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    assert running.process.poll() is None
    running.process.send_signal(signal.SIGINT)
    code, out, err = running.end(timeout=8)
    assert code != 0
    assert "Traceback" not in err
    slow.close()


def test_a_taken_port_is_told_before_anything_is_touched(command: Start, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, out, err = command("run", port=port).end()
    assert code == 2
    assert err == f"Error: Port {port} of 127.0.0.1 is taken by another program: set MSME_PORT to a free one.\n"
    assert not (tmp_path / "installation").exists()


PRODUCTION = {"env": "production", "secret_key": "x" * 32, "public_url": "https://calls.example.org"}


@pytest.mark.parametrize(
    "arguments, changed, words",
    [
        (["run"], {"secret_key": ""}, "MSME_SECRET_KEY"),
        (["serve"], {"now": "2027-06-27T07:59:00Z"}, "MSME_NOW"),
        (["worker"], {"public_url": "http://calls.example.org"}, "MSME_PUBLIC_URL"),
    ],
)
def test_production_does_not_start_unsafe(
    command: Start, tmp_path: Path, arguments: list[str], changed: dict[str, str], words: str
) -> None:
    code, out, err = command(*arguments, **{**PRODUCTION, **changed}).end()
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("Error: MSME_") and words in err
    assert not (tmp_path / "installation").exists()


@pytest.mark.parametrize(
    "arguments, given, words",
    [
        (["run", "--demo"], PRODUCTION, "without --demo"),
        (["run"], {"host": "203.0.113.7"}, "MSME_HOST"),
        (["serve"], {"host": "256.1.1.1"}, "MSME_HOST"),
        (["upgrade"], {"port": "eighty"}, "MSME_PORT"),
        (["upgrade"], {"data": "FILE"}, "MSME_DATA"),
        (["upgrade"], {"data": "FILE/folder"}, "MSME_DATA"),
        (["upgrade"], {"database_url": "nonsense"}, "MSME_DATABASE_URL"),
        (["upgrade"], {"database_url": "oracle://nowhere/x"}, "MSME_DATABASE_URL"),
        (["upgrade"], {"database_url": "postgresql://calls:secret@127.0.0.1:1/calls"}, "The database does not answer"),
        (["upgrade"], {"database_url": "sqlite:////no/such/folder/x"}, "The database does not answer"),
        (["history", "verify"], {}, "run msme-calls upgrade"),
        (["worker"], {}, "run msme-calls upgrade"),
    ],
)
def test_what_can_not_be_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], given: dict[str, str], words: str
) -> None:
    (tmp_path / "file").write_text("")
    for name, value in {"data": str(tmp_path / "data"), **given}.items():
        monkeypatch.setenv(f"MSME_{name.upper()}", value.replace("FILE", str(tmp_path / "file")))
    result = CliRunner().invoke(cli.main, arguments)
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1), result.output
    assert result.stderr.startswith("Error: ") and words in result.stderr
    assert "secret" not in result.stderr


def test_the_clock_is_moved_and_runs_on(command: Start) -> None:
    running = command("run", code=PAGES, now="2027-06-27T07:59:00Z")
    first = datetime.fromisoformat(running.get("/clock"))
    assert timedelta() <= first - datetime(2027, 6, 27, 7, 59, tzinfo=UTC) < timedelta(seconds=40)
    time.sleep(1.1)
    assert timedelta(seconds=1) < datetime.fromisoformat(running.get("/clock")) - first < timedelta(seconds=10)
    running.process.send_signal(signal.SIGTERM)
    assert "2027-06-27T07:59:00Z" in running.end()[1]


@pytest.mark.slow
def test_a_second_start_finds_everything_as_it_was(command: Start, tmp_path: Path) -> None:
    for _ in range(2):
        running = command("run", code=LETTER)
        running.get("/readyz")
        mails = (tmp_path / "installation" / "mailbox").glob("*.eml")
        deadline = time.monotonic() + 10
        while not list(mails) and time.monotonic() < deadline:
            time.sleep(0.1)
        running.process.send_signal(signal.SIGTERM)
        assert running.end()[0] == 0
    assert len(list((tmp_path / "installation" / "mailbox").glob("*.eml"))) == 1


@pytest.mark.slow
def test_a_worker_killed_while_it_sends_loses_no_mail(command: Start, mail_server: MailServer, tmp_path: Path) -> None:
    mail_server.slow = 30
    smtp = {"mail_server": "127.0.0.1", "mail_port": mail_server.port, "mail_tls": "false"}  # type: ignore[attr-defined]
    first = command("worker", code=LETTER, **smtp)
    deadline = time.monotonic() + 30
    while not mail_server.tried:
        assert time.monotonic() < deadline and first.process.poll() is None
        time.sleep(0.05)
    first.process.kill()
    first.end()
    mail_server.slow = 0
    soon = command("worker", code=LETTER, **smtp)  # its lease still holds: somebody may be sending it
    time.sleep(6)
    assert len(mail_server.tried) == 1
    soon.process.send_signal(signal.SIGTERM)
    assert soon.end()[0] == 0
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    second = command("worker", code=LETTER, now=later, **smtp)
    deadline = time.monotonic() + 30
    while len(mail_server.received) < 1:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    second.process.send_signal(signal.SIGTERM)
    assert second.end()[0] == 0
    assert len({message["Message-ID"] for message in mail_server.tried}) == 1
    assert len(mail_server.tried) == 2


@pytest.mark.slow
def test_a_server_wakes_the_worker_in_another_process(command: Start, tmp_path: Path) -> None:
    assert command("upgrade").end()[:2] == (0, "The database is up to date.\n")
    port = free_port()
    worker, server = command("worker", code=ON_DEMAND), command("serve", code=ON_DEMAND, port=port)
    server.get("/healthz")
    time.sleep(3)  # past the worker's first turn
    server.get("/queue")
    begun = time.monotonic()
    while not list((tmp_path / "installation" / "mailbox").glob("*.eml")):
        assert time.monotonic() - begun < 15
        time.sleep(0.05)
    for process in (worker, server):
        process.process.send_signal(signal.SIGTERM)
        assert process.end()[0] == 0


def test_help_names_every_command(command: Start) -> None:
    code, out, err = command("--help").end()
    assert code == 0
    named = re.findall(r"^  ([a-z][a-z-]+) ", out, re.M)
    commands = [
        "backup", "history", "invite-administrator", "keys", "record-past-editions", "reset-second-factor", "restore",
        "run", "serve", "storage", "upgrade", "verify", "vouch", "worker",
    ]  # fmt: skip
    assert named == commands
