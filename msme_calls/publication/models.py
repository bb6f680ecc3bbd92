"""Past editions: what is publicly known of calls that were held before this site, with its sources."""

import uuid
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from msme_calls.extensions import Base, Translated, uuid_key
from msme_calls.freshness import shown_to_all


@shown_to_all
class PastEdition(Base):
    """One past edition, recorded by a coordinator from public facts; what is unknown is listed as unknown."""

    __tablename__ = "past_editions"
    id: Mapped[uuid.UUID] = uuid_key()
    kind: Mapped[str]
    year: Mapped[int]
    number: Mapped[int | None]
    title: Mapped[dict] = mapped_column(Translated)
    theme: Mapped[dict] = mapped_column(Translated, default=dict)
    partners: Mapped[list] = mapped_column(default=list)
    launched: Mapped[date | None]
    deadline: Mapped[date | None]
    announced: Mapped[date | None]
    winners: Mapped[list] = mapped_column(default=list)  # [{name, economy, outcome, about: Translated}]
    note: Mapped[dict] = mapped_column(Translated, default=dict)
    sources: Mapped[list] = mapped_column(default=list)  # [{label, address}]
    unknown: Mapped[list] = mapped_column(default=list)
    call_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("calls.id", ondelete="SET NULL"))
    recorded_at: Mapped[datetime]
    recorded_by_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("people.id", ondelete="SET NULL"))
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (sa.UniqueConstraint("kind", "year"),)
