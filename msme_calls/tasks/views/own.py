"""What is asked of one's own proposal after the result, and the page on which it is handed in."""

import uuid

from flask import abort, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from msme_calls import clock, questions, uploads
from msme_calls.accounts.models import Person
from msme_calls.accounts.sessions import me
from msme_calls.errors import allow
from msme_calls.extensions import db
from msme_calls.proposals.models import Attachment, Proposal, TeamRole
from msme_calls.proposals.queries import kept_of
from msme_calls.proposals.rules import no_part, no_room
from msme_calls.proposals.views.applicant import own as own_proposal
from msme_calls.proposals.views.applicant import own_to_change
from msme_calls.questions import File, kind_of
from msme_calls.tasks import actions, queries, rules
from msme_calls.tasks.queries import Asked
from msme_calls.tasks.views import bp

Page = str | Response | tuple[str, int]


@bp.get("/proposals/<uuid:proposal_id>/tasks")
def own(proposal_id: uuid.UUID) -> str:
    """All of it; a page that isn't there before the result, or for whom nothing is asked."""
    proposal, at = own_proposal(proposal_id), clock.now()
    asked = queries.asked_of(proposal, at) or abort(404)
    return render_template("tasks/own.html", proposal=proposal, call=proposal.call, asked=asked, at=at)


@bp.get("/proposals/<uuid:proposal_id>/tasks/<uuid:task_id>")
def task(proposal_id: uuid.UUID, task_id: uuid.UUID) -> str:
    proposal = own_proposal(proposal_id)
    asked = _asked(proposal, task_id)
    return _page(proposal, asked, asked.done.value if asked.done else None, [])


@bp.post("/proposals/<uuid:proposal_id>/tasks/<uuid:task_id>")
def do(proposal_id: uuid.UUID, task_id: uuid.UUID) -> Page:
    proposal, at = own_to_change(proposal_id), clock.now()
    asked = _asked(proposal, task_id)
    question = asked.task.question
    value = kind_of(question).read(question, request.form) if question.kind != "file" else None
    sent, wrong = _sent(asked, proposal.owner) if question.kind == "file" else ([], questions.problems(question, value))
    if wrong:
        return _page(proposal, asked, value, wrong), 422
    actions.do(asked, proposal, value, sent, by=me(), at=at)
    db.session.commit()
    flash(_("We have it. You can change it until its date."), "good")
    return redirect(url_for("tasks.own", proposal_id=proposal.id))


def _asked(proposal: Proposal, task_id: uuid.UUID) -> Asked:
    return next((a for a in queries.asked_of(proposal, clock.now()) if a.task.id == task_id), None) or abort(404)


def _page(proposal: Proposal, asked: Asked, value: object, errors: list[str]) -> str:
    at = clock.now()
    over = proposal.call.phase(at) in actions.OVER
    reason = rules.no_doing(asked.done is not None, asked.task.due_at, at, over)
    reason = reason or no_part(proposal.role_of(me()), TeamRole.EDIT)
    task, question = asked.task, asked.task.question
    return render_template(
        "tasks/task.html", proposal=proposal, call=proposal.call, asked=asked, task=task, question=question, at=at,
        value=value, kind=kind_of(question), errors=errors, reason=reason,
        summary=[(f"q-{task.key}", error) for error in errors],
    )  # fmt: skip


def _sent(asked: Asked, owner: Person) -> tuple[list[uploads.Checked], list[str]]:
    """The files that came, checked and kept; and what is wrong with others."""
    limits, kept, wrong = File().limits(asked.task.question), [], []
    allow(no_room(*kept_of(owner), current_app.settings.quota_mb))  # type: ignore[attr-defined]
    most = limits.pop("max_files")
    for file in request.files.getlist(asked.task.key):
        if file.filename:
            try:
                kept.append(uploads.take(file.stream, file.filename, **limits))
            except uploads.BadFile as reason:
                wrong.append(str(reason))
    there = len(asked.files) if most > 1 else 0
    if len(kept) + there > most:
        wrong.append(_("Send at most %(most)d files.", most=most))
    if not kept and not wrong and not asked.files:
        wrong.append(str(kind_of(asked.task.question).missing))
    return kept, wrong


@bp.get("/proposals/<uuid:proposal_id>/tasks/files/<uuid:file_id>")
def file(proposal_id: uuid.UUID, file_id: uuid.UUID) -> Response:
    """One of the files that one's own team handed in."""
    files = (f for a in queries.asked_of(own_proposal(proposal_id), clock.now()) for f in a.files)
    found: Attachment = next((f for f in files if f.id == file_id), None) or abort(404)
    return uploads.send_back(found.sha256, found.kind, found.name, own=True)
