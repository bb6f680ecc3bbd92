"""Decisions on proposals, the public words for winners, their confirmation, and the seal."""

import uuid
from datetime import datetime
from enum import Enum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from msme_calls.calls.models import Call
from msme_calls.extensions import Base, Translated, uuid_key
from msme_calls.freshness import shown_to_all
from msme_calls.proposals.models import Proposal


class Outcome(Enum):
    """What was decided on a proposal; which of them a call uses is its own list."""

    WINNER = "winner"
    RUNNER_UP = "runner-up"
    SHORTLISTED = "shortlisted"
    SELECTED = "selected"
    ACCEPTED = "accepted"  # as a document of the group
    REVISE = "revise"
    NOT_SELECTED = "not-selected"

    @property
    def public(self) -> bool:
        """Whether the world learns of it, under a public name."""
        return self in (Outcome.WINNER, Outcome.RUNNER_UP, Outcome.SELECTED, Outcome.ACCEPTED)


class Decision(Base):
    """The outcome of one proposal with its reason, and the public words of those who are named."""

    __tablename__ = "decisions"
    proposal_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("proposals.id"), primary_key=True)
    call_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("calls.id"), index=True)
    outcome: Mapped[Outcome]
    rationale: Mapped[str] = mapped_column(default="")
    public_name: Mapped[dict] = mapped_column(Translated, default=dict)
    public_project: Mapped[dict] = mapped_column(Translated, default=dict)
    public_summary: Mapped[dict] = mapped_column(Translated, default=dict)
    symbol: Mapped[str] = mapped_column(default="", server_default="")  # of the document that it becomes: INF/MSME/P/12
    decided_by_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("people.id", ondelete="SET NULL"))
    decided_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)
    proposal: Mapped[Proposal] = relationship()
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        sa.Index(
            "uq_decisions_symbol", "symbol", unique=True,
            sqlite_where=sa.text("symbol <> ''"), postgresql_where=sa.text("symbol <> ''"),
        ),
    )  # fmt: skip


class Resolution(Base):
    """The state of a call's decision as a whole: proposed by one, confirmed by another; any change undoes both."""

    __tablename__ = "resolutions"
    call_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("calls.id"), primary_key=True)
    proposed_by_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("people.id", ondelete="SET NULL"))
    proposed_at: Mapped[datetime | None]
    confirmed_by_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("people.id", ondelete="SET NULL"))
    confirmed_at: Mapped[datetime | None]
    digest: Mapped[str | None]  # of what was proposed, so that a confirmation is of exactly that
    version: Mapped[int] = mapped_column(default=1)
    call: Mapped[Call] = relationship()
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        sa.CheckConstraint("confirmed_at IS NULL OR proposed_at IS NOT NULL", name="proposed_first"),
        sa.CheckConstraint("confirmed_by_id IS NULL OR confirmed_by_id <> proposed_by_id", name="two_people"),
    )


@shown_to_all
class Seal(Base):
    """The whole result as bytes that never change; pages are drawn from them once their instant has come."""

    __tablename__ = "seals"
    id: Mapped[uuid.UUID] = uuid_key()
    call_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("calls.id"), index=True)
    content: Mapped[bytes]  # canonical JSON, UTF-8, with a 256-bit nonce
    digest: Mapped[str]  # SHA-256 of the content, hexadecimal; public at once
    secret: Mapped[str]  # 256 bits, never published: the salts of the commitments come from it
    result_at: Mapped[datetime]
    sealed_at: Mapped[datetime]
    sealed_by_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("people.id", ondelete="SET NULL"))
    unsealed_at: Mapped[datetime | None]
    unsealed_by_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("people.id", ondelete="SET NULL"))
    unseal_asked_by_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("people.id", ondelete="SET NULL"))
    unseal_note: Mapped[dict] = mapped_column(Translated, default=dict)  # public
    call: Mapped[Call] = relationship()
    __table_args__ = (
        sa.Index(
            "uq_seals_in_force", "call_id", unique=True,
            sqlite_where=sa.text("unsealed_at IS NULL"), postgresql_where=sa.text("unsealed_at IS NULL"),
        ),
        sa.CheckConstraint(
            "unsealed_by_id IS NULL OR unsealed_by_id <> unseal_asked_by_id", name="two_people_unseal"
        ),
    )  # fmt: skip
