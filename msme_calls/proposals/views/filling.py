"""Filling a draft in from a text file: what it would change is shown first, and saved only when that was looked at."""

import uuid
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from msme_calls import clock
from msme_calls.accounts.sessions import me
from msme_calls.errors import allow
from msme_calls.extensions import db
from msme_calls.proposals import actions, answers, bringing, rules, text_form
from msme_calls.proposals.models import Proposal, TeamRole
from msme_calls.proposals.views import bp
from msme_calls.proposals.views.applicant import course, own, own_to_change

# Of the form; SEEN stands before a section's key, with the version that was looked at.
TEXT, SAVE, SEEN = "text", "save", "seen-"
Page = str | Response | tuple[str, int]


@bp.get("/proposals/<uuid:proposal_id>/fill")
def fill(proposal_id: uuid.UUID) -> str:
    proposal = own(proposal_id)
    allow(rules.no_part(proposal.role_of(me()), TeamRole.EDIT))
    return _page(proposal)


@bp.post("/proposals/<uuid:proposal_id>/fill")
def fill_in(proposal_id: uuid.UUID) -> Page:
    """A file that was chosen is shown with what it would change; pressing the button below that saves it."""
    sent = request.files.get("file")
    if SAVE in request.form and not (sent and sent.filename):
        return _save(own_to_change(proposal_id))
    proposal = own(proposal_id)
    allow(rules.no_part(proposal.role_of(me()), TeamRole.EDIT))
    content = _whole(sent) if sent else b""
    if rules.no_edit(proposal.status, proposal.phase(clock.now())):
        return _page(proposal), 403
    try:
        return _preview(proposal, text_form.read(content, proposal.call), text_form.decoded(content))
    except text_form.NotAForm as reason:
        none_chosen = _("Choose the text file first.")
        return _page(proposal, wrong=str(reason) if sent and sent.filename else none_chosen), 422


def _whole(sent: FileStorage) -> bytes:
    """A file that was chosen, read as far as it can be a form."""
    with sent.stream as stream:
        return stream.read(text_form.LARGEST + 1)


def _save(proposal: Proposal) -> Page:
    """Save what was looked at; if somebody saved other answers since, nothing, and what would change now is shown."""
    text = request.form.get(TEXT, "")
    if rules.no_edit(proposal.status, proposal.phase(clock.now())):
        return _page(own(proposal.id), kept=[(TEXT, text)]), 403
    try:
        brought = text_form.read(text.encode(), proposal.call)
    except text_form.NotAForm as reason:
        return _page(own(proposal.id), wrong=str(reason)), 422
    wanted, key = bringing.changes(proposal, brought), proposal.id
    seen = {section.key: request.form.get(SEEN + section.key, 0, type=int) for section, _changed in wanted.sections}
    try:
        bringing.save(proposal, wanted, seen, by=me(), at=clock.now())
    except actions.SavedElsewhere:
        db.session.rollback()
        return _preview(own(key), brought, text, clash=True)
    db.session.commit()
    said = ngettext("%(num)d answer is filled in from your file.", "%(num)d answers are filled in from your file.",
                    wanted.count)  # fmt: skip
    flash(said, "good")
    return redirect(url_for("proposals.check", proposal_id=key))


def _preview(proposal: Proposal, brought: text_form.Brought, text: str, clash: bool = False) -> Page:
    changes = bringing.changes(proposal, brought)
    parts = ((section, answers.part_of(proposal, section)) for section, _changed in changes.sections)
    seen = {SEEN + section.key: part.version if part else 0 for section, part in parts}
    page = _page(proposal, changes=changes, brought=brought, clash=clash, text=text, seen=seen)
    return (page, 409) if clash else page


def _page(proposal: Proposal, **more: Any) -> str:
    return render_template("proposals/fill.html", **more, **course(proposal))
