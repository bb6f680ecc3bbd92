"""Browsers of everybody in the world, and how two answers are compared."""

import re
import secrets
from typing import Any
from urllib.parse import quote, quote_plus

import flask
from access.cast import Cast
from itsdangerous import URLSafeTimedSerializer
from pages import StrictClient

from msme_calls import clock
from msme_calls.accounts import sessions
from msme_calls.accounts.models import LoginSession
from msme_calls.extensions import db

UNCOMPARED = {"Date", "X-Request-Id", "Server-Timing", "Content-Length"}


class Browsers:
    """A session for every person, made once; each request goes out from a browser that has just been opened."""

    def __init__(self, app: flask.Flask, cast: Cast) -> None:
        self.app, self.raw = app, secrets.token_hex(20)
        signer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
        self.cookies = {"anonymous": signer.dumps({"csrf_token": self.raw})}
        for name, person_id in cast.people.items():
            sid = secrets.token_urlsafe(32)
            row = LoginSession(sid_hash=sessions.hashed(sid), person_id=person_id, started_at=clock.now())
            db.session.add(row)
            self.cookies[name] = signer.dumps({"csrf_token": self.raw, sessions.KEY: sid})
        db.session.commit()

    def of(self, role: str) -> StrictClient:
        client: Any = self.app.test_client()
        client.set_cookie(self.app.config["SESSION_COOKIE_NAME"], self.cookies[role])
        return client

    @property
    def token(self) -> str:
        """The form token that is right in all of these sessions."""
        return URLSafeTimedSerializer(self.app.config["SECRET_KEY"], salt="wtf-csrf-token").dumps(self.raw)


def face(response: Any, url: str) -> tuple[int, list[tuple[str, str]], str]:
    """All that an answer says, without what names the request itself: its address, its instant, its number."""
    headers = [(n, _blank(v, url)) for n, v in response.headers if n not in UNCOMPARED]
    return response.status_code, sorted(headers), _blank(response.get_data().decode(errors="replace"), url)


def _blank(text: str, url: str) -> str:
    url = url.partition("?")[0].removeprefix("/en")  # the links to the page in other languages name it too
    for form in {url, quote(url, safe=""), quote(url), quote_plus(url), url.replace("&", "&amp;")}:
        text = text.replace(form, "(address)")
    return re.sub(r'(name="csrf_token" value=")[^"]*', r"\1", text)
