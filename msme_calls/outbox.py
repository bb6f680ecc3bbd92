"""Mail: a row in the transaction of the change it announces, rendered and sent afterwards, never twice."""

import os
import random
import smtplib
import socket
import ssl
import threading
import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.charset import QP, Charset
from email.message import EmailMessage
from email.mime.text import MIMEText
from functools import cache
from pathlib import Path
from typing import Any, Protocol, cast
from urllib.parse import urlsplit

import flask_mail
import sqlalchemy as sa
import structlog
from flask import current_app, render_template
from sqlalchemy.orm import Mapped, mapped_column

from msme_calls import clock, i18n, metrics, sweeps
from msme_calls.extensions import Base, db, insert_into

log = structlog.get_logger()
LEASE = timedelta(minutes=2)  # beyond what the mail server may take
GIVE_UP, FEWEST_ATTEMPTS = timedelta(days=3), 6
LONGEST_WAIT = timedelta(hours=6)
PATIENCE = 3  # failures to reach the mail server, one after the other, that end a turn

Values = dict[str, Any]
Prepare = Callable[["Email"], Values | None]
Transport = Callable[[flask_mail.Message], None]
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
        sa.Index(
            "ix_emails_dead",
            "dead_at",
            sqlite_where=sa.text("dead_at IS NOT NULL"),
            postgresql_where=sa.text("dead_at IS NOT NULL"),
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
    /,
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
    db.session.connection().execute(_insert(db.engine.dialect.name, keyed=key is not None), row)
    sweeps.soon()


def readdress(person: Recipient) -> None:
    """Send what still waits for somebody to the address that she has now."""
    waits = Email.sent_at.is_(None), Email.dropped_at.is_(None), Email.dead_at.is_(None)
    db.session.execute(sa.update(Email).where(Email.person_id == person.id, *waits).values(address=person.email))


@cache
def _insert(dialect: str, keyed: bool) -> Any:
    """A mail's INSERT, made once: making it takes longer than the database needs for it."""
    insert = insert_into(Email, dialect)
    return insert.on_conflict_do_nothing(index_elements=["key"]) if keyed else insert


@sweeps.sweep
def deliver(at: datetime, limit: int = 20) -> int:
    """Send what is due, `limit` mails at most; returns how many were sent. Safe in several processes at once.

    Each mail is claimed just before it is sent, so that no lease runs out while others are sent.
    """
    transport, begun, sent, unreached = _transport(), clock.tick(), 0, 0
    while transport and sent < limit and unreached < PATIENCE:
        now = at + (clock.tick() - begun)
        email_id = _claim(now)
        if email_id is None:
            break
        error = _send(email_id, now, transport)
        sent += error is None
        unreached = unreached + 1 if _is_unreached(error) else 0
    return sent


def next_due(at: datetime) -> datetime | None:
    """The first instant after `at` at which a mail can go; None if none waits or nothing could send it."""
    if not _transport():
        return None
    turn = sa.case((Email.leased_until > Email.due_at, Email.leased_until), else_=Email.due_at)
    return db.session.scalar(sa.select(sa.func.min(turn)).where(_open(), turn > at))


def drop(*, before: datetime, at: datetime) -> None:
    """Send nothing of what was queued before an instant and waits still: it tells what is long past."""
    db.session.execute(sa.update(Email).where(_open(), Email.created_at < before).values(dropped_at=at))


def _open() -> sa.ColumnElement[bool]:
    return Email.sent_at.is_(None) & Email.dropped_at.is_(None) & Email.dead_at.is_(None)


@metrics.gauge("mails_waiting", "Mails that are not sent yet.")
def _waiting(at: datetime) -> float:
    return db.session.scalar(sa.select(sa.func.count()).select_from(Email).where(_open())) or 0


@metrics.gauge("mails_dead", "Mails that were given up in the last seven days.")
def _dead(at: datetime) -> float:
    given_up = Email.dead_at.is_not(None) & (Email.dead_at > at - timedelta(days=7))
    return db.session.scalar(sa.select(sa.func.count()).select_from(Email).where(given_up)) or 0


@metrics.gauge("mail_overdue_seconds", "For how long the mail that waits longest should have gone.")
def _overdue(at: datetime) -> float:
    first = db.session.scalar(sa.select(sa.func.min(Email.due_at)).where(_open(), Email.due_at <= at))
    return (at - first).total_seconds() if first else 0


def _claim(at: datetime) -> uuid.UUID | None:
    due = _open() & (Email.due_at <= at) & (Email.leased_until.is_(None) | (Email.leased_until < at))
    first = sa.select(Email).where(due).order_by(Email.due_at, Email.id).limit(1)
    row = db.session.scalar(first.with_for_update(skip_locked=True))
    if row is not None:
        settings = current_app.settings  # type: ignore[attr-defined]
        row.leased_until = at + LEASE + timedelta(seconds=2 * settings.mail_timeout)
        row.attempts += 1
    email_id = row.id if row is not None else None
    db.session.commit()
    return email_id


class _Dropped(Exception):
    """There is no more reason to send this mail."""


def _send(email_id: uuid.UUID, at: datetime, transport: Transport) -> Exception | None:
    """Send a claimed mail and note what came of it; returns what stood in the way, or None if it is gone."""
    row = db.session.get_one(Email, email_id)
    attempt = row.attempts
    try:
        message = render(row)
        if message is None:
            row.dropped_at = at
        db.session.commit()  # links made while rendering must hold before anybody can follow them
        if message is None:
            return _Dropped()
        transport(message)
    except Exception as error:
        db.session.rollback()
        row = db.session.get_one(Email, email_id)
        if row.attempts == attempt:  # else the lease ran out and another attempt is under way
            _failed(row, error, at)
        db.session.commit()
        return error
    row.sent_at, row.last_error = at, None
    db.session.commit()
    log.info("mail sent", mail=row.name, id=str(row.id), attempts=row.attempts)
    return None


def _is_unreached(error: Exception | None) -> bool:
    """Whether it was the mail server that didn't answer, so that the next mail would not go either."""
    if isinstance(error, smtplib.SMTPException):
        return isinstance(error, smtplib.SMTPServerDisconnected | smtplib.SMTPConnectError)
    return isinstance(error, OSError)


def _failed(row: Email, error: Exception, at: datetime) -> None:
    """Try again after 1, 2, 4 … minutes (at most 6 hours, ±20 %); give up after three days, or when told never."""
    codes = [c for c, _ in error.recipients.values()] if isinstance(error, smtplib.SMTPRecipientsRefused) else []
    codes += [error.smtp_code] if isinstance(error, smtplib.SMTPResponseException) else []
    row.last_error = f"{type(error).__name__} {' '.join(map(str, codes))}".strip()
    # A refused sender or sign-in is a fault of our settings: those mails wait until it is mended.
    judged = isinstance(error, smtplib.SMTPRecipientsRefused | smtplib.SMTPDataError)
    never = isinstance(error, UnicodeError) or (judged and any(500 <= code < 600 for code in codes))
    if never or (at - row.due_at > GIVE_UP and row.attempts >= FEWEST_ATTEMPTS):
        row.dead_at = at
    wait = min(timedelta(minutes=2 ** min(row.attempts - 1, 12)), LONGEST_WAIT)
    row.leased_until = at + wait * random.uniform(0.8, 1.2)
    log.warning("mail not sent", mail=row.name, id=str(row.id), error=row.last_error, dead=row.dead_at is not None)


class _Message(flask_mail.Message):
    """Flask-Mail's message in lines that every mail server takes: it would send a long paragraph as one line."""

    def _mimetext(self, text: str | None, subtype: str = "plain") -> MIMEText:
        encoding = Charset("utf-8")
        encoding.body_encoding = QP
        return MIMEText(text or "", subtype, encoding)  # type: ignore[arg-type]


def render(row: Email) -> flask_mail.Message | None:
    """The message in its reader's language, or None if there is no more reason to send it."""
    with i18n.use(row.language):
        values = MAILS[row.name](row)
        if values is None:
            return None
        text = render_template(f"email/{row.name}.txt", **values)
        subject, _, body = text.strip().partition("\n")
        html = render_template(f"email/{row.name}.html", subject=subject, **values)
    attached: tuple[str, str] | None = values.get("attached")
    settings = current_app.settings  # type: ignore[attr-defined]
    domain = settings.mail_sender.rpartition("@")[2]
    message = _Message(
        subject=" ".join(subject.split()),
        recipients=[row.address],
        body=body.strip() + "\n",
        html=html,
        sender=settings.mail_sender,
        date=row.due_at.timestamp(),
        extra_headers={"Content-Language": row.language, "Auto-Submitted": "auto-generated"},
    )
    message.msgId = f"<{row.id}@{domain}>"  # the same at every attempt, so that a mail program shows it once
    if attached:
        message.attach(attached[0], "application/json", attached[1].encode())
    return message


def _transport() -> Transport | None:
    if own := current_app.extensions.get("transport"):  # a rehearsal keeps its mails to itself
        return cast(Transport, own)
    settings = current_app.settings  # type: ignore[attr-defined]
    if settings.mail_server:
        return _by_smtp
    return None if settings.production else into_mailbox


class _Conversation(smtplib.SMTP):
    """A conversation that ends after `timeout` seconds in all: a server that is silent, or that answers drop by drop,
    may not hold the other mails up."""

    end: threading.Timer | None = None

    def connect(self, *address: Any, **more: Any) -> tuple[int, bytes]:
        self.end = threading.Timer(self.timeout, self._hang_up)
        self.end.daemon = True
        self.end.start()
        return super().connect(*address, **more)

    def _hang_up(self) -> None:
        with suppress(OSError):
            if self.sock:
                self.sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        if self.end:
            self.end.cancel()
        super().close()


class _Connection(flask_mail.Connection):
    """Flask-Mail's connection by our settings."""

    def configure_host(self) -> smtplib.SMTP:
        settings = current_app.settings  # type: ignore[attr-defined]
        name = urlsplit(settings.address).hostname  # smtplib would ask the network for our name, and wait
        host = _Conversation(settings.mail_server, settings.mail_port, name, timeout=settings.mail_timeout)
        try:
            if settings.mail_tls:
                host.starttls(context=ssl.create_default_context())
            if settings.mail_username:
                host.login(settings.mail_username, settings.mail_password)
        except BaseException:
            host.close()
            raise
        return host

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        assert self.host is not None
        with suppress(OSError):  # the mail was taken, however the server says goodbye
            if error is None:
                self.host.quit()
        self.host.close()


def _by_smtp(message: flask_mail.Message) -> None:
    with _Connection(current_app.extensions["mail"]) as connection:
        connection.send(message)


def mailbox() -> Path:
    """The folder that takes mails in development, one file each."""
    return Path(current_app.settings.data) / "mailbox"  # type: ignore[attr-defined]


def into_mailbox(message: flask_mail.Message) -> None:
    """Keep a mail for the mailbox page instead of sending it (development)."""
    folder = mailbox()
    folder.mkdir(exist_ok=True)
    name = (message.msgId or "").strip("<>").partition("@")[0]
    (folder / f"{name}.new").write_bytes(message.as_bytes())
    os.replace(folder / f"{name}.new", folder / f"{name}.eml")  # whole, or not there yet


def _files() -> list[Path]:
    return sorted(mailbox().glob("*.eml"), key=lambda f: (f.stat().st_mtime_ns, f.name), reverse=True)


def count_kept() -> int:
    """How many mails the mailbox holds."""
    return len(_files())


def kept(name: str | None = None, first: int = 0, most: int | None = None) -> list[tuple[str, EmailMessage]]:
    """The mailbox's mails, newest first (or the one of that name): (name, message)."""
    chosen = [f for f in _files() if name in (None, f.stem)][first : None if most is None else first + most]
    return [(f.stem, message_from_bytes(f.read_bytes(), policy=policy.default)) for f in chosen]


def moment(text: str) -> datetime:
    """An instant that was put into a mail's values as text."""
    return datetime.fromisoformat(text).astimezone(UTC)
