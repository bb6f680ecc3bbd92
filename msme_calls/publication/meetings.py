"""The group's calendar for everybody, as a page and as a calendar to subscribe to; and the documents it accepted."""

from datetime import datetime
from typing import Any

from flask import Response, make_response, render_template
from flask_babel import gettext as _

from msme_calls import clock, i18n
from msme_calls.access import public
from msme_calls.calls import meetings as calendar
from msme_calls.calls import queries as calls_queries
from msme_calls.calls.meetings import Meeting
from msme_calls.calls.models import Call
from msme_calls.decisions.queries import published
from msme_calls.publication import pages
from msme_calls.publication.kept import kept
from msme_calls.publication.views import bp
from msme_calls.web import absolute, cache_publicly


def _calls(found: list[Meeting]) -> list[Call]:
    return [r.call for meeting in found for r in meeting.rounds if r.call.launched_at]


def _boundary(found: list[Meeting], at: datetime) -> datetime | None:
    """The next instant at which a page about meetings changes by itself: one begins, or a round opens or closes."""
    begins = [m.starts_at for m in found if m.starts_at > at]
    return min([*begins, *filter(None, [pages.boundary(_calls(found), at)])], default=None)


@bp.get("/meetings")
@public
@kept
def meetings() -> Response:
    at, found = clock.now(), calendar.calendar()
    page = render_template(
        "publication/meetings.html",
        coming=[m for m in found if m.starts_at > at],
        past=[m for m in reversed(found) if m.starts_at <= at],
        at=at,
        subscribe=absolute("publication.meetings_calendar", lang=i18n.language()),
    )
    return cache_publicly(make_response(page), _boundary(found, at))


@bp.get("/meetings.ics")
@public
@kept
def meetings_calendar() -> Response:
    """The same as iCalendar (RFC 5545): meetings, cancelled ones too, and the deadlines of their rounds."""
    found = calendar.calendar()
    response = Response(_icalendar(found), mimetype="text/calendar")
    response.headers["Content-Disposition"] = 'attachment; filename="msme-meetings.ics"'
    return cache_publicly(response, _boundary(found, clock.now()))


def _icalendar(found: list[Meeting]) -> bytes:
    from icalendar import Calendar  # few requests need it: the page is kept

    made = Calendar()
    made.add("prodid", "-//MSME Calls//Meetings//EN")
    made.add("version", "2.0")
    made.add("x-wr-calname", _("Meetings of the Informal Working Group on MSMEs"))
    for meeting in found:
        made.add_component(_meeting(meeting))
    for call in _calls(found):
        if call.deadline_at and not call.cancelled_at:
            made.add_component(_deadline(call))
    return made.to_ical()


def _meeting(meeting: Meeting) -> Any:
    event = _event(f"meeting-{meeting.id}", i18n.said(meeting.title), meeting.starts_at, meeting.changed_at)
    event.add("sequence", meeting.version)
    if meeting.ends_at:
        event.add("dtend", meeting.ends_at)
    if meeting.place:
        event.add("location", i18n.said(meeting.place))
    event.add("url", meeting.link or absolute("publication.meetings"))
    event.add("status", "CANCELLED" if meeting.cancelled_at else "CONFIRMED")
    return event


def _deadline(call: Call) -> Any:
    assert call.deadline_at is not None
    name = _("Deadline: %(call)s", call=i18n.said(call.title))
    event = _event(f"deadline-{call.id}", name, call.deadline_at, call.launched_at or call.created_at)
    event.add("sequence", call.version)
    event.add("url", absolute("publication.call", slug=call.slug))
    event.add("transp", "TRANSPARENT")
    return event


def _event(key: str, name: str, starts: datetime, stamp: datetime) -> Any:
    from icalendar import Event

    event = Event()
    event.add("uid", f"{key}@msme-calls")
    event.add("dtstamp", stamp)
    event.add("dtstart", starts)
    event.add("summary", name)
    return event


@bp.get("/documents")
@public
@kept
def documents() -> Response:
    """What was accepted as a document, from the sealed results alone: the newest meeting first."""
    at = clock.now()
    results = [(call, result) for call, result in published(at) if any(e.symbol for e in result.entries)]
    page = render_template("publication/documents.html", results=results)
    return cache_publicly(make_response(page), pages.boundary(calls_queries.all_public(), at))
