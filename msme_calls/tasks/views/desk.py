"""At the desk: what is asked after the result, of whom, until when; and what has come."""

import uuid

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from msme_calls import clock, uploads
from msme_calls.accounts.sessions import me
from msme_calls.calls import rules as calls_rules
from msme_calls.calls.desk import at_desk
from msme_calls.calls.forms.fields import opened, sent
from msme_calls.calls.models import Call
from msme_calls.extensions import db
from msme_calls.proposals.queries import visible_ids
from msme_calls.questions import KINDS, kind_of
from msme_calls.tasks import actions, forms, queries, rules
from msme_calls.tasks.models import Task
from msme_calls.tasks.views import bp

Page = str | Response | tuple[str, int]


@bp.get("/desk/<slug>/tasks")
def listed(slug: str) -> str:
    call, roles = at_desk(slug, "proposals")
    at, tasks = clock.now(), queries.of_call(call)
    decides = calls_rules.may(roles, "decide")
    told = tasks and rules.told(decides, call.phase(at))
    lines = queries.progress(call, visible_ids(me(), call), tasks) if told else []
    return render_template(
        "tasks/listed.html", call=call, tasks=tasks, lines=lines, at=at, kind_of=kind_of,
        sets=calls_rules.may(roles, "set-up"), reason=rules.no_setting(call.life, at),
        opens=decides,
    )  # fmt: skip


@bp.get("/desk/<slug>/tasks/files/<uuid:file_id>")
def desk_file(slug: str, file_id: uuid.UUID) -> Response:
    """A file that somebody handed in, as a copy that harms nobody."""
    call, _roles = at_desk(slug, "decide")
    found = queries.file_of(call, visible_ids(me(), call), file_id) or abort(404)
    return uploads.send_back(found.sha256, found.kind, found.name)


@bp.get("/desk/<slug>/tasks/new")
def new(slug: str) -> Page:
    """Which kind of thing: the form depends on it."""
    call, _roles = at_desk(slug, "set-up")
    kind = request.args.get("kind", "")
    if kind in forms.KINDS:
        return redirect(url_for("tasks.add", slug=slug, kind=kind))
    return render_template(
        "tasks/new.html", call=call, kinds=forms.KINDS, reason=rules.no_setting(call.life, clock.now())
    )


@bp.route("/desk/<slug>/tasks/new/<kind>", methods=["GET", "POST"])
def add(slug: str, kind: str) -> Page:
    call, _roles = at_desk(slug, "set-up")
    if kind not in forms.KINDS:
        abort(404)
    return _edit(call, kind, None)


@bp.route("/desk/<slug>/tasks/<uuid:task_id>", methods=["GET", "POST"])
def edit(slug: str, task_id: uuid.UUID) -> Page:
    call, _roles = at_desk(slug, "set-up")
    found = queries.find(call, task_id) or abort(404)
    return _edit(call, found.kind, found)


def _edit(call: Call, kind: str, row: Task | None) -> Page:
    at, kind_of_form = clock.now(), forms.task_form(kind, call)
    form = opened(kind_of_form, forms.of(row, call, kind_of_form))
    if sent(form):
        if row is None:
            actions.add(call, kind, form.task, by=me(), at=at)
        else:
            actions.edit(row, form.task, by=me(), at=at)
        db.session.commit()
        flash(_("The task is saved. Nobody outside sees it before the result."), "good")
        return redirect(url_for("tasks.listed", slug=call.slug))
    page = render_template(
        "tasks/edit.html", call=call, form=form, task=row, kind=KINDS[kind], reason=rules.no_setting(call.life, at),
        bound=row is not None and queries.answered(row),
    )  # fmt: skip
    return page, 409 if form.theirs else 422 if form.errors else 200


@bp.post("/desk/<slug>/tasks/<uuid:task_id>/remove")
def remove(slug: str, task_id: uuid.UUID) -> Response:
    call, _roles = at_desk(slug, "set-up")
    actions.remove(queries.find(call, task_id) or abort(404), by=me(), at=clock.now())
    db.session.commit()
    flash(_("The task is removed."), "good")
    return redirect(url_for("tasks.listed", slug=slug))
