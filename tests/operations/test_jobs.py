"""Sweeps run in order and by themselves; whoever queues a mail wakes them, and no wake-up has to arrive."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import flask
import pytest
import sqlalchemy as sa
import time_machine
from isolation import NOW
from operations.conftest import Reader

from msme_calls import jobs, outbox, sweeps
from msme_calls.extensions import db
from msme_calls.outbox import Email


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Only the outbox's sweep, and those that a test adds."""
    ours = {"deliver": outbox.deliver}
    monkeypatch.setattr(sweeps, "SWEEPS", ours)
    return ours


@pytest.fixture
def posting(app: flask.Flask, letter: Callable[[flask.Flask], None], alone: dict[str, Any]) -> flask.Flask:
    letter(app)
    return app


@pytest.fixture
def waking(posting: flask.Flask) -> Iterator[flask.Flask]:
    """The application as servers make it: commits wake the worker."""
    jobs.init_app(posting)
    yield posting
    if "turn" in posting.extensions:
        posting.extensions["turn"].huey.storage.close()


def queue(address: str = "ana@example.org", **more: Any) -> None:
    outbox.queue("letter", to=Reader(address), at=datetime.now(UTC), **more)


def sent() -> int:
    db.session.rollback()
    count = db.session.scalar(sa.select(sa.func.count()).where(Email.sent_at.is_not(None))) or 0
    db.session.rollback()  # or SQLite would let nobody else write
    return count


SOON = 20  # seconds: a busy machine needs some


def eventually(true: Callable[[], object], seconds: float = 10) -> float:
    begun = time.perf_counter()
    while not true():
        assert time.perf_counter() - begun < seconds
        time.sleep(0.05)
    return time.perf_counter() - begun


def waiting(app: flask.Flask) -> int:
    """How many turns are asked for."""
    return len(jobs.turn_of(app).huey)


def test_sweeps_run_in_order_each_in_its_own_context(app: flask.Flask, alone: dict[str, Any]) -> None:
    seen: list[tuple[str, datetime, int]] = []
    alone.clear()
    for name in ("first", "second", "third"):
        alone[name] = lambda at, name=name: seen.append((name, at, id(flask.g._get_current_object()))) or 2
    assert jobs.run_sweeps(app) == 6
    assert [(name, at) for name, at, _ in seen] == [(name, NOW) for name in ("first", "second", "third")]
    assert len({context for _, _, context in seen} | {id(flask.g._get_current_object())}) >= 2


def test_a_sweep_that_fails_is_logged_and_stops_no_other(
    posting: flask.Flask, alone: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(at: datetime) -> int:
        queue("half-done@example.org")
        raise RuntimeError("no good")

    alone.clear()
    alone.update(broken=broken, deliver=outbox.deliver)
    queue()
    db.session.commit()
    assert jobs.run_sweeps(posting) == 1
    assert list(db.session.scalars(sa.select(Email.address))) == ["ana@example.org"]
    assert '"sweep": "broken"' in capsys.readouterr().err


def test_without_huey_the_next_sweep_finds_all(posting: flask.Flask) -> None:
    for n in range(3):
        queue(f"reader{n}@example.org")
    db.session.commit()
    db.session.remove()
    assert "turn" not in posting.extensions
    jobs.run_sweeps(posting)
    assert sent() == 3


def test_a_commit_that_queued_a_mail_asks_for_one_turn(waking: flask.Flask) -> None:
    db.session.commit()
    assert waiting(waking) == 0
    for _ in range(5):
        queue()
        db.session.commit()
    assert waiting(waking) == 1


def test_what_is_rolled_back_wakes_nobody(waking: flask.Flask) -> None:
    queue()
    db.session.rollback()
    db.session.commit()
    assert waiting(waking) == 0


def test_a_savepoint_is_no_commit(waking: flask.Flask) -> None:
    with db.session.begin_nested():
        queue()
    assert waiting(waking) == 0
    db.session.commit()
    assert waiting(waking) == 1


@pytest.mark.parametrize("fault", ["folder", "storage"])
def test_a_queue_out_of_order_disturbs_no_request(
    waking: flask.Flask, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], fault: str
) -> None:
    def fail(settings: Any) -> Any:
        raise OSError("disk full")

    if fault == "folder":
        monkeypatch.setattr(jobs, "storage", fail)
    else:
        jobs.turn_of(waking)
        (waking.settings.data / "wake-ups.sqlite3").write_bytes(b"no database at all" * 99)  # type: ignore[attr-defined]
    queue()
    db.session.commit()
    assert "worker not woken" in capsys.readouterr().err
    jobs.run_sweeps(waking)
    assert sent() == 1


def test_a_spoilt_queue_is_made_anew(posting: flask.Flask) -> None:
    (posting.settings.data / "wake-ups.sqlite3").write_bytes(b"no database at all" * 99)  # type: ignore[attr-defined]
    jobs.wake(posting)
    assert waiting(posting) == 1
    jobs.turn_of(posting).huey.storage.close()


def test_the_worker_sends_within_seconds(waking: flask.Flask) -> None:
    db.session.commit()
    with jobs.working(waking):
        time.sleep(0.5)
        for n in range(45):  # more than one turn sends
            queue(f"reader{n}@example.org")
        db.session.commit()
        eventually(lambda: sent() == 45, SOON)
        queue("late@example.org")
        db.session.commit()
        eventually(lambda: sent() == 46, SOON)
    assert [t.name for t in threading.enumerate() if t.name.startswith(("worker", "Worker", "Scheduler"))] == []


def test_the_worker_finds_what_was_queued_before_it_started(posting: flask.Flask) -> None:
    queue()
    db.session.commit()
    with jobs.working(posting):
        eventually(lambda: sent() == 1)
    posting.extensions["turn"].huey.storage.close()


def test_a_result_is_mailed_at_its_instant(waking: flask.Flask) -> None:
    with time_machine.travel(NOW, tick=True):
        instant = datetime.now(UTC) + timedelta(seconds=3)
        queue("winner@example.org", due=instant)
        db.session.commit()
        with jobs.working(waking):
            while datetime.now(UTC) < instant:
                assert sent() == 0 or datetime.now(UTC) >= instant
                time.sleep(0.05)
            eventually(lambda: sent() == 1, 4)


def test_the_end_waits_for_the_mail_that_is_being_sent(waking: flask.Flask, alone: dict[str, Any]) -> None:
    begun, done = threading.Event(), []

    def slow(at: datetime) -> int:
        begun.set()
        time.sleep(1)
        done.append(at)
        return 0

    alone.clear()
    alone["slow"] = slow
    with jobs.working(waking):
        assert begun.wait(5)
    assert done == [NOW]
