"""The people of this installation, for administrators: who may create calls and who may sign in. Nothing of calls."""

import uuid

import sqlalchemy as sa
from flask import abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from msme_calls import clock, i18n
from msme_calls.accounts import actions, factors, queries, rules
from msme_calls.accounts.desk_factor import demand_factor
from msme_calls.accounts.models import Person
from msme_calls.accounts.sessions import me
from msme_calls.accounts.views.blueprint import bp
from msme_calls.accounts.views.proving import demand_proof
from msme_calls.extensions import db
from msme_calls.i18n import _l
from msme_calls.web import paginate

CHANGES = {  # by the address's last word: what is done, and what is said then
    "make-convenor": (actions.grant_convenor, _l("%(name)s may create calls now.")),
    "end-convenor": (actions.revoke_convenor, _l("%(name)s may no longer create calls.")),
    "make-administrator": (actions.grant_administrator, _l("%(name)s is an administrator now.")),
    "end-administrator": (actions.revoke_administrator, _l("%(name)s is no longer an administrator.")),
    "deactivate": (actions.deactivate, _l("The account of %(name)s is deactivated.")),
    "reactivate": (actions.reactivate, _l("The account of %(name)s is in use again.")),
    "reset-second-step": (factors.reset, _l("%(name)s signs in without a second step now, and was told by mail.")),
}


def _administrator() -> Person:
    """The reader, who is an administrator; for others these pages don't exist."""
    if not me().is_administrator:
        abort(404)
    demand_factor()
    return me()


def _person(person_id: uuid.UUID) -> Person:
    return db.session.get(Person, person_id) or abort(404)


@bp.get("/people")
def people() -> str:
    _administrator()
    search = i18n.normal(request.args.get("search", ""))
    found = queries.people(search)
    pages = paginate(db.session.scalar(sa.select(sa.func.count()).select_from(found.order_by(None).subquery())) or 0)
    shown = db.session.scalars(found.limit(pages.size).offset(pages.offset)).all()
    return render_template("accounts/people.html", people=shown, pages=pages, search=search)


@bp.get("/people/<uuid:person_id>")
def person(person_id: uuid.UUID) -> str:
    by, chosen = _administrator(), _person(person_id)
    roles = rules.no_change_of_role(chosen.id == by.id, chosen.active)
    return render_template(
        "accounts/person.html",
        person=chosen,
        no_roles=roles,
        no_account=rules.no_deactivation(chosen.id == by.id),
        second_step=factors.has(chosen),
        no_reset=rules.no_reset(chosen.id == by.id),
    )


@bp.post(f"/people/<uuid:person_id>/<any({', '.join(map(repr, CHANGES))}):change>")
def change_person(person_id: uuid.UUID, change: str) -> Response:
    by, chosen = _administrator(), _person(person_id)
    act, says = CHANGES[change]
    demand_proof()
    act(chosen, by=by, at=clock.now())
    said = str(says) % {"name": chosen.name}
    db.session.commit()
    flash(said, "good")
    return redirect(url_for("accounts.person", person_id=person_id))
