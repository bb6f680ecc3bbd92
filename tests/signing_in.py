"""Sign people in quickly: a session's row and its cookie, without a form; and what tests of the forms need."""

import secrets
from typing import Any

import flask
import mails
import world
from pages import StrictClient

from msme_calls import clock
from msme_calls.accounts import passwords, sessions
from msme_calls.accounts.models import LoginSession, Person
from msme_calls.extensions import db

PASSWORD = "marigold over ultramarine"


def sign_in(client: StrictClient, person: Person) -> StrictClient:
    """From now on this client is that person's browser (whoever was signed in there before)."""
    app, sid = client.application, secrets.token_urlsafe(32)
    db.session.add(LoginSession(sid_hash=sessions.hashed(sid), person=person, started_at=clock.tick()))
    db.session.commit()
    serializer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    client.set_cookie(app.config["SESSION_COOKIE_NAME"], serializer.dumps({sessions.KEY: sid}))
    return client


def browser_of(app: flask.Flask, person: Person) -> StrictClient:
    """A browser of her own, signed in: for tests of several people at once."""
    return sign_in(app.test_client(), person)  # type: ignore[arg-type]


def owner(**values: Any) -> Person:
    """Somebody with PASSWORD as her password."""
    return world.person(password=passwords.hashed(PASSWORD), **values)


def register(
    client: StrictClient, address: str = "ana@example.org", name: str = "Ana Ejemplo", lang: str = "en"
) -> list[mails.Mail]:
    """Fill in the form for an account; gives the mails that were sent."""
    answer = client.submit(client.page(f"/{lang}/register").form(), email=address, name=name)
    assert (answer.status_code, answer.location) == (302, f"/{lang}/check-your-mail")
    return mails.sent()
