"""Who was chosen is told what is asked once the result is out, and reminded a week and a day before each date."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from msme_calls import outbox
from msme_calls.calls.models import Call
from msme_calls.decisions.models import Decision, Outcome
from msme_calls.extensions import db
from msme_calls.outbox import Email
from msme_calls.proposals import team
from msme_calls.proposals.models import Proposal, Status
from msme_calls.sweeps import hourly, sweep
from msme_calls.tasks import queries
from msme_calls.tasks.models import Done

BEFORE = {"1d": timedelta(days=1), "7d": timedelta(days=7)}  # before the date, the last one first


@sweep
@hourly
def tell_of_tasks(at: datetime) -> int:
    """Once the result is out, one mail to each team that is asked anything."""
    sent = 0
    for call in queries.told_of(at):
        tasks = queries.of_call(call)
        wanted = {name for task in tasks for name in task.outcomes}
        for proposal in _chosen(call, wanted):
            sent += _queue(proposal, call, f"tasks:{proposal.id}", first=True, at=at)
    db.session.commit()
    return sent


@sweep
@hourly
def remind_of_tasks(at: datetime) -> int:
    """A week and a day before a date, to teams that have not handed it in: one mail for each mark."""
    sent = 0
    for task in queries.due_soon(at, max(BEFORE.values())):
        which = next(name for name, before in BEFORE.items() if task.due_at - before <= at)
        done = set(db.session.scalars(sa.select(Done.proposal_id).where(Done.task_id == task.id)))
        for proposal in _chosen(task.call, set(task.outcomes)):
            if proposal.id not in done:
                key = f"task-{which}:{task.id}:{proposal.id}:{task.due_at:%Y%m%dT%H%M}"
                sent += _queue(proposal, task.call, key, first=False, at=at)
    db.session.commit()
    return sent


def _chosen(call: Call, names: set[str]) -> list[Proposal]:
    """Whom to write to. What the mail says is asked again when it is sent, of what was sealed."""
    wanted = [Outcome(name) for name in sorted(names)]
    rows = sa.select(Proposal).join(Decision, Decision.proposal_id == Proposal.id)
    rows = rows.where(Proposal.call_id == call.id, Proposal.status == Status.SUBMITTED, Decision.outcome.in_(wanted))
    return list(db.session.scalars(rows.options(selectinload(Proposal.members)).order_by(Proposal.id)))


def _queue(proposal: Proposal, call: Call, key: str, *, first: bool, at: datetime) -> int:
    there = db.session.scalar(sa.select(Email.id).where(Email.key == f"{key}:{proposal.owner_id}"))
    if there is not None:
        return 0
    for person in team.concerned(proposal):
        whose = f"{key}:{person.id}"
        outbox.queue("tasks_due", to=person, at=at, call=call, key=whose, proposal=str(proposal.id), first=first)
    return 1
