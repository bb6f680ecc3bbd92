"""What a reviewer has to do, what was written, and the ranking; each person sees no proposal that she may not."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, NamedTuple

import sqlalchemy as sa
from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from msme_calls.accounts.models import Person
from msme_calls.calls.models import Call, Criterion, Membership, Role
from msme_calls.extensions import db
from msme_calls.proposals import answers
from msme_calls.proposals import queries as proposals
from msme_calls.proposals.models import Proposal, Status
from msme_calls.reviews import rules
from msme_calls.reviews.models import Assignment, Review, ReviewStatus, Standing
from msme_calls.reviews.ranking import Place, places
from msme_calls.reviews.scoring import Weighted
from msme_calls.web import words_of

LAST = datetime.max.replace(tzinfo=UTC)


def window(assignment: Assignment, at: datetime) -> rules.Window:
    """When the review of this assignment may be written."""
    call = assignment.proposal.call
    return rules.Window(call.phase(at), call.review_due_at, call.review_cutoff_at, assignment.extended_to)


def weighted(criteria: Iterable[Criterion]) -> list[Weighted]:
    """A call's criteria as scoring needs them."""
    return [Weighted(c.key, c.weight, c.scale) for c in criteria]


def unanswered(criteria: Iterable[Criterion], scores: dict[str, Any]) -> list[Criterion]:
    """The criteria that need an answer and have neither a score nor “can’t judge”."""
    return [c for c in criteria if not c.optional and c.key not in scores]


# A reviewer's own work


@dataclass(frozen=True)
class Waiting:
    """One line of a reviewer's queue: what a blind reviewer may know of the proposal, and how her review stands."""

    assignment: Assignment
    title: str
    window: rules.Window
    at: datetime

    @property
    def done(self) -> bool:
        """Whether the review is submitted."""
        review = self.assignment.review
        return review is not None and review.status is ReviewStatus.SUBMITTED

    @property
    def late(self) -> bool:
        """Whether it is due and not done."""
        return not self.done and rules.late(self.window, self.at)

    @property
    def locked(self) -> bool:
        """Whether nothing can be written any more."""
        return rules.no_review(self.window, self.at) is not None

    @property
    def url(self) -> str:
        return url_for("reviews.review", assignment_id=self.assignment.id)

    @property
    def language(self) -> str:
        return self.assignment.proposal.language

    @property
    def call_title(self) -> Any:
        return words_of(self.assignment.proposal.call.title)

    @property
    def word(self) -> str:
        """Where the review stands, in a word or two."""
        review = self.assignment.review
        if review and self.done:
            return _("Submitted late") if review.late else _("Submitted")
        if self.locked:
            return _("Locked")
        return _("Late") if self.late else _("Started") if self.assignment.review else _("To do")

    @property
    def state(self) -> str:
        """The colour of that word."""
        return "good" if self.done else "late" if self.late else "soon"


def _own(person: Person) -> sa.Select[Assignment]:
    """The assignments that are a reviewer's to see: hers, in a call in review, on proposals she may judge."""
    role = sa.select(Membership.id).where(
        Membership.call_id == Call.id, Membership.person_id == person.id, Membership.role == Role.REVIEWER
    )
    proposal = contains_eager(Assignment.proposal)
    return (
        sa.select(Assignment)
        .join(Assignment.proposal)
        .join(Proposal.call)
        .where(Assignment.reviewer_id == person.id, Assignment.ended_at.is_(None), role.exists())
        .where(Proposal.status == Status.SUBMITTED, ~proposals.in_conflict(person))
        .where(Call.review_started_at.is_not(None), Call.sealed_at.is_(None))
        .options(
            proposal.contains_eager(Proposal.call).options(selectinload(Call.sections), selectinload(Call.criteria)),
            joinedload(Assignment.review),
        )
    )


def _waiting(assignment: Assignment, at: datetime) -> Waiting:
    proposal = assignment.proposal
    hidden = answers.hidden_face(proposal.call, answers.Viewer.REVIEWER)
    title = "" if "title" in hidden else proposal.title
    return Waiting(assignment, title or proposal.reference, window(assignment, at), at)


def _turn(line: Waiting) -> tuple[bool, datetime, str]:
    """To do before done, by due date, then in an order of each reviewer's own: no proposal comes first for all."""
    ids = f"{line.assignment.reviewer_id}:{line.assignment.proposal_id}"
    return line.done, line.window.due or LAST, sha256(ids.encode()).hexdigest()


def queue(person: Person, at: datetime) -> list[Waiting]:
    """What the person is asked to review, and what she has reviewed, while its call is in review or being decided."""
    found = [_waiting(a, at) for a in db.session.scalars(_own(person))]
    return sorted((w for w in found if w.window.phase in rules.REVIEWING), key=_turn)


def load_own(person: Person, assignment_id: uuid.UUID, at: datetime) -> Waiting | None:
    """One of those assignments; None when it isn't hers, is over, or she may not judge the proposal."""
    own = _own(person).where(Assignment.id == assignment_id)
    assignment = db.session.scalar(own.options(joinedload(Assignment.review).selectinload(Review.former)))
    line = _waiting(assignment, at) if assignment else None
    return line if line and line.window.phase in rules.REVIEWING else None


def to_do(person: Person, call: Call, at: datetime) -> list[Waiting]:
    """What the person still has to review in a call."""
    return [w for w in queue(person, at) if w.assignment.call_id == call.id and not w.done and not w.locked]


# What was written


def reviews_of(proposal: Proposal) -> list[Assignment]:
    """The assignments in force of a proposal whose reviews are submitted, with reviewers and former versions."""
    done = _submitted().where(Assignment.proposal_id == proposal.id)
    return list(db.session.scalars(done.options(contains_eager(Assignment.review).selectinload(Review.former))))


def reviews_in(person: Person, call: Call, at: datetime) -> list[Assignment]:
    """The same for the whole call, by reference: of the proposals whose reviews the person may read now."""
    seen = proposals.visible_to_staff(person, call).with_only_columns(Proposal.id)
    own = still_judges(person, call, at)
    rows = _submitted().join(Assignment.proposal).options(contains_eager(Assignment.proposal)).order_by(None)
    rows = rows.where(Assignment.proposal_id.in_(seen), Assignment.proposal_id.not_in(own))
    return list(db.session.scalars(rows.order_by(Proposal.reference, Review.submitted_at, Review.id)))


def _submitted() -> sa.Select[Assignment]:
    return (
        sa.select(Assignment)
        .join(Assignment.review)
        .where(Assignment.ended_at.is_(None), Review.status == ReviewStatus.SUBMITTED)
        .options(contains_eager(Assignment.review), joinedload(Assignment.reviewer).lazyload(Person.economies))
        .order_by(Review.submitted_at, Review.id)
    )


def still_judges(person: Person, call: Call, at: datetime) -> set[uuid.UUID]:
    """The proposals of the call that the person reviews herself and whose review can still change."""
    lines = [w for w in queue(person, at) if w.assignment.call_id == call.id]
    return {w.assignment.proposal_id for w in lines if not _final(w)}


def _final(line: Waiting) -> bool:
    return line.locked or (line.done and rules.no_revision(line.window, line.at) is not None)


# The ranking


class Ranked(NamedTuple):
    """A row of the ranking. Without `proposal` and `standing` for whoever may not see it; no place without a mean."""

    proposal: Proposal | None
    standing: Standing | None
    place: Place | None


# The order of the ranking in SQL, for proposals joined with their standings.
IN_ORDER = (
    Standing.mean.desc().nulls_last(),
    Standing.ties.desc().nulls_last(),
    Standing.draw.desc().nulls_last(),
    Proposal.reference,
)


def order(person: Person, call: Call) -> list[tuple[uuid.UUID, Place | None, bool]]:
    """All proposals that count, in ranking order: (id, place, whether the person is recused)."""
    rows = db.session.execute(
        sa.select(Proposal.id, Standing.mean, Standing.ties, proposals.in_conflict(person))
        .outerjoin(Standing, Standing.proposal_id == Proposal.id)
        .where(Proposal.call_id == call.id, Proposal.status == Status.SUBMITTED)
        .order_by(*IN_ORDER)
    ).all()
    found = places((row[0], row[1], row[2] or "") for row in rows)
    return [(row[0], found[row[0]], bool(row[3])) for row in rows]


def ranked(person: Person, call: Call, first: int = 0, last: int | None = None) -> list[Ranked]:
    """The ranking as the person may see it, or its rows `first` to `last` (from 0, `last` not included).

    A proposal without submitted reviews has a standing without a mean, and no place. Recused rows keep theirs.
    """
    rows = order(person, call)[first:last]
    seen = [proposal_id for proposal_id, _place, recused in rows if not recused]
    loaded = db.session.execute(
        sa.select(Proposal, Standing)
        .outerjoin(Standing, Standing.proposal_id == Proposal.id)
        .where(Proposal.id.in_(seen))
    )
    known = {p.id: (p, standing or Standing(proposal_id=p.id, call_id=call.id, count=0)) for p, standing in loaded}
    return [
        Ranked(*known[proposal_id], place) if proposal_id in known else Ranked(None, None, place)
        for proposal_id, place, _recused in rows
    ]


def all_done(call: Call) -> bool:
    """Whether every proposal that counts has its reviews, and no assignment in force still waits for one."""
    counts = Proposal.status == Status.SUBMITTED
    done = (
        sa.select(sa.func.count())
        .select_from(Assignment)
        .join(Assignment.review)
        .where(Assignment.proposal_id == Proposal.id, Assignment.ended_at.is_(None))
        .where(Review.status == ReviewStatus.SUBMITTED)
    )
    short = sa.select(Proposal.id).where(
        Proposal.call_id == call.id, counts, done.correlate(Proposal).scalar_subquery() < call.reviews_per_proposal
    )
    open_ = (
        sa.select(Assignment.id)
        .join(Assignment.proposal)
        .outerjoin(Assignment.review)
        .where(Assignment.call_id == call.id, Assignment.ended_at.is_(None), counts)
        .where(sa.or_(Review.id.is_(None), Review.status != ReviewStatus.SUBMITTED))
    )
    return not db.session.scalar(sa.select(sa.or_(short.exists(), open_.exists())))
