"""The mails about calls: invitations to a role, and a result that is late."""

import uuid
from datetime import timedelta

from msme_calls import clock, outbox, web
from msme_calls.accounts import links
from msme_calls.calls import phrases, queries
from msme_calls.calls.models import Call
from msme_calls.extensions import db
from msme_calls.outbox import Email, Values

INVITATION_LASTS = timedelta(days=30)


def _call(row: Email) -> Call | None:
    call = db.session.get(Call, row.call_id)
    return None if call is None or call.cancelled_at else call


@outbox.mail("invited")
def invited(row: Email) -> Values | None:
    """Somebody is invited to a role; nothing if that was answered or taken back before the mail could go."""
    at, invitation = clock.now(), queries.open_invitation(uuid.UUID(row.values["invitation"]))
    if invitation is None:
        return None
    token = links.issue("invitation", row.address, at=at, lasts=INVITATION_LASTS, subject=invitation.id)
    return {
        "invitation": invitation,
        "call": invitation.call,
        "role": phrases.ROLES[invitation.role],
        "url": web.absolute("calls.invitation", token=token),
        "until": at + INVITATION_LASTS,
    }


@outbox.mail("result_overdue")
def result_overdue(row: Email) -> Values | None:
    """The announced instant of the result passed without a seal."""
    call = _call(row)
    if call is None or call.sealed_at or call.archived_at or call.result_at != outbox.moment(row.values["result"]):
        return None
    return {"call": call, "url": web.absolute("calls.overview", slug=call.slug)}
