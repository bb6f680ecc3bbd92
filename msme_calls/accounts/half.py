"""Between the first step and the second: known by password or mailbox, but not signed in, and for nothing let in."""

from datetime import datetime, timedelta
from typing import NamedTuple

from flask import session

from msme_calls.accounts import links, sessions
from msme_calls.accounts.models import Link, Person
from msme_calls.extensions import db

KEY, PURPOSE = "half", "second-step"
LASTS = timedelta(minutes=15)


class Half(NamedTuple):
    """Whose second step this browser is at, and where it leads."""

    person: Person
    link: Link

    @property
    def to(self) -> str:
        return self.link.values["to"]

    @property
    def stay(self) -> bool:
        return self.link.values["stay"]

    @property
    def says(self) -> str:
        return self.link.values["says"]


def begin(person: Person, at: datetime, *, to: str, stay: bool = False, says: str = "") -> None:
    """Let this browser take the second step, once, and soon. Whoever was signed in with it is signed out."""
    sessions.sign_out(at)
    session[KEY] = links.issue(
        PURPOSE, person.email, at=at, lasts=LASTS, subject=person.id, to=to, stay=stay, says=says
    )


def find(at: datetime) -> Half | None:
    """The second step that this browser is at."""
    link = links.find(session.get(KEY, ""), PURPOSE, at)
    person = db.session.get(Person, link.subject_id) if link else None
    return Half(person, link) if link and person and person.active else None


def use(half: Half, at: datetime) -> bool:
    """Take the step; False if it was taken before, by whoever has a copy of the cookie."""
    return links.use(half.link, at)
