"""Signing in and out, and one's own account."""

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response

from msme_calls import clock
from msme_calls.access import open_to_all
from msme_calls.accounts import sessions
from msme_calls.extensions import db
from msme_calls.i18n import PREFIX

bp = Blueprint("accounts", __name__, url_prefix=PREFIX)


@bp.get("/sign-in")
@open_to_all
def sign_in() -> str:
    return render_template("publication/home.html")


@bp.post("/sign-out")
def sign_out() -> Response:
    sessions.sign_out(clock.now())
    db.session.commit()
    return redirect(url_for("publication.home"))


@bp.get("/profile")
def profile() -> str:
    return render_template("publication/home.html")
