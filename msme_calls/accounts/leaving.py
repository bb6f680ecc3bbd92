"""Ending one's own account: what belongs to her goes, what calls must keep stays without her name."""

from datetime import datetime

from msme_calls import history, outbox, personal
from msme_calls.accounts.mails import ZONE, Stranger
from msme_calls.accounts.models import Person
from msme_calls.errors import allow
from msme_calls.extensions import db, lock
from msme_calls.outbox import Email, Values


def delete_account(person: Person, *, by: Person, at: datetime) -> None:
    """Erase an account for good. Raises Refused with what has to be done first."""
    assert by is person  # administrators close accounts; only their owners end them
    lock(person)
    allow(next(iter(personal.obstacles(person, at)), None))
    address, language = person.email, person.language
    personal.erase(person, at)
    db.session.flush()
    history.record("delete-account", by=person, at=at)
    outbox.queue("account_deleted", to=Stranger(address, language), at=at)


@outbox.mail("account_deleted")
def account_deleted(row: Email) -> Values:
    """The last mail to an address; the row is forgotten a day after it went."""
    return {"when": row.created_at, "zone": ZONE}
