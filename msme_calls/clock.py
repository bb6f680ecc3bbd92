"""The one clock: an instant for the whole request, in UTC; nothing else reads the time.

With PostgreSQL it is the database's clock: machines that serve one installation differ, and an instant that all wait
for has to come for all of them at once, never early. Between two answers our own steady counter goes on from the last.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from flask import Flask, current_app, g, has_request_context, request

RECEIVED = "msme_calls.received"  # in a request's environment: when it had come wholly, by time.monotonic()
FRESH = 1.0  # seconds for which an answer of the database's clock is counted on from
TOLERABLE = timedelta(seconds=1)  # by how much this machine's clock may differ from the database's


class Referee:
    """The database's clock. `look` makes it be asked, if that can be done now."""

    def __init__(self, look: Callable[[], object]) -> None:
        self._look = look
        self._said: tuple[datetime, float] | None = None
        self.skew = timedelta()

    def hear(self, said: datetime, before: datetime) -> None:
        """Note an answer, and by how much our own clock differs at least (`before`: its time at the question)."""
        after = own()
        self._said = (said.astimezone(UTC), time.monotonic())  # heard later than said: never ahead of the database
        self.skew = max(said - after, before - said, timedelta())

    def now(self) -> datetime:
        """The time at the database when this was asked, however long the answer took; our own if never reached."""
        asked = time.monotonic()
        if self._said is None or time.monotonic() - self._said[1] > FRESH:
            self._look()
        if self._said is None:
            return own()
        said, then = self._said
        return said + timedelta(seconds=asked - then)


def init_app(app: Flask) -> None:
    """Give the application's clock the offset that `MSME_NOW` asks for (development only)."""
    start = app.settings.now  # type: ignore[attr-defined]
    app.extensions["clock_offset"] = datetime.fromisoformat(start) - own() if start else timedelta()


def own() -> datetime:
    """What this machine's clock says."""
    return datetime.now(UTC)


def tick() -> datetime:
    """This very moment; what was asked a second ago has passed."""
    referee: Referee | None = current_app.extensions.get("referee")
    return referee.now() if referee else own() + current_app.extensions["clock_offset"]


def now() -> datetime:
    """The instant at which this request was received: the same however often it is asked, and however long it waited.

    Outside of a request, this moment.
    """
    if not has_request_context():
        return tick()
    if "now" not in g:
        asked = time.monotonic()
        g.now = tick() - timedelta(seconds=asked - request.environ.get(RECEIVED, asked))
    return g.now


def agrees() -> bool:
    """Whether this machine's clock is right enough (for the readiness page)."""
    referee: Referee | None = current_app.extensions.get("referee")
    return referee is None or referee.skew <= TOLERABLE
