"""The history: who did what to what, when and why, as a chain in which no row can be changed unnoticed.

Each row's hash covers its predecessor's hash, its number and the hash of what it says (SHA-256). Rows are
appended as the last statements before a commit, under one lock, so that numbers have no gap and no fork.
"""

import hashlib
import json
import secrets
import unicodedata
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import Mapped, Session, mapped_column

from msme_calls.extensions import Base, db

GENESIS = "0" * 64
LOCK = 0x4D534D45  # "MSME": the advisory lock on PostgreSQL; SQLite's writers queue at BEGIN IMMEDIATE


class History(Base):
    """One act. `payload` may be erased later; its salted hash stays, so the chain still verifies."""

    __tablename__ = "history"
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    prev: Mapped[str] = mapped_column(unique=True)
    hash: Mapped[str]
    payload_hash: Mapped[str]
    salt: Mapped[str]
    payload: Mapped[str | None]
    at: Mapped[datetime]
    verb: Mapped[str]
    call_id: Mapped[uuid.UUID | None] = mapped_column(index=True)
    proposal_id: Mapped[uuid.UUID | None] = mapped_column(index=True)
    actor_id: Mapped[uuid.UUID | None]

    @property
    def said(self) -> dict[str, Any]:
        """What the row says: verb, actor, subject and details; empty once erased."""
        return json.loads(self.payload) if self.payload else {}


_TABLE: Any = History.__table__
_HEAD = sa.select(_TABLE.c.seq, _TABLE.c.hash).order_by(_TABLE.c.seq.desc()).limit(1)
_INSERT, _TURN = sa.insert(_TABLE), sa.select(sa.func.pg_advisory_xact_lock(LOCK))


@dataclass(frozen=True)
class _Act:
    at: datetime
    verb: str
    call_id: uuid.UUID | None
    proposal_id: uuid.UUID | None
    actor_id: uuid.UUID | None
    payload: str


def canonical(value: Any) -> str:
    """JSON of one form only: sorted keys, no spaces, NFC text; strings, whole numbers, booleans, null (RFC 8785)."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_plain)
    return unicodedata.normalize("NFC", text)


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, uuid.UUID):
        return str(value)
    raise TypeError(f"not for a canonical text: {value!r}")


def sha256(*parts: bytes) -> str:
    """The hexadecimal SHA-256 of the parts in order."""
    return hashlib.sha256(b"".join(parts)).hexdigest()


def link(prev: str, seq: int, payload_hash: str) -> str:
    """The hash of row `seq`: SHA-256(prev ‖ seq as 8 bytes ‖ payload hash)."""
    return sha256(bytes.fromhex(prev), seq.to_bytes(8, "big"), bytes.fromhex(payload_hash))


def record(verb: str, *, by: Any, at: datetime, call: Any = None, proposal: Any = None, **details: Any) -> None:
    """Note an act in this transaction; it is chained and written as the last thing before the commit.

    `by` is a person or None (the system); `call` and `proposal` are rows or None; details are plain values.
    """
    at = at.astimezone(UTC)
    said = {"verb": verb, "at": at, "by": _key(by), "call": _key(call), "proposal": _key(proposal), "details": details}
    act = _Act(at, verb, _key(call), _key(proposal), _key(by), canonical(said))
    db.session.info.setdefault("history", []).append(act)


def _key(thing: Any) -> uuid.UUID | None:
    if thing is None:
        return None
    if thing.id is None:
        db.session.flush()
    return thing.id


@event.listens_for(Session, "before_commit")
def _append(session: Session) -> None:
    if session.in_nested_transaction() or not session.info.get("history"):
        return
    session.flush()
    acts: list[_Act] = session.info.pop("history")
    if session.get_bind().dialect.name == "postgresql":
        session.connection().execute(_TURN)
    head = session.connection().execute(_HEAD).first()
    seq, prev = (head.seq, head.hash) if head else (0, GENESIS)
    rows = []
    for act in acts:
        seq, salt = seq + 1, secrets.token_hex(16)
        payload_hash = sha256(bytes.fromhex(salt), act.payload.encode())
        row = {**act.__dict__, "seq": seq, "prev": prev, "salt": salt, "payload_hash": payload_hash}
        prev = row["hash"] = link(prev, seq, payload_hash)
        rows.append(row)
    session.connection().execute(_INSERT, rows)


@event.listens_for(Session, "after_soft_rollback")
def _forget(session: Session, previous: Any) -> None:
    if not previous.nested:
        session.info.pop("history", None)


def fault(rows: Iterable[Any]) -> tuple[int, str] | None:
    """The first broken row of a chain and what is wrong with it, or None. Rows as History has them, in order."""
    prev, expected = GENESIS, 1
    try:
        for row in rows:
            if wrong := _wrong(row, prev, expected):
                return expected, wrong
            prev, expected = row.hash, expected + 1
    except ValueError:  # what was put there is not even of the column's kind
        return expected, "unreadable"
    return None


def _wrong(row: Any, prev: str, expected: int) -> str | None:
    if row.seq != expected:
        return "missing"
    if row.prev != prev or row.hash != link(prev, row.seq, row.payload_hash):
        return "chain"
    if row.payload is None:
        return None
    if row.payload_hash != sha256(bytes.fromhex(row.salt), row.payload.encode()):
        return "text"
    return None if _columns_agree(row) else "columns"


def _columns_agree(row: Any) -> bool:
    said = json.loads(row.payload)
    texts = [str(k) if k else None for k in (row.actor_id, row.call_id, row.proposal_id)]
    return [said["by"], said["call"], said["proposal"]] == texts and (said["verb"], said["at"]) == (
        row.verb,
        row.at.isoformat(),
    )


def verify() -> tuple[int, tuple[int, str] | None]:
    """Check the whole chain: (number of rows, first fault or None)."""
    count = db.session.scalar(sa.select(sa.func.count()).select_from(History)) or 0
    found = _read(1000)
    if found and found[1] == "unreadable":
        found = _read(1)  # of many rows that are read at once it would not be known which one it is
    return count, found


def _read(at_once: int) -> tuple[int, str] | None:
    rows = db.session.scalars(sa.select(History).order_by(History.seq).execution_options(yield_per=at_once))
    try:
        return fault(rows)
    finally:
        rows.close()


def hash_of(seq: int) -> str | None:
    """The hash of a row, to compare with what was noted of it earlier."""
    return db.session.scalar(sa.select(History.hash).where(History.seq == seq))


def head() -> tuple[int, str]:
    """Number and hash of the last row: what is told to people outside the server."""
    row = db.session.execute(_HEAD).first()
    return (row.seq, row.hash) if row else (0, GENESIS)
