"""Signing in through an organisation: the way there, and back."""

from flask import abort, flash, redirect, request, session, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from msme_calls import clock, i18n, web
from msme_calls.access import open_to_all
from msme_calls.accounts import organisation, sessions
from msme_calls.accounts.views.blueprint import bp
from msme_calls.accounts.views.doors import enter, onward
from msme_calls.extensions import db, writing

KEY = "organisation"  # where she was going, and in which language, while she is there


def back_url() -> str:
    """The one address that the provider is told to send people back to, whatever language they read."""
    return web.absolute("accounts.organisation_back", lang="en")


@bp.get("/sign-in/organisation")
@open_to_all
def organisation_start() -> Response:
    if not organisation.name():
        abort(404)
    if current_user.is_authenticated:
        return redirect(onward())
    for former in [key for key in session if key.startswith("_state_")]:  # one at a time: cookies are short
        session.pop(former)
    session[KEY] = {"next": request.args.get("next", ""), "lang": i18n.language()}
    try:
        return organisation.start(back_url())
    except organisation.Unreached:
        return _not_now(session.pop(KEY))


@bp.get("/sign-in/organisation/back")
@open_to_all
def organisation_back() -> Response:
    """Where the provider sends her back to, by GET: the one such page that writes."""
    if not organisation.name():
        abort(404)
    going = session.pop(KEY, None) or {"next": "", "lang": i18n.language()}
    db.session.rollback()
    writing.set(True)
    with i18n.use(going["lang"]):
        try:
            said = organisation.claims()
            person = organisation.person_of(said, at=clock.now())
        except organisation.Unreached:
            return _not_now(going)
        except organisation.NotLet as reason:
            db.session.rollback()
            flash(str(reason), "warn")
            return _to_sign_in(going)
    to = onward(going["next"]) if going["next"] else url_for("publication.my_work", lang=going["lang"])
    answer = enter(person, to)
    if sessions.KEY in session:  # else her second step is asked for now, whatever the provider says of its own
        _count_its_proof(said)
    return answer


def _count_its_proof(said: organisation.Claims) -> None:
    """Only what she has shown the provider lately counts before a grave act; it may have let her through unasked."""
    sessions.prove(min(clock.now(), said.proved_at) if said.proved_at else clock.now() - sessions.FRESH)
    db.session.commit()


def _not_now(going: dict[str, str]) -> Response:
    sentence = _("Signing in through %(name)s does not work just now. Sign in in another way, or try again later.")
    flash(sentence % {"name": organisation.name()}, "warn")
    return _to_sign_in(going)


def _to_sign_in(going: dict[str, str]) -> Response:
    return redirect(url_for("accounts.sign_in", lang=going["lang"], next=going["next"] or None))
