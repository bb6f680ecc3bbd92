"""Signing what was submitted: the receipt is part of the version, made in the same transaction."""

from flask import current_app

from msme_calls import keys
from msme_calls.proposals import receipts
from msme_calls.proposals.models import Proposal, ProposalVersion


def issue(proposal: Proposal, version: ProposalVersion) -> None:
    """Put the signed receipt into a new version. In a rehearsal there is none.

    Nor where signing fails: the version is received all the same, and its page says that it isn't signed.
    """
    call = proposal.call
    held = keys.signer(keys.Use.RECEIPTS, version.submitted_at)
    if held is None:
        return
    said = receipts.composed(
        site=current_app.settings.address,  # type: ignore[attr-defined]
        call={"slug": call.slug, "title": call.title, "zone": call.zone},
        reference=proposal.reference,
        number=version.number,
        at=version.submitted_at,
        digest=version.digest,
        files=version.files,
        kid=held.kid,
    )
    version.receipt = receipts.signed(said, held.sign)
