"""At the door: sign in, sign out, register. What is answered never says who has an account."""

import math
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.exceptions import TooManyRequests
from werkzeug.wrappers import Response

from msme_calls import clock, errors, i18n
from msme_calls.access import open_to_all, safe_next
from msme_calls.accounts import actions, devices, forms, passwords, queries, sessions, throttle
from msme_calls.accounts.models import Person, normal_address
from msme_calls.accounts.views.blueprint import bp
from msme_calls.extensions import csrf, db

Page = str | Response | tuple[str, int]


def drawn(template: str, form: Any, **more: Any) -> tuple[str, int]:
    """A page with a form; with another status if something in the form is to be corrected."""
    return render_template(f"accounts/{template}.html", form=form, **more), 422 if form.errors else 200


def onward(wish: str | None = None) -> str:
    """Where to go from the door: where she was going, if that is on this site."""
    return safe_next(request.args.get("next") if wish is None else wish) or url_for("publication.my_work")


def enter(person: Person, to: str, stay: bool = False, says: str = "") -> Response:
    """Sign in, save, and go on."""
    address = person.email
    sessions.sign_in(person, clock.now(), stay)
    db.session.commit()
    if says:
        flash(says, "good")
    return devices.remember(redirect(to), address)


def guess(address: str, password: str) -> Person | None:
    """The person with this address and password. Says 429 after too many guesses, right or wrong."""
    at, address = clock.now(), normal_address(address)
    device, network = devices.known(address), throttle.network(request.remote_addr)
    wait = throttle.guess(address, device, network, at)
    found = queries.credentials(address)
    db.session.commit()  # the count holds whatever follows, and nothing is locked while the password is checked
    _hold(wait)
    if not passwords.match(found.password if found else None, password) or found is None:
        return None
    throttle.right(address, device, network)
    person = db.session.get_one(Person, found.id)
    actions.refresh_password(person, password)
    return person


def _hold(wait: timedelta | None) -> None:
    if wait:
        raise TooManyRequests(retry_after=math.ceil(wait.total_seconds()))


def no_match(password: str) -> str:
    """What is said when address and password don't go together, or there is none."""
    if not password:
        return _("Enter your password, or ask for a sign-in link.")
    return _("This address and this password don’t go together. Check both, or ask for a sign-in link.")


def ask_for_mail(send: Callable[..., None], address: str, **more: Any) -> Response:
    """Have a mail sent, unless the address has had enough of them; the answer is the same."""
    at, address = clock.now(), normal_address(address)
    may_go, wait = throttle.mail(address, throttle.network(request.remote_addr), at)
    if may_go:
        send(address, i18n.language(), at=at, **more)
    db.session.commit()
    _hold(wait)
    return redirect(url_for("accounts.check_mail"))


@bp.route("/sign-in", methods=["GET", "POST"])
@open_to_all
def sign_in() -> Page:
    if current_user.is_authenticated:
        return redirect(onward())
    form = forms.SignIn()
    if form.validate_on_submit():
        if request.form.get("way") == "link":
            return ask_for_mail(actions.send_sign_in_link, form.email.data, onward=request.args.get("next", ""))
        person = guess(form.email.data, form.password.data) if form.password.data else None
        if person is not None:
            return enter(person, onward(), form.stay.data)
        form.password.errors = [no_match(form.password.data)]
    return drawn("sign_in", form)


@bp.post("/sign-in/again")
@csrf.exempt  # checked below for whoever is to be signed in; who has done so in another tab has another token by now
@open_to_all
def sign_in_again() -> Page:
    """Sign in while what was typed waits; then it takes one press to send it."""
    fields, action = errors.kept(), safe_next(request.form.get("kept-action"))
    email, password = request.form.get("email", ""), request.form.get("password", "")
    if not current_user.is_authenticated:
        csrf.protect()
        person = guess(email, password) if password else None
        if person is None:
            return errors.signed_out(fields, action or "/", email, no_match(password))
        sessions.sign_in(person, clock.now())
        db.session.commit()
    return errors.again(_("You are signed in. What you wrote is kept here: send it now."), fields, 200, action or "/")


@bp.post("/sign-out")
def sign_out() -> Response:
    sessions.sign_out(clock.now())
    db.session.commit()
    return redirect(url_for("publication.home"))


@bp.route("/register", methods=["GET", "POST"])
@open_to_all
def register() -> Page:
    if current_user.is_authenticated:
        return redirect(onward())
    form = forms.Register()
    if form.validate_on_submit():
        more = {"name": form.name.data, "onward": request.args.get("next", "")}
        return ask_for_mail(actions.register, form.email.data, **more)
    return drawn("register", form)


@bp.route("/reset-password", methods=["GET", "POST"])
@open_to_all
def ask_reset() -> Page:
    form = forms.Address()
    if form.validate_on_submit():
        return ask_for_mail(actions.send_reset_link, form.email.data)
    return drawn("ask_reset", form)


@bp.get("/check-your-mail")
@open_to_all
def check_mail() -> str:
    return render_template("accounts/check_mail.html")
