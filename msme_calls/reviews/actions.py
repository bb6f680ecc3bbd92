"""What is done with assignments and reviews; each proposal's standing is computed anew in the same transaction."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from msme_calls import history, outbox
from msme_calls.accounts.models import Person
from msme_calls.calls.models import Call
from msme_calls.calls.queries import reread
from msme_calls.errors import Refused, allow
from msme_calls.extensions import db, lock, locked
from msme_calls.i18n import _l
from msme_calls.proposals.actions import declare_conflict as note_conflict
from msme_calls.proposals.models import Proposal, Status
from msme_calls.reviews import ranking, rules, scoring
from msme_calls.reviews.assignment import Plan
from msme_calls.reviews.board import Board
from msme_calls.reviews.models import Assignment, Ended, FormerReview, Review, ReviewStatus, Standing
from msme_calls.reviews.queries import unanswered, weighted, window


@dataclass(frozen=True)
class Sheet:
    """What a reviewer filled in: criterion key → score, None for “can't judge”, absent if not answered; comments."""

    scores: dict[str, int | None]
    comment_applicant: str = ""
    comment_committee: str = ""
    language: str = "en"


class Superseded(Exception):
    """The sheet was saved elsewhere since the one that is being sent was opened: nothing is overwritten."""

    def __init__(self, review: Review | None) -> None:
        super().__init__()
        self.review = review


# Assignments


def assign(proposal: Proposal, reviewer: Person, *, by: Person, at: datetime) -> Assignment:
    """Ask a reviewer of the call to judge a proposal, by hand. One at a time in a call, so that caps hold."""
    call = proposal.call
    lock(call)
    board = Board(call, by, at)
    if str(reviewer.id) not in board.seats or (
        proposal.status is Status.SUBMITTED and proposal.id not in board.proposals
    ):
        raise Refused(str(_l("Choose a proposal and a reviewer from the lists.")))
    counts = proposal.status is Status.SUBMITTED
    bar = board.bar(proposal, reviewer.id) if counts else None
    allow(rules.no_assignment(call.phase(at), counts, bar))
    made = _assign(proposal, reviewer, {"by": "hand"}, by=by, at=at)
    _tell(call, [made], at)
    return made


def save_draw(call: Call, seed: str, digest: str, *, by: Person, at: datetime) -> Plan | None:
    """Make the assignments of a draw that was looked at; None, and nothing made, if it would be another one now."""
    lock(call)
    allow(rules.no_assigning(call.phase(at)))
    board = Board(call, by, at)
    plan = board.plan(seed)
    if plan.digest != digest:
        return None
    people = {str(m.person_id): m.person for m in board.members}
    made = [
        _assign(board.proposals[uuid.UUID(pair.need)], people[pair.seat],
                {"by": "draw", "seed": seed, "eligible": pair.eligible}, by=by, at=at)
        for pair in plan.pairs
    ]  # fmt: skip
    _tell(call, made, at)
    return plan


def _assign(proposal: Proposal, reviewer: Person, why: dict, *, by: Person, at: datetime) -> Assignment:
    made = Assignment(
        id=uuid.uuid4(), proposal=proposal, reviewer=reviewer, call_id=proposal.call_id, why=why, assigned_at=at,
        assigned_by_id=by.id,
    )  # fmt: skip
    db.session.add(made)
    details = {k: v for k, v in why.items() if k != "by"}
    _note("assign", made, by, at, how=why["by"], **details)
    return made


def _tell(call: Call, made: Iterable[Assignment], at: datetime) -> None:
    """One mail a reviewer, whatever she was given."""
    given: dict[Person, list[str]] = {}
    for assignment in made:
        given.setdefault(assignment.reviewer, []).append(str(assignment.id))
    for reviewer, ids in given.items():
        outbox.queue("review_assigned", to=reviewer, at=at, call=call, assignments=ids)


def unassign(assignment: Assignment, reason: str, *, confirmed: bool, by: Person, at: datetime) -> None:
    """Take an assignment away; a submitted review no longer counts, if that is `confirmed`."""
    _lock(assignment)
    submitted = assignment.review is not None and assignment.review.status is ReviewStatus.SUBMITTED
    allow(rules.no_removal(assignment.proposal.call.phase(at), submitted, confirmed))
    _end(assignment, Ended.REMOVED, reason, at)
    _note("unassign", assignment, by, at, reason=reason, submitted=submitted)
    if submitted:
        restand(assignment.proposal)


def extend(assignment: Assignment, until: datetime, reason: str, *, by: Person, at: datetime) -> None:
    """Give one reviewer more time for one review, past the cut-off if need be."""
    _lock(assignment)
    call = assignment.proposal.call
    allow(rules.no_extension(window(assignment, at), until, call.result_at, at))
    assignment.extended_to = until
    _note("extend-review", assignment, by, at, until=until, reason=reason)
    outbox.queue("review_extended", to=assignment.reviewer, at=at, call=call, assignment=str(assignment.id))


def decline(assignment: Assignment, reason: str, *, by: Person, at: datetime) -> None:
    """The reviewer can't do it."""
    _lock(assignment)
    submitted = assignment.review is not None and assignment.review.status is ReviewStatus.SUBMITTED
    allow(rules.no_ending(window(assignment, at), submitted))
    _end(assignment, Ended.DECLINED, reason, at)
    _note("decline", assignment, by, at)


def declare_conflict(assignment: Assignment, reason: str, *, by: Person, at: datetime) -> None:
    """The reviewer has a conflict of interest: the proposal is absent for her at once, and her review doesn't count."""
    _lock(assignment)
    allow(rules.no_ending(window(assignment, at), submitted=False))
    note_conflict(assignment.proposal, assignment.reviewer, reason, by=by, at=at)
    if assignment.ended_at is None:  # it was declared before she was asked
        _end_in_conflict(assignment, reason, at)


def end_in_conflict(proposal: Proposal, reviewer: Person, reason: str, at: datetime) -> None:
    """What a conflict does, whoever declared it: her review doesn't count. After the seal all stands."""
    found = sa.select(Assignment).where(
        Assignment.proposal_id == proposal.id, Assignment.reviewer_id == reviewer.id, Assignment.ended_at.is_(None)
    )
    assignment = db.session.scalar(found)
    if assignment is not None and proposal.call.phase(at) in rules.REVIEWING:
        _end_in_conflict(assignment, reason, at)


def _end_in_conflict(assignment: Assignment, reason: str, at: datetime) -> None:
    _end(assignment, Ended.CONFLICT, reason, at)
    if assignment.review is not None and assignment.review.status is ReviewStatus.SUBMITTED:
        restand(assignment.proposal)


def _lock(assignment: Assignment) -> None:
    """The proposal first, always: whatever changes its standing waits here for one another.

    Whoever waited is judged by the phase and the dates that the call has then.
    """
    if not (locked(assignment.proposal) and locked(assignment)):  # else all of it was read after that: `load_to_write`
        lock(assignment.proposal)
        lock(assignment)
        reread(assignment.proposal.call)
    if assignment.ended_at is not None:
        raise Refused(str(_l("This assignment has ended. Nothing was changed.")))


def _end(assignment: Assignment, why: Ended, reason: str, at: datetime) -> None:
    assignment.ended, assignment.ended_at, assignment.ended_reason = why, at, reason


def _note(verb: str, assignment: Assignment, by: Person, at: datetime, **details: object) -> None:
    proposal, ids = assignment.proposal, {"assignment": str(assignment.id), "person": str(assignment.reviewer.id)}
    history.record(verb, by=by, at=at, call=proposal.call, proposal=proposal, **ids, **details)


# Reviews


def save_review(
    assignment: Assignment, sheet: Sheet, expected: int | None = None, *, by: Person, at: datetime
) -> Review:
    """Keep an unfinished score sheet. `expected`: the version that was open (0 for none), or None to take any.

    Raises Superseded if another version was saved meanwhile. A submitted review is left alone: it can be revised.
    """
    _lock(assignment)
    review = assignment.review
    if review is not None and _same(review, sheet):
        return review
    _compare(review, expected)
    allow(rules.no_review(window(assignment, at), at))
    if review is not None and review.status is ReviewStatus.SUBMITTED:
        raise Refused(str(_l("This review is submitted. To change it, submit it anew with a reason.")))
    return _write(assignment, sheet, at)


def submit_review(
    assignment: Assignment, sheet: Sheet, expected: int | None = None, reason: str = "", *, by: Person, at: datetime
) -> Review:
    """Hand a review in, or a revised one (its former version is kept). The same sheet twice is handed in once."""
    _lock(assignment)
    proposal, review = assignment.proposal, assignment.review
    revised = review is not None and review.status is ReviewStatus.SUBMITTED
    if review is not None and revised and _same(review, sheet):
        return review
    _compare(review, expected)
    allow((rules.no_revision if revised else rules.no_review)(window(assignment, at), at))
    allow(rules.no_submission(len(unanswered(proposal.call.criteria, sheet.scores))))
    if review is not None and revised:
        _keep_former(review, reason)
    review = _write(assignment, sheet, at)
    review.late = review.late if revised else rules.late(window(assignment, at), at)
    review.status, review.submitted_at = ReviewStatus.SUBMITTED, at
    score = scoring.review_score(sheet.scores, weighted(proposal.call.criteria))
    review.score = scoring.billionths(score)
    restand(proposal)
    if revised:
        _note("revise-review", assignment, by, at, reason=reason)
    else:
        _note("submit-review", assignment, by, at, late=review.late)
    return review


def _same(review: Review, sheet: Sheet) -> bool:
    return _content(review) == _content(sheet)


def _content(of: Review | Sheet) -> tuple[object, ...]:
    return dict(of.scores), of.comment_applicant, of.comment_committee, of.language


def _compare(review: Review | None, expected: int | None) -> None:
    if expected is not None and expected != (review.version if review else 0):
        raise Superseded(review)


def _write(assignment: Assignment, sheet: Sheet, at: datetime) -> Review:
    if assignment.review is None:
        assignment.review = Review(status=ReviewStatus.DRAFT, late=False)
    review = assignment.review
    review.scores, review.language, review.saved_at = dict(sheet.scores), sheet.language, at
    review.comment_applicant, review.comment_committee = sheet.comment_applicant, sheet.comment_committee
    return review


def _keep_former(review: Review, reason: str) -> None:
    assert review.submitted_at is not None
    review.former.append(
        FormerReview(
            number=len(review.former) + 1, scores=review.scores, comment_applicant=review.comment_applicant,
            comment_committee=review.comment_committee, language=review.language, score=review.score,
            submitted_at=review.submitted_at, reason=reason,
        )
    )  # fmt: skip


def restand(proposal: Proposal) -> Standing:
    """Compute a proposal's standing from its submitted reviews; who calls holds the proposal's lock."""
    db.session.flush()
    call = proposal.call
    asked = weighted(call.criteria)
    sheets = list(
        db.session.scalars(
            sa.select(Review.scores)
            .join(Review.assignment)
            .where(Assignment.proposal_id == proposal.id, Assignment.ended_at.is_(None))
            .where(Review.status == ReviewStatus.SUBMITTED)
        )
    )
    scores = [s for sheet in sheets if (s := scoring.review_score(sheet, asked)) is not None]
    by_key = {c.key: c for c in asked}
    single = [
        scoring.mean(scoring.review_score(sheet, [by_key[key]]) for sheet in sheets)
        for key in call.tie_breaks
        if key in by_key
    ]
    standing = db.session.get(Standing, proposal.id) or Standing(proposal_id=proposal.id, call_id=call.id)
    db.session.add(standing)
    standing.count = len(scores)
    standing.mean = scoring.billionths(scoring.mean(scores))
    standing.spread = scoring.spread(scores)
    standing.ties = ranking.tie_text(single)
    standing.draw = ranking.draw(call.draw_seed or call.slug, proposal.reference)
    return standing
