"""The demonstration: calls, people, proposals and reviews made through the actions that the pages use."""

from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa
from flask import current_app

from msme_calls import i18n, outbox
from msme_calls.accounts.models import Person
from msme_calls.demo import calls, decisions, people, proposals, reviews
from msme_calls.demo.people import PASSWORD
from msme_calls.demo.story import Story
from msme_calls.extensions import db
from msme_calls.publication import past
from msme_calls.settings import SettingsError

RECENT = timedelta(days=14)
SHOWN = {
    "alex": "administrator",
    "camille": "convenor: creates calls, keeps the calendar of meetings",
    "maria": "coordinator of the call being decided and of the open one",
    "leila": "coordinator of the call being decided, of the one for papers and of the contributions",
    "john": "coordinator of the open call, of the one for papers and of the contributions",
    "grace": "chair",
    "wanjiru": "reviewer",
    "fatou": "reviewer (French)",
    "diego": "reviewer (Spanish)",
    "peter": "applicant",
    "aissatou": "applicant (French)",
    "rosa": "applicant (Spanish)",
}


class Account(NamedTuple):
    """Somebody in the demonstration: what she can do, her address, and the password that all share."""

    who: str
    address: str
    password: str


def load(at: datetime) -> list[Account]:
    """Fill an empty database; commits nothing. Answers the accounts worth knowing.

    Whatever happened is in the past of `at`, and each call is where it should be then: one open, one in review, one
    being decided whose result is due on the next MSME Day, and a round of contributions to a meeting. Refuses to
    work in production, where its password is none.
    """
    if current_app.settings.production:  # type: ignore[attr-defined]
        raise SettingsError("The passwords of the demonstration are known to all: it is not loaded in production.")
    with i18n.use("en"):
        story = Story(at)
        editions = calls.calls(at)
        people.settle(story, min(dates.announced for _, dates in editions) - 8 * 7 * timedelta(days=1))
        for data, dates in editions:
            calls.tell(story, data, dates)
            proposals.tell(story, data["key"], dates)
            reviews.tell(story, data["key"], dates)
            if data["stage"] == "deciding":
                decisions.tell(story, data["key"], dates)
        story.tell()
        people.give_password(story)
        past.record_all(by=None, at=at)
        past.link_calls()
        outbox.drop(before=at - RECENT, at=at)
    return accounts()


def accounts() -> list[Account]:
    """Those of the shown accounts that this installation has."""
    known = people.people()
    there = set(db.session.scalars(sa.select(Person.email)))
    shown = [(f"{known[key]['name']}, {who}", known[key]["email"]) for key, who in SHOWN.items()]
    return [Account(who, email, PASSWORD) for who, email in shown if email in there]
