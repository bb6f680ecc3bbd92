"""The one row of a rehearsal here: everything else of it lies in a database of its own (`worlds`)."""

import uuid
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from msme_calls.calls.models import Call
from msme_calls.extensions import Base, uuid_key


class Rehearsal(Base):
    """A rehearsal of a call: by how much its clock is ahead, and how far its making or its end has come."""

    __tablename__ = "rehearsals"
    id: Mapped[uuid.UUID] = uuid_key()
    call_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("calls.id", ondelete="CASCADE"))
    made_at: Mapped[datetime]
    revision: Mapped[str] = mapped_column(default="")  # of the database's form when it was made
    ahead: Mapped[int] = mapped_column(sa.BigInteger, default=0)  # microseconds; below 0: behind
    moving_until: Mapped[datetime | None]  # by when whoever moves its clock is done, or has failed
    ready_at: Mapped[datetime | None]  # when its own database was there; without that it was never made
    thrown_at: Mapped[datetime | None]  # from then on it is absent; the row goes once its database is gone
    call: Mapped[Call] = relationship()
    __table_args__ = (
        sa.Index(
            "uq_rehearsals_call_id", "call_id", unique=True,
            sqlite_where=sa.text("thrown_at IS NULL"), postgresql_where=sa.text("thrown_at IS NULL"),
        ),
    )  # fmt: skip

    @property
    def lead(self) -> timedelta:
        """By how much its clock is ahead of ours."""
        return timedelta(microseconds=self.ahead)
