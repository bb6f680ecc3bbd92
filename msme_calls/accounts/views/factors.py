"""One's own second factors: add, name, remove; and recovery codes, which are shown once."""

import uuid
from datetime import timedelta

import segno
from flask import abort, flash, g, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from msme_calls import clock
from msme_calls.access import safe_next
from msme_calls.accounts import codes, factors, passkeys, sessions, vault
from msme_calls.accounts.factor_forms import AddApp, AddPasskey, FactorName
from msme_calls.accounts.factors import Factor
from msme_calls.accounts.models import Person
from msme_calls.accounts.sessions import me
from msme_calls.accounts.views.blueprint import bp
from msme_calls.accounts.views.doors import Page, drawn
from msme_calls.accounts.views.proving import demand_proof
from msme_calls.extensions import db

SHOWN = timedelta(hours=1)  # how long the page with an app's picture holds


@bp.get("/profile/security")
def security() -> str:
    """How somebody signs in: password, second step, recovery codes."""
    person = me()
    return render_template(
        "accounts/security.html",
        person=person,
        factors=factors.of(person),
        codes=factors.codes_left(person),
        onward=_onward(),
    )


@bp.route("/profile/security/app", methods=["GET", "POST"])
def add_app() -> Page:
    demand_proof()
    person, at, form = me(), clock.now(), AddApp()
    secret = vault.opened(form.key.data or "", f"new {person.id}", at, within=SHOWN)
    if form.validate_on_submit():
        step = codes.step_of(secret, form.code.data or "", at, None) if secret else None
        if secret and step is not None:
            return _added(factors.add_app(person, form.name.data or "", secret, step, by=person, at=at))
        form.code.errors = [_wrong_code() if secret else _new_picture()]
    if not secret:
        secret = codes.new_secret()
        form.key.data = vault.seal(secret, f"new {person.id}", at)
    address = codes.address(secret, person.email)
    return drawn(
        "add_app",
        form,
        address=address,
        picture=segno.make(address, error="m").svg_data_uri(dark="#000", light="#fff", scale=4),
        secret=codes.in_groups(secret),
        onward=_onward(),
        reason=factors.no_more(len(factors.of(person))),
    )


def _wrong_code() -> str:
    return _(
        "This is not the code of this moment. Wait for the next one; if it happens again, check the phone’s clock."
    )


def _new_picture() -> str:
    return _("This page was open too long. Scan the new picture below, and take away the former entry in the app.")


@bp.route("/profile/security/passkey", methods=["GET", "POST"])
def add_passkey() -> Page:
    demand_proof()
    person, at, form = me(), clock.now(), AddPasskey()
    if form.validate_on_submit():
        new = passkeys.made(person, form.passkey.data or "", at)
        if new is not None:
            return _added(factors.add_passkey(person, form.name.data or "", *new, by=person, at=at))
        form.form_errors = [_("The passkey was not made. Try once more, or use an authenticator app.")]
    reason = factors.no_more(len(factors.of(person)))
    return drawn("add_passkey", form, options=passkeys.ask_for_new(person, at), onward=_onward(), reason=reason)


def _added(made: list[str]) -> Page:
    """Save. With the first factor come the recovery codes; and whoever is signed in without it is so no longer."""
    if not made:
        db.session.commit()
        flash(_("It is added. Signing in takes it from now on."), "good")
        return redirect(url_for("accounts.security"))
    person, at, stay = me(), clock.now(), session.permanent
    sessions.end_all(person, at)
    sessions.sign_in(person, at, stay)
    db.session.commit()
    return _codes(made, first=True)


def _codes(made: list[str], first: bool = False) -> str:
    g.no_page = True  # in another language they would be gone
    return render_template("accounts/recovery_codes.html", person=me(), codes=made, first=first, onward=_onward())


@bp.post("/profile/security/recovery-codes")
def renew_recovery_codes() -> str:
    """The answer shows them, this once: no address leads to it again."""
    demand_proof()
    made = factors.renew_codes(me(), by=me(), at=clock.now())
    db.session.commit()
    return _codes(made)


def _own(factor_id: uuid.UUID) -> tuple[Person, Factor]:
    person = me()
    return person, factors.own(person, factor_id) or abort(404)


@bp.route("/profile/security/<uuid:factor_id>", methods=["GET", "POST"])
def factor(factor_id: uuid.UUID) -> Page:
    person, found = _own(factor_id)
    form = FactorName(obj=found)
    if form.validate_on_submit():
        factors.rename(found, form.name.data or "", by=person, at=clock.now())
        db.session.commit()
        flash(_("The name is saved."), "good")
        return redirect(url_for("accounts.security"))
    return drawn("factor", form, factor=found, last=len(factors.of(person)) == 1)


@bp.post("/profile/security/<uuid:factor_id>/remove")
def remove_factor(factor_id: uuid.UUID) -> Response:
    person, found = _own(factor_id)
    demand_proof()
    factors.remove(person, found, by=person, at=clock.now())
    db.session.commit()
    flash(_("It is removed. Signing in no longer takes it."), "good")
    return redirect(url_for("accounts.security"))


def _onward() -> str:
    """Where she was going when she was asked to set up a second step."""
    return safe_next(request.args.get("next")) or ""
