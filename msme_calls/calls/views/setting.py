"""Texts, dates and rules of a call."""

from datetime import datetime
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from msme_calls import clock
from msme_calls.accounts.sessions import me
from msme_calls.calls import completeness, deadlines, queries, rules
from msme_calls.calls.actions import setting
from msme_calls.calls.forms.fields import opened, sent, typed_time
from msme_calls.calls.forms.setting import MARKDOWN, DatesForm, RulesForm, TextsForm
from msme_calls.calls.models import Call
from msme_calls.calls.phases import Phase
from msme_calls.calls.views.blueprint import Page, bp, desk_call, drawn
from msme_calls.extensions import db


@bp.route("/desk/<slug>/texts", methods=["GET", "POST"])
def texts(slug: str) -> Page:
    """What the call's page says, in each language."""
    call, at = desk_call(slug, "set-up"), clock.now()
    form = opened(TextsForm, TextsForm.of(call))
    if sent(form):
        setting.set_texts(call, form.texts, form.contact.data or "", by=me(), at=at)
        db.session.commit()
        flash(_("The texts are saved."), "good")
        return redirect(url_for("calls.texts", slug=slug))
    return drawn("texts", call, form, reason=rules.no_wording(call.life, at), markdown=MARKDOWN)


@bp.get("/desk/<slug>/languages")
def languages(slug: str) -> str:
    """Each text in each language of the call, with what is missing; all of them if asked for."""
    call, every = queries.whole(desk_call(slug, "set-up")), "all" in request.args
    texts = completeness.texts(call)
    lacking = [t for t in texts if t.lacking]
    return render_template(
        "calls/languages.html", call=call, shown=texts if every else lacking, lacking=len(lacking), every=every,
        blocks=call.phase(clock.now()) is Phase.DRAFT,
    )  # fmt: skip


@bp.route("/desk/<slug>/dates", methods=["GET", "POST"])
def dates(slug: str) -> Page:
    """The instants of the call."""
    call, at = desk_call(slug, "set-up"), clock.now()
    fixed = setting.fixed(call, at)
    form = opened(DatesForm, DatesForm.of(call) | _suggested(call), call=call, fixed=fixed, at=at)
    if sent(form):
        wrong = _no_result(call, form.dates, at)
        if not wrong:
            setting.set_dates(call, form.dates, by=me(), at=at)
            db.session.commit()
            flash(_("The dates are saved."), "good")
            return redirect(url_for("calls.dates", slug=slug))
        form.result.errors = [wrong]
    instants = {n: getattr(call, f"{n}_at") for n in completeness.DATES}
    return drawn(
        "dates", call, form, fixed=fixed, names=completeness.DATES, suggested=_suggested(call),
        remarks={n: deadlines.remark(i, call.zone) for n, i in instants.items() if i},
    )  # fmt: skip


def _suggested(call: Call) -> dict[str, str]:
    """What is usual for instants that aren't set yet: shown in the form, kept only when it is saved."""
    if call.result_at is None:
        return {}
    usual = deadlines.usual(call.result_at, call.zone)
    return {n: typed_time(i, call.zone) for n, i in usual.items() if getattr(call, f"{n}_at") is None}


def _no_result(call: Call, new: dict[str, Any], at: datetime) -> str | None:
    """What stands against another instant of the result."""
    result = new.get("result")
    if result is None or result == call.result_at:
        return None
    return rules.no_result_instant(call.life, result, at)


@bp.route("/desk/<slug>/rules", methods=["GET", "POST"], endpoint="rules")
def rules_page(slug: str) -> Page:
    """Who may apply, who is hidden from whom, how many are chosen."""
    call, at = desk_call(slug, "set-up"), clock.now()
    form = opened(RulesForm, RulesForm.of(call), call=call)
    if sent(form):
        setting.set_rules(call, setting.Rules(**form.rules), by=me(), at=at)
        db.session.commit()
        flash(_("The rules are saved."), "good")
        return redirect(url_for("calls.rules", slug=slug))
    return drawn("rules", call, form, reason=rules.no_set_up(call.life, at))
