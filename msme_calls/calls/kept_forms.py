"""Forms kept in the process: they change seldom, and every step of every applicant reads one.

A form is kept by the number of what everybody may see, which each commit to a section or question raises.
"""

import uuid

import sqlalchemy as sa
from flask import current_app
from sqlalchemy.orm import Session

from msme_calls import freshness
from msme_calls.calls.models import Call, Form, Section
from msme_calls.extensions import db

MOST = 64  # forms in each process
_OF_CALL = sa.select(Section).where(Section.call_id == sa.bindparam("call")).order_by(Section.position)


def give(call: Call, number: int) -> None:
    """Give a call that was just loaded its form. `number`: of what is public, read before or with the call."""
    kept: dict[uuid.UUID, tuple[int, Form]] = current_app.extensions.setdefault("kept_forms", {})
    there = kept.get(call.id)
    if there is None or there[0] != number:
        there = number, _read(call)
        if not freshness.changed():  # by this very transaction, which may be undone
            while len(kept) >= MOST:
                kept.pop(next(iter(kept)), None)
            kept[call.id] = there
    vars(call)["kept_form"] = there[1]


def _read(call: Call) -> Form:
    """The form in rows that belong to no session, so that all threads may read them."""
    db.session.flush()
    with Session(db.session.connection()) as apart:
        form = Form(apart.scalars(_OF_CALL, {"call": call.id}))
        for condition in (c for q in form.questions for c in q.conditions):
            _ = condition.depends_on  # one of these questions, which is found without asking for it
        apart.expunge_all()
    return form
