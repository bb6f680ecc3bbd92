"""The mails that applicants get about their own proposals."""

import uuid

from msme_calls import clock, outbox
from msme_calls.calls.phases import Phase
from msme_calls.extensions import db
from msme_calls.outbox import Email, Values
from msme_calls.proposals.models import Attachment, Proposal, Status


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
    name = f"receipt-{values['proposal'].reference}-{version.number}.json"
    return {**values, "version": version, "attached": (name, version.receipt) if version.receipt else None}


outbox.mail("withdrawn")(_about)
outbox.mail("restored")(_about)


def _about_draft(row: Email) -> Values | None:
    """For drafts only, while they can be submitted until the deadline that the mail was written for."""
    values, at = _about(row), clock.now()
    if (
        values is None
        or values["proposal"].status is not Status.DRAFT
        or values["proposal"].phase(at) is not Phase.OPEN
    ):
        return None
    deadline = outbox.moment(row.values["deadline"])
    return {**values, "deadline": deadline, "at": at} if values["call"].deadline_at == deadline else None


outbox.mail("draft_due")(_about_draft)
outbox.mail("deadline_moved")(_about_draft)


@outbox.mail("file_refused")
def file_refused(row: Email) -> Values | None:
    """What was found, and what its sender can still do: replace it, submit anew, or write to the coordinators."""
    file = db.session.get(Attachment, uuid.UUID(row.values["file"]))
    if file is None:
        return None
    proposal, call = file.proposal, file.proposal.call
    counting = next((v for v in proposal.versions if v.number == proposal.submitted_version), None)
    held = counting is not None and any(f["id"] == str(file.id) for f in counting.files)
    open_ = proposal.phase(clock.now()) is Phase.OPEN
    section = next((s.key for s in call.sections if any(q.key == file.question for q in s.questions)), None)
    return {"file": file, "proposal": proposal, "call": call, "held": held, "open": open_, "section": section}
