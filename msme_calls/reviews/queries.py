"""What a reviewer has to do, and what was written; each person sees no proposal that she may not."""

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import contains_eager, defer, joinedload

from msme_calls import freshness
from msme_calls.accounts.models import Person
from msme_calls.calls import kept_forms
from msme_calls.calls.models import TEXTS, Call, Criterion, Membership, Role
from msme_calls.extensions import db, note_lock, streamed
from msme_calls.proposals import answers, conflict_queries
from msme_calls.proposals import queries as proposals
from msme_calls.proposals.models import Proposal, Status
from msme_calls.reviews import rules
from msme_calls.reviews.models import Assignment, Review, ReviewStatus
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


# Statements about one reader are made once for each shape of reader: making them takes longer than asking the database.
_Shape = tuple[bool, bool]  # whether she has an organisation, and economies that a call's rule looks at
_ME = sa.bindparam("me", type_=sa.Uuid())


def _asking(person: Person) -> tuple[_Shape, dict[str, Any]]:
    """Her shape, and what is put into its statements."""
    codes = [] if person.international_staff else sorted(person.economy_codes)
    organisation = person.organisation_folded
    return (bool(organisation), bool(codes)), {"me": person.id, "organisation": organisation, "economies": codes}


@cache
def _hers(shape: _Shape) -> sa.Select[Assignment]:
    """A reviewer's own assignments in force, on proposals she may judge, whatever the phase."""
    role = sa.select(Membership.id).where(
        Membership.call_id == Call.id, Membership.person_id == _ME, Membership.role == Role.REVIEWER
    )
    organisation = sa.bindparam("organisation", type_=sa.Text()) if shape[0] else None
    economies: sa.BindParameter[Any] | None = sa.bindparam("economies", expanding=True) if shape[1] else None
    return (
        sa.select(Assignment)
        .join(Assignment.proposal)
        .join(Proposal.call)
        .where(Assignment.reviewer_id == _ME, Assignment.ended_at.is_(None), role.exists())
        .where(Proposal.status == Status.SUBMITTED, ~conflict_queries.conflicting(_ME, organisation, economies))
    )


@cache
def _mine(shape: _Shape) -> sa.Select[Assignment]:
    """The assignments that are a reviewer's to see: those of hers whose call is in review."""
    return _hers(shape).where(Call.review_started_at.is_not(None), Call.sealed_at.is_(None))


def _short() -> list[Any]:
    """Without what a call's public page says at length."""
    return [defer(getattr(Call, text)) for text in TEXTS]


@cache
def _own(shape: _Shape) -> sa.Select[Assignment]:
    """The same with what a line of the queue shows, but for the form."""
    call = contains_eager(Assignment.proposal).contains_eager(Proposal.call)
    return _mine(shape).options(call.options(*_short()), joinedload(Assignment.review))


@cache
def _queue(shape: _Shape, one_call: bool) -> sa.Select[Assignment]:
    call = contains_eager(Assignment.proposal).contains_eager(Proposal.call)
    rows = _own(shape).options(call.selectinload(Call.sections))
    return rows.where(Assignment.call_id == sa.bindparam("call")) if one_call else rows


@cache
def _own_one(shape: _Shape) -> sa.Select[Assignment, int]:
    """One of them, and the number of what is public, by which its form is kept."""
    return _own(shape).where(Assignment.id == sa.bindparam("assignment")).add_columns(freshness.NUMBER)


@cache
def _hers_one(shape: _Shape) -> sa.Select[Assignment]:
    return _hers(shape).where(Assignment.id == sa.bindparam("assignment"))


@cache
def _tally(shape: _Shape) -> sa.Select[Any]:
    done = sa.func.count(sa.case((Review.status == ReviewStatus.SUBMITTED, 1)))
    rows: sa.Select[Any] = _mine(shape).outerjoin(Assignment.review).group_by(Call.id)
    rows = rows.with_only_columns(Call, done, sa.func.count())  # type: ignore[assignment]
    return rows.options(*_short())


_LOCKED = (
    sa.select(Assignment.id)
    .join(Assignment.proposal)
    .where(Assignment.id == sa.bindparam("assignment"), Assignment.reviewer_id == _ME)
    .with_for_update(of=(Proposal, Assignment), key_share=True)
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


def queue(person: Person, at: datetime, call: Call | None = None) -> list[Waiting]:
    """What the person is asked to review, and what she has reviewed, while its call is in review or being decided.

    In all calls, or in one.
    """
    shape, values = _asking(person)
    rows = db.session.scalars(_queue(shape, call is not None), {**values, "call": call.id if call else None})
    found = [_waiting(assignment, at) for assignment in rows]
    return sorted((w for w in found if w.window.phase in rules.REVIEWING), key=_turn)


def tally(person: Person, at: datetime) -> tuple[int, int]:
    """How many of the person's assignments are done, and how many there are in her queue."""
    shape, values = _asking(person)
    rows = db.session.execute(_tally(shape), values).all()
    found = [(d, n) for call, d, n in rows if call.phase(at) in rules.REVIEWING]
    return sum(d for d, _n in found), sum(n for _d, n in found)


def load_own(person: Person, assignment_id: uuid.UUID, at: datetime) -> Waiting | None:
    """One of those assignments; None when it isn't hers, is over, or she may not judge the proposal."""
    shape, values = _asking(person)
    row = db.session.execute(_own_one(shape), {**values, "assignment": assignment_id}).first()
    if row is None:
        return None
    assignment, number = row
    kept_forms.give(assignment.proposal.call, number)
    line = _waiting(assignment, at)
    return line if line.window.phase in rules.REVIEWING else None


def load_to_write(person: Person, assignment_id: uuid.UUID, at: datetime) -> Waiting | None:
    """The same for whoever writes: its proposal and itself are locked first, in that order, and then all is read."""
    db.session.execute(_LOCKED, {"assignment": assignment_id, "me": person.id})
    line = load_own(person, assignment_id, at)
    if line is not None:
        note_lock(line.assignment.proposal)
        note_lock(line.assignment)
    return line


def load_over(person: Person, assignment_id: uuid.UUID, at: datetime) -> rules.Window | None:
    """When one of them could be written, for whoever sends a sheet after it was over; what it is about isn't shown."""
    shape, values = _asking(person)
    assignment = db.session.scalar(_hers_one(shape), {**values, "assignment": assignment_id})
    return window(assignment, at) if assignment else None


def to_do(person: Person, call: Call, at: datetime) -> list[Waiting]:
    """What the person still has to review in a call."""
    return [w for w in queue(person, at, call) if not w.done and not w.locked]


# What was written


def reviews_of(proposal: Proposal) -> list[Assignment]:
    """The assignments in force of a proposal whose reviews are submitted, with reviewers and former versions."""
    done = _submitted().where(Assignment.proposal_id == proposal.id)
    return list(db.session.scalars(done.options(contains_eager(Assignment.review).selectinload(Review.former))))


def reviews_in(person: Person, call: Call, at: datetime) -> Iterator[Any]:
    """The same for the whole call, by reference: of the proposals whose reviews the person may read now.

    As plain rows, some at a time however many there are: reference, title, reviewer (her name) and a review's columns.
    """
    own = still_judges(person, call, at)
    of_review = ("submitted_at", "late", "score", "scores", "comment_applicant", "comment_committee", "language")
    columns = (
        Proposal.reference,
        Proposal.title,
        Person.name.label("reviewer"),
        *(getattr(Review, c) for c in of_review),
    )
    rows = (
        proposals.visible_to_staff(person, call)
        .join(Assignment, Assignment.proposal_id == Proposal.id)
        .join(Assignment.review)
        .join(Assignment.reviewer)
        .where(Assignment.ended_at.is_(None), Review.status == ReviewStatus.SUBMITTED, Proposal.id.not_in(own))
        .order_by(Proposal.reference, Review.submitted_at, Review.id)
        .with_only_columns(*columns)
    )
    return streamed(rows)


def _submitted() -> sa.Select[Assignment]:
    return (
        sa.select(Assignment)
        .join(Assignment.review)
        .where(Assignment.ended_at.is_(None), Review.status == ReviewStatus.SUBMITTED)
        .options(contains_eager(Assignment.review), joinedload(Assignment.reviewer).lazyload(Person.economies))
        .order_by(Review.submitted_at, Review.id)
    )


_ANY = (
    sa.select(Assignment.id).where(Assignment.reviewer_id == _ME, Assignment.call_id == sa.bindparam("call")).limit(1)
)


def still_judges(person: Person, call: Call, at: datetime) -> set[uuid.UUID]:
    """The proposals of the call that the person reviews herself and whose review can still change."""
    if (
        db.session.scalar(_ANY, {"me": person.id, "call": call.id}) is None
    ):  # most who look at scores review nothing there
        return set()
    return {w.assignment.proposal_id for w in queue(person, at, call) if not _final(w)}


def _final(line: Waiting) -> bool:
    return line.locked or (line.done and rules.no_revision(line.window, line.at) is not None)


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
