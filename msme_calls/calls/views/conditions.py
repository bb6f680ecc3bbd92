"""When a question is asked: the page on which coordinators say which earlier answers it depends on."""

import uuid

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from msme_calls import clock
from msme_calls.accounts.sessions import me
from msme_calls.calls import depending, rules
from msme_calls.calls.actions import conditions as actions
from msme_calls.calls.forms.conditions import ConditionForm, condition_form
from msme_calls.calls.models import Call, Question
from msme_calls.calls.views.blueprint import Page, bp, desk_call
from msme_calls.extensions import db


def _found(slug: str, row_id: uuid.UUID) -> tuple[Call, Question]:
    call = desk_call(slug, "set-up")
    return call, next((q for q in call.questions if q.id == row_id), None) or abort(404)


def _back(slug: str, row_id: uuid.UUID) -> Response:
    db.session.commit()
    flash(_("The conditions are saved."), "good")
    return redirect(url_for("calls.conditions", slug=slug, row_id=row_id))


@bp.route("/desk/<slug>/form/questions/<uuid:row_id>/conditions", methods=["GET", "POST"])
def conditions(slug: str, row_id: uuid.UUID) -> Page:
    """The conditions of a question; `on` in the address names the earlier question of one more."""
    call, question = _found(slug, row_id)
    earlier = depending.earlier(call.questions, question)
    on = next((q for q in earlier if str(q.id) == request.args.get("on")), None)
    sheet = condition_form(on)() if on else None
    if on and sheet and request.method == "POST" and sheet.validate():
        actions.add(question, on, sheet.operator.data, sheet.compared, by=me(), at=clock.now())
        return _back(slug, row_id)
    return _drawn(call, question, earlier, on, sheet), 422 if sheet and sheet.errors else 200


def _drawn(
    call: Call, question: Question, earlier: list[Question], on: Question | None, sheet: ConditionForm | None
) -> str:
    reason = rules.no_set_up(call.life, clock.now()) or depending.no_condition(question)
    return render_template(
        "calls/conditions.html", call=call, question=question, earlier=earlier, on=on, form=sheet, reason=reason,
        tells=depending.tells(question), dependents=depending.dependents(call.questions, question),
    )  # fmt: skip


@bp.post("/desk/<slug>/form/questions/<uuid:row_id>/conditions/<any(all, any):how>")
def match_conditions(slug: str, row_id: uuid.UUID, how: str) -> Response:
    """Whether all of them have to hold, or any."""
    _call, question = _found(slug, row_id)
    actions.match(question, how, by=me(), at=clock.now())
    return _back(slug, row_id)


@bp.post("/desk/<slug>/form/questions/<uuid:row_id>/conditions/<uuid:condition_id>/remove")
def remove_condition(slug: str, row_id: uuid.UUID, condition_id: uuid.UUID) -> Response:
    _call, question = _found(slug, row_id)
    gone = next((c for c in question.conditions if c.id == condition_id), None) or abort(404)
    actions.remove(gone, by=me(), at=clock.now())
    return _back(slug, row_id)
