"""Who is signed in where: a row for each browser, so that ending it ends the cookie, wherever that was copied to."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog
from flask import Flask, current_app, g, request, session
from flask_login import current_user
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import lazyload

from msme_calls import access, clock
from msme_calls.accounts import agents
from msme_calls.accounts.models import LoginSession, Person
from msme_calls.extensions import db, login, writing

log = structlog.get_logger()
LASTS = timedelta(days=14)  # whatever she does; people write for hours, so there is no shorter limit for idleness
FRESH = timedelta(minutes=15)  # how long somebody who has shown who she is isn't asked again before a grave act
HOUR = timedelta(hours=1)  # how exactly it is noted when a session was last used
NAME = 16  # how many digits of its hash name a session to its owner
KEY = "_user_id"  # where Flask-Login looks; it holds the browser's random number and says nothing of the person


def init_app(app: Flask) -> None:
    """Our rows say who is signed in and for how long; the cookie is written at signing in, not at each request."""
    login.session_protection = None
    app.config.update(PERMANENT_SESSION_LIFETIME=LASTS, SESSION_REFRESH_EACH_REQUEST=False)
    app.before_request(_note_use)


def hashed(sid: str) -> str:
    """A browser's number as the database keeps it: a copy of the database opens no session."""
    return hashlib.sha256(sid.encode()).hexdigest()


_WHO = (
    sa.select(Person, LoginSession.seen_at)
    .join(LoginSession, LoginSession.person_id == Person.id)
    .where(
        LoginSession.sid_hash == sa.bindparam("sid"), Person.active, LoginSession.ended_at.is_(None),
        LoginSession.started_at <= sa.bindparam("now"), LoginSession.started_at > sa.bindparam("since"),
    )
    .options(lazyload(Person.economies))
)  # fmt: skip


@login.user_loader
def person_of(sid: str) -> Person | None:
    """Whoever is signed in with this number: one statement; ended, expired and deactivated ones give nobody."""
    at = clock.now()
    found = db.session.execute(_WHO, {"sid": hashed(sid), "now": at, "since": at - LASTS}).first()
    if found is None:
        return None
    g.session_seen_at = found.seen_at
    return found.Person


def _open(at: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    started = LoginSession.started_at
    return LoginSession.ended_at.is_(None), started <= at, started > at - LASTS


def _note_use() -> None:
    """Note that this session is used, once an hour: before a closed page is begun, while nothing else is written.

    A database that can't be written to just now keeps nobody from reading.
    """
    at = clock.now()
    if access.access_of(request.endpoint) != "closed" or at - g.get("session_seen_at", at) < HOUR:
        return
    db.session.rollback()
    before = writing.set(True)
    try:
        db.session.execute(sa.update(LoginSession).where(_this()).values(seen_at=at))
        db.session.commit()
    except OperationalError as error:
        db.session.rollback()
        log.warning("use of a session not noted", error=type(error.orig).__name__)
    finally:
        writing.reset(before)


def sign_in(person: Person, at: datetime, stay: bool = False) -> None:
    """Sign this browser in, as somebody new: nothing of its former session goes on, the form token neither.

    `stay` keeps the cookie when the browser is closed.
    """
    sign_out(at)
    sid = secrets.token_urlsafe(32)
    agent = request.user_agent.string
    made = LoginSession(sid_hash=hashed(sid), person=person, started_at=at)
    made.browser, made.system = agents.family(agent), agents.system(agent)
    db.session.add(made)
    session[KEY], session.permanent = sid, stay


def fresh(at: datetime) -> bool:
    """Whether whoever sits before this browser has shown lately who she is."""
    if current_app.extensions.get("entered_elsewhere"):  # a rehearsal: she was asked at its door
        return True
    proved = db.session.scalar(sa.select(LoginSession.proved_at).where(_this()))
    return proved is not None and at - FRESH < proved <= at


def prove(at: datetime) -> None:
    """She has shown just now who she is."""
    db.session.execute(sa.update(LoginSession).where(_this(), LoginSession.ended_at.is_(None)).values(proved_at=at))


def _this() -> sa.ColumnElement[bool]:
    return LoginSession.sid_hash == hashed(session.get(KEY, ""))


def sign_out(at: datetime) -> None:
    """End this browser's session."""
    if session.get(KEY):
        _end(_this(), at)
    session.clear()
    for made_for_the_former in ("_login_user", "csrf_token"):
        g.pop(made_for_the_former, None)


def end_all(person: Person, at: datetime) -> None:
    """Sign a person out everywhere."""
    _end(LoginSession.person_id == person.id, at)


def end_others(person: Person, at: datetime) -> int:
    """Sign a person out everywhere but in this browser; how many sessions that ended."""
    return _end(sa.and_(LoginSession.person_id == person.id, sa.not_(_this())), at)


def end_one(person: Person, name: str, at: datetime) -> bool:
    """End one of a person's other sessions, by the name that `listed` gives it; False if it isn't there (any more)."""
    return bool(name) and any(
        _end(LoginSession.sid_hash == s.sid_hash, at) for s in _sessions(person, at) if s.sid_hash[:NAME] == name
    )


@dataclass(frozen=True)
class Listed:
    """A session as its owner sees it."""

    name: str  # the head of its hash: names it among her own, opens nothing
    browser: str
    system: str
    started_at: datetime
    seen_at: datetime
    this: bool


def listed(person: Person, at: datetime) -> list[Listed]:
    """Where a person is signed in: this browser first, then by their last use."""
    this = hashed(session.get(KEY, ""))
    found = [
        Listed(s.sid_hash[:NAME], s.browser, s.system, s.started_at, s.seen_at, s.sid_hash == this)
        for s in _sessions(person, at)
    ]
    return sorted(found, key=lambda s: (not s.this, -s.seen_at.timestamp()))


def _sessions(person: Person, at: datetime) -> Sequence[LoginSession]:
    return db.session.scalars(sa.select(LoginSession).where(LoginSession.person_id == person.id, *_open(at))).all()


def _end(which: sa.ColumnElement[bool], at: datetime) -> int:
    ended = sa.update(LoginSession).where(which, LoginSession.ended_at.is_(None)).values(ended_at=at)
    return db.session.execute(ended).rowcount  # type: ignore[attr-defined]


def me() -> Person:
    """The person who is signed in, herself: for closed pages."""
    return current_user._get_current_object()


def mark() -> str:
    """What tells this browser's session from others, for links pressed twice; empty before it has one."""
    token = session.get("csrf_token", "")
    return hashed(token) if token else ""
