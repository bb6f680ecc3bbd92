"""The decisions of the demonstration: most are taken; what ties for the last winner’s place is left open."""

from datetime import datetime
from functools import partial
from typing import Any

from msme_calls.decisions import actions, queries
from msme_calls.decisions.models import Outcome
from msme_calls.demo.calls import MORNING, leader
from msme_calls.demo.dates import DAY, Dates
from msme_calls.demo.story import Story, read

Data = dict[str, Any]


def tell(story: Story, key: str, dates: Dates) -> None:
    """What the first coordinator of the call being decided has decided so far."""
    assert dates.review_cutoff
    meeting = dates.review_cutoff + 5 * DAY + MORNING
    for n, data in enumerate(read("decisions")["decisions"]):
        story.add(meeting + n * DAY / 96, partial(_decide, story, key, data))


def _decide(story: Story, key: str, data: Data, at: datetime) -> None:
    proposal, by = story.proposals[data["key"]], leader(story, key)
    choice = actions.Choice(proposal, Outcome(data["outcome"]), data["rationale"])
    actions.decide(story.calls[key], [choice], by=by, at=at)
    decision = queries.decision_of(proposal)
    if "name" in data and decision:
        actions.set_words(proposal, decision, data["name"], data["project"], data["summary"], by=by, at=at)
