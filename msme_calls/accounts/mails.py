"""The mails about accounts. Their links are made when they are sent; so is the answer to who has an account."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from msme_calls import clock, outbox, web
from msme_calls.accounts import links, queries
from msme_calls.accounts.models import Person
from msme_calls.outbox import Email, Values

CONFIRM, SHORT = timedelta(days=3), timedelta(hours=1)  # how long links last
ZONE = "Europe/Zurich"  # for whoever has chosen none


@dataclass
class Stranger:
    """Whoever reads an address: she may have an account or not."""

    email: str
    language: str
    id: None = None


def _active(row: Email) -> Person | None:
    person = queries.find_by_address(row.address)
    return person if person is not None and person.active else None


def _link(row: Email, purpose: str, endpoint: str, lasts: timedelta, **values: Any) -> Values:
    at, person = clock.now(), _active(row)
    token = links.issue(purpose, row.address, at=at, lasts=lasts, **values)
    zone = (person and person.zone) or ZONE
    return {"url": web.absolute(endpoint, token=token), "until": at + lasts, "zone": zone, "address": row.address}


@outbox.mail("confirm")
def confirm(row: Email) -> Values | None:
    """Somebody registers with this address. If it has an account, the mail becomes the one that says so."""
    if queries.find_by_address(row.address):
        row.name = "account_exists"
        return account_exists(row)
    return _link(row, "confirm", "accounts.confirm", CONFIRM, language=row.language, **row.values)


@outbox.mail("account_exists")
def account_exists(row: Email) -> Values | None:
    """Somebody registers with an address that has an account: how to sign in. Not for a deactivated one."""
    return sign_in(row)


@outbox.mail("sign_in")
def sign_in(row: Email) -> Values | None:
    """The link that was asked for, if there is an account."""
    onward = row.values.get("onward", "")
    return _link(row, "sign-in", "accounts.sign_in_by_link", SHORT, onward=onward) if _active(row) else None


@outbox.mail("prove")
def prove(row: Email) -> Values | None:
    """The link by which somebody without a password confirms that it is she."""
    onward = row.values.get("onward", "")
    return _link(row, "prove", "accounts.prove_by_link", SHORT, onward=onward) if _active(row) else None


@outbox.mail("reset")
def reset(row: Email) -> Values | None:
    """The link to a new password, if there is an account."""
    return _link(row, "reset", "accounts.reset", SHORT) if _active(row) else None


@outbox.mail("password_changed")
def password_changed(row: Email) -> Values | None:
    """To the owner, in case it wasn't she who changed it."""
    return {"url": web.absolute("accounts.ask_reset"), "when": row.created_at, "zone": ZONE} if _active(row) else None


@outbox.mail("role_given")
def role_given(row: Email) -> Values | None:
    """What she may do from now on."""
    return {"url": web.absolute("publication.my_work"), "role": row.values["role"]} if _active(row) else None
