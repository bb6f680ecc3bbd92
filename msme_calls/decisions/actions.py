"""What coordinators do: decide, write public words, propose, confirm, seal, and unseal by two."""

import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from msme_calls import history, outbox
from msme_calls.accounts.models import Person
from msme_calls.calls import queries as calls
from msme_calls.calls.models import Call
from msme_calls.decisions import queries, rules, sealing
from msme_calls.decisions.composing import compose
from msme_calls.decisions.models import Decision, Outcome, Resolution, Seal
from msme_calls.errors import allow
from msme_calls.extensions import db, lock
from msme_calls.proposals import conflict_queries, conflicts, team
from msme_calls.proposals.models import Proposal, Status, TeamRole

Words = dict[str, str]  # by language


@dataclass(frozen=True)
class Choice:
    """An outcome for a proposal, with the reason for it."""

    proposal: Proposal
    outcome: Outcome
    rationale: str = ""


def no_part(call: Call, by: Person) -> str | None:
    """The rule against somebody's taking part in the decision at all, asked of rows."""
    return rules.no_part(conflict_queries.applies(by, call))


def decide(call: Call, choices: Sequence[Choice], *, by: Person, at: datetime) -> int:
    """Give proposals their outcomes; returns how many changed. A change undoes what was proposed and confirmed."""
    lock(call)
    allow(no_part(call, by))
    judge, subjects = conflict_queries.judge(by), conflict_queries.subjects([c.proposal for c in choices])
    changed = 0
    for choice in choices:
        conflict = conflicts.conflict(judge, subjects[choice.proposal.id], call.economy_rule)
        withdrawn = choice.proposal.status is not Status.SUBMITTED
        allow(
            rules.no_decide(
                call.phase(at), choice.outcome, call.outcomes, conflict=conflict is not None, withdrawn=withdrawn
            )
        )
        changed += _note(choice, by=by, at=at)
    if changed:
        _reopen(call, by=by, at=at)
    return changed


def _note(choice: Choice, *, by: Person, at: datetime) -> bool:
    decision = queries.decision_of(choice.proposal)
    if decision and (decision.outcome, decision.rationale) == (choice.outcome, choice.rationale):
        return False
    if decision is None:
        decision = Decision(proposal_id=choice.proposal.id, call_id=choice.proposal.call_id)
        db.session.add(decision)
    decision.outcome, decision.rationale = choice.outcome, choice.rationale
    decision.decided_by_id, decision.decided_at = by.id, at
    said = {"call": choice.proposal.call, "proposal": choice.proposal, "outcome": choice.outcome.value}
    history.record("decide", by=by, at=at, **said)
    return True


def set_words(
    proposal: Proposal,
    decision: Decision,
    name: Words,
    project: Words,
    summary: Words,
    symbol: str = "",
    *,
    by: Person,
    at: datetime,
) -> bool:
    """Write the public words of a proposal that the world will learn of; returns whether anything changed.

    `symbol`: of the document that it becomes, where its call gives any.
    """
    call = proposal.call
    lock(call)
    allow(no_part(call, by))
    subject = conflict_queries.subjects([proposal])[proposal.id]
    conflict = conflicts.conflict(conflict_queries.judge(by), subject, call.economy_rule) is not None
    allow(rules.no_decide(call.phase(at), decision.outcome, call.outcomes, conflict=conflict, withdrawn=False))
    allow(rules.no_symbol(symbol, call.symbol) or (rules.TAKEN if symbol in queries.symbols(but=proposal) else None))
    now = (decision.public_name, decision.public_project, decision.public_summary, decision.symbol)
    if now == (name, project, summary, symbol):
        return False
    decision.public_name, decision.public_project, decision.public_summary = name, project, summary
    decision.symbol = symbol
    history.record("set-words", by=by, at=at, call=call, proposal=proposal)
    _reopen(call, by=by, at=at)
    return True


def _reopen(call: Call, *, by: Person, at: datetime) -> None:
    """After a change, what was proposed and confirmed is no longer what is decided."""
    resolution = queries.resolution_of(call)
    if resolution is None or resolution.proposed_at is None:
        return
    _clear(resolution)
    history.record("reopen-decision", by=by, at=at, call=call)


def _clear(resolution: Resolution) -> None:
    resolution.proposed_by_id = resolution.proposed_at = resolution.digest = None
    resolution.confirmed_by_id = resolution.confirmed_at = None


def propose(call: Call, *, by: Person, at: datetime) -> Resolution:
    """Put the decision as a whole to the other coordinators."""
    lock(call)
    board = queries.judged(call)
    resolution = queries.resolution_of(call)
    missing = rules.gaps(queries.rows_to_check(board), call.languages, call.winners, call.runners_up, call.symbol)
    proposed = resolution is not None and resolution.proposed_at is not None
    allow(no_part(call, by) or rules.no_propose(call.phase(at), len(missing), proposed=proposed))
    if resolution is None:
        resolution = Resolution(call_id=call.id)
        db.session.add(resolution)
    resolution.proposed_by_id, resolution.proposed_at = by.id, at
    resolution.digest = queries.fingerprint(board)
    history.record("propose-decision", by=by, at=at, call=call, recused=len(queries.recused_from(call, by)))
    for person in calls.coordinators(call):
        if not no_part(call, person) and calls.independent(call, by.id, person.id):
            key = f"confirm-asked:{call.id}:{person.id}:{at.isoformat()}"
            outbox.queue("confirm_asked", to=person, at=at, call=call, key=key, proposed=at.isoformat())
    return resolution


def confirm(call: Call, *, by: Person, at: datetime, seen: str | None = None) -> None:
    """Confirm exactly what another coordinator proposed. `seen`: the stamp of the proposal that she looked at."""
    lock(call)
    resolution = queries.resolution_of(call)
    allow(no_part(call, by) or no_confirm(call, resolution, by, at) or _changed_since(resolution, seen))
    assert resolution is not None
    resolution.confirmed_by_id, resolution.confirmed_at = by.id, at
    history.record("confirm-decision", by=by, at=at, call=call, recused=len(queries.recused_from(call, by)))


def no_confirm(call: Call, resolution: Resolution | None, by: Person, at: datetime) -> str | None:
    """The rule against confirming, asked of rows."""
    return rules.no_confirm(
        call.phase(at),
        resolution.proposed_by_id if resolution else None,
        by.id,
        proposed=resolution is not None and resolution.proposed_at is not None,
        confirmed=resolution is not None and resolution.confirmed_at is not None,
        same=resolution is not None and resolution.digest == queries.fingerprint(queries.judged(call)),
        independent=_independent(call, resolution.proposed_by_id if resolution else None, by),
    )


def _independent(call: Call, other_id: uuid.UUID | None, by: Person) -> bool:
    return other_id is None or calls.independent(call, other_id, by.id)


def take_back(call: Call, *, by: Person, at: datetime) -> None:
    """Undo the proposal of the decision, and its confirmation."""
    lock(call)
    resolution = queries.resolution_of(call)
    proposed = resolution is not None and resolution.proposed_at is not None
    allow(no_part(call, by) or rules.no_take_back(call.phase(at), proposed=proposed))
    assert resolution is not None
    _clear(resolution)
    history.record("take-back-decision", by=by, at=at, call=call)


def no_seal(call: Call, resolution: Resolution | None, at: datetime) -> str | None:
    """The rule against sealing, asked of rows."""
    return rules.no_seal(
        call.phase(at),
        call.result_at,
        at,
        confirmed=resolution is not None and resolution.confirmed_at is not None,
        same=resolution is not None and resolution.digest == queries.fingerprint(queries.judged(call)),
    )


def _changed_since(resolution: Resolution | None, seen: str | None) -> str | None:
    return rules.CHANGED if seen is not None and seen != stamp(resolution) else None


def stamp(resolution: Resolution | None) -> str:
    """What tells one proposal of the decision from another that came later, or is for another instant or name."""
    if resolution is None or resolution.proposed_at is None:
        return ""
    call, instants = resolution.call, (resolution.proposed_at, resolution.call.result_at)
    said = [*(i and i.astimezone(UTC).isoformat() for i in instants), call.title, call.theme]
    return sealing.digest(sealing.canonical(said))


def seal(call: Call, *, by: Person, at: datetime, seen: str | None = None) -> Seal:
    """Freeze the whole result as bytes; their digest is public at once, what they say at the call's instant.

    Queues the outcome's mails for that instant; they hold no outcome, for it is read from the seal when they are sent.
    """
    lock(call)
    resolution = queries.resolution_of(call)
    allow(no_part(call, by) or no_seal(call, resolution, at) or _changed_since(resolution, seen))
    assert call.result_at is not None
    secret = secrets.token_hex(32)
    whole = compose(call, result_at=call.result_at, sealed_at=at, nonce=secrets.token_hex(32), secret=secret)
    content = sealing.seal_bytes(whole)
    row = Seal(
        call=call, content=content, digest=sealing.digest(content), secret=secret, result_at=call.result_at,
        sealed_at=at, sealed_by_id=by.id,
    )  # fmt: skip
    db.session.add(row)
    call.sealed_at, call.seal_digest = at, row.digest
    history.record("seal", by=by, at=at, call=call, digest=row.digest, result_at=call.result_at)
    _queue_outcomes(call, row, at)
    for person in calls.coordinators(call):
        outbox.queue("sealed", to=person, at=at, call=call, key=f"sealed:{row.id}:{person.id}", seal=str(row.id))
    return row


def _queue_outcomes(call: Call, row: Seal, at: datetime) -> None:
    db.session.flush()
    for proposal in queries.with_owners(call):
        values = {"proposal": str(proposal.id), "seal": str(row.id)}
        for person in team.concerned(proposal, TeamRole.VIEW):
            own = "" if person.id == proposal.owner_id else f":{person.id}"
            key = f"outcome:{row.id}:{proposal.id}{own}"
            outbox.queue("outcome", to=person, at=at, due=row.result_at, key=key, call=call, **values)


def ask_unseal(call: Call, note: Words, *, by: Person, at: datetime) -> None:
    """Ask another coordinator to unseal the result; the note becomes public when that is done."""
    lock(call)
    row = _sealed(call)
    complete = all(note.get(code) for code in call.languages)
    asked = row.unseal_asked_by_id is not None
    allow(no_part(call, by) or rules.no_ask_unseal(call.phase(at), row.result_at, at, asked=asked, note=complete))
    row.unseal_asked_by_id, row.unseal_note = by.id, note
    history.record("ask-unseal", by=by, at=at, call=call, digest=row.digest)


def keep_sealed(call: Call, *, by: Person, at: datetime) -> None:
    """Drop the wish to unseal."""
    lock(call)
    row = _sealed(call)
    allow(no_part(call, by) or rules.no_keep_sealed(call.phase(at), asked=row.unseal_asked_by_id is not None))
    row.unseal_asked_by_id, row.unseal_note = None, {}
    history.record("keep-sealed", by=by, at=at, call=call, digest=row.digest)


def wish_stamp(seal: Seal | None) -> str:
    """What tells one wish to unseal from another: which seal, who asks, and the note that becomes public."""
    if seal is None or seal.unseal_asked_by_id is None:
        return ""
    return sealing.digest(sealing.canonical([seal.digest, str(seal.unseal_asked_by_id), seal.unseal_note]))


def unseal(call: Call, *, by: Person, at: datetime, seen: str | None = None) -> None:
    """Unseal what another coordinator asked to be unsealed. Deciding goes on; a new seal needs a new confirmation.

    `seen`: the stamp of the wish that she looked at.
    """
    lock(call)
    row = _sealed(call)
    allow(
        no_part(call, by)
        or no_unseal(call, row, by, at)
        or (rules.OTHER_WISH if seen not in (None, wish_stamp(row)) else None)
    )  # fmt: skip
    row.unsealed_at, row.unsealed_by_id = at, by.id
    call.sealed_at = call.seal_digest = None
    resolution = queries.resolution_of(call)
    if resolution:
        _clear(resolution)
    history.record("unseal", by=by, at=at, call=call, digest=row.digest)


def no_unseal(call: Call, seal: Seal, by: Person, at: datetime) -> str | None:
    """The rule against unsealing, asked of rows."""
    asked_by = seal.unseal_asked_by_id
    return rules.no_unseal(
        call.phase(at), seal.result_at, at, asked=asked_by is not None, asked_by=asked_by, by=by.id,
        independent=_independent(call, asked_by, by),
    )  # fmt: skip


def _sealed(call: Call) -> Seal:
    row = queries.in_force(call)
    if row is None:
        allow(rules.NOT_SEALED)
    assert row is not None
    return row
