"""Deadlines as instants: what people type in a zone, what is in time, and what a change of clocks makes of it."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

from msme_calls.i18n import _l

MSME_DAY = (6, 27)  # UN General Assembly resolution 71/279 (2017): 27 June


class NoSuchTime(ValueError):
    """A local time that the clocks skip, or that comes twice, on that day."""

    def __init__(self, twice: bool) -> None:
        super().__init__("twice" if twice else "skipped")
        self.twice = twice


def instant(local: datetime, zone: str) -> datetime:
    """The instant (UTC) of a local time without zone. Raises NoSuchTime where the clocks change over it."""
    if local.tzinfo is not None:
        raise ValueError("a local time has no zone of its own")
    first, second = (local.replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC) for fold in (0, 1))
    if first == second:
        return first
    # Two readings: either the clocks go back over it (it comes twice) or forward (it never comes).
    raise NoSuchTime(twice=first.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == local)


def last_instant(deadline: datetime | None, grace_minutes: int) -> datetime | None:
    """The first instant that is too late: the deadline itself, or the end of the published grace after it."""
    if deadline is None:
        return None
    return deadline + timedelta(minutes=grace_minutes)


def in_time(at: datetime, deadline: datetime, grace_minutes: int = 0) -> bool:
    """Whether a request received at an instant is in time: before the deadline (and its published grace) is over."""
    end = last_instant(deadline, grace_minutes)
    return end is not None and at < end


def next_msme_day(after: datetime, zone: str, hour: int = 10) -> datetime:
    """The next 27 June, at an hour of the zone: the default instant of a result."""
    local = after.astimezone(ZoneInfo(zone))
    for year in (local.year, local.year + 1):
        day = datetime.combine(datetime(year, *MSME_DAY).date(), time(hour))  # noqa: DTZ001  local by intent
        found = instant(day, zone)
        if found > after:
            return found
    raise AssertionError("unreachable: next year's day is later")


def shifted(value: datetime | None, years: int, zone: str) -> datetime | None:
    """The same local day and time, some years later; what `no_same_time` says of it, it has got round."""
    return None if value is None else _moved(value, years, zone)[0]


def no_same_time(value: datetime, years: int, zone: str) -> str | None:
    """Why some years later there is no such local time, or two, and what became of it."""
    return _moved(value, years, zone)[1]


def _moved(value: datetime, years: int, zone: str) -> tuple[datetime, str | None]:
    local = value.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    note: str | None = None
    try:
        moved = local.replace(year=local.year + years)
    except ValueError:
        moved = local.replace(year=local.year + years, day=28)
        note = _l("That year has no 29 February: the 28th stands here.")
    try:
        return instant(moved, zone), note
    except NoSuchTime as wrong:
        if wrong.twice:
            note = _l("The clocks go back on that day, and the time comes twice: one hour later stands here.")
        else:
            note = _l("The clocks go forward on that day, and the time doesn’t exist: one hour later stands here.")
        return instant(moved + timedelta(hours=1), zone), note


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (Meeus, Astronomical Algorithms, 1991, chapter 8)."""
    a, (b, c) = year % 19, divmod(year, 100)
    (d, e), g = divmod(b, 4), (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    left = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * left) // 451
    month, day = divmod(h + left - 7 * m + 114, 31)
    return date(year, month, day + 1)


def remark(value: datetime, zone: str) -> str | None:
    """What is unfortunate about a day for a deadline, if anything; nobody is kept from it."""
    day = value.astimezone(ZoneInfo(zone)).date()
    feasts = {
        -2: _l("It falls on Good Friday."), 0: _l("It falls on Easter Sunday."), 1: _l("It falls on Easter Monday."),
    }  # fmt: skip
    if said := feasts.get((day - easter(day.year)).days):
        return said
    if (day.month, day.day) in ((12, 24), (12, 25), (12, 26), (12, 31), (1, 1)):
        return _l("It falls on a holiday at the turn of the year.")
    if (day.month, day.day) == MSME_DAY:
        return None  # a day of its own, whichever day of the week it is
    return {5: _l("It falls on a Saturday."), 6: _l("It falls on a Sunday.")}.get(day.weekday())


def usual(result: datetime, zone: str) -> dict[str, datetime]:
    """The instants that a call with this result usually has: eight weeks to apply, six to review, three to decide."""
    day = result.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    weeks = {"opens": (18, time(10)), "deadline": (10, time(23, 59)), "review_due": (4, time(18)),
             "review_cutoff": (3, time(18))}  # fmt: skip
    return {n: instant(datetime.combine((day - timedelta(weeks=w)).date(), at), zone) for n, (w, at) in weeks.items()}


def zones() -> list[str]:
    """Names of all zones, by area and city."""
    return sorted(
        z for z in available_timezones() if "/" in z and not z.startswith(("Etc/", "SystemV/", "posix", "right"))
    )
