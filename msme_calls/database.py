"""How a process uses its database: how long it waits, how many connections it takes, and what it must find again."""

import os
import sqlite3
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from flask import Flask
from sqlalchemy import event

from msme_calls import clock
from msme_calls.extensions import db

if TYPE_CHECKING:
    from msme_calls.settings import Settings

PATIENCE = 3  # seconds to wait for a connection: a page that can't be drawn says so before people give up
FOR_OTHERS = 4  # seconds to wait for a row that somebody else is writing
_File = tuple[int, int]  # device and inode


def options(settings: "Settings") -> dict[str, Any]:
    """How SQLAlchemy makes connections. Errors name no values of rows, so that logs hold none."""
    # A connection that the server has dropped is made anew; asking for the time tells so as well.
    common = {"hide_parameters": True, "pool_pre_ping": not refereed(settings)}
    if not settings.database.startswith("postgresql"):
        return common
    limits = f"-c statement_timeout={settings.database_timeout}s -c lock_timeout={FOR_OTHERS}s"
    given = sa.make_url(settings.database).query.get("options", "")
    return common | {
        "pool_size": settings.database_connections or settings.threads + 2,  # each thread, the worker, its clock
        "max_overflow": 0,
        "pool_timeout": PATIENCE,
        "connect_args": {"connect_timeout": PATIENCE, "options": f"{limits} {given}".strip()},
    }


def refereed(settings: "Settings") -> bool:
    """Whether the database's clock is the one that counts. Whoever moves our own means it."""
    return settings.database.startswith("postgresql") and settings.env != "test" and not settings.now


def init_app(app: Flask) -> None:
    """Watch over the connections of an application."""
    settings: Settings = app.settings  # type: ignore[attr-defined]
    with app.app_context():
        engine = db.engine
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _note_file)
        event.listen(engine, "checkout", _same_file)
    elif refereed(settings):
        referee = app.extensions["referee"] = clock.Referee(_look)
        event.listen(engine, "checkout", _asking(referee))


def _look() -> None:
    """Have a connection handed out, if this request has none yet: that asks the database's clock."""
    try:
        db.session.connection()
    except sa.exc.SQLAlchemyError:  # whoever needs the database finds that out for herself
        db.session.rollback()


def _asking(referee: clock.Referee) -> Any:
    def ask(connection: Any, record: Any, proxy: Any) -> None:
        before = clock.own()
        try:
            connection.autocommit = True  # or the question would begin a transaction
            said = connection.execute("SELECT clock_timestamp()").fetchone()[0]
            connection.autocommit = False
        except Exception as error:
            raise sa.exc.DisconnectionError from error
        referee.hear(said, before)

    return ask


def _note_file(connection: Any, record: Any) -> None:
    path = connection.execute("PRAGMA database_list").fetchone()[2]
    record.info["file"] = (path, _identity(path)) if path else None


def _same_file(connection: Any, record: Any, proxy: Any) -> None:
    """Whoever goes on writing to a file that was taken away (a volume that is gone) writes into nothing."""
    if record.info.get("file") is None:
        return
    path, noted = record.info["file"]
    try:
        found = _identity(path)
    except OSError as error:
        raise sa.exc.OperationalError("the database's file", None, sqlite3.OperationalError("is gone")) from error
    if found != noted:
        raise sa.exc.DisconnectionError("the database is another file now")


def _identity(path: str) -> _File:
    found = os.stat(path)
    return found.st_dev, found.st_ino
