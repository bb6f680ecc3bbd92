"""The form that applicants fill in: its sections and questions."""

import re
import uuid
from types import SimpleNamespace
from typing import Any

from flask import abort, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from msme_calls import clock, history, questions
from msme_calls.accounts.sessions import me
from msme_calls.calls import depending, freezing, rules
from msme_calls.calls.actions import form as actions
from msme_calls.calls.forms.fields import in_words, opened, sent
from msme_calls.calls.forms.parts import SectionForm, question_form, wider_form, wider_of
from msme_calls.calls.models import Blindness, Call, Question, Section
from msme_calls.calls.phases import Phase
from msme_calls.calls.views.blueprint import STEPS, Page, bp, desk_call, drawn, part
from msme_calls.extensions import db


def _question(call: Call, row_id: uuid.UUID) -> Question:
    return next((q for q in call.questions if q.id == row_id), None) or abort(404)


@bp.get("/desk/<slug>/form")
def form(slug: str) -> str:
    return _drawn_form(desk_call(slug, "set-up"))


def _drawn_form(call: Call, **more: Any) -> str:
    at, order = clock.now(), actions.order_of(call)
    return render_template(
        "calls/form.html", call=call, order=order, seen=_fingerprint(order), still=freezing.still(call.life, at),
        kinds=questions.KINDS, feeds=rules.FEEDS, reason=rules.no_set_up(call.life, at),
        no_steps=freezing.no_steps(call.sections),
        no_wording=rules.no_form_wording(call.life, at), no_question=rules.no_question(call.life, False, at),
        no_removal={
            q.id: rules.no_removal(call.life, q.feeds, at) or depending.no_removal(call.questions, [q])
            for q in call.questions
        },
        no_section_removal={
            s.id: rules.no_section_removal(call.life, [q.feeds for q in s.questions if q.feeds], at)
            or depending.no_removal(call.questions, s.questions)
            for s in call.sections
        },
        **more,
    )  # fmt: skip


def _fingerprint(order: str) -> str:
    return history.sha256(order.encode())


@bp.post("/desk/<slug>/form/order")
def order_form(slug: str) -> Page:
    """The whole form in another order, made from the one that `seen` tells; a script gets the new one's in JSON."""
    call, wanted = desk_call(slug, "set-up"), request.form.get("order", "")
    if request.form.get("seen") != _fingerprint(actions.order_of(call)):
        return _drawn_form(call, wanted=_named(call, wanted), wanted_order=wanted), 409
    actions.order(call, wanted, by=me(), at=clock.now())
    db.session.commit()
    db.session.expire_all()
    if request.accept_mimetypes.best == "application/json":
        return jsonify(seen=_fingerprint(actions.order_of(call)))
    flash(_("The form is in its new order."), "good")
    return redirect(url_for("calls.form", slug=slug))


def _named(call: Call, order: str) -> list[Question]:
    """The questions that an order names, as far as there still are such."""
    there = {str(q.id): q for q in call.questions}
    return [there[key] for key in re.findall(r"[0-9a-f-]{36}", order) if key in there]


@bp.get("/desk/<slug>/form/preview")
def form_preview(slug: str) -> str:
    """The form as an applicant sees it."""
    return render_template("calls/form_preview.html", call=desk_call(slug, "set-up"), kinds=questions.KINDS)


@bp.post("/desk/<slug>/form/question-preview")
def preview_question(slug: str) -> str:
    """A question as it stands in somebody's window, saved or not, as applicants would see it; nothing is kept."""
    call, kind = desk_call(slug, "set-up"), request.form.get("preview", "")
    if kind not in questions.KINDS:
        abort(400)
    sheet = question_form(kind)()
    content = sheet.content
    shown = SimpleNamespace(**{**vars(content), "key": "preview", "kind": kind, "conditions": (), "feeds": ""})
    shown.options = actions.options_of(call, kind, content.options)
    typed = [(n, v) for n, v in request.form.items(multi=True) if n != "csrf_token"]
    return render_template(
        "calls/question_preview.html", call=call, question=shown, kind=questions.KINDS[kind], typed=typed,
        unseen=content.hidden and call.blindness is Blindness.SINGLE,
    )  # fmt: skip


@bp.route("/desk/<slug>/form/sections/new", methods=["GET", "POST"])
def new_section(slug: str) -> Page:
    return _edit_section(desk_call(slug, "set-up"), None)


@bp.route("/desk/<slug>/form/sections/<uuid:row_id>", methods=["GET", "POST"])
def section(slug: str, row_id: uuid.UUID) -> Page:
    call = desk_call(slug, "set-up")
    return _edit_section(call, part(Section, call, row_id))


def _edit_section(call: Call, row: Section | None) -> Page:
    at, saved = clock.now(), {"heading": row.title, "intro": row.intro} if row else {"heading": {}, "intro": {}}
    sheet = opened(SectionForm, saved)
    if sent(sheet):
        words = in_words(sheet.heading.data), in_words(sheet.intro.data)
        if row is None:
            row = actions.add_section(call, *words, by=me(), at=at)
        else:
            actions.word_section(row, *words, by=me(), at=at)
        db.session.commit()
        flash(_("The section is saved."), "good")
        return redirect(url_for("calls.form", slug=call.slug, _anchor=f"s-{row.id}"))
    reason = rules.no_form_wording(call.life, at) if row else rules.no_set_up(call.life, at)
    return drawn("section", call, sheet, section=row, reason=reason)


@bp.post("/desk/<slug>/form/sections/<uuid:row_id>/<any(up, down):way>")
def move_section(slug: str, row_id: uuid.UUID, way: str) -> Response:
    call = desk_call(slug, "set-up")
    actions.move_section(part(Section, call, row_id), STEPS[way], by=me(), at=clock.now())
    db.session.commit()
    return redirect(url_for("calls.form", slug=slug, _anchor=f"s-{row_id}"))


@bp.post("/desk/<slug>/form/sections/<uuid:row_id>/remove")
def remove_section(slug: str, row_id: uuid.UUID) -> Response:
    call = desk_call(slug, "set-up")
    actions.remove_section(part(Section, call, row_id), by=me(), at=clock.now())
    db.session.commit()
    flash(_("The section is removed."), "good")
    return redirect(url_for("calls.form", slug=slug))


@bp.route("/desk/<slug>/form/sections/<uuid:row_id>/add", methods=["GET", "POST"])
def new_question(slug: str, row_id: uuid.UUID) -> Page:
    """A new question of the kind that the address names."""
    call, at = desk_call(slug, "set-up"), clock.now()
    row, kind = part(Section, call, row_id), request.args.get("kind", "")
    if kind not in questions.KINDS:
        abort(404)
    made = question_form(kind, optional=call.phase(at) is Phase.OPEN)
    sheet = opened(made, made.of(None))
    if sent(sheet):
        added = actions.add_question(row, kind, sheet.content, by=me(), at=at)
        db.session.commit()
        flash(_("The question is added."), "good")
        return redirect(url_for("calls.form", slug=slug, _anchor=f"q-{added.id}"))
    reason = rules.no_question(call.life, False, at)
    return drawn("question", call, sheet, question=None, section=row, kind=questions.KINDS[kind], reason=reason)


@bp.route("/desk/<slug>/form/questions/<uuid:row_id>", methods=["GET", "POST"])
def question(slug: str, row_id: uuid.UUID) -> Page:
    """A question: all of it until the call opens, then its words."""
    call, at = desk_call(slug, "set-up"), clock.now()
    row = _question(call, row_id)
    if rules.no_set_up(call.life, at):
        return _word_question(call, row)
    made = question_form(row.kind)
    sheet = opened(made, made.of(row))
    if sent(sheet):
        actions.edit_question(row, sheet.content, by=me(), at=at)
        return _question_saved(row, call)
    kind = questions.KINDS[row.kind]
    return drawn("question", call, sheet, question=row, section=row.section, kind=kind, reason=None)


def _word_question(call: Call, row: Question) -> Page:
    at, former = clock.now(), row.options
    made = wider_form(row, lambda name, new: freezing.no_limit(call.life, name, former.get(name), new, at))
    sheet = opened(made, wider_of(row))
    if sent(sheet):
        actions.word_question(row, sheet.wording, by=me(), at=at)
        return _question_saved(row, call)
    reason, kind = rules.no_form_wording(call.life, at), questions.KINDS[row.kind]
    fixed = rules.no_set_up(call.life, at)
    return drawn("question", call, sheet, question=row, section=row.section, kind=kind, reason=reason, fixed=fixed)


def _question_saved(row: Question, call: Call) -> Response:
    db.session.commit()
    flash(_("The question is saved."), "good")
    return redirect(url_for("calls.form", slug=call.slug, _anchor=f"q-{row.id}"))


@bp.post("/desk/<slug>/form/questions/<uuid:row_id>/<any(up, down):way>")
def move_question(slug: str, row_id: uuid.UUID, way: str) -> Response:
    call = desk_call(slug, "set-up")
    actions.move_question(_question(call, row_id), STEPS[way], by=me(), at=clock.now())
    db.session.commit()
    return redirect(url_for("calls.form", slug=slug, _anchor=f"q-{row_id}"))


@bp.post("/desk/<slug>/form/questions/<uuid:row_id>/remove")
def remove_question(slug: str, row_id: uuid.UUID) -> Response:
    call = desk_call(slug, "set-up")
    actions.remove_question(_question(call, row_id), by=me(), at=clock.now())
    db.session.commit()
    flash(_("The question is removed."), "good")
    return redirect(url_for("calls.form", slug=slug))
