"""Extending the deadline for all: announced on the page, told to everyone who has a draft."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from msme_calls import history
from msme_calls.accounts.models import Person
from msme_calls.calls import rules
from msme_calls.calls.deadlines import last_instant
from msme_calls.calls.models import Call, DeadlineMove
from msme_calls.errors import allow
from msme_calls.extensions import db


@dataclass(frozen=True)
class Audience:
    """People who are told of a new deadline: how many there are, and how they are told (queues their mails)."""

    count: Callable[[Call], int]
    tell: Callable[[Call, DeadlineMove, datetime], None]


EXTENDED: list[Audience] = []  # later features add theirs: `calls` knows no drafts


def told(call: Call) -> int:
    """How many people a new deadline is told to."""
    return sum(audience.count(call) for audience in EXTENDED)


def no_extend(call: Call, new: datetime, at: datetime) -> str | None:
    """Against this very deadline: it has to be later, and everything that follows has to stay after it."""
    end = last_instant(new, call.grace_minutes)
    assert end is not None
    if reason := rules.no_extend(call.life, end, at):
        return reason
    wrong = rules.disorder(call.opens_at, end, call.review_due_at, call.review_cutoff_at, call.result_at)
    return wrong[1] if wrong else None


def extend(call: Call, new: datetime, reason: dict[str, str], *, by: Person, at: datetime) -> DeadlineMove:
    """Move the deadline to a later instant (the published grace stays as it is); a call that has closed opens again."""
    allow(no_extend(call, new, at))
    assert call.deadline_at is not None  # it is launched
    move = DeadlineMove(former=call.deadline_at, new=new, reason=reason, at=at, moved_by_id=by.id)
    call.deadline_moves.insert(0, move)
    call.deadline_at = new
    db.session.flush()
    history.record("extend", by=by, at=at, call=call, former=move.former, new=new)
    for audience in EXTENDED:
        audience.tell(call, move, at)
    return move
