"""The calls of the demonstration: two of 2023 that are over, and four invented ones that are under way."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa

from msme_calls.accounts.models import Person
from msme_calls.calls import completeness, queries
from msme_calls.calls.actions import conditions, form, life, partners, people, setting
from msme_calls.calls.kinds import KINDS
from msme_calls.calls.models import Call, Membership, Role
from msme_calls.demo import meetings
from msme_calls.demo.dates import DAY, WEEK, Dates, of
from msme_calls.demo.people import join
from msme_calls.demo.people import people as everybody
from msme_calls.demo.story import Story, read
from msme_calls.extensions import db

FILES = (
    "champions_2023",
    "rta_papers_2023",
    "champions_deciding",
    "rta_review",
    "champions_open",
    "contributions_open",
)
HOUR = timedelta(hours=1)
MORNING = 10 * HOUR + timedelta(minutes=1)  # from one minute to midnight until people are back at their desks
Data = dict[str, Any]


def calls(now: datetime) -> list[tuple[Data, Dates]]:
    """Every call's file with its dates as of now."""
    found = [read(name) for name in FILES]
    return [(data, of(data, now)) for data in found]


def tell(story: Story, data: Data, dates: Dates) -> None:
    """The life of one call, from its making to its stage."""
    key, made = data["key"], dates.announced - 3 * WEEK
    story.add(made, partial(_create, story, data, dates))
    story.add(made + HOUR, partial(_set_up, story, data, dates))
    if data["example"]:
        _hand_over(story, key, made + DAY)
        _invite(story, key, [Role.REVIEWER], dates.opens + WEEK)
    story.add(dates.announced, lambda at: _launch(story, data, at))
    if data["stage"] in ("in-review", "deciding"):
        story.add(dates.closes + MORNING, lambda at: life.start_review(story.calls[key], by=leader(story, key), at=at))
    if data["stage"] == "deciding":
        assert dates.review_cutoff
        begun = dates.review_cutoff + 2 * DAY + MORNING
        story.add(begun, lambda at: life.start_deciding(story.calls[key], by=leader(story, key), at=at))
    if not data["example"]:
        over = (dates.result or dates.closes) + 30 * DAY
        story.add(over, lambda at: life.archive(story.calls[key], by=_convenor(story), at=at))


def _convenor(story: Story) -> Person:
    return next(story.people[p["key"]] for p in everybody().values() if p["convenor"])


def holding(key: str, role: Role) -> list[Data]:
    """Who has a role in a call, in the order of the file."""
    return [p for p in everybody().values() if {"call": key, "role": role.value} in p["roles"]]


def leader(story: Story, key: str) -> Person:
    """The first of a call's coordinators; the convenor for calls of 2023, which she kept."""
    named = holding(key, Role.COORDINATOR)
    return story.people[named[0]["key"]] if named else _convenor(story)


def _create(story: Story, data: Data, dates: Dates, at: datetime) -> None:
    kind = KINDS[data["kind"]]
    if "meetings" in data:
        story.calls[data["key"]] = meetings.gather(data, kind, dates, by=_convenor(story), at=at)
        return
    year = data["year"] + dates.years
    story.calls[data["key"]] = life.create(
        kind, dates.in_years(data["slug"]), dates.retold(data["title"]), f"{kind.prefix}{year % 100}",
        by=_convenor(story), at=at,
    )  # fmt: skip


def _set_up(story: Story, data: Data, dates: Dates, at: datetime) -> None:
    call, by = story.calls[data["key"]], _convenor(story)
    given = {"title": data["title"], "theme": data["theme"], **data["texts"]}
    texts = {name: dates.retold(words) for name, words in given.items()}
    setting.set_texts(call, texts, data["contact"], by=by, at=at)
    new = {name: getattr(call, name) for name in setting.Rules.__dataclass_fields__}
    new |= {name: data[name] for name in new if name in data}
    setting.set_rules(call, setting.Rules(**new), by=by, at=at)
    instants = {"opens": dates.opens, "deadline": dates.closes, "review_due": dates.review_due,
                "review_cutoff": dates.review_cutoff, "result": dates.result}  # fmt: skip
    setting.set_dates(call, {**instants, "zone": data["zone"]}, by=by, at=at)
    for partner in data["partners"]:
        partners.add(call, partners.Content(partner["name"], partner["link"]), by=by, at=at)
    _ask_more(call, data.get("questions", []), by, at)


def _ask_more(call: Call, asked: list[Data], by: Person, at: datetime) -> None:
    """Questions beyond those of the kind, some only after a certain answer to the one before."""
    before = None
    for data in asked:
        section = next(s for s in call.sections if s.key == data["section"])
        content = form.Content(data["label"], data.get("help", {}), options=data.get("options", {}))
        question = form.add_question(section, data["kind"], content, by=by, at=at)
        if before is not None and "if" in data:
            conditions.add(question, before, "is", data["if"], by=by, at=at)
        before = question


def _hand_over(story: Story, key: str, at: datetime) -> None:
    """The convenor invites the secretariat and leaves the call to it."""
    _invite(story, key, [Role.COORDINATOR, Role.ASSISTANT, Role.CHAIR, Role.OBSERVER], at)
    story.add(at + 3 * DAY, lambda at: _leave(story.calls[key], _convenor(story), at))


def _leave(call: Call, person: Person, at: datetime) -> None:
    hers = sa.select(Membership).filter_by(call_id=call.id, person_id=person.id)
    for membership in db.session.scalars(hers).all():
        people.remove(membership, by=person, at=at)


def _invite(story: Story, key: str, roles: list[Role], at: datetime) -> None:
    """Invitations, accepted in the hours of work that follow, four a day."""
    asked = [(role, data) for role in roles for data in holding(key, role)]
    for n, (role, data) in enumerate(asked):
        story.add(at, partial(_ask, story, key, role, data))
        story.add(at + n // 4 * DAY + (1 + n % 4 * 2) * HOUR, partial(_accept, story, key, role, data))


def _ask(story: Story, key: str, role: Role, data: Data, at: datetime) -> None:
    by = _convenor(story) if role is not Role.REVIEWER else leader(story, key)
    people.invite(story.calls[key], role, data["email"], data["name"], data["language"], by=by, at=at)


def _accept(story: Story, key: str, role: Role, data: Data, at: datetime) -> None:
    join(story, data, at)
    invitation = queries.invitation_to(story.calls[key], data["email"], role)
    assert invitation is not None
    standing = people.Standing(
        data["organisation"], data["economies"], data["international_staff"],
        data["reads"] if role is Role.REVIEWER else [], data.get("most_reviews"),
    )  # fmt: skip
    people.accept(invitation, standing, at=at)


def _launch(story: Story, data: Data, at: datetime) -> None:
    """Announce it. Of the calls of 2023 some dates were never published, so they can't be asked for."""
    call = story.calls[data["key"]]
    missing = len(completeness.missing(call)) if data["example"] else 0
    life.launch(call, missing, by=leader(story, data["key"]), at=at)
