"""What applicants do: start, save, attach, submit, withdraw, restore; and anybody's declaring a conflict."""

import secrets
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm.attributes import set_committed_value

from msme_calls import history, i18n, uploads
from msme_calls.accounts.models import Person
from msme_calls.calls.models import Call, Section
from msme_calls.calls.queries import reread
from msme_calls.errors import Refused, allow
from msme_calls.extensions import db, insert, lock, locked
from msme_calls.proposals import answers as answering
from msme_calls.proposals import conflict_queries, conflicts, issuing, queries, rules, team
from msme_calls.proposals.models import Attachment, Conflict, Named, Proposal, ProposalVersion, SectionDraft, Status
from msme_calls.questions import File

# What follows from a declared conflict: later features add theirs (the proposal, whose conflict, the reason, when).
DECLARED: list[Callable[[Proposal, Person, str, datetime], None]] = []
_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # none that is taken for another


class SavedElsewhere(Exception):
    """A section was saved in another window meanwhile, with other answers; nothing of this one is written yet."""

    def __init__(self, part: SectionDraft) -> None:
        super().__init__("saved elsewhere")
        self.part = part


def start_or_continue(call: Call, known: int, *, by: Person, at: datetime) -> Proposal:
    """Begin a draft, unless the person has more proposals to this call than the `known` that her page showed her:

    then the button was pressed twice, or in two windows, and the newest is what she means.
    """
    lock(by)
    mine = list(db.session.scalars(queries.own_in(by, call)))
    return mine[0] if len(mine) > known else _start(call, mine, by, at)


def start(call: Call, *, by: Person, at: datetime) -> Proposal:
    """Begin a draft; its reference says nothing of how many there are."""
    return _start(call, list(db.session.scalars(queries.own_in(by, call))), by, at)


def _start(call: Call, mine: list[Proposal], by: Person, at: datetime) -> Proposal:
    allow(rules.no_start(call.phase(at), call.life.late(at)))
    allow(rules.no_more_drafts(sum(p.status is Status.DRAFT and p.owner_id == by.id for p in mine)))
    code = "".join(secrets.choice(_LETTERS) for _ in range(6))
    proposal = Proposal(
        id=uuid.uuid4(),
        call_id=call.id,
        owner_id=by.id,
        reference=f"{call.prefix}-{code[:4]}-{code[4:]}",
        language=by.language if by.language in call.languages else call.languages[0],
        organisation=by.organisation,
        started_at=at,
    )
    set_committed_value(proposal, "call", call)
    set_committed_value(proposal, "owner", by)
    insert(proposal)
    history.record("start", by=by, at=at, call=call, proposal=proposal)
    return proposal


def _lock(proposal: Proposal, keep: tuple[str, ...] = ()) -> None:
    """Whoever waited for the proposal is judged by the phase that its call has then, not by the one before."""
    if not locked(proposal):
        lock(proposal, keep)
        reread(proposal.call)


def lock_whole(proposal: Proposal, keep: tuple[str, ...] = ()) -> None:
    """Lock a proposal and read anew what is written of it: its sections and files too, but for parts to `keep`."""
    if locked(proposal):  # since then nobody else has changed any of it
        return
    db.session.flush()
    known = proposal.__dict__  # what was never looked at need not be forgotten
    for part in (p for name in ("drafts", "attachments") if name not in keep for p in known.get(name, ())):
        db.session.expire(part)
    _lock(proposal, keep)


def save_section(
    proposal: Proposal,
    section: Section,
    answers: Mapping[str, Any],
    *,
    by: Person,
    at: datetime,
    seen: int | None = None,
) -> SectionDraft:
    """Keep what was typed into a section, right or not. The public face follows until the first submission.

    `seen` is the section's version that the person had before her (0: never saved). Raises SavedElsewhere if it was
    saved with other answers since.
    """
    lock_whole(proposal)
    allow(rules.no_edit(proposal.status, proposal.phase(at)))
    part = answering.part_of(proposal, section)
    kept = {q.key: answers[q.key] for q in section.questions if q.key in answers and q.kind != "file"}
    if part and seen not in (None, part.version) and any(part.answers.get(k) != v for k, v in kept.items()):
        raise SavedElsewhere(part)
    if part is None:
        part = SectionDraft(
            proposal_id=proposal.id, section_id=section.id, answers=kept, saved_at=at, saved_by_id=by.id
        )
        _add(proposal, "drafts", part)
    else:
        part.answers = {**part.answers, **kept}
        part.saved_at, part.saved_by_id = at, by.id
    if proposal.status is Status.DRAFT:
        _show(proposal, answering.typed_answers(proposal))
    return part


def _show(proposal: Proposal, answers: Mapping[str, Any]) -> None:
    for name, value in answering.face(proposal.call.form.questions, answers).items():
        setattr(proposal, name, value)


def attach(proposal: Proposal, key: str, checked: uploads.Checked, *, by: Person, at: datetime) -> Attachment:
    """Add a checked and kept file to a question of the draft; the same file twice is one.

    Where a question takes one file, a new one takes the place of the former.
    """
    lock_whole(proposal, keep=("drafts",))
    allow(rules.no_edit(proposal.status, proposal.phase(at)))
    there = [a for a in proposal.attachments if a.removed_at is None and a.question == key]
    if same := next((a for a in there if (a.sha256, a.name) == (checked.sha256, checked.name)), None):
        return same
    asked = next((q for q in proposal.call.form.questions if q.key == key and q.kind == "file"), None)
    if asked is None:
        raise Refused(str(rules.no_question()))
    most = File().limits(asked)["max_files"]
    if most > 1:
        allow(rules.no_more_files(len(there), most))
    stored = uploads.remember(checked, at)  # before the former one goes: this one may be refused
    for former in there if most == 1 else ():
        former.removed_at = at
    row = Attachment(
        id=uuid.uuid4(), proposal_id=proposal.id, question=key, sha256=checked.sha256, name=checked.name,
        kind=checked.kind, size=checked.size, pages=checked.pages, added_at=at,
    )  # fmt: skip
    set_committed_value(row, "stored", stored)
    _add(proposal, "attachments", row)
    return row


def _add(proposal: Proposal, name: str, part: SectionDraft | Attachment) -> None:
    """Write a new part of a proposal, and have it among those that are known."""
    known = list(getattr(proposal, name))
    set_committed_value(part, "proposal", proposal)
    insert(part)
    set_committed_value(proposal, name, [*known, part])


def detach(attachment: Attachment, *, by: Person, at: datetime) -> None:
    """Take a file out of the draft; submitted versions keep theirs."""
    proposal = attachment.proposal
    allow(rules.no_edit(proposal.status, proposal.phase(at)))
    attachment.removed_at = at


def submit(proposal: Proposal, key: str, *, by: Person, at: datetime) -> ProposalVersion:
    """Hand the draft in. The same key, or unchanged answers, give the version that is there already: one receipt.

    The proposal's row is locked first, so that of two requests at once the second finds the first one's version.
    """
    lock_whole(proposal)
    again = proposal.submitted_version is not None  # or there is no version to look for
    same_key = sa.select(ProposalVersion).filter_by(proposal_id=proposal.id, idempotency_key=key)
    if again and (done := db.session.scalar(same_key)):
        return done
    answers, files = answering.to_submit(proposal)
    missing = sum(p.count for p in answering.progress(proposal))
    allow(rules.no_submit(proposal.status, proposal.phase(at), missing))
    digest = answering.digest(proposal.call, proposal, answers, files)
    last = _last(proposal) if again else None
    if last and proposal.status is Status.SUBMITTED and last.digest == digest:
        return last
    version = ProposalVersion(
        proposal_id=proposal.id, number=last.number + 1 if last else 1, answers=answers, files=files, digest=digest,
        idempotency_key=key, submitted_at=at, submitted_by_id=by.id,
    )  # fmt: skip
    issuing.issue(proposal, version)
    insert(version)
    move(proposal, Status.SUBMITTED, at=at)
    proposal.submitted_version, proposal.submitted_at = version.number, at
    _show(proposal, answers)
    _name_authors(proposal, answers)
    history.record("submit", by=by, at=at, call=proposal.call, proposal=proposal, version=version.number, digest=digest)
    team.tell("received", proposal, at=at, version=version.number)
    return version


def _name_authors(proposal: Proposal, answers: Mapping[str, Any]) -> None:
    """Note the authors' addresses of what was submitted: whoever has one of them has a conflict of interest."""
    asked = [q for q in proposal.call.form.questions if q.kind == "people"]
    if not asked:
        return
    now = answering.authors(asked, answers)
    rows = {row.address: row for row in db.session.scalars(sa.select(Named).filter_by(proposal_id=proposal.id))}
    for address in rows.keys() - now:
        db.session.delete(rows[address])
    db.session.add_all(Named(proposal_id=proposal.id, address=address) for address in sorted(now - rows.keys()))


def _last(proposal: Proposal) -> ProposalVersion | None:
    newest = sa.select(ProposalVersion).filter_by(proposal_id=proposal.id).order_by(ProposalVersion.number.desc())
    return db.session.scalar(newest.limit(1))


def move(proposal: Proposal, to: Status, *, at: datetime) -> None:
    """The only way a status changes: along the table of transitions."""
    if to not in rules.TRANSITIONS[proposal.status]:
        raise ValueError(f"{proposal.status.value} does not become {to.value}")
    proposal.status = to
    proposal.withdrawn_at = at if to is Status.WITHDRAWN else None


def withdraw(proposal: Proposal, reason: str = "", *, by: Person, at: datetime) -> None:
    """Take a submitted proposal back, for a reason that may be told: nobody judges it any more."""
    _lock(proposal)
    allow(rules.no_withdraw(proposal.status, proposal.phase(at)))
    move(proposal, Status.WITHDRAWN, at=at)
    reason = i18n.normal(reason)[:500]
    verb, said = ("withdraw-because", {"reason": reason}) if reason else ("withdraw", {})
    history.record(verb, by=by, at=at, call=proposal.call, proposal=proposal, **said)
    team.tell("withdrawn", proposal, at=at)


def restore(proposal: Proposal, *, by: Person, at: datetime) -> None:
    """Undo a withdrawal, until the deadline: the version submitted last counts again."""
    _lock(proposal)
    allow(rules.no_restore(proposal.status, proposal.phase(at)))
    move(proposal, Status.SUBMITTED, at=at)
    history.record("restore", by=by, at=at, call=proposal.call, proposal=proposal)
    team.tell("restored", proposal, at=at)


def declare_conflict(proposal: Proposal, person: Person, reason: str, *, by: Person, at: datetime) -> Conflict:
    """Note that a person has a conflict of interest with a proposal; it holds against every role she has."""
    _lock(proposal)
    there = db.session.scalar(sa.select(Conflict).filter_by(proposal_id=proposal.id, person_id=person.id))
    if there:
        if by is person:  # what she says of herself stands, also if somebody else was first
            there.declared_by_id = by.id
        return there
    row = Conflict(
        id=uuid.uuid4(), proposal_id=proposal.id, person_id=person.id, reason=reason, declared_by_id=by.id,
        declared_at=at,
    )  # fmt: skip
    db.session.add(row)
    history.record("declare-conflict", by=by, at=at, call=proposal.call, proposal=proposal, person=str(person.id))
    for follow in DECLARED:
        follow(proposal, person, reason, at)
    return row


def take_back_conflict(conflict: Conflict, reason: str, *, by: Person, at: datetime) -> None:
    """Undo what somebody else declared of a person. Assignments that it ended stay ended: she can be asked anew."""
    proposal = conflict.proposal
    _lock(proposal)
    allow(rules.no_take_back(proposal.phase(at), conflict.declared_by_id == conflict.person_id))
    said = {"person": str(conflict.person_id), "reason": reason}
    db.session.delete(conflict)
    history.record("take-back-conflict", by=by, at=at, call=proposal.call, proposal=proposal, **said)


def keep_conflicts(person: Person) -> Callable[[datetime], None]:
    """Asked before somebody says anew whom she stands for: gives what declares the conflicts that she loses by it.

    So nobody with a role in a call comes to see a proposal by changing her profile.
    """
    found = queries.hidden_from(person)
    subjects, judge = conflict_queries.subjects(found), _standing(person)
    before = {p: conflicts.conflict(judge, subjects[p.id], p.call.economy_rule) for p in found}

    def settle(at: datetime) -> None:
        now = _standing(person)
        for proposal, why in before.items():
            left = conflicts.conflict(now, subjects[proposal.id], proposal.call.economy_rule)
            if why in conflicts.WHY and left is None:
                declare_conflict(proposal, person, str(conflicts.WHY[why]), by=person, at=at)

    return settle


def _standing(person: Person) -> conflicts.Judge:
    """Whom she stands for, without where she applies: that can end, and the conflict behind it must not be lost."""
    return replace(conflict_queries.judge(person), applies=frozenset())
