"""What is done to accounts. Each act says by whom and when, writes the history and queues what has to be told."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from msme_calls import history, i18n, outbox, web
from msme_calls.accounts import links, passwords, queries, rules, sessions
from msme_calls.accounts.mails import Stranger
from msme_calls.accounts.models import Link, Person, PersonEconomy, normal_address
from msme_calls.errors import allow
from msme_calls.extensions import db

ADMINISTRATOR_LASTS = timedelta(days=7)
# Asked before somebody says anew whom she stands for; what each gives back is called afterwards, with the instant.
STANDING_CHANGES: list[Callable[[Person], Callable[[datetime], None]]] = []


def register(address: str, language: str, *, name: str, at: datetime, onward: str = "") -> None:
    """Send the link that makes an account; until it is used there is none. Says nothing of whether there was one."""
    allow(rules.no_address(address) or rules.no_name(name))
    outbox.queue("confirm", to=_stranger(address, language), at=at, called=i18n.normal(name), onward=onward)


def send_sign_in_link(address: str, language: str, *, at: datetime, onward: str = "") -> None:
    """Send a link to sign in by, if the address has an account when the mail goes out."""
    outbox.queue("sign_in", to=_stranger(address, language), at=at, onward=onward)


def send_reset_link(address: str, language: str, *, at: datetime) -> None:
    """Send a link to a new password, if the address has an account when the mail goes out."""
    outbox.queue("reset", to=_stranger(address, language), at=at)


def send_proof_link(person: Person, *, at: datetime, onward: str = "") -> None:
    """Send somebody who is signed in, and has no password, a link to confirm that it is she."""
    outbox.queue("prove", to=person, at=at, onward=onward)


def _stranger(address: str, language: str) -> Stranger:
    return Stranger(normal_address(address), language)


def confirm(link: Link, password: str = "", *, at: datetime) -> Person:
    """Make the account that a confirm link is for, or find the one it has made."""
    person = person_for(link.address, link.values["called"], link.values["language"], at=at)
    if password and person.password is None:
        person.password = _checked(password, person)
    return person


def person_for(address: str, name: str, language: str, *, at: datetime) -> Person:
    """The account of somebody who has shown that she reads this address: the one there is, or a new one.

    A deactivated account is found too; `queries.open_to` tells beforehand.
    """
    found = queries.find_by_address(address)
    if found is not None:
        return found
    allow(rules.no_address(normal_address(address)) or rules.no_name(name))
    made = Person(email=normal_address(address), name=i18n.normal(name), language=language)
    made.confirmed_at = made.created_at = at
    try:
        with db.session.begin_nested():
            db.session.add(made)
    except IntegrityError:  # another link to the same address was used at this very moment
        return db.session.scalars(sa.select(Person).where(Person.email == normal_address(address))).one()
    history.record("create-account", by=made, at=at)
    return made


def invite_administrator(address: str, *, at: datetime, language: str = "en") -> str:
    """The address of a page that makes whoever opens it an administrator: once, within a week. Hand it over safely."""
    allow(rules.no_address(address))
    token = links.issue("administrator", address, at=at, lasts=ADMINISTRATOR_LASTS)
    history.record("invite-administrator", by=None, at=at)
    return web.absolute("accounts.administrator", lang=language, token=token)


def accept_administrator(link: Link, name: str, language: str, password: str = "", *, at: datetime) -> Person:
    """Make whoever was invited an administrator."""
    person = person_for(link.address, name, language, at=at)
    if password and person.password is None:
        person.password = _checked(password, person)
    if not person.is_administrator:
        person.is_administrator = True
        history.record("grant-administrator", by=None, at=at, person=str(person.id))
    return person


def set_password(person: Person, password: str, *, by: Person, at: datetime) -> None:
    """A new password ends every session and every link that was open for the account."""
    person.password = _checked(password, person)
    sessions.end_all(person, at)
    links.void(person.email, "sign-in", "reset", "second-step", at=at)
    history.record("set-password", by=by, at=at, person=str(person.id))
    outbox.queue("password_changed", to=person, at=at)


def refresh_password(person: Person, password: str) -> None:
    """Hash a password that was just right again, if the parameters have changed since."""
    if passwords.outdated(person.password):
        person.password = passwords.hashed(password)


def _checked(password: str, person: Person) -> str:
    allow(rules.no_password(password, person.email, person.name))
    return passwords.hashed(password)


def update_profile(person: Person, *, name: str, language: str, zone: str, by: Person, at: datetime) -> None:
    """How somebody is called, and in which language and zone she reads."""
    allow(rules.no_name(name))
    person.name, person.language, person.zone = i18n.normal(name), language, zone
    history.record("update-profile", by=by, at=at, person=str(person.id))


def update_standing(
    person: Person,
    *,
    organisation: str,
    economies: Iterable[str],
    international_staff: bool,
    by: Person,
    at: datetime,
) -> None:
    """Whom somebody stands for: what conflicts of interest are found by."""
    allow(rules.no_organisation(organisation))
    settle = [watch(person) for watch in STANDING_CHANGES]
    chosen = {code for code in economies if code in i18n.economies("en")}
    person.organisation, person.international_staff = i18n.normal(organisation), international_staff
    kept = [e for e in person.economies if e.code in chosen]
    new = sorted(chosen - {e.code for e in kept})
    person.economies = kept + [PersonEconomy(code=code) for code in new]
    history.record(
        "update-standing", by=by, at=at, person=str(person.id), economies=sorted(chosen), staff=international_staff
    )
    for done in settle:
        done(at)


def grant_convenor(person: Person, *, by: Person, at: datetime) -> None:
    """Let somebody create calls."""
    _change_role(person, "convenor", True, by=by, at=at)


def revoke_convenor(person: Person, *, by: Person, at: datetime) -> None:
    """Let somebody no longer create calls; her roles in calls stay."""
    _change_role(person, "convenor", False, by=by, at=at)


def grant_administrator(person: Person, *, by: Person, at: datetime) -> None:
    """Let somebody look after the installation and its accounts."""
    _change_role(person, "administrator", True, by=by, at=at)


def revoke_administrator(person: Person, *, by: Person, at: datetime) -> None:
    """Let somebody no longer look after the installation."""
    _change_role(person, "administrator", False, by=by, at=at)


def _change_role(person: Person, role: str, given: bool, *, by: Person, at: datetime) -> None:
    allow(rules.no_change_of_role(person.id == by.id, person.active))
    if getattr(person, f"is_{role}") == given:
        return
    setattr(person, f"is_{role}", given)
    history.record(f"{'grant' if given else 'revoke'}-{role}", by=by, at=at, person=str(person.id))
    if given:
        outbox.queue("role_given", to=person, at=at, role=role)
    else:
        sessions.end_all(person, at)


def deactivate(person: Person, *, by: Person, at: datetime) -> None:
    """Close an account: nobody can sign in to it, and what it wrote stays."""
    allow(rules.no_deactivation(person.id == by.id))
    if person.active:
        person.active = False
        sessions.end_all(person, at)
        links.void(person.email, at=at)
        history.record("deactivate", by=by, at=at, person=str(person.id))


def reactivate(person: Person, *, by: Person, at: datetime) -> None:
    """Open a closed account again, with the roles it had."""
    allow(rules.no_deactivation(person.id == by.id))
    if not person.active:
        person.active = True
        history.record("reactivate", by=by, at=at, person=str(person.id))
