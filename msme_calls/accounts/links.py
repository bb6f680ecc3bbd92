"""The one kind of link that mails carry: for one purpose, one address, one use, until it expires.

The page behind it shows one button (programs that look through mails follow links), and pressing it uses the link.
"""

import hashlib
import secrets
import uuid
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from msme_calls.accounts.models import Link, normal_address
from msme_calls.extensions import db

TWICE = timedelta(minutes=1)  # a second press in the same browser within this time is the same use


def issue(
    purpose: str, address: str, *, at: datetime, lasts: timedelta, subject: uuid.UUID | None = None, **values: Any
) -> str:
    """Make a link and return its token, which exists nowhere else: the database keeps its hash."""
    token = secrets.token_urlsafe(32)
    link = Link(token_hash=_hash(token), purpose=purpose, address=normal_address(address), subject_id=subject)
    link.values, link.made_at, link.expires_at = values, at, at + lasts
    db.session.add(link)
    return token


def find(token: str, purpose: str, at: datetime, *, browser: str = "") -> Link | None:
    """The link of a token if it is for this purpose and can be used now (`browser`: see `sessions.mark`)."""
    found = db.session.get(Link, _hash(token))
    if found is None or found.purpose != purpose or found.expires_at <= at:
        return None
    return found if found.used_at is None or _pressed_twice(found, browser, at) else None


def use(link: Link, at: datetime, *, browser: str = "") -> bool:
    """Use a link up; False if another request was first. Of two at once the database lets one through."""
    if _pressed_twice(link, browser, at):
        return True
    unused = sa.update(Link).where(Link.token_hash == link.token_hash, Link.used_at.is_(None))
    if db.session.execute(unused.values(used_at=at, used_by=browser or None)).rowcount == 1:  # type: ignore[attr-defined]
        return True
    db.session.refresh(link)
    return _pressed_twice(link, browser, at)


def void(address: str, *purposes: str, at: datetime) -> None:
    """Use up whatever links of these purposes an address still has (of all purposes, if none is named)."""
    open_links = sa.update(Link).where(Link.address == normal_address(address), Link.used_at.is_(None))
    if purposes:
        open_links = open_links.where(Link.purpose.in_(purposes))
    db.session.execute(open_links.values(used_at=at))


def void_about(subject: uuid.UUID, *purposes: str, at: datetime) -> None:
    """Use up the links of these purposes that are about the same thing, whatever address they were sent to."""
    about = sa.update(Link).where(Link.subject_id == subject, Link.purpose.in_(purposes), Link.used_at.is_(None))
    db.session.execute(about.values(used_at=at))


def _pressed_twice(link: Link, browser: str, at: datetime) -> bool:
    return bool(browser) and link.used_by == browser and link.used_at is not None and link.used_at > at - TWICE


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
