"""Before a grave act: whoever signed in a while ago shows once more who she is; what she sent waits meanwhile."""

import math
from typing import Any

from flask import Flask, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from werkzeug.exceptions import TooManyRequests
from werkzeug.wrappers import Response

from msme_calls import clock, errors
from msme_calls.access import open_to_all, safe_next
from msme_calls.accounts import actions, factors, passkeys, sessions, throttle
from msme_calls.accounts.models import Person
from msme_calls.accounts.sessions import me
from msme_calls.accounts.views import second
from msme_calls.accounts.views.blueprint import bp
from msme_calls.accounts.views.doors import Page, guess
from msme_calls.accounts.views.mailed import gone, press, usable
from msme_calls.extensions import db

OURS = "proof-"  # how the fields of the question begin; whatever else was sent is kept
PASSWORD, WAY = f"{OURS}password", f"{OURS}way"


class Unproved(Exception):
    """She has to show who she is first; what is wrong in which field, and whether a link is on its way."""

    def __init__(self, error: str = "", field: str = PASSWORD, link: bool = False) -> None:
        self.error, self.field, self.link = error, field, link


def demand_proof() -> None:
    """Go on if the reader has shown lately who she is, or does so with this request; else ask her.

    Call it in a view once it is certain that she may be there (after the 404), before anything is changed or given
    out. It commits what it writes.
    """
    if sessions.fresh(clock.now()):
        return
    if request.method != "POST" or not any(name.startswith(OURS) for name in request.form):
        raise Unproved
    person = me()
    if factors.has(person):  # it stands for both steps: a password alone would not sign her in either
        if wrong := second.judge(person, OURS):
            raise Unproved(wrong.says, wrong.field)
    elif person.password is None:
        _link()
    else:
        _password(person)
    sessions.prove(clock.now())
    db.session.commit()


def _link() -> None:
    if request.form.get(WAY) == "link":
        _send_link()
    raise Unproved(link=True)


def _password(person: Person) -> None:
    try:
        right = guess(person.email, request.form.get(PASSWORD, ""))
    except TooManyRequests as error:
        raise Unproved(_wait(error)) from error
    if right is None:
        raise Unproved(_("This is not your password. Check it, then try again."))


def _send_link() -> None:
    person, at = me(), clock.now()
    may_go, _network_waits = throttle.mail(person.email, throttle.network(request.remote_addr), at)
    if may_go:
        onward = safe_next(request.args.get("next")) if request.endpoint == "accounts.prove" else None
        actions.send_proof_link(person, at=at, onward=onward or "")
    db.session.commit()


def _wait(error: TooManyRequests) -> str:
    minutes = math.ceil(error.retry_after / 60) if isinstance(error.retry_after, int) else 1
    return ngettext(
        "Too many tries. Wait for %(num)d minute, then try again.",
        "Too many tries. Wait for %(num)d minutes, then try again.",
        minutes,
    )


def _ask(unproved: Unproved) -> tuple[str, int]:
    """The question, on a page that keeps what was sent. A reading request goes on from a page of its own."""
    db.session.rollback()
    reading = request.method != "POST" or request.endpoint == "accounts.prove"
    address = errors.here()
    if request.endpoint != "accounts.prove" and reading:
        address = url_for("accounts.prove", next=address)
    g.no_page = not reading  # in another language it would be asked of nothing
    fields = [] if reading else [(name, value) for name, value in errors.typed() if not name.startswith(OURS)]
    return render_template("accounts/prove.html", fields=fields, action=address, it=unproved, **_ways(me())), 401


def _ways(person: Person) -> dict[str, Any]:
    """By what she can show who she is."""
    kinds = {factor.kind for factor in factors.of(person)}
    return {
        "person": person,
        "second": bool(kinds),
        "app": factors.APP in kinds,
        "passkey": passkeys.ask(person, clock.now()) if factors.PASSKEY in kinds else "",
        "codes": factors.codes_left(person) if kinds else 0,
    }


@bp.route("/confirm-that-it-is-you", methods=["GET", "POST"])
def prove() -> Response:
    """The question by itself: it goes on to a page that somebody wanted to read."""
    demand_proof()
    return redirect(safe_next(request.args.get("next")) or url_for("accounts.profile"))


@bp.route("/links/prove/<token>", methods=["GET", "POST"])
@open_to_all
def prove_by_link(token: str) -> Page:
    """It counts for the browser in which it is pressed, if the same person is signed in there."""
    link = usable(token, "prove")
    if link is None:
        return gone("prove")
    same = current_user.is_authenticated and me().email == link.address
    if same and factors.has(me()):  # since she asked for it she has a second step, which a mailbox doesn't stand for
        return gone("prove")
    if request.method == "GET" or not same:
        return render_template("accounts/prove_by_link.html", link=link, same=same)
    if not press(link):
        return gone("prove")
    sessions.prove(clock.now())
    db.session.commit()
    flash(_("It is confirmed. If you were sending something, go back to that page and go on."), "good")
    return redirect(safe_next(link.values.get("onward")) or url_for("accounts.profile"))


def init_app(app: Flask) -> None:
    """Ask wherever a view demands it."""
    app.register_error_handler(Unproved, _ask)
