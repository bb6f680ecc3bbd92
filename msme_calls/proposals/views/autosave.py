"""A section saved while it is being written: one small request for a script, told by status and data, not by a page."""

import uuid
from datetime import datetime
from typing import Any

from flask import current_app, request
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_wtf.csrf import CSRFError, generate_csrf

from msme_calls import clock, i18n
from msme_calls.accounts.sessions import me
from msme_calls.calls.models import Section
from msme_calls.errors import Refused
from msme_calls.extensions import csrf, db
from msme_calls.proposals import actions, answers, forms
from msme_calls.proposals.models import Proposal, SectionDraft
from msme_calls.proposals.views import bp
from msme_calls.proposals.views.applicant import own_to_change
from msme_calls.proposals.views.sections import section_of

Answer = tuple[dict[str, Any], int] | tuple[dict[str, Any], int, dict[str, str]]


@bp.put("/proposals/<uuid:proposal_id>/sections/<key>")
@csrf.exempt  # checked below: who has signed in anew in another tab is given the new token, and goes on
def autosave(proposal_id: uuid.UUID, key: str) -> Answer:
    """Keep a section's answers if it is still the version that they were written upon."""
    request.max_content_length = current_app.config["MAX_FORM_MEMORY_SIZE"]  # of text, as in a form that brings files
    try:
        csrf.protect()
    except CSRFError:
        return {"token": generate_csrf(), "who": str(me().id)}, 400
    db.session().expire_on_commit = False
    try:
        return _keep(own_to_change(proposal_id), key, clock.now())
    except Refused as reason:
        db.session.rollback()
        return {"said": str(reason)}, 403


def _keep(proposal: Proposal, key: str, at: datetime) -> Answer:
    here, seen = section_of(proposal, key), forms.version_of(request.headers.get("If-Match", ""))
    if seen is None:
        return {"said": _("Say in If-Match which version you have: a number in quotes.")}, 428
    sent = forms.read(here, request.form)
    try:
        part = actions.save_section(proposal, here, sent, by=me(), at=at, seen=seen)
    except actions.SavedElsewhere as clash:
        differ = forms.differing(here, clash.part.answers, sent)
        return {**_about(proposal, here, clash.part), "differ": differ}, 412, _tag(clash.part)
    db.session.commit()
    return _about(proposal, here, part), 200, _tag(part)


def _tag(part: SectionDraft) -> dict[str, str]:
    return {"ETag": f'"{part.version}"'}


def _about(proposal: Proposal, here: Section, part: SectionDraft) -> dict[str, Any]:
    """How a section is kept: its version, when, and how far it is, in words for the page."""
    missing, zone = len(answers.lacking(proposal, here)), proposal.call.zone
    said = _("Saved at %(time)s (%(city)s)", time=i18n.written(part.saved_at, zone, "clock_time"), city=i18n.city(zone))
    left = ngettext("%(num)d to correct", "%(num)d to correct", missing) if missing else _("Complete")
    return {"version": part.version, "said": said, "missing": missing, "left": left}
