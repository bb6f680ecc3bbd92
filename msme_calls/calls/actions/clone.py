"""A new call from an earlier one: its words and rules, none of what was done in it."""

import copy
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from msme_calls import history
from msme_calls.accounts.models import Person
from msme_calls.calls import deadlines
from msme_calls.calls.models import TEXTS, Call, Condition, Criterion, Membership, Partner, Question, Role, Section
from msme_calls.extensions import Base, db

_COPIED = (
    "kind", "languages", "zone", "theme", *TEXTS, "contact", "organisation_types", "outcomes", "winners", "runners_up",
    "reviews_per_proposal", "blindness", "economy_rule", "tie_breaks", "unpublished", "grace_minutes",
)  # fmt: skip
DATES = ("opens_at", "deadline_at", "review_due_at", "review_cutoff_at", "result_at")


def clone(
    source: Call, slug: str, title: dict[str, str], prefix: str, years: int,
    dates: Mapping[str, datetime | None] | None = None, *, by: Person, at: datetime,
) -> Call:  # fmt: skip
    """A draft with a call's texts, criteria, form and partners; its coordinators only.

    Its dates are some years later, but for those in `dates` (`opens_at` …), which somebody looked at and chose.
    """
    call = copied(source, slug=slug, title=title, prefix=prefix, created_at=at)
    for name in DATES:
        moved = deadlines.shifted(getattr(source, name), years, source.zone)
        setattr(call, name, (dates or {}).get(name, moved))
    db.session.add(call)
    coordinators = {m.person for m in source.memberships if m.role is Role.COORDINATOR} | {by}
    call.memberships = [Membership(person=p, role=Role.COORDINATOR, since=at) for p in coordinators]
    history.record("clone-call", by=by, at=at, call=call, source=source.slug, slug=slug)
    return call


def copied(source: Call, **values: Any) -> Call:
    """All that is set up in a call, in new rows that are in no session yet; `values`: its name, dates and the like."""
    call = Call(**_values(source, _COPIED), **values)
    call.criteria = [_like(c, Criterion) for c in source.criteria]
    call.partners = [_like(p, Partner) for p in source.partners]
    for section in source.sections:
        made = _like(section, Section)
        made.questions = [_like(q, Question) for q in section.questions]
        call.sections.append(made)
    _copy_conditions(source, call)
    return call


def _copy_conditions(source: Call, call: Call) -> None:
    """What a question depends on is the copy of what it depended on."""
    copies = dict(zip((q.id for q in source.questions), call.questions, strict=True))
    for question in source.questions:
        copies[question.id].conditions = [
            Condition(depends_on=copies[c.depends_on_id], **_values(c, ("position", "operator", "value")))
            for c in question.conditions
        ]


def _values(row: Base, names: Any) -> dict[str, Any]:
    return {name: copy.deepcopy(getattr(row, name)) for name in names}


def _like(row: Any, model: type[Any]) -> Any:
    """A new row with the other one's columns, but for its keys."""
    columns = [c for c in sa.inspect(model).columns if not c.primary_key and c.name not in ("call_id", "section_id")]
    return model(**_values(row, [c.key for c in columns]))
