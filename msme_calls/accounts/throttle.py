"""How often something may be tried: counted in the database, by hashed account, network or browser."""

import hashlib
import hmac
import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from flask import current_app

from msme_calls.accounts.models import Throttle
from msme_calls.extensions import UTCDateTime, db, insert_into


@dataclass(frozen=True)
class Limit:
    """At most so many tries from the first one on, within this time."""

    name: str
    most: int
    within: timedelta


QUARTER, HOUR = timedelta(minutes=15), timedelta(hours=1)
GUESSES_OF_ACCOUNT = Limit("guesses of account", 10, QUARTER)
GUESSES_OF_NETWORK = Limit("guesses of network", 50, QUARTER)
GUESSES_OF_DEVICE = Limit("guesses of device", 10, QUARTER)
CODES_OF_ACCOUNT = Limit("codes of account", 5, QUARTER)
CODES_OF_DEVICE = Limit("codes of device", 5, QUARTER)
MAILS_TO_ADDRESS = Limit("mails to address", 5, HOUR)
MAILS_FOR_NETWORK = Limit("mails for network", 30, HOUR)


def count(limit: Limit, who: str, at: datetime) -> timedelta | None:
    """Count one try; if it is one too many, how long to wait. The caller commits before what is tried.

    Counting comes first, so that many tries at once can't all find that there is room for one more.
    """
    over = Throttle.first_at <= sa.literal(at - limit.within, UTCDateTime())
    insert = insert_into(Throttle).values(key=key(limit, who), tries=1, first_at=at)
    counted = insert.on_conflict_do_update(
        index_elements=[Throttle.key],
        set_={
            "tries": sa.case((over, 1), else_=Throttle.tries + 1),
            "first_at": sa.case((over, sa.literal(at, UTCDateTime())), else_=Throttle.first_at),
        },
    ).returning(Throttle.tries, Throttle.first_at)
    tries, first_at = db.session.execute(counted).one()
    return None if tries <= limit.most else first_at + limit.within - at


def forgive(limit: Limit, who: str, *, all_of_it: bool = False) -> None:
    """Take back a try that was right (or all of them)."""
    row = sa.update(Throttle).where(Throttle.key == key(limit, who), Throttle.tries > 0)
    db.session.execute(row.values(tries=0 if all_of_it else Throttle.tries - 1))


def guess(address: str, device: str | None, network: str, at: datetime) -> timedelta | None:
    """Count a guess of an account's password; the time to wait, if any.

    A browser that has signed in to this account before (`device`) has a count of its own: strangers can't shut it out.
    """
    if device:
        return count(GUESSES_OF_DEVICE, device + address, at)
    waits = [count(GUESSES_OF_ACCOUNT, address, at), count(GUESSES_OF_NETWORK, network, at)]
    return max((w for w in waits if w), default=None)


def right(address: str, device: str | None, network: str) -> None:
    """The guess was right: its tries are forgiven."""
    if device:
        forgive(GUESSES_OF_DEVICE, device + address, all_of_it=True)
        return
    forgive(GUESSES_OF_ACCOUNT, address, all_of_it=True)
    forgive(GUESSES_OF_NETWORK, network)


def code(person: str, device: str | None, at: datetime) -> timedelta | None:
    """Count a code typed as second step; the time to wait, if any. Who comes so far knows the password already.

    By account, whatever the cookie says; only a browser that has gone all the way before has a count of its own.
    """
    return count(CODES_OF_DEVICE, device + person, at) if device else count(CODES_OF_ACCOUNT, person, at)


def code_right(person: str, device: str | None) -> None:
    """The code was right: its tries are forgiven."""
    limit, who = (CODES_OF_DEVICE, device + person) if device else (CODES_OF_ACCOUNT, person)
    forgive(limit, who, all_of_it=True)


def mail(address: str, network: str, at: datetime) -> tuple[bool, timedelta | None]:
    """Count a mail that somebody asked for: whether it may go, and how long the network has to wait, if at all.

    An address that has had its share gets no more, and whoever asks isn't told. A network is told: forty people at a
    workshop must not wait for mails that don't come, and it says nothing of anybody's account.
    """
    full, wait = count(MAILS_TO_ADDRESS, address, at), count(MAILS_FOR_NETWORK, network, at)
    return not full and not wait, wait


def network(address: str | None) -> str:
    """What one subscriber has: an IPv4 address, or 64 bits of IPv6."""
    try:
        ip = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    return str(ip if ip.version == 4 else ipaddress.ip_network(f"{ip}/64", strict=False))


def key(limit: Limit, who: str) -> str:
    """The row's key: keyed, so that nobody finds out from the table who or where it was."""
    secret = current_app.settings.secret_key.encode()  # type: ignore[attr-defined]
    return hmac.digest(secret, f"{limit.name}\0{who}".encode("utf-8", "replace"), hashlib.sha256).hex()
