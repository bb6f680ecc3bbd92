"""The form, section by section: everything typed is kept, right or not, and nobody's text is overwritten silently."""

import uuid
from collections.abc import Mapping
from typing import Any

from flask import abort, current_app, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from msme_calls import clock, uploads
from msme_calls.accounts.sessions import me
from msme_calls.calls.models import Section
from msme_calls.errors import Refused, allow, typed
from msme_calls.extensions import db
from msme_calls.proposals import actions, answers, forms, incoming, queries, rules
from msme_calls.proposals.answers import Viewer
from msme_calls.proposals.models import Proposal, TeamRole
from msme_calls.proposals.views import bp
from msme_calls.proposals.views.applicant import course, own, own_to_change
from msme_calls.questions import File

Problems = dict[str, list[str]]
Limits = dict[str, dict[str, Any]]


def section_of(proposal: Proposal, key: str) -> Section:
    """A section of the form by its key, or no page."""
    return next((s for s in proposal.call.form.sections if s.key == key), None) or abort(404)


@bp.get("/proposals/<uuid:proposal_id>/sections/<key>")
def section(proposal_id: uuid.UUID, key: str) -> str:
    proposal = own(proposal_id)
    here = section_of(proposal, key)
    no_part = rules.no_part(proposal.role_of(me()), TeamRole.EDIT)
    if rules.no_edit(proposal.status, proposal.phase(clock.now())) or no_part:
        return _closed(proposal, here, [])
    return _page(proposal, here)


@bp.post("/proposals/<uuid:proposal_id>/sections/<key>")
def save(proposal_id: uuid.UUID, key: str) -> str | Response | tuple[str, int]:
    db.session().expire_on_commit = False  # what was saved is shown again: no need to read it anew after each commit
    proposal = own_to_change(proposal_id)
    here = section_of(proposal, key)
    if rules.no_edit(proposal.status, proposal.phase(clock.now())):
        return _closed(proposal, here, typed()), 403
    sent, limits, clash = forms.read(here, request.form), _limits(here), False
    words, saved = any(q.kind != "file" for q in here.questions), forms.KEPT in request.form
    try:
        if words and not saved:
            actions.save_section(proposal, here, sent, by=me(), at=clock.now(), seen=forms.seen(request.form))
    except actions.SavedElsewhere:
        clash = True
    removed = _remove(proposal, here)
    room = (0, 0)
    if any(f.filename for f in request.files.values()):
        room = queries.kept_of(proposal.owner)
        db.session.commit()  # the words are safe before a file is opened, and no transaction is open while it is parsed
    with db.session.no_autoflush:  # the rows are written together
        refused, lasting = _take(proposal, limits, room)
        if not words and not saved and not rules.no_edit(proposal.status, proposal.phase(clock.now())):
            actions.save_section(proposal, here, {}, by=me(), at=clock.now())
    there = answers.asked(proposal.call, answers.draft_answers(proposal))
    db.session.commit()
    if clash:
        return _page(proposal, here, refused, sent), 409
    if removed:
        return redirect(url_for("proposals.section", proposal_id=proposal.id, key=key, _anchor=f"q-{removed}"))
    return _go_on(proposal, here, there, refused, lasting)


def _go_on(
    proposal: Proposal, here: Section, there: frozenset[str], refused: Problems, lasting: bool
) -> Response | tuple[str, int]:
    """To the check if that was asked for; else to what is wrong here, or to the next section."""
    check = url_for("proposals.check", proposal_id=proposal.id)
    if request.form.get(forms.GO) == "check" and not refused:
        return redirect(check)
    if refused or answers.lacking(proposal, here):
        return _page(proposal, here, refused), 422 if lasting else 503
    sections = proposal.call.form.sections
    later = [s for s in sections[sections.index(here) + 1 :] if any(q.key in there for q in s.questions)]
    return redirect(url_for("proposals.section", proposal_id=proposal.id, key=later[0].key) if later else check)


def _remove(proposal: Proposal, here: Section) -> str | None:
    """Take out the file whose button was pressed; gives its question's key."""
    if forms.REMOVE not in request.form:
        return None
    asked = {q.key for q in here.questions}
    for a in proposal.attachments:
        if str(a.id) == request.form.get(forms.REMOVE) and a.removed_at is None and a.question in asked:
            actions.detach(a, by=me(), at=clock.now())
            return a.question
    return None


def _limits(here: Section) -> Limits:
    return {q.key: File().limits(q) for q in here.questions if q.kind == "file"}


def _take(proposal: Proposal, limits: Limits, room: tuple[int, int]) -> tuple[Problems, bool]:
    """Check and keep the files that came along: what could not be taken, by question; False if trying again helps.

    `room`: how many files and bytes she has sent before.
    """
    refused: Problems = {}
    lasting = True
    checked = []  # all of them before the first row is read: no lock is held while files are parsed
    for key, limit in limits.items():
        parts = {name: limit[name] for name in ("kinds", "max_bytes", "max_pages")}
        for sent in request.files.getlist(key):
            if not sent.filename:
                continue
            try:
                allow(rules.no_room(*room, current_app.settings.quota_mb))  # type: ignore[attr-defined]
                checked.append((key, uploads.take(sent.stream, sent.filename, **parts)))
                room = room[0] + 1, room[1] + checked[-1][1].size
            except (uploads.BadFile, Refused) as reason:
                lasting = lasting and not isinstance(reason, uploads.NotKept)
                refused.setdefault(key, []).append(_about(sent.filename, reason))
    for key, file in checked:
        try:
            actions.attach(proposal, key, file, by=me(), at=clock.now())
        except Refused as reason:
            refused.setdefault(key, []).append(_about(file.name, reason))
    return refused, lasting


def _about(name: str, reason: Exception) -> str:
    return _("“%(name)s”: %(reason)s", name=uploads.clean_name(name), reason=str(reason))


def _page(
    proposal: Proposal, here: Section, refused: Problems | None = None, unsaved: Mapping[str, Any] | None = None
) -> str:
    """A section's form. `unsaved`: what was typed while another window saved; both are shown."""
    part = answers.part_of(proposal, here)
    saved = answers.draft_answers(proposal)
    errors = answers.lacking(proposal, here) if part and unsaved is None else {}
    for key, sentences in (refused or {}).items():
        errors[key] = sentences
    shown = forms.fields(
        here,
        proposal,
        {**answers.prefilled(proposal, here), **saved, **(unsaved or {})},
        errors,
        None if unsaved is None else saved,
    )
    return render_template(
        "proposals/section.html",
        section=here,
        part=part,
        fields=shown,
        errors=forms.summary(shown),
        clash=unsaved is not None,
        names=forms,
        facts=answers.facts_elsewhere(proposal, here),
        sending=incoming.waiting(proposal, here, me(), clock.now()),
        **course(proposal),
    )


def _closed(proposal: Proposal, here: Section, kept: list[tuple[str, str]]) -> str:
    """A section that can't be changed: the reason, what was typed in vain, and what is saved."""
    given, files = answers.draft_answers(proposal), answers.draft_files(proposal)
    seen = [part for part in answers.seen(proposal.call, given, files, Viewer.OWNER) if part[0] is here]
    return render_template("proposals/closed.html", section=here, seen=seen, kept=kept, **course(proposal))
