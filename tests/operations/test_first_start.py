"""Servers that start at once on an empty database all start: whatever the first one makes, one of them makes."""

import threading
from collections.abc import Callable

import sqlalchemy as sa
from faults.conftest import wait_for
from reviews.test_at_once import at_once  # noqa: F401  fixture

from msme_calls import clock, freshness, keys
from msme_calls.extensions import db
from msme_calls.freshness import PublicNumber
from msme_calls.keys import SigningKey, Use

AtOnce = Callable[..., list[str]]


def test_first_public_changes_at_once_are_both_counted(at_once: AtOnce, database: str) -> None:  # noqa: F811
    """Threat C17. One has raised the number and not committed yet when the other raises it."""
    db.session.execute(sa.delete(PublicNumber))
    raised, waits = threading.Event(), sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")

    def first() -> None:
        _change()
        freshness._raise(db.session())
        raised.set()
        if database.startswith("postgresql"):  # SQLite has one writer at a time
            wait_for(lambda: db.session.connection().execute(waits).scalar())

    def second() -> None:
        raised.wait(20)
        _change()

    assert at_once(first, second) == ["done"] * 2
    assert freshness.number() == 2


def _change() -> None:
    db.session.info[freshness._CHANGED] = True


def test_they_publish_one_key(at_once: AtOnce) -> None:  # noqa: F811
    """Threat C17."""
    db.session.execute(sa.delete(SigningKey))
    acts = [lambda: keys.ready([Use.RECEIPTS], clock.now())] * 4
    assert at_once(*acts) == ["done"] * 4
    assert [key.kid for key in keys.known()] == [keys.here(Use.RECEIPTS)]
