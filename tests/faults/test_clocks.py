"""Machines whose clocks differ or jump: an instant comes once for all, never early, and the record keeps its order.

Threats C19, E10.
"""

import json
import re
from datetime import UTC, datetime, timedelta

import deciding
import flask
import pytest
import sqlalchemy as sa
import time_machine
import world
from faults.conftest import Browser, Running, Site
from operations.conftest import free_port
from signing_in import browser_of

from msme_calls import clock, history
from msme_calls.extensions import db
from msme_calls.history import History
from msme_calls.proposals import actions as proposing

only_postgresql = pytest.mark.parametrize("database", ["postgresql"], indirect=True)
HOUR = timedelta(hours=1)


def off_by(seconds: float) -> str:
    """A process whose machine’s clock is wrong, as an hour after a start without the network’s time."""
    now = "datetime.datetime.now(datetime.UTC)"
    return (
        "import datetime, time_machine\n"
        f"time_machine.travel({now} + datetime.timedelta(seconds={seconds}), tick=True).start()\n"
    )


def at_the_database() -> datetime:
    said = db.session.scalar(sa.text("SELECT clock_timestamp()"))
    db.session.rollback()
    assert isinstance(said, datetime)
    return said.astimezone(UTC)


@only_postgresql
def test_no_winner_appears_before_the_databases_time_whatever_a_machine_believes(site: Site, app: flask.Flask) -> None:
    made, seal = deciding.sealed(2)
    slug, instant = made.call.slug, datetime.now(UTC) + timedelta(seconds=7)
    db.session.execute(sa.text("ALTER TABLE seals DISABLE TRIGGER USER"))  # a seal does not change, but for this test
    for table in ("calls", "seals"):
        db.session.execute(sa.text(f"UPDATE {table} SET result_at = :at"), {"at": instant})
    db.session.execute(sa.text("ALTER TABLE seals ENABLE TRIGGER USER"))
    db.session.commit()
    machines = [site.start("serve", code=off_by(seconds), port=free_port()) for seconds in (0, 3600, -3)]
    shown: dict[int, datetime] = {}
    for machine in machines:
        machine.ready()
    assert [machine.get("/readyz")[0] for machine in machines] == [200, 503, 503]
    said = json.loads(machines[1].get("/readyz")[1])
    assert said.pop("clock") is False and all(said.values())
    while len(shown) < len(machines):
        for n, machine in enumerate(machines):
            status, page = machine.get(f"/en/calls/{slug}/result")
            after = at_the_database()
            if n not in shown and status == 200 and deciding.SECRETS[0] in page:
                shown[n] = after
        assert at_the_database() < instant + timedelta(seconds=5), shown
    assert all(instant <= at for at in shown.values())


@pytest.mark.parametrize("said, skew", [(0.0, 0.0), (-3600.0, 3600.0), (2.5, 2.5)])
def test_between_two_answers_the_clock_runs_on_evenly_and_never_ahead(said: float, skew: float) -> None:
    """A step of this machine’s clock changes nothing."""
    asked: list[int] = []
    referee = clock.Referee(lambda: asked.append(1))
    now = datetime.now(UTC)
    with time_machine.travel(now, tick=False) as machine:
        referee.hear(now + timedelta(seconds=said), now)
        assert referee.skew == timedelta(seconds=skew)
        machine.move_to(now + HOUR)
        first = referee.now()
        machine.move_to(now - HOUR)
        second = referee.now()
    assert timedelta() <= first - now - timedelta(seconds=said) < timedelta(seconds=1)
    assert timedelta() <= second - first < timedelta(seconds=1)
    assert asked == []


def test_an_hour_back_ends_nothing_and_the_record_keeps_its_order(app: flask.Flask, database: str) -> None:
    now = datetime.now(UTC)
    call, person = world.call("open"), world.person()
    with time_machine.travel(now, tick=False) as machine:
        for step in (timedelta(), HOUR, timedelta(), -HOUR, HOUR):
            machine.move_to(now + step)
            proposing.start(call, by=person, at=clock.now())
            db.session.commit()
    rows = list(db.session.scalars(sa.select(History).where(History.verb == "start").order_by(History.seq)))
    assert [row.at - now for row in rows] == [timedelta(), HOUR, timedelta(), -HOUR, HOUR]
    assert [row.seq for row in rows] == list(range(rows[0].seq, rows[0].seq + 5))
    assert history.verify()[1] is None


def test_a_session_of_an_hour_that_has_not_come_opens_nothing(app: flask.Flask) -> None:
    person = world.person()
    now = datetime.now(UTC)
    with time_machine.travel(now, tick=False) as machine:
        machine.move_to(now + HOUR)
        browser = browser_of(app, person)
        assert browser.get("/en/profile").status_code == 200
        machine.move_to(now)
        assert browser.get("/en/profile").status_code == 302
        machine.move_to(now + HOUR)
        assert browser.get("/en/profile").status_code == 200


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_zone_of_the_machine_changes_no_page(site: Site, app: flask.Flask) -> None:
    slug = world.call("open").slug
    db.session.commit()

    def page(zone: str, port: int) -> str:
        running: Running = site.start(
            "serve", code=f"import os, time\nos.environ['TZ'] = {zone!r}\ntime.tzset()", port=port
        )
        running.ready()
        shown = Browser(port).send("GET", f"/en/calls/{slug}")[1].replace(str(port), "PORT")
        return re.sub(r'data-now="[^"]*"', "", shown)

    pages = {page(zone, free_port()) for zone in ("UTC", "Pacific/Auckland")}
    assert len(pages) == 1
