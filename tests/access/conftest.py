"""The world of `cast.py`, built once for each database and given back to every test as it was."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import flask
import pytest
import time_machine
from access.cast import Cast, build
from access.visiting import Browsers
from applications import build as build_app
from databases import KINDS, Databases, Unavailable, cannot
from isolation import NOW

from msme_calls.extensions import db


class World:
    """The application on the built database. Whatever a test does there is undone when it ends."""

    def __init__(self, app: flask.Flask, connection: Any, cast: Cast, browsers: Browsers) -> None:
        self.app, self.connection, self.cast, self.browsers = app, connection, cast, browsers
        self.kept: dict[Any, Any] = {}  # what tests found out and others use again

    @contextmanager
    def undone(self) -> Iterator[None]:
        """What happens inside leaves no trace in the database."""
        before = self.connection.begin_nested()
        try:
            yield
        finally:
            db.session.remove()
            before.rollback()

    def ask(self, role: str, url: str, method: str = "GET", **kwargs: Any) -> Any:
        """What the application answers to a browser of somebody with this role."""
        response = self.browsers.of(role).open(url, method=method, **kwargs)
        response.close()  # what it holds open: a file that is sent
        return response


@pytest.fixture(scope="session", params=KINDS)
def built(request: pytest.FixtureRequest, databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The built world. One connection serves everything, in a transaction that is never committed."""
    own = Databases(databases.shared, databases.session, f"{databases.worker}_world")
    folder = tmp_path_factory.mktemp(f"world-{request.param}")
    try:
        url = own.fresh(request.param, folder)
    except Unavailable as missing:
        cannot(str(missing))
    app = build_app(url, folder)
    with time_machine.travel(NOW, tick=False), app.app_context():
        engine = db.engine
        connection = engine.connect()
        outer = connection.begin()
        connection.begin_nested()  # sessions that find a savepoint make their own below it
        db._app_engines[app][None] = connection  # type: ignore[index]
        cast = build()
        browsers = Browsers(app, cast)
        db.session.remove()
    yield World(app, connection, cast, browsers)
    outer.rollback()
    connection.close()
    engine.dispose()


@pytest.fixture
def seen(built: World) -> Iterator[World]:
    """The world, for tests that only look."""
    with built.app.app_context(), built.undone():
        yield built
