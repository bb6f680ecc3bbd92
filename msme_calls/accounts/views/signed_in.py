"""Where somebody is signed in: each browser, and how to end it there."""

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from msme_calls import clock
from msme_calls.accounts import sessions
from msme_calls.accounts.sessions import me
from msme_calls.accounts.views.blueprint import bp
from msme_calls.extensions import db


@bp.get("/profile/sessions")
def signed_in() -> str:
    return render_template("accounts/signed_in.html", person=me(), sessions=sessions.listed(me(), clock.now()))


@bp.post("/profile/sessions/end")
def end_session() -> Response:
    ended = sessions.end_one(me(), request.form.get("session", ""), clock.now())
    db.session.commit()
    flash(_("You are signed out there.") if ended else _("You were signed out there already."), "good")
    return redirect(url_for("accounts.signed_in"))


@bp.post("/profile/sessions/end-others")
def end_other_sessions() -> Response:
    ended = sessions.end_others(me(), clock.now())
    db.session.commit()
    flash(
        ngettext(
            "You are signed out in %(num)d other browser.", "You are signed out in %(num)d other browsers.", ended
        ),
        "good",
    )
    return redirect(url_for("accounts.signed_in"))
