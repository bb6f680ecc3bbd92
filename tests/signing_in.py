"""Sign people in quickly: a session's row and its cookie, without a form."""

import secrets

import flask
from pages import StrictClient

from msme_calls import clock
from msme_calls.accounts import sessions
from msme_calls.accounts.models import LoginSession, Person
from msme_calls.extensions import db


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
