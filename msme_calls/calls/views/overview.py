"""The first page of a call's desk: where it stands, what comes next, who is needed; and the acts of its life."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import abort, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from msme_calls import clock
from msme_calls.accounts.sessions import me
from msme_calls.calls import acts, completeness, desk, queries, rules
from msme_calls.calls.actions import extend, life
from msme_calls.calls.desk import at_desk
from msme_calls.calls.forms.fields import in_words, opened, sent
from msme_calls.calls.forms.setting import CancelForm, ExtendForm
from msme_calls.calls.models import Call
from msme_calls.calls.phases import Phase
from msme_calls.calls.views.blueprint import Page, bp, desk_call, drawn
from msme_calls.extensions import db
from msme_calls.i18n import _l

LATEST = 8  # acts shown on the overview

# What comes next in each phase: the act and its words, or none where the clock or another page does it.
NEXT: dict[Phase, tuple[str, Any]] = {
    Phase.DRAFT: ("launch", _l("Launch the call")),
    Phase.CLOSED: ("start-review", _l("Start the review")),
    Phase.REVIEW: ("start-deciding", _l("Start deciding")),
    Phase.PUBLISHED: ("archive", _l("Archive the call")),
}
Step = Callable[[Call, datetime], None]
STEPS: dict[str, tuple[Step, Any]] = {
    "launch": (
        lambda call, at: life.launch(call, len(completeness.missing(call)), by=me(), at=at),
        _l("The call is launched: its page is public."),
    ),
    "start-review": (
        lambda call, at: life.start_review(call, by=me(), at=at),
        _l("The review has started: reviewers can read what is assigned to them."),
    ),
    "start-deciding": (lambda call, at: life.start_deciding(call, by=me(), at=at), _l("Deciding has started.")),
    "archive": (lambda call, at: life.archive(call, by=me(), at=at), _l("The call is archived.")),
}


def _reason(act: str, call: Call, missing: int, at: datetime) -> str | None:
    """Why the next act can't be done now: the rule that the act itself asks."""
    asked: dict[str, Callable[[], str | None]] = {
        "launch": lambda: rules.no_launch(call.life, missing, at),
        "start-review": lambda: life.no_review(call, at),
        "start-deciding": lambda: rules.no_start_deciding(call.life, at, scored=call.scored),
        "archive": lambda: rules.no_archive(call.life, at),
    }
    return asked[act]()


@bp.get("/desk/<slug>")
def overview(slug: str) -> str:
    call, roles = at_desk(slug)
    at, phase, missing = clock.now(), call.phase(clock.now()), []
    if phase is Phase.DRAFT:
        missing = completeness.missing(queries.whole(call))
    act, verb = NEXT.get(phase if call.scored or phase is not Phase.CLOSED else Phase.REVIEW, ("", ""))
    latest = list(db.session.scalars(acts.of_call(call, me(), proposals=False).limit(LATEST)))
    return render_template(
        "calls/overview.html", call=call, at=at, phase=phase, missing=missing, act=act, verb=verb,
        reason=_reason(act, call, len(missing), at) if act else None, runs=rules.may(roles, "life"),
        prepares=rules.may(roles, "set-up"), needed=desk.needed(call, roles), figures=desk.progress(call, roles),
        latest=acts.told(latest, call), no_extend=rules.no_extension(call.life, at),
        no_cancel=rules.no_cancel(call.life, at), convenes=me().is_convenor,
    )  # fmt: skip


@bp.post("/desk/<slug>/<any('launch', 'start-review', 'start-deciding', 'archive'):act>")
def step(slug: str, act: str) -> Response:
    """The next act in the life of a call."""
    call = desk_call(slug, "life")
    do, says = STEPS[act]
    do(call, clock.now())
    db.session.commit()
    flash(says, "good")
    return redirect(url_for("calls.overview", slug=slug))


@bp.route("/desk/<slug>/cancel", methods=["GET", "POST"])
def cancel(slug: str) -> Page:
    """A coordinator ends the call without a result: a page of its own, since it can't be undone."""
    call, at = desk_call(slug, "life"), clock.now()
    form, reason = opened(CancelForm, {}), rules.no_cancel(call.life, at)
    if sent(form):
        life.cancel(call, form.reason.data, by=me(), at=at)
        db.session.commit()
        flash(_("The call is cancelled. Its page says so."), "warn")
        return redirect(url_for("calls.overview", slug=slug))
    return drawn("cancel", call, form, reason=reason)


@bp.route("/desk/<slug>/extend", methods=["GET", "POST"])
def extended(slug: str) -> Page:
    """A coordinator moves the deadline for all."""
    call, at = desk_call(slug, "life"), clock.now()
    if call.deadline_at is None:
        abort(404)
    form, reason = opened(ExtendForm, {"reason": {}}, zone=call.zone), rules.no_extension(call.life, at)
    told = extend.told(call)
    if sent(form):
        assert form.deadline.instant
        wrong = extend.no_extend(call, form.deadline.instant, at)
        if not wrong:
            extend.extend(call, form.deadline.instant, in_words(form.reason.data), by=me(), at=at)
            db.session.commit()
            flash(_("The deadline is moved. The call’s page says so, and everyone with a draft is told."), "good")
            return redirect(url_for("calls.overview", slug=slug))
        form.deadline.errors = [wrong]
    return drawn("extend", call, form, reason=reason, told=told)
