"""The calendar of meetings, and the rounds that gather contributions to them."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from msme_calls import history, i18n
from msme_calls.accounts.models import Person
from msme_calls.calls import deadlines, meetings, queries, rules
from msme_calls.calls.actions import clone, life
from msme_calls.calls.kinds import CallKind
from msme_calls.calls.meetings import Meeting, Round
from msme_calls.calls.models import Call, Membership, Role
from msme_calls.errors import allow
from msme_calls.extensions import LANGUAGES, db, lock

Words = dict[str, str]


@dataclass(frozen=True)
class Content:
    """What is known of a meeting."""

    title: Words
    place: Words
    starts_at: datetime
    ends_at: datetime | None
    zone: str
    link: str


def add(content: Content, *, by: Person, at: datetime) -> Meeting:
    """Put a meeting into the calendar."""
    meeting = Meeting(changed_at=at)
    _put(meeting, content)
    db.session.add(meeting)
    history.record("add-meeting", by=by, at=at, title=content.title, starts=content.starts_at)
    return meeting


def edit(meeting: Meeting, content: Content, *, by: Person, at: datetime) -> None:
    """Change a meeting. The dates of its rounds stay: their deadlines are announced, and moved only as an extension."""
    allow(rules.no_meeting_change(meeting.cancelled_at is not None))
    _put(meeting, content)
    meeting.changed_at = at
    history.record("edit-meeting", by=by, at=at, title=content.title, starts=content.starts_at)


def _put(meeting: Meeting, content: Content) -> None:
    for name, value in vars(content).items():
        setattr(meeting, name, value)


def cancel(meeting: Meeting, *, by: Person, at: datetime) -> None:
    """Say that a meeting does not take place; it stays in the calendar, so that every calendar learns of it."""
    allow(rules.no_meeting_change(meeting.cancelled_at is not None))
    meeting.cancelled_at = meeting.changed_at = at
    history.record("cancel-meeting", by=by, at=at, title=meeting.title, starts=meeting.starts_at)


def open_round(meeting: Meeting, kind: CallKind, contact: str, *, by: Person, at: datetime) -> Call:
    """Make the call that gathers contributions to a meeting: a draft, its dates set, its words from the last round."""
    lock(meeting)
    there = any(r.kind == kind.key for r in meeting.rounds)
    closes = closing(meeting, kind)
    allow(rules.no_round(there, meeting.cancelled_at is not None, closes, at))
    day = meeting.starts_at.astimezone(ZoneInfo(meeting.zone)).date()
    slug, title, prefix = _free_slug(f"contributions-{day}"), _title(meeting, kind), f"{kind.prefix}{day:%y%m}"
    former = meetings.former(kind.key, meeting.starts_at)
    if former is not None and any(m.person_id == by.id and m.role is Role.COORDINATOR for m in former.memberships):
        call = clone.copied(former, slug=slug, title=title, prefix=prefix, created_at=at)
        call.memberships = [
            Membership(person=m.person, role=Role.COORDINATOR, since=at)
            for m in former.memberships if m.role is Role.COORDINATOR
        ]  # fmt: skip
        db.session.add(call)
        history.record("clone-call", by=by, at=at, call=call, source=former.slug, slug=call.slug)
    else:
        call = life.create(kind, slug, title, prefix, by=by, at=at)
        call.contact = contact
    call.zone = meeting.zone
    call.opens_at, call.deadline_at, call.result_at = _next_hour(at), closes, meeting.starts_at
    db.session.flush()
    db.session.add(Round(call_id=call.id, meeting=meeting, kind=kind.key))
    return call


def closing(meeting: Meeting, kind: CallKind) -> datetime:
    """When contributions to a meeting are too late: at 23:59 of a day, by the clocks of its zone."""
    day = meeting.starts_at.astimezone(ZoneInfo(meeting.zone)).date() - timedelta(days=kind.closes_days)
    return deadlines.instant(datetime.combine(day, time(23, 59)), meeting.zone)


def _next_hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)


def _title(meeting: Meeting, kind: CallKind) -> Words:
    """The round's name in each language, after the day of its meeting."""
    found = {}
    for code in LANGUAGES:
        with i18n.use(code):
            day = i18n.written(meeting.starts_at, meeting.zone, "day")
        found[code] = kind.round_title[code].replace("%(day)s", day)
    return found


def _free_slug(base: str) -> str:
    found, n = base, 1
    while queries.slug_taken(found):
        n += 1
        found = f"{base}-{n}"
    return found
