"""What may be recorded of past editions."""

from datetime import datetime
from typing import Any

from msme_calls.i18n import _l

FIRST_YEAR = 2017  # the group was founded in December 2017; its forerunner's call was launched that year


def no_record(
    year: int, winners: list[dict[str, Any]], sources: list[Any], at: datetime, *, running: bool = False
) -> str | None:
    """Against recording an edition: it must be past, and somebody must have published what is told of it.

    `running`: whether a call of that kind and year is under way here; its result is told by its seal alone.
    """
    if running or not FIRST_YEAR <= year <= at.year:
        return _l("Write the year of a past edition, %(first)d or later.", first=FIRST_YEAR)
    if not sources:
        return _l("Name at least one public source.")
    if any(not w.get("name") for w in winners):
        return _l("Give every winner a name.")
    return None
