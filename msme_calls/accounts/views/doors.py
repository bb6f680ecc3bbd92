"""At the door: sign in, sign out, register. What is answered never says who has an account."""

import math
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import flash, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.exceptions import TooManyRequests
from werkzeug.wrappers import Response

from msme_calls import clock, errors, i18n, metrics
from msme_calls.access import open_to_all, safe_next
from msme_calls.accounts import (
    actions,
    devices,
    factors,
    forms,
    half,
    organisation,
    passkeys,
    passwords,
    queries,
    sessions,
    throttle,
)
from msme_calls.accounts.models import Person, normal_address
from msme_calls.accounts.views import second
from msme_calls.accounts.views.blueprint import bp
from msme_calls.extensions import csrf, db

Page = str | Response | tuple[str, int]


def drawn(template: str, form: Any, **more: Any) -> tuple[str, int]:
    """A page with a form; with another status if something in the form is to be corrected."""
    return render_template(f"accounts/{template}.html", form=form, **more), 422 if form.errors else 200


def onward(wish: str | None = None) -> str:
    """Where to go from the door: where she was going, if that is on this site."""
    return safe_next(request.args.get("next") if wish is None else wish) or url_for("publication.my_work")


def enter(person: Person, to: str, stay: bool = False, says: str = "", *, known: bool = False) -> Response:
    """Sign in, save, and go on; by way of the second step if she has one and isn't `known` by it already."""
    address, at = person.email, clock.now()
    if not known and factors.has(person):
        half.begin(person, at, to=to, stay=stay, says=says)
        db.session.commit()
        return redirect(url_for("accounts.second_step"))
    sessions.sign_in(person, at, stay)
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
        metrics.count("sign in", "refused")
        return None
    metrics.count("sign in", "accepted")
    throttle.right(address, device, network)
    person = db.session.get_one(Person, found.id)
    actions.refresh_password(person, password)
    return person


def by_passkey(answer: str) -> Person | None:
    """Whose passkey this is: it stands for both steps. Says 429 after too many guesses from one network."""
    at, network = clock.now(), throttle.network(request.remote_addr)
    wait = throttle.count(throttle.GUESSES_OF_NETWORK, network, at)
    db.session.commit()
    _hold(wait)
    person = passkeys.shown(None, answer, at)
    if person is not None:
        throttle.forgive(throttle.GUESSES_OF_NETWORK, network)
    return person


def _hold(wait: timedelta | None) -> None:
    if wait:
        metrics.count("sign in", "held back")
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
    if request.form.get("passkey"):
        owner = by_passkey(request.form["passkey"])
        if owner is not None:
            return enter(owner, onward(), form.stay.data, known=True)
        form.form_errors = [second.no_passkey()]
    elif form.validate_on_submit():
        if request.form.get("way") == "link":
            return ask_for_mail(actions.send_sign_in_link, form.email.data, onward=request.args.get("next", ""))
        person = guess(form.email.data, form.password.data) if form.password.data else None
        if person is not None:
            return enter(person, onward(), form.stay.data)
        form.password.errors = [no_match(form.password.data)]
    return drawn("sign_in", form, passkey=passkeys.ask(None, clock.now()), organisation=organisation.name())


@bp.route("/sign-in/second-step", methods=["GET", "POST"])
@open_to_all
def second_step() -> Page:
    """An app's code, a passkey or a recovery code, after the password or the link."""
    if current_user.is_authenticated:
        return redirect(onward())
    held = half.find(clock.now())
    wrong = second.judge(held.person) if held and request.method == "POST" else None
    if held and request.method == "POST" and wrong is None and half.use(held, clock.now()):
        return enter(held.person, held.to, held.stay, held.says, known=True)
    if held and (wrong or request.method == "GET"):
        return second.page(held.person, wrong)
    db.session.rollback()
    if half.KEY in session:
        flash(_("This step was taken already, or took too long. Sign in once more."), "warn")
    return redirect(url_for("accounts.sign_in"))


@bp.post("/sign-in/again")
@csrf.exempt  # checked below for whoever is to be signed in; who has done so in another tab has another token by now
@open_to_all
def sign_in_again() -> Page:
    """Sign in while what was typed waits; then it takes one press to send it."""
    fields, action = errors.kept(), safe_next(request.form.get("kept-action")) or "/"
    if not current_user.is_authenticated:
        csrf.protect()
        page = _second_while_waiting(fields, action) if "step" in request.form else _first_while_waiting(fields, action)
        if page is not None:
            return page
    return errors.again(_("You are signed in. What you wrote is kept here: send it now."), fields, 200, action)


def _first_while_waiting(fields: errors.Fields, action: str) -> Page | None:
    """The password; the page again, or that of the second step, until she is signed in."""
    email, password = request.form.get("email", ""), request.form.get("password", "")
    person = guess(email, password) if password else None
    if person is None:
        return errors.signed_out(fields, action, email, no_match(password))
    step = factors.has(person)
    if step:
        half.begin(person, clock.now(), to=action)
    else:
        sessions.sign_in(person, clock.now())
    db.session.commit()
    return second.page(person, None, fields, action) if step else None


def _second_while_waiting(fields: errors.Fields, action: str) -> Page | None:
    held = half.find(clock.now())
    wrong = second.judge(held.person) if held else None
    if held and wrong:
        return second.page(held.person, wrong, fields, action)
    if held is None or not half.use(held, clock.now()):
        db.session.rollback()
        return errors.signed_out(
            fields, action, "", _("This step was taken already, or took too long. Sign in once more.")
        )
    sessions.sign_in(held.person, clock.now())
    db.session.commit()
    return None


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
