"""The page behind an invitation's link: it says who invites to what; accepting and declining are buttons."""

from typing import Any

from flask import render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from msme_calls import clock, errors
from msme_calls.access import open_to_all
from msme_calls.accounts import queries as accounts
from msme_calls.accounts.models import Link, Person
from msme_calls.accounts.views.doors import enter
from msme_calls.accounts.views.mailed import gone, press, usable
from msme_calls.calls import phrases, queries, rules
from msme_calls.calls.actions import people as actions
from msme_calls.calls.forms.people import Accept, AcceptReviews
from msme_calls.calls.models import Invitation, Role
from msme_calls.calls.views.blueprint import Page, bp
from msme_calls.extensions import db


def _open(token: str) -> tuple[Link, Invitation] | None:
    """The link and its invitation, if both can still be used."""
    link = usable(token, "invitation")
    found = queries.open_invitation(link.subject_id) if link else None
    return (link, found) if link and found else None


def _reason(invitation: Invitation) -> str | None:
    signed_in = current_user.email if current_user.is_authenticated else ""
    return rules.no_acceptance(signed_in, invitation.address)


def _form(invitation: Invitation, person: Person | None) -> Any:
    """The form for the role, with what an account says already."""
    kind = AcceptReviews if invitation.role is Role.REVIEWER else Accept
    known: dict[str, Any] = {"languages": [invitation.language]}
    if person is not None:
        known |= {"organisation": person.organisation, "international_staff": person.international_staff}
        known["economies"] = [{"code": code} for code in sorted(person.economy_codes)]
    return kind(data=known)


@bp.route("/invitations/<token>", methods=["GET", "POST"])
@open_to_all
def invitation(token: str) -> Page:
    """Accept: the account is made or found, the role is hers, she is signed in."""
    found = _open(token)
    if found is None:
        return gone("invitation")
    link, row = found
    form, reason = _form(row, accounts.find_by_address(row.address)), _reason(row)
    if request.method == "POST":
        errors.allow(reason)
        if form.validate():
            if not press(link):
                return gone("invitation")
            person = actions.accept(row, form.answer, at=clock.now())
            return enter(person, _first_page(row), says=_("You are in: %(call)s.", call=row.call.name))
    page = render_template(
        "calls/invitation.html", invitation=row, call=row.call, form=form, reason=reason, token=token,
        role=phrases.ROLES[row.role],
    )  # fmt: skip
    return page, 422 if form.errors else 200


def _first_page(row: Invitation) -> str:
    if row.role is Role.REVIEWER:
        return url_for("publication.my_work")
    return url_for("calls.overview", slug=row.call.slug)


@bp.post("/invitations/<token>/decline")
@open_to_all
def decline(token: str) -> Page:
    found = _open(token)
    if found is None or not press(found[0]):
        return gone("invitation")
    _link, row = found
    errors.allow(_reason(row))
    actions.decline(row, request.form.get("reason", ""), at=clock.now())
    db.session.commit()
    return render_template("calls/declined.html", call=row.call)
