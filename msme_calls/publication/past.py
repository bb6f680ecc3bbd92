"""The archive that ships with the product: editions 2021 to 2025, from public facts."""

import tomllib
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from msme_calls.accounts.models import Person
from msme_calls.calls.models import Call
from msme_calls.extensions import db
from msme_calls.publication.actions import FIELDS, day, record_past_edition
from msme_calls.publication.models import PastEdition

DATA = Path(__file__).resolve().parent.parent / "data" / "past_editions.toml"


def record_all(*, by: Person | None, at: datetime) -> int:
    """Record every edition of the file that isn't recorded yet; what coordinators corrected stays. Returns how many."""
    known = {(kind, year) for kind, year in db.session.execute(sa.select(PastEdition.kind, PastEdition.year))}
    editions = tomllib.loads(DATA.read_text("utf-8"))["editions"]
    new = [e for e in editions if (e["kind"], e["year"]) not in known]
    for edition in new:
        values = {name: edition[name] for name in (*FIELDS, "unknown") if name in edition}
        values |= {name: day(edition.get(name, "")) for name in ("launched", "deadline", "announced")}
        record_past_edition(edition["kind"], edition["year"], values, by=by, at=at)
    return len(new)


def link_calls() -> None:
    """Join editions to the archived calls of the same kind and year that have no sealed result of their own."""
    for edition in db.session.scalars(sa.select(PastEdition).where(PastEdition.call_id.is_(None))):
        of_kind = sa.select(Call).where(Call.kind == edition.kind, Call.archived_at.is_not(None))
        for call in db.session.scalars(of_kind):
            if call.opens_at and call.opens_at.year == edition.year and call.sealed_at is None:
                edition.call_id = call.id
