"""One's own account."""

from flask import flash, redirect, session, url_for
from flask_babel import gettext as _

from msme_calls import clock
from msme_calls.accounts import actions, factors, forms, sessions
from msme_calls.accounts.sessions import me
from msme_calls.accounts.views.blueprint import bp
from msme_calls.accounts.views.doors import Page, drawn, enter, guess
from msme_calls.accounts.views.proving import demand_proof
from msme_calls.extensions import db


@bp.route("/profile", methods=["GET", "POST"])
def profile() -> Page:
    person, form = me(), forms.Profile(obj=me())
    if form.validate_on_submit():
        at, of = clock.now(), form.data
        actions.update_profile(person, **{k: of[k] for k in ("name", "language", "zone")}, by=person, at=at)
        actions.update_standing(person, **form.standing, by=person, at=at)
        db.session.commit()
        flash(_("Your profile is saved."), "good")
        return redirect(url_for("accounts.profile"))
    return drawn("profile", form, person=person)


@bp.route("/profile/password", methods=["GET", "POST"])
def change_password() -> Page:
    person = me()
    if person.password is None:  # whoever has one shows it in this form
        demand_proof()
    form = forms.ChangePassword(person.email, person.name)
    if form.validate_on_submit():
        if person.password is None or guess(person.email, form.current_password.data or ""):
            at = clock.now()
            weaker = factors.has(person) and not sessions.fresh(at)
            actions.set_password(person, form.password.data, by=person, at=at)
            says = _("Your new password holds. Everywhere else you were signed out.")
            answer = enter(person, url_for("accounts.profile"), session.permanent, says, known=True)
            if weaker:  # her new session began with a password alone, which proves less than signing in
                sessions.prove(at - sessions.FRESH)
                db.session.commit()
            return answer
        form.current_password.errors = [
            _("This is not your current password. Without it, ask for a link to a new one.")
        ]
    return drawn("change_password", form, person=person)
