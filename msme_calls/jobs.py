"""Background work: Huey wakes and schedules the sweeps. What is to be done lies in rows, so no wake-up must arrive."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog
from flask import Flask

from msme_calls import clock, outbox, sweeps
from msme_calls.extensions import db

if TYPE_CHECKING:
    from huey import Huey
    from huey.api import TaskWrapper

    from msme_calls.settings import Settings

log = structlog.get_logger()
PERIOD = timedelta(minutes=1)  # between two turns of the sweeps, whether anybody asked for one or not
_ASKED = "asked"  # kept in Huey's storage while a turn is asked for: a hundred commits ask for one turn


def init_app(app: Flask) -> None:
    """Let commits wake the worker: for servers and the worker. A command or a test leaves its rows to the next turn."""
    app.extensions["wake"] = lambda: wake(app)


def storage(settings: "Settings") -> "Huey":
    """The queue of wake-ups where the settings want it: in a file of its own in the data folder."""
    from huey import SqliteHuey  # slow to import, and needed only once there is something to wake for

    path = settings.data / "wake-ups.sqlite3"
    try:
        return SqliteHuey("msme-calls", filename=str(path), results=False, timeout=2)
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:  # spoilt; what it held is worth nothing
        path.unlink()
        return SqliteHuey("msme-calls", filename=str(path), results=False, timeout=2)


def turn_of(app: Flask) -> "TaskWrapper":
    """Huey's task that runs the sweeps, made with its queue when it is first needed (never before a server forks)."""
    if "turn" not in app.extensions:
        app.extensions.setdefault("turn", _make_turn(app, storage(app.settings)))  # type: ignore[attr-defined]
    return app.extensions["turn"]


def _make_turn(app: Flask, huey: "Huey") -> "TaskWrapper":
    from huey import crontab

    planned: list[datetime] = []  # the instant for which the last turn was put into the schedule

    @huey.task(name="turn")
    def turn() -> None:
        huey.delete(_ASKED)  # whoever commits from here on asks anew
        if run_sweeps(app):
            wake(app)  # what was done may have brought more to do
            return
        with app.app_context():
            at = clock.tick()
            due = outbox.next_due(at)
        if due is not None and due - at < PERIOD and planned != [due]:
            planned[:] = [due]
            turn.schedule(delay=(due - at).total_seconds())

    huey.periodic_task(crontab(), name="every_minute")(turn.func)
    return turn


def wake(app: Flask) -> None:
    """Ask for a turn of the sweeps now. Raises whatever Huey's storage raises."""
    turn = turn_of(app)
    if turn.huey.put_if_empty(_ASKED, True):
        turn()


def run_sweeps(app: Flask) -> int:
    """Run every sweep once, in order; returns how much was done. One that fails doesn't stop the others."""
    return sum(_run(app, name, function) for name, function in sweeps.SWEEPS.items())


def _run(app: Flask, name: str, function: sweeps.Sweep) -> int:
    with app.app_context(), structlog.contextvars.bound_contextvars(sweep=name):
        try:
            done = function(clock.tick())
        except Exception:
            db.session.rollback()
            log.exception("sweep failed")
            return 0
        if done:
            log.info("swept", done=done)
        return done


@contextmanager
def working(app: Flask) -> Iterator[None]:
    """The worker, in threads of this process, as long as the context lasts; then it finishes what it is doing."""
    from huey.consumer import Consumer

    class Embedded(Consumer):
        """Huey's consumer in a process that has signal handlers already."""

        def _set_signal_handlers(self) -> None:
            pass

    patience = app.settings.mail_timeout + 10  # type: ignore[attr-defined]
    consumer = Embedded(turn_of(app).huey, workers=1, max_delay=1.0, shutdown_timeout=patience)
    thread = threading.Thread(target=consumer.run, name="worker", daemon=True)
    thread.start()
    try:
        yield
    finally:
        consumer.stop(graceful=True)
        thread.join(1)
