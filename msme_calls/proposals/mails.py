"""The mails that applicants get about their own proposals."""

import uuid

from msme_calls import outbox
from msme_calls.extensions import db
from msme_calls.outbox import Email, Values
from msme_calls.proposals.models import Proposal


def _about(row: Email) -> Values | None:
    proposal = db.session.get(Proposal, uuid.UUID(row.values["proposal"]))
    return None if proposal is None else {"proposal": proposal, "call": proposal.call}


@outbox.mail("received")
def received(row: Email) -> Values | None:
    """The receipt of the version that this mail is about, whatever came after it."""
    values = _about(row)
    if values is None:
        return None
    version = next(v for v in values["proposal"].versions if v.number == row.values["version"])
    return {**values, "version": version}


outbox.mail("withdrawn")(_about)
outbox.mail("restored")(_about)
