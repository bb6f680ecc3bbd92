"""Recording what is publicly known of editions that were held before this site."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from msme_calls import history
from msme_calls.accounts.models import Person
from msme_calls.calls.models import Call
from msme_calls.calls.phases import Phase
from msme_calls.errors import allow
from msme_calls.extensions import db
from msme_calls.publication import rules
from msme_calls.publication.models import PastEdition

FIELDS = ("number", "title", "theme", "partners", "launched", "deadline", "announced", "winners", "note", "sources")


def record_past_edition(
    kind: str, year: int, values: dict[str, Any], *, call: Call | None = None, by: Person | None, at: datetime
) -> PastEdition:
    """Record or correct one past edition; what is unknown is named in `values["unknown"]`.

    `values`: FIELDS and "unknown", as `PastEdition` has them. Raises Refused if no source is given.
    """
    allow(
        rules.no_record(
            year, values.get("winners", []), values.get("sources", []), at, running=_running(kind, year, at)
        )
    )
    edition = db.session.scalar(sa.select(PastEdition).filter_by(kind=kind, year=year))
    verb = "correct-past-edition" if edition else "record-past-edition"
    if edition is None:
        edition = PastEdition(kind=kind, year=year)
        db.session.add(edition)
    for name in (*FIELDS, "unknown"):
        if name in values:
            setattr(edition, name, values[name])
    edition.call_id = call.id if call else edition.call_id
    edition.recorded_at, edition.recorded_by_id = at, by.id if by else None
    history.record(verb, by=by, at=at, kind=kind, year=year)
    return edition


def _running(kind: str, year: int, at: datetime) -> bool:
    """Whether a call of that kind and year has a result still to come: no page tells of it before its instant."""
    calls = db.session.scalars(sa.select(Call).where(Call.kind == kind, Call.launched_at.is_not(None)))
    return any(
        year in {i.year for i in (call.opens_at, call.result_at) if i} and call.phase(at) < Phase.PUBLISHED
        for call in calls
    )


def day(text: str) -> date | None:
    """A date written as 2023-05-05, or None for nothing."""
    return date.fromisoformat(text) if text else None
