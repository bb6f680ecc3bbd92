"""Who has which role in a call: invited by mail, accepted or declined by a button, removed at once."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from msme_calls import history, i18n, outbox
from msme_calls.accounts import actions as accounts
from msme_calls.accounts import queries as accounts_queries
from msme_calls.accounts import rules as account_rules
from msme_calls.accounts.models import Person, normal_address
from msme_calls.calls import queries, rules
from msme_calls.calls.models import Call, Invitation, Membership, Role
from msme_calls.errors import Refused, allow
from msme_calls.extensions import LANGUAGES, db, lock


def invite(call: Call, role: Role, address: str, name: str, language: str, *, by: Person, at: datetime) -> Invitation:
    """Invite somebody to a role by mail. Whoever declined or was taken back can be invited again."""
    address = normal_address(address)
    allow(account_rules.no_address(address) or account_rules.no_name(name))
    allow(rules.no_invitation(queries.has_role(call, address, role), at, call.life))
    invitation = queries.invitation_to(call, address, role)
    if invitation is None:
        invitation = Invitation(call=call, address=address, role=role)
    invitation.name, invitation.language = i18n.normal(name), language if language in LANGUAGES else "en"
    invitation.accepted_at = invitation.declined_at = invitation.revoked_at = None
    invitation.reason, invitation.invited_by_id, invitation.invited_at = "", by.id, at
    invitation.vouched_by_id = queries.stem(call, by.id) if role is Role.COORDINATOR else None
    db.session.add(invitation)
    db.session.flush()
    history.record("invite", by=by, at=at, call=call, role=role.value, invitation=str(invitation.id))
    _mail(invitation, at)
    return invitation


def _mail(invitation: Invitation, at: datetime) -> None:
    """The mail is the invitation's, not a person's: its own id must not pass for one."""
    to = _Invited(invitation.address, invitation.language)
    outbox.queue("invited", to=to, at=at, call=invitation.call, invitation=str(invitation.id))


@dataclass
class _Invited:
    email: str
    language: str
    id: Any = None


def resend(invitation: Invitation, *, by: Person, at: datetime) -> None:
    """Send an invitation that is still open once more, with a new link."""
    allow(rules.no_answer(_state(invitation)))
    invitation.invited_at = at
    history.record("resend-invitation", by=by, at=at, call=invitation.call, invitation=str(invitation.id))
    _mail(invitation, at)


def revoke(invitation: Invitation, *, by: Person, at: datetime) -> None:
    """Take an invitation back: its links open nothing any more."""
    lock(invitation)
    allow(rules.no_answer(_state(invitation)))
    invitation.revoked_at = at
    history.record("revoke-invitation", by=by, at=at, call=invitation.call, invitation=str(invitation.id))


def _state(invitation: Invitation) -> str:
    answers = (("accepted", invitation.accepted_at), ("declined", invitation.declined_at))
    return next((n for n, when in (*answers, ("revoked", invitation.revoked_at)) if when), "")


@dataclass(frozen=True)
class Standing:
    """What somebody says of herself when she accepts: see `accounts.actions.update_standing`."""

    organisation: str = ""
    economies: Iterable[str] = ()
    international_staff: bool = False
    languages: list[str] = field(default_factory=list)  # that she reads, as a reviewer
    most_reviews: int | None = None


def accept(invitation: Invitation, standing: Standing, name: str = "", *, at: datetime) -> Person:
    """Take the role; the account is the one of the address invited, or a new one. Of two at once, one takes it."""
    lock(invitation)
    allow(rules.no_answer(_state(invitation)) or rules.no_reading(invitation.role, standing.languages))
    person = accounts.person_for(invitation.address, name or invitation.name, invitation.language, at=at)
    accounts.update_standing(
        person, organisation=standing.organisation, economies=standing.economies,
        international_staff=standing.international_staff, by=person, at=at,
    )  # fmt: skip
    invitation.accepted_at = at
    if not queries.has_role(invitation.call, person.email, invitation.role):
        membership = Membership(call_id=invitation.call_id, person=person, role=invitation.role, since=at)
        membership.most_reviews, membership.languages = standing.most_reviews, list(standing.languages)
        db.session.add(membership)
        if invitation.role is Role.COORDINATOR:
            _tell_of_coordinator(invitation, membership, at)
    history.record("join", by=person, at=at, call=invitation.call, role=invitation.role.value)
    return person


def _tell_of_coordinator(invitation: Invitation, membership: Membership, at: datetime) -> None:
    """All who answer for the call learn of it: two must agree on its result, and she may be one of them."""
    call, new = invitation.call, membership.person
    if call.review_started_at is not None and at >= call.review_started_at:
        membership.vouched_by_id = invitation.vouched_by_id
    db.session.flush()
    for person in {p.id: p for p in (*queries.coordinators(call), *accounts_queries.administrators())}.values():
        if person.id != new.id:
            outbox.queue("coordinator_added", to=person, at=at, call=call, invitation=str(invitation.id))


def vouch(membership: Membership, *, at: datetime) -> None:
    """Whoever runs the server answers for a coordinator: from now on she is independent of who invited her."""
    membership.vouched_by_id = None
    history.record("vouch", by=None, at=at, call=membership.call, person=str(membership.person_id))


def decline(invitation: Invitation, reason: str, *, at: datetime) -> None:
    """Say no, with a reason or without; whoever invited sees it."""
    lock(invitation)
    allow(rules.no_answer(_state(invitation)))
    invitation.declined_at, invitation.reason = at, i18n.normal(reason)[:2000]
    history.record(
        "decline-invitation", by=None, at=at, call=invitation.call, role=invitation.role.value,
        invitation=str(invitation.id),
    )  # fmt: skip


def remove(membership: Membership, *, by: Person, at: datetime) -> None:
    """End a role: from the next request on she may do nothing by it."""
    call = membership.call
    lock(call)
    held = sa.select(sa.func.count()).where(Membership.call_id == call.id, Membership.role == Role.COORDINATOR)
    allow(rules.no_removal_of_member(membership.role, db.session.scalar(held) or 0))
    db.session.delete(membership)
    history.record(
        "remove-member", by=by, at=at, call=call, role=membership.role.value, person=str(membership.person_id)
    )


@dataclass
class Line:
    """One line of a pasted list: what it says and what is wrong with it, if anything."""

    number: int
    text: str
    address: str = ""
    name: str = ""
    language: str = ""
    error: Any = None


def read(text: str, language: str) -> list[Line]:
    """The lines of a list “address, name, language”, parted by commas, semicolons or tabs; quotes may hold a name."""
    lines: list[Line] = []
    for number, raw in enumerate(i18n.normal(text).splitlines(), 1):
        if not raw.strip():
            continue
        line = Line(number, raw.strip())
        lines.append(line)
        parted = next((d for d in "\t;," if d in raw), ",")
        cells = next(csv.reader(io.StringIO(raw.strip()), delimiter=parted, skipinitialspace=True), [])
        line.address, line.name, given, *_rest = [*(c.strip() for c in cells), "", "", ""]
        line.language = given.casefold() or language
        line.error = rules.no_line(line.address, line.name, line.language, len(lines))
    return lines


def invite_all(call: Call, role: Role, lines: list[Line], *, by: Person, at: datetime) -> list[Line]:
    """Invite whom the good lines name; gives the lines that could not be used, each with its reason."""
    seen: set[str] = set()
    for line in lines:
        address = normal_address(line.address)
        if line.error is None and address in seen:
            line.error = rules.TWICE
        if line.error is None:
            seen.add(address)
            try:
                if waiting(queries.invitation_to(call, address, role)):
                    raise Refused(str(rules.INVITED))
                invite(call, role, line.address, line.name, line.language, by=by, at=at)
            except Refused as refused:
                line.error = str(refused)
    return [line for line in lines if line.error is not None]


def waiting(invitation: Invitation | None) -> bool:
    """Whether an invitation is there and not answered or taken back."""
    return invitation is not None and not _state(invitation)
