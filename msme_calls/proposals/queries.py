"""Which proposals somebody may see. Conflicts of interest win over every role but the owner's own."""

import uuid

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from msme_calls.accounts.models import Person
from msme_calls.calls.models import Call, Section
from msme_calls.extensions import db
from msme_calls.proposals.conflicts import Judge, Subject
from msme_calls.proposals.models import Conflict, Proposal, ProposalVersion, Status


def own(person: Person) -> sa.Select[Proposal]:
    """The person's own proposals, as their applicant."""
    return sa.select(Proposal).where(Proposal.owner_id == person.id)


def own_in(person: Person, call: Call) -> sa.Select[Proposal]:
    """The person's own proposals to a call, the newest first."""
    return own(person).where(Proposal.call_id == call.id).order_by(Proposal.started_at.desc(), Proposal.id)


def load_own(person: Person, proposal_id: uuid.UUID) -> Proposal | None:
    """One of the person's own proposals with what its pages need."""
    parts = (
        joinedload(Proposal.call).selectinload(Call.sections).selectinload(Section.questions),
        selectinload(Proposal.drafts),
        selectinload(Proposal.attachments),
        selectinload(Proposal.versions),
    )
    return db.session.scalar(own(person).where(Proposal.id == proposal_id).options(*parts))


def in_conflict(person: Person) -> sa.ColumnElement[bool]:
    """The proposals that the person may not judge, rank or decide: `conflicts.conflict` as a condition in SQL."""
    ruled = sa.select(Call.id).where(Call.economy_rule)
    declared = sa.select(Conflict.proposal_id).where(Conflict.person_id == person.id)
    reasons = [Proposal.owner_id == person.id, Proposal.id.in_(declared)]
    if person.organisation_folded:
        reasons.append(Proposal.organisation_folded == person.organisation_folded)
    if not person.international_staff and person.economy_codes:
        reasons.append(Proposal.call_id.in_(ruled) & Proposal.economy.in_(sorted(person.economy_codes)))
    return sa.or_(*reasons)


def of_call(call: Call) -> sa.Select[Proposal]:
    """All proposals of a call that were ever submitted; drafts are nobody's but their applicants'."""
    return sa.select(Proposal).where(Proposal.call_id == call.id, Proposal.status != Status.DRAFT)


def visible_to_staff(person: Person, call: Call) -> sa.Select[Proposal]:
    """The submitted proposals of a call that somebody with a role there may see: none that she has a conflict with."""
    return of_call(call).where(~in_conflict(person))


def recused(person: Person, call: Call) -> int:
    """How many proposals of the call the person may not see."""
    hidden = of_call(call).where(in_conflict(person)).subquery()
    return db.session.scalar(sa.select(sa.func.count()).select_from(hidden)) or 0


def load_for_staff(person: Person, call: Call, proposal_id: uuid.UUID) -> Proposal | None:
    """One of those proposals."""
    return db.session.scalar(visible_to_staff(person, call).where(Proposal.id == proposal_id))


def counting(proposal: Proposal) -> ProposalVersion | None:
    """The submitted version that counts."""
    if proposal.submitted_version is None:
        return None
    return db.session.scalar(
        sa.select(ProposalVersion).where(
            ProposalVersion.proposal_id == proposal.id, ProposalVersion.number == proposal.submitted_version
        )
    )


def judge(person: Person) -> Judge:
    """What the rules on conflicts look at in a person."""
    return Judge(person.id, person.organisation_folded, person.economy_codes, person.international_staff)


def subjects(proposals: list[Proposal]) -> dict[uuid.UUID, Subject]:
    """What the rules on conflicts look at in proposals, with the conflicts declared about them."""
    ids = [p.id for p in proposals]
    declared: dict[uuid.UUID, set[uuid.UUID]] = {}
    rows = db.session.execute(sa.select(Conflict.proposal_id, Conflict.person_id).where(Conflict.proposal_id.in_(ids)))
    for proposal_id, person_id in rows:
        declared.setdefault(proposal_id, set()).add(person_id)
    return {
        p.id: Subject(p.owner_id, p.organisation_folded, p.economy, frozenset(declared.get(p.id, ())))
        for p in proposals
    }


def drafts_due(call: Call) -> sa.Select[Proposal]:
    """Drafts that were never submitted, with their owners: who is reminded, and told of a new deadline."""
    drafts = sa.select(Proposal).where(Proposal.call_id == call.id, Proposal.status == Status.DRAFT)
    return drafts.options(joinedload(Proposal.owner))
