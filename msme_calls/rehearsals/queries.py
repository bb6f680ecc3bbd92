"""The rehearsals of this installation, as they are known outside of them."""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from msme_calls.accounts.models import Person
from msme_calls.calls.models import Call, Membership, Role
from msme_calls.extensions import db
from msme_calls.rehearsals import rules
from msme_calls.rehearsals.models import Rehearsal

_THERE = Rehearsal.thrown_at.is_(None)


def of_call(call: Call) -> Rehearsal | None:
    """The rehearsal of a call, if it has one now."""
    return db.session.scalar(sa.select(Rehearsal).where(Rehearsal.call_id == call.id, _THERE))


def to_enter(person: Person, rehearsal_id: uuid.UUID) -> Rehearsal | None:
    """A rehearsal with its call, for a coordinator of that call; it is absent for everybody else."""
    hers = sa.select(Membership.call_id).where(Membership.person_id == person.id, Membership.role == Role.COORDINATOR)
    found = sa.select(Rehearsal).where(Rehearsal.id == rehearsal_id, _THERE, Rehearsal.ready_at.is_not(None))
    return db.session.scalar(found.where(Rehearsal.call_id.in_(hers)).options(joinedload(Rehearsal.call)))


def over(at: datetime) -> list[Rehearsal]:
    """Rehearsals whose time is over, that were never made to their end, or whose end was not seen through."""
    old = Rehearsal.made_at < at - rules.LASTS
    half = Rehearsal.ready_at.is_(None) & (Rehearsal.made_at < at - rules.MOVING)
    rows = sa.select(Rehearsal).where(old | half | Rehearsal.thrown_at.is_not(None))
    return list(db.session.scalars(rows.options(joinedload(Rehearsal.call)).order_by(Rehearsal.made_at)))
