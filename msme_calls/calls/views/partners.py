"""The partners of a call and their logos."""

import uuid

from flask import Response as FlaskResponse
from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from msme_calls import clock, uploads
from msme_calls.access import public
from msme_calls.accounts.sessions import me
from msme_calls.calls import queries, rules
from msme_calls.calls.actions import partners as actions
from msme_calls.calls.forms.fields import in_words, opened, sent
from msme_calls.calls.forms.parts import PartnerForm
from msme_calls.calls.models import Call, Partner
from msme_calls.calls.views.blueprint import STEPS, Page, bp, desk_call, drawn, part
from msme_calls.extensions import db
from msme_calls.storage import store
from msme_calls.web import YEAR


@bp.get("/desk/<slug>/partners")
def partners(slug: str) -> str:
    call = desk_call(slug, "set-up")
    return render_template("calls/partners.html", call=call, reason=rules.no_wording(call.life, clock.now()))


@bp.route("/desk/<slug>/partners/new", methods=["GET", "POST"])
def new_partner(slug: str) -> Page:
    return _edit(desk_call(slug, "set-up"), None)


@bp.route("/desk/<slug>/partners/<uuid:row_id>", methods=["GET", "POST"])
def partner(slug: str, row_id: uuid.UUID) -> Page:
    call = desk_call(slug, "set-up")
    return _edit(call, part(Partner, call, row_id))


def _edit(call: Call, row: Partner | None) -> Page:
    at, saved = clock.now(), {"name": row.name, "link": row.link} if row else {"name": {}, "link": ""}
    form = opened(PartnerForm, saved)
    content = _content(form) if sent(form) else None
    if content:
        if row is None:
            actions.add(call, content, by=me(), at=at)
        else:
            actions.edit(row, content, by=me(), at=at)
        db.session.commit()
        flash(_("The partner is saved."), "good")
        return redirect(url_for("calls.partners", slug=call.slug))
    return drawn("partner", call, form, partner=row, reason=rules.no_wording(call.life, at))


def _content(form: PartnerForm) -> actions.Content | None:
    """What the form says, its picture made small; None if that is no picture, which becomes the field's error."""
    picture, logo = request.files.get("logo"), None
    if picture is not None and picture.filename:
        try:
            logo = uploads.logo(picture.stream, picture.filename)
        except uploads.BadFile as wrong:
            form.logo.errors = [str(wrong)]
            return None
    return actions.Content(in_words(form.name.data), form.link.data or "", logo, form.without_logo.data)


@bp.post("/desk/<slug>/partners/<uuid:row_id>/<any(up, down):way>")
def move_partner(slug: str, row_id: uuid.UUID, way: str) -> Response:
    call = desk_call(slug, "set-up")
    actions.move(part(Partner, call, row_id), STEPS[way], by=me(), at=clock.now())
    db.session.commit()
    return redirect(url_for("calls.partners", slug=slug, _anchor=f"p-{row_id}"))


@bp.post("/desk/<slug>/partners/<uuid:row_id>/remove")
def remove_partner(slug: str, row_id: uuid.UUID) -> Response:
    call = desk_call(slug, "set-up")
    actions.remove(part(Partner, call, row_id), by=me(), at=clock.now())
    db.session.commit()
    flash(_("The partner is removed."), "good")
    return redirect(url_for("calls.partners", slug=slug))


@bp.get("/desk/<slug>/partners/<uuid:row_id>/logo.png")
def desk_logo(slug: str, row_id: uuid.UUID) -> FlaskResponse:
    """A logo as coordinators see it before the launch."""
    row = part(Partner, desk_call(slug, "set-up"), row_id)
    return _picture(row.logo_sha256 or abort(404))


@public
def logo(sha256: str) -> FlaskResponse:
    """The logo of a partner of a launched call; its address is its content, so it may be kept for good."""
    if not queries.logo_is_public(sha256):
        abort(404)
    response = _picture(sha256)
    response.headers["Cache-Control"] = f"public, max-age={YEAR}, immutable"
    return response


def _picture(sha256: str) -> FlaskResponse:
    """A picture that we drew ourselves (`uploads.logo`), so that it may be shown in a page."""
    with store().open(sha256) as kept:
        response = FlaskResponse(kept.read(), mimetype="image/png")
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
