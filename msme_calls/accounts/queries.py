"""Finding people."""

import uuid
from typing import NamedTuple

import sqlalchemy as sa

from msme_calls import i18n
from msme_calls.accounts.models import Link, Person, normal_address
from msme_calls.extensions import db


class Credentials(NamedTuple):
    """What a password is checked against."""

    id: uuid.UUID
    password: str | None


def find_by_address(address: str) -> Person | None:
    """The person with this address, however it is written; a deactivated one too."""
    return db.session.scalar(sa.select(Person).where(Person.email == normal_address(address)))


def credentials(address: str) -> Credentials | None:
    """What a guess at this address is checked against, without loading anybody."""
    kept = sa.select(Person.id, Person.password).where(Person.email == normal_address(address), Person.active)
    found = db.session.execute(kept).first()
    return Credentials(found.id, found.password) if found else None


def open_to(link: Link) -> bool:
    """Whether a link's address has an account in use, or none yet; a deactivated one uses no links."""
    person = find_by_address(link.address)
    return person is None or person.active


def administrators() -> list[Person]:
    """Everybody who looks after the installation: who is alerted."""
    return list(
        db.session.scalars(sa.select(Person).where(Person.is_administrator, Person.active).order_by(Person.email))
    )


def people(search: str = "") -> sa.Select[Person]:
    """Everybody, or those with all of these words in their name, address or organisation; taken literally."""
    chosen = sa.select(Person).order_by(Person.name_folded, Person.id)
    for word in i18n.folded(search[:200]).split():
        columns = (Person.name_folded, Person.organisation_folded, Person.email)
        chosen = chosen.where(sa.or_(*(c.contains(word, autoescape=True) for c in columns)))
    return chosen
