"""The reviews of the demonstration: conflicts declared, proposals assigned, score sheets begun and handed in."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa

from msme_calls.demo.calls import HOUR, MORNING, leader
from msme_calls.demo.dates import DAY, Dates
from msme_calls.demo.story import Story, odd, read
from msme_calls.extensions import db
from msme_calls.proposals.actions import declare_conflict
from msme_calls.reviews import actions
from msme_calls.reviews.models import Assignment

Data = dict[str, Any]


def tell(story: Story, key: str, dates: Dates) -> None:
    """How the proposals to one call came to be reviewed."""
    told = read("reviews")
    begun = dates.closes + MORNING
    for conflict in (c for c in told["conflicts"] if c["call"] == key):
        story.add(begun + 2 * HOUR, partial(_declare, story, conflict))
    mine = [r for r in told["reviews"] if r["call"] == key]
    for n, review in enumerate(mine):
        story.add(begun + DAY + n * timedelta(minutes=1), partial(_assign, story, key, review))
    assert dates.review_due or not mine
    reading = min(dates.review_due or story.now, story.now) - DAY / 4 - (begun + 2 * DAY)
    acts: dict[str, Callable[..., object]] = {"draft": actions.save_review, "submitted": actions.submit_review}
    for review in mine:
        if act := acts.get(review["state"]):
            later = odd(f"{review['proposal']} {review['reviewer']}", reading)
            story.add(begun + 2 * DAY + later, partial(_write, story, review, act))


def _declare(story: Story, data: Data, at: datetime) -> None:
    person = story.people[data["person"]]
    declare_conflict(story.proposals[data["proposal"]], person, data["reason"], by=person, at=at)


def _assign(story: Story, key: str, data: Data, at: datetime) -> None:
    proposal, reviewer = story.proposals[data["proposal"]], story.people[data["reviewer"]]
    actions.assign(proposal, reviewer, by=leader(story, key), at=at)


def _write(story: Story, data: Data, act: Callable[..., object], at: datetime) -> None:
    """Save or hand in a score sheet. In the file a criterion that can't be judged says so in words."""
    proposal, reviewer = story.proposals[data["proposal"]], story.people[data["reviewer"]]
    hers = sa.select(Assignment).filter_by(proposal_id=proposal.id, reviewer_id=reviewer.id)
    scores = {criterion: None if score == "cannot-judge" else score for criterion, score in data["scores"].items()}
    sheet = actions.Sheet(scores, data["comment_applicant"], data["comment_committee"], data["language"])
    act(db.session.scalars(hers).one(), sheet, by=reviewer, at=at)
