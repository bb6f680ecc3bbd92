"""More time for one proposal, when its applicant could not help being late: given for a reason, until an instant."""

import uuid
from datetime import datetime

from msme_calls import history, i18n, outbox
from msme_calls.accounts.models import Person
from msme_calls.calls.models import Call
from msme_calls.calls.queries import reread
from msme_calls.errors import allow
from msme_calls.extensions import db, lock
from msme_calls.i18n import _l
from msme_calls.outbox import Email, Values
from msme_calls.proposals import queries, rules, team
from msme_calls.proposals.models import Proposal, TeamRole


def give(proposal: Proposal, until: datetime, reason: str, *, by: Person, at: datetime) -> None:
    """Keep one proposal open until an instant, or until another one than was given before; its team is told."""
    lock(proposal)
    reread(proposal.call)
    call = proposal.call
    allow(rules.no_more_time(call.phase(at), call.life.closes_at, until, at))
    proposal.extended_to, proposal.extension_reason = until, i18n.normal(reason)
    history.record(
        "give-more-time", by=by, at=at, call=call, proposal=proposal, until=until, reason=proposal.extension_reason
    )
    _tell(proposal, until, at)


def used(proposal: Proposal) -> bool:
    """Whether it was submitted when others could no longer submit."""
    closed = proposal.call.life.closes_at
    return bool(closed and proposal.submitted_at and proposal.submitted_at >= closed)


def no_ending(proposal: Proposal, at: datetime) -> str | None:
    """Against taking the time back."""
    running = proposal.extended_to is not None and at < proposal.extended_to
    return rules.no_ending(running, used(proposal))


def end(proposal: Proposal, *, by: Person, at: datetime) -> None:
    """Take the time back before it is used; the team is told."""
    lock(proposal)
    reread(proposal.call)
    allow(no_ending(proposal, at))
    proposal.extended_to, proposal.extension_reason = None, ""
    history.record("end-more-time", by=by, at=at, call=proposal.call, proposal=proposal)
    _tell(proposal, None, at)


def _tell(proposal: Proposal, until: datetime | None, at: datetime) -> None:
    whole = team.concerned(proposal, TeamRole.VIEW)
    team.tell("more_time", proposal, at=at, to=whole, until=until.isoformat() if until else "")


def no_review_yet(call: Call, at: datetime) -> str | None:
    """Against starting the review: what was promised to one proposal is kept, and then all are judged together."""
    until = queries.longest_extension(call)
    if until is None or until <= at:
        return None
    return _l(
        "A proposal has more time, until %(moment)s. Start the review after that, or take the additional time back.",
        moment=i18n.written(until, call.zone),
    )


@outbox.mail("more_time")
def more_time(row: Email) -> Values | None:
    """More time, until when and why; or none any more. Nothing if that has changed since."""
    proposal = db.session.get(Proposal, uuid.UUID(row.values["proposal"]))
    until = outbox.moment(row.values["until"]) if row.values["until"] else None
    if proposal is None or proposal.extended_to != until:
        return None
    return {"proposal": proposal, "call": proposal.call, "until": until, "reason": proposal.extension_reason}
