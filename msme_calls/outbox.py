"""Mail: a row in the transaction of the change it announces, rendered and sent afterwards, never twice."""

import random
import smtplib
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Protocol

import flask_mail
import sqlalchemy as sa
import structlog
from flask import current_app, render_template
from sqlalchemy.orm import Mapped, mapped_column

from msme_calls import i18n
from msme_calls.extensions import Base, db
from msme_calls.sweeps import sweep

log = structlog.get_logger()
LEASE = timedelta(minutes=2)
GIVE_UP = timedelta(days=3)
LONGEST_WAIT = timedelta(hours=6)

Values = dict[str, Any]
Prepare = Callable[["Email"], Values | None]
MAILS: dict[str, Prepare] = {}  # every mail that exists, by the name of its templates


class Recipient(Protocol):
    """Whoever gets a mail."""

    id: Any
    email: str
    language: str


class Email(Base):
    """One mail to one address. Its words are made when it is sent, so that nothing is written down too early."""

    __tablename__ = "emails"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    name: Mapped[str]
    address: Mapped[str]
    language: Mapped[str]
    person_id: Mapped[uuid.UUID | None] = mapped_column(index=True)
    call_id: Mapped[uuid.UUID | None] = mapped_column(index=True)
    values: Mapped[dict]
    key: Mapped[str | None] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    due_at: Mapped[datetime] = mapped_column(index=True)
    attempts: Mapped[int] = mapped_column(default=0)
    leased_until: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    dropped_at: Mapped[datetime | None]
    dead_at: Mapped[datetime | None]
    last_error: Mapped[str | None]
    __table_args__ = (
        sa.Index(
            "ix_emails_waiting",
            "due_at",
            sqlite_where=sa.text("sent_at IS NULL AND dropped_at IS NULL AND dead_at IS NULL"),
            postgresql_where=sa.text("sent_at IS NULL AND dropped_at IS NULL AND dead_at IS NULL"),
        ),
    )


def mail(name: str) -> Callable[[Prepare], Prepare]:
    """Register a mail: the function gives its templates' values when it is sent, or None if it no longer applies."""

    def register(prepare: Prepare) -> Prepare:
        MAILS[name] = prepare
        return prepare

    return register


def queue(
    name: str,
    *,
    to: Recipient,
    at: datetime,
    due: datetime | None = None,
    key: str | None = None,
    call: Any = None,
    **values: Any,
) -> None:
    """Put a mail into this transaction. With a `key`, the second mail of the same key is left out."""
    assert name in MAILS, name
    if "\n" in to.email or "\r" in to.email:
        raise ValueError("an address has one line")
    row = {
        "id": uuid.uuid4(), "name": name, "address": to.email, "language": to.language, "person_id": to.id,
        "call_id": call.id if call is not None else None, "values": values, "key": key, "created_at": at,
        "due_at": due or at, "attempts": 0,
    }  # fmt: skip
    insert = _dialect_insert()(Email).values(row)
    db.session.execute(insert.on_conflict_do_nothing(index_elements=["key"]) if key else insert)


def _dialect_insert() -> Any:
    from sqlalchemy.dialects import postgresql, sqlite  # either is needed only once the database is known

    return (postgresql if db.engine.dialect.name == "postgresql" else sqlite).insert


@sweep
def deliver(at: datetime, limit: int = 50) -> int:
    """Send what is due; returns how many were sent. Safe to run in several processes at once."""
    if not _transport():
        return 0
    sent = 0
    for email_id in _claim(at, limit):
        sent += _send_one(email_id, at)
    return sent


def _waiting(at: datetime) -> sa.ColumnElement[bool]:
    open_rows = Email.sent_at.is_(None) & Email.dropped_at.is_(None) & Email.dead_at.is_(None)
    return open_rows & (Email.due_at <= at) & (Email.leased_until.is_(None) | (Email.leased_until < at))


def _claim(at: datetime, limit: int) -> list[uuid.UUID]:
    due = sa.select(Email).where(_waiting(at)).order_by(Email.due_at, Email.id).limit(limit)
    rows = list(db.session.scalars(due.with_for_update(skip_locked=True)))
    for row in rows:
        row.leased_until, row.attempts = at + LEASE, row.attempts + 1
    ids = [row.id for row in rows]
    db.session.commit()
    return ids


def _send_one(email_id: uuid.UUID, at: datetime) -> bool:
    row = db.session.get_one(Email, email_id)
    try:
        message = render(row)
        if message is None:
            row.dropped_at = at
        db.session.commit()  # links made while rendering must hold before anybody can follow them
        if message is None:
            return False
        transport = _transport()
        assert transport is not None
        transport(message)
    except Exception as error:
        db.session.rollback()
        _failed(db.session.get_one(Email, email_id), error, at)
        db.session.commit()
        return False
    row.sent_at, row.last_error = at, None
    db.session.commit()
    log.info("mail sent", mail=row.name, id=str(row.id), attempts=row.attempts)
    return True


def _failed(row: Email, error: Exception, at: datetime) -> None:
    """Try again after 1, 2, 4 … minutes (at most 6 hours, ±20 %); give up for good on a 5xx or after three days."""
    codes = [c for c, _ in error.recipients.values()] if isinstance(error, smtplib.SMTPRecipientsRefused) else []
    codes += [error.smtp_code] if isinstance(error, smtplib.SMTPResponseException) else []
    row.last_error = f"{type(error).__name__} {' '.join(map(str, codes))}".strip()
    if any(500 <= code < 600 for code in codes) or at - row.due_at > GIVE_UP:
        row.dead_at = at
    wait = min(timedelta(minutes=2 ** min(row.attempts - 1, 12)), LONGEST_WAIT)
    row.leased_until = at + wait * random.uniform(0.8, 1.2)
    log.warning("mail not sent", mail=row.name, id=str(row.id), error=row.last_error, dead=row.dead_at is not None)


def render(row: Email) -> flask_mail.Message | None:
    """The message in its reader's language, or None if there is no more reason to send it."""
    with i18n.use(row.language):
        values = MAILS[row.name](row)
        if values is None:
            return None
        text = render_template(f"email/{row.name}.txt", **values)
        subject, _, body = text.strip().partition("\n")
        html = render_template(f"email/{row.name}.html", subject=subject, **values)
    settings = current_app.settings  # type: ignore[attr-defined]
    domain = settings.mail_sender.rpartition("@")[2]
    message = flask_mail.Message(
        subject=" ".join(subject.split()),
        recipients=[row.address],
        body=body.strip() + "\n",
        html=html,
        sender=settings.mail_sender,
        date=row.due_at.timestamp(),
        extra_headers={"Content-Language": row.language, "Auto-Submitted": "auto-generated"},
    )
    message.msgId = f"<{row.id}@{domain}>"  # the same at every attempt, so that a mail program shows it once
    return message


def _transport() -> Callable[[flask_mail.Message], None] | None:
    settings = current_app.settings  # type: ignore[attr-defined]
    if settings.mail_server:
        return _by_smtp
    return None if settings.production else into_mailbox


class _Connection(flask_mail.Connection):
    """Flask-Mail's connection with a time-out: a server that never answers may not hold the others up."""

    def configure_host(self) -> smtplib.SMTP:
        settings = current_app.settings  # type: ignore[attr-defined]
        host = smtplib.SMTP(settings.mail_server, settings.mail_port, timeout=settings.mail_timeout)
        if settings.mail_tls:
            host.starttls()
        if settings.mail_username:
            host.login(settings.mail_username, settings.mail_password)
        return host


def _by_smtp(message: flask_mail.Message) -> None:
    with _Connection(current_app.extensions["mail"]) as connection:
        connection.send(message)


def mailbox() -> Path:
    """The folder that takes mails in development, one file each."""
    return Path(current_app.settings.data) / "mailbox"  # type: ignore[attr-defined]


def into_mailbox(message: flask_mail.Message) -> None:
    """Keep a mail for the mailbox page instead of sending it (development)."""
    folder = mailbox()
    folder.mkdir(parents=True, exist_ok=True)
    name = (message.msgId or "").strip("<>").partition("@")[0]
    (folder / f"{name}.eml").write_bytes(message.as_bytes())


def kept(name: str | None = None) -> list[tuple[str, EmailMessage]]:
    """The mailbox's mails, newest first (or the one of that name): (name, message)."""
    files = sorted(mailbox().glob("*.eml"), key=lambda f: (f.stat().st_mtime_ns, f.name), reverse=True)
    chosen = [f for f in files if name in (None, f.stem)]
    return [(f.stem, message_from_bytes(f.read_bytes(), policy=policy.default)) for f in chosen]


def moment(text: str) -> datetime:
    """An instant that was put into a mail's values as text."""
    return datetime.fromisoformat(text).astimezone(UTC)
