"""Calls with everything that varies by year as data; their criteria, form, partners, roles and invitations."""

import uuid
from collections.abc import Iterable
from datetime import datetime
from enum import Enum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from msme_calls import i18n
from msme_calls.accounts.models import Person
from msme_calls.calls.kinds import KINDS
from msme_calls.calls.phases import Life, Phase, phase
from msme_calls.extensions import Base, Translated, uuid_key
from msme_calls.freshness import shown_to_all


class Role(Enum):
    """What somebody is in one call."""

    COORDINATOR = "coordinator"
    ASSISTANT = "assistant"
    CHAIR = "chair"
    REVIEWER = "reviewer"
    OBSERVER = "observer"


class Blindness(Enum):
    """Who is hidden from whom."""

    OPEN = "open"
    SINGLE = "single"  # the applicant is hidden from the reviewers


TEXTS = ("lead", "background", "goals", "eligibility", "not_for", "asked", "prize", "judging")


@shown_to_all
class Call(Base):
    """One call of one year."""

    __tablename__ = "calls"
    id: Mapped[uuid.UUID] = uuid_key()
    slug: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]  # a key of `kinds.KINDS`
    prefix: Mapped[str]  # of the references: SBC27
    languages: Mapped[list] = mapped_column(default=lambda: list(i18n.LANGUAGES))
    zone: Mapped[str] = mapped_column(default="Europe/Zurich")

    title: Mapped[dict] = mapped_column(Translated, default=dict)
    theme: Mapped[dict] = mapped_column(Translated, default=dict)
    lead: Mapped[dict] = mapped_column(Translated, default=dict)
    background: Mapped[dict] = mapped_column(Translated, default=dict)
    goals: Mapped[dict] = mapped_column(Translated, default=dict)
    eligibility: Mapped[dict] = mapped_column(Translated, default=dict)
    not_for: Mapped[dict] = mapped_column(Translated, default=dict)
    asked: Mapped[dict] = mapped_column(Translated, default=dict)
    prize: Mapped[dict] = mapped_column(Translated, default=dict)
    judging: Mapped[dict] = mapped_column(Translated, default=dict)
    contact: Mapped[str] = mapped_column(default="")

    organisation_types: Mapped[list] = mapped_column(default=list)
    outcomes: Mapped[list] = mapped_column(default=list)
    winners: Mapped[int] = mapped_column(default=3)
    runners_up: Mapped[int] = mapped_column(default=0)
    reviews_per_proposal: Mapped[int] = mapped_column(default=3)
    blindness: Mapped[Blindness] = mapped_column(default=Blindness.OPEN)
    economy_rule: Mapped[bool] = mapped_column(default=True)
    tie_breaks: Mapped[list] = mapped_column(default=list)  # keys of criteria, in order; the last resort is a draw
    draw_seed: Mapped[str | None]  # of that draw: random, made when the review starts, when no proposal can be added
    unpublished: Mapped[list] = mapped_column(default=list)  # parts that are this site's default, not the organisers'

    opens_at: Mapped[datetime | None]
    deadline_at: Mapped[datetime | None]
    grace_minutes: Mapped[int] = mapped_column(default=0)  # published with the deadline
    review_due_at: Mapped[datetime | None]
    review_cutoff_at: Mapped[datetime | None]
    result_at: Mapped[datetime | None]

    launched_at: Mapped[datetime | None]
    review_started_at: Mapped[datetime | None]
    deciding_started_at: Mapped[datetime | None]
    sealed_at: Mapped[datetime | None]
    seal_digest: Mapped[str | None]
    cancelled_at: Mapped[datetime | None]
    archived_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)

    criteria: Mapped[list["Criterion"]] = relationship(
        back_populates="call", cascade="all, delete-orphan", order_by="Criterion.position", lazy="select"
    )
    sections: Mapped[list["Section"]] = relationship(
        back_populates="call", cascade="all, delete-orphan", order_by="Section.position", lazy="select"
    )
    partners: Mapped[list["Partner"]] = relationship(
        back_populates="call", cascade="all, delete-orphan", order_by="Partner.position", lazy="select"
    )
    memberships: Mapped[list["Membership"]] = relationship(
        back_populates="call", cascade="all, delete-orphan", lazy="select"
    )
    deadline_moves: Mapped[list["DeadlineMove"]] = relationship(
        back_populates="call", cascade="all, delete-orphan", order_by="DeadlineMove.at.desc()", lazy="select"
    )

    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        sa.CheckConstraint("opens_at IS NULL OR deadline_at IS NULL OR opens_at < deadline_at", name="opens_first"),
        sa.CheckConstraint("(sealed_at IS NULL) = (seal_digest IS NULL)", name="sealed_with_digest"),
        sa.CheckConstraint("sealed_at IS NULL OR result_at IS NOT NULL", name="sealed_for_an_instant"),
        sa.CheckConstraint("launched_at IS NULL OR deadline_at IS NOT NULL", name="launched_with_deadline"),
        sa.CheckConstraint("review_started_at IS NULL OR launched_at IS NOT NULL", name="launched_before_review"),
        sa.CheckConstraint(
            "deciding_started_at IS NULL OR review_started_at IS NOT NULL", name="review_before_deciding"
        ),
    )

    @property
    def life(self) -> Life:
        """What the phase is computed from."""
        from msme_calls.calls.deadlines import last_instant  # a rule of this feature, above its models

        acts = ("launched_at", "review_started_at", "deciding_started_at", "sealed_at", "cancelled_at", "archived_at")
        return Life(
            opens_at=self.opens_at,
            deadline_at=self.deadline_at,
            closes_at=last_instant(self.deadline_at, self.grace_minutes),
            result_at=self.result_at,
            **{a: getattr(self, a) for a in acts},
        )

    def phase(self, at: datetime) -> Phase:
        """Where the call is in its life at an instant."""
        return phase(self.life, at)

    @property
    def scored(self) -> bool:
        """Whether reviewers' scores make a ranking; where none do, coordinators judge with the group."""
        return KINDS[self.kind].ranking

    @property
    def symbol(self) -> str:
        """The series of the documents that its accepted proposals become, or ""."""
        return KINDS[self.kind].symbol

    @property
    def form(self) -> "Form":
        """The form to read: the copy that this process keeps, if whoever loaded the call has given it one."""
        return vars(self).get("kept_form") or Form(self.sections)

    @property
    def questions(self) -> list["Question"]:
        """All questions in the form's order."""
        return [q for s in self.sections for q in s.questions]

    @property
    def name(self) -> str:
        """The call's title in the reader's language."""
        return i18n.said(self.title) or self.slug


@shown_to_all
class DeadlineMove(Base):
    """An extension of the deadline, as it is announced on the call's page; the newest first in a call."""

    __tablename__ = "deadline_moves"
    id: Mapped[uuid.UUID] = uuid_key()
    call_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("calls.id", ondelete="CASCADE"), index=True)
    former: Mapped[datetime]
    new: Mapped[datetime]
    reason: Mapped[dict] = mapped_column(Translated, default=dict)
    at: Mapped[datetime]
    moved_by_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("people.id", ondelete="SET NULL"))
    call: Mapped[Call] = relationship(back_populates="deadline_moves")
    __table_args__ = (sa.CheckConstraint("former < new", name="later"),)


@shown_to_all
class Partner(Base):
    """An organisation that holds the call with the group."""

    __tablename__ = "partners"
    id: Mapped[uuid.UUID] = uuid_key()
    call_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("calls.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    name: Mapped[dict] = mapped_column(Translated)
    link: Mapped[str] = mapped_column(default="")
    logo_sha256: Mapped[str | None] = mapped_column(sa.ForeignKey("stored_files.sha256"))
    call: Mapped[Call] = relationship(back_populates="partners")


@shown_to_all
class Criterion(Base):
    """What reviewers score, on a scale from 0 whose every step is said in a sentence."""

    __tablename__ = "criteria"
    id: Mapped[uuid.UUID] = uuid_key()
    call_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("calls.id", ondelete="CASCADE"))
    position: Mapped[int]
    key: Mapped[str]
    name: Mapped[dict] = mapped_column(Translated)
    description: Mapped[dict] = mapped_column(Translated, default=dict)
    weight: Mapped[int]  # parts of the sum of all weights
    scale: Mapped[int] = mapped_column(default=5)  # the highest score
    optional: Mapped[bool] = mapped_column(default=False)
    anchors: Mapped[dict] = mapped_column(default=dict)  # score as text → Translated sentence
    call: Mapped[Call] = relationship(back_populates="criteria")
    __table_args__ = (
        sa.UniqueConstraint("call_id", "key"),
        sa.CheckConstraint("weight > 0", name="weight_positive"),
        sa.CheckConstraint("scale BETWEEN 1 AND 10", name="scale_known"),
    )


@shown_to_all
class Section(Base):
    """A page of the form."""

    __tablename__ = "sections"
    id: Mapped[uuid.UUID] = uuid_key()
    call_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("calls.id", ondelete="CASCADE"))
    position: Mapped[int]
    key: Mapped[str]
    title: Mapped[dict] = mapped_column(Translated)
    intro: Mapped[dict] = mapped_column(Translated, default=dict)
    call: Mapped[Call] = relationship(back_populates="sections")
    questions: Mapped[list["Question"]] = relationship(
        back_populates="section", cascade="all, delete-orphan", order_by="Question.position", lazy="selectin"
    )
    __table_args__ = (sa.UniqueConstraint("call_id", "key"),)


@shown_to_all
class Question(Base):
    """A question of the form; what a kind needs beyond this lies in `options`."""

    __tablename__ = "questions"
    id: Mapped[uuid.UUID] = uuid_key()
    section_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("sections.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    key: Mapped[str]
    kind: Mapped[str]  # a key of `questions.KINDS`
    label: Mapped[dict] = mapped_column(Translated)
    help: Mapped[dict] = mapped_column(Translated, default=dict)
    required: Mapped[bool] = mapped_column(default=True)
    feeds: Mapped[str] = mapped_column(default="")  # the column of a proposal's public face that it fills, or ""
    hidden: Mapped[bool] = mapped_column(default=False)  # from reviewers, when the applicant is hidden
    public: Mapped[bool] = mapped_column(default=False)  # shown publicly if the proposal wins
    options: Mapped[dict] = mapped_column(default=dict)
    match: Mapped[str] = mapped_column(default="all")  # whether all or any of its conditions have to hold
    section: Mapped[Section] = relationship(back_populates="questions")
    conditions: Mapped[list["Condition"]] = relationship(
        back_populates="question", cascade="all, delete-orphan", order_by="Condition.position", lazy="selectin",
        foreign_keys="Condition.question_id",
    )  # fmt: skip
    __table_args__ = (
        sa.UniqueConstraint("section_id", "key"),
        sa.CheckConstraint("\"match\" IN ('all', 'any')", name="match_known"),
    )


@shown_to_all
class Condition(Base):
    """A question is asked only if an earlier answer is so. No question goes while another depends on it."""

    __tablename__ = "conditions"
    id: Mapped[uuid.UUID] = uuid_key()
    question_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("questions.id", ondelete="CASCADE"), index=True)
    depends_on_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("questions.id", ondelete="RESTRICT"), index=True)
    position: Mapped[int]
    operator: Mapped[str]  # a key of `questions.conditions.OPERATORS`
    value: Mapped[str] = mapped_column(default="")  # the key of a choice, or a number in plain digits
    question: Mapped[Question] = relationship(back_populates="conditions", foreign_keys=[question_id])
    depends_on: Mapped[Question] = relationship(foreign_keys=[depends_on_id])  # lies in the form that is loaded
    __table_args__ = (
        sa.CheckConstraint("question_id <> depends_on_id", name="on_another"),
        sa.CheckConstraint(
            "operator IN ('is', 'is-not', 'at-least', 'at-most', 'answered', 'unanswered')", name="operator_known"
        ),
        sa.CheckConstraint("(operator IN ('answered', 'unanswered')) = (value = '')", name="valued"),
    )


class Form:
    """A form as it is asked: its sections in order, and all their questions. Nobody changes what is read here."""

    def __init__(self, sections: Iterable[Section]) -> None:
        self.sections = list(sections)
        self.questions = [q for s in self.sections for q in s.questions]


class Membership(Base):
    """A person's role in a call."""

    __tablename__ = "memberships"
    id: Mapped[uuid.UUID] = uuid_key()
    call_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("calls.id", ondelete="CASCADE"))
    person_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("people.id", ondelete="CASCADE"), index=True)
    role: Mapped[Role]
    since: Mapped[datetime]
    vouched_by_id: Mapped[uuid.UUID | None]  # from whom a role as coordinator stems that was taken during the review
    most_reviews: Mapped[int | None]  # how many a reviewer takes at most
    languages: Mapped[list] = mapped_column(default=list)  # that a reviewer reads
    call: Mapped[Call] = relationship(back_populates="memberships")
    person: Mapped[Person] = relationship(lazy="joined")
    __table_args__ = (sa.UniqueConstraint("call_id", "person_id", "role"),)


class Invitation(Base):
    """An invitation to a role in a call, answered by pressing a button on the page that its link opens."""

    __tablename__ = "invitations"
    id: Mapped[uuid.UUID] = uuid_key()
    call_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("calls.id", ondelete="CASCADE"), index=True)
    address: Mapped[str]
    name: Mapped[str] = mapped_column(default="")
    language: Mapped[str] = mapped_column(default="en")
    role: Mapped[Role]
    invited_by_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("people.id", ondelete="SET NULL"))
    vouched_by_id: Mapped[uuid.UUID | None]  # from whom a role as coordinator would stem (`queries.stem`)
    invited_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    declined_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(default="")
    call: Mapped[Call] = relationship()
    invited_by: Mapped[Person | None] = relationship()
    __table_args__ = (
        sa.UniqueConstraint("call_id", "address", "role"),
        sa.CheckConstraint("accepted_at IS NULL OR declined_at IS NULL", name="one_answer"),
        sa.CheckConstraint("accepted_at IS NULL OR revoked_at IS NULL", name="taken_or_taken_back"),
    )

    @property
    def email(self) -> str:
        """The address, under the name that mails ask for."""
        return self.address
