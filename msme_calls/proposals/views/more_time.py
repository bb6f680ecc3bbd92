"""The desk's page on more time for single proposals."""

import uuid

from flask import abort, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from msme_calls import clock
from msme_calls.accounts.sessions import me
from msme_calls.calls.desk import at_desk
from msme_calls.calls.forms.fields import opened, sent
from msme_calls.calls.models import Call
from msme_calls.errors import Refused
from msme_calls.extensions import db
from msme_calls.proposals import more_time, queries, rules
from msme_calls.proposals.more_time_form import MoreTimeForm
from msme_calls.proposals.views import bp

Page = str | Response | tuple[str, int]


@bp.route("/desk/<slug>/more-time", methods=["GET", "POST"], endpoint="more_time")
def more_time_page(slug: str) -> Page:
    """A coordinator gives one proposal more time, by the reference that its applicant writes to her."""
    call, _roles = at_desk(slug, "life")
    form, at = opened(MoreTimeForm, {}, zone=call.zone), clock.now()
    if sent(form) and (answer := _give(call, form)):
        return answer
    given = [(p, more_time.no_ending(p, at)) for p in queries.extended(me(), call)]
    last = (call.life.closes_at or at) + rules.MOST_MORE
    reason = rules.no_more_time(call.phase(at), call.life.closes_at, last, at)
    page = render_template("proposals/more_time.html", call=call, form=form, given=given, at=at, reason=reason,
                           most=rules.MOST_MORE.days)  # fmt: skip
    return page, 422 if form.errors else 200


def _give(call: Call, form: MoreTimeForm) -> Response | None:
    """Give it; or say at the field what stands against it."""
    proposal = queries.extendable(me(), call, form.reference.data)
    if proposal is None:
        form.reference.errors = [_("No proposal to this call that you may see has this reference.")]
        return None
    assert form.until.instant
    try:
        more_time.give(proposal, form.until.instant, form.reason.data, by=me(), at=clock.now())
    except Refused as refused:
        form.until.errors = [str(refused)]
        return None
    db.session.commit()
    flash(_("%(reference)s has more time, and its team is told.", reference=proposal.reference), "good")
    return redirect(url_for("proposals.more_time", slug=call.slug))


@bp.post("/desk/<slug>/more-time/<uuid:proposal_id>/end")
def end_more_time(slug: str, proposal_id: uuid.UUID) -> Response:
    call, _roles = at_desk(slug, "life")
    proposal = next((p for p in queries.extended(me(), call) if p.id == proposal_id), None) or abort(404)
    more_time.end(proposal, by=me(), at=clock.now())
    db.session.commit()
    flash(_("The additional time is taken back, and its team is told."), "good")
    return redirect(url_for("proposals.more_time", slug=slug))
