"""Sessions end when they should, and a copied cookie ends with them (threats A4, A5)."""

from datetime import timedelta
from typing import Any

import pytest
import world
from signing_in import browser_of, sign_in

from msme_calls import clock
from msme_calls.accounts import sessions
from msme_calls.accounts.models import LoginSession
from msme_calls.extensions import db

CLOSED = "/en/profile"


def test_a_signed_in_person_is_let_in_and_nobody_else(app: Any, client: Any) -> None:
    assert client.get(CLOSED).status_code == 302
    sign_in(client, world.person())
    assert client.get(CLOSED).status_code == 200


def test_a_cookie_kept_from_before_signing_out_opens_nothing(app: Any, client: Any) -> None:
    sign_in(client, world.person())
    stolen = client.get_cookie("session").value
    client.submit(client.page(CLOSED).form(button="Sign out"))
    client.set_cookie("session", stolen)
    assert client.get(CLOSED).status_code == 302


@pytest.mark.parametrize("ends", ["deactivated", "ended", "two weeks"])
def test_a_session_ends_at_the_next_request(app: Any, client: Any, at: Any, ends: str) -> None:
    person = world.person()
    other = browser_of(app, person)
    sign_in(client, person)
    if ends == "deactivated":
        person.active = False
    elif ends == "ended":
        sessions.end_all(person, clock.now())
    else:
        at(clock.now() + timedelta(days=14))
    assert [c.get(CLOSED).status_code for c in (client, other)] == [302, 302]


def test_a_session_holds_until_its_last_second_without_anything_being_written(app: Any, client: Any, at: Any) -> None:
    sign_in(client, world.person())
    at(clock.now() + timedelta(days=14, seconds=-1))
    assert client.get(CLOSED).status_code == 200


def test_the_database_holds_no_number_that_opens_a_session(app: Any, client: Any) -> None:
    sign_in(client, world.person())
    with client.session_transaction() as cookie:
        sid = cookie[sessions.KEY]
    kept = db.session.scalars(db.select(LoginSession.sid_hash)).all()
    assert kept == [sessions.hashed(sid)] and sid not in kept
