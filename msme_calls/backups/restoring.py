"""Restoring a backup to a new installation, and proving that it is what was backed up."""

import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import current_app

from msme_calls import health, history
from msme_calls.backups import Unusable, archive
from msme_calls.extensions import db
from msme_calls.storage import Missing, Unreachable, incoming, store

_LIVED_IN = ("people", "calls", "history", "emails", "stored_files")
_AT_ONCE = 500


def restore(path: Path) -> dict[str, Any]:
    """Fill this empty installation from a backup; gives its manifest. Raises Unusable, and then has written no row."""
    with archive.opened(path) as backup:
        backup.check()
        _refuse_lived_in()
        migration = backup.manifest["migration"]
        if migration not in health.migrations():
            raise Unusable("This backup was made by a later version of msme-calls: install that one.")
        health.upgrade(migration)
        if _migration() != migration:
            raise Unusable("The database is of a later version than the backup: restore to a new, empty database.")
        for sha256 in backup.files:
            _keep(backup, sha256)
        _load(backup)
        health.upgrade()
        _prove(backup)
        return backup.manifest


def _migration() -> str | None:
    from alembic.runtime.migration import MigrationContext

    with db.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def _refuse_lived_in() -> None:
    with db.engine.connect() as connection:
        there = set(sa.inspect(connection).get_table_names())
        lived_in = any(
            connection.scalar(sa.select(sa.exists().select_from(sa.table(name)))) for name in _LIVED_IN if name in there
        )
    if lived_in:
        raise Unusable(
            "This installation is not empty. Restore to a new one: another MSME_DATA, and with MSME_DATABASE_URL an "
            "empty database."
        )


def _keep(backup: archive.Reader, sha256: str) -> None:
    """Put a content into the store, if it is what its name says."""
    folder = incoming(current_app.settings)  # type: ignore[attr-defined]
    with tempfile.NamedTemporaryFile(dir=folder, delete=False) as out:
        try:
            digest = hashlib.sha256()
            with backup.open(f"files/{sha256}") as packed:
                while piece := packed.read(archive.CHUNK):
                    digest.update(piece)
                    out.write(piece)
            if digest.hexdigest() != sha256:
                raise Unusable(f"This backup is damaged: the file {sha256} is not what it was.")
            out.flush()
            os.fsync(out.fileno())
            store().keep(out.name, sha256)
        except Unreachable as error:
            raise Unusable(f"Files can’t be kept: {error}.") from error
        finally:
            Path(out.name).unlink(missing_ok=True)


def _load(backup: archive.Reader) -> None:
    """All rows in one transaction, in the order in which tables refer to each other."""
    gone = set(backup.manifest["gone"])
    with db.engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("SET LOCAL statement_timeout = 0"))
        order = _order(connection, backup.manifest["tables"])
        for name in order:
            columns, rows = backup.rows(name)
            table = archive.plain_table(name, columns)
            connection.execute(sa.delete(table))  # what the migrations have put there
            if name == "stored_files":
                rows = (row for row in rows if row["sha256"] not in gone)
            count = sum(_insert(connection, table, some) for some in _in_parts(rows))
            if count != backup.manifest["tables"][name]["rows"] - (len(gone) if name == "stored_files" else 0):
                raise Unusable(f"This backup is damaged: {name} has not as many rows as it had.")


def _order(connection: sa.Connection, wanted: Iterable[str]) -> list[str]:
    found = sa.inspect(connection).get_sorted_table_and_fkc_names()
    order = [name for name, _keys in found if name in set(wanted)]
    if set(order) != set(wanted):
        raise Unusable("This backup has tables that its version of the database does not have.")
    return order


def _in_parts(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    while some := list(islice(rows, _AT_ONCE)):
        yield some


def _insert(connection: sa.Connection, table: sa.TableClause, rows: list[dict[str, Any]]) -> int:
    connection.execute(sa.insert(table), rows)
    return len(rows)


def _prove(backup: archive.Reader) -> None:
    """Compare what is there now with what was backed up: contents, and the chain of the history with its head."""
    lost = set(backup.manifest["lost"])
    with db.engine.connect() as connection:
        kept = connection.scalars(sa.text("SELECT sha256 FROM stored_files")).all()
    for sha256 in kept:
        try:
            if sha256 not in lost:
                store().size(sha256)
        except Missing as error:
            raise Unusable(f"The file {sha256} is not in the store.") from error
    _count, fault = history.verify()
    head = list(history.head())
    db.session.remove()
    if fault is not None or head != backup.manifest["history"]:
        raise Unusable("The history does not hold: run msme-calls history verify, and keep this backup.")
