"""A reviewer's own pages: her queue, and each proposal beside its score sheet."""

import uuid
from collections.abc import Callable, Sequence
from typing import Any

from flask import Response as FlaskResponse
from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from msme_calls import clock, i18n, uploads
from msme_calls.accounts.sessions import me
from msme_calls.calls import bulk
from msme_calls.calls.models import Blindness
from msme_calls.errors import Refused, again, typed
from msme_calls.extensions import LANGUAGES, db
from msme_calls.proposals import answers
from msme_calls.proposals import queries as proposals
from msme_calls.proposals.answers import Viewer
from msme_calls.questions import ORGANISATION_TYPES, kind_of
from msme_calls.reviews import actions, forms, queries, rules
from msme_calls.reviews.actions import Sheet, Superseded
from msme_calls.reviews.models import Assignment, Review
from msme_calls.reviews.queries import Waiting
from msme_calls.reviews.views import bp

Written = tuple[str, int] | Response


@bp.get("/reviews")
def queue() -> str:
    lines = queries.queue(me(), clock.now())
    return render_template("reviews/queue.html", lines=lines, done=sum(w.done for w in lines))


def _count(line: Waiting) -> None:
    bulk.opened(line.assignment.proposal.call, line.assignment.proposal_id, me())


def _own(assignment_id: uuid.UUID) -> Waiting:
    """One of the reader's own assignments; absent for everybody else, and once she may not judge it."""
    return queries.load_own(me(), assignment_id, clock.now()) or abort(404)


@bp.route("/reviews/<uuid:assignment_id>", methods=["GET", "POST"])
def review(assignment_id: uuid.UUID) -> str | Written:
    load = queries.load_to_write if request.method == "POST" else queries.load_own
    line = load(me(), assignment_id, clock.now())
    if line is None:
        return _over(assignment_id)
    _count(line)
    if request.method != "POST":
        saved = line.assignment.review
        return _page(line, _kept(saved) or Sheet({}, language=i18n.language()), saved.version if saved else 0)
    criteria = line.assignment.proposal.call.criteria
    sheet, errors = forms.sheet_of(request.form, criteria)
    if errors:
        return _page(line, sheet, request.form.get("version", 0, type=int), errors), 422
    lacking = forms.missing(queries.unanswered(criteria, sheet.scores)) if _submits() else []
    if (
        _submits()
        and line.done
        and not request.form.get("reason", "").strip()
        and sheet != _kept(line.assignment.review)
    ):
        lacking.append(("reason", _("Say why you change the review, in a sentence.")))
    return _write(line, sheet, lacking)


def _over(assignment_id: uuid.UUID) -> Written:
    """Her sheet came after the result was sealed, or the call cancelled: what she wrote is not lost with the page."""
    sending, at = request.method == "POST", clock.now()
    window = queries.load_over(me(), assignment_id, at) if sending else None
    reason = rules.no_review(window, at) if window else None
    return again(str(reason), typed(), 403) if reason else abort(404)


def _submits() -> bool:
    return request.form.get("act") == "submit"


def _kept(saved: Review | None) -> Sheet | None:
    if saved is None:
        return None
    return Sheet(dict(saved.scores), saved.comment_applicant, saved.comment_committee, saved.language)


def _write(line: Waiting, sheet: Sheet, lacking: list[tuple[str, str]]) -> Written:
    """Save the sheet even if it can't be submitted yet; show both where another window saved meanwhile."""
    assignment, expected = line.assignment, request.form.get("version", 0, type=int)
    try:
        if _submits() and not lacking:
            reason = forms.clean(request.form.get("reason"))[:2000]
            actions.submit_review(assignment, sheet, expected, reason, by=me(), at=clock.now())
        elif not line.done:
            actions.save_review(assignment, sheet, expected, by=me(), at=clock.now())
        db.session.commit()
    except Superseded as clash:
        version = clash.review.version if clash.review else 0
        return _page(line, sheet, version, other=clash.review), 409
    except Refused as refused:
        db.session.rollback()
        found = queries.load_own(me(), assignment.id, clock.now())
        if found is None:
            return _over(assignment.id)
        line = found
        return _page(line, sheet, expected, [("", str(refused))]), 403
    if lacking:
        return _page(line, sheet, assignment.review.version if assignment.review else 0, lacking), 422
    return _onward(assignment, request.form.get("act", "save"))


def _onward(assignment: Assignment, act: str) -> Response:
    flash(_("Your review is submitted.") if act == "submit" else _("Your review is saved."), "good")
    if act == "next":
        waiting = [w for w in queries.queue(me(), clock.now()) if not w.done and not w.locked]
        following = [w for w in waiting if w.assignment.id != assignment.id]
        return redirect(following[0].url if following else url_for("reviews.queue"))
    if act == "submit":
        return redirect(url_for("reviews.queue"))
    return redirect(url_for("reviews.review", assignment_id=assignment.id))


def _page(
    line: Waiting, sheet: Sheet, version: int, errors: Sequence[tuple[str, str]] = (), other: Review | None = None
) -> str:
    at, proposal = line.at, line.assignment.proposal
    call = proposal.call
    counting = proposals.counting(proposal) or abort(404)
    done, total = queries.tally(me(), at)
    return render_template(
        "reviews/review.html",
        line=line,
        call=call,
        proposal=proposal,
        hidden=answers.hidden_face(call, Viewer.REVIEWER),
        organisation_type=ORGANISATION_TYPES.get(proposal.organisation_type, ""),
        blind=call.blindness is Blindness.SINGLE,
        seen=answers.seen_version(counting, call, Viewer.REVIEWER),
        kind_of=kind_of,
        sheet=sheet,
        version=version,
        errors=errors,
        other=other,
        done=done,
        total=total,
        weights=sum(c.weight for c in call.criteria),
        languages_of_comments=[(code, i18n.language_label(code)) for code in LANGUAGES],
        no_review=(rules.no_revision if line.done else rules.no_review)(line.window, at),
        no_ending=rules.no_ending(line.window, line.done),
    )


@bp.get("/reviews/<uuid:assignment_id>/files/<uuid:file_id>")
def file(assignment_id: uuid.UUID, file_id: uuid.UUID) -> FlaskResponse:
    """A file under the name that a reviewer may know; if the applicant is hidden, without names in its properties."""
    line = _own(assignment_id)
    _count(line)
    proposal = line.assignment.proposal
    counting = proposals.counting(proposal) or abort(404)
    seen = answers.seen_version(counting, proposal.call, Viewer.REVIEWER)
    files = {f["id"]: f for _section, shown in seen for answer in shown for f in answer.files}
    found = files.get(str(file_id)) or abort(404)
    if proposal.call.blindness is not Blindness.SINGLE:
        return uploads.send_back(found["sha256"], found["kind"], found["name"])
    return uploads.send_neutral(found["sha256"], found["kind"], found["name"])


@bp.route("/reviews/<uuid:assignment_id>/decline", methods=["GET", "POST"])
def decline(assignment_id: uuid.UUID) -> str | Written:
    return _give_back(assignment_id, actions.decline, "reviews/decline.html", _("You have given the proposal back."))


@bp.route("/reviews/<uuid:assignment_id>/conflict", methods=["GET", "POST"])
def conflict(assignment_id: uuid.UUID) -> str | Written:
    done = _("Your conflict of interest is noted. You won’t see the proposal any more.")
    return _give_back(assignment_id, actions.declare_conflict, "reviews/conflict.html", done)


def _give_back(assignment_id: uuid.UUID, act: Callable[..., Any], template: str, done: str) -> str | Written:
    line, form = _own(assignment_id), forms.EndForm()
    if request.method != "POST" or not form.validate():
        reason = rules.no_ending(line.window, line.done and act is actions.decline)
        page = render_template(template, line=line, form=form, reason=reason)
        return page if request.method != "POST" else (page, 422)
    act(line.assignment, form.reason.data, by=me(), at=clock.now())
    db.session.commit()
    flash(done, "good")
    return redirect(url_for("reviews.queue"))
