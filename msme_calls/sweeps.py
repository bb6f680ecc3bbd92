"""What the clock brings: sweeps that look for rows whose time has come. A lost wake-up loses nothing."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps

import structlog
from flask import current_app
from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction

from msme_calls.extensions import db

log = structlog.get_logger()
Sweep = Callable[[datetime], int]
SWEEPS: dict[str, Sweep] = {}  # by name, in the order of registration


def sweep(function: Sweep) -> Sweep:
    """Register a sweep: it takes the instant, commits what it does, and returns how much it did."""
    SWEEPS[function.__name__] = function
    return function


def hourly(function: Sweep) -> Sweep:
    """A sweep that looks through much and hurries with nothing: each worker does it once an hour."""

    @wraps(function)
    def once(at: datetime) -> int:
        last = current_app.extensions.setdefault("hourly", {})
        if function.__name__ in last and timedelta() <= at - last[function.__name__] < timedelta(hours=1):
            return 0
        last[function.__name__] = at
        return function(at)

    return once


def soon() -> None:
    """Have the sweeps run as soon as this transaction is committed, not only at their next turn."""
    db.session.info["soon"] = True


@event.listens_for(Session, "after_commit")
def _wake(session: Session) -> None:
    if session.in_nested_transaction() or not session.info.pop("soon", False):
        return
    wake = current_app.extensions.get("wake")  # there where `jobs.init_app` was called
    try:
        if wake:
            wake()
    except Exception as error:  # what was asked for is saved, and the next sweep finds it
        log.warning("worker not woken", error=type(error).__name__)


@event.listens_for(Session, "after_soft_rollback")
def _forget(session: Session, previous: SessionTransaction) -> None:
    if not previous.nested:
        session.info.pop("soon", None)
