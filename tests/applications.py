"""The application as tests have it, on a fresh database of each kind, with a client that forgives nothing."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import flask
import jinja2
import pytest
import sqlalchemy as sa
from databases import KINDS, Databases, Unavailable, cannot, shared_folder
from jinja2.bccache import Bucket
from pages import StrictClient
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

from msme_calls import create_app
from msme_calls.extensions import db
from msme_calls.settings import Settings


class CompiledTemplates(jinja2.BytecodeCache):
    """Templates compiled once for all applications of a worker: compiling them again took most of each test."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if (bucket.key, bucket.checksum) in self.kept:
            bucket.bytecode_from_string(self.kept[bucket.key, bucket.checksum])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.kept[bucket.key, bucket.checksum] = bucket.bytecode_to_string()


COMPILED = CompiledTemplates()


def compiled_once(compile: Callable[..., Any]) -> Callable[..., Any]:
    """What writes a route's addresses, compiled once for all applications of a worker: it took a third of each test.

    It is the same function for the same rule and defaults; each application binds it to its own rule.
    """
    kept: dict[tuple[str, str, str, bool], Any] = {}

    def builder(rule: Rule, append_unknown: bool = True) -> Any:
        key = (rule.rule, repr(rule.defaults), repr(rule._trace), append_unknown)
        if key not in kept:
            kept[key] = compile(rule, append_unknown)
        return kept[key]

    return builder


Rule._compile_builder = compiled_once(Rule._compile_builder)  # type: ignore[method-assign]
SECRET = "for tests only, as long as a secret has to be in production"


@pytest.fixture(scope="session")
def databases(request: pytest.FixtureRequest) -> Databases:
    worker = getattr(request.config, "workerinput", {}).get("workerid", "gw0")
    session = os.getppid() if hasattr(request.config, "workerinput") else os.getpid()
    return Databases(shared_folder(request.config), session, worker)


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, databases: Databases, tmp_path: Path) -> str:
    """The address of a fresh, migrated database, of each kind in turn."""
    try:
        return databases.fresh(request.param, tmp_path / "data")
    except Unavailable as missing:
        return cannot(str(missing))  # type: ignore[return-value]


@pytest.fixture
def empty(database: str, databases: Databases, tmp_path: Path) -> str:
    """The address of a database without any table."""
    sqlite = database.startswith("sqlite")
    return f"sqlite:///{tmp_path}/empty.sqlite3" if sqlite else databases.empty_postgresql()


def build(database: str, data: Path, **changes: Any) -> flask.Flask:
    """The application as tests want it: the real factory, and errors that come through."""
    given = {"env": "test", "secret_key": SECRET, "database_url": database, "data": data, **changes}
    app = create_app(Settings(**{"public_url": "http://localhost", **given}))
    app.testing = True
    app.extensions.pop("referee", None)  # tests move the clock
    app.jinja_env.bytecode_cache = COMPILED
    app.test_client_class = StrictClient
    with app.app_context():
        for engine in db.engines.values():
            share_statements(engine)
    unsaved: list[str] = []
    app.extensions["unsaved"] = unsaved
    flask.request_finished.connect(_note_unsaved, app)
    return app


DIALECTS: dict[str, sa.Engine] = {}


def share_statements(engine: sa.Engine) -> None:
    """Let a worker’s engines share the statements that SQLAlchemy compiled: it took a third of each test.

    They are kept by the engine's dialect, which has to have met its server once before others may use it.
    """
    first = DIALECTS.setdefault(engine.dialect.name, engine)
    if first.dialect.server_version_info is None:
        DIALECTS[engine.dialect.name] = engine
    else:
        engine.dialect, engine._compiled_cache = first.dialect, first._compiled_cache


def _note_unsaved(app: flask.Flask, response: flask.Response) -> None:
    if flask.request.method not in ("GET", "HEAD") or not db.session.registry.has():
        return
    session = db.session()
    changed = [thing for thing in session.dirty if session.is_modified(thing)]
    waiting = [*session.new, *changed, *session.deleted]
    app.extensions["unsaved"] += [repr(thing) for thing in waiting] + session.info.get("flushed", [])


@sa.event.listens_for(Session, "after_flush")
def _note_flush(session: Session, context: Any) -> None:
    flushed = [repr(thing) for thing in (*session.new, *session.dirty, *session.deleted)]
    session.info.setdefault("flushed", []).extend(flushed)


@sa.event.listens_for(Session, "after_commit")
def _note_commit(session: Session) -> None:
    session.info.pop("flushed", None)


def close(app: flask.Flask) -> None:
    """Give back what an application holds open."""
    with app.app_context():
        for engine in db.engines.values():
            engine.dispose()


@pytest.fixture
def make_app(database: str, tmp_path: Path) -> Iterator[Callable[..., flask.Flask]]:
    made: list[flask.Flask] = []

    def make(**changes: Any) -> flask.Flask:
        made.append(build(database, tmp_path / "data", **changes))
        return made[-1]

    yield make
    for app in made:
        close(app)


@pytest.fixture
def app(make_app: Callable[..., flask.Flask]) -> Iterator[flask.Flask]:
    """The application with its context pushed: `db.session` is the test's own; StrictClient tells how it is shared."""
    app = make_app()
    with app.app_context():
        yield app
        db.session.rollback()


@pytest.fixture
def client(app: flask.Flask) -> StrictClient:
    return app.test_client()  # type: ignore[return-value]
