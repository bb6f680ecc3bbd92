"""Assignments, reviews with their former versions, and each proposal's standing."""

import uuid
from datetime import datetime
from enum import Enum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from msme_calls.accounts.models import Person
from msme_calls.extensions import Base, uuid_key
from msme_calls.proposals.models import Proposal


class Ended(Enum):
    """Why an assignment ended without a review."""

    DECLINED = "declined"
    CONFLICT = "conflict"
    REMOVED = "removed"


class ReviewStatus(Enum):
    """Where a review stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"


class Assignment(Base):
    """A reviewer is asked to judge a proposal."""

    __tablename__ = "assignments"
    id: Mapped[uuid.UUID] = uuid_key()
    proposal_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("proposals.id", ondelete="CASCADE"))
    reviewer_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("people.id", ondelete="CASCADE"), index=True)
    call_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("calls.id", ondelete="CASCADE"), index=True)
    why: Mapped[dict] = mapped_column(default=dict)  # how it came about: {"by": "hand"} or the draw's reasons
    extended_to: Mapped[datetime | None]  # past the cut-off, with a reason in the history
    assigned_at: Mapped[datetime]
    assigned_by_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("people.id", ondelete="SET NULL"))
    ended_at: Mapped[datetime | None]
    ended: Mapped[Ended | None]
    ended_reason: Mapped[str] = mapped_column(default="")
    proposal: Mapped[Proposal] = relationship()
    reviewer: Mapped[Person] = relationship(foreign_keys=[reviewer_id])
    review: Mapped["Review | None"] = relationship(back_populates="assignment", cascade="all, delete-orphan")
    __table_args__ = (
        sa.CheckConstraint("(ended_at IS NULL) = (ended IS NULL)", name="ended_for_a_reason"),
        sa.Index(
            "uq_assignments_active", "proposal_id", "reviewer_id", unique=True,
            sqlite_where=sa.text("ended_at IS NULL"), postgresql_where=sa.text("ended_at IS NULL"),
        ),
    )  # fmt: skip


class Review(Base):
    """A score sheet. A score is a whole number, null for “I can't judge this”, absent while not answered."""

    __tablename__ = "reviews"
    id: Mapped[uuid.UUID] = uuid_key()
    assignment_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("assignments.id", ondelete="CASCADE"), unique=True)
    status: Mapped[ReviewStatus] = mapped_column(default=ReviewStatus.DRAFT)
    scores: Mapped[dict] = mapped_column(default=dict)  # criterion key → score or null
    comment_applicant: Mapped[str] = mapped_column(default="")
    comment_committee: Mapped[str] = mapped_column(default="")
    language: Mapped[str] = mapped_column(default="en")  # in which the comments are written
    score: Mapped[int | None] = mapped_column(sa.BigInteger)  # weighted mean in billionths, of the submitted sheet
    saved_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    late: Mapped[bool] = mapped_column(default=False)  # first submitted after its due date
    version: Mapped[int] = mapped_column(default=1)
    assignment: Mapped[Assignment] = relationship(back_populates="review")
    former: Mapped[list["FormerReview"]] = relationship(cascade="all, delete-orphan", order_by="FormerReview.number")
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        sa.CheckConstraint("(status = 'submitted') = (submitted_at IS NOT NULL)", name="submitted_has_instant"),
    )


class FormerReview(Base):
    """A submitted score sheet as it was before its reviewer revised it."""

    __tablename__ = "former_reviews"
    review_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("reviews.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    scores: Mapped[dict]
    comment_applicant: Mapped[str]
    comment_committee: Mapped[str]
    language: Mapped[str]
    score: Mapped[int | None] = mapped_column(sa.BigInteger)
    submitted_at: Mapped[datetime]
    reason: Mapped[str]  # why it was revised


class Standing(Base):
    """A proposal's place material: count, mean and spread of its submitted reviews, and its tie-break, kept in step."""

    __tablename__ = "standings"
    proposal_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("proposals.id", ondelete="CASCADE"), primary_key=True)
    call_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("calls.id", ondelete="CASCADE"))
    count: Mapped[int] = mapped_column(default=0)  # submitted reviews that have a score
    mean: Mapped[int | None] = mapped_column(sa.BigInteger)  # billionths
    spread: Mapped[int | None] = mapped_column(sa.BigInteger)  # standard deviation of the reviews' scores, billionths
    ties: Mapped[str] = mapped_column(default="")  # the means of the tie-break criteria: `ranking.tie_text`
    draw: Mapped[str] = mapped_column(default="")  # the last resort: a hash that anyone can recompute
    proposal: Mapped[Proposal] = relationship()
    __table_args__ = (sa.Index("ix_standings_rank", "call_id", "mean", "ties", "draw"),)
