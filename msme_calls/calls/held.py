"""What calls hold of a person: her roles and the invitations to them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _

from msme_calls import history, i18n, personal
from msme_calls.accounts.models import Person
from msme_calls.calls import queries
from msme_calls.calls.models import Call, Invitation, Membership, Role
from msme_calls.calls.phases import Phase
from msme_calls.extensions import db

OVER = (Phase.PUBLISHED, Phase.ARCHIVED, Phase.CANCELLED)  # nothing in the call waits for anybody any more


class Roles(personal.Holding):
    name = "calls"
    columns = frozenset(
        {"memberships.person_id", "invitations.address", "invitations.invited_by_id", "memberships.vouched_by_id",
         "invitations.vouched_by_id", "deadline_moves.moved_by_id"}
    )  # fmt: skip

    def given(self, person: Person, at: datetime) -> Any:
        known = {call.id for call, _roles in _known(person)}
        rows = sa.select(Membership, Call).join(Membership.call).where(Membership.person_id == person.id)
        return [
            {"call": call.slug, "title": call.title if call.id in known else {}, "role": held.role.value,
             "since": held.since, "languages": held.languages, "most_reviews": held.most_reviews}
            for held, call in db.session.execute(rows.order_by(Membership.since))
        ]  # fmt: skip

    def against(self, person: Person, at: datetime) -> Iterable[str]:
        for call in db.session.scalars(_alone(person)):
            if call.phase(at) not in OVER:
                yield _("You are the only coordinator of “%(call)s”. Invite another one first.", call=_title(call))

    def follows(self, person: Person, at: datetime) -> Iterable[str]:
        for call, _roles in _known(person):
            yield _("Your roles in “%(call)s” end.", call=_title(call))

    def erase(self, person: Person, at: datetime) -> None:
        for held in db.session.scalars(sa.select(Membership).where(Membership.person_id == person.id)):
            said = {"person": str(person.id), "role": held.role.value}
            history.record("remove-member", by=person, at=at, call=held.call, **said)
            db.session.delete(held)
        hers = Invitation.address == person.email
        db.session.execute(sa.delete(Invitation).where(hers, Invitation.accepted_at.is_(None)))
        nobody = f"{person.id}@erased.invalid"
        db.session.execute(sa.update(Invitation).where(hers).values(address=nobody, name=""))


def _known(person: Person) -> list[tuple[Call, frozenset[Role]]]:
    """The calls in which she has a role, but for drafts whose reviewer she is to be: she knows nothing of them yet."""
    found = queries.with_roles(person)
    return [(call, roles) for call, roles in found if call.launched_at or roles - {Role.REVIEWER}]


def _alone(person: Person) -> sa.Select[Call]:
    """The calls that nobody in use but she coordinates."""
    coordinates = (Membership.call_id == Call.id) & (Membership.role == Role.COORDINATOR)
    hers = sa.exists().where(coordinates, Membership.person_id == person.id)
    other = sa.exists().where(coordinates, Membership.person_id == Person.id, Person.id != person.id, Person.active)
    return sa.select(Call).where(hers, ~other).order_by(Call.created_at, Call.slug)


def _title(call: Call) -> str:
    return i18n.said(call.title) or call.slug
