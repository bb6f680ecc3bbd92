"""The mail that says what is still to be handed in."""

import uuid

from msme_calls import clock, outbox, web
from msme_calls.extensions import db
from msme_calls.outbox import Email, Values
from msme_calls.proposals.models import Proposal
from msme_calls.tasks import queries


@outbox.mail("tasks_due")
def tasks_due(row: Email) -> Values | None:
    """What is asked of her proposal and not handed in yet; nothing if all of it is."""
    proposal = db.session.get(Proposal, uuid.UUID(row.values["proposal"]))
    if proposal is None:
        return None
    open_ = [asked for asked in queries.asked_of(proposal, clock.now()) if asked.done is None]
    if not open_:
        return None
    url = web.absolute("tasks.own", proposal_id=proposal.id)
    return {"proposal": proposal, "call": proposal.call, "asked": open_, "url": url, "first": row.values["first"]}
