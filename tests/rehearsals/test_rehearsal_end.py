"""A rehearsal is thrown away whole, whatever happens in the middle; made or not made, never half of it."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from msme_calls import clock, history, personal
from msme_calls.accounts import leaving
from msme_calls.accounts.models import Person
from msme_calls.extensions import db
from msme_calls.history import History
from msme_calls.rehearsals import actions, worlds
from msme_calls.rehearsals.models import Rehearsal


class Cut(Exception):
    """What a process dies of."""


def left(led: Any) -> tuple[int, int, int]:
    """What there is of any rehearsal: rows, schemas, files."""
    schemas = 0
    if db.engine.dialect.name == "postgresql":
        named = "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'rehearsal\\_%'"
        schemas = db.session.execute(sa.text(named)).scalar() or 0
    files = [p for p in (led.app.settings.data / "rehearsals").rglob("*") if p.is_file()]
    count = db.session.scalar(sa.select(sa.func.count()).select_from(Rehearsal)) or 0
    db.session.rollback()
    return count, schemas, len(files)


def throw_away(led: Any) -> None:
    led.press(led.desk, "/throw-away", outside=True)


def said() -> list[tuple[str, bool]]:
    """What the history says of rehearsals, and whether somebody did it."""
    rows = db.session.scalars(sa.select(History).where(History.verb.contains("rehears")).order_by(History.seq))
    return [(row.verb, row.actor_id is not None) for row in rows]


def test_it_is_thrown_away_whole_and_the_history_still_holds(led: Any) -> None:
    led.make()
    led.to("One second after the deadline")
    inside = led.inside
    throw_away(led)
    assert left(led) == (0, 0, 0)
    assert led.client.get(f"{inside}/en/my-work").status_code == 404
    assert said() == [("make-rehearsal", True), ("throw-rehearsal-away", True)]
    assert history.verify()[1] is None
    assert "began a rehearsal" in led.client.page(f"/en/desk/{led.slug}/history").text
    assert led.make().page("/my-work").status == 200  # another one can be made


@pytest.mark.parametrize("where", ["build", "fill", "run_on"])
def test_one_whose_making_fails_was_never_made(led: Any, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    def cut(*_: Any, **__: Any) -> None:
        raise Cut

    owner = {"build": worlds, "run_on": actions}.get(where, actions.filling)
    monkeypatch.setattr(owner, where, cut)
    with pytest.raises(Cut):
        actions.make(led.call, 6, by=led.ana, at=clock.now())
    monkeypatch.undo()
    assert left(led) == (0, 0, 0) and said() == []
    assert led.make().page("/my-work").status == 200


def test_one_that_a_killed_process_left_half_made_is_absent_and_cleared_away(
    led: Any, at: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(actions, "finish", lambda _rehearsal: None)  # nothing is tidied by the dead
    monkeypatch.setattr(actions.filling, "fill", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        actions.make(led.call, 6, by=led.ana, at=clock.now())
    monkeypatch.undo()
    led.page("/my-work", 404)
    assert "has a rehearsal already" in led.client.page(led.desk).text
    at(clock.tick() + timedelta(minutes=3))
    led.app.extensions.pop("hourly", None)
    assert actions.tidy_rehearsals(clock.tick()) == 1
    assert left(led) == (0, 0, 0) and said() == []


def test_one_whose_end_was_cut_off_is_absent_and_its_end_is_seen_through(led: Any, monkeypatch: Any) -> None:
    led.make()
    inside = led.inside
    monkeypatch.setattr(actions, "finish", lambda _rehearsal: None)
    throw_away(led)
    monkeypatch.undo()
    assert led.client.get(f"{inside}/en/my-work").status_code == 404
    assert led.client.page(led.desk).form("/make")
    led.app.extensions.pop("hourly", None)
    assert actions.tidy_rehearsals(clock.tick()) == 1
    assert left(led) == (0, 0, 0)
    assert said() == [("make-rehearsal", True), ("throw-rehearsal-away", True)]


def test_what_the_disk_does_not_let_go_of_is_taken_away_later(led: Any, monkeypatch: Any) -> None:
    """Names and texts of people are in it: nothing is forgotten while it lies there."""
    led.make()
    with monkeypatch.context() as held:
        held.setattr(worlds.shutil, "rmtree", lambda *_given, **_more: None)
        throw_away(led)
    assert led.row.thrown_at is not None
    led.app.extensions.pop("hourly", None)
    assert actions.tidy_rehearsals(clock.tick()) == 1
    assert left(led) == (0, 0, 0)


def test_it_goes_with_the_account_of_a_coordinator_who_is_in_it_by_name(led: Any) -> None:
    led.make()
    ben = db.session.scalars(sa.select(Person).filter_by(email="ben@calls.example")).one()
    assert any("The rehearsal of" in sentence for sentence in personal.consequences(ben, clock.now()))
    leaving.delete_account(ben, by=ben, at=clock.now())
    db.session.commit()
    assert led.client.page(led.desk).form("/make")
    led.app.extensions.pop("hourly", None)
    assert actions.tidy_rehearsals(clock.tick()) == 1
    assert left(led) == (0, 0, 0)
    assert said() == [("make-rehearsal", True), ("throw-rehearsal-away", True)]


def test_after_thirty_days_it_goes_by_itself_and_the_history_says_so(led: Any, at: Any) -> None:
    led.make()
    assert "it is thrown away by itself" in led.client.page(led.desk).text
    for days, gone in ((30, 0), (31, 1)):
        at(led.row.made_at + timedelta(days=days) if not gone else clock.tick() + timedelta(days=1))
        led.app.extensions.pop("hourly", None)
        assert actions.tidy_rehearsals(clock.tick()) == gone
    assert left(led) == (0, 0, 0)
    assert said() == [("make-rehearsal", True), ("throw-rehearsal-away", False)]


def test_one_of_another_version_of_this_site_can_only_be_thrown_away(led: Any) -> None:
    """Its tables may have another form than the ones that the application knows."""
    led.make()
    led.row.revision = "0001"
    db.session.commit()
    assert led.client.get(f"{led.inside}/en/my-work").location == led.desk
    assert "brought up to date" in led.client.page(led.desk).text
    throw_away(led)
    assert left(led) == (0, 0, 0)


def test_one_that_a_backup_did_not_bring_back_can_only_be_thrown_away(led: Any) -> None:
    led.make()
    with led.app.app_context():
        worlds.destroy(led.row)
        db.session.commit()
    assert "restored from a backup" in led.client.page(led.desk).text
    throw_away(led)
    assert left(led) == (0, 0, 0)
