"""What fails for a while is told on a page of ours, in the reader’s language, with what she had typed.

Here the fault is put in where it can come from; other tests of this folder bring it about. Threats C7, C9, C10.
"""

import errno
from io import BytesIO
from typing import Any

import flask
import psycopg
import pytest
import sqlalchemy as sa
from flask_login import utils

from msme_calls.storage import Unreachable

FAULTS = [
    sa.exc.OperationalError("SELECT", {}, psycopg.errors.AdminShutdown()),
    sa.exc.OperationalError("SELECT", {}, psycopg.errors.QueryCanceled()),
    sa.exc.InternalError("UPDATE", {}, psycopg.errors.ReadOnlySqlTransaction()),
    sa.exc.DatabaseError("SELECT", {}, psycopg.Error("lost"), connection_invalidated=True),
    sa.exc.TimeoutError("no connection left"),
    OSError(errno.ENOSPC, "No space left on device"),
    OSError(errno.EROFS, "Read-only file system"),
    Unreachable("away"),
]
ADDRESS = "/fr/proposals/00000000-0000-0000-0000-000000000000/sections/project"
TYPED = {"project": "What I wrote for an hour", "password": "marigold", "more": "<b>"}


@pytest.fixture
def failing(app: flask.Flask, monkeypatch: pytest.MonkeyPatch) -> list[Exception]:
    """At every request the first of these is met where it is found out who asks."""
    met: list[Exception] = []

    def load() -> Any:
        raise met[0]

    monkeypatch.setattr(utils, "_get_user", load)
    return met


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("files", [False, True])
def test_what_was_typed_is_given_back(failing: list[Exception], app: flask.Flask, files: bool) -> None:
    for fault in FAULTS:
        failing[:] = [fault]
        more = {"document": (BytesIO(b"%PDF-"), "plan.pdf")} if files else {}
        answer = app.test_client().post(ADDRESS, data={**TYPED, **more})
        page = answer.get_data(as_text=True)
        assert (answer.status_code, answer.headers["Retry-After"] in ("5", "60")) == (503, True), fault
        assert '<html lang="fr">' in page and f'action="{ADDRESS}"' in page, fault
        assert 'name="project" value="What I wrote for an hour"' in page and 'value="&lt;b&gt;"' in page, fault
        assert "marigold" not in page
        read = app.test_client().get("/es/proposals/1").get_data(as_text=True)
        assert '<html lang="es">' in read and "<form" not in read, fault


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("fault", [OSError(errno.EPIPE, "gone"), sa.exc.ProgrammingError("SELECT", {}, Exception())])
def test_an_error_of_ours_is_not_called_a_busy_moment(
    failing: list[Exception], app: flask.Flask, fault: Exception
) -> None:
    failing[:] = [fault]
    answer = app.test_client().post(ADDRESS, data=TYPED)
    assert answer.status_code == 500
    assert "Retry-After" not in answer.headers
