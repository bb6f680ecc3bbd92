"""The mails that reviewers get: how many proposals and until when, never which."""

import uuid
from datetime import datetime

from msme_calls import clock, outbox
from msme_calls.accounts.models import Person
from msme_calls.calls.models import Call
from msme_calls.extensions import db
from msme_calls.outbox import Email, Values
from msme_calls.reviews import queries, rules
from msme_calls.reviews.queries import Waiting
from msme_calls.web import absolute


def _open(row: Email) -> tuple[Call, list[Waiting]] | None:
    """The call of a mail and what its reader has to review there; None once nothing is left."""
    person = db.session.get(Person, row.person_id) if row.person_id else None
    call = db.session.get(Call, row.call_id) if row.call_id else None
    if person is None or call is None:
        return None
    lines = queries.to_do(person, call, clock.now())
    return (call, lines) if lines else None


def _values(call: Call, lines: list[Waiting], due: datetime | None) -> Values:
    return {"call": call, "count": len(lines), "due": due, "url": absolute("reviews.queue")}


@outbox.mail("review_assigned")
def assigned(row: Email) -> Values | None:
    """What was assigned together, less what was taken back or done before the mail went out."""
    found = _open(row)
    ids = {uuid.UUID(i) for i in row.values["assignments"]}
    lines = [w for w in found[1] if w.assignment.id in ids] if found else []
    return _values(found[0], lines, lines[0].window.due) if found and lines else None


@outbox.mail("review_due")
def due(row: Email) -> Values | None:
    """The reviews that are still to be written until one due date."""
    found, until = _open(row), outbox.moment(row.values["until"])
    lines = [w for w in found[1] if w.window.due == until] if found else []
    if not found or not lines:
        return None
    return {**_values(found[0], lines, until), "late": rules.late(lines[0].window, lines[0].at)}


@outbox.mail("review_extended")
def extended(row: Email) -> Values | None:
    """One review has more time."""
    found = _open(row)
    lines = [w for w in found[1] if str(w.assignment.id) == row.values["assignment"]] if found else []
    return _values(found[0], lines, lines[0].window.due) if found and lines else None
