"""The number of what everybody may see: it grows with every commit that changes a public row, whoever commits it.

A page that was drawn at this number is still what would be drawn now, but for the clock.
"""

from functools import cache
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import Mapped, Session, mapped_column

from msme_calls.extensions import WRITTEN, Base, db, insert_into

Model = TypeVar("Model", bound=type[Base])
_SHOWN: set[type[Base]] = set()
_CHANGED = "public rows changed"  # noted in the session until its commit


class PublicNumber(Base):
    """One row. It is raised as the last thing before a commit, so that nobody waits for it for long."""

    __tablename__ = "public_number"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(sa.BigInteger)


_NOW = sa.select(PublicNumber.__table__.c.number).where(PublicNumber.__table__.c.id == 1)
NUMBER = sa.func.coalesce(_NOW.scalar_subquery(), 0)  # to be read along with rows, at no statement of its own


def shown_to_all(model: Model) -> Model:
    """Mark a table whose rows public pages show."""
    _SHOWN.add(model)
    return model


def changed() -> bool:
    """Whether this transaction has changed what everybody may see, and so has yet to raise the number."""
    return bool(db.session.info.get(_CHANGED))


def number() -> int:
    """The number now, as this transaction sees it."""
    return db.session.connection().execute(_NOW).scalar() or 0


def committed() -> int:
    """The number as it is committed now, asked on a connection without a transaction: at the least cost."""
    if not isinstance(db.engine, sa.Engine):  # the application lives inside one transaction, as in tests
        return number()
    connection = db.engine.raw_connection()
    driver: Any = connection.driver_connection
    try:
        if db.engine.dialect.name == "postgresql":
            driver.autocommit = True
        row = driver.execute("SELECT number FROM public_number WHERE id = 1").fetchone()
        if db.engine.dialect.name == "postgresql":
            driver.autocommit = False
    except Exception:
        connection.invalidate()
        raise
    finally:
        connection.close()
    return row[0] if row else 0


@event.listens_for(Session, "after_flush")
def _note(session: Session, context: Any) -> None:
    if any(type(thing) in _SHOWN for thing in (*session.new, *session.dirty, *session.deleted)):
        session.info[_CHANGED] = True


def _note_many(session: Session, statement: Any) -> None:
    if statement.table.name in {model.__tablename__ for model in _SHOWN}:  # the table itself comes as a marked copy
        session.info[_CHANGED] = True


WRITTEN.append(_note_many)


@event.listens_for(Session, "before_commit")
def _raise(session: Session) -> None:
    if session.in_nested_transaction():
        return
    session.flush()
    if not session.info.pop(_CHANGED, False):
        return
    session.connection().execute(_raised(session.get_bind().dialect.name))


@cache
def _raised(dialect: str) -> Any:
    """Its UPDATE, or the INSERT of whoever is first: of two at once the second waits, and counts on."""
    first = insert_into(PublicNumber, dialect).values(id=1, number=1)
    return first.on_conflict_do_update(index_elements=["id"], set_={"number": PublicNumber.number + 1})


@event.listens_for(Session, "after_soft_rollback")
def _forget(session: Session, previous: Any) -> None:
    if not previous.nested:  # while a savepoint is rolled back the session is in none any more, but goes on
        session.info.pop(_CHANGED, None)
