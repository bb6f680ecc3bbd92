"""The database with its types, and the other extensions, made once and bound to an application later."""

import enum
import json
import uuid
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, ClassVar

import sqlalchemy as sa
from flask_babel import Babel
from flask_compress import Compress
from flask_login import LoginManager
from flask_mail import Mail
from flask_sqlalchemy import SQLAlchemy
from flask_wtf.csrf import CSRFProtect
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.orm import DeclarativeBase, Mapped, RelationshipDirection, Session, mapped_column

LANGUAGES = ("en", "fr", "es")
_LOCKED = "locked rows"  # noted in the session until its transaction ends
writing: ContextVar[bool] = ContextVar("writing", default=True)  # False while a request may only read


class UTCDateTime(sa.types.TypeDecorator[datetime]):
    """An instant: refuses values without a zone, keeps UTC, gives aware values back on every database."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"an instant needs a zone: {value!r}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Json(sa.types.TypeDecorator[Any]):
    """A JSON value as text: the same bytes on both databases, keys sorted, people's characters kept."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> str | None:
        return None if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> Any:
        return None if value is None else json.loads(value)


class Translated(Json):
    """What a coordinator writes, by language: {"en": …, "fr": …, "es": …}; a missing language is absent or ""."""

    cache_ok = True


class Base(DeclarativeBase):
    """The base of every table: names of constraints by rule, enums stored as their text."""

    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UTCDateTime(),
        uuid.UUID: sa.Uuid(),
        str: sa.Text(),
        dict: Json(),
        list: Json(),
        enum.Enum: sa.Enum(
            enum.Enum,
            native_enum=False,
            create_constraint=False,
            length=40,
            values_callable=lambda e: [m.value for m in e],
        ),
    }

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {sa.inspect(self).identity}>"


def uuid_key() -> Mapped[uuid.UUID]:
    """A primary key that says nothing of order or number to whoever reads it in an address."""
    return mapped_column(primary_key=True, default=uuid.uuid4)


@event.listens_for(Engine, "connect")
def _sqlite_connect(connection: Any, record: Any) -> None:
    if type(connection).__module__ != "sqlite3":
        return
    connection.isolation_level = None  # SQLAlchemy's own BEGIN below, not the driver's
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=15000"):
        connection.execute(f"PRAGMA {pragma}")


@event.listens_for(Engine, "begin")
def _sqlite_begin(connection: sa.Connection) -> None:
    """Writers queue at BEGIN: a deferred transaction that reads first fails at once when another writes."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing.get() else "BEGIN")


db = SQLAlchemy(metadata=Base.metadata, session_options={"autoflush": True})
login = LoginManager()
mail = Mail()
csrf = CSRFProtect()
babel = Babel()
compress = Compress()


def insert_into(table: type[Base], dialect: str = "") -> Any:
    """An INSERT of this database's own kind (or of a dialect's), which knows ON CONFLICT."""
    from sqlalchemy.dialects import postgresql, sqlite  # either is needed only once the database is known

    return (postgresql if (dialect or db.engine.dialect.name) == "postgresql" else sqlite).insert(table)


def locked(row: Base) -> bool:
    """Whether this transaction has locked a row."""
    return row in db.session.info.get(_LOCKED, ())


def note_lock(row: Base) -> None:
    """A row was locked by the very statement that loaded it."""
    db.session.info.setdefault(_LOCKED, set()).add(row)


@event.listens_for(Session, "after_commit")
@event.listens_for(Session, "after_soft_rollback")
def _forget_locks(session: Session, *_: Any) -> None:
    session.info.pop(_LOCKED, None)


def lock(row: Base, keep: tuple[str, ...] = ()) -> None:
    """Lock a row until the end of the transaction and read it anew; what was changed so far is written first.

    Without the flush a refresh would drop changes of its parts that are not written yet (seen). Rows that only refer
    to it can be added meanwhile: no key changes, and a reviewer and a coordinator would stop one another (seen).
    """
    db.session.flush()
    mapper = sa.inspect(type(row))
    columns = [column.key for column in mapper.column_attrs]
    parts = [
        r.key for r in mapper.relationships if r.direction is not RelationshipDirection.MANYTOONE and r.key not in keep
    ]
    db.session.expire(row, parts)  # they are read anew if they are looked at: most are not
    db.session.refresh(row, columns, with_for_update={"of": type(row), "key_share": True})
    note_lock(row)
