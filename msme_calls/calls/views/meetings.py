"""Convenors keep the calendar of meetings, and open the rounds of contributions to them."""

import uuid

from flask import abort, current_app, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from msme_calls import clock
from msme_calls.accounts.desk_factor import demand_factor
from msme_calls.accounts.sessions import me
from msme_calls.calls import meetings, queries, rules
from msme_calls.calls.actions import meetings as actions
from msme_calls.calls.forms.fields import opened, sent
from msme_calls.calls.forms.meetings import MeetingForm
from msme_calls.calls.kinds import KINDS, CallKind
from msme_calls.calls.meetings import Meeting
from msme_calls.calls.views.blueprint import Page, bp
from msme_calls.extensions import db, lock


def _convenor() -> None:
    if not me().is_convenor:
        abort(404)
    demand_factor()


def _of_calendar(meeting_id: uuid.UUID) -> Meeting:
    _convenor()
    return meetings.find(meeting_id) or abort(404)


def following() -> list[CallKind]:
    """The kinds of call that have a round for each meeting."""
    return [kind for kind in KINDS.values() if kind.closes_days]


@bp.get("/meetings/calendar")
def calendar() -> str:
    """All meetings, each with what a convenor can do with it."""
    _convenor()
    at, found = clock.now(), meetings.calendar()
    rounds = {
        (m.id, kind.key): rules.no_round(
            any(r.kind == kind.key for r in m.rounds), m.cancelled_at is not None, actions.closing(m, kind), at
        )
        for m in found for kind in following()
    }  # fmt: skip
    coming = [m for m in found if m.starts_at > at]
    past = [m for m in reversed(found) if m.starts_at <= at]
    return render_template(
        "calls/calendar.html", coming=coming, past=past, kinds=following(), rounds=rounds,
        mine={call.id for call in queries.coordinated(me())},
    )  # fmt: skip


@bp.route("/meetings/calendar/new", methods=["GET", "POST"])
def new_meeting() -> Page:
    _convenor()
    return _edit(None)


@bp.route("/meetings/calendar/<uuid:meeting_id>", methods=["GET", "POST"])
def meeting(meeting_id: uuid.UUID) -> Page:
    return _edit(_of_calendar(meeting_id))


def _edit(row: Meeting | None) -> Page:
    at, form = clock.now(), opened(MeetingForm, MeetingForm.of(row))
    reason = rules.no_meeting_change(row is not None and row.cancelled_at is not None)
    if sent(form):
        if row is None:
            actions.add(form.content, by=me(), at=at)
        else:
            lock(row)
            actions.edit(row, form.content, by=me(), at=at)
        db.session.commit()
        flash(_("The meeting is saved. Everybody sees it in the calendar."), "good")
        return redirect(url_for("calls.calendar"))
    page = render_template("calls/meeting.html", form=form, meeting=row, reason=reason)
    return page, 409 if form.theirs else 422 if form.errors else 200


@bp.post("/meetings/calendar/<uuid:meeting_id>/cancel")
def cancel_meeting(meeting_id: uuid.UUID) -> Response:
    row = _of_calendar(meeting_id)
    lock(row)
    actions.cancel(row, by=me(), at=clock.now())
    db.session.commit()
    flash(_("The meeting is cancelled. It stays in the calendar, marked so."), "warn")
    return redirect(url_for("calls.calendar"))


@bp.post("/meetings/calendar/<uuid:meeting_id>/rounds/<kind>")
def open_round(meeting_id: uuid.UUID, kind: str) -> Response:
    row = _of_calendar(meeting_id)
    chosen = next((k for k in following() if k.key == kind), None) or abort(404)
    contact = current_app.settings.contact  # type: ignore[attr-defined]
    call = actions.open_round(row, chosen, contact, by=me(), at=clock.now())
    db.session.commit()
    flash(_("The round is made, as a draft. Look at it, then launch it."), "good")
    return redirect(url_for("calls.overview", slug=call.slug))
