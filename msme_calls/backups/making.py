"""Making a backup while the installation is in use: the rows of one instant, and every content that they name."""

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from alembic.runtime.migration import MigrationContext

from msme_calls import history
from msme_calls.backups import Unusable, archive
from msme_calls.extensions import Base, db, writing
from msme_calls.storage import Missing, store, sync
from msme_calls.uploads import StoredFile

VERSION = "0.1.0"
_NAME = re.compile(r"msme-calls-(\d{8}T\d{6}Z)\.tar")
_STAMP = "%Y%m%dT%H%M%SZ"


@dataclass
class Made:
    """What a backup holds; `lost`: contents that rows name and the store does not have as they were."""

    path: Path
    rows: int = 0
    files: int = 0
    head: tuple[int, str] = (0, history.GENESIS)
    lost: list[str] = field(default_factory=list)


def back_up(target: Path, at: datetime) -> Made:
    """Write a backup into a folder (under a name with its instant), or as that very file.

    It is there whole or not at all: written beside, synced, renamed.
    """
    path = target / f"msme-calls-{at.astimezone(UTC):{_STAMP}}.tar" if target.is_dir() else target
    if path.exists():
        raise Unusable(f"There is a file {path} already: choose another name.")
    made, part = Made(path), path.with_name(f".{path.name}.part")
    try:
        with open(part, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as out:
            _write(archive.Writer(out, at), made, at)
            out.flush()
            os.fsync(out.fileno())
        os.replace(part, path)
        sync(path.parent)
    except OSError as error:
        raise Unusable(f"The backup can’t be written to {path}: {error.strerror}.") from error
    finally:
        part.unlink(missing_ok=True)
    return made


def _write(out: archive.Writer, made: Made, at: datetime) -> None:
    tables = {}
    with _snapshot() as connection:
        migration = MigrationContext.configure(connection).get_current_revision()
        for table in Base.metadata.sorted_tables:
            columns = [(c.name, archive.kind_of(c)) for c in table.columns]
            tables[table.name] = _add_table(out, connection, table, columns)
        last = sa.select(history.History.seq, history.History.hash).order_by(history.History.seq.desc()).limit(1)
        found = connection.execute(last).first()
        made.head = (found.seq, found.hash) if found else made.head
        named = list(connection.scalars(sa.select(StoredFile.sha256).order_by(StoredFile.sha256)))
        dialect = connection.dialect.name
    gone: list[str] = []
    for sha256 in named:  # after the snapshot: what its rows name was kept before they were written
        _add_file(out, sha256, made, gone)
    made.rows = sum(int(about["rows"]) for about in tables.values())
    out.close({
        "version": VERSION, "made_at": at.astimezone(UTC).isoformat(), "database": dialect, "migration": migration,
        "tables": tables, "files": made.files, "gone": gone, "lost": made.lost, "history": list(made.head),
    })  # fmt: skip


@contextmanager
def _snapshot() -> Iterator[sa.Connection]:
    """A connection that sees the database of one instant, however long it reads and whoever writes meanwhile."""
    db.session.remove()
    mode = writing.set(False)
    try:
        with db.engine.connect() as connection:
            if connection.dialect.name == "postgresql":
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
                connection.execute(sa.text("SET TRANSACTION READ ONLY"))
                connection.execute(sa.text("SET LOCAL statement_timeout = 0"))
            yield connection
            connection.rollback()
    finally:
        writing.reset(mode)


def _add_table(
    out: archive.Writer, connection: sa.Connection, table: sa.Table, columns: list[tuple[str, str]]
) -> dict[str, int | str]:
    plain = archive.plain_table(table.name, columns)
    rows = sa.select(*plain.columns).order_by(*(plain.c[key.name] for key in table.primary_key.columns))
    with tempfile.TemporaryFile() as file:
        found = connection.execution_options(stream_results=True, yield_per=500).execute(rows)
        count, digest = archive.write_table(file, columns, found)
        out.add(f"tables/{table.name}.jsonl.gz", file)
    return {"rows": count, "sha256": digest}


def _add_file(out: archive.Writer, sha256: str, made: Made, gone: list[str]) -> None:
    try:
        with store().open(sha256) as kept:
            out.add(f"files/{sha256}", kept)
            made.files += 1
    except Missing:
        there = db.session.scalar(sa.select(sa.exists().where(StoredFile.sha256 == sha256)))
        db.session.rollback()
        (made.lost if there else gone).append(sha256)  # gone: nothing named it, and a clean-up came since


def forget_old(folder: Path, at: datetime, keep: int | None, keep_days: int | None) -> list[Path]:
    """Delete old backups of a folder: all but the `keep` newest and those of the last `keep_days` days."""
    if keep is None and keep_days is None:
        return []
    found = sorted((p for p in folder.iterdir() if _NAME.fullmatch(p.name)), reverse=True)
    spared = set(found[: max(keep or 0, 1)])  # the newest is never deleted
    if keep_days is not None:
        oldest = f"{at.astimezone(UTC) - timedelta(days=keep_days):{_STAMP}}"
        spared |= {p for p in found if _NAME.fullmatch(p.name)[1] >= oldest}  # type: ignore[index]
    old = [p for p in found if p not in spared]
    for path in old:
        path.unlink()
    return old
