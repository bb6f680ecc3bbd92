"""What is done with a rehearsal from outside: made, its clock moved, its people set to work, thrown away.

Unlike other actions these commit, for their steps lie in two databases. Each begins by saying in our own what it is
about, so that whatever is cut off in the middle is absent for everybody and cleared away by the sweep.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import OperationalError, ProgrammingError

from msme_calls import clock, history, jobs, storage
from msme_calls.accounts.models import Person
from msme_calls.calls.models import Call
from msme_calls.errors import Refused, allow
from msme_calls.extensions import db
from msme_calls.i18n import _l
from msme_calls.rehearsals import crowd, filling, queries, rules, worlds
from msme_calls.rehearsals.models import Rehearsal
from msme_calls.sweeps import hourly, sweep

if TYPE_CHECKING:
    from msme_calls import Application

log = structlog.get_logger()
TURNS = 50  # of the sweeps at one instant, until nothing is left to do


def make(call: Call, applicants: int, *, by: Person, at: datetime) -> Rehearsal:
    """Make a rehearsal of a call: a world of its own in which the call is launched and about to open."""
    allow(rules.no_rehearsal(call.life, queries.of_call(call) is not None, at))
    begins, person = rules.begins(call.life, at), by.id
    made = Rehearsal(call_id=call.id, made_at=at, revision=worlds.revision())
    db.session.add(made)
    db.session.commit()
    try:
        _furnish(made, applicants, begins)
    except BaseException:
        db.session.rollback()
        finish(made)
        raise
    made.ready_at, made.ahead = at, _microseconds(begins - clock.tick())
    history.record("make-rehearsal", by=db.session.get_one(Person, person), at=at, call=made.call)
    db.session.commit()
    return made


def _furnish(made: Rehearsal, applicants: int, begins: datetime) -> None:
    copy = filling.taken(made.call)
    try:
        app = worlds.build(made)  # ends the transaction: nobody who writes waits for what follows
    except ProgrammingError as error:  # PostgreSQL lets nobody make a schema who wasn't given the right
        log.error("no rehearsal", error=type(error.orig).__name__)
        sentence = _l("The database lets this installation make no rehearsals: ask whoever runs it to allow schemas.")
        raise Refused(str(sentence)) from error
    sizes = filling.logos(copy, app)
    with worlds.inside(app, begins):
        filling.fill(copy, sizes, applicants, begins)
        db.session.commit()
    run_on(app, begins)


def _microseconds(span: timedelta) -> int:
    return span // timedelta(microseconds=1)


def now_there(rehearsal: Rehearsal) -> datetime:
    """What time it is in a rehearsal."""
    return clock.now() + rehearsal.lead


def move(rehearsal: Rehearsal, to: datetime, *, at: datetime) -> None:
    """Move the clock forward: on the way everything happens that time brings, and the mails of then are made."""
    since = at + rehearsal.lead
    allow(rules.no_move(since, to))
    app = worlds.application(rehearsal)
    _claim(rehearsal, at)
    try:
        _live(app, since, to)
        rehearsal.ahead = _microseconds(to - clock.tick())
    finally:
        rehearsal.moving_until = None
        db.session.commit()


def _claim(rehearsal: Rehearsal, at: datetime) -> None:
    """Have nobody else move it meanwhile; whoever failed in the middle keeps others waiting for minutes only."""
    free = Rehearsal.moving_until.is_(None) | (Rehearsal.moving_until < at)
    mine = sa.update(Rehearsal).where(Rehearsal.id == rehearsal.id, Rehearsal.thrown_at.is_(None), free)
    done = db.session.execute(mine.values(moving_until=at + rules.MOVING)).rowcount  # type: ignore[attr-defined]
    db.session.commit()
    allow(None if done else str(rules.MOVED))


def _live(app: "Application", since: datetime, to: datetime) -> None:
    while since < to:
        with worlds.inside(app, since):
            call = worlds.only_call()
            marks = rules.stops(call.life, call.review_due_at, since, to)
            stop = min([*marks, *crowd.coming(call, since, to)])
        with worlds.inside(app, stop):
            crowd.apply(worlds.only_call(), stop)
        if stop in marks:
            run_on(app, stop)
        since = stop


def run_on(app: "Application", there: datetime | timedelta) -> None:
    """Do in a rehearsal what a worker would do there by now: reminders, and the mails, which are kept for its page."""
    with worlds.during(there):
        for _turn in range(TURNS):
            if not jobs.run_sweeps(app):
                break


Work = Callable[[Call, datetime], int]
WORK: dict[str, Work] = {"applicants": crowd.hurry, "reviewers": crowd.review}


def let(rehearsal: Rehearsal, who: str) -> int:
    """Let the invented applicants or reviewers do their part at once; returns how many things were handed in."""
    app, lead = worlds.application(rehearsal), rehearsal.lead
    db.session.rollback()
    with worlds.inside(app, lead):
        done = WORK[who](worlds.only_call(), clock.tick())
    run_on(app, lead)
    return done


def throw_away(rehearsal: Rehearsal, *, by: Person | None, at: datetime) -> None:
    """Make a rehearsal absent for everybody, at once and for good, and then take away all that there is of it."""
    rehearsal.thrown_at = at
    history.record("throw-rehearsal-away", by=by, at=at, call=rehearsal.call)
    db.session.commit()
    finish(rehearsal)


def finish(rehearsal: Rehearsal) -> None:
    """Take away what is left of a rehearsal, its row last. What can't be done now is done by the sweep."""
    try:
        worlds.destroy(rehearsal)
    except (OperationalError, OSError, storage.Unreachable) as error:
        db.session.rollback()
        log.warning("rehearsal not taken away yet", error=type(error).__name__)
        return
    db.session.execute(sa.delete(Rehearsal).where(Rehearsal.id == rehearsal.id))
    db.session.commit()


@sweep
@hourly
def tidy_rehearsals(at: datetime) -> int:
    """Throw away rehearsals that are a month old, and finish what was cut off."""
    found = queries.over(at)
    for rehearsal in found:
        if rehearsal.ready_at is not None and rehearsal.thrown_at is None:
            throw_away(rehearsal, by=None, at=at)
        else:
            finish(rehearsal)
    return len(found)
