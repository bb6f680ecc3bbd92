"""Coordinators set tasks; the teams of those who were chosen hand them in."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from msme_calls import history, questions, uploads
from msme_calls.accounts.models import Person
from msme_calls.calls.actions import parts
from msme_calls.calls.actions.form import options_of
from msme_calls.calls.models import Call
from msme_calls.calls.phases import Phase
from msme_calls.errors import allow
from msme_calls.extensions import db, lock
from msme_calls.proposals.models import Attachment, Proposal
from msme_calls.tasks import queries, rules
from msme_calls.tasks.models import Done, Task

Words = dict[str, str]
OVER = (Phase.ARCHIVED, Phase.CANCELLED)


@dataclass(frozen=True)
class Content:
    """A task, but for its kind: that stays as it was made."""

    label: Words
    help: Words
    required: bool
    outcomes: list[str]
    due_at: datetime
    options: dict[str, Any] = field(default_factory=dict)


def add(call: Call, kind: str, content: Content, *, by: Person, at: datetime) -> Task:
    """Ask something of those who will be, or were, chosen."""
    allow(rules.no_setting(call.life, at) or rules.no_due(content.due_at, call.result_at))
    tasks = queries.of_call(call)
    task = Task(id=uuid.uuid4(), call_id=call.id, position=parts.last(tasks), kind=questions.KINDS[kind].key)
    _put(task, content, options_of(call, kind, content.options))
    db.session.add(task)
    history.record("add-task", by=by, at=at, call=call, task=content.label)
    return task


def edit(task: Task, content: Content, *, by: Person, at: datetime) -> None:
    """Change a task; once somebody has handed it in, only its words and its date."""
    allow(rules.no_setting(task.call.life, at) or rules.no_due(content.due_at, task.call.result_at))
    options = options_of(task.call, task.kind, content.options)
    if (task.required, task.outcomes, task.options) != (content.required, content.outcomes, options):
        allow(rules.no_kind_change(queries.answered(task)))
    _put(task, content, options)
    history.record("edit-task", by=by, at=at, call=task.call, task=content.label)


def _put(task: Task, content: Content, options: dict[str, Any]) -> None:
    task.label, task.help, task.due_at = content.label, content.help, content.due_at
    task.required, task.outcomes, task.options = content.required, content.outcomes, options


def remove(task: Task, *, by: Person, at: datetime) -> None:
    """Ask it no more, unless somebody has handed it in."""
    allow(rules.no_setting(task.call.life, at) or rules.no_kind_change(queries.answered(task)))
    db.session.delete(task)
    history.record("remove-task", by=by, at=at, call=task.call, task=task.label)


def do(
    asked: queries.Asked, proposal: Proposal, value: Any, sent: list[uploads.Checked], *, by: Person, at: datetime
) -> Done:
    """Hand something in, or change it until its date. `sent`: files that came now and were kept."""
    lock(proposal)
    task, row = asked.task, asked.done
    allow(rules.no_doing(row is not None, task.due_at, at, proposal.call.phase(at) in OVER))
    for checked in sent:
        _attach(proposal, asked, checked, at)
    if row is None:
        row = Done(task_id=task.id, proposal_id=proposal.id, late=at >= task.due_at)
        db.session.add(row)
    row.value, row.done_at, row.done_by_id = value, at, by.id
    history.record("do-task", by=by, at=at, call=proposal.call, proposal=proposal, task=task.label)
    return row


def _attach(proposal: Proposal, asked: queries.Asked, checked: uploads.Checked, at: datetime) -> None:
    """A file beside those there are; where one is asked for, in its place."""
    if questions.File().limits(asked.task.question)["max_files"] == 1:
        for former in asked.files:
            former.removed_at = at
    row = Attachment(
        id=uuid.uuid4(), question=asked.task.key, sha256=checked.sha256, stored=uploads.remember(checked, at),
        name=checked.name, kind=checked.kind, size=checked.size, pages=checked.pages, added_at=at,
    )  # fmt: skip
    proposal.attachments.append(row)
