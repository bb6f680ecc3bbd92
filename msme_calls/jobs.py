"""Background work: Huey wakes and schedules the sweeps. What is to be done lies in rows, so no wake-up must arrive."""

import logging
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog
from flask import Flask
from sqlalchemy.exc import OperationalError

from msme_calls import clock, outbox, pulse, sweeps
from msme_calls.extensions import db

if TYPE_CHECKING:
    from huey import Huey
    from huey.api import TaskWrapper

    from msme_calls.settings import Settings

log = structlog.get_logger()
PERIOD = timedelta(minutes=1)  # between two turns of the sweeps, whether anybody asked for one or not
REDIS_TIMEOUT = 0.4  # seconds
AWAY = 5.0  # seconds in which a queue that failed isn’t asked again by whoever commits
_ASKED = "asked"  # kept in Huey's storage while a turn is asked for: a hundred commits ask for one turn


def init_app(app: Flask) -> None:
    """Let commits wake the worker: for servers and the worker. A command or a test leaves its rows to the next turn."""
    app.extensions["wake"] = lambda: wake(app)


def storage(settings: "Settings") -> "Huey":
    """The queue of wake-ups where the settings want it: in Redis, or in a file of its own in the data folder."""
    if settings.redis_url:
        return _in_redis(settings.redis_url)
    from huey import SqliteHuey  # slow to import, and needed only once there is something to wake for

    path = settings.data / "wake-ups.sqlite3"
    try:
        return SqliteHuey("msme-calls", filename=str(path), results=False, timeout=2)
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:  # spoilt; what it held is worth nothing
        path.unlink()
        return SqliteHuey("msme-calls", filename=str(path), results=False, timeout=2)


def _in_redis(url: str) -> "Huey":
    """A queue for several machines. A Redis that is down or silent costs whoever asks half a second, once."""
    from huey import RedisHuey  # the extra `scale`
    from redis import ConnectionPool
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    bounds = {"socket_timeout": REDIS_TIMEOUT, "socket_connect_timeout": REDIS_TIMEOUT, "retry": Retry(NoBackoff(), 0)}
    # Not blocking: a wait that the time-out cut short could take a wake-up with it.
    pool = ConnectionPool.from_url(url, **bounds)
    return RedisHuey("msme-calls", results=False, blocking=False, connection_pool=pool)


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
        with _even_without("asked"):
            huey.delete(_ASKED)  # whoever commits from here on asks anew
        done = run_sweeps(app)
        with _even_without("next"), app.app_context():
            if done:
                wake(app)  # what was done may have brought more to do
                return
            at = clock.tick()
            due = outbox.next_due(at)
            if due is not None and due - at < PERIOD and planned != [due]:
                turn.schedule(delay=(due - at).total_seconds())
                planned[:] = [due]

    huey.periodic_task(crontab(), name="every_minute")(turn.func)
    return turn


@contextmanager
def _even_without(step: str) -> Iterator[None]:
    """A queue that goes away in the middle of a turn keeps nothing from being done: the next minute has its turn."""
    try:
        yield
    except Exception as error:
        log.warning("queue away", step=step, error=type(error).__name__)


def wake(app: Flask) -> None:
    """Ask for a turn of the sweeps now. Raises whatever Huey's storage raises; for a while after that, asks nobody."""
    if time.monotonic() < app.extensions.get("queue_away_until", 0.0):
        return
    try:
        turn = turn_of(app)
        if turn.huey.put_if_empty(_ASKED, True):
            turn()
    except Exception:
        app.extensions["queue_away_until"] = time.monotonic() + AWAY
        raise


def run_sweeps(app: Flask) -> int:
    """Run every sweep once, in order; returns how much was done. One that fails doesn't stop the others."""
    done = sum(_run(app, name, function) for name, function in sweeps.SWEEPS.items())
    _run(app, "turn", _note_turn)
    return done


def _note_turn(at: datetime) -> int:
    pulse.note("turn", at)
    db.session.commit()
    return 0


def _run(app: Flask, name: str, function: sweeps.Sweep) -> int:
    with app.app_context(), structlog.contextvars.bound_contextvars(sweep=name):
        try:
            done = function(clock.tick())
        except (OperationalError, OSError) as error:  # database or disk are away: the next turn finds all of it
            db.session.rollback()
            log.error("sweep put off", error=type(getattr(error, "orig", None) or error).__name__)
            return 0
        except Exception:
            db.session.rollback()
            log.exception("sweep failed")
            return 0
        if done:
            log.info("swept", done=done)
        return done


class _Brief(logging.Filter):
    """Of a queue that is away, Huey would log a page every second: a line a minute tells as much."""

    told = -60.0

    def filter(self, record: logging.LogRecord) -> bool:
        if not str(record.msg).startswith(("Error ", "Unhandled error")) or not record.exc_info:
            return True
        error, record.exc_info = record.exc_info[0], None
        record.msg, record.args = f"queue away: {error.__name__ if error else ''}", ()
        due = time.monotonic() - self.told >= 60
        self.told = time.monotonic() if due else self.told
        return due


_BRIEF = _Brief()


@contextmanager
def working(app: Flask) -> Iterator[None]:
    """The worker, in threads of this process, as long as the context lasts; then it finishes what it is doing."""
    from huey.consumer import Consumer, Scheduler

    class Patient(Scheduler):
        """Huey's scheduler, which does the turn of the minute itself when the queue can't be told of it."""

        def enqueue_periodic_tasks(self, now: datetime | None) -> None:
            try:
                for task in self.huey.read_periodic(now):
                    self.huey.enqueue(task)
            except Exception as error:
                log.warning("queue away", error=type(error).__name__)
                run_sweeps(app)

    class Embedded(Consumer):
        """Huey's consumer in a process that has signal handlers already."""

        scheduler_class = Patient

        def _set_signal_handlers(self) -> None:
            pass

    for part in ("Worker", "Scheduler"):
        logging.getLogger(f"huey.consumer.{part}").addFilter(_BRIEF)  # once, however often it is added
    patience = app.settings.mail_timeout + 10  # type: ignore[attr-defined]
    consumer = Embedded(turn_of(app).huey, workers=1, max_delay=1.0, shutdown_timeout=patience)
    thread = threading.Thread(target=consumer.run, name="worker", daemon=True)
    thread.start()
    try:
        yield
    finally:
        consumer.stop(graceful=True)
        thread.join(1)
