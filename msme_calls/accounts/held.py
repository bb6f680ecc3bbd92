"""What accounts hold of a person: who she is, how she signs in, where she is signed in, what was mailed to her."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _

from msme_calls import personal
from msme_calls.accounts.factors import Factor, RecoveryCode
from msme_calls.accounts.models import Link, LoginSession, Person
from msme_calls.accounts.organisation import Identity
from msme_calls.extensions import db
from msme_calls.history import History
from msme_calls.outbox import Email


class Account(personal.Holding):
    name = "account"
    last = True  # invitations are found by her address
    columns = frozenset(
        {
            "people_economies.person_id", "login_sessions.person_id", "links.address", "factors.person_id",
            "recovery_codes.person_id", "identities.person_id", "emails.person_id", "emails.address",
            "history.actor_id",
        }
    )  # fmt: skip

    def given(self, person: Person, at: datetime) -> Any:
        return {
            "email": person.email, "name": person.name, "language": person.language, "zone": person.zone,
            "organisation": person.organisation, "economies": sorted(person.economy_codes),
            "staff_of_an_international_organisation": person.international_staff,
            "administrator": person.is_administrator, "convenor": person.is_convenor,
            "created_at": person.created_at, "password": "set" if person.password else "none",
            "second_steps": _rows(Factor, Factor.added_at, person, "kind", "name", "added_at", "used_at"),
            "signed_in": _rows(LoginSession, LoginSession.started_at, person,
                               "browser", "system", "started_at", "seen_at", "ended_at"),
            "accounts_elsewhere": _rows(Identity, Identity.linked_at, person, "issuer", "subject", "linked_at"),
            "mails": _rows(Email, Email.created_at, person, "name", "address", "language", "created_at", "sent_at"),
            "acts": [
                {"at": act.at, "verb": act.verb, "details": act.said.get("details", {})}
                for act in db.session.scalars(
                    sa.select(History).where(History.actor_id == person.id).order_by(History.seq)
                )
            ],
        }  # fmt: skip

    def against(self, person: Person, at: datetime) -> Iterable[str]:
        others = sa.select(Person.id).where(Person.is_administrator, Person.active, Person.id != person.id)
        if person.is_administrator and db.session.scalar(others.limit(1)) is None:
            yield _("You are the only administrator. Make somebody else one first.")

    def follows(self, person: Person, at: datetime) -> Iterable[str]:
        yield _(
            "Your name, address, organisation, password and second steps are erased. You are signed out everywhere."
        )
        yield _("The history keeps that an account did what you did, without your name.")

    def erase(self, person: Person, at: datetime) -> None:
        for table in (LoginSession, Factor, RecoveryCode, Identity):
            db.session.execute(sa.delete(table).where(table.person_id == person.id))
        db.session.execute(sa.delete(Link).where((Link.address == person.email) | (Link.subject_id == person.id)))
        _forget_mails(person, at)
        person.economies = []
        person.email = f"{person.id}@erased.invalid"  # nobody's: that top level is never given out (RFC 2606)
        person.name, person.organisation, person.password = "–", "", None
        person.zone, person.international_staff = "", False
        person.is_administrator = person.is_convenor = person.active = False
        person.erased_at = at


def _rows(table: Any, order: Any, person: Person, *columns: str) -> list[dict[str, Any]]:
    chosen = [getattr(table, name) for name in columns]
    rows = db.session.execute(sa.select(*chosen).where(table.person_id == person.id).order_by(order))
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _forget_mails(person: Person, at: datetime) -> None:
    """What waits is not sent; what was sent keeps no address and none of its values."""
    hers = (Email.person_id == person.id) | (Email.address == person.email)
    waits = hers & Email.sent_at.is_(None) & Email.dropped_at.is_(None) & Email.dead_at.is_(None)
    db.session.execute(sa.update(Email).where(waits).values(dropped_at=at))
    blank: dict[str, Any] = {"address": f"{person.id}@erased.invalid", "values": {}, "last_error": None}
    db.session.execute(sa.update(Email).where(hers).values(blank))
