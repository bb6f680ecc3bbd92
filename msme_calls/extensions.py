"""The database with its types, and the other extensions, made once and bound to an application later."""

import enum
import json
import uuid
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any, ClassVar

import flask_sqlalchemy.session
import sqlalchemy as sa
from flask_babel import Babel
from flask_compress import Compress
from flask_login import LoginManager
from flask_mail import Mail
from flask_sqlalchemy import SQLAlchemy
from flask_wtf.csrf import CSRFProtect
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    RelationshipDirection,
    Session,
    make_transient_to_detached,
    mapped_column,
)
from sqlalchemy.orm.attributes import set_committed_value

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
    # How long it waits comes first: WAL waits too, while another process makes the database.
    for pragma in ("busy_timeout=15000", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


@event.listens_for(Engine, "begin")
def _sqlite_begin(connection: sa.Connection) -> None:
    """Writers queue at BEGIN: a deferred transaction that reads first fails at once when another writes."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing.get() else "BEGIN")


WRITTEN: list[Callable[[Session, Any], None]] = []  # told of each statement that changes rows without loading them


class Work(flask_sqlalchemy.session.Session):
    """The session, without what each statement need not ask: there is one database."""

    def get_bind(self, mapper: Any = None, clause: Any = None, bind: Any = None, **_: Any) -> Any:
        return self._db.engines[None] if bind is None else bind

    def _told(self, statement: Any) -> Any:
        """What SQLAlchemy's own event would tell, which has every SELECT prepared twice."""
        if getattr(statement, "is_dml", False):
            for tell in WRITTEN:
                tell(self, statement)
        return statement

    def execute(self, statement: Any, *args: Any, **kwargs: Any) -> Any:
        return super().execute(self._told(statement), *args, **kwargs)

    def scalar(self, statement: Any, *args: Any, **kwargs: Any) -> Any:
        return super().scalar(self._told(statement), *args, **kwargs)

    def scalars(self, statement: Any, *args: Any, **kwargs: Any) -> Any:
        return super().scalars(self._told(statement), *args, **kwargs)


db = SQLAlchemy(metadata=Base.metadata, session_options={"autoflush": True, "class_": Work})
login = LoginManager()
mail = Mail()
csrf = CSRFProtect()
babel = Babel()
compress = Compress()


def streamed(rows: sa.Select[Any]) -> Iterator[Any]:
    """Rows, some at a time, asked for when the first is wanted: a download begins when the view's session is over."""
    writing.set(False)  # however long it takes, nobody who writes waits for it
    yield from db.session.execute(rows, execution_options={"yield_per": 500})


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
    known = [part for part in _parts(type(row)) if part in row.__dict__ and part not in keep]
    if known:
        db.session.expire(row, known)  # they are read anew if they are looked at: most are not
    reread(row, locking=True)
    note_lock(row)


def reread(row: Base, names: tuple[str, ...] = (), *, locking: bool = False) -> None:
    """Read a row's own values (or those of some names) anew, at less than half of what SQLAlchemy's refresh costs."""
    state = sa.inspect(row)
    keys, select = _reading(type(row), names, locking)
    found = db.session.connection().execute(select, dict(zip(_PLACES, state.identity or (), strict=False))).one()
    for key, value in zip(keys, found, strict=True):
        set_committed_value(row, key, value)


def insert(row: Base) -> None:
    """Write a new row at once, at a quarter of what SQLAlchemy's unit of work costs; then it is as if it was loaded.

    It stands alone: its keys of other rows are set, and nothing waits to be written before it.
    """
    known, (columns, statement) = row.__dict__, _inserting(type(row))
    for key, default in columns.items():
        if key not in known:
            set_committed_value(row, key, default())
    db.session.connection().execute(statement, {key: known[key] for key in columns})
    make_transient_to_detached(row)
    db.session.add(row)


@cache
def _inserting(model: type[Base]) -> tuple[dict[str, Callable[[], Any]], Any]:
    """Its columns with what makes their defaults, and its statement."""
    columns: dict[str, Any] = dict(sa.inspect(model).columns)
    defaults: dict[str, Callable[[], Any]] = {key: partial(_default, own.default) for key, own in columns.items()}
    return defaults, sa.insert(sa.inspect(model).local_table).values({key: sa.bindparam(key) for key in columns})  # type: ignore[arg-type]


def _default(default: Any) -> Any:
    if default is None:
        return None
    return default.arg(None) if default.is_callable else default.arg


_PLACES = ("key_0", "key_1", "key_2")  # of a primary key in a statement


@cache
def _reading(model: type[Base], names: tuple[str, ...], locking: bool) -> tuple[list[str], Any]:
    mapper = sa.inspect(model)
    keys = list(names) or [attribute.key for attribute in mapper.column_attrs]
    select = sa.select(*(mapper.columns[key] for key in keys))
    places = zip(mapper.primary_key, _PLACES, strict=False)
    select = select.where(*(column == sa.bindparam(place) for column, place in places))
    return keys, select.with_for_update(of=mapper.local_table, key_share=True) if locking else select


@cache
def _parts(model: type[Base]) -> list[str]:
    relationships = sa.inspect(model).relationships
    return [r.key for r in relationships if r.direction is not RelationshipDirection.MANYTOONE]
