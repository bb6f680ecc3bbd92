"""A server that loads the product once and forks: its processes share no connection. Threat C26."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import flask
import pytest
import world
from faults.conftest import Browser, Site, wait_for
from operations.conftest import ROOT, free_port

from msme_calls.extensions import db

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="NOT TESTED: forked processes, without /proc")


def sockets(pid: int) -> set[str]:
    """What a process holds open that is a socket or a database’s file."""
    found = set()
    for handle in Path(f"/proc/{pid}/fd").iterdir():
        try:
            to = os.readlink(handle)
        except FileNotFoundError:
            continue
        if to.startswith("socket:") or "sqlite3" in to:
            found.add(to)
    return found


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def workers(pid: int) -> list[int]:
    """Those that answer; the other one reads files for all of them."""
    return [child for child in children(pid) if b"gunicorn" in Path(f"/proc/{child}/cmdline").read_bytes()]


@pytest.fixture
def gunicorn(site: Site, tmp_path: Path) -> Iterator[tuple[int, int]]:
    """Process and port of two workers under one that has loaded everything."""
    port = free_port()
    own = {f"MSME_{name.upper()}": str(value) for name, value in site.settings.items()}
    command = [sys.executable, "-m", "gunicorn", "--preload", "--workers", "2", "--bind", f"127.0.0.1:{port}",
               "--control-socket", str(tmp_path / "control"), "wsgi:app"]  # fmt: skip
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MSME_")} | own
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    yield process.pid, port
    process.terminate()
    assert process.wait(30) == 0


@pytest.mark.parametrize("database", ["postgresql", pytest.param("sqlite", marks=pytest.mark.slow)], indirect=True)
def test_processes_of_one_server_share_no_connection(
    gunicorn: tuple[int, int], site: Site, app: flask.Flask, database: str
) -> None:
    parent, port = gunicorn
    person = world.person()
    db.session.commit()
    browser = Browser(port, app, person)
    db.session.rollback()
    wait_for(lambda: len(workers(parent)) == 2)

    wait_for(lambda: _listens(port) and browser.send("GET", "/healthz")[0] == 200)
    for child in (0, 1):  # while one of them is stopped the other has to answer
        os.kill(workers(parent)[child], signal.SIGSTOP)
        assert browser.send("GET", "/en/profile")[0] == 200
        os.kill(workers(parent)[child], signal.SIGCONT)
    first, second = workers(parent)
    assert sockets(first) - sockets(parent) and sockets(second) - sockets(parent)
    shared = sockets(first) & sockets(second)
    if database.startswith("sqlite"):  # a file is one name, opened by each for itself
        assert not any("sqlite3" in name for name in sockets(parent))
        shared = {name for name in shared if not name.startswith("/")}
    assert shared <= sockets(parent)  # where they listen, and the line to the parser
    assert len(shared) <= 3


def _listens(port: int) -> bool:
    with socket.socket() as line:
        return line.connect_ex(("127.0.0.1", port)) == 0
