"""The mails about calls: invitations to a role, and a result that is late."""

import uuid
from datetime import timedelta

from msme_calls import clock, outbox, web
from msme_calls.accounts import links
from msme_calls.accounts.models import Person
from msme_calls.calls import phrases, queries
from msme_calls.calls.models import Call, Invitation
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


@outbox.mail("coordinator_added")
def coordinator_added(row: Email) -> Values | None:
    """Somebody became a coordinator of the call: to the others and to administrators, who know whom to ask."""
    call, invitation = _call(row), db.session.get(Invitation, uuid.UUID(row.values["invitation"]))
    if call is None or invitation is None or invitation.accepted_at is None:
        return None
    coordinates = any(person.id == row.person_id for person in queries.coordinators(call))
    url = web.absolute("calls.people", slug=call.slug) if coordinates else web.absolute("accounts.people")
    return {"call": call, "invitation": invitation, "url": url}


@outbox.mail("bulk_reading")
def bulk_reading(row: Email) -> Values | None:
    """Somebody opens proposals faster than anybody reads: to the other coordinators, who can ask or end the role."""
    call, person = _call(row), db.session.get(Person, uuid.UUID(row.values["person"]))
    if call is None or person is None or row.person_id not in {p.id for p in queries.coordinators(call)}:
        return None
    url = web.absolute("calls.people", slug=call.slug)
    return {"call": call, "person": person, "url": url, "when": row.created_at}


@outbox.mail("result_overdue")
def result_overdue(row: Email) -> Values | None:
    """The announced instant of the result passed without a seal."""
    call = _call(row)
    if call is None or call.sealed_at or call.archived_at or call.result_at != outbox.moment(row.values["result"]):
        return None
    return {"call": call, "url": web.absolute("calls.overview", slug=call.slug)}
