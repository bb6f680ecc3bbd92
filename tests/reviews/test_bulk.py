"""An insider who opens dossier after dossier is stopped, and others learn of it at once (threat A22)."""

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import flask
import mails
import pytest
import world
from signing_in import browser_of

from msme_calls import clock, history
from msme_calls.accounts.models import Throttle
from msme_calls.calls import bulk
from msme_calls.calls.models import Role
from msme_calls.extensions import db


@pytest.fixture(autouse=True)
def nothing_counted() -> Iterator[None]:
    bulk._opened.clear()
    bulk._stopped.clear()
    yield
    bulk._opened.clear()
    bulk._stopped.clear()


@pytest.fixture
def six(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each proposal counts as ten, so that six of them are sixty."""
    monkeypatch.setattr(bulk, "STEP", 1)


def noted() -> int:
    return len(db.session.scalars(db.select(history.History).where(history.History.verb == "bulk-reading")).all())


def test_a_coordinator_who_opens_sixty_in_a_minute_is_stopped_and_the_others_are_told(
    app: Any, at: Any, six: None
) -> None:
    call = world.call("review")
    insider, other = world.member(call, Role.COORDINATOR), world.member(call, Role.COORDINATOR)
    pages = [f"/en/desk/{call.slug}/proposals/{world.proposal(call).id}" for _n in range(7)]
    mine, hers = browser_of(app, insider), browser_of(app, other)
    mails.sent()
    assert [mine.get(p).status_code for p in pages[:5] * 3] == [200] * 15  # the same ones again are no more
    assert noted() == 0
    assert mine.get(pages[5]).status_code == 200
    stopped = mine.get(pages[6])
    assert (stopped.status_code, stopped.headers["Retry-After"]) == (429, "60")
    assert mine.get(f"/en/desk/{call.slug}/proposals").status_code == 200
    assert hers.get(pages[0]).status_code == 200
    told = mails.sent()
    assert insider.email not in {m.to for m in told} and other.email in {m.to for m in told}
    assert all(insider.name in m.text and m.subject.startswith("Many proposals opened at once") for m in told)
    assert noted() == 1
    at(clock.now() + timedelta(seconds=61))
    assert [mine.get(p).status_code for p in pages] == [200] * 6 + [429]
    assert (noted(), mails.sent()) == (1, [])  # within the hour nobody is told of the same again
    assert "opened 6 proposals within a minute, and was stopped" in hers.page(f"/en/desk/{call.slug}/history").text


def test_a_reviewer_who_opens_all_of_hers_at_once_is_stopped_too(app: Any, six: None) -> None:
    call = world.call("review", reviews_per_proposal=1)
    coordinator, reviewer = world.member(call, Role.COORDINATOR), world.reviewer(call, languages=("en",))
    held = [world.assignment(world.proposal(call), reviewer) for _n in range(7)]
    mine = browser_of(app, reviewer)
    mails.sent()
    assert [mine.get(f"/en/reviews/{a.id}").status_code for a in held] == [200] * 6 + [429]
    assert coordinator.email in {m.to for m in mails.sent()}


def test_reading_as_people_read_writes_nothing(app: Any, at: Any) -> None:
    call, person = world.call("review"), world.person()
    for _n in range(40):  # nine a minute for more than four minutes
        with app.app_context(), app.test_request_context():
            bulk.opened(call, uuid.uuid4(), person)
            assert "ten_opened" not in flask.g
        at(clock.now() + timedelta(seconds=6.7))
    for n in range(1, 61):
        with app.app_context(), app.test_request_context():
            bulk.opened(call, uuid.uuid4(), person)
            assert ("ten_opened" in flask.g) is (len(bulk._opened[person.id, call.id]) % 10 == 0), n
    assert db.session.scalars(db.select(Throttle)).all() == []
