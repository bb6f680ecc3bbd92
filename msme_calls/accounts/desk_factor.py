"""Where it is required: whoever has a desk gets nothing of it before she has a second factor."""

from flask import abort, current_app, make_response, redirect, request, url_for
from flask_babel import gettext as _

from msme_calls import errors
from msme_calls.accounts import factors
from msme_calls.accounts.sessions import me


def demand_factor() -> None:
    """Go on if the reader has a second factor, or needs none; else lead her to the page that sets one up.

    Call it once it is certain that the page is hers: for everybody else it stays absent.
    """
    if not current_app.settings.staff_needs_factor or factors.has(me()):  # type: ignore[attr-defined]
        return
    if request.method in ("GET", "HEAD"):
        abort(redirect(url_for("accounts.security", next=errors.here())))
    sentence = _(
        "Your role needs a second step at signing in. Set it up under “Your account”, “Sign-in and security”, in "
        "another window; what you wrote is kept here: then send it."
    )
    abort(make_response(errors.again(sentence, errors.typed(), 403)))
