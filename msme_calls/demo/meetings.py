"""The meetings of the demonstration, and the round that gathers contributions to one of them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msme_calls.accounts.models import Person
from msme_calls.calls.actions import meetings
from msme_calls.calls.kinds import CallKind
from msme_calls.calls.models import Call
from msme_calls.demo.dates import Dates


def gather(data: Mapping[str, Any], kind: CallKind, dates: Dates, *, by: Person, at: datetime) -> Call:
    """Put the meetings into the calendar, and open the round for the one at which its result is due."""
    zone = data["zone"]
    for each in data["meetings"]:
        starts, ends = (dates.moved(each[name], zone) for name in ("starts", "ends"))
        content = meetings.Content(each["title"], each["place"], starts, ends, zone, each["link"])
        meeting = meetings.add(content, by=by, at=at)
        if starts == dates.result:
            found = meeting
    return meetings.open_round(found, kind, data["contact"], by=by, at=at)
