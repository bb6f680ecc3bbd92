"""The coordinators' list of proposals and each proposal on it; what somebody has a conflict with is absent."""

import uuid
from operator import attrgetter
from typing import Any

from flask import abort, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from msme_calls import clock, errors, exports, i18n, uploads
from msme_calls.accounts.models import Person, normal_address
from msme_calls.accounts.sessions import me
from msme_calls.accounts.views.proving import demand_proof
from msme_calls.calls import bulk
from msme_calls.calls.desk import at_desk, figures
from msme_calls.calls.models import Call
from msme_calls.calls.rules import may
from msme_calls.extensions import db
from msme_calls.proposals import actions, answers, conflict_queries, conflicts, differences, queries, rules
from msme_calls.proposals.answers import Viewer
from msme_calls.proposals.forms import ConflictForm, TakeBackForm
from msme_calls.proposals.models import Proposal, Status
from msme_calls.proposals.views import bp
from msme_calls.questions import ORGANISATION_TYPES, kind_of
from msme_calls.web import paginate


def _wanted() -> dict[str, str]:
    """What the list's address asks for: known names only, as text that a database takes."""
    names = (*queries.FILTERS, "search", "sort")
    return {name: i18n.normal(request.args.get(name, ""))[:200] for name in names}


def _found(slug: str, proposal_id: uuid.UUID) -> tuple[Call, Proposal]:
    call, _roles = at_desk(slug, "proposals")
    proposal = queries.load_for_staff(me(), call, proposal_id) or abort(404)
    bulk.opened(call, proposal.id, me())
    return call, proposal


@bp.get("/desk/<slug>/proposals")
def listed(slug: str) -> str:
    call, _roles = at_desk(slug, "proposals")
    wanted = _wanted()
    query = queries.listed(me(), call, wanted)
    pagination = paginate(queries.number_of(query))
    codes = queries.economies_listed(me(), call)
    return render_template(
        "proposals/list.html",
        call=call,
        wanted=wanted,
        proposals=queries.page_of(query, pagination.offset, pagination.size),
        pagination=pagination,
        recused=queries.recused(me(), call),
        applies=conflict_queries.applies(me(), call),
        economies=sorted(((code, i18n.economy(code)) for code in codes), key=lambda pair: i18n.folded(pair[1])),
        spoken=[(code, i18n.language_label(code)) for code in call.languages],
        types=[(key, str(ORGANISATION_TYPES.get(key, key))) for key in call.organisation_types],
    )


@bp.get("/desk/<slug>/proposals.<any(csv,json):ending>")
def export(slug: str, ending: str) -> Response:
    """The list with its answers as a file, filtered as on the page."""
    call, _roles = at_desk(slug, "proposals")
    demand_proof()
    rows = queries.exported(queries.listed(me(), call, _wanted()))
    return exports.download(_columns(call), rows, f"{call.slug}-proposals", ending)


def _columns(call: Call) -> list[exports.Column]:
    def column(name: str) -> exports.Column:
        return exports.Column(name, attrgetter(name))

    def answer(question: Any) -> exports.Column:
        return exports.Column(f"answer_{question.key}", lambda row: _answer(question, row))

    return [
        column("reference"),
        exports.Column("status", lambda row: row.status.value),
        *map(column, (*queries.FACE, "applicant", "applicant_email")),
        exports.Column("version", attrgetter("number")),
        *map(column, ("submitted_at", "digest")),
        *(answer(q) for q in call.questions),
    ]


def _answer(question: Any, row: Any) -> Any:
    if question.kind == "file":
        return ", ".join(f["name"] for f in row.files if f["question"] == question.key)
    return kind_of(question).exported(question, row.answers.get(question.key))


@bp.route("/desk/<slug>/proposals/<uuid:proposal_id>", methods=["GET", "POST"])
def shown(slug: str, proposal_id: uuid.UUID) -> str | Response | tuple[str, int]:
    """A proposal as coordinators see it; posting declares a conflict of interest of somebody in the call."""
    call, proposal = _found(slug, proposal_id)
    form = ConflictForm()
    if not form.validate_on_submit():
        return _page(call, proposal, form), 422 if form.is_submitted() else 200
    address = normal_address(form.address.data)
    person = next((p for p in queries.members(call) if p.email == address), None)
    if person is None:
        form.unknown()
        return _page(call, proposal, form), 422
    by = me()
    reason = i18n.normal(form.reason.data or "")
    actions.declare_conflict(proposal, person, reason, by=by, at=clock.now())
    db.session.commit()
    flash(_("The conflict is noted: %(name)s no longer sees this proposal.", name=person.name or person.email), "good")
    return redirect(url_for("proposals.listed", slug=slug) if person.id == by.id else errors.here())


@bp.route("/desk/<slug>/proposals/<uuid:proposal_id>/conflicts/<uuid:conflict_id>", methods=["GET", "POST"])
def declared(slug: str, proposal_id: uuid.UUID, conflict_id: uuid.UUID) -> str | Response | tuple[str, int]:
    """A conflict that was declared; posting takes it back, if somebody else declared it."""
    call, _roles = at_desk(slug, "people")
    conflict = queries.load_declared(me(), call, proposal_id, conflict_id) or abort(404)
    form, at = TakeBackForm(), clock.now()
    if form.validate_on_submit():
        actions.take_back_conflict(conflict, i18n.normal(form.reason.data or ""), by=me(), at=at)
        db.session.commit()
        flash(_("The conflict is taken back. Assignments that it ended stay ended."), "good")
        return redirect(url_for("proposals.shown", slug=slug, proposal_id=proposal_id))
    reason = rules.no_take_back(call.phase(at), conflict.declared_by_id == conflict.person_id)
    page = render_template("proposals/conflict.html", call=call, conflict=conflict, form=form, reason=reason)
    return page, 422 if form.is_submitted() else 200


def _page(call: Call, proposal: Proposal, form: ConflictForm) -> str:
    version = next(v for v in proposal.versions if v.number == proposal.submitted_version)
    return render_template(
        "proposals/proposal.html",
        call=call,
        proposal=proposal,
        version=version,
        seen=answers.seen_version(version, call, Viewer.STAFF),
        found=_conflicts(call, proposal),
        declared=queries.declared(proposal),
        may_take_back=may(g.desk[1], "people")
        and rules.no_take_back(call.phase(clock.now()), by_herself=False) is None,
        form=form,
    )


def _conflicts(call: Call, proposal: Proposal) -> list[tuple[Person, Any]]:
    """Members of the call who have a conflict of interest by the facts, with the reason in words."""
    subject, people = conflict_queries.subjects([proposal])[proposal.id], queries.members(call)
    judges = conflict_queries.judges(people)
    found = [(p, conflicts.conflict(judges[p.id], subject, call.economy_rule)) for p in people]
    told = set(conflicts.WHY)
    if call.review_started_at is None:  # a draft is nobody's but its applicant's
        told.discard(conflicts.Interest.APPLICANT)
    return [(person, conflicts.WHY[why]) for person, why in found if why in told]


@bp.get("/desk/<slug>/proposals/<uuid:proposal_id>/files/<uuid:file_id>")
def staff_file(slug: str, proposal_id: uuid.UUID, file_id: uuid.UUID) -> Response:
    """A file of the version that counts, for coordinators."""
    _call, proposal = _found(slug, proposal_id)
    version = next(v for v in proposal.versions if v.number == proposal.submitted_version)
    kept = next((f for f in version.files if f["id"] == str(file_id)), None) or abort(404)
    return uploads.send_back(kept["sha256"], kept["kind"], kept["name"])


@bp.get("/desk/<slug>/proposals/<uuid:proposal_id>/versions/<int:number>/compare/<int:other>")
def staff_compare(slug: str, proposal_id: uuid.UUID, number: int, other: int) -> str:
    """What changed from one version of a proposal to another, of what coordinators may see."""
    call, proposal = _found(slug, proposal_id)
    versions = {v.number: v for v in proposal.versions}
    was, now = (versions.get(n) or abort(404) for n in (number, other))
    seen = (answers.seen_version(v, call, Viewer.STAFF) for v in (was, now))
    values = {"former": was, "later": now, "compared": differences.compared(call, *seen)}
    return render_template("proposals/staff_compare.html", call=call, proposal=proposal, **values)


@figures("proposals")
def _figures(call: Call, at: Any) -> list[tuple[Any, Any]]:
    submitted = queries.number_of(queries.of_call(call).where(Proposal.status == Status.SUBMITTED))
    withdrawn = queries.number_of(queries.of_call(call).where(Proposal.status == Status.WITHDRAWN))
    return [(_("Proposals received"), submitted), *([(_("Withdrawn"), withdrawn)] if withdrawn else [])]
