"""What calls hold of a person: her roles and the invitations to them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _

from msme_calls import history, i18n, personal
from msme_calls.accounts.models import Person
from msme_calls.calls import queries
from msme_calls.calls.models import Call, Invitation, Membership
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
        rows = sa.select(Membership, Call).join(Membership.call).where(Membership.person_id == person.id)
        return [
            {"call": call.slug, "title": call.title, "role": held.role.value, "since": held.since,
             "languages": held.languages, "most_reviews": held.most_reviews}
            for held, call in db.session.execute(rows.order_by(Membership.since))
        ]  # fmt: skip

    def against(self, person: Person, at: datetime) -> Iterable[str]:
        for call in queries.coordinated(person):
            if call.phase(at) not in OVER and [p.id for p in queries.coordinators(call)] == [person.id]:
                yield _("You are the only coordinator of “%(call)s”. Invite another one first.", call=_title(call))

    def follows(self, person: Person, at: datetime) -> Iterable[str]:
        for call, _roles in queries.with_roles(person):
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


def _title(call: Call) -> str:
    return i18n.said(call.title) or call.slug
