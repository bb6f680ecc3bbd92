"""Tasks, whom they are asked of, and what was handed in."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from msme_calls.calls.models import Call
from msme_calls.decisions import queries as decided
from msme_calls.decisions.models import Decision, Outcome
from msme_calls.extensions import db
from msme_calls.proposals.models import Attachment, Proposal, Status
from msme_calls.tasks import rules
from msme_calls.tasks.models import Done, Task


@dataclass(frozen=True)
class Asked:
    """A task as a proposal's team sees it."""

    task: Task
    done: Done | None
    files: list[Attachment]


def of_call(call: Call) -> list[Task]:
    """The tasks of a call in their order."""
    return list(db.session.scalars(sa.select(Task).where(Task.call_id == call.id).order_by(Task.position)))


def find(call: Call, task_id: uuid.UUID) -> Task | None:
    """One of them."""
    return db.session.scalar(sa.select(Task).filter_by(call_id=call.id, id=task_id))


def answered(task: Task) -> bool:
    """Whether anybody has handed it in."""
    return db.session.scalar(sa.select(sa.exists().where(Done.task_id == task.id))) or False


def asked_of(proposal: Proposal, at: datetime) -> list[Asked]:
    """What is asked of a proposal now; nothing before the instant of the result, and then by what was sealed."""
    tasks = of_call(proposal.call)
    outcome = decided.outcome_for(proposal, at) if tasks else None
    done = {d.task_id: d for d in db.session.scalars(sa.select(Done).where(Done.proposal_id == proposal.id))}
    here = [file for file in proposal.attachments if file.removed_at is None]
    return [
        Asked(task, done.get(task.id), [file for file in here if file.question == task.key])
        for task in tasks if rules.asks(outcome, task.outcomes)
    ]  # fmt: skip


@dataclass(frozen=True)
class Line:
    """What one proposal owes and has handed in, for coordinators."""

    proposal: Proposal
    outcome: Outcome
    done: dict[uuid.UUID, Done]
    files: dict[str, list[Attachment]]


def progress(call: Call, visible: sa.Select[uuid.UUID], tasks: Iterable[Task]) -> list[Line]:
    """The proposals that are asked anything, of those that somebody may see, with what they handed in."""
    wanted = [Outcome(name) for name in sorted({name for task in tasks for name in task.outcomes})]
    rows = db.session.execute(
        sa.select(Proposal, Decision.outcome)
        .join(Decision, Decision.proposal_id == Proposal.id)
        .where(Proposal.call_id == call.id, Proposal.status == Status.SUBMITTED, Proposal.id.in_(visible))
        .where(Decision.outcome.in_(wanted))
        .options(selectinload(Proposal.attachments))
        .order_by(Proposal.organisation_folded, Proposal.id)
    ).all()
    done: dict[uuid.UUID, dict[uuid.UUID, Done]] = {}
    for row in db.session.scalars(sa.select(Done).join(Done.task).where(Task.call_id == call.id)):
        done.setdefault(row.proposal_id, {})[row.task_id] = row
    return [Line(p, outcome, done.get(p.id, {}), _files(p)) for p, outcome in rows]


def _files(proposal: Proposal) -> dict[str, list[Attachment]]:
    found: dict[str, list[Attachment]] = {}
    for file in proposal.attachments:
        if file.removed_at is None:
            found.setdefault(file.question, []).append(file)
    return found


def file_of(call: Call, visible: sa.Select[uuid.UUID], file_id: uuid.UUID) -> Attachment | None:
    """A file that was handed in for a task of a call, to a proposal that somebody may see."""
    keys = [task.key for task in of_call(call)]
    found = sa.select(Attachment).where(
        Attachment.id == file_id, Attachment.question.in_(keys), Attachment.removed_at.is_(None),
        Attachment.proposal_id.in_(visible),
    )  # fmt: skip
    return db.session.scalar(found)


def due_soon(at: datetime, within: timedelta) -> list[Task]:
    """Tasks of published calls that are due before long, with their calls."""
    soon = sa.select(Task).join(Task.call).options(joinedload(Task.call))
    told = (Call.sealed_at.is_not(None), Call.result_at <= at, Call.cancelled_at.is_(None), Call.archived_at.is_(None))
    return list(db.session.scalars(soon.where(*told, Task.due_at > at, Task.due_at <= at + within)))


def told_of(at: datetime) -> list[Call]:
    """Published calls that ask anything."""
    told = (Call.sealed_at.is_not(None), Call.result_at <= at, Call.cancelled_at.is_(None), Call.archived_at.is_(None))
    return list(db.session.scalars(sa.select(Call).where(*told, sa.exists().where(Task.call_id == Call.id))))
