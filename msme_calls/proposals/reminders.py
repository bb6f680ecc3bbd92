"""What those who write drafts are told while there is still time: reminders, and a deadline that moved."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from msme_calls.calls.actions.extend import Audience
from msme_calls.calls.models import Call, DeadlineMove
from msme_calls.extensions import db
from msme_calls.outbox import Email
from msme_calls.proposals import queries, team
from msme_calls.proposals.models import Proposal, TeamRole
from msme_calls.sweeps import sweep

BEFORE = {"24h": timedelta(hours=24), "7d": timedelta(days=7)}  # how long before the deadline, the last one first


@sweep
def remind_of_drafts(at: datetime) -> int:
    """Write to those who write drafts that were never submitted, a week and a day before the deadline: once each.

    Nobody is told twice at once: a draft begun after the week's mark gets only the day's reminder.
    """
    sent = 0
    for call in queries.closing(at, max(BEFORE.values())):
        which = next(name for name, before in BEFORE.items() if _mark(call, before) <= at)
        mark = _mark(call, BEFORE[which])
        begun = (p for p in queries.drafts(call) if p.started_at <= mark)
        due = {_key(p, call, which): p for p in begun if team.concerned(p, TeamRole.EDIT)}
        for key in sorted(due.keys() - _queued(call)):
            _remind(due[key], call, key, at)
            sent += 1
    db.session.commit()
    return sent


def _mark(call: Call, before: timedelta) -> datetime:
    assert call.deadline_at is not None
    return call.deadline_at - before


def _key(proposal: Proposal, call: Call, which: str) -> str:
    """With the deadline in it: if that moves, there is a new week and a new day before it."""
    assert call.deadline_at is not None
    return f"draft-{which}:{proposal.id}:{call.deadline_at:%Y%m%dT%H%M}"


def _queued(call: Call) -> set[str]:
    keys = sa.select(Email.key).where(Email.name == "draft_due", Email.call_id == call.id)
    return {":".join(key.split(":")[:3]) for key in db.session.scalars(keys) if key}  # whoever of a team it went to


def _remind(proposal: Proposal, call: Call, key: str, at: datetime) -> None:
    deadline = call.deadline_at.isoformat() if call.deadline_at else ""
    team.tell("draft_due", proposal, at=at, to=team.concerned(proposal, TeamRole.EDIT), key=key, deadline=deadline)


def _tell(call: Call, move: DeadlineMove, at: datetime) -> None:
    new = move.new.isoformat()
    for proposal in queries.drafts(call):
        writers = team.concerned(proposal, TeamRole.EDIT)
        team.tell("deadline_moved", proposal, at=at, to=writers, deadline=new)


def _count(call: Call) -> int:
    return sum(len(team.concerned(proposal, TeamRole.EDIT)) for proposal in queries.drafts(call))


OF_DRAFTS = Audience(count=_count, tell=_tell)
