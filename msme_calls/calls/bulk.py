"""Somebody inside opens dossier after dossier, faster than anybody reads: it is stopped, noted, and told to others.

Counted by different proposals, in memory first: only every tenth within a minute is written, so that reading costs
nothing, and several processes still add up.
"""

import math
import uuid
from datetime import datetime, timedelta

import structlog
from flask import Flask, g
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import TooManyRequests
from werkzeug.wrappers import Response

from msme_calls import clock, history, outbox
from msme_calls.accounts import throttle
from msme_calls.accounts.models import Person
from msme_calls.accounts.throttle import Limit
from msme_calls.calls import queries
from msme_calls.calls.models import Call
from msme_calls.extensions import db, writing

log = structlog.get_logger()
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
STEP = 10  # proposals that are counted in memory before a row is written
TENS = Limit("tens of dossiers", 5, MINUTE)  # the sixth ten within a minute is too much
TOLD = Limit("bulk reading told", 1, HOUR)
KEPT = 10_000  # readers that a process remembers
Reader = tuple[uuid.UUID, uuid.UUID]  # whose reading, in which call
_opened: dict[Reader, dict[uuid.UUID, datetime]] = {}
_stopped: dict[Reader, datetime] = {}


def opened(call: Call, proposal_id: uuid.UUID, by: Person) -> None:
    """Count that somebody opens a proposal that others wrote. Says 429 to whoever has had her sixty this minute."""
    at, reader = clock.now(), (by.id, call.id)
    until = _stopped.get(reader)
    if until is not None and at < until:
        raise TooManyRequests(retry_after=math.ceil((until - at).total_seconds()))
    if len(_opened) > KEPT:
        _opened.clear()
    lately = {key: when for key, when in _opened.get(reader, {}).items() if at - MINUTE < when <= at}
    new = proposal_id not in lately
    _opened[reader] = {**lately, proposal_id: at}
    if new and len(_opened[reader]) % STEP == 0:
        g.ten_opened = reader


def _write(response: Response) -> Response:
    """Once the page is drawn: write that ten more were opened; if that is too much, stop her and tell others."""
    reader = g.pop("ten_opened", None)
    if reader is None:
        return response
    db.session.rollback()
    before = writing.set(True)
    try:
        _count(reader, clock.now())
        db.session.commit()
    except OperationalError as error:  # reading goes on; the next ten are counted again
        db.session.rollback()
        log.warning("bulk reading not counted", error=type(error.orig).__name__)
    finally:
        writing.reset(before)
    return response


def _count(reader: Reader, at: datetime) -> None:
    name = "/".join(map(str, reader))
    wait = throttle.count(TENS, name, at)
    if wait is None:
        return
    _stopped[reader] = at + wait
    if throttle.count(TOLD, name, at) is None:
        _tell(db.session.get_one(Person, reader[0]), db.session.get_one(Call, reader[1]), at)


def _tell(person: Person, call: Call, at: datetime) -> None:
    history.record("bulk-reading", by=person, at=at, call=call, proposals=STEP * (TENS.most + 1))
    for coordinator in queries.coordinators(call):
        if coordinator.id != person.id:
            outbox.queue("bulk_reading", to=coordinator, at=at, call=call, person=str(person.id))


def init_app(app: Flask) -> None:
    """Write after the answer is made, when nothing else is read or written any more."""
    app.after_request(_write)
