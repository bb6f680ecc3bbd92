"""What the clock brings to coordinators: the alert when a result is late, and what needs them on the desk."""

from datetime import datetime

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from msme_calls import outbox
from msme_calls.calls import completeness, queries
from msme_calls.calls.desk import Item, attention
from msme_calls.calls.models import Call
from msme_calls.calls.phases import Phase, overdue
from msme_calls.extensions import db
from msme_calls.sweeps import sweep


@sweep
def alert_overdue_results(at: datetime) -> int:
    """Tell coordinators, once for each instant, that a result should be public and isn't sealed."""
    told = 0
    for call in queries.unsealed_past_result(at):
        assert call.result_at is not None
        result = call.result_at.isoformat()
        for person in queries.coordinators(call):
            key = f"result_overdue:{call.id}:{result}:{person.id}"
            if not queries.queued(key):
                outbox.queue("result_overdue", to=person, at=at, key=key, call=call, result=result)
                told += 1
    db.session.commit()
    return told


@attention("life")
def life_needs(call: Call, at: datetime) -> list[Item]:
    """What the life of the call asks of its coordinators now."""
    here = url_for("calls.overview", slug=call.slug)
    if overdue(call.life, at):
        words = _("It is not sealed. The public page says that it is being prepared.")
        return [Item(_("The announced instant of the result has passed"), words, url_for("calls.dates", slug=call.slug),
                     _("Set a new instant"), urgent=True)]  # fmt: skip
    if call.phase(at) is Phase.CLOSED:
        words = _("Reviewers can’t read proposals before you start the review.")
        return [Item(_("The call has closed"), words, f"{here}#next", _("Start the review"))]
    return []


@attention("set-up")
def set_up_needs(call: Call, at: datetime) -> list[Item]:
    """How much is missing before the call can be launched."""
    if call.phase(at) is not Phase.DRAFT or not (n := len(completeness.missing(call))):
        return []
    heading = ngettext("%(num)d thing is missing before launch", "%(num)d things are missing before launch", n)
    words = _("The list below leads to each of them.")
    return [Item(heading, words, f"{url_for('calls.overview', slug=call.slug)}#missing", _("See what is missing"))]
