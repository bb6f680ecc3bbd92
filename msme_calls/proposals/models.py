"""Proposals with their drafts, their submitted versions, their files and the conflicts of interest around them."""

import uuid
from datetime import datetime
from enum import Enum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from msme_calls import i18n
from msme_calls.accounts.models import Person
from msme_calls.calls.models import Call, Section
from msme_calls.calls.phases import Phase
from msme_calls.extensions import Base, uuid_key
from msme_calls.uploads import StoredFile

FACE = ("title", "summary", "organisation", "economy", "organisation_type", "language")


class Status(Enum):
    """Where a proposal stands with its applicant; review and decision have rows of their own."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    WITHDRAWN = "withdrawn"


class TeamRole(Enum):
    """What somebody may do in a proposal, each more than the one before. One owner leads it: the others are members."""

    VIEW = "view"
    EDIT = "edit"
    SUBMIT = "submit"  # and withdraw, and restore
    OWNER = "owner"

    def __ge__(self, other: "TeamRole") -> bool:
        return list(TeamRole).index(self) >= list(TeamRole).index(other)


class Proposal(Base):
    """One proposal to one call. Its public face is that of the version submitted last (of the draft before that)."""

    __tablename__ = "proposals"
    id: Mapped[uuid.UUID] = uuid_key()
    call_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("calls.id"), index=True)
    owner_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("people.id"), index=True)
    reference: Mapped[str] = mapped_column(unique=True)  # SBC27-7KQ4-M2
    status: Mapped[Status] = mapped_column(default=Status.DRAFT)
    title: Mapped[str] = mapped_column(default="")
    title_folded: Mapped[str] = mapped_column(default="")  # to search and sort by
    summary: Mapped[str] = mapped_column(default="")
    organisation: Mapped[str] = mapped_column(default="")
    organisation_folded: Mapped[str] = mapped_column(default="", index=True)
    economy: Mapped[str] = mapped_column(default="")
    organisation_type: Mapped[str] = mapped_column(default="")
    language: Mapped[str] = mapped_column(default="")
    started_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]  # of the version that counts
    withdrawn_at: Mapped[datetime | None]
    submitted_version: Mapped[int | None]  # number of the version that counts
    extended_to: Mapped[datetime | None]  # a later end of its own, given by a coordinator
    extension_reason: Mapped[str] = mapped_column(default="")
    offered_to_id: Mapped[uuid.UUID | None]  # the member to whom its owner has offered to hand it over
    version: Mapped[int] = mapped_column(default=1)
    call: Mapped[Call] = relationship()
    owner: Mapped[Person] = relationship(foreign_keys=[owner_id])
    members: Mapped[list["Member"]] = relationship(
        primaryjoin="and_(Member.proposal_id == Proposal.id, Member.left_at.is_(None))",
        order_by="(Member.since, Member.person_id)",
        viewonly=True,
    )
    drafts: Mapped[list["SectionDraft"]] = relationship(back_populates="proposal", cascade="all, delete-orphan")
    versions: Mapped[list["ProposalVersion"]] = relationship(
        back_populates="proposal", order_by="ProposalVersion.number", cascade="all, delete-orphan"
    )
    attachments: Mapped[list["Attachment"]] = relationship(
        back_populates="proposal", order_by="Attachment.added_at", cascade="all, delete-orphan"
    )
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        sa.CheckConstraint("(status = 'draft') = (submitted_version IS NULL)", name="submitted_has_version"),
        sa.CheckConstraint("(submitted_version IS NULL) = (submitted_at IS NULL)", name="version_has_instant"),
        sa.CheckConstraint("(status = 'withdrawn') = (withdrawn_at IS NOT NULL)", name="withdrawn_has_instant"),
        sa.Index("ix_proposals_call_id_status", "call_id", "status"),
    )

    @property
    def closes_at(self) -> datetime | None:
        """The first instant that is too late for this proposal: grace and an extension of its own included."""
        end = self.call.life.closes_at
        return max(end, self.extended_to) if end and self.extended_to else end

    def phase(self, at: datetime) -> Phase:
        """Where its call is at an instant; still open for a proposal that has more time than the others."""
        return Phase.OPEN if self.more_time(at) else self.call.phase(at)

    def more_time(self, at: datetime) -> bool:
        """Whether it can still be written at an instant at which others can't."""
        closed = self.call.phase(at) is Phase.CLOSED
        return closed and self.extended_to is not None and at < self.extended_to

    def more_time_after(self, end: datetime | None) -> bool:
        """Whether it was given more time than everybody has."""
        return self.extended_to is not None and end is not None and self.extended_to > end

    def role_of(self, person: Person) -> TeamRole | None:
        """What somebody may do in it, if she is on its team."""
        if person.id == self.owner_id:
            return TeamRole.OWNER
        return next((member.role for member in self.members if member.person_id == person.id), None)

    @validates("title", "organisation")
    def _fold(self, key: str, value: str) -> str:
        setattr(self, f"{key}_folded", i18n.folded(value))
        return value


class Member(Base):
    """Somebody who applies together with the owner of a proposal. Who has left it may still not judge it."""

    __tablename__ = "members"
    proposal_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("proposals.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("people.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    role: Mapped[TeamRole]
    since: Mapped[datetime]
    left_at: Mapped[datetime | None]
    proposal: Mapped[Proposal] = relationship()
    person: Mapped[Person] = relationship(lazy="joined", innerjoin=True)
    __table_args__ = (sa.CheckConstraint("role IN ('view', 'edit', 'submit')", name="role_of_member"),)


class TeamInvitation(Base):
    """An invitation to the team of a proposal, answered by a button on the page that its link opens."""

    __tablename__ = "team_invitations"
    id: Mapped[uuid.UUID] = uuid_key()
    proposal_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("proposals.id", ondelete="CASCADE"))
    address: Mapped[str] = mapped_column(index=True)
    name: Mapped[str] = mapped_column(default="")
    language: Mapped[str] = mapped_column(default="en")
    role: Mapped[TeamRole]
    invited_by_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("people.id", ondelete="SET NULL"))
    invited_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    declined_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    proposal: Mapped[Proposal] = relationship()
    invited_by: Mapped[Person | None] = relationship()
    __table_args__ = (
        sa.UniqueConstraint("proposal_id", "address"),
        sa.CheckConstraint("role IN ('view', 'edit', 'submit')", name="role_of_member"),
        sa.CheckConstraint("accepted_at IS NULL OR declined_at IS NULL", name="one_answer"),
        sa.CheckConstraint("accepted_at IS NULL OR revoked_at IS NULL", name="taken_or_taken_back"),
    )

    @property
    def state(self) -> str:
        """What became of it: "accepted", "declined", "revoked", or "" while it waits for an answer."""
        answers = (("accepted", self.accepted_at), ("declined", self.declined_at), ("revoked", self.revoked_at))
        return next((name for name, when in answers if when), "")


class Named(Base):
    """An e-mail address that the version that counts gives of one of its authors: whoever has it may not judge it."""

    __tablename__ = "named_addresses"
    proposal_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("proposals.id", ondelete="CASCADE"), primary_key=True)
    address: Mapped[str] = mapped_column(primary_key=True, index=True)


class SectionDraft(Base):
    """The answers of one section as they are being written: question key → value."""

    __tablename__ = "section_drafts"
    proposal_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("proposals.id", ondelete="CASCADE"), primary_key=True)
    section_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("sections.id"), primary_key=True)
    answers: Mapped[dict] = mapped_column(default=dict)
    saved_at: Mapped[datetime]
    saved_by_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("people.id", ondelete="SET NULL"))
    version: Mapped[int] = mapped_column(default=1)
    proposal: Mapped[Proposal] = relationship(back_populates="drafts")
    section: Mapped[Section] = relationship()
    __mapper_args__ = {"version_id_col": version}


class ProposalVersion(Base):
    """What was submitted, once and for all. `digest` is the SHA-256 of the canonical text of answers and files."""

    __tablename__ = "proposal_versions"
    id: Mapped[uuid.UUID] = uuid_key()
    proposal_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("proposals.id", ondelete="CASCADE"))
    number: Mapped[int]
    answers: Mapped[dict]
    files: Mapped[list] = mapped_column(default=list)  # [{id, question, name, kind, size, pages, sha256}]
    digest: Mapped[str]
    idempotency_key: Mapped[str]
    submitted_at: Mapped[datetime]
    submitted_by_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("people.id", ondelete="SET NULL"))
    receipt: Mapped[str | None] = mapped_column(deferred=True)  # signed, as text; none of rehearsals, and of before
    proposal: Mapped[Proposal] = relationship(back_populates="versions")
    __table_args__ = (
        sa.UniqueConstraint("proposal_id", "number"),
        sa.UniqueConstraint("proposal_id", "idempotency_key"),
    )


class Attachment(Base):
    """A file given to a question of a draft; submitted versions keep their own list of what they contained."""

    __tablename__ = "attachments"
    id: Mapped[uuid.UUID] = uuid_key()
    proposal_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("proposals.id", ondelete="CASCADE"), index=True)
    question: Mapped[str]  # the question's key
    sha256: Mapped[str] = mapped_column(sa.ForeignKey("stored_files.sha256"))
    name: Mapped[str]
    kind: Mapped[str]
    size: Mapped[int]
    pages: Mapped[int | None]
    added_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]  # from the draft; a submitted version may still hold it
    proposal: Mapped[Proposal] = relationship(back_populates="attachments")
    stored: Mapped[StoredFile] = relationship(lazy="joined", innerjoin=True)

    @property
    def listed(self) -> dict[str, Any]:
        """How a submitted version lists it."""
        return {
            "id": str(self.id), "question": self.question, "name": self.name, "kind": self.kind,
            "size": self.size, "pages": self.pages, "sha256": self.sha256,
        }  # fmt: skip


class Conflict(Base):
    """A conflict of interest that somebody declared; those that follow from facts are found, not stored."""

    __tablename__ = "conflicts"
    id: Mapped[uuid.UUID] = uuid_key()
    proposal_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("proposals.id", ondelete="CASCADE"), index=True)
    person_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("people.id", ondelete="CASCADE"), index=True)
    reason: Mapped[str] = mapped_column(default="")
    declared_by_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("people.id", ondelete="SET NULL"))
    declared_at: Mapped[datetime]
    proposal: Mapped[Proposal] = relationship()
    person: Mapped[Person] = relationship(foreign_keys=[person_id])
    __table_args__ = (sa.UniqueConstraint("proposal_id", "person_id"),)
