"""The outcome to each applicant at its instant; to coordinators that a decision waits for them, or is sealed."""

import uuid

from msme_calls import clock, outbox
from msme_calls.calls import queries as calls
from msme_calls.calls.models import Call
from msme_calls.decisions import queries, rules
from msme_calls.decisions.models import Seal
from msme_calls.extensions import db
from msme_calls.outbox import Email, Values
from msme_calls.proposals.models import Proposal


class NotYet(Exception):
    """The instant of the result has not come by this process's clock: the mail waits and is tried again."""


@outbox.mail("outcome")
def outcome(row: Email) -> Values | None:
    """The outcome with the reviewers' comments, read from the seal when it is sent; none for a seal not in force."""
    seal = db.session.get(Seal, uuid.UUID(row.values["seal"]))
    proposal = db.session.get(Proposal, uuid.UUID(row.values["proposal"]))
    if seal is None or seal.unsealed_at or proposal is None:
        return None
    told = queries.told(proposal, clock.now())
    if told is None and clock.now() < seal.result_at:
        raise NotYet
    if told is None:
        return None
    if row.person_id not in {proposal.owner_id, *(member.person_id for member in proposal.members)}:
        return None  # she has left the team since
    call = proposal.call
    sentence = rules.sentence(told.outcome, title=proposal.title, call=call.name)
    return {"proposal": proposal, "call": call, "sentence": sentence, "comments": queries.comments(proposal)}


@outbox.mail("confirm_asked")
def confirm_asked(row: Email) -> Values | None:
    """That a decision waits for confirmation, while exactly that one does, and to those who may confirm it."""
    call = _call(row)
    resolution = queries.resolution_of(call) if call else None
    if call is None or resolution is None or resolution.proposed_at is None or resolution.confirmed_at:
        return None
    if resolution.proposed_at.isoformat() != row.values["proposed"] or not _coordinates(call, row):
        return None
    return {"call": call}


@outbox.mail("sealed")
def sealed(row: Email) -> Values | None:
    """The digest, to keep outside of this server."""
    call, seal = _call(row), db.session.get(Seal, uuid.UUID(row.values["seal"]))
    if call is None or seal is None or seal.unsealed_at or not _coordinates(call, row):
        return None
    return {"call": call, "seal": seal}


def _call(row: Email) -> Call | None:
    return db.session.get(Call, row.call_id) if row.call_id else None


def _coordinates(call: Call, row: Email) -> bool:
    return any(person.id == row.person_id for person in calls.coordinators(call))
