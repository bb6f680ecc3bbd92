"""The coordinators' assignments: who has what, by hand or by a draw that is looked at first; removed, extended."""

import re
import secrets
import uuid
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from werkzeug.wrappers import Response

from msme_calls import clock, i18n
from msme_calls.calls.desk import Item, at_desk, attention
from msme_calls.calls.models import Call
from msme_calls.errors import Refused
from msme_calls.extensions import db
from msme_calls.reviews import actions, board, forms, queries, rules, words
from msme_calls.reviews.assignment import Plan
from msme_calls.reviews.board import Board
from msme_calls.reviews.models import Assignment, ReviewStatus
from msme_calls.reviews.views import bp
from msme_calls.web import paginate

Written = Response | tuple[str, int]
_SEED = re.compile(r"[0-9a-f]{32}")


def _me() -> Any:
    return current_user._get_current_object()


def _board(slug: str) -> Board:
    call, _roles = at_desk(slug, "assign")
    return Board(call, _me(), clock.now())


@bp.get("/desk/<slug>/assignments")
def assignments(slug: str) -> str:
    whole = _board(slug)
    lacking_only = request.args.get("show") == "lacking"
    lines = whole.lacking if lacking_only else whole.lines
    pagination = paginate(len(lines), 50)
    return render_template(
        "reviews/assignments.html",
        call=whole.call,
        board=whole,
        lines=lines[pagination.offset : pagination.last],
        pagination=pagination,
        lacking_only=lacking_only,
        reason=rules.no_assigning(whole.call.phase(whole.at)),
    )


@bp.route("/desk/<slug>/assignments/by-hand", methods=["GET", "POST"])
def by_hand(slug: str) -> str | Written:
    whole = _board(slug)
    form = forms.AssignForm(proposal=request.args.get("proposal"))
    form.proposal.choices = [(str(p.id), f"{p.title or p.reference} ({p.reference})") for p in whole.proposals.values()]
    form.reviewer.choices = [(key, _reviewer(whole, key)) for key in whole.seats]
    reason, status = rules.no_assigning(whole.call.phase(whole.at)), 200
    if request.method == "POST" and form.validate():
        try:
            return _assigned(whole, uuid.UUID(form.proposal.data), uuid.UUID(form.reviewer.data))
        except Refused as refused:
            db.session.rollback()
            whole, status = _board(slug), 403
            form.reviewer.errors = [str(refused)]
    elif request.method == "POST":
        status = 422
    return render_template("reviews/by_hand.html", call=whole.call, form=form, reason=reason), status


def _reviewer(whole: Board, key: str) -> str:
    """A reviewer as a choice: what speaks for and against asking her, without a click."""
    seat = whole.seats[key]
    languages = ", ".join(i18n.language_name(code) for code in sorted(seat.languages)) or _("all languages")
    room = _("no limit") if seat.most is None else _("at most %(most)d", most=seat.most)
    return f"{whole.names[key]} ({languages}; {room})"


def _assigned(whole: Board, proposal_id: uuid.UUID, reviewer_id: uuid.UUID) -> Response:
    proposal = whole.proposals[proposal_id]
    reviewer = next(m.person for m in whole.members if m.person_id == reviewer_id)
    actions.assign(proposal, reviewer, by=_me(), at=whole.at)
    db.session.commit()
    flash(_("%(name)s is asked to review the proposal.", name=whole.names[str(reviewer_id)]), "good")
    return redirect(url_for("reviews.assignments", slug=whole.call.slug))


@bp.route("/desk/<slug>/assignments/draw", methods=["GET", "POST"])
def draw(slug: str) -> str | Written:
    """A preview with its seed; what is saved is exactly what was looked at, or nothing."""
    whole = _board(slug)
    seed = request.values.get("seed", "")
    if not _SEED.fullmatch(seed):
        return redirect(url_for("reviews.draw", slug=slug, seed=secrets.token_hex(16)))
    if request.method != "POST":
        return _preview(whole, whole.plan(seed))
    plan = actions.save_draw(whole.call, seed, request.form.get("digest", ""), by=_me(), at=whole.at)
    if plan is None:
        return _preview(whole, _board(slug).plan(seed), changed=True), 409
    db.session.commit()
    flash(ngettext("%(num)d review is assigned.", "%(num)d reviews are assigned.", len(plan.pairs)), "good")
    return redirect(url_for("reviews.assignments", slug=slug))


def _preview(whole: Board, plan: Plan, changed: bool = False) -> str:
    given: dict[str, list[Any]] = {}
    for pair in plan.pairs:
        given.setdefault(pair.need, []).append(pair)
    lacks = {lack.need: words.lacking(lack) for lack in plan.lacks}
    return render_template(
        "reviews/draw.html",
        call=whole.call,
        board=whole,
        plan=plan,
        rows=[(p, given.get(str(p.id), [])) for p in whole.proposals.values() if str(p.id) in given],
        lacks=[(p, lacks[str(p.id)]) for p in whole.proposals.values() if str(p.id) in lacks],
        mails=len({pair.seat for pair in plan.pairs}),
        loads=_loads(whole, plan),
        changed=changed,
        reason=rules.no_assigning(whole.call.phase(whole.at)),
    )


def _loads(whole: Board, plan: Plan) -> list[tuple[str, int]]:
    """How many new reviews each reviewer would get."""
    new = dict.fromkeys(whole.seats, 0)
    for pair in plan.pairs:
        new[pair.seat] += 1
    return [(whole.names[key], count) for key, count in new.items()]


@bp.get("/desk/<slug>/assignments/<uuid:assignment_id>")
def assignment(slug: str, assignment_id: uuid.UUID) -> str:
    call, found = _found(slug, assignment_id)
    return _one(call, found, forms.RemoveForm(formdata=None), forms.ExtendForm(formdata=None))


def _found(slug: str, assignment_id: uuid.UUID) -> tuple[Call, Assignment]:
    call, _roles = at_desk(slug, "assign")
    return call, board.load(call, _me(), assignment_id) or abort(404)


def _one(call: Call, found: Assignment, remove: forms.RemoveForm, extend: forms.ExtendForm) -> str:
    submitted = found.review is not None and found.review.status is ReviewStatus.SUBMITTED
    return render_template(
        "reviews/assignment.html",
        call=call,
        assignment=found,
        submitted=submitted,
        window=queries.window(found, clock.now()),
        remove=remove,
        extend=extend,
        reason=rules.no_assigning(call.phase(clock.now())),
    )


@bp.post("/desk/<slug>/assignments/<uuid:assignment_id>/remove")
def remove(slug: str, assignment_id: uuid.UUID) -> Written:
    call, found = _found(slug, assignment_id)
    form = forms.RemoveForm()
    if not form.validate():
        return _one(call, found, form, forms.ExtendForm(formdata=None)), 422
    try:
        actions.unassign(found, form.reason.data, confirmed=form.confirmed.data, by=_me(), at=clock.now())
    except Refused as refused:
        db.session.rollback()
        form.confirmed.errors = [str(refused)]
        return _one(*_found(slug, assignment_id), form, forms.ExtendForm(formdata=None)), 403
    db.session.commit()
    flash(_("The assignment is removed."), "good")
    return redirect(url_for("reviews.assignments", slug=slug))


@bp.post("/desk/<slug>/assignments/<uuid:assignment_id>/extend")
def extend(slug: str, assignment_id: uuid.UUID) -> Written:
    call, found = _found(slug, assignment_id)
    form = forms.ExtendForm()
    until = form.until.instant if form.validate() and form.until.in_zone(call.zone) else None
    if until is None:
        return _one(call, found, forms.RemoveForm(formdata=None), form), 422
    try:
        actions.extend(found, until, form.because.data, by=_me(), at=clock.now())
    except Refused as refused:
        db.session.rollback()
        form.until.errors = [str(refused)]
        return _one(*_found(slug, assignment_id), forms.RemoveForm(formdata=None), form), 403
    db.session.commit()
    flash(_("The reviewer has more time, and is told so."), "good")
    return redirect(url_for("reviews.assignments", slug=slug))


@attention("assign")
def needs_reviewers(call: Call, at: Any) -> list[Item]:
    """Proposals without enough reviewers, late reviews, and reviewers who can't judge what they were given."""
    if rules.no_assigning(call.phase(at)):
        return []
    whole, found = Board(call, _me(), at), []
    if n := len(whole.lacking):
        heading = ngettext("%(num)d proposal lacks reviewers", "%(num)d proposals lack reviewers", n)
        url = url_for("reviews.assignments", slug=call.slug, show="lacking")
        text = ngettext("Each needs %(num)d review.", "Each needs %(num)d reviews.", call.reviews_per_proposal)
        found.append(Item(heading, text, url, _("Assign reviewers")))
    if n := len(whole.late):
        heading = ngettext("%(num)d review is late", "%(num)d reviews are late", n)
        people = len({h.assignment.reviewer_id for h in whole.late})
        text = ngettext("By %(num)d reviewer.", "By %(num)d reviewers.", people)
        found.append(
            Item(heading, text, url_for("reviews.progress", slug=call.slug), _("See who is late"), urgent=True)
        )
    if n := len(whole.out):
        heading = ngettext("%(num)d assignment is with nobody", "%(num)d assignments are with nobody", n)
        text = _("The reviewer has a conflict of interest by now, or is no reviewer of this call any more.")
        found.append(Item(heading, text, url_for("reviews.assignments", slug=call.slug), _("See assignments")))
    return found
