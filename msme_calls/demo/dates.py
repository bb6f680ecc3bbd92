"""The dates of the demonstration, moved so that each call is where it should be on the day it is loaded."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from msme_calls.calls import deadlines

WEEK, DAY = timedelta(weeks=1), timedelta(days=1)


@dataclass(frozen=True)
class Dates:
    """The instants of a call. `years`: by how many its year moved; `weeks`: by how many its result did."""

    announced: datetime
    opens: datetime
    closes: datetime
    review_due: datetime | None
    review_cutoff: datetime | None
    result: datetime | None
    years: int = 0
    weeks: int = 0

    def retold(self, words: Mapping[str, str]) -> dict[str, str]:
        """A text by language, its years moved with the call's: “Champions 2027” loaded a year later is that of 2028."""
        return {lang: self.in_years(text) for lang, text in words.items()}

    def in_years(self, text: str) -> str:
        return re.sub(r"\b20\d\d\b", lambda found: str(int(found[0]) + self.years), text)

    def day(self, text: str) -> str:
        """A day of a proposal's plan, which follows the result."""
        return (date.fromisoformat(text) + self.weeks * WEEK).isoformat()

    def moved(self, text: str, zone: str) -> datetime:
        """Another instant of the file, moved as the result is."""
        return _later(datetime.fromisoformat(text), self.weeks, zone)


def of(data: Mapping[str, Any], now: datetime) -> Dates:
    """The dates of a call's file. Those of an example move by whole weeks since its file was written; others stand.

    A result that was written for MSME Day moves to the next one after its reviews, and never into the past.
    """
    zone = data["zone"]
    written = {n: datetime.fromisoformat(data[n]) if data.get(n) else None
               for n in ("announced", "opens", "closes", "review_due", "result")}  # fmt: skip
    passed = 0
    if data["example"]:
        passed = (now.astimezone(ZoneInfo(zone)).date() - date.fromisoformat(data["written"])).days // 7
    moved = {n: at and _later(at, passed, zone) for n, at in written.items()}
    assert moved["opens"] and moved["closes"] and written["opens"]
    cutoff = moved["review_due"] and moved["review_due"] + WEEK
    before = written["result"]
    if data["example"] and cutoff and before and (before.month, before.day) == deadlines.MSME_DAY:
        moved["result"] = deadlines.next_msme_day(max(now, cutoff), zone)
    named = "result" if before and before.year == data["year"] else "opens"  # which of its dates gave it its year
    then, here = written[named], moved[named]
    assert then and here
    weeks = round((moved["result"] - before) / WEEK) if before and moved["result"] else 0
    return Dates(
        moved["announced"] or moved["opens"], moved["opens"], moved["closes"], moved["review_due"], cutoff,
        moved["result"], here.year - then.year, weeks,
    )  # fmt: skip


def _later(at: datetime, weeks: int, zone: str) -> datetime:
    """The same day of the week and local time, so many weeks later."""
    local = at.astimezone(ZoneInfo(zone)).replace(tzinfo=None) + weeks * WEEK
    return deadlines.instant(local, zone).astimezone(UTC)
