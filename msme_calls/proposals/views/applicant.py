"""An applicant's own proposals: start, overview, check, submit, receipts, withdraw and restore."""

import uuid
from datetime import datetime
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from msme_calls import clock, keys, uploads
from msme_calls.accounts.sessions import me
from msme_calls.calls import queries as calls_queries
from msme_calls.calls.models import Call
from msme_calls.calls.phases import Phase
from msme_calls.errors import allow
from msme_calls.extensions import db
from msme_calls.proposals import actions, answers, queries, rules
from msme_calls.proposals.answers import Viewer
from msme_calls.proposals.milestones import milestones
from msme_calls.proposals.models import Proposal, Status, TeamRole
from msme_calls.proposals.views import bp


def own(proposal_id: uuid.UUID) -> Proposal:
    """One of the reader's own proposals, whatever her role on its team; absent for everybody else."""
    return queries.load_own(me(), proposal_id) or abort(404)


def own_to_read(proposal_id: uuid.UUID) -> Proposal:
    """The same, locked until the commit: for what anybody on the team may do."""
    return _locked(proposal_id, TeamRole.VIEW)


def own_to_change(proposal_id: uuid.UUID) -> Proposal:
    """One that she may write in, locked until the commit."""
    return _locked(proposal_id, TeamRole.EDIT)


def own_to_submit(proposal_id: uuid.UUID) -> Proposal:
    """One that she may submit, withdraw and restore, locked until the commit."""
    return _locked(proposal_id, TeamRole.SUBMIT)


def own_to_lead(proposal_id: uuid.UUID) -> Proposal:
    """One that she owns, locked until the commit."""
    return _locked(proposal_id, TeamRole.OWNER)


def _locked(proposal_id: uuid.UUID, needed: TeamRole) -> Proposal:
    proposal, role = queries.load_to_change(me(), proposal_id) or abort(404)
    allow(rules.no_part(role, needed))
    return proposal


def course(proposal: Proposal) -> dict[str, Any]:
    """What every page of a proposal shows of it: its standing, what may be done with it, how far its sections are."""
    at = clock.now()
    phase, role = proposal.phase(at), proposal.role_of(me())
    no_writing, no_sending = rules.no_part(role, TeamRole.EDIT), rules.no_part(role, TeamRole.SUBMIT)
    counting = next((v for v in proposal.versions if v.number == proposal.submitted_version), None)
    return {
        "proposal": proposal,
        "call": proposal.call,
        "at": at,
        "phase": phase,
        "role": role,
        "open": phase is Phase.OPEN,
        "standing": rules.public_status(proposal.status, phase, bool(proposal.call.sealed_at)),
        "version": counting,
        "unsent": answers.unsent(proposal, counting),
        "progress": answers.progress(proposal),
        "milestones": milestones(proposal, at),
        "no_edit": rules.no_edit(proposal.status, phase) or no_writing,
        "no_send": no_sending,
        "no_withdraw": rules.no_withdraw(proposal.status, phase) or no_sending,
        "no_restore": rules.no_restore(proposal.status, phase) or no_sending,
    }


@bp.route("/calls/<slug>/start", methods=["GET", "POST"])
def start(slug: str) -> str | Response:
    sending = request.method == "POST"
    call, at = calls_queries.launched(slug, texts=not sending) or abort(404), clock.now()
    if not sending:
        return _start_page(call, at)
    known = request.form.get("known", 0, type=int)
    proposal = actions.start_or_continue(call, known, by=me(), at=at)
    overview = url_for("proposals.overview", proposal_id=proposal.id)
    db.session.commit()
    return redirect(overview)


def _start_page(call: Call, at: datetime) -> str:
    """What is needed and one button; who has a proposal to this call is offered that one first."""
    phase, mine = call.phase(at), list(db.session.scalars(queries.own_in(me(), call)))
    return render_template(
        "proposals/start.html",
        call=call,
        at=at,
        mine=[(p, rules.public_status(p.status, p.phase(at), bool(call.sealed_at))) for p in mine],
        latest=next((p for p in mine if p.status is Status.DRAFT), mine[0] if mine else None),
        reason=rules.no_start(phase, call.life.late(at))
        or rules.no_more_drafts(sum(p.status is Status.DRAFT and p.owner_id == me().id for p in mine)),
        judges=bool(calls_queries.roles_of(me(), call)),
    )


@bp.get("/proposals/<uuid:proposal_id>")
def overview(proposal_id: uuid.UUID) -> str:
    return render_template("proposals/overview.html", **course(own(proposal_id)))


@bp.get("/proposals/<uuid:proposal_id>/check")
def check(proposal_id: uuid.UUID) -> str:
    proposal = own(proposal_id)
    whole = course(proposal)
    given, files = answers.draft_answers(proposal), answers.draft_files(proposal)
    seen = answers.seen(proposal.call, given, files, Viewer.OWNER)
    missing = sum(p.count for p in whole["progress"])
    reason = rules.no_submit(proposal.status, whole["phase"], missing) or whole["no_send"]
    return render_template("proposals/check.html", seen=seen, missing=missing, reason=reason, key=uuid.uuid4(), **whole)


@bp.post("/proposals/<uuid:proposal_id>/submit")
def submit(proposal_id: uuid.UUID) -> Response:
    proposal = own_to_submit(proposal_id)
    key = request.form.get("key", type=uuid.UUID) or abort(400)
    actions.submit(proposal, str(key), by=me(), at=clock.now())
    db.session.commit()
    return redirect(url_for("proposals.receipt", proposal_id=proposal_id))


@bp.get("/proposals/<uuid:proposal_id>/receipt")
def receipt(proposal_id: uuid.UUID) -> str:
    proposal = own(proposal_id)
    return _receipt(proposal, proposal.submitted_version)


@bp.get("/proposals/<uuid:proposal_id>/versions/<int:number>")
def version(proposal_id: uuid.UUID, number: int) -> str:
    return _receipt(own(proposal_id), number)


def _receipt(proposal: Proposal, number: int | None) -> str:
    shown = next((v for v in proposal.versions if v.number == number), None) or abort(404)
    seen = answers.seen_version(shown, proposal.call, Viewer.OWNER)
    face = answers.face(proposal.call.form.questions, shown.answers)
    to = _masked(proposal.owner.email)
    here = {"shown": shown, "seen": seen, "face": face, "sent_to": to, "signs_nothing": keys.signs_nothing()}
    return render_template("proposals/receipt.html", **here, **course(proposal))


def _masked(address: str) -> str:
    """An address that its owner knows again, and whoever finds the printed page doesn’t."""
    name, _at, domain = address.partition("@")
    return f"{name[:1]}…@{domain}"


@bp.post("/proposals/<uuid:proposal_id>/withdraw")
def withdraw(proposal_id: uuid.UUID) -> Response:
    proposal = own_to_submit(proposal_id)
    actions.withdraw(proposal, request.form.get("reason", ""), by=me(), at=clock.now())
    db.session.commit()
    flash(_("Your proposal is withdrawn. Nobody will judge it."), "good")
    return redirect(url_for("proposals.overview", proposal_id=proposal.id))


@bp.post("/proposals/<uuid:proposal_id>/restore")
def restore(proposal_id: uuid.UUID) -> Response:
    proposal = own_to_submit(proposal_id)
    actions.restore(proposal, by=me(), at=clock.now())
    db.session.commit()
    flash(_("Your proposal counts again, as you submitted it last."), "good")
    return redirect(url_for("proposals.overview", proposal_id=proposal.id))


@bp.get("/proposals/<uuid:proposal_id>/files/<uuid:file_id>")
def file(proposal_id: uuid.UUID, file_id: uuid.UUID) -> Response:
    """One of the proposal's own files, also one that only a submitted version still holds."""
    found = next((a for a in own(proposal_id).attachments if a.id == file_id), None) or abort(404)
    return uploads.send_back(found.sha256, found.kind, found.name, own=True)
