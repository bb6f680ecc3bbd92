"""Wake-ups through Redis, with a real Redis that goes down, hangs and forgets (threat C15)."""

import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import flask
import pytest
import time_machine
from databases import cannot
from huey.consumer import Scheduler
from isolation import NOW
from operations.conftest import free_port
from operations.test_jobs import SOON, alone, eventually, queue, sent, waiting  # noqa: F401  a fixture
from redis import Redis

from msme_calls import jobs
from msme_calls.extensions import db
from msme_calls.settings import Settings, SettingsError


class Server:
    """A redis-server that keeps nothing, as a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.port, self.folder = free_port(), folder
        self.start()

    def start(self) -> None:
        more = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(self.folder)]
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), *more], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        eventually(self.answers)

    def answers(self) -> bool:
        with Redis(port=self.port, socket_timeout=1) as client:
            try:
                return client.ping()
            except OSError:
                return False
            except Exception:
                return False

    def stop(self) -> None:
        self.process.send_signal(signal.SIGCONT)
        self.process.kill()
        self.process.wait()

    def forget(self) -> None:
        with Redis(port=self.port) as client:
            client.flushall()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Server]:
    if not shutil.which("redis-server"):
        cannot("redis-server is not installed")
    with time_machine.travel(NOW, tick=True):
        server = Server(tmp_path)
        yield server
        server.stop()


@pytest.fixture
def waking(
    make_app: Callable[..., flask.Flask], redis: Server, letter: Any, alone: Any, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> Iterator[flask.Flask]:  # fmt: skip
    """The application as servers make it, with its wake-ups in Redis; its minute lasts a second."""
    app = make_app(redis_url=redis.url)
    letter(app)
    jobs.init_app(app)
    monkeypatch.setattr(Scheduler, "periodic_task_seconds", 1)
    with app.app_context():
        yield app
        db.session.rollback()
    if "turn" in app.extensions:
        app.extensions["turn"].huey.storage.conn.close()
        app.extensions["turn"].huey.storage.pool.disconnect()


def commit(address: str = "ana@example.org") -> float:
    """Queue a mail as a request would; how long its commit took."""
    queue(address)
    begun = time.perf_counter()
    db.session.commit()
    return time.perf_counter() - begun


def test_a_hundred_commits_ask_for_one_turn_and_all_is_sent(waking: flask.Flask) -> None:
    for n in range(20):
        commit(f"reader{n}@example.org")
    assert waiting(waking) == 1
    with jobs.working(waking):
        eventually(lambda: sent() == 20)
        commit("late@example.org")
        eventually(lambda: sent() == 21, SOON)
    assert not [t for t in threading.enumerate() if t.name.startswith(("worker", "Worker", "Scheduler"))]


@pytest.mark.parametrize("fault", ["down", "hanging"])
def test_without_redis_everybody_works_on(
    waking: flask.Flask, redis: Server, fault: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A commit waits half a second at most, the next not at all; mails go at the minute; later, at once again."""
    with jobs.working(waking):
        commit()
        eventually(lambda: sent() == 1)
        redis.process.send_signal(signal.SIGSTOP if fault == "hanging" else signal.SIGKILL)
        if fault == "down":
            redis.process.wait()
        assert commit("bea@example.org") < 1.2
        assert commit("carl@example.org") < 0.3
        assert waking.extensions["queue_away_until"] > 0
        eventually(lambda: sent() == 3, 15)
        assert "Traceback" not in capsys.readouterr().err  # a line, not a page, and that every minute
        monkeypatch.setattr(Scheduler, "periodic_task_seconds", 3600)
        if fault == "down":
            redis.start()
        redis.process.send_signal(signal.SIGCONT)
        waking.extensions["queue_away_until"] = 0.0
        eventually(redis.answers)
        commit("dora@example.org")
        eventually(lambda: sent() == 4, 15)


def test_a_redis_that_forgets_loses_no_mail(waking: flask.Flask, redis: Server) -> None:
    commit()
    redis.forget()
    assert waiting(waking) == 0
    with jobs.working(waking):
        eventually(lambda: sent() == 1)
        redis.forget()
        commit("bea@example.org")
        eventually(lambda: sent() == 2)


def test_an_address_that_can_not_be_is_told() -> None:
    with pytest.raises(SettingsError, match="MSME_REDIS_URL"):
        Settings(redis_url="127.0.0.1:6379")
