"""Who applies together: invited by mail, joined and left, with a role each; and a proposal handed over to another."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from msme_calls import history, i18n, outbox
from msme_calls.accounts import actions as accounts
from msme_calls.accounts import links
from msme_calls.accounts import rules as account_rules
from msme_calls.accounts.models import Person, normal_address
from msme_calls.calls import rules as calls_rules
from msme_calls.calls.queries import reread
from msme_calls.errors import allow
from msme_calls.extensions import LANGUAGES, db, lock, locked
from msme_calls.proposals import queries, rules
from msme_calls.proposals import team_rules as said
from msme_calls.proposals.models import Member, Proposal, TeamInvitation, TeamRole

PURPOSE = "team"  # of the links that invite


@dataclass
class _Invited:
    """The mail is the invitation's, not a person's: whether the address has an account makes no difference."""

    email: str
    language: str
    id: Any = None


def _held(proposal: Proposal) -> None:
    """Acts on one team wait for one another; whoever waited finds the team and the phase as they are by then."""
    if not locked(proposal):
        lock(proposal)
        reread(proposal.call)
    db.session.expire(proposal, ["members"])


def concerned(proposal: Proposal, least: TeamRole = TeamRole.SUBMIT) -> list[Person]:
    """Those of a team whom a mail concerns, its owner first: who may do at least so much. Closed accounts get none."""
    people = [proposal.owner, *(person for person, role in queries.team(proposal) if role >= least)]
    return [person for person in people if person.active]


def tell(
    name: str, proposal: Proposal, *, at: datetime, to: Iterable[Person] | None = None, key: str = "", **values: Any
) -> None:
    """Queue a mail about a proposal for those whom it concerns, or for these; once each under a key."""
    for person in concerned(proposal) if to is None else [person for person in to if person.active]:
        own = f"{key}:{person.id}" if key and person.id != proposal.owner_id else key or None
        outbox.queue(name, to=person, at=at, key=own, call=proposal.call, proposal=str(proposal.id), **values)


def invite(
    proposal: Proposal, address: str, name: str, role: TeamRole, language: str, *, by: Person, at: datetime
) -> TeamInvitation:
    """Ask somebody by mail to join. Whoever declined, left, or was taken back can be asked again."""
    _held(proposal)
    allow(rules.no_part(proposal.role_of(by), TeamRole.OWNER))
    address = normal_address(address)
    allow(account_rules.no_address(address) or (account_rules.no_name(name) if name else None))
    asked = queries.asked_to_join(proposal)
    there = next((row for row in asked if row.address == address), None)
    waiting = sum(not row.state for row in asked)
    size, ever = 1 + len(proposal.members) + waiting, len(asked) - bool(there)
    allow(said.no_invite(proposal.phase(at), role, _standing(proposal, address, there), size, ever))
    row = there or TeamInvitation(proposal_id=proposal.id, address=address)
    row.name, row.language, row.role = i18n.normal(name), language if language in LANGUAGES else "en", role
    row.accepted_at = row.declined_at = row.revoked_at = None
    row.invited_by_id, row.invited_at = by.id, at
    db.session.add(row)
    db.session.flush()
    history.record("invite-to-team", by=by, at=at, call=proposal.call, proposal=proposal, invitation=str(row.id))
    _mail(row, proposal, at)
    return row


def _standing(proposal: Proposal, address: str, row: TeamInvitation | None) -> str:
    if address in {proposal.owner.email, *(m.person.email for m in proposal.members)}:
        return "member"
    return "asked" if row is not None and not row.state else ""


def _mail(row: TeamInvitation, proposal: Proposal, at: datetime) -> None:
    to = _Invited(row.address, row.language)
    outbox.queue("team_invited", to=to, at=at, call=proposal.call, invitation=str(row.id))


def send_again(row: TeamInvitation, *, by: Person, at: datetime) -> None:
    """Send an invitation that is still open once more; links sent before end."""
    _held(row.proposal)
    allow(rules.no_part(row.proposal.role_of(by), TeamRole.OWNER) or said.no_growing(row.proposal.phase(at)))
    allow(calls_rules.no_answer(row.state))
    links.void_about(row.id, PURPOSE, at=at)
    row.invited_at, row.invited_by_id = at, by.id
    _mail(row, row.proposal, at)


def revoke(row: TeamInvitation, *, by: Person, at: datetime) -> None:
    """Take an invitation back: its links open nothing any more."""
    proposal = row.proposal
    _held(proposal)
    db.session.refresh(row)
    allow(rules.no_part(proposal.role_of(by), TeamRole.OWNER) or calls_rules.no_answer(row.state))
    row.revoked_at = at
    links.void_about(row.id, PURPOSE, at=at)
    history.record("revoke-from-team", by=by, at=at, call=proposal.call, proposal=proposal, invitation=str(row.id))


def accept(row: TeamInvitation, name: str = "", *, at: datetime) -> Person:
    """Join the team; the account is that of the address asked, or a new one."""
    proposal = row.proposal
    _held(proposal)
    db.session.refresh(row)
    allow(calls_rules.no_answer(row.state) or said.no_growing(proposal.phase(at)))
    person = accounts.person_for(row.address, name or row.name, row.language, at=at)
    row.accepted_at = at
    _join(proposal, person, row.role, at)
    history.record("join-team", by=person, at=at, call=proposal.call, proposal=proposal)
    tell("team_news", proposal, at=at, to=[proposal.owner], what="joined", person=str(person.id))
    return person


def _join(proposal: Proposal, person: Person, role: TeamRole, at: datetime) -> None:
    """Put somebody on the team: again, if she was on it before."""
    if person.id == proposal.owner_id:
        return
    db.session.flush()
    row = db.session.get(Member, (proposal.id, person.id))
    if row is None:
        row = Member(proposal_id=proposal.id, person_id=person.id, role=role, since=at)
        db.session.add(row)
    row.role, row.since, row.left_at = role, at, None
    _changed(proposal)


def _changed(proposal: Proposal) -> None:
    db.session.flush()
    db.session.expire(proposal, ["members"])


def decline(row: TeamInvitation, *, at: datetime) -> None:
    """Say no; the owner is told, and there is no conflict of interest any more."""
    proposal = row.proposal
    _held(proposal)
    db.session.refresh(row)
    allow(calls_rules.no_answer(row.state))
    row.declined_at = at
    history.record("decline-team", by=None, at=at, call=proposal.call, proposal=proposal, invitation=str(row.id))
    tell("team_news", proposal, at=at, to=[proposal.owner], what="declined", invitation=str(row.id))


def change_role(proposal: Proposal, person: Person, role: TeamRole, *, by: Person, at: datetime) -> None:
    """Let somebody on the team do more, or less; she is told."""
    row = _member(proposal, person, by)
    if role is TeamRole.OWNER:
        raise ValueError("a proposal is handed over, not given by role")
    if row.role is role:
        return
    row.role = role
    _changed(proposal)
    history.record("change-in-team", by=by, at=at, call=proposal.call, proposal=proposal, person=str(person.id))
    tell("team_changed", proposal, at=at, to=[person])


def remove(proposal: Proposal, person: Person, *, by: Person, at: datetime) -> None:
    """Take somebody off the team: from the next request on the proposal is absent for her; she is told."""
    row = _member(proposal, person, by)
    _go(row, proposal, at)
    history.record("remove-from-team", by=by, at=at, call=proposal.call, proposal=proposal, person=str(person.id))
    tell("team_changed", proposal, at=at, to=[person])


def leave(proposal: Proposal, *, by: Person, at: datetime) -> None:
    """Go by oneself, at any time; the owner is told."""
    _held(proposal)
    allow(said.no_leaving(proposal.role_of(by)) or rules.no_part(proposal.role_of(by), TeamRole.VIEW))
    _go(next(m for m in proposal.members if m.person_id == by.id), proposal, at)
    history.record("leave-team", by=by, at=at, call=proposal.call, proposal=proposal)
    tell("team_news", proposal, at=at, to=[proposal.owner], what="left", person=str(by.id))


def _member(proposal: Proposal, person: Person, by: Person) -> Member:
    """Somebody's place on the team, for its owner."""
    _held(proposal)
    allow(rules.no_part(proposal.role_of(by), TeamRole.OWNER))
    row = next((m for m in proposal.members if m.person_id == person.id), None)
    allow(None if row else rules.no_part(None, TeamRole.VIEW))
    assert row is not None
    return row


def _go(row: Member, proposal: Proposal, at: datetime) -> None:
    row.left_at = at
    if proposal.offered_to_id == row.person_id:
        proposal.offered_to_id = None
    _changed(proposal)


def offer(proposal: Proposal, person: Person, *, by: Person, at: datetime) -> None:
    """Ask somebody on the team to take the proposal over; it stays as it is until she does."""
    row = _member(proposal, person, by)
    allow(said.no_offer(proposal.phase(at), proposal.offered_to_id is not None))
    proposal.offered_to_id = row.person_id
    history.record("offer-proposal", by=by, at=at, call=proposal.call, proposal=proposal, person=str(person.id))
    tell("proposal_offered", proposal, at=at, to=[person])


def keep(proposal: Proposal, *, by: Person, at: datetime) -> None:
    """Take the offer back (its owner), or refuse it (whoever was asked; the owner is told)."""
    _held(proposal)
    role, asked = proposal.role_of(by), proposal.offered_to_id == by.id
    allow(None if asked else rules.no_part(role, TeamRole.OWNER))
    if proposal.offered_to_id is None:
        return
    proposal.offered_to_id = None
    verb = "refuse-proposal" if asked else "keep-proposal"
    history.record(verb, by=by, at=at, call=proposal.call, proposal=proposal)
    if asked:
        tell("team_news", proposal, at=at, to=[proposal.owner], what="refused", person=str(by.id))


def take_over(proposal: Proposal, *, by: Person, at: datetime) -> None:
    """Become the owner of a proposal that was offered; the former one stays on the team, and both are told."""
    _held(proposal)
    asked = proposal.offered_to_id == by.id and proposal.role_of(by) is not None
    allow(said.no_taking_over(asked))
    former, row = proposal.owner, next(m for m in proposal.members if m.person_id == by.id)
    db.session.delete(row)
    proposal.owner, proposal.offered_to_id = by, None
    db.session.flush()
    _join(proposal, former, TeamRole.SUBMIT, at)
    history.record("take-over-proposal", by=by, at=at, call=proposal.call, proposal=proposal, person=str(former.id))
    tell("proposal_handed_over", proposal, at=at, to=[by, former], person=str(former.id))
