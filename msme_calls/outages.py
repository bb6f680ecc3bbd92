"""What fails for a while (database, disk, storage): acts that only collided are done anew, others are told and kept."""

import errno
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from typing import Any, TypeVar

import structlog
from flask import Flask, render_template, request
from flask_babel import gettext as _
from sqlalchemy import exc

from msme_calls import errors, reading
from msme_calls.extensions import db
from msme_calls.storage import Missing, Unreachable

log = structlog.get_logger()
Answer = TypeVar("Answer")
COLLIDED = ("40001", "40P01")  # PostgreSQL: could not serialize, deadlock; the other of the two went on
AWAY = ("25006", "53", "57", "58")  # PostgreSQL: a copy that only reads, no room, being stopped, disk
TRIES = 3  # of an act that collides
# What a disk says that is full, read-only, broken or gone, and a process that has too many files open.
DISK = {getattr(errno, name) for name in ("ENOSPC", "EDQUOT", "EFBIG", "EROFS", "EIO", "EACCES", "EPERM", "ENOENT",
                                          "ENODEV", "ESTALE", "EMFILE", "ENFILE")}  # fmt: skip


def persist(act: Callable[[], Answer]) -> Answer:
    """Do a whole request's work; if it only collided with another's, undo it and do it anew, a few times."""
    for _again in range(TRIES - 1):
        try:
            return act()
        except exc.OperationalError as error:
            if _state(error) not in COLLIDED:
                raise
            db.session.rollback()
            for _name, sent in request.files.items(multi=True):
                sent.stream.seek(0)
            log.info("done anew", state=_state(error))
    return act()


def _state(error: BaseException) -> str:
    return getattr(getattr(error, "orig", None), "sqlstate", None) or ""


def _database(error: exc.SQLAlchemyError) -> Any:
    """Out of reach, out of connections or of time; anything else is an error of ours."""
    timely = isinstance(error, exc.OperationalError | exc.TimeoutError | exc.InterfaceError)
    lost = isinstance(error, exc.DBAPIError) and error.connection_invalidated
    if not (timely or lost or _state(error).startswith(AWAY)):
        return errors.crash(error)
    orig = getattr(error, "orig", None)
    log.error("database unavailable", error=type(orig or error).__name__, state=_state(error) or _sqlite(orig))
    return unavailable()


def _sqlite(error: BaseException | None) -> str:
    return getattr(error, "sqlite_errorname", "") or ""


def _disk(error: OSError) -> Any:
    if error.errno not in DISK:
        return errors.crash(error)
    log.error("disk unavailable", error=errno.errorcode[error.errno or 0])
    return unavailable()


def _storage(error: Unreachable | Missing) -> Any:
    log.error("storage unavailable", error=type(error).__name__, reason=str(error))
    if request.method in ("GET", "HEAD"):
        return unavailable(
            _("Files can’t be read at the moment. Load the page again in a few minutes; nothing is lost."), 60
        )
    return unavailable(wait=60)


def _busy(error: Exception) -> Any:
    return unavailable(_("Too many documents are being made at the moment. Load the page again in a minute."), 60)


def unavailable(sentence: str = "", wait: int = 5) -> tuple[str, int, dict[str, str]]:
    """The page for a fault that passes; what was typed into a form is on it, to be sent again."""
    db.session.rollback()
    sending = request.method not in ("GET", "HEAD")
    fields = _typed() if sending else None
    if not sentence and fields is not None:
        sentence = _("This could not be saved now. Nothing you typed is lost: wait a moment, then send it again.")
    elif not sentence and sending:
        sentence = _("This could not be saved now. Wait a moment, go back, and send it again.")
    page = render_template(
        "errors/unavailable.html",
        sentence=sentence,
        again=fields is not None,
        fields=fields or [],
        action=errors.here(),
    )
    return page, HTTPStatus.SERVICE_UNAVAILABLE, {"Retry-After": str(wait)}


def _typed() -> errors.Fields | None:
    """What was typed, also into a form whose file found no room; None if it can't be told any more."""
    if "form" in request.__dict__ or "stream" not in request.__dict__:  # it was read, or nobody has tried yet
        with suppress(OSError):
            return errors.typed()
    stream = request.environ["wsgi.input"]
    try:
        stream.seek(0)
        return errors.salvage(stream, request.content_type or "") or None
    except (AttributeError, OSError):  # a server that doesn't keep what came
        return None


def init_app(app: Flask) -> None:
    """Say in a sentence what passes."""
    app.register_error_handler(exc.SQLAlchemyError, _database)
    app.register_error_handler(OSError, _disk)
    app.register_error_handler(Unreachable, _storage)
    app.register_error_handler(Missing, _storage)
    app.register_error_handler(reading.Busy, _busy)
