"""The people of the demonstration: an administrator, a convenor, and everybody else with an account."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

from msme_calls.accounts import actions, links, passwords
from msme_calls.accounts.models import Person
from msme_calls.demo.story import Story, read

PASSWORD = "demonstration"  # told to everybody at the start, and refused in production


def people() -> dict[str, dict[str, Any]]:
    """Everybody in the file, by key."""
    return {person["key"]: person for person in read("people")["people"]}


def settle(story: Story, first: datetime) -> None:
    """The administrator takes up an invitation and lets the convenor create calls, before the first call is made."""
    known = people()
    admin = next(p for p in known.values() if p["administrator"])
    convenors = [p for p in known.values() if p["convenor"]]
    story.add(first, partial(_administrator, story, admin))
    for person in convenors:
        story.add(first + timedelta(hours=1), partial(_convenor, story, person, admin["key"]))


def _administrator(story: Story, data: dict[str, Any], at: datetime) -> None:
    token = actions.invite_administrator(data["email"], at=at).rpartition("/")[2]
    link = links.find(token, "administrator", at)
    assert link is not None and links.use(link, at)
    person = actions.accept_administrator(link, data["name"], data["language"], at=at)
    story.people[data["key"]] = person
    stand(person, data, at)


def _convenor(story: Story, data: dict[str, Any], admin: str, at: datetime) -> None:
    actions.grant_convenor(join(story, data, at), by=story.people[admin], at=at)


def join(story: Story, data: dict[str, Any], at: datetime) -> Person:
    """The account of somebody in the file, made now if she has none."""
    if data["key"] not in story.people:
        person = actions.person_for(data["email"], data["name"], data["language"], at=at)
        story.people[data["key"]] = person
        stand(person, data, at)
    return story.people[data["key"]]


def stand(person: Person, data: dict[str, Any], at: datetime) -> None:
    """Note whom she stands for."""
    actions.update_standing(
        person, organisation=data["organisation"], economies=data["economies"],
        international_staff=data["international_staff"], by=person, at=at,
    )  # fmt: skip


def give_password(story: Story) -> None:
    """The same password for all, hashed once: argon2 is slow on purpose, and forty times is seconds."""
    kept = passwords.hashed(PASSWORD)
    for person in story.people.values():
        person.password = kept
