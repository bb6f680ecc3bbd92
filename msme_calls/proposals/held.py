"""What proposals hold of a person: her own and those she works on, with every version and file of her own."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import joinedload, selectinload

from msme_calls import i18n, personal
from msme_calls.accounts.models import Person
from msme_calls.calls.held import OVER
from msme_calls.calls.models import Call, Question, Section
from msme_calls.calls.phases import Phase
from msme_calls.errors import allow
from msme_calls.extensions import db, lock
from msme_calls.proposals import actions, team
from msme_calls.proposals.incoming import IncomingUpload
from msme_calls.proposals.models import Attachment, Conflict, Member, Proposal, ProposalVersion, Status, TeamInvitation


class Proposals(personal.Holding):
    name = "proposals"
    columns = frozenset(
        {"proposals.owner_id", "members.person_id", "team_invitations.address", "team_invitations.invited_by_id",
         "section_drafts.saved_by_id", "proposal_versions.submitted_by_id", "conflicts.person_id",
         "conflicts.declared_by_id", "named_addresses.address", "incoming_uploads.person_id"}
    )  # fmt: skip

    def given(self, person: Person, at: datetime) -> Any:
        shared = sa.select(Member).where(Member.person_id == person.id).options(joinedload(Member.proposal))
        conflicts = sa.select(Conflict).where(Conflict.person_id == person.id, Conflict.declared_by_id == person.id)
        on_their_way = sa.select(IncomingUpload).filter_by(person_id=person.id, ended_at=None)
        return {
            "own": [_whole(proposal) for proposal in _owned(person, forms=True)],
            "works_on": [
                {"reference": m.proposal.reference, "role": m.role.value, "since": m.since}
                for m in db.session.scalars(shared.order_by(Member.since))
            ],
            "conflicts_declared": [
                {"reason": c.reason, "declared_at": c.declared_at}
                for c in db.session.scalars(conflicts.order_by(Conflict.declared_at))
            ],
            "on_their_way": [  # files that have not come whole; their bytes are no document yet
                {"name": u.name, "size": u.size, "received": u.received, "expires_at": u.expires_at}
                for u in db.session.scalars(on_their_way.order_by(IncomingUpload.expires_at))
            ],
        }

    def files(self, person: Person) -> Iterable[tuple[str, str]]:
        for proposal in _owned(person):
            for number, file in enumerate(proposal.attachments, 1):
                yield _path(proposal, number, file), file.sha256

    def against(self, person: Person, at: datetime) -> Iterable[str]:
        for proposal in _owned(person):
            if proposal.members:
                yield _("Others work on your proposal %(reference)s. Hand it over to one of them first, or remove them "
                        "from its team.", reference=proposal.reference)  # fmt: skip
            elif _judged(proposal, at):
                yield _("Your proposal %(reference)s is being judged, and the result must reach somebody. Come back "
                        "after the result.", reference=proposal.reference)  # fmt: skip

    def follows(self, person: Person, at: datetime) -> Iterable[str]:
        for proposal in _owned(person):
            if _goes(proposal, at):
                yield _("Your proposal %(reference)s to “%(call)s” is deleted, with its files. Nobody will judge it.",
                        reference=proposal.reference, call=i18n.said(proposal.call.title))  # fmt: skip
            elif not _judged(proposal, at):
                yield _("Your proposal %(reference)s stays with the call that judged it, as you submitted it, so that "
                        "its result can be defended. Your account is no longer named beside it.",
                        reference=proposal.reference)  # fmt: skip

    def erase(self, person: Person, at: datetime) -> None:
        for proposal in _owned(person):
            if _goes(proposal, at):
                lock(proposal)  # whoever joined its team meanwhile keeps it: the owner is asked to hand it over
                allow(next(iter(self.against(person, at)), None) if proposal.members else None)
                if proposal.status is Status.SUBMITTED and proposal.phase(at) is Phase.OPEN:
                    actions.withdraw(proposal, by=person, at=at)
                db.session.delete(proposal)
        shared = sa.select(Proposal).join(Member, Member.proposal_id == Proposal.id).order_by(Proposal.id)
        for proposal in db.session.scalars(shared.where(Member.person_id == person.id, Member.left_at.is_(None))).all():
            team.leave(proposal, by=person, at=at)
        db.session.execute(sa.delete(Member).where(Member.person_id == person.id))
        db.session.execute(sa.delete(IncomingUpload).where(IncomingUpload.person_id == person.id))
        hers = TeamInvitation.address == person.email
        db.session.execute(sa.delete(TeamInvitation).where(hers, TeamInvitation.accepted_at.is_(None)))
        nobody = f"{person.id}@erased.invalid"
        db.session.execute(sa.update(TeamInvitation).where(hers).values(address=nobody, name=""))


def _owned(person: Person, forms: bool = False) -> list[Proposal]:
    """Her own; with the questions that they answer if `forms`."""
    versions = selectinload(Proposal.versions).undefer(ProposalVersion.receipt)
    call: Any = joinedload(Proposal.call)
    if forms:
        call = call.selectinload(Call.sections).selectinload(Section.questions).lazyload(Question.conditions)
    parts = (call, selectinload(Proposal.drafts), versions,
             selectinload(Proposal.attachments), selectinload(Proposal.members))  # fmt: skip
    rows = sa.select(Proposal).where(Proposal.owner_id == person.id).options(*parts)
    return list(db.session.scalars(rows.order_by(Proposal.started_at, Proposal.id)))


def _judged(proposal: Proposal, at: datetime) -> bool:
    """Whether a call that isn't over counts it."""
    waits = proposal.phase(at) not in (*OVER, Phase.OPEN)
    return proposal.status is Status.SUBMITTED and waits


def _goes(proposal: Proposal, at: datetime) -> bool:
    """Whether it goes with its owner's account: nobody has judged it, and nobody will.

    What reviewers wrote, or coordinators decided, goes with nobody: neither by withdrawing first, nor where the call
    was cancelled since.
    """
    began = proposal.call.review_started_at
    if proposal.status is Status.WITHDRAWN and proposal.withdrawn_at:
        return began is None or proposal.withdrawn_at < began
    return proposal.status is Status.DRAFT or (began is None and proposal.phase(at) in (Phase.OPEN, Phase.CANCELLED))


def _whole(proposal: Proposal) -> dict[str, Any]:
    asked = {q.key: q.label for q in proposal.call.form.questions}
    return {
        "reference": proposal.reference, "call": proposal.call.slug, "call_title": proposal.call.title,
        "status": proposal.status.value, "language": proposal.language, "started_at": proposal.started_at,
        "submitted_at": proposal.submitted_at, "withdrawn_at": proposal.withdrawn_at, "questions": asked,
        "draft": {key: value for part in proposal.drafts for key, value in part.answers.items()},
        "versions": [
            {"number": v.number, "submitted_at": v.submitted_at, "digest": v.digest, "answers": v.answers,
             "files": v.files, "receipt": json.loads(v.receipt) if v.receipt else None} for v in proposal.versions
        ],
        "files": [
            {"path": _path(proposal, number, file), "name": file.name, "question": file.question,
             "added_at": file.added_at, "removed_at": file.removed_at, "sha256": file.sha256}
            for number, file in enumerate(proposal.attachments, 1)
        ],
    }  # fmt: skip


def _path(proposal: Proposal, number: int, file: Attachment) -> str:
    return f"files/{proposal.reference}/{number}.{file.kind}"
