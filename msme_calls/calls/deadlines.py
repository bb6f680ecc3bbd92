"""Deadlines as instants: what people type in a zone, what is in time, and what a change of clocks makes of it."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

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
    """The same local day and time, some years later (29 February becomes the 28th)."""
    if value is None:
        return None
    local = value.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    try:
        moved = local.replace(year=local.year + years)
    except ValueError:
        moved = local.replace(year=local.year + years, day=28)
    try:
        return instant(moved, zone)
    except NoSuchTime:
        return instant(moved + timedelta(hours=1), zone)


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
