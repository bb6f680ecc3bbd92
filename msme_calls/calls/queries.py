"""Which calls somebody may see, and in which roles."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from msme_calls.accounts.models import Person
from msme_calls.calls import rules
from msme_calls.calls.models import Call, Membership, Role
from msme_calls.extensions import db


def roles_of(person: Person, call: Call) -> frozenset[Role]:
    """The person's roles in the call."""
    own = sa.select(Membership.role).where(Membership.call_id == call.id, Membership.person_id == person.id)
    return frozenset(db.session.scalars(own))


def at_desk(person: Person, slug: str, act: str = "desk") -> Call | None:
    """The call of that address, if the person has a role in it that may do the act."""
    role = sa.select(Membership.call_id).where(
        Membership.person_id == person.id, Membership.role.in_(rules.ACTS[act]), Membership.call_id == Call.id
    )
    return db.session.scalar(sa.select(Call).where(Call.slug == slug, role.exists()))


def with_roles(person: Person) -> list[tuple[Call, frozenset[Role]]]:
    """Every call in which the person has a role, newest first, with her roles."""
    rows = db.session.execute(
        sa.select(Call, Membership.role)
        .join(Membership, Membership.call_id == Call.id)
        .where(Membership.person_id == person.id)
        .order_by(Call.created_at.desc(), Call.slug)
    )
    found: dict[Call, set[Role]] = {}
    for call, role in rows:
        found.setdefault(call, set()).add(role)
    return [(call, frozenset(roles)) for call, roles in found.items()]


def public(slug: str) -> Call | None:
    """A launched call as its public page needs it: with criteria, form and partners."""
    parts = selectinload(Call.criteria), selectinload(Call.sections), selectinload(Call.partners)
    return db.session.scalar(sa.select(Call).where(Call.slug == slug, Call.launched_at.is_not(None)).options(*parts))


def all_public() -> list[Call]:
    """All launched calls, the nearest deadline first."""
    return list(db.session.scalars(sa.select(Call).where(Call.launched_at.is_not(None)).order_by(Call.deadline_at)))


def coordinators(call: Call) -> list[Person]:
    """The call's coordinators: who is alerted."""
    return list(
        db.session.scalars(
            sa.select(Person)
            .join(Membership, Membership.person_id == Person.id)
            .where(Membership.call_id == call.id, Membership.role == Role.COORDINATOR, Person.active)
            .order_by(Person.email)
        )
    )


def unsealed_past_result(at: datetime) -> list[Call]:
    """Calls whose result instant passed without a seal."""
    return list(
        db.session.scalars(
            sa.select(Call).where(
                Call.launched_at.is_not(None),
                Call.result_at <= at,
                Call.sealed_at.is_(None),
                Call.cancelled_at.is_(None),
                Call.archived_at.is_(None),
            )
        )
    )
