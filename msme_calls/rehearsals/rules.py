"""When a call can be rehearsed, and where its clock can be moved: each rule gives the reason against, or None."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from msme_calls.calls.phases import Life, Phase, phase
from msme_calls.i18n import _l

LASTS = timedelta(days=30)  # after its making it is thrown away
MOVING = timedelta(minutes=2)  # longer than a move of its clock takes
BEFORE = timedelta(hours=1)  # the opening: where a rehearsal of a call that has opened begins
FURTHEST = timedelta(days=3660)
SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)
APPLICANTS, REVIEWERS = (6, 12, 24), 6

# What the history of the call says of its rehearsals; what is done in them leaves no trace.
SENTENCES = {
    "make-rehearsal": _l("%(who)s began a rehearsal of the call."),
    "throw-rehearsal-away": _l("%(who)s threw the rehearsal of the call away."),
}


@dataclass(frozen=True)
class Jump:
    """An instant to which the clock is moved by one press."""

    name: str
    words: Any
    at: datetime


def no_rehearsal(life: Life, there: bool, at: datetime) -> str | None:
    """Against making a rehearsal; `there`: whether the call has one."""
    if there:
        return _l("This call has a rehearsal already. Throw that one away first.")
    if phase(life, at) in (Phase.PUBLISHED, Phase.ARCHIVED, Phase.CANCELLED):
        return _l("The call is over: there is nothing to rehearse any more.")
    if not (life.opens_at and life.closes_at and life.result_at):
        return _l("Set the opening, the deadline and the instant of the result first: the rehearsal goes through them.")
    return None


def begins(life: Life, at: datetime) -> datetime:
    """When it is at the beginning of a rehearsal: now, or shortly before the opening if that has passed."""
    assert life.opens_at
    return min(at, life.opens_at - BEFORE)


def no_move(there: datetime, to: datetime) -> str | None:
    """Against moving the clock of a rehearsal from one instant to another."""
    if to <= there:
        return _l("In a rehearsal the clock only goes forward. To begin again, throw it away and make a new one.")
    if to - there > FURTHEST:
        return _l("Choose an instant within the next ten years.")
    return None


MOVED = _l("The clock of this rehearsal is being moved at this very moment. Wait a moment, then load the page again.")


def jumps(life: Life, review_due: datetime | None, review_cutoff: datetime | None) -> list[Jump]:
    """The instants that matter in the life of a call, in order."""
    found = []
    if life.opens_at:
        found.append(Jump("opening", _l("The opening"), life.opens_at))
    if life.closes_at:
        found += [
            Jump("week-before", _l("A week before the deadline"), life.closes_at - 7 * DAY),
            Jump("day-before", _l("A day before the deadline"), life.closes_at - DAY),
            Jump("minute-before", _l("One minute before the deadline"), life.closes_at - MINUTE),
            Jump("second-after", _l("One second after the deadline"), life.closes_at + SECOND),
        ]
    if review_due:
        found.append(Jump("reviews-due", _l("A day before reviews are due"), review_due - DAY))
    if review_cutoff:
        found.append(Jump("reviews-locked", _l("One second after reviews are locked"), review_cutoff + SECOND))
    if life.result_at:
        found += [
            Jump("before-result", _l("One minute before the result"), life.result_at - MINUTE),
            Jump("result", _l("The instant of the result"), life.result_at),
        ]
    return sorted(found, key=lambda jump: jump.at)


def stops(life: Life, review_due: datetime | None, since: datetime, to: datetime) -> list[datetime]:
    """Where a move stops on its way, so that the reminders of that time are made; and at its end."""
    marks = [life.opens_at, life.closes_at, review_due, life.result_at]
    days = [mark + n * DAY for mark in marks if mark for n in (-7, -1, 0, 1)]
    return sorted({day for day in days if since < day < to} | {to})
