"""Who is signed in where: a row for each browser, so that ending it ends the cookie, wherever that was copied to."""

import hashlib
import secrets
from datetime import datetime, timedelta

import sqlalchemy as sa
from flask import Flask, g, session
from flask_login import current_user
from sqlalchemy.orm import lazyload

from msme_calls import clock
from msme_calls.accounts.models import LoginSession, Person
from msme_calls.extensions import db, login

LASTS = timedelta(days=14)  # whatever she does; people write for hours, so there is no shorter limit for idleness
FRESH = timedelta(minutes=15)  # how long somebody who has shown who she is isn't asked again before a grave act
KEY = "_user_id"  # where Flask-Login looks; it holds the browser's random number and says nothing of the person


def init_app(app: Flask) -> None:
    """Our rows say who is signed in and for how long; the cookie is written at signing in, not at each request."""
    login.session_protection = None
    app.config.update(PERMANENT_SESSION_LIFETIME=LASTS, SESSION_REFRESH_EACH_REQUEST=False)


def hashed(sid: str) -> str:
    """A browser's number as the database keeps it: a copy of the database opens no session."""
    return hashlib.sha256(sid.encode()).hexdigest()


@login.user_loader
def person_of(sid: str) -> Person | None:
    """Whoever is signed in with this number: one statement; ended, expired and deactivated ones give nobody."""
    at = clock.now()
    return db.session.scalar(
        sa.select(Person)
        .join(LoginSession, LoginSession.person_id == Person.id)
        .where(LoginSession.sid_hash == hashed(sid), LoginSession.ended_at.is_(None), Person.active)
        .where(LoginSession.started_at <= at, LoginSession.started_at > at - LASTS)
        .options(lazyload(Person.economies))
    )


def sign_in(person: Person, at: datetime, stay: bool = False) -> None:
    """Sign this browser in, as somebody new: nothing of its former session goes on, the form token neither.

    `stay` keeps the cookie when the browser is closed.
    """
    sign_out(at)
    sid = secrets.token_urlsafe(32)
    db.session.add(LoginSession(sid_hash=hashed(sid), person=person, started_at=at))
    session[KEY], session.permanent = sid, stay


def fresh(at: datetime) -> bool:
    """Whether whoever sits before this browser has shown lately who she is."""
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


def _end(which: sa.ColumnElement[bool], at: datetime) -> None:
    db.session.execute(sa.update(LoginSession).where(which, LoginSession.ended_at.is_(None)).values(ended_at=at))


def me() -> Person:
    """The person who is signed in, herself: for closed pages."""
    return current_user._get_current_object()


def mark() -> str:
    """What tells this browser's session from others, for links pressed twice; empty before it has one."""
    token = session.get("csrf_token", "")
    return hashed(token) if token else ""
