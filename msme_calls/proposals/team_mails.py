"""The mails about who applies together."""

import uuid
from datetime import timedelta
from typing import Any

from msme_calls import clock, outbox, web
from msme_calls.accounts import links
from msme_calls.accounts.models import Person
from msme_calls.extensions import db
from msme_calls.outbox import Email, Values
from msme_calls.proposals import queries, team_rules
from msme_calls.proposals.models import Proposal, TeamInvitation
from msme_calls.proposals.team import PURPOSE

LASTS = timedelta(days=30)


@outbox.mail("team_invited")
def team_invited(row: Email) -> Values | None:
    """Somebody is asked to join; nothing if that was answered, taken back or has become impossible meanwhile."""
    at, invitation = clock.now(), queries.team_invitation(uuid.UUID(row.values["invitation"]))
    if invitation is None or invitation.state or team_rules.no_growing(invitation.proposal.phase(at)):
        return None
    token = links.issue(PURPOSE, row.address, at=at, lasts=LASTS, subject=invitation.id)
    url = web.absolute("proposals.team_invitation", token=token)
    more = {"until": at + LASTS, "role": team_rules.ROLES[invitation.role], "url": url}
    return {"invitation": invitation, "call": invitation.proposal.call, "proposal": invitation.proposal, **more}


def _about(row: Email) -> dict[str, Any] | None:
    """The proposal, and the other person whom the mail is about, if there is one."""
    proposal = db.session.get(Proposal, uuid.UUID(row.values["proposal"]))
    if proposal is None:
        return None
    person, asked = row.values.get("person"), row.values.get("invitation")
    other = db.session.get(Person, uuid.UUID(person)) if person else None
    invitation = db.session.get(TeamInvitation, uuid.UUID(asked)) if asked else None
    name = other.name if other else (invitation and (invitation.name or invitation.address)) or ""
    if other is not None and other.erased_at is not None:
        name = ""  # of whoever has ended her account none is kept
    return {"proposal": proposal, "call": proposal.call, "name": name}


@outbox.mail("team_news")
def team_news(row: Email) -> Values | None:
    """Somebody joined, declined, left, or didn't want to take the proposal over: to its owner."""
    values, what = _about(row), row.values["what"]
    return {**values, "what": what} if values is not None and (values["name"] or what == "left") else None


@outbox.mail("team_changed")
def team_changed(row: Email) -> Values | None:
    """Somebody may do more or less, or is off the team: to her, as it is by now."""
    values, person = _about(row), db.session.get(Person, row.person_id)
    if values is None or person is None:
        return None
    role = values["proposal"].role_of(person)
    return {**values, "role": team_rules.ROLES[role] if role else None}


@outbox.mail("proposal_offered")
def proposal_offered(row: Email) -> Values | None:
    """The owner asks somebody to take the proposal over; nothing once that is answered or taken back."""
    values = _about(row)
    return values if values is not None and values["proposal"].offered_to_id == row.person_id else None


@outbox.mail("proposal_handed_over")
def proposal_handed_over(row: Email) -> Values | None:
    """The proposal has a new owner: to both."""
    values = _about(row)
    return None if values is None else {**values, "hers": values["proposal"].owner_id == row.person_id}
