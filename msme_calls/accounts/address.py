"""Another address for an account: shown to be read by its owner, told to the former one, undone from there."""

import uuid
from datetime import datetime, timedelta

from sqlalchemy.exc import IntegrityError

from msme_calls import clock, history, outbox, web
from msme_calls.accounts import links, organisation, queries, rules, sessions
from msme_calls.accounts.actions import STANDING_CHANGES
from msme_calls.accounts.mails import ZONE, Stranger
from msme_calls.accounts.models import Link, Person, normal_address
from msme_calls.errors import allow
from msme_calls.extensions import db
from msme_calls.i18n import _l
from msme_calls.outbox import Email, Values

LASTS, UNDO = timedelta(days=1), timedelta(days=7)  # how long the link to the new address holds, and that to the old
CHANGE, BACK = "address", "address-undo"


def no_change(person: Person, address: str) -> str | None:
    """The reason against asking for this address. That somebody else has it is said in that mailbox only."""
    same = normal_address(address) == person.email
    return _l("This is your address already.") if same else rules.no_address(address)


def ask(person: Person, address: str, *, at: datetime) -> None:
    """Send a link to an address that somebody wants for her account."""
    allow(no_change(person, address))
    to = Stranger(normal_address(address), person.language)
    outbox.queue("address_asked", to=to, at=at, person=str(person.id))


def change(person: Person, link: Link, *, by: Person, at: datetime) -> None:
    """Give her account the address whose mailbox she has shown to be hers, and tell the former one."""
    former = person.email
    _set(person, link.address, at)
    sessions.end_others(person, at)
    history.record("change-address", by=by, at=at, person=str(person.id))
    to = Stranger(former, person.language)
    outbox.queue("address_changed", to=to, at=at, person=str(person.id))


def undo(person: Person, link: Link, *, at: datetime) -> None:
    """Give an account its former address back, and shut out whoever took it: sessions, links and password end."""
    _set(person, link.address, at)
    links.void_about(person.id, BACK, at=at)
    sessions.end_all(person, at)
    person.password = None
    organisation.unlink(person)
    history.record("undo-change-of-address", by=person, at=at, person=str(person.id))


def owner(link: Link) -> Person | None:
    """Whose account a link changes, if it is still in use."""
    person = db.session.get(Person, link.subject_id) if link.subject_id else None
    return person if person is not None and person.active else None


def _set(person: Person, address: str, at: datetime) -> None:
    links.void(person.email, "sign-in", "reset", "prove", "second-step", at=at)
    settle = [watch(person) for watch in STANDING_CHANGES]  # a proposal may name her by the former address
    links.void_about(person.id, CHANGE, at=at)  # but not the ways back: a thief who changes it twice doesn't cut them
    try:
        with db.session.begin_nested():
            person.email, person.confirmed_at = address, at
            db.session.flush()
    except IntegrityError:
        allow(_l("This address has an account of its own by now. Sign in to that one, or choose another address."))
    outbox.readdress(person)
    for done in settle:
        done(at)


@outbox.mail("address_asked")
def address_asked(row: Email) -> Values | None:
    """To the new address; if it has an account by then, the mail becomes the one that says so."""
    person = db.session.get(Person, uuid.UUID(row.values["person"]))
    if person is None or not person.active or person.email == row.address:
        return None
    if queries.find_by_address(row.address):
        row.name = "address_taken"
        return address_taken(row)
    at = clock.now()
    token = links.issue(CHANGE, row.address, at=at, lasts=LASTS, subject=person.id)
    url = web.absolute("accounts.change_address_by_link", token=token)
    return {"url": url, "until": at + LASTS, "zone": person.zone or ZONE, "address": row.address}


@outbox.mail("address_taken")
def address_taken(row: Email) -> Values | None:
    """Somebody wants for her account an address that has one."""
    return {"url": web.absolute("accounts.sign_in"), "address": row.address}


@outbox.mail("address_changed")
def address_changed(row: Email) -> Values | None:
    """To the former address, with the way back."""
    person = db.session.get(Person, uuid.UUID(row.values["person"]))
    if person is None or not person.active or person.email == row.address:
        return None
    at = clock.now()
    token = links.issue(BACK, row.address, at=at, lasts=UNDO, subject=person.id)
    url = web.absolute("accounts.undo_address", token=token)
    return {"url": url, "until": at + UNDO, "when": row.created_at, "zone": person.zone or ZONE, "address": row.address}
