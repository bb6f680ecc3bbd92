"""Taking stock: whether every content that rows name is there as it was, and what lies there that no row names."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import structlog
from flask import current_app
from sqlalchemy.exc import IntegrityError

from msme_calls.extensions import Base, db, insert_into
from msme_calls.storage import Damaged, Missing, Unreachable, incoming, store
from msme_calls.sweeps import hourly, sweep
from msme_calls.uploads import StoredFile

log = structlog.get_logger()
YOUNG = timedelta(hours=24)  # what is younger may be on its way to a row
_SOME = 500


@dataclass
class Stock:
    """What was found: hashes of contents, and names of leftovers of uploads that never ended."""

    good: int = 0
    damaged: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unnamed: list[str] = field(default_factory=list)
    leftovers: list[Path] = field(default_factory=list)


def take(at: datetime) -> Stock:
    """Read every content that a row names and compare it with its hash; list what no row names. Changes nothing."""
    found = Stock()
    for sha256 in db.session.scalars(sa.select(StoredFile.sha256).order_by(StoredFile.sha256)).all():
        try:
            store().open(sha256).close()
            found.good += 1
        except Damaged:
            found.damaged.append(sha256)
        except Missing:
            found.missing.append(sha256)
    found.unnamed = unnamed(at)
    found.leftovers = leftovers(at)
    db.session.rollback()
    return found


def unnamed(at: datetime) -> list[str]:
    """Contents older than a day that no row names."""
    old = [sha256 for sha256, _size, kept_at in store().listing() if kept_at < at - YOUNG]
    there: set[str] = set()
    for n in range(0, len(old), _SOME):
        some = sa.select(StoredFile.sha256).where(StoredFile.sha256.in_(old[n : n + _SOME]))
        there.update(db.session.scalars(some))
    return sorted(set(old) - there)


def leftovers(at: datetime) -> list[Path]:
    """Temporary files older than a day: their uploads were cut off with their process."""
    found = []
    for path in incoming(current_app.settings).iterdir():  # type: ignore[attr-defined]
        if path.is_file() and path.stat().st_mtime < (at - YOUNG).timestamp():
            found.append(path)
    return sorted(found)


def unused(at: datetime) -> list[str]:
    """Contents whose rows nothing refers to since a day: those of files that were removed, or never attached."""
    referring = [sa.exists().where(column == StoredFile.sha256) for column in _references()]
    return list(
        db.session.scalars(sa.select(StoredFile.sha256).where(StoredFile.stored_at < at - YOUNG, ~sa.or_(*referring)))
    )


def _references() -> list[sa.Column[Any]]:
    """Every column that refers to a kept content, whichever feature it belongs to."""
    wanted = StoredFile.__table__.c.sha256
    return [
        c for t in Base.metadata.tables.values() for c in t.columns if any(f.column is wanted for f in c.foreign_keys)
    ]


def clean(found: Stock, at: datetime) -> int:
    """Take away what was found that nothing names; returns how much. What is damaged stays for whoever can mend it."""
    done = 0
    for path in found.leftovers:
        path.unlink(missing_ok=True)
        done += 1
    for sha256 in found.unnamed:
        done += forget(sha256, at)
    return done


def forget(sha256: str, at: datetime) -> bool:
    """Delete a content and its row, unless something refers to it now.

    The row is held (made, if there is none) while the bytes go, so that whoever sends the same content at this moment
    waits, and then finds that it is gone (`uploads.remember`).
    """
    values = {"sha256": sha256, "size": 0, "kind": "", "stored_at": at, "scan_attempts": 0}
    new = insert_into(StoredFile).values(values).on_conflict_do_nothing(index_elements=["sha256"])
    try:
        db.session.execute(new)
        db.session.execute(sa.select(StoredFile.sha256).where(StoredFile.sha256 == sha256).with_for_update())
        if any(db.session.scalar(sa.select(sa.exists().where(c == sha256))) for c in _references()):
            db.session.rollback()
            return False
        db.session.execute(sa.delete(StoredFile).where(StoredFile.sha256 == sha256))
        store().delete(sha256)
        db.session.commit()
    except (IntegrityError, Unreachable) as error:  # it is referred to since, or the store is away: another time
        db.session.rollback()
        log.warning("content not forgotten", sha256=sha256, reason=type(error).__name__)
        return False
    return True


@sweep
@hourly
def tidy_storage(at: datetime) -> int:
    """Forget files that were removed or never attached, and what cut-off uploads left."""
    done = sum(forget(sha256, at) for sha256 in unused(at))
    db.session.rollback()
    return done + clean(Stock(leftovers=leftovers(at)), at)
