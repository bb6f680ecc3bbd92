"""The team of a proposal: who may do what, who is asked to join, and the page behind an invitation."""

import uuid
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.exceptions import TooManyRequests
from werkzeug.wrappers import Response

from msme_calls import clock, errors, i18n
from msme_calls.access import open_to_all
from msme_calls.accounts import queries as accounts
from msme_calls.accounts import throttle
from msme_calls.accounts.models import Link, Person, normal_address
from msme_calls.accounts.sessions import me
from msme_calls.accounts.views.doors import enter
from msme_calls.accounts.views.mailed import gone, press, usable
from msme_calls.calls import queries as calls_queries
from msme_calls.calls import rules as calls_rules
from msme_calls.errors import Refused
from msme_calls.extensions import db
from msme_calls.proposals import queries, team
from msme_calls.proposals import team_rules as said
from msme_calls.proposals.models import Proposal, TeamInvitation, TeamRole
from msme_calls.proposals.team_forms import GIVEN, JoinForm, TeamForm, TeamRoleForm
from msme_calls.proposals.views import bp
from msme_calls.proposals.views.applicant import own, own_to_lead, own_to_read

Page = str | Response | tuple[str, int]


@bp.route("/proposals/<uuid:proposal_id>/team", methods=["GET", "POST"], endpoint="team")
def team_page(proposal_id: uuid.UUID) -> Page:
    """Who is on the team; its owner invites here."""
    form = TeamForm(role=TeamRole.EDIT.value)
    if request.method == "POST":
        proposal = own_to_lead(proposal_id)
        if form.validate():
            return _invite(proposal, form)
        db.session.rollback()
    return _drawn(own(proposal_id), form), 422 if form.errors else 200


def _invite(proposal: Proposal, form: TeamForm) -> Page:
    address, role, at = form.address.data, TeamRole(form.role.data), clock.now()
    try:
        _count_mail(address)
        team.invite(proposal, address, form.name.data or "", role, i18n.language(), by=me(), at=at)
    except Refused as refused:
        db.session.rollback()
        form.address.errors = [str(refused)]
        return _drawn(own(proposal.id), form), 422
    db.session.commit()
    flash(_("An invitation is on its way to %(address)s.", address=normal_address(address)), "good")
    return _back(proposal)


def _count_mail(address: str) -> None:
    """Who invites sends mails to others: at most a few to an address, and not many in all, within an hour."""
    may_go, _wait = throttle.mail(normal_address(address), throttle.network(request.remote_addr), clock.now())
    if not may_go:
        raise TooManyRequests(retry_after=int(throttle.HOUR.total_seconds()))


def _back(proposal: Proposal) -> Response:
    return redirect(url_for("proposals.team", proposal_id=proposal.id))


def _drawn(proposal: Proposal, form: TeamForm) -> str:
    role, phase = proposal.role_of(me()), proposal.phase(clock.now())
    leads = role is TeamRole.OWNER
    offered = next((m.person for m in proposal.members if m.person_id == proposal.offered_to_id), None)
    return render_template(
        "proposals/team.html",
        proposal=proposal,
        call=proposal.call,
        role=role,
        leads=leads,
        members=proposal.members,
        asked=[row for row in queries.asked_to_join(proposal) if row.state != "accepted"] if leads else [],
        roles=said.ROLES,
        offered=offered,
        reason=said.no_growing(phase),
        no_offer=said.no_offer(phase, offered is not None),
        form=form,
        given=[(one.value, *said.ROLES[one]) for one in GIVEN],
        choices=[(one.value, said.ROLES[one][0]) for one in GIVEN],
    )


def _member(proposal: Proposal, person_id: uuid.UUID) -> Person:
    """Somebody on the team."""
    return next((m.person for m in proposal.members if m.person_id == person_id), None) or abort(404)


@bp.post("/proposals/<uuid:proposal_id>/team/invitations/<uuid:row_id>/<any('send-again', 'take-back'):act>")
def change_team_invitation(proposal_id: uuid.UUID, row_id: uuid.UUID, act: str) -> Response:
    proposal = own_to_lead(proposal_id)
    row = next((r for r in queries.asked_to_join(proposal) if r.id == row_id), None) or abort(404)
    if act == "send-again":
        _count_mail(row.address)
        team.send_again(row, by=me(), at=clock.now())
        says = _("The invitation is sent once more. Links sent before work no longer.")
    else:
        team.revoke(row, by=me(), at=clock.now())
        says = _("The invitation is taken back: its link is void.")
    db.session.commit()
    flash(says, "good")
    return _back(proposal)


@bp.post("/proposals/<uuid:proposal_id>/team/<uuid:person_id>/role")
def change_team_role(proposal_id: uuid.UUID, person_id: uuid.UUID) -> Response:
    proposal, form = own_to_lead(proposal_id), TeamRoleForm()
    person = _member(proposal, person_id)
    if not form.validate():
        abort(400)
    team.change_role(proposal, person, TeamRole(form.role.data), by=me(), at=clock.now())
    db.session.commit()
    flash(_("What %(name)s may do is changed, from now on.", name=person.name), "good")
    return _back(proposal)


@bp.post("/proposals/<uuid:proposal_id>/team/<uuid:person_id>/remove")
def remove_from_team(proposal_id: uuid.UUID, person_id: uuid.UUID) -> Response:
    proposal = own_to_lead(proposal_id)
    person = _member(proposal, person_id)
    team.remove(proposal, person, by=me(), at=clock.now())
    db.session.commit()
    flash(_("%(name)s is no longer on the team.", name=person.name), "good")
    return _back(proposal)


@bp.post("/proposals/<uuid:proposal_id>/team/leave")
def leave_team(proposal_id: uuid.UUID) -> Response:
    proposal = own_to_read(proposal_id)
    team.leave(proposal, by=me(), at=clock.now())
    db.session.commit()
    flash(_("You have left the team. The proposal is no longer yours to see."), "good")
    return redirect(url_for("publication.my_work"))


@bp.post("/proposals/<uuid:proposal_id>/team/<uuid:person_id>/offer")
def offer_proposal(proposal_id: uuid.UUID, person_id: uuid.UUID) -> Response:
    proposal = own_to_lead(proposal_id)
    person = _member(proposal, person_id)
    team.offer(proposal, person, by=me(), at=clock.now())
    db.session.commit()
    flash(_("We have written to %(name)s. The proposal is yours until she or he takes it.", name=person.name), "good")
    return _back(proposal)


@bp.post("/proposals/<uuid:proposal_id>/team/<any('keep', 'take-over'):act>")
def answer_offer(proposal_id: uuid.UUID, act: str) -> Response:
    """Whoever was asked takes the proposal over or refuses it; its owner takes the offer back."""
    proposal = own_to_read(proposal_id)
    if act == "take-over":
        team.take_over(proposal, by=me(), at=clock.now())
        says = _("The proposal is yours now. Its former owner stays on the team until you change that.")
    else:
        team.keep(proposal, by=me(), at=clock.now())
        says = _("The proposal stays with its owner.")
    db.session.commit()
    flash(says, "good")
    return _back(proposal)


def _open(token: str) -> tuple[Link, TeamInvitation] | None:
    """The link and its invitation, if both can still be used."""
    link = usable(token, team.PURPOSE)
    found = queries.team_invitation(link.subject_id) if link else None
    return (link, found) if link and found and not found.state else None


def _no_answer(row: TeamInvitation) -> str | None:
    return calls_rules.no_acceptance(current_user.email if current_user.is_authenticated else "", row.address)


@bp.route("/team-invitations/<token>", methods=["GET", "POST"])
@open_to_all
def team_invitation(token: str) -> Page:
    """Join: the account is made or found, the place on the team is hers, she is signed in."""
    found = _open(token)
    if found is None:
        return gone("invitation")
    link, row = found
    known, form = accounts.find_by_address(row.address), JoinForm(data={"name": row.name})
    reason, closed = _no_answer(row), said.no_growing(row.proposal.phase(clock.now()))
    if known:
        del form.name
    if request.method == "POST":
        errors.allow(reason or closed)
        if form.validate():
            if not press(link):
                return gone("invitation")
            person = team.accept(row, form.called, at=clock.now())
            return enter(person, url_for("proposals.overview", proposal_id=row.proposal_id), form.stay.data, _joined())
    judges = bool(known and calls_queries.roles_of(known, row.proposal.call))
    page = render_template("proposals/team_invitation.html", **_facts(row), token=token, form=form, reason=reason,
                           closed=closed, judges=judges)  # fmt: skip
    return page, 422 if form.errors else 200


def _joined() -> str:
    return _("You are on the team of this proposal.")


def _facts(row: TeamInvitation) -> dict[str, Any]:
    return {"invitation": row, "proposal": row.proposal, "call": row.proposal.call, "role": said.ROLES[row.role]}


@bp.post("/team-invitations/<token>/decline")
@open_to_all
def decline_team(token: str) -> Page:
    found = _open(token)
    if found is None:
        return gone("invitation")
    link, row = found
    errors.allow(_no_answer(row))
    if not press(link):
        return gone("invitation")
    team.decline(row, at=clock.now())
    db.session.commit()
    return render_template("proposals/team_declined.html", call=row.proposal.call)
