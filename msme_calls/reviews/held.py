"""What reviews hold of a person: what she was asked to judge, and how she judged it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import joinedload

from msme_calls import history, personal
from msme_calls.accounts.models import Person
from msme_calls.calls.held import OVER
from msme_calls.extensions import db
from msme_calls.proposals.models import Proposal
from msme_calls.reviews.models import Assignment, Ended, Review, ReviewStatus


class Reviews(personal.Holding):
    name = "reviews"
    columns = frozenset({"assignments.reviewer_id", "assignments.assigned_by_id"})

    def given(self, person: Person, at: datetime) -> Any:
        return [
            {"call": a.proposal.call.slug, "proposal": a.proposal.reference, "assigned_at": a.assigned_at,
             "ended": a.ended.value if a.ended else None, "ended_at": a.ended_at, "ended_reason": a.ended_reason,
             "review": _sheet(a.review) if a.review else None}
            for a in _assignments(person)
        ]  # fmt: skip

    def follows(self, person: Person, at: datetime) -> Iterable[str]:
        assigned = _assignments(person)
        if waiting := sum(_waits(a) for a in assigned):
            yield ngettext("%(num)d review that you have not submitted goes to somebody else.",
                           "%(num)d reviews that you have not submitted go to somebody else.", waiting)  # fmt: skip
        if any(a.review and a.review.status is ReviewStatus.SUBMITTED for a in assigned):
            yield _("Reviews that you submitted stay: results rest on them. Your name is no longer beside them.")

    def erase(self, person: Person, at: datetime) -> None:
        """Reviews that wait are given back; drafts of scores go, submitted ones are part of a ranking and stay."""
        for assignment in filter(_waits, _assignments(person)):
            if assignment.review is not None:
                db.session.delete(assignment.review)
            assignment.ended, assignment.ended_at = Ended.DECLINED, at
            about = assignment.proposal
            if about.call.phase(at) not in OVER:
                history.record("decline", by=person, at=at, call=about.call, proposal=about, person=str(person.id))


def _assignments(person: Person) -> list[Assignment]:
    parts = joinedload(Assignment.proposal).joinedload(Proposal.call), joinedload(Assignment.review)
    rows = sa.select(Assignment).where(Assignment.reviewer_id == person.id)
    former = joinedload(Assignment.review).selectinload(Review.former)
    return list(db.session.scalars(rows.options(*parts, former).order_by(Assignment.assigned_at, Assignment.id)))


def _waits(assignment: Assignment) -> bool:
    submitted = assignment.review is not None and assignment.review.status is ReviewStatus.SUBMITTED
    return assignment.ended_at is None and not submitted


def _sheet(review: Review) -> dict[str, Any]:
    said = ("scores", "comment_applicant", "comment_committee", "language", "submitted_at")
    return {
        "status": review.status.value,
        **{name: getattr(review, name) for name in said},
        "former": [{name: getattr(f, name) for name in (*said, "reason")} for f in review.former],
    }
