"""A web server that is restarted behind the socket that systemd keeps for it, as deploy/systemd has it."""

import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from operations.fleet import Fleet, fleet, until  # noqa: F401  a fixture

pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.skipif(sys.platform != "linux", reason="NOT TESTED: sockets as systemd hands them over"),
]
# What systemd does before a service begins: the socket is number 3, and the environment says so to this very process.
HANDED = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execv(sys.executable, [sys.executable, "-m", "gunicorn", *sys.argv[2:]])
"""


def serve(made: Fleet, name: str, listening: socket.socket) -> subprocess.Popen[bytes]:
    program = [sys.executable, "-c", HANDED, str(listening.fileno())]
    given = ["-c", "deploy/gunicorn.conf.py", "--workers", "2", "wsgi:app"]
    return made.start(name, program + given, pass_fds=(listening.fileno(),))


def ask(port: int) -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=60) as answer:
        return answer.status


def test_who_asks_while_the_server_is_restarted_is_answered_by_the_new_one(fleet: Callable[..., Fleet]) -> None:  # noqa: F811
    made = fleet()
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listening, ThreadPoolExecutor(8) as people:
        port = listening.getsockname()[1]
        former = serve(made, "former", listening)
        made.serves("former", port)
        former.send_signal(signal.SIGTERM)
        assert former.wait(30) == 0
        waiting: list[Future[int]] = [people.submit(ask, port) for _ in range(8)]
        assert not any(each.done() for each in waiting)
        serve(made, "next", listening)
        assert [each.result() for each in waiting] == [200] * 8


def test_workers_share_what_was_loaded_before_they_were_forked(fleet: Callable[..., Fleet]) -> None:  # noqa: F811
    """They share memory (and no connection), so that three cost little more than one."""
    made = fleet()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        parent = serve(made, "web", listening)
        made.serves("web", listening.getsockname()[1])
        children = until(lambda: _workers(parent.pid), "no workers")
        own = [_memory(child, "Private_Dirty") / _memory(child, "Rss") for child in children]
        assert min(own) < 0.25, own  # the one that nobody has asked yet


def _workers(pid: int) -> list[int]:
    found = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    ours = [child for child in found if b"gunicorn" in _command(child)]
    return ours if len(ours) == 2 else []


def _command(pid: int) -> bytes:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def _memory(pid: int, name: str) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))
