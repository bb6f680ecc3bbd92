"""Pages for everybody, and each person's own work."""

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from msme_calls.access import public
from msme_calls.extensions import LANGUAGES
from msme_calls.i18n import PREFIX

bp = Blueprint("publication", __name__, url_prefix=PREFIX)
front = Blueprint("front", __name__)


@front.get("/")
@public
def door() -> Response:
    lang = request.accept_languages.best_match(LANGUAGES) or "en"
    response = redirect(url_for("publication.home", lang=lang))
    response.headers["Vary"] = "Accept-Language"
    return response


@bp.get("/")
@public
def home() -> str:
    return render_template("publication/home.html")


@bp.get("/calls")
@public
def calls() -> str:
    return render_template("publication/home.html")


@bp.get("/winners")
@public
def archive() -> str:
    return render_template("publication/home.html")


@bp.get("/help")
@public
def help() -> str:
    return render_template("publication/home.html")


@bp.get("/accessibility")
@public
def accessibility() -> str:
    return render_template("publication/home.html")


@bp.get("/privacy")
@public
def privacy() -> str:
    return render_template("publication/home.html")


@bp.get("/contact")
@public
def contact() -> str:
    return render_template("publication/home.html")


@bp.get("/my-work")
def my_work() -> str:
    return render_template("publication/home.html")
