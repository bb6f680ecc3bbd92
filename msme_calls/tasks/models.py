"""Tasks of a call, and what was handed in for them."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from msme_calls.calls.models import Call
from msme_calls.extensions import Base, Json, Translated, uuid_key
from msme_calls.proposals.models import Proposal

PREFIX = "task-"  # of the name under which an attachment belongs to a task; no question is called so


class Task(Base):
    """One thing asked of the proposals with some outcomes until an instant: a question of any kind, with a date."""

    __tablename__ = "tasks"
    id: Mapped[uuid.UUID] = uuid_key()
    call_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("calls.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    kind: Mapped[str]  # a key of `questions.KINDS`
    label: Mapped[dict] = mapped_column(Translated)
    help: Mapped[dict] = mapped_column(Translated, default=dict)
    required: Mapped[bool] = mapped_column(default=True)
    options: Mapped[dict] = mapped_column(default=dict)
    outcomes: Mapped[list] = mapped_column(default=list)  # whose proposals are asked
    due_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)
    call: Mapped[Call] = relationship()
    __mapper_args__ = {"version_id_col": version}

    @property
    def question(self) -> "AsQuestion":
        """The same as the kinds of question take it."""
        return AsQuestion(self.key, self.kind, self.required, self.label, self.options, self.help)

    @property
    def key(self) -> str:
        """The name of its field, and of its files among the proposal's."""
        return f"{PREFIX}{self.id}"


@dataclass
class AsQuestion:
    """A task as a question, without its date."""

    key: str
    kind: str
    required: bool
    label: dict[str, str]
    options: dict[str, Any]
    help: dict[str, str]
    conditions: ClassVar[tuple[Any, ...]] = ()  # it is always asked


class Done(Base):
    """What a proposal's team handed in for a task."""

    __tablename__ = "tasks_done"
    task_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True)
    proposal_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("proposals.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    value: Mapped[Any] = mapped_column(
        Json, nullable=True
    )  # as the kind of question keeps it; files lie among the proposal's
    done_at: Mapped[datetime]
    done_by_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("people.id", ondelete="SET NULL"))
    late: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int] = mapped_column(default=1)
    task: Mapped[Task] = relationship()
    proposal: Mapped[Proposal] = relationship()
    __mapper_args__ = {"version_id_col": version}
