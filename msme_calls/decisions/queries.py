"""What may be known of decisions, by whom and from when on. What is published comes from sealed bytes alone."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import joinedload, selectinload

from msme_calls.accounts.models import Person
from msme_calls.calls.models import Call
from msme_calls.decisions import rules, sealing
from msme_calls.decisions.models import Decision, Outcome, Resolution, Seal
from msme_calls.decisions.sealing import Broken, Result
from msme_calls.extensions import db
from msme_calls.proposals.conflict_queries import in_conflict
from msme_calls.proposals.models import Proposal, Status
from msme_calls.reviews import standings
from msme_calls.reviews.models import Assignment, Review, ReviewStatus, Standing
from msme_calls.reviews.ranking import Place

log = structlog.get_logger()


# What is published


def _due(at: datetime) -> sa.ColumnElement[bool]:
    """Seals in force whose instant has come; where call and seal name two instants, both must have."""
    passed = (Seal.result_at <= at) & (Call.result_at <= at)
    return Seal.unsealed_at.is_(None) & Call.sealed_at.is_not(None) & Call.cancelled_at.is_(None) & passed


def opened(seal: Seal) -> Result:
    """What was sealed, checked against its fingerprint in both places that hold it. Raises Broken."""
    try:
        if seal.call.seal_digest != seal.digest:
            raise Broken("the call and its seal name two digests")
        return sealing.open_sealed(seal.content, seal.digest)
    except Broken as broken:
        log.critical("sealed result is broken", call=seal.call.slug, seal=str(seal.id), reason=str(broken))
        raise


def published(at: datetime) -> list[tuple[Call, Result]]:
    """All published results with their calls, the newest first; a broken one is left out and logged."""
    rows = sa.select(Seal).join(Seal.call).options(joinedload(Seal.call)).where(_due(at))
    found = []
    for seal in db.session.scalars(rows.order_by(Seal.result_at.desc(), Call.slug)):
        try:
            found.append((seal.call, opened(seal)))
        except Broken:
            continue
    return found


def launched(slug: str) -> Call | None:
    """The call of a public page."""
    return db.session.scalar(sa.select(Call).where(Call.slug == slug, Call.launched_at.is_not(None)))


def due(call: Call, at: datetime) -> Seal | None:
    """The seal of a call, if its instant has come."""
    seal = sa.select(Seal).join(Seal.call).where(Seal.call_id == call.id, _due(at))
    return db.session.scalar(seal.options(joinedload(Seal.call)))


def result_of(call: Call, at: datetime) -> Result | None:
    """The published result of a call, or None before its instant. Raises Broken."""
    seal = due(call, at)
    return None if seal is None else opened(seal)


@dataclass(frozen=True)
class Told:
    """What an applicant learns: her outcome, the seal that says so, and the salt by which she can check it."""

    outcome: Outcome
    result: Result
    digest: str
    salt: str
    commitment: str | None  # None if the result names the proposal itself


def told(proposal: Proposal, at: datetime) -> Told | None:
    """What the applicant of a proposal may know, or None before the instant. Raises Broken."""
    seal = due(proposal.call, at)
    if seal is None:
        return None
    result, own_salt = opened(seal), sealing.salt(seal.secret, proposal.reference)
    if entry := result.entry(proposal.reference):
        return Told(Outcome(entry.outcome), result, seal.digest, own_salt, None)
    for outcome in Outcome:  # the seal says which; what the decision's own row says now doesn't matter
        said = sealing.commitment(own_salt, proposal.reference, outcome.value)
        if said in result.others:
            return Told(outcome, result, seal.digest, own_salt, said)
    return None


def outcome_for(proposal: Proposal, at: datetime) -> Outcome | None:
    """The outcome that the proposal's applicant may know, or None before the instant. Raises Broken."""
    found = told(proposal, at)
    return found.outcome if found else None


def comments(proposal: Proposal) -> list[tuple[str, str]]:
    """The reviewers' comments to the applicant with their languages: no names, in no order that says anything."""
    rows = db.session.execute(
        sa.select(Review.comment_applicant, Review.language)
        .join(Review.assignment)
        .where(
            Assignment.proposal_id == proposal.id,
            Assignment.ended_at.is_(None),
            Review.status == ReviewStatus.SUBMITTED,
            Review.comment_applicant != "",
        )
        .order_by(Review.id)
    )
    return [(text, language) for text, language in rows]


def seals(call: Call) -> list[Seal]:
    """All seals of a call, the newest first; their digests and notes are public, what they hold is not."""
    rows = sa.select(Seal).where(Seal.call_id == call.id).order_by(Seal.sealed_at.desc(), Seal.id)
    return list(db.session.scalars(rows))


def in_force(call: Call) -> Seal | None:
    """The seal of a call, whether or not its instant has come."""
    return db.session.scalar(sa.select(Seal).where(Seal.call_id == call.id, Seal.unsealed_at.is_(None)))


# At the desk


@dataclass(frozen=True)
class Ranked:
    """A proposal in the ranking: its place (None without a score), and whether the reader is recused from it."""

    id: uuid.UUID
    place: Place | None
    outcome: Outcome | None
    recused: bool


@dataclass(frozen=True)
class Line:
    """A line of the coordinators' list; without a proposal for whoever is recused from it."""

    rank: Ranked
    proposal: Proposal | None = None
    standing: Standing | None = None
    decision: Decision | None = None


def ranked(call: Call, person: Person) -> list[Ranked]:
    """All proposals that are judged, in the order of the ranking, with a mark where the person is recused."""
    rows = db.session.execute(sa.select(Decision.proposal_id, Decision.outcome).where(Decision.call_id == call.id))
    outcomes = {proposal_id: outcome for proposal_id, outcome in rows}
    return [Ranked(i, place, outcomes.get(i), recused) for i, place, recused in standings.order(person, call)]


def lines(ranks: Iterable[Ranked]) -> list[Line]:
    """The lines of some places, with their rows where the reader isn't recused."""
    ranks = list(ranks)
    seen = [rank.id for rank in ranks if not rank.recused]
    rows = db.session.execute(
        sa.select(Proposal, Standing, Decision)
        .outerjoin(Standing, Standing.proposal_id == Proposal.id)
        .outerjoin(Decision, Decision.proposal_id == Proposal.id)
        .where(Proposal.id.in_(seen))
    )
    found = {proposal.id: (proposal, standing, decision) for proposal, standing, decision in rows}
    return [Line(rank, *found.get(rank.id, ())) for rank in ranks]


def stamp_of(ranks: Iterable[Ranked], plan: Mapping[uuid.UUID, Outcome]) -> str:
    """What tells one plan of outcomes from another, so that exactly what was shown is saved."""
    said = [[str(r.id), r.outcome.value if r.outcome else None, plan[r.id].value] for r in ranks]
    return sealing.digest(sealing.canonical(said))


def judged(call: Call) -> list[tuple[Proposal, Decision | None]]:
    """All proposals that a decision must have, in the order of the ranking, with the decision that they have."""
    rows = db.session.execute(
        sa.select(Proposal, Decision)
        .outerjoin(Standing, Standing.proposal_id == Proposal.id)
        .outerjoin(Decision, Decision.proposal_id == Proposal.id)
        .where(Proposal.call_id == call.id, Proposal.status == Status.SUBMITTED)
        .order_by(*standings.IN_ORDER)
    )
    return [(proposal, decision) for proposal, decision in rows]


def with_owners(call: Call) -> list[Proposal]:
    """All proposals that are judged, with their teams: who is told the outcome."""
    rows = sa.select(Proposal).where(Proposal.call_id == call.id, Proposal.status == Status.SUBMITTED)
    whole = joinedload(Proposal.owner), selectinload(Proposal.members)
    return list(db.session.scalars(rows.options(*whole).order_by(Proposal.reference)))


def decision_of(proposal: Proposal) -> Decision | None:
    """The decision on a proposal."""
    return db.session.get(Decision, proposal.id)


def undecided(call: Call, person: Person) -> int:
    """How many judged proposals have no outcome yet, of those that the person may see."""
    judged_ones = (Proposal.call_id == call.id) & (Proposal.status == Status.SUBMITTED)
    rows = sa.select(sa.func.count()).select_from(Proposal).outerjoin(Decision, Decision.proposal_id == Proposal.id)
    return db.session.scalar(rows.where(judged_ones, Decision.proposal_id.is_(None), ~in_conflict(person))) or 0


def recused_from(call: Call, person: Person) -> set[str]:
    """References of judged proposals that the person may not see; only to leave them out of what she is shown."""
    judged_ones = (Proposal.call_id == call.id) & (Proposal.status == Status.SUBMITTED)
    own = sa.select(Proposal.reference).where(judged_ones, in_conflict(person))
    return set(db.session.scalars(own))


def symbols(but: Proposal | None = None) -> set[str]:
    """The document symbols that are given, in all calls; but for a proposal's own."""
    given = sa.select(Decision.symbol).where(Decision.symbol != "")
    return set(db.session.scalars(given.where(Decision.proposal_id != but.id) if but else given))


def resolution_of(call: Call) -> Resolution | None:
    """The state of the decision as a whole, if anybody has proposed one."""
    return db.session.get(Resolution, call.id)


def rows_to_check(board: list[tuple[Proposal, Decision | None]]) -> list[rules.Row]:
    """The decisions as the check of what is missing takes them."""
    return [
        rules.Row(p.reference, d.outcome, d.public_name, d.public_project, d.public_summary, d.symbol)
        if d
        else rules.Row(p.reference, None)
        for p, d in board
    ]


def fingerprint(board: list[tuple[Proposal, Decision | None]]) -> str:
    """The digest of all decisions as they are now: what is proposed, and what alone may be confirmed and sealed."""
    said = [
        {
            "reference": proposal.reference,
            "outcome": decision.outcome.value if decision else None,
            "rationale": decision.rationale if decision else "",
            "name": decision.public_name if decision else {},
            "project": decision.public_project if decision else {},
            "summary": decision.public_summary if decision else {},
            "symbol": decision.symbol if decision else "",
        }
        for proposal, decision in sorted(board, key=lambda row: row[0].reference)
    ]
    return sealing.digest(sealing.canonical(said))
