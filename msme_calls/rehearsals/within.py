"""What differs inside of a rehearsal: who somebody is there, the band on every page, and doors that lead nowhere."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Flask, Request, current_app, redirect, request
from sqlalchemy.orm import lazyload
from werkzeug.wrappers import Response

from msme_calls import i18n
from msme_calls.accounts.models import Person
from msme_calls.extensions import db, login
from msme_calls.rehearsals.worlds import Apart

WHO = "msme_calls.player"  # in the environment of a request that was let in; no client can put it there
_SHUT = ("accounts", "mailbox")  # an account and its mails are those of a real person


@dataclass(frozen=True)
class Band:
    """What the band on every page of a rehearsal needs."""

    slug: str
    zone: str

    @property
    def url(self) -> str:
        """The page from which the rehearsal is led; it lies outside."""
        return f"/{i18n.language()}/desk/{self.slug}/rehearsal"


def apart() -> Apart | None:
    """The settings of the rehearsal that we are in, or None outside of any."""
    chosen: Any = current_app.settings  # type: ignore[attr-defined]
    return chosen if isinstance(chosen, Apart) else None


@login.request_loader
def player(asked: Request) -> Person | None:
    """Whoever somebody plays in a rehearsal: said by the door that let her in."""
    if apart() is None or WHO not in asked.environ:
        return None
    who = sa.select(Person).where(Person.id == asked.environ[WHO], Person.active)
    return db.session.scalar(who.options(lazyload(Person.economies)))


def lead_out() -> Response | None:
    """Whoever looks for an account in a rehearsal is led to where she chooses whom she plays."""
    chosen = apart()
    if chosen is None or request.blueprint not in (*_SHUT, "rehearsals"):
        return None
    return redirect(Band(chosen.slug, chosen.zone).url, 303)


def init_app(app: Flask) -> None:
    """In the application of a rehearsal: the band, and no doors."""
    chosen = app.settings  # type: ignore[attr-defined]
    if isinstance(chosen, Apart):
        app.before_request(lead_out)
        app.jinja_env.globals["rehearsal"] = Band(chosen.slug, chosen.zone)
        app.jinja_env.globals["development"] = False
