"""When what must happen again and again happened last, whichever process did it: turns of the worker, backups."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from msme_calls.extensions import Base, db, insert_into


class Pulse(Base):
    """The last time of one thing."""

    __tablename__ = "pulses"
    name: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]


def note(name: str, at: datetime) -> None:
    """It happened now. The caller commits."""
    row = insert_into(Pulse).values(name=name, at=at)
    db.session.execute(row.on_conflict_do_update(index_elements=["name"], set_={"at": at}))


def all_of_them() -> dict[str, datetime]:
    """What has ever happened, with its last time."""
    return {row.name: row.at for row in db.session.execute(sa.select(Pulse.name, Pulse.at))}
