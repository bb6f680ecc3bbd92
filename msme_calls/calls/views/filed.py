"""A call as a file: given to take along, and taken over after a look at what would change."""

from typing import TYPE_CHECKING

from flask import Response as FlaskResponse
from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from msme_calls import clock, history
from msme_calls.accounts.desk_factor import demand_factor
from msme_calls.accounts.sessions import me
from msme_calls.calls import queries, rules
from msme_calls.calls.actions import filing
from msme_calls.calls.filed import MOST_BYTES, differences, reading
from msme_calls.calls.filed.reading import Problem, Wrong
from msme_calls.calls.forms.fields import in_words
from msme_calls.calls.forms.setting import NewCall
from msme_calls.calls.kinds import KINDS
from msme_calls.calls.models import Call
from msme_calls.calls.views.blueprint import Page, bp, desk_call
from msme_calls.calls.views.new import free, next_year, slug_for
from msme_calls.errors import allow
from msme_calls.extensions import db

if TYPE_CHECKING:
    from msme_calls.calls.filed.shape import CallFile


def _sent() -> bytes:
    """The file that was chosen just now, or the one that the preview's page carries on; empty for none."""
    chosen = request.files.get("file")
    if chosen is None or not chosen.filename:
        return request.form.get("kept", "").encode()
    with chosen.stream as stream:
        return stream.read(MOST_BYTES + 1)


def _read() -> tuple["CallFile", filing.Logos]:
    content = _sent()
    if not content:
        raise Wrong([Problem((), _("Choose the file first. The one that was sent is empty, or none was."))])
    file = reading.read(content)
    return file, filing.logos(file)


def _fingerprint(file: "CallFile") -> str:
    return history.sha256(filing.text(file).encode())


@bp.get("/desk/<slug>/file.json")
def call_file(slug: str) -> FlaskResponse:
    """The call as one file."""
    call = queries.whole(desk_call(slug, "set-up"))
    answer = FlaskResponse(filing.text(filing.exported(call)), mimetype="application/json")
    answer.headers["Content-Disposition"] = f'attachment; filename="{call.slug}.json"'
    return answer


@bp.route("/desk/<slug>/file", methods=["GET", "POST"])
def filed(slug: str) -> Page:
    """Take a file over into this call: first what would change, then the button that does it."""
    call, at = desk_call(slug, "set-up"), clock.now()
    reason = rules.no_import(call.life, at)
    if request.method != "POST":
        return render_template("calls/filed.html", call=call, reason=reason, wrong=None)
    allow(reason)
    try:
        file, logos = _read()
        if file.kind != call.kind:
            raise Wrong([Problem(("kind",), rules.OTHER_KIND)])
    except Wrong as wrong:
        return render_template("calls/filed.html", call=call, reason=None, wrong=wrong), 422
    now = filing.exported(queries.whole(call))
    sure, seen = "sure" in request.form, _fingerprint(now)
    if sure and request.form.get("seen") == seen:
        filing.take_over(call, file, logos, by=me(), at=at)
        db.session.commit()
        flash(_("The file is taken over: the call is now what the file says."), "good")
        return redirect(url_for("calls.overview", slug=slug))
    page = render_template(
        "calls/filed_preview.html", call=call, groups=differences.found(now, file), kept=_kept(file), seen=seen,
        changed=sure,
    )  # fmt: skip
    return page, 409 if sure else 200


def _kept(file: "CallFile") -> str:
    """The file on one line, as the preview's page carries it."""
    return history.canonical(file.model_dump())


@bp.route("/desk/new/file", methods=["GET", "POST"])
def new_from_file() -> Page:
    """A convenor makes a new call from a file: first what it says, then the button that makes it."""
    at, person = clock.now(), me()
    if not person.is_convenor:
        abort(404)
    demand_factor()
    if request.method != "POST":
        return render_template("calls/filed_new.html", wrong=None)
    try:
        file, logos = _read()
    except Wrong as wrong:
        return render_template("calls/filed_new.html", wrong=wrong), 422
    given = {"title": dict(file.texts.title)}
    form = NewCall(data=given) if "sure" in request.form else NewCall(formdata=None, data=given)
    year = next_year(at)
    if "sure" in request.form and form.validate() and free(form, slug := slug_for(form, year)):
        prefix = form.prefix.data or f"{KINDS[file.kind].prefix}{year % 100:02}"
        call = filing.create(file, logos, slug, in_words(form.title.data), prefix, by=person, at=at)
        return _created(call)
    page = render_template(
        "calls/filed_new.html", form=form, groups=differences.found(None, file), kept=_kept(file), wrong=None,
        kind=KINDS[file.kind],
    )  # fmt: skip
    return page, 422 if form.errors else 200


def _created(call: Call) -> Page:
    db.session.commit()
    flash(_("The call is created from the file. Nobody outside sees it before you launch it."), "good")
    return redirect(url_for("calls.overview", slug=call.slug))
