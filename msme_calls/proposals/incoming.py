"""Files on their way to a draft, in chunks: whatever breaks meanwhile, what has come is there and the rest can follow.

A chunk is a row, written in the transaction that moves the upload on: what is acknowledged is on disk, whichever of
several processes took it, and after a crash the rows say how far it got. When all has come, the file goes through the
same checks as one that was sent whole, and what became of it stays here for a day, for whoever missed the answer.
"""

import hashlib
import io
import uuid
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import IO, Any, cast

import sqlalchemy as sa
import structlog
from flask import current_app
from sqlalchemy.orm import Mapped, mapped_column

from msme_calls import clock, i18n, uploads
from msme_calls.accounts.models import Person
from msme_calls.calls.models import Question, Section
from msme_calls.errors import Refused, allow
from msme_calls.extensions import Base, db, uuid_key
from msme_calls.proposals import actions, queries, rules
from msme_calls.proposals.models import Proposal, TeamRole
from msme_calls.questions import File
from msme_calls.storage import Unreachable
from msme_calls.sweeps import sweep

log = structlog.get_logger()
LASTS = timedelta(hours=24)  # after the last chunk; also how long the outcome is told
CHECKING = timedelta(seconds=20)  # how long nobody else begins to check what has come
PIECE = 1 << 18  # bytes that are put into a row at once, at most
LEAST = 1 << 15  # bytes of a row but the last: smaller chunks are joined, so that no client makes a row of each byte


class IncomingUpload(Base):
    """A file on its way to a question of a draft."""

    __tablename__ = "incoming_uploads"
    id: Mapped[uuid.UUID] = uuid_key()
    proposal_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("proposals.id", ondelete="CASCADE"), index=True)
    person_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("people.id", ondelete="CASCADE"), index=True)
    question: Mapped[str]  # the question's key
    name: Mapped[str]
    size: Mapped[int]
    received: Mapped[int] = mapped_column(default=0)  # bytes that have come
    described: Mapped[str] = mapped_column(default="")  # what the client said of it, as it said it
    expires_at: Mapped[datetime] = mapped_column(index=True)
    checking_until: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]  # attached, or refused
    refusal: Mapped[str] = mapped_column(default="")  # why it was not taken, in the words its sender was told
    __table_args__ = (
        sa.CheckConstraint("received BETWEEN 0 AND size", name="received_of_size"),
        sa.CheckConstraint("ended_at IS NULL OR received = size", name="ended_is_whole"),
        sa.CheckConstraint("ended_at IS NOT NULL OR refusal = ''", name="refused_has_ended"),
    )

    @property
    def whole(self) -> bool:
        """Whether all has come, and nobody has said yet what became of it."""
        return self.received == self.size and self.ended_at is None

    @property
    def outcome(self) -> str:
        """ "sending", "checking", "attached" or "refused"."""
        if self.ended_at is None:
            return "checking" if self.received == self.size else "sending"
        return "refused" if self.refusal else "attached"


class IncomingChunk(Base):
    """What came of it in one piece."""

    __tablename__ = "incoming_chunks"
    upload_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("incoming_uploads.id", ondelete="CASCADE"), primary_key=True
    )
    start: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[bytes]


class TooLarge(Refused):
    """A file that is larger than its question takes."""


def asks_for_file(proposal: Proposal, key: str) -> Question | None:
    """The question of this key, if it takes files."""
    return next((q for q in proposal.call.form.questions if q.key == key and q.kind == "file"), None)


def of(proposal: Proposal, upload_id: uuid.UUID, person: Person) -> IncomingUpload | None:
    """One that she is sending to a proposal; others of its team send their own."""
    mine = sa.select(IncomingUpload).filter_by(id=upload_id, proposal_id=proposal.id, person_id=person.id)
    return db.session.scalar(mine)


def waiting(proposal: Proposal, section: Section, person: Person, at: datetime) -> dict[str, list[IncomingUpload]]:
    """What she began to send to a section's questions and has not ended: by question, with each that takes files."""
    found: dict[str, list[IncomingUpload]] = {q.key: [] for q in section.questions if q.kind == "file"}
    if found:
        rows = sa.select(IncomingUpload).filter_by(proposal_id=proposal.id, person_id=person.id, ended_at=None)
        rows = rows.where(IncomingUpload.expires_at > at, IncomingUpload.question.in_(found))
        for row in db.session.scalars(rows.order_by(IncomingUpload.expires_at)):
            found[row.question].append(row)
    return found


def begin(
    proposal: Proposal, question: Question, upload_id: uuid.UUID | None, name: str, size: int, described: str,
    *, by: Person, at: datetime,
) -> IncomingUpload:  # fmt: skip
    """Begin to receive a file, unless it is known by now that it could not be taken."""
    limits = File().limits(question)
    name = uploads.clean_name(name)
    allow(rules.no_edit(proposal.status, proposal.phase(at)))
    allow(uploads.no_kind(name, limits["kinds"]))
    if reason := uploads.no_size(size, limits["max_bytes"]):
        raise (TooLarge if size else Refused)(str(reason))
    allow(rules.no_more_uploads(_open(IncomingUpload.person_id == by.id, at)[0]))
    files, kept = queries.kept_of(proposal.owner)
    coming, bytes_ = _open(IncomingUpload.proposal_id.in_(_own_of(proposal)), at)  # whoever of their teams sends it
    allow(rules.no_room(files + coming, kept + bytes_, current_app.settings.quota_mb))  # type: ignore[attr-defined]
    if limits["max_files"] > 1:
        there = sum(a.question == question.key and a.removed_at is None for a in proposal.attachments)
        allow(rules.no_more_files(there, limits["max_files"]))
    row = IncomingUpload(
        id=upload_id or uuid.uuid4(), proposal_id=proposal.id, person_id=by.id, question=question.key, name=name,
        size=size, received=0, described=described, expires_at=at + LASTS,
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    return row


def _own_of(proposal: Proposal) -> sa.Select[Any]:
    return sa.select(Proposal.id).where(Proposal.owner_id == proposal.owner_id)


def _open(which: sa.ColumnElement[bool], at: datetime) -> tuple[int, int]:
    """How many files are on their way, and their bytes in the end."""
    now = IncomingUpload.ended_at.is_(None) & (IncomingUpload.expires_at > at)
    counts = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(IncomingUpload.size), 0))
    count, size = db.session.execute(counts.where(which, now)).one()
    return count, int(size)


def add(upload: IncomingUpload, pieces: Iterable[bytes], at: datetime) -> None:
    """Keep what comes next of it. The proposal is locked: of two at once, one waits, and then finds the other's."""
    for piece in pieces:
        if not (upload.received and _joined(upload, piece)):
            row = {"upload_id": upload.id, "start": upload.received, "content": piece}
            db.session.execute(sa.insert(IncomingChunk).values(row))
        upload.received += len(piece)
    upload.expires_at = at + LASTS
    upload.checking_until = at + CHECKING if upload.whole else None


def _joined(upload: IncomingUpload, piece: bytes) -> bool:
    """Put a piece behind the row before it, if that is a small one."""
    last = (IncomingChunk.upload_id == upload.id) & (IncomingChunk.start > upload.received - LEAST)
    row = db.session.execute(sa.select(IncomingChunk.start, IncomingChunk.content).where(last)).one_or_none()
    if row is None:
        return False
    this = sa.update(IncomingChunk).where(IncomingChunk.upload_id == upload.id, IncomingChunk.start == row.start)
    db.session.execute(this.values(content=bytes(row.content) + piece))
    return True


class _Content(io.RawIOBase):
    """What has come of an upload, read once from its beginning; no transaction is open after its end."""

    def __init__(self, upload_id: uuid.UUID) -> None:
        self.rows, self.left = _contents(upload_id), b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self.left = self.left or next(self.rows, b"")
        if not self.left:
            db.session.rollback()
        count = min(len(buffer), len(self.left))
        buffer[:count], self.left = self.left[:count], self.left[count:]
        return count


def _contents(upload_id: uuid.UUID) -> Iterator[bytes]:
    rows = sa.select(IncomingChunk.content).where(IncomingChunk.upload_id == upload_id).order_by(IncomingChunk.start)
    yield from db.session.scalars(rows.execution_options(yield_per=8))


def digest(upload: IncomingUpload) -> str:
    """SHA-256 of what has come: whoever goes on with it can see whether it is the same file."""
    found = hashlib.sha256()
    for piece in _contents(upload.id):
        found.update(piece)
    return found.hexdigest()


def check(upload: IncomingUpload, question: Question | None) -> uploads.Checked | str:
    """The same checks as of any file: what was found, or why it isn't taken. Raises NotKept if that passes.

    The caller has committed; no transaction is open while the file is read.
    """
    if question is None:
        return str(rules.no_question())
    limits = File().limits(question)
    parts = {name: limits[name] for name in ("kinds", "max_bytes", "max_pages")}
    name, content = upload.name, cast(IO[bytes], io.BufferedReader(_Content(upload.id), PIECE))
    try:
        return uploads.take(content, name, **parts)
    except uploads.NotKept:
        raise
    except uploads.BadFile as reason:
        return str(reason)
    finally:
        db.session.rollback()


def end(upload: IncomingUpload, proposal: Proposal, found: uploads.Checked | str, *, by: Person, at: datetime) -> None:
    """Attach what was found fit, or note why not; its chunks have done their work. The second of two finds it done."""
    if upload.ended_at is not None:
        return
    if not isinstance(found, str):
        try:
            with db.session.begin_nested():
                actions.attach(proposal, upload.question, found, by=by, at=at)
        except Refused as reason:
            found = str(reason)
    upload.ended_at, upload.expires_at, upload.checking_until = at, at + LASTS, None
    upload.refusal = found if isinstance(found, str) else ""
    db.session.execute(sa.delete(IncomingChunk).where(IncomingChunk.upload_id == upload.id))


def let_go(upload: IncomingUpload) -> None:
    """It could not be checked now: whoever asks next may try."""
    upload.checking_until = None


def forget(upload: IncomingUpload) -> None:
    """Its sender doesn't want to send it any more."""
    db.session.execute(sa.delete(IncomingUpload).where(IncomingUpload.id == upload.id))


@sweep
def end_incoming(at: datetime) -> int:
    """Check and attach what has come whole and was not ended: its server fell, or there was no room."""
    due = sa.select(IncomingUpload.id).where(
        IncomingUpload.received == IncomingUpload.size, IncomingUpload.ended_at.is_(None),
        IncomingUpload.checking_until.is_(None) | (IncomingUpload.checking_until <= at), IncomingUpload.expires_at > at,
    )  # fmt: skip
    some = list(db.session.scalars(due.order_by(IncomingUpload.expires_at).limit(50)))
    db.session.rollback()
    return sum(_end_late(upload_id, at) for upload_id in some)


def _end_late(upload_id: uuid.UUID, at: datetime) -> bool:
    upload = db.session.get(IncomingUpload, upload_id)
    if upload is None:
        return False
    by = db.session.get_one(Person, upload.person_id)
    with i18n.use(by.language or "en"):
        proposal = _loaded(upload, by)
        question = asks_for_file(proposal, upload.question) if proposal else None
        upload.checking_until = at + CHECKING
        db.session.commit()
        try:
            found = check(upload, question)
        except (uploads.NotKept, Unreachable, OSError) as error:
            log.warning("file not ended", reason=type(error).__name__)
            return False
        if proposal := _loaded(upload, by):
            end(upload, proposal, found, by=by, at=clock.tick())
        else:
            forget(upload)  # she may write in it no longer
        db.session.commit()
    return True


def _loaded(upload: IncomingUpload, by: Person) -> Proposal | None:
    """The proposal it goes to, locked, if she may write in it."""
    proposal, role = queries.load_to_change(by, upload.proposal_id) or (None, TeamRole.VIEW)
    return None if rules.no_part(role, TeamRole.EDIT) else proposal


@sweep
def forget_incoming(at: datetime) -> int:
    """Forget what nobody has gone on with for a day, and what became of what was sent before that."""
    done = db.session.execute(sa.delete(IncomingUpload).where(IncomingUpload.expires_at <= at))
    db.session.commit()
    return done.rowcount  # type: ignore[attr-defined]
