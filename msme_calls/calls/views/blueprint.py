"""The blueprint of calls, and what its pages share."""

import uuid
from typing import Any, TypeVar

from flask import Blueprint, abort, render_template
from werkzeug.wrappers import Response

from msme_calls import clock
from msme_calls.calls import queries
from msme_calls.calls.desk import at_desk
from msme_calls.calls.forms.fields import EditForm
from msme_calls.calls.models import Call
from msme_calls.extensions import Base
from msme_calls.i18n import PREFIX

bp = Blueprint("calls", __name__, url_prefix=PREFIX)
Page = str | Response | tuple[str, int]
Row = TypeVar("Row", bound=Base)
STEPS = {"up": -1, "down": 1}


def desk_call(slug: str, act: str) -> Call:
    """The call of a desk page."""
    call, _roles = at_desk(slug, act)
    return call


def part(model: type[Row], call: Call, row_id: uuid.UUID) -> Row:
    """A criterion, section or partner of the call."""
    row = queries.part(model, call, row_id)
    return row if isinstance(row, model) else abort(404)


def drawn(template: str, call: Call, form: EditForm, **more: Any) -> tuple[str, int]:
    """A page with a form: as saved, with what is to be corrected, or beside what somebody else saved meanwhile."""
    page = render_template(f"calls/{template}.html", call=call, form=form, at=clock.now(), **more)
    return page, 409 if form.theirs else 422 if form.errors else 200
