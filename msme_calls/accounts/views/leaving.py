"""One's own data: taken along, and the end of one's account."""

from flask import Response as Sent
from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response
from werkzeug.wsgi import FileWrapper

from msme_calls import clock, personal
from msme_calls.accounts import leaving, sessions
from msme_calls.accounts.sessions import me
from msme_calls.accounts.views.blueprint import bp
from msme_calls.accounts.views.proving import demand_proof
from msme_calls.extensions import db


@bp.get("/profile/data")
def data() -> str:
    at = clock.now()
    against, follows = personal.obstacles(me(), at), personal.consequences(me(), at)
    return render_template("accounts/data.html", person=me(), against=against, follows=follows)


@bp.get("/profile/data/download")
def download_data() -> Response:
    demand_proof()
    made = personal.archive(me(), clock.now())
    size = personal.size(made)
    response = Sent(FileWrapper(made, personal.CHUNK), mimetype="application/zip", direct_passthrough=True)
    response.content_length = size
    response.headers["Content-Disposition"] = 'attachment; filename="msme-calls-my-data.zip"'
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.post("/profile/delete")
def delete_account() -> Response:
    demand_proof()
    at = clock.now()
    leaving.delete_account(me(), by=me(), at=at)
    sessions.sign_out(at)
    db.session.commit()
    flash(_("Your account is deleted. A last mail confirms it."), "good")
    return redirect(url_for("accounts.sign_in"))  # a page that reads the session, and so can say it
