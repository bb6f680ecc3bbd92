"""What tests of the second step need: people with factors, and hands that type codes."""

from datetime import datetime
from typing import Any

import pyotp
from pages import Page
from signing_in import PASSWORD, owner

from msme_calls import clock
from msme_calls.accounts import factors
from msme_calls.accounts.models import Person
from msme_calls.extensions import db

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
STEP = "/en/sign-in/second-step"


def with_app(**values: Any) -> tuple[Person, list[str]]:
    """Somebody with a password and an authenticator app, and her recovery codes."""
    person = owner(**{"email": "ana@example.org", **values})
    codes = factors.add_app(person, "", SECRET, 0, by=person, at=clock.now())
    db.session.commit()
    return person, codes


def code(at: datetime | None = None, steps: int = 0) -> str:
    """What the app shows now, or so many steps of half a minute before or after."""
    return pyotp.TOTP(SECRET).at(at or clock.now(), counter_offset=steps)


def first_step(client: Any, email: str = "ana@example.org", path: str = "/en/sign-in") -> Page:
    """Address and password; gives the page of the second step."""
    answer = client.submit(client.page(path).form(), email=email, password=PASSWORD)
    assert (answer.status_code, answer.location) == (302, STEP)
    return client.page(STEP)


def type_in(client: Any, page: Page, **typed: str) -> Page:
    """Send the form of the second step."""
    return Page(client.submit(page.form(), **typed))


def is_signed_in(client: Any) -> bool:
    return client.get("/en/profile").status_code == 200
