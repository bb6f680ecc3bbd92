"""Which proposals somebody may see. Conflicts of interest win over every role but the owner's own."""

import uuid
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import defer, joinedload, lazyload, selectinload
from sqlalchemy.orm.attributes import set_committed_value

from msme_calls import freshness, i18n
from msme_calls.accounts.models import Person
from msme_calls.calls import kept_forms
from msme_calls.calls.models import TEXTS, Call, Membership
from msme_calls.calls.phases import Phase
from msme_calls.extensions import db, note_lock, streamed
from msme_calls.proposals.conflict_queries import in_conflict
from msme_calls.proposals.models import (
    Attachment,
    Conflict,
    Member,
    Proposal,
    ProposalVersion,
    Status,
    TeamInvitation,
    TeamRole,
)


def own(person: Person) -> sa.Select[Proposal]:
    """The person's own proposals: those that she leads, and those on whose team she is."""
    return sa.select(Proposal).where(of_team(person.id))


def of_team(who: Any) -> sa.ColumnElement[bool]:
    """The proposals of somebody, by her id or its place in a statement that is made once."""
    joined = sa.select(Member.proposal_id).where(Member.person_id == who, Member.left_at.is_(None))
    return sa.or_(Proposal.owner_id == who, Proposal.id.in_(joined))


def own_in(person: Person, call: Call) -> sa.Select[Proposal]:
    """The person's own proposals to a call, the newest first."""
    return _OWN_IN.params(who=person.id, call=call.id)


_OWN_IN = (
    sa.select(Proposal).where(of_team(sa.bindparam("who")), Proposal.call_id == sa.bindparam("call"))
    .order_by(Proposal.started_at.desc(), Proposal.id)
)  # fmt: skip
_TEAM = (
    sa.select(Person, Member.role).join(Member, Member.person_id == Person.id)
    .where(Member.proposal_id == sa.bindparam("proposal"), Member.left_at.is_(None))
    .order_by(Member.since, Member.person_id).options(lazyload(Person.economies))
)  # fmt: skip


def team(proposal: Proposal) -> list[tuple[Person, TeamRole]]:
    """Who applies together with a proposal's owner, and in which role."""
    if "members" in proposal.__dict__:
        return [(member.person, member.role) for member in proposal.members]
    return [(person, role) for person, role in db.session.execute(_TEAM, {"proposal": proposal.id})]


_KEPT = (
    sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(Attachment.size), 0))
    .select_from(Attachment).join(Proposal).where(Proposal.owner_id == sa.bindparam("owner"))
)  # fmt: skip


def kept_of(person: Person) -> tuple[int, int]:
    """How many files a person's own proposals hold, whoever of their teams sent them, and their bytes.

    Removed ones are included until they are forgotten.
    """
    count, size = db.session.execute(_KEPT, {"owner": person.id}).one()
    return count, int(size)


_WHO: sa.BindParameter[uuid.UUID] = sa.bindparam("who")
_OWN = sa.select(Proposal).where(of_team(_WHO), Proposal.id == sa.bindparam("id"))
_SHORT = [defer(getattr(Call, text)) for text in TEXTS]  # what its public page says at length
_CALL = joinedload(Proposal.call).options(*_SHORT)
_PARTS = [selectinload(part) for part in (Proposal.drafts, Proposal.attachments, Proposal.versions, Proposal.members)]
_PAGE = _OWN.add_columns(freshness.NUMBER).options(_CALL, *_PARTS)
_HERS = sa.select(Member.role).where(Member.proposal_id == Proposal.id, Member.person_id == _WHO).scalar_subquery()
_LOCKED = (
    _OWN.add_columns(_HERS)
    .with_for_update(of=Proposal, key_share=True).execution_options(populate_existing=True)
)  # fmt: skip
_ITS_CALL = (
    sa.select(Call, freshness.NUMBER).where(Call.id == sa.bindparam("id"))
    .options(*_SHORT).execution_options(populate_existing=True)
)  # fmt: skip


def load_own(person: Person, proposal_id: uuid.UUID) -> Proposal | None:
    """One of the person's own proposals with what its pages need."""
    found = db.session.execute(_PAGE, {"who": person.id, "id": proposal_id}).first()
    if found is None:
        return None
    proposal, number = found
    kept_forms.give(proposal.call, number)
    return proposal


def load_to_change(person: Person, proposal_id: uuid.UUID) -> tuple[Proposal, TeamRole] | None:
    """One of the person's own proposals and her role in it, locked by the statement that reads it; then its call,

    as it is after that.
    """
    found = db.session.execute(_LOCKED, {"who": person.id, "id": proposal_id}).first()
    if found is None:
        return None
    proposal, role = found
    note_lock(proposal)
    call, number = db.session.execute(_ITS_CALL, {"id": proposal.call_id}).one()
    kept_forms.give(call, number)
    set_committed_value(proposal, "call", call)
    return proposal, role or TeamRole.OWNER


def of_call(call: Call) -> sa.Select[Proposal]:
    """All proposals of a call that were ever submitted; drafts are nobody's but their applicants'."""
    return sa.select(Proposal).where(Proposal.call_id == call.id, Proposal.status != Status.DRAFT)


def visible_to_staff(person: Person, call: Call) -> sa.Select[Proposal]:
    """The submitted proposals of a call that somebody with a role there may see: none that she has a conflict with."""
    return of_call(call).where(~in_conflict(person))


def visible_ids(person: Person, call: Call) -> sa.Select[uuid.UUID]:
    """Their ids."""
    return visible_to_staff(person, call).with_only_columns(Proposal.id)


def hidden_from(person: Person) -> list[Proposal]:
    """The submitted proposals, of all calls in which the person has a role, that a conflict of interest hides."""
    role = sa.select(Membership.call_id).where(Membership.person_id == person.id)
    rows = sa.select(Proposal).where(Proposal.call_id.in_(role), Proposal.status != Status.DRAFT, in_conflict(person))
    return list(db.session.scalars(rows.options(joinedload(Proposal.call)).order_by(Proposal.id)))


def references(ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, str]:
    """The reference of each proposal."""
    rows = db.session.execute(sa.select(Proposal.id, Proposal.reference).where(Proposal.id.in_(list(ids))))
    return {proposal_id: reference for proposal_id, reference in rows}


def recused(person: Person, call: Call) -> int:
    """How many proposals of the call the person may not see."""
    hidden = of_call(call).where(in_conflict(person)).subquery()
    return db.session.scalar(sa.select(sa.func.count()).select_from(hidden)) or 0


def load_for_staff(person: Person, call: Call, proposal_id: uuid.UUID) -> Proposal | None:
    """One of those proposals."""
    parts = [selectinload(part) for part in (Proposal.versions, Proposal.attachments, Proposal.members)]
    parts.append(joinedload(Proposal.owner))
    return db.session.scalar(visible_to_staff(person, call).where(Proposal.id == proposal_id).options(*parts))


# What the list sorts by; the address of the list names one of these.
SORTS: dict[str, tuple[Any, ...]] = {
    "newest": (Proposal.submitted_at.desc(), Proposal.id),
    "oldest": (Proposal.submitted_at, Proposal.id),
    "title": (Proposal.title_folded, Proposal.id),
    "organisation": (Proposal.organisation_folded, Proposal.id),
    "reference": (Proposal.reference,),
}
FILTERS = ("status", "economy", "language", "organisation_type")  # columns that the list can be narrowed by


def listed(person: Person, call: Call, wanted: Mapping[str, str]) -> sa.Select[Proposal]:
    """The list as somebody wants it: what she may see, then her filters and search, then her order."""
    found = visible_to_staff(person, call)
    for name in FILTERS:
        if wanted.get(name):
            found = found.where(sa.cast(getattr(Proposal, name), sa.Text) == wanted[name])
    if text := i18n.folded(wanted.get("search", "")):
        columns = (Proposal.title_folded, Proposal.organisation_folded, sa.func.lower(Proposal.reference))
        found = found.where(sa.or_(*(column.contains(text, autoescape=True) for column in columns)))
    return found.order_by(*SORTS.get(wanted.get("sort", ""), SORTS["newest"]))


def economies_listed(person: Person, call: Call) -> list[str]:
    """The codes of economies on somebody's list: none that only a hidden proposal has."""
    codes = visible_to_staff(person, call).with_only_columns(Proposal.economy).distinct()
    return [code for code in db.session.scalars(codes) if code]


def page_of(query: sa.Select[Proposal], offset: int, size: int) -> list[Proposal]:
    """Some rows of a list, with what its page shows of each."""
    return list(db.session.scalars(query.offset(offset).limit(size).options(joinedload(Proposal.owner))))


def number_of(query: sa.Select[Proposal]) -> int:
    """How many rows a query finds."""
    return db.session.scalar(sa.select(sa.func.count()).select_from(query.order_by(None).subquery())) or 0


# The columns of a proposal that its export has as they are.
FACE = ("title", "summary", "organisation", "organisation_type", "economy", "language")


def exported(query: sa.Select[Proposal]) -> Iterator[Any]:
    """A list's proposals as plain rows, some at a time: its face, who applies and the version that counts."""
    counts = (ProposalVersion.proposal_id == Proposal.id) & (ProposalVersion.number == Proposal.submitted_version)
    version = (getattr(ProposalVersion, c) for c in ("number", "submitted_at", "digest", "answers", "files"))
    applicant = Person.name.label("applicant"), Person.email.label("applicant_email")
    face = (getattr(Proposal, c) for c in ("reference", "status", *FACE))
    rows = query.join(ProposalVersion, counts).join(Person, Person.id == Proposal.owner_id)
    return streamed(rows.with_only_columns(*face, *applicant, *version))


def members(call: Call) -> list[Person]:
    """Everybody with a role in the call, once, by name."""
    roles = sa.select(Membership.person_id).where(Membership.call_id == call.id)
    people = sa.select(Person).where(Person.id.in_(roles)).order_by(Person.name_folded, Person.id)
    return list(db.session.scalars(people))


def declared(proposal: Proposal) -> list[Conflict]:
    """The conflicts of interest declared about a proposal, the first one first."""
    rows = sa.select(Conflict).where(Conflict.proposal_id == proposal.id).order_by(Conflict.declared_at, Conflict.id)
    return list(db.session.scalars(rows.options(joinedload(Conflict.person))))


def load_declared(person: Person, call: Call, proposal_id: uuid.UUID, conflict_id: uuid.UUID) -> Conflict | None:
    """One of them, if the person may see the proposal."""
    seen = Conflict.proposal_id.in_(visible_ids(person, call)) & (Conflict.proposal_id == proposal_id)
    row = sa.select(Conflict).where(Conflict.id == conflict_id, seen)
    return db.session.scalar(row.options(joinedload(Conflict.person), joinedload(Conflict.proposal)))


def counting(proposal: Proposal) -> ProposalVersion | None:
    """The submitted version that counts."""
    if proposal.submitted_version is None:
        return None
    return db.session.scalar(
        sa.select(ProposalVersion).where(
            ProposalVersion.proposal_id == proposal.id, ProposalVersion.number == proposal.submitted_version
        )
    )


def asked_to_join(proposal: Proposal) -> list[TeamInvitation]:
    """Everybody who was ever asked to join the team of a proposal, the last one first."""
    rows = sa.select(TeamInvitation).where(TeamInvitation.proposal_id == proposal.id)
    return list(db.session.scalars(rows.order_by(TeamInvitation.invited_at.desc(), TeamInvitation.address)))


def team_invitation(invitation_id: uuid.UUID | None) -> TeamInvitation | None:
    """An invitation to a team with its proposal, the call and whoever invited."""
    whole = joinedload(TeamInvitation.proposal).joinedload(Proposal.call), joinedload(TeamInvitation.invited_by)
    return db.session.scalar(sa.select(TeamInvitation).where(TeamInvitation.id == invitation_id).options(*whole))


def extendable(person: Person, call: Call, reference: str) -> Proposal | None:
    """A proposal of a call, drafts included, by the reference that its applicant gives; none that she has a conflict
    with."""
    there = Proposal.reference == reference.strip().upper()
    return db.session.scalar(sa.select(Proposal).where(Proposal.call_id == call.id, there, ~in_conflict(person)))


def extended(person: Person, call: Call) -> list[Proposal]:
    """The proposals of a call that were given more time, the longest first; none that she has a conflict with."""
    rows = sa.select(Proposal).where(Proposal.call_id == call.id, Proposal.extended_to.is_not(None))
    return list(db.session.scalars(rows.where(~in_conflict(person)).order_by(Proposal.extended_to.desc(), Proposal.id)))


def longest_extension(call: Call) -> datetime | None:
    """Until when some proposal of a call has more time than the others, if any was given."""
    last = sa.select(sa.func.max(Proposal.extended_to)).where(Proposal.call_id == call.id)
    return db.session.scalar(last)


def drafts(call: Call) -> list[Proposal]:
    """Drafts that were never submitted, with their teams: who is reminded, and told of a new deadline."""
    rows = sa.select(Proposal).where(Proposal.call_id == call.id, Proposal.status == Status.DRAFT)
    team = joinedload(Proposal.owner), selectinload(Proposal.members)
    return list(db.session.scalars(rows.options(*team).order_by(Proposal.id)))


def closing(at: datetime, within: timedelta) -> list[Call]:
    """Calls that take proposals now and close within that time."""
    soon = sa.select(Call).where(Call.launched_at.is_not(None), Call.deadline_at > at, Call.deadline_at <= at + within)
    return [call for call in db.session.scalars(soon) if call.phase(at) is Phase.OPEN]
