"""Reminders to reviewers: a week before a review is due, a day before, and once after; one mail each time."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager, joinedload

from msme_calls import outbox
from msme_calls.calls.models import Call
from msme_calls.extensions import db
from msme_calls.proposals.models import Proposal, Status
from msme_calls.reviews import rules
from msme_calls.reviews.models import Assignment, Review, ReviewStatus
from msme_calls.reviews.queries import window
from msme_calls.sweeps import sweep


@sweep
def remind_reviewers(at: datetime) -> int:
    """Queue what is due now and was not queued before; returns how many mails."""
    wanted = {}
    for assignment in db.session.scalars(_open()):
        when = window(assignment, at)
        occasion = rules.occasion(when, assignment.assigned_at, at)
        if occasion and when.due:
            reviewer, call = assignment.reviewer, assignment.proposal.call
            key = f"review-due:{occasion}:{call.id}:{reviewer.id}:{when.due.isoformat()}"
            wanted[key] = (reviewer, call, when.due)
    there = set(db.session.scalars(sa.select(outbox.Email.key).where(outbox.Email.key.in_(list(wanted)))))
    fresh = [key for key in wanted if key not in there]
    for key in fresh:
        reviewer, call, due = wanted[key]
        outbox.queue("review_due", to=reviewer, at=at, key=key, call=call, until=due.isoformat())
    db.session.commit()
    return len(fresh)


def _open() -> sa.Select[Assignment]:
    proposal = contains_eager(Assignment.proposal)
    return (
        sa.select(Assignment)
        .join(Assignment.proposal)
        .join(Proposal.call)
        .outerjoin(Assignment.review)
        .where(Assignment.ended_at.is_(None), Proposal.status == Status.SUBMITTED)
        .where(Call.review_started_at.is_not(None), Call.sealed_at.is_(None))
        .where(sa.or_(Review.id.is_(None), Review.status != ReviewStatus.SUBMITTED))
        .options(proposal.contains_eager(Proposal.call), joinedload(Assignment.reviewer))
    )
