"""A call with two coordinators, one of them signed in; what rehearsals left in the database is taken away."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import flask
import pytest
import sqlalchemy as sa
import world
from signing_in import browser_of

from msme_calls.calls.models import Role
from msme_calls.extensions import db
from msme_calls.rehearsals.models import Rehearsal


@pytest.fixture(autouse=True)
def _no_world_left(app: flask.Flask) -> Iterator[None]:
    from msme_calls.rehearsals import worlds

    yield
    db.session.rollback()
    for kept in app.extensions.get("rehearsals", worlds._Kept()).apps.values():
        worlds._close(kept)
    db.session.rollback()
    if db.engine.dialect.name == "postgresql":
        named = sa.text("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'rehearsal\\_%'")
        for name in db.session.scalars(named).all():
            db.session.execute(sa.text(f"DROP SCHEMA {name} CASCADE"))
        db.session.commit()


class Led:
    """A call that is rehearsed, and the browser of the coordinator who leads the rehearsal."""

    def __init__(self, app: flask.Flask) -> None:
        self.app = app
        self.ana = world.person("Ana Real", email="ana@calls.example")
        self.call: Any = world.call("draft", by=self.ana, languages=["en"])
        self.call.result_at = self.call.review_cutoff_at + 30 * world.DAY
        world.member(self.call, Role.COORDINATOR, world.person("Ben Real", email="ben@calls.example"))
        db.session.commit()
        self.slug, self.id = self.call.slug, self.call.id
        self.client = browser_of(app, self.ana)
        self.desk = f"/en/desk/{self.slug}/rehearsal"

    def make(self, applicants: int = 6) -> "Led":
        form = self.client.page(self.desk).form("/make")
        assert self.client.submit(form, applicants=str(applicants)).status_code == 302
        return self

    @property
    def row(self) -> Rehearsal:
        return db.session.scalars(sa.select(Rehearsal)).one()

    @property
    def inside(self) -> str:
        return f"/rehearsals/{self.row.id}"

    def to(self, words: str) -> None:
        """Move the clock to a named instant."""
        page = self.client.page(self.desk)
        line = next(e for e in page.all("li") if any(words == "".join(p.itertext()) for p in e.iter("p")))
        form = next(f for f in page.forms if f.element in list(line.iter("form")))
        answer = self.client.submit(form)
        assert answer.status_code == 302, answer.get_data(as_text=True)

    def be(self, button: str) -> "Led":
        """Play somebody from now on: “Play Sam Example”, “Be yourself”."""
        answer = self.client.submit(self.client.page(self.desk).form("/play", button))
        assert answer.location == f"{self.inside}/en/my-work"
        return self

    @contextmanager
    def world(self) -> Iterator[None]:
        """In the rehearsal, at its own time."""
        from msme_calls.rehearsals import worlds

        app, lead = worlds.application(self.row), self.row.lead
        db.session.rollback()
        with worlds.inside(app, lead):
            yield

    def press(self, path: str, action: str, button: str | None = None, outside: bool = False) -> None:
        """Press the one button that leads there, which goes on to another page."""
        page = self.client.page(path) if outside else self.page(path)
        answer = self.client.submit(page.form(action, button))
        assert answer.status_code == 302, answer.get_data(as_text=True)

    def page(self, path: str, status: int = 200, **more: Any) -> Any:
        return self.client.page(f"{self.inside}/en{path}", status, **more)


@pytest.fixture
def led(app: flask.Flask) -> Led:
    return Led(app)
