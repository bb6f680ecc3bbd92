"""Who works on a call, and who is invited to."""

import uuid

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from msme_calls import clock, i18n
from msme_calls.accounts.sessions import me
from msme_calls.accounts.views.proving import demand_proof
from msme_calls.calls import phrases, queries, rules
from msme_calls.calls.actions import people as actions
from msme_calls.calls.forms.fields import opened, sent
from msme_calls.calls.forms.people import Invite, InviteMany
from msme_calls.calls.models import Call, Invitation, Role
from msme_calls.calls.views.blueprint import Page, bp, desk_call, drawn
from msme_calls.errors import Refused
from msme_calls.extensions import db


@bp.get("/desk/<slug>/people")
def people(slug: str) -> str:
    call = desk_call(slug, "people")
    members = queries.members(call)
    coordinators = sum(m.role is Role.COORDINATOR for m in members)
    return render_template(
        "calls/people.html", call=call, members=members, invitations=queries.unanswered(call), roles=phrases.ROLES,
        fixed={m.id: rules.no_removal_of_member(m.role, coordinators) for m in members},
        reason=rules.no_invitation(False, clock.now(), call.life),
    )  # fmt: skip


@bp.route("/desk/<slug>/people/invite", methods=["GET", "POST"])
def invite(slug: str) -> Page:
    """Invite one person to a role."""
    call, at = desk_call(slug, "people"), clock.now()
    wished = request.args.get("role", Role.REVIEWER.value)
    form = opened(Invite, {"language": i18n.language(), "role": wished})
    if sent(form):
        try:
            role = Role(form.role.data)
            if role is Role.COORDINATOR:
                demand_proof()
            actions.invite(call, role, form.address.data, form.name.data, form.language.data, by=me(), at=at)
        except Refused as refused:
            form.address.errors = [str(refused)]
        else:
            db.session.commit()
            flash(_("The invitation to %(name)s is on its way.", name=form.name.data), "good")
            return redirect(url_for("calls.people", slug=slug))
    return drawn("invite", call, form, reason=rules.no_invitation(False, at, call.life))


@bp.route("/desk/<slug>/people/invite-reviewers", methods=["GET", "POST"])
def invite_many(slug: str) -> Page:
    """Invite several reviewers: good lines go out, the others stay in the form with what is wrong with them."""
    call, at = desk_call(slug, "people"), clock.now()
    form, wrong = opened(InviteMany, {"default": i18n.language()}), []
    if sent(form):
        lines = actions.read(form.people.data, form.default.data)
        wrong = actions.invite_all(call, Role.REVIEWER, lines, by=me(), at=at)
        db.session.commit()
        _say(len(lines) - len(wrong))
        if not wrong:
            return redirect(url_for("calls.people", slug=slug))
        form.people.data, form.people.raw_data = "\n".join(line.text for line in wrong), None
        form.people.errors = [
            ngettext(
                "Correct this line and send it again.", "Correct these %(num)d lines and send them again.", len(wrong)
            )
        ]
    return drawn("invite_many", call, form, wrong=wrong, reason=rules.no_invitation(False, at, call.life))


def _say(invited: int) -> None:
    if invited:
        flash(ngettext("%(num)d invitation is on its way.", "%(num)d invitations are on their way.", invited), "good")


def _invitation(call: Call, row_id: uuid.UUID) -> Invitation:
    return queries.invitation_of(call, row_id) or abort(404)


@bp.post("/desk/<slug>/people/invitations/<uuid:row_id>/<any(resend, revoke):act>")
def change_invitation(slug: str, row_id: uuid.UUID, act: str) -> Response:
    call = desk_call(slug, "people")
    done = {"resend": (actions.resend, _("The invitation is sent once more.")),
            "revoke": (actions.revoke, _("The invitation is taken back: its link is void."))}  # fmt: skip
    do, says = done[act]
    do(_invitation(call, row_id), by=me(), at=clock.now())
    db.session.commit()
    flash(says, "good")
    return redirect(url_for("calls.people", slug=slug))


@bp.post("/desk/<slug>/people/<uuid:row_id>/remove")
def remove_member(slug: str, row_id: uuid.UUID) -> Response:
    call, person = desk_call(slug, "people"), me()
    membership = queries.membership(call, row_id) or abort(404)
    own, name = membership.person_id == person.id, membership.person.name
    actions.remove(membership, by=person, at=clock.now())
    db.session.commit()
    flash(_("%(name)s no longer has this role.", name=name), "good")
    return redirect(url_for("publication.my_work") if own else url_for("calls.people", slug=slug))
