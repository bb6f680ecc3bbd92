"""The form that applicants fill in: its sections and questions."""

import uuid

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from msme_calls import clock, questions
from msme_calls.accounts.sessions import me
from msme_calls.calls import rules
from msme_calls.calls.actions import form as actions
from msme_calls.calls.forms.fields import in_words, opened, sent
from msme_calls.calls.forms.parts import SectionForm, WordingForm, question_form
from msme_calls.calls.models import Call, Question, Section
from msme_calls.calls.phases import Phase
from msme_calls.calls.views.blueprint import STEPS, Page, bp, desk_call, drawn, part
from msme_calls.extensions import db


def _question(call: Call, row_id: uuid.UUID) -> Question:
    return next((q for q in call.questions if q.id == row_id), None) or abort(404)


@bp.get("/desk/<slug>/form")
def form(slug: str) -> str:
    call, at = desk_call(slug, "set-up"), clock.now()
    return render_template(
        "calls/form.html", call=call, kinds=questions.KINDS, feeds=rules.FEEDS, reason=rules.no_set_up(call.life, at),
        no_wording=rules.no_form_wording(call.life, at), no_question=rules.no_question(call.life, False, at),
        no_removal={q.id: rules.no_removal(call.life, q.feeds, at) for q in call.questions},
        no_section_removal={
            s.id: rules.no_section_removal(call.life, [q.feeds for q in s.questions if q.feeds], at)
            for s in call.sections
        },
    )  # fmt: skip


@bp.get("/desk/<slug>/form/preview")
def form_preview(slug: str) -> str:
    """The form as an applicant sees it."""
    return render_template("calls/form_preview.html", call=desk_call(slug, "set-up"), kinds=questions.KINDS)


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
    at, sheet = clock.now(), opened(WordingForm, WordingForm.of(row))
    if sent(sheet):
        actions.word_question(row, sheet.wording, by=me(), at=at)
        return _question_saved(row, call)
    reason, kind = rules.no_form_wording(call.life, at), questions.KINDS[row.kind]
    return drawn("question", call, sheet, question=row, section=row.section, kind=kind, reason=reason)


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
