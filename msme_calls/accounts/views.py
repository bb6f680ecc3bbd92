"""Signing in and out, and one's own account."""

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response

from msme_calls.access import open_to_all
from msme_calls.extensions import login
from msme_calls.i18n import PREFIX

bp = Blueprint("accounts", __name__, url_prefix=PREFIX)


@login.user_loader
def load(key: str) -> None:
    return None


@bp.get("/sign-in")
@open_to_all
def sign_in() -> str:
    return render_template("publication/home.html")


@bp.post("/sign-out")
def sign_out() -> Response:
    return redirect(url_for("publication.home"))


@bp.get("/profile")
def profile() -> str:
    return render_template("publication/home.html")
