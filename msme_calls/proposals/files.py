"""What becomes of files beside their proposals: infected ones are taken out, removed ones forgotten."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from msme_calls import history, outbox
from msme_calls.calls.phases import Phase
from msme_calls.extensions import db
from msme_calls.proposals.models import Attachment, Proposal, ProposalVersion
from msme_calls.sweeps import hourly, sweep
from msme_calls.uploads import Scan, StoredFile

DAY, MONTH = timedelta(days=1), timedelta(days=30)


def take_out(sha256: str, at: datetime) -> None:
    """A virus was found in a content: take it out of drafts that can still be changed, and tell their owners."""
    there = sa.select(Attachment).where(Attachment.sha256 == sha256).order_by(Attachment.added_at)
    for file in db.session.scalars(there.options(joinedload(Attachment.proposal).joinedload(Proposal.call))):
        proposal = file.proposal
        if file.removed_at is not None and not _held(file):
            continue  # removed before, and in no version: nobody misses it
        if proposal.phase(at) is Phase.OPEN and file.removed_at is None:
            file.removed_at = at
        history.record("refuse-file", by=None, at=at, call=proposal.call, proposal=proposal, sha256=sha256)
        outbox.queue(
            "file_refused", to=proposal.owner, at=at, call=proposal.call, key=f"refused:{file.id}", file=str(file.id)
        )


def _held(file: Attachment) -> bool:
    return any(f["id"] == str(file.id) for version in file.proposal.versions for f in version.files)


@sweep
@hourly
def forget_removed(at: datetime) -> int:
    """Forget files that were taken out of a draft a day ago and that no submitted version holds."""
    version = ProposalVersion
    held = sa.exists().where(
        version.proposal_id == Attachment.proposal_id,
        # not by instants: they are those at which requests came, and of two at once either may be done first
        sa.type_coerce(version.files, sa.Text()).contains(Attachment.sha256),
    )
    infected = sa.select(StoredFile.sha256).where(StoredFile.scan == Scan.INFECTED)
    old = Attachment.removed_at < at - DAY  # those that a virus took out are told of on the page for longer
    old &= (Attachment.removed_at < at - MONTH) | Attachment.sha256.not_in(infected)
    done = db.session.execute(sa.delete(Attachment).where(old, ~held)).rowcount  # type: ignore[attr-defined]
    db.session.commit()
    return done
