"""Which calls somebody may see, and in which roles."""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import defer, joinedload, selectinload

from msme_calls import extensions
from msme_calls.accounts.models import Person, normal_address
from msme_calls.calls import rules
from msme_calls.calls.models import TEXTS, Call, Invitation, Membership, Partner, Role
from msme_calls.extensions import UTCDateTime, db
from msme_calls.outbox import Email


def roles_of(person: Person, call: Call) -> frozenset[Role]:
    """The person's roles in the call."""
    own = sa.select(Membership.role).where(Membership.call_id == call.id, Membership.person_id == person.id)
    return frozenset(db.session.scalars(own))


_AT_DESK = (
    sa.select(Call, Membership.role)
    .join(Membership, Membership.call_id == Call.id)
    .where(Call.slug == sa.bindparam("slug"), Membership.person_id == sa.bindparam("person"))
)


def at_desk(person: Person, slug: str, act: str = "desk") -> tuple[Call, frozenset[Role]] | None:
    """The call of that address and the person's roles in it, if one of them may do the act."""
    rows = db.session.execute(_AT_DESK, {"slug": slug, "person": person.id}).all()
    roles = frozenset(role for _call, role in rows)
    return (rows[0][0], roles) if rules.may(roles, act) else None


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


_LAUNCHED = sa.select(Call).where(Call.slug == sa.bindparam("slug"), Call.launched_at.is_not(None))
_SHORT = _LAUNCHED.options(*(defer(getattr(Call, text)) for text in TEXTS))


def launched(slug: str, texts: bool = True) -> Call | None:
    """The same with nothing but its own columns; an act on it needs none of its long texts."""
    return db.session.scalar(_LAUNCHED if texts else _SHORT, {"slug": slug})


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


def coordinator(slug: str, address: str) -> Membership | None:
    """The role of somebody as a coordinator of a call, by the call's name and her address."""
    hers = (Call.slug == slug, Person.email == normal_address(address), Membership.role == Role.COORDINATOR)
    return db.session.scalar(sa.select(Membership).join(Membership.call).join(Membership.person).where(*hers))


def stem(call: Call, person_id: uuid.UUID) -> uuid.UUID:
    """Who answers for a coordinator: herself, if she was one before the review; else whoever her role stems from."""
    hers = (Membership.call_id == call.id, Membership.person_id == person_id, Membership.role == Role.COORDINATOR)
    return db.session.scalar(sa.select(Membership.vouched_by_id).where(*hers)) or person_id


def independent(call: Call, one: uuid.UUID, other: uuid.UUID) -> bool:
    """Whether two coordinators are two: neither has her role, taken during the review, from the other or the same."""
    return stem(call, one) != stem(call, other)


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


def slug_taken(slug: str) -> bool:
    """Whether a call has this address already."""
    return db.session.scalar(sa.select(Call.id).where(Call.slug == slug)) is not None


def coordinated(person: Person) -> list[Call]:
    """The calls that the person coordinates, the newest first."""
    return [call for call, roles in with_roles(person) if Role.COORDINATOR in roles]


def has_role(call: Call, address: str, role: Role) -> bool:
    """Whether whoever has this address has the role."""
    held = sa.select(Membership.id).join(Person).where(
        Membership.call_id == call.id, Membership.role == role, Person.email == address
    )  # fmt: skip
    return db.session.scalar(held) is not None


def invitation_to(call: Call, address: str, role: Role) -> Invitation | None:
    """The invitation of an address to a role."""
    return db.session.scalar(sa.select(Invitation).filter_by(call_id=call.id, address=address, role=role))


def invitation(invitation_id: uuid.UUID | None) -> Invitation | None:
    """An invitation with its call and whoever invited."""
    parts = joinedload(Invitation.call), joinedload(Invitation.invited_by)
    return db.session.scalar(sa.select(Invitation).where(Invitation.id == invitation_id).options(*parts))


def open_invitation(invitation_id: uuid.UUID | None) -> Invitation | None:
    """The same, unless it was answered or taken back, or its call is cancelled."""
    found = invitation(invitation_id)
    if found is None or found.accepted_at or found.declined_at or found.revoked_at or found.call.cancelled_at:
        return None
    return found


def invitation_of(call: Call, invitation_id: uuid.UUID) -> Invitation | None:
    """An invitation to this very call."""
    found = invitation(invitation_id)
    return found if found is not None and found.call_id == call.id else None


def unanswered(call: Call) -> list[Invitation]:
    """Invitations that were not accepted: still open, declined or taken back, the newest first."""
    rows = sa.select(Invitation).where(Invitation.call_id == call.id, Invitation.accepted_at.is_(None))
    return list(db.session.scalars(rows.order_by(Invitation.invited_at.desc(), Invitation.address)))


def members(call: Call) -> list[Membership]:
    """Everybody with a role in the call, by name."""
    rows = sa.select(Membership).where(Membership.call_id == call.id).join(Person)
    return list(db.session.scalars(rows.order_by(Person.name_folded, Membership.role)))


def membership(call: Call, membership_id: uuid.UUID) -> Membership | None:
    """One role of somebody in this very call."""
    return db.session.scalar(sa.select(Membership).filter_by(id=membership_id, call_id=call.id))


def part(model: type, call: Call, row_id: uuid.UUID) -> object | None:
    """A criterion, section or partner of this very call."""
    return db.session.scalar(sa.select(model).filter_by(id=row_id, call_id=call.id))


def logo_is_public(sha256: str) -> bool:
    """Whether a picture is the logo of a partner of a launched call."""
    shown = sa.select(Partner.id).join(Call).where(Partner.logo_sha256 == sha256, Call.launched_at.is_not(None))
    return db.session.scalar(shown.limit(1)) is not None


def is_logo(sha256: str) -> bool:
    """Whether a picture is the logo of a partner of any call."""
    return db.session.scalar(sa.select(Partner.id).where(Partner.logo_sha256 == sha256).limit(1)) is not None


def queued(key: str) -> bool:
    """Whether a mail of this key was queued already."""
    return db.session.scalar(sa.select(Email.id).where(Email.key == key)) is not None


INSTANTS = tuple(column.key for column in Call.__table__.columns if isinstance(column.type, UTCDateTime))


def reread(call: Call) -> None:
    """Read what a call's phase depends on as it is now: who waited for a lock read it before, and it may have moved."""
    extensions.reread(call, (*INSTANTS, "grace_minutes"))


def whole(call: Call) -> Call:
    """The call with all that is set up in it, in a handful of statements."""
    parts = selectinload(Call.criteria), selectinload(Call.sections), selectinload(Call.partners)
    loaded = sa.select(Call).where(Call.id == call.id).options(*parts)
    return db.session.scalars(loaded).one()
