"""The page from which a rehearsal is led, and the door that lets its coordinators in."""

import uuid
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response as Answer

from msme_calls import clock
from msme_calls.accounts.desk_factor import demand_factor
from msme_calls.accounts.models import Person
from msme_calls.accounts.sessions import me
from msme_calls.calls.desk import at_desk
from msme_calls.calls.forms.fields import EditForm, LocalTime
from msme_calls.calls.models import Call
from msme_calls.extensions import csrf, db
from msme_calls.i18n import PREFIX, _l
from msme_calls.rehearsals import actions, filling, queries, rules, worlds
from msme_calls.rehearsals import scene as scenes
from msme_calls.rehearsals.models import Rehearsal
from msme_calls.rehearsals.within import WHO
from msme_calls.web import paginate

if TYPE_CHECKING:
    from msme_calls import Application

bp = Blueprint("rehearsals", __name__)
_KEY = "rehearsals"  # in our session: whom this browser plays, by the path of the rehearsal
ALL = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"]


class ClockForm(EditForm):
    """Any other instant."""

    to = LocalTime(_l("Another date and time"))


def _desk(slug: str) -> tuple[Call, Rehearsal]:
    """A call that a coordinator leads and its rehearsal; absent for everybody else, and where there is none."""
    call, _roles = at_desk(slug, "life")
    return call, queries.of_call(call) or abort(404)


def _place(rehearsal: Rehearsal) -> tuple["Application", timedelta]:
    """Its application and by how much its clock is ahead; our own transaction is ended."""
    app, lead = worlds.application(rehearsal), rehearsal.lead
    db.session.rollback()
    return app, lead


def _back(slug: str) -> Answer:
    return redirect(url_for("rehearsals.control", slug=slug))


@bp.get(f"{PREFIX}/desk/<slug>/rehearsal")
def control(slug: str) -> str:
    call, _roles = at_desk(slug, "life")
    rehearsal = queries.of_call(call)
    if rehearsal is None or rehearsal.ready_at is None:
        reason = rules.no_rehearsal(call.life, rehearsal is not None, clock.now())
        return render_template("rehearsals/none.html", call=call, reason=reason, choices=rules.APPLICANTS)
    return _page(call, rehearsal, ClockForm(formdata=None))[0]


def _page(call: Call, rehearsal: Rehearsal, form: ClockForm) -> tuple[str, int]:
    ends = rehearsal.made_at + rules.LASTS
    try:
        app = worlds.application(rehearsal)
    except worlds.Gone:
        return render_template("rehearsals/gone.html", call=call, ends=ends), 200
    there = actions.now_there(rehearsal)
    seen = scenes.scene(app, rehearsal.lead, there)
    playing = seen.name_of(_played(rehearsal, me()))
    page = render_template(
        "rehearsals/control.html", call=call, form=form, scene=seen, ends=ends, playing=playing, me=me(),
        inside=f"{worlds.prefix(rehearsal.id)}",
    )  # fmt: skip
    return page, 422 if form.errors else 200


@bp.post(f"{PREFIX}/desk/<slug>/rehearsal/make")
def make(slug: str) -> Answer:
    call, _roles = at_desk(slug, "life")
    count = request.form.get("applicants", type=int)
    if count not in rules.APPLICANTS:
        flash(_("Choose how many applicants are invented."), "warn")
        return _back(slug)
    actions.make(call, count, by=me(), at=clock.now())
    flash(_("The rehearsal is made. Move its clock, and play whom you like."), "good")
    return _back(slug)


@bp.post(f"{PREFIX}/desk/<slug>/rehearsal/clock")
def move(slug: str) -> Answer | tuple[str, int]:
    call, rehearsal = _desk(slug)
    form = ClockForm()
    to = _wanted(call, form)
    if to is None:
        return _page(call, rehearsal, form)
    actions.move(rehearsal, to, at=clock.now())
    flash(_("The clock of the rehearsal is moved."), "good")
    return _back(slug)


def _wanted(call: Call, form: ClockForm) -> datetime | None:
    """The instant of the button that was pressed, or the one that was typed; None if it is none."""
    try:
        pressed = datetime.fromisoformat(request.form.get("instant", ""))
    except ValueError:
        pressed = None
    if pressed is not None and pressed.tzinfo is not None:
        return pressed
    if form.to.in_zone(call.zone) and form.to.instant is None:
        form.to.errors = [_("Write the date and the time like 2027-03-16T18:00.")]
    return form.to.instant


@bp.post(f"{PREFIX}/desk/<slug>/rehearsal/let")
def let(slug: str) -> Answer:
    """Have the invented people do their part now."""
    _call, rehearsal = _desk(slug)
    who = request.form.get("who", "")
    if who not in actions.WORK:
        abort(400)
    done = actions.let(rehearsal, who)
    said = {
        "applicants": ngettext("%(num)d proposal was submitted.", "%(num)d proposals were submitted.", done),
        "reviewers": ngettext("%(num)d review was submitted.", "%(num)d reviews were submitted.", done),
    }
    flash(said[who], "good" if done else "warn")
    return _back(slug)


@bp.get(f"{PREFIX}/desk/<slug>/rehearsal/mails")
def mails(slug: str) -> str:
    call, rehearsal = _desk(slug)
    app, lead, there = worlds.application(rehearsal), rehearsal.lead, actions.now_there(rehearsal)
    pages = paginate(scenes.scene(app, lead, there).mails)
    found = scenes.mails(app, lead, pages.offset, pages.size)
    return render_template("rehearsals/mails.html", call=call, mails=found, pages=pages)


@bp.post(f"{PREFIX}/desk/<slug>/rehearsal/play")
def play(slug: str) -> Answer:
    """From now on this browser is somebody else in the rehearsal, and nowhere else."""
    _call, rehearsal = _desk(slug)
    name, by, at = worlds.prefix(rehearsal.id), me(), actions.now_there(rehearsal)
    person_id = request.form.get("person", type=uuid.UUID) or abort(400)
    hers, economies, own = _columns(by), sorted(by.economy_codes), by.id
    app, lead = _place(rehearsal)
    if not scenes.may_be_played(app, lead, person_id, own):
        abort(404)
    if person_id == own:
        with worlds.inside(app, lead):
            filling.welcome(worlds.only_call(), hers, economies, at)
            db.session.commit()
    session[_KEY] = {**session.get(_KEY, {}), name: str(person_id)}
    return redirect(f"{name}{url_for('publication.my_work')}")


def _columns(person: Person) -> dict[str, Any]:
    return {name: getattr(person, name) for name in filling.HERS}


def _played(rehearsal: Rehearsal, by: Person) -> str:
    """Whom somebody plays in a rehearsal: herself, unless she said otherwise in this browser."""
    return session.get(_KEY, {}).get(worlds.prefix(rehearsal.id), str(by.id))


@bp.post(f"{PREFIX}/desk/<slug>/rehearsal/throw-away")
def throw_away(slug: str) -> Answer:
    _call, rehearsal = _desk(slug)
    session.pop(_KEY, None)
    actions.throw_away(rehearsal, by=me(), at=clock.now())
    flash(_("The rehearsal is thrown away, with all that was in it."), "good")
    return _back(slug)


@csrf.exempt  # the form tokens are those of the application inside, which asks for them
@bp.route("/rehearsals/<uuid:rehearsal_id>/<path:rest>", methods=ALL, provide_automatic_options=False)
def enter(rehearsal_id: uuid.UUID, rest: str) -> Any:
    """A page of a rehearsal: asked of its own application, as whoever the coordinator plays there."""
    rehearsal = queries.to_enter(me(), rehearsal_id) or abort(404)
    demand_factor()
    slug, who = rehearsal.call.slug, uuid.UUID(_played(rehearsal, me()))
    try:
        app, lead = _place(rehearsal)
    except worlds.Gone:
        return _back(slug)
    with worlds.during(lead):  # all of the answer: what is still to be drawn of it would be drawn in our own world
        response = Response.from_app(app.wsgi_app, _environment(rehearsal_id, who), buffered=True)
    if request.method not in ("GET", "HEAD", "OPTIONS"):
        actions.run_on(app, lead)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _environment(rehearsal_id: uuid.UUID, who: uuid.UUID) -> dict[str, Any]:
    """The request as the application inside takes it: its pages lie below a path of their own."""
    own = {k: v for k, v in request.environ.items() if not k.startswith(("werkzeug.", "flask.", "msme_calls."))}
    below = worlds.prefix(rehearsal_id)
    own["SCRIPT_NAME"] = own.get("SCRIPT_NAME", "") + below
    own["PATH_INFO"] = own["PATH_INFO"][len(below) :]
    return {**own, WHO: who}
