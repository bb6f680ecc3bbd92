"""How a process uses its database: how long it waits, how many connections it takes, and what it must find again."""

import os
import sqlite3
from collections.abc import Sequence
from functools import cache
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
        "connect_args": {
            "connect_timeout": PATIENCE,
            "options": f"{limits} {given}".strip(),
            "cursor_factory": _cursor(),
        },
    }


@cache
def _cursor() -> Any:
    """psycopg's cursor, but for what it says of a result's columns: it looks each of them up after each statement,

    and SQLAlchemy needs that only the first time.
    """
    import psycopg

    class Columns(Sequence[Any]):
        def __init__(self, cursor: Any, many: int) -> None:
            self.cursor, self.many = cursor, many

        def __len__(self) -> int:
            return self.many

        def __getitem__(self, at: Any) -> Any:
            if isinstance(at, slice):
                return [self[i] for i in range(*at.indices(self.many))]
            if not 0 <= at < self.many:
                raise IndexError(at)
            return psycopg.Column(self.cursor, at)

    class Cursor(psycopg.Cursor[Any]):
        @property
        def description(self) -> Any:
            result = self.pgresult
            return Columns(self, result.nfields) if result and result.nfields else super().description

    return Cursor


def refereed(settings: "Settings") -> bool:
    """Whether the database's clock is the one that counts. Whoever moves our own means it."""
    return settings.database.startswith("postgresql") and settings.env != "test" and not settings.now


def init_app(app: Flask) -> None:
    """Watch over the connections of an application."""
    settings: Settings = app.settings  # type: ignore[attr-defined]
    with app.app_context():
        engine = db.engine
    if engine.dialect.name == "sqlite":
        file = _File()
        event.listen(engine, "do_connect", file.refuse_another)
        event.listen(engine, "connect", file.note)
        event.listen(engine, "checkout", file.compare)
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


class _File:
    """SQLite's file, as it was found at first. Whoever goes on when it is taken away (a volume that is gone, or not
    there yet again) writes into nothing, or begins an empty one where people's work will come back to.
    """

    def __init__(self) -> None:
        self.path = ""

    def refuse_another(self, dialect: Any, record: Any, args: Any, values: Any) -> None:
        if self.path and not os.path.exists(self.path):
            raise sqlite3.OperationalError("the database's file is gone")

    def note(self, connection: Any, record: Any) -> None:
        self.path = connection.execute("PRAGMA database_list").fetchone()[2]
        record.info["file"] = _identity(self.path) if self.path else None

    def compare(self, connection: Any, record: Any, proxy: Any) -> None:
        if record.info.get("file") != _identity(self.path):
            raise sa.exc.DisconnectionError("the database is another file now, or gone")


def _identity(path: str) -> tuple[int, int] | None:
    """Device and inode; None for a database in memory, or a file that is gone."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
