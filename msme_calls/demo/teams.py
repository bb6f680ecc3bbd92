"""Who applies together in the demonstration: some have joined a team, one is asked and has not answered yet."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

from msme_calls.demo.people import join, people
from msme_calls.demo.story import Story
from msme_calls.proposals import queries, team
from msme_calls.proposals.models import TeamRole

Data = dict[str, Any]


def tell(story: Story, data: Data, begun: datetime, writing: timedelta) -> None:
    """How a proposal's team came together while it was written."""
    known = people()
    for member in data.get("team", []):
        who = known[member["person"]]
        story.add(begun + writing / 16, partial(_ask, story, data, who["email"], who["name"], member["role"]))
        story.add(begun + writing / 10, partial(_accept, story, data, who))
    for asked in data.get("asked", []):
        story.add(begun + writing / 10, partial(_ask, story, data, asked["address"], asked["name"], asked["role"]))


def _ask(story: Story, data: Data, address: str, name: str, role: str, at: datetime) -> None:
    proposal, by = story.proposals[data["key"]], story.people[data["owner"]]
    team.invite(proposal, address, name, TeamRole[role.upper()], data["language"], by=by, at=at)


def _accept(story: Story, data: Data, who: Data, at: datetime) -> None:
    join(story, who, at)
    asked = queries.asked_to_join(story.proposals[data["key"]])
    team.accept(next(row for row in asked if row.address == who["email"]), at=at)
