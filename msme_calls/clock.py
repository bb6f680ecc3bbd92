"""The one clock: an instant for the whole request, in UTC; nothing else reads the time."""

from datetime import UTC, datetime, timedelta

from flask import Flask, current_app, g, has_request_context


def init_app(app: Flask) -> None:
    """Give the application's clock the offset that `MSME_NOW` asks for (development only)."""
    start = app.settings.now  # type: ignore[attr-defined]
    app.extensions["clock_offset"] = datetime.fromisoformat(start) - datetime.now(UTC) if start else timedelta()


def tick() -> datetime:
    """This very moment; what was asked a second ago has passed."""
    return datetime.now(UTC) + current_app.extensions["clock_offset"]


def now() -> datetime:
    """The instant of this request: the same however often it is asked. Outside of a request, this moment."""
    if not has_request_context():
        return tick()
    if "now" not in g:
        g.now = tick()
    return g.now
