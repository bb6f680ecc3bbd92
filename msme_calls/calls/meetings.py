"""The working group's meetings, and the rounds of contributions that follow them."""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship, selectinload

from msme_calls.calls.models import Call
from msme_calls.extensions import Base, Translated, db, uuid_key
from msme_calls.freshness import shown_to_all


@shown_to_all
class Meeting(Base):
    """One meeting in the public calendar. It is never deleted: who has it in her own calendar must see it cancelled."""

    __tablename__ = "meetings"
    id: Mapped[uuid.UUID] = uuid_key()
    title: Mapped[dict] = mapped_column(Translated)
    place: Mapped[dict] = mapped_column(Translated, default=dict)
    starts_at: Mapped[datetime] = mapped_column(index=True)
    ends_at: Mapped[datetime | None]
    zone: Mapped[str]
    link: Mapped[str] = mapped_column(default="")  # to its agenda or registration
    cancelled_at: Mapped[datetime | None]
    changed_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)
    rounds: Mapped[list["Round"]] = relationship(back_populates="meeting")
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (sa.CheckConstraint("ends_at IS NULL OR ends_at > starts_at", name="ends_later"),)


@shown_to_all
class Round(Base):
    """The call that gathers contributions to a meeting: one for each kind of call that follows meetings."""

    __tablename__ = "rounds"
    call_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True)
    meeting_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("meetings.id"))
    kind: Mapped[str]
    call: Mapped[Call] = relationship()
    meeting: Mapped[Meeting] = relationship(back_populates="rounds")
    __table_args__ = (sa.UniqueConstraint("meeting_id", "kind"),)


def calendar() -> list[Meeting]:
    """All meetings with their rounds, the earliest first."""
    rounds = selectinload(Meeting.rounds).joinedload(Round.call)
    return list(db.session.scalars(sa.select(Meeting).options(rounds).order_by(Meeting.starts_at, Meeting.id)))


def find(meeting_id: uuid.UUID) -> Meeting | None:
    """One of them."""
    rounds = selectinload(Meeting.rounds).joinedload(Round.call)
    return db.session.scalar(sa.select(Meeting).where(Meeting.id == meeting_id).options(rounds))


def of_call(call: Call) -> Meeting | None:
    """The meeting that a call gathers contributions to."""
    found = sa.select(Round).where(Round.call_id == call.id).options(joinedload(Round.meeting))
    row = db.session.scalar(found)
    return row.meeting if row else None


def former(kind: str, before: datetime) -> Call | None:
    """The round of a kind before an instant: whose words the next one starts from."""
    rows = sa.select(Call).join(Round, Round.call_id == Call.id).join(Round.meeting)
    earlier = rows.where(Round.kind == kind, Meeting.starts_at < before).order_by(Meeting.starts_at.desc())
    return db.session.scalar(earlier.limit(1))
