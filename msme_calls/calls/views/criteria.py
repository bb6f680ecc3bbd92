"""The criteria that proposals are judged by."""

import uuid

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from msme_calls import clock
from msme_calls.accounts.sessions import me
from msme_calls.calls import rules
from msme_calls.calls.actions import criteria as actions
from msme_calls.calls.forms.fields import opened, sent
from msme_calls.calls.forms.parts import CriterionForm, criterion_form
from msme_calls.calls.models import Call, Criterion
from msme_calls.calls.views.blueprint import STEPS, Page, bp, desk_call, drawn, part
from msme_calls.extensions import db


@bp.get("/desk/<slug>/criteria")
def criteria(slug: str) -> str:
    call = desk_call(slug, "set-up")
    reason = rules.no_set_up(call.life, clock.now())
    return render_template("calls/criteria.html", call=call, reason=reason, total=sum(c.weight for c in call.criteria))


@bp.route("/desk/<slug>/criteria/new", methods=["GET", "POST"])
def new_criterion(slug: str) -> Page:
    return _edit(desk_call(slug, "set-up"), None)


@bp.route("/desk/<slug>/criteria/<uuid:row_id>", methods=["GET", "POST"])
def criterion(slug: str, row_id: uuid.UUID) -> Page:
    call = desk_call(slug, "set-up")
    return _edit(call, part(Criterion, call, row_id))


def _edit(call: Call, row: Criterion | None) -> Page:
    at, scale = clock.now(), row.scale if row else 5
    form = opened(criterion_form(scale), CriterionForm.of(row))
    if sent(form):
        if row is None:
            row = actions.add(call, form.content, by=me(), at=at)
        else:
            actions.edit(row, form.content, by=me(), at=at)
        more = row.scale > scale  # there are scores now that have no line on this page yet
        db.session.commit()
        flash(_("The criterion is saved."), "good")
        here = url_for("calls.criterion", slug=call.slug, row_id=row.id)
        return redirect(here if more else url_for("calls.criteria", slug=call.slug))
    return drawn("criterion", call, form, criterion=row, scale=scale, reason=rules.no_set_up(call.life, at))


@bp.post("/desk/<slug>/criteria/<uuid:row_id>/<any(up, down):way>")
def move_criterion(slug: str, row_id: uuid.UUID, way: str) -> Response:
    call = desk_call(slug, "set-up")
    actions.move(part(Criterion, call, row_id), STEPS[way], by=me(), at=clock.now())
    db.session.commit()
    return redirect(url_for("calls.criteria", slug=slug, _anchor=f"c-{row_id}"))


@bp.post("/desk/<slug>/criteria/<uuid:row_id>/remove")
def remove_criterion(slug: str, row_id: uuid.UUID) -> Response:
    call = desk_call(slug, "set-up")
    actions.remove(part(Criterion, call, row_id), by=me(), at=clock.now())
    db.session.commit()
    flash(_("The criterion is removed."), "good")
    return redirect(url_for("calls.criteria", slug=slug))
