"""Conflicts of interest in SQL, the same as `conflicts` says in plain Python; and what its rules look at."""

import uuid
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from msme_calls.accounts.models import Person
from msme_calls.calls.models import Call
from msme_calls.extensions import db
from msme_calls.proposals.conflicts import Judge, Subject
from msme_calls.proposals.models import Conflict, Member, Named, Proposal, Status, TeamInvitation

_ASKED = TeamInvitation.declined_at.is_(None) & TeamInvitation.revoked_at.is_(None)


_MINE, _THERE = aliased(Proposal), aliased(Call)  # made once: making them takes longer than asking the database


_COUNTS = (_MINE.status == Status.SUBMITTED) | _THERE.review_started_at.is_(None)


_STAYED = Member.left_at.is_(None) | (Member.left_at >= _THERE.deadline_at)  # who was there at the deadline applies


def applying(people: Iterable[uuid.UUID]) -> sa.CompoundSelect[uuid.UUID, uuid.UUID]:
    """Who of some people applies in which calls, alone or on a team, as pairs of ids.

    Until the review starts, drafts and withdrawn proposals count too: the deadline can still move, and nobody shall
    read her competitors' proposals and then hand in her own. After it only what is judged counts.
    """
    people = list(people)
    led = sa.select(_MINE.owner_id.label("person_id"), _MINE.call_id).join(_THERE, _THERE.id == _MINE.call_id)
    joined = (
        sa.select(Member.person_id, _MINE.call_id)
        .join(_MINE, _MINE.id == Member.proposal_id).join(_THERE, _THERE.id == _MINE.call_id)
    )  # fmt: skip
    return led.where(_MINE.owner_id.in_(people), _COUNTS).union(
        joined.where(Member.person_id.in_(people), _COUNTS, _STAYED)
    )


def applies(person: Person, call: Call) -> bool:
    """Whether the person applies in the call, and so has no part in judging the others."""
    rows = applying([person.id]).subquery()
    return bool(db.session.scalar(sa.select(sa.exists().where(rows.c.call_id == call.id))))


def in_conflict(person: Person) -> sa.ColumnElement[bool]:
    """The proposals that the person may not judge, rank or decide: `conflicts.conflict` as a condition in SQL."""
    codes = [] if person.international_staff else sorted(person.economy_codes)
    return conflicting(person.id, person.organisation_folded or None, codes or None)


def conflicting(who: Any, organisation: Any, economies: Any) -> sa.ColumnElement[bool]:
    """The same for values, or for their places in a statement that is made once; None for what she hasn't got."""
    ruled = sa.select(Call.id).where(Call.economy_rule)
    declared = sa.select(Conflict.proposal_id).where(Conflict.person_id == who)
    competes = sa.select(applying([who]).subquery().c.call_id)
    reasons = [Proposal.owner_id == who, Proposal.id.in_(_named(who)), Proposal.id.in_(declared)]
    reasons.append(Proposal.call_id.in_(competes))
    if organisation is not None:
        reasons.append(Proposal.organisation_folded == organisation)
    if economies is not None:
        reasons.append(Proposal.call_id.in_(ruled) & Proposal.economy.in_(economies))
    return sa.or_(*reasons)


def _named(who: Any) -> sa.CompoundSelect[Any]:
    """The proposals on whose teams somebody is or was, is asked to be by her address, or that name her as an author."""
    address = sa.select(Person.email).where(Person.id == who).scalar_subquery()
    return (
        sa.select(Member.proposal_id)
        .where(Member.person_id == who)
        .union_all(
            sa.select(TeamInvitation.proposal_id).where(TeamInvitation.address == address, _ASKED),
            sa.select(Named.proposal_id).where(Named.address == address),
        )
    )


def judge(person: Person) -> Judge:
    """What the rules on conflicts look at in a person."""
    return judges([person])[person.id]


def judges(people: Iterable[Person]) -> dict[uuid.UUID, Judge]:
    """The same for many people, in one statement."""
    people = list(people)
    found: dict[uuid.UUID, set[uuid.UUID]] = {p.id: set() for p in people}
    for person_id, call_id in db.session.execute(applying(found)):
        found[person_id].add(call_id)
    return {
        p.id: Judge(
            p.id, p.organisation_folded, p.economy_codes, p.international_staff, frozenset(found[p.id]), p.email
        )
        for p in people
    }


def subjects(proposals: list[Proposal]) -> dict[uuid.UUID, Subject]:
    """What the rules on conflicts look at in proposals, with the conflicts declared about them."""
    ids = [p.id for p in proposals]
    declared: dict[uuid.UUID, set[uuid.UUID]] = {}
    rows = db.session.execute(sa.select(Conflict.proposal_id, Conflict.person_id).where(Conflict.proposal_id.in_(ids)))
    for proposal_id, person_id in rows:
        declared.setdefault(proposal_id, set()).add(person_id)
    team, addresses = _teams(ids)
    return {
        p.id: Subject(
            p.owner_id, p.organisation_folded, p.economy, frozenset(declared.get(p.id, ())), p.call_id,
            frozenset(team.get(p.id, ())), frozenset(addresses.get(p.id, ())),
        )
        for p in proposals
    }  # fmt: skip


def _teams(ids: list[uuid.UUID]) -> tuple[dict[uuid.UUID, set[uuid.UUID]], dict[uuid.UUID, set[str]]]:
    """Who is or was on the teams of proposals, and which addresses are asked to join them or named in them."""
    nobody, nowhere = sa.null().cast(sa.Uuid), sa.null().cast(sa.Text)
    rows = sa.select(Member.proposal_id, Member.person_id, nowhere).where(Member.proposal_id.in_(ids)).union_all(
        sa.select(TeamInvitation.proposal_id, nobody, TeamInvitation.address)
        .where(TeamInvitation.proposal_id.in_(ids), _ASKED),
        sa.select(Named.proposal_id, nobody, Named.address).where(Named.proposal_id.in_(ids)),
    )  # fmt: skip
    team: dict[uuid.UUID, set[uuid.UUID]] = {}
    addresses: dict[uuid.UUID, set[str]] = {}
    for proposal_id, person_id, address in db.session.execute(rows):
        if person_id is not None:
            team.setdefault(proposal_id, set()).add(person_id)
        else:
            addresses.setdefault(proposal_id, set()).add(address)
    return team, addresses
