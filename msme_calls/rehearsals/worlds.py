"""The world of a rehearsal: a database, files, mails and a clock of its own, and the whole application upon them.

Nothing of a rehearsal lies where the rest of the installation looks: no list, count, mail, feed or export has to
leave it out. On SQLite its database is a file, on PostgreSQL a schema; either is thrown away whole.
"""

import base64
import hmac
import shutil
import uuid
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa
from flask import current_app
from flask_mail import Message
from sqlalchemy import event

from msme_calls import clock, i18n
from msme_calls.calls.models import Call
from msme_calls.extensions import Base, UTCDateTime, db
from msme_calls.rehearsals.models import Rehearsal
from msme_calls.settings import Settings, storage_parts

if TYPE_CHECKING:
    from msme_calls import Application

MOST = 2  # applications of rehearsals in one process; the one that nobody asked for longest goes first
CONNECTIONS = 2  # of each of them to PostgreSQL: a coordinator or two are in there at a time
# When it is there: so much ahead of the real time, or, while its clock is being moved, this instant.
_time: ContextVar[timedelta | datetime] = ContextVar("time of a rehearsal")

# The mails that would have been sent; this table is in no other database than a rehearsal's.
MAILS = sa.Table(
    "rehearsal_mails",
    sa.MetaData(),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("at", UTCDateTime, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
)


@dataclass(frozen=True)
class Apart(Settings):
    """The settings of a rehearsal's application: its own keys and places, and no way to anybody outside."""

    slug: str = field(default="", metadata={"why": "the call that is rehearsed", "secret": False})
    zone: str = field(default="UTC", metadata={"why": "its zone, for the band", "secret": False})

    @property
    def staff_needs_factor(self) -> bool:
        """Whoever is in here has shown who she is at the door."""
        return False


class Stage(clock.Referee):
    """A rehearsal's clock: the real one, as far ahead as its coordinators have moved it."""

    def __init__(self, real: Callable[[], datetime]) -> None:
        super().__init__(lambda: None)
        self.real = real

    def now(self) -> datetime:
        there = _time.get(timedelta())
        return there if isinstance(there, datetime) else self.real() + there


class Gone(Exception):
    """The database of a rehearsal is not there, or is of another version than this one."""


def prefix(rehearsal_id: uuid.UUID) -> str:
    """Below which path the pages of a rehearsal lie."""
    return f"/rehearsals/{rehearsal_id}"


def _schema(rehearsal_id: uuid.UUID) -> str:
    return f"rehearsal_{rehearsal_id.hex}"


def _here() -> "Application":
    return cast(Any, current_app)._get_current_object()


def _folder(chosen: Settings, rehearsal_id: uuid.UUID) -> Path:
    return chosen.data / "rehearsals" / rehearsal_id.hex


def settings_of(chosen: Settings, rehearsal: Rehearsal) -> Apart:
    """The settings of a rehearsal, from those of the installation that it is in, but for its secrets and services."""
    safe = {f.name: getattr(chosen, f.name) for f in fields(Settings) if not f.metadata["secret"]}

    def key(use: str) -> bytes:
        return hmac.digest(chosen.secret_key.encode(), f"rehearsal {rehearsal.id} {use}".encode(), "sha256")

    own = {
        "slug": rehearsal.call.slug, "zone": rehearsal.call.zone, "data": _folder(chosen, rehearsal.id),
        "public_url": f"{chosen.address}{prefix(rehearsal.id)}",
        "database_url": _database(chosen, rehearsal.id), "database_connections": CONNECTIONS,
        "storage_url": _storage(chosen.storage_url, rehearsal.id), "storage_key": chosen.storage_key,
        "storage_secret": chosen.storage_secret, "secret_key": key("sessions").hex(),
        "receipt_key": base64.b64encode(key("receipts")).decode(),  # receipts of a rehearsal are not those of the site
        "results_key": base64.b64encode(key("results")).decode(),
        "mail_server": "", "oidc_issuer": "", "clamd": "", "trusted_proxies": 0, "now": "",
    }  # fmt: skip
    return Apart(**{**safe, **own})


def _database(chosen: Settings, rehearsal_id: uuid.UUID) -> str:
    if not chosen.database.startswith("postgresql"):
        return f"sqlite:///{_folder(chosen, rehearsal_id) / 'world.sqlite3'}"
    url = sa.make_url(chosen.database)
    hasty = f"-c search_path={_schema(rehearsal_id)} -c synchronous_commit=off"
    options = f"{url.query.get('options', '')} {hasty}".strip()
    return url.update_query_dict({"options": options}).render_as_string(hide_password=False)


def _storage(url: str, rehearsal_id: uuid.UUID) -> str:
    """A place of its own below the real one, where the same key opens it."""
    if not url:
        return ""
    _place, mark, options = url.partition("?")
    bucket, real, _options = storage_parts(url)
    own = "/".join(part for part in (real, "rehearsals", rehearsal_id.hex) if part)
    return f"s3://{bucket}/{own}{mark}{options}"


# Making and destroying


def build(rehearsal: Rehearsal) -> "Application":
    """Make the database of a rehearsal, without any row, and its application."""
    chosen = settings_of(_here().settings, rehearsal)
    chosen.data.mkdir(parents=True, exist_ok=True)
    if db.engine.dialect.name == "postgresql":
        db.session.execute(sa.text(f"CREATE SCHEMA {_schema(rehearsal.id)}"))
    db.session.commit()
    app = _kept().take(rehearsal.id, lambda: _application(chosen, rehearsal.id))
    with app.app_context():
        Base.metadata.create_all(db.engine)
        MAILS.metadata.create_all(db.engine)
    return app


def destroy(rehearsal: Rehearsal) -> None:
    """Take away all that there is of a rehearsal, but for its row here. What is gone already is no fault.

    Raises OSError where something of it is left.
    """
    chosen = settings_of(_here().settings, rehearsal)
    _kept().drop(rehearsal.id)
    if chosen.storage_url:
        _empty(chosen)
    if db.engine.dialect.name == "postgresql":
        db.session.execute(sa.text(f"DROP SCHEMA IF EXISTS {_schema(rehearsal.id)} CASCADE"))
    db.session.commit()
    shutil.rmtree(chosen.data, ignore_errors=True)
    if chosen.data.exists():
        raise FileExistsError(chosen.data)


def _empty(apart: Apart) -> None:
    from msme_calls.storage import of

    kept = of(apart)
    for sha256, _size, _when in list(kept.listing()):
        kept.delete(sha256)


def revision() -> str:
    """The form that the installation's database has now: that of a rehearsal's has to be the same."""
    return db.session.execute(sa.text("SELECT version_num FROM alembic_version")).scalar() or ""


# The application of a rehearsal


class _Kept:
    """The applications of rehearsals that this process has made, the one asked for last at the end."""

    def __init__(self) -> None:
        self.apps: OrderedDict[uuid.UUID, Application] = OrderedDict()
        self.lock = Lock()

    def take(self, rehearsal_id: uuid.UUID, make: "Callable[[], Application]") -> "Application":
        with self.lock:
            if rehearsal_id not in self.apps:
                self.apps[rehearsal_id] = make()
            self.apps.move_to_end(rehearsal_id)
            while len(self.apps) > MOST:
                _close(self.apps.popitem(last=False)[1])
            return self.apps[rehearsal_id]

    def drop(self, rehearsal_id: uuid.UUID) -> None:
        with self.lock:
            if app := self.apps.pop(rehearsal_id, None):
                _close(app)


def _kept() -> _Kept:
    return _here().extensions.setdefault("rehearsals", _Kept())


def _close(app: "Application") -> None:
    with app.app_context():
        db.engine.dispose()


def application(rehearsal: Rehearsal) -> "Application":
    """The application of a rehearsal that was made. Raises Gone if there is no database that it could use.

    The transaction in which that is asked goes on: whoever stays inside for long ends it first.
    """
    found, chosen = _there(rehearsal), settings_of(_here().settings, rehearsal)
    if not found or rehearsal.revision != revision():
        raise Gone
    return _kept().take(rehearsal.id, lambda: _application(chosen, rehearsal.id))


def _there(rehearsal: Rehearsal) -> bool:
    if db.engine.dialect.name == "postgresql":
        named = sa.text("SELECT to_regnamespace(:name) IS NOT NULL")
        return bool(db.session.execute(named, {"name": _schema(rehearsal.id)}).scalar())
    return (_folder(_here().settings, rehearsal.id) / "world.sqlite3").exists()


def _application(chosen: Apart, rehearsal_id: uuid.UUID) -> "Application":
    from msme_calls import create_app

    here = _here()
    app = create_app(chosen)
    with app.app_context():
        event.listen(db.engine, "connect", _hasten)
    own = app.extensions.get("referee")  # the database's clock, where that is the one that counts
    refereed = own is not None and "referee" in here.extensions
    real = own.now if own is not None and refereed else lambda: clock.own() + here.extensions["clock_offset"]
    app.extensions["referee"] = Stage(real)
    app.extensions["transport"] = _keep
    app.extensions["signs_nothing"] = True  # what is played proves nothing; keys.py
    app.extensions["entered_elsewhere"] = True
    app.config["SESSION_COOKIE_NAME"] = f"rehearsal-{rehearsal_id.hex[:12]}"
    app.config["SESSION_COOKIE_PATH"] = prefix(rehearsal_id)
    app.jinja_env.bytecode_cache = here.jinja_env.bytecode_cache
    return app


def _hasten(connection: Any, record: Any) -> None:
    """A power cut may cost a rehearsal its last seconds: it need not wait for the disk."""
    if type(connection).__module__ == "sqlite3":
        connection.execute("PRAGMA synchronous=OFF")


def _keep(message: Message) -> None:
    """Where mails go in a rehearsal: to a page of its coordinators."""
    db.session.execute(
        sa.insert(MAILS).values(
            at=_when(message), address=", ".join(map(str, message.recipients)), subject=message.subject or "",
            language=(message.extra_headers or {}).get("Content-Language", "en"), body=message.body or "",
        )
    )  # fmt: skip


def _when(message: Message) -> datetime:
    """When it would have gone: the worker of a rehearsal comes by only where its clock stops."""
    return datetime.fromtimestamp(message.date, UTC) if message.date else clock.tick()


@contextmanager
def inside(app: "Application", there: timedelta | datetime) -> Iterator[None]:
    """In the world of a rehearsal for a while: so much ahead of the real time, or at an instant.

    Take plain values along, no rows: what they don't hold yet would be looked for in the other database.
    """
    lang = i18n.language()
    with during(there), app.app_context(), i18n.use(lang):
        try:
            yield
        finally:
            db.session.rollback()


@contextmanager
def during(there: timedelta | datetime) -> Iterator[None]:
    """While it is then in the rehearsals that are entered."""
    former = _time.set(there)
    try:
        yield
    finally:
        _time.reset(former)


def only_call() -> Call:
    """The call of the rehearsal that we are in, with what is set up in it."""
    slug = cast(Any, current_app).settings.slug
    return db.session.scalars(sa.select(Call).where(Call.slug == slug)).one()
