"""What rehearsals hold of a person: coordinators are in them by name, in a world that nobody else looks into."""

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa
from flask_babel import gettext as _

from msme_calls import history, i18n, personal
from msme_calls.accounts.models import Person
from msme_calls.calls.models import Membership, Role
from msme_calls.extensions import db
from msme_calls.rehearsals.models import Rehearsal


class Rehearsals(personal.Holding):
    name = "rehearsals"

    def follows(self, person: Person, at: datetime) -> Iterable[str]:
        for rehearsal in _with(person):
            yield _("The rehearsal of “%(call)s” is thrown away: your name is in it.",
                    call=i18n.said(rehearsal.call.title) or rehearsal.call.slug)  # fmt: skip

    def erase(self, person: Person, at: datetime) -> None:
        for rehearsal in _with(person):
            rehearsal.thrown_at = at  # absent from now on; the sweep takes away what lies in its own world
            history.record("throw-rehearsal-away", by=person, at=at, call=rehearsal.call)


def _with(person: Person) -> list[Rehearsal]:
    hers = sa.select(Membership.call_id).where(Membership.person_id == person.id, Membership.role == Role.COORDINATOR)
    rows = sa.select(Rehearsal).where(Rehearsal.call_id.in_(hers), Rehearsal.thrown_at.is_(None))
    return list(db.session.scalars(rows.order_by(Rehearsal.made_at)))
