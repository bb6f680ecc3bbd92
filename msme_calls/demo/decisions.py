"""The decisions of the demonstration: most are taken; what ties for the last winner’s place is left open.

What will be asked of those who are chosen is set already: they learn of it with the result.
"""

from copy import deepcopy
from datetime import datetime
from functools import partial
from typing import Any

from msme_calls.decisions import actions, queries
from msme_calls.decisions.models import Outcome
from msme_calls.demo.calls import HOUR, MORNING, leader
from msme_calls.demo.dates import DAY, Dates
from msme_calls.demo.story import Story, read
from msme_calls.tasks import actions as tasks

Data = dict[str, Any]


def tell(story: Story, key: str, dates: Dates) -> None:
    """What the first coordinator of the call being decided has decided so far."""
    assert dates.review_cutoff
    meeting = dates.review_cutoff + 5 * DAY + MORNING
    for n, data in enumerate(read("decisions")["decisions"]):
        story.add(meeting + n * DAY / 96, partial(_decide, story, key, data))
    for data in (t for t in read("tasks")["tasks"] if t["call"] == key):
        story.add(meeting + HOUR / 2, partial(_set_task, story, data, dates))


def _set_task(story: Story, data: Data, dates: Dates, at: datetime) -> None:
    assert dates.result
    due, options = dates.result + data["days"] * DAY, deepcopy(data["options"])
    content = tasks.Content(data["label"], data["help"], data["required"], data["outcomes"], due, options)
    tasks.add(story.calls[data["call"]], data["kind"], content, by=leader(story, data["call"]), at=at)


def _decide(story: Story, key: str, data: Data, at: datetime) -> None:
    proposal, by = story.proposals[data["key"]], leader(story, key)
    choice = actions.Choice(proposal, Outcome(data["outcome"]), data["rationale"])
    actions.decide(story.calls[key], [choice], by=by, at=at)
    decision = queries.decision_of(proposal)
    if "name" in data and decision:
        actions.set_words(proposal, decision, data["name"], data["project"], data["summary"], by=by, at=at)
