"""The clock of a rehearsal: it goes where coordinators move it, forward, and what time brings happens on the way."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from statements import statements

from msme_calls import clock
from msme_calls.calls.phases import Life
from msme_calls.extensions import db
from msme_calls.proposals.models import Proposal, Status
from msme_calls.rehearsals import actions, rules, worlds
from msme_calls.rehearsals.models import Rehearsal

INSTANTS = st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(clock.UTC))  # noqa: DTZ001


def subjects(led: Any) -> list[str]:
    with led.world():
        found = sa.select(worlds.MAILS.c.subject).order_by(worlds.MAILS.c.number)
        return [text.split(":")[0] for text in db.session.scalars(found)]


def test_a_rehearsal_of_an_open_call_begins_before_its_opening(led: Any, at: Any) -> None:
    led.call.launched_at = clock.now()
    opens = led.call.opens_at
    db.session.commit()
    at(opens + timedelta(days=3))
    led.make()
    assert clock.tick() + led.row.lead == opens - rules.BEFORE


def test_on_the_way_the_applicants_apply_and_the_reminders_are_made(led: Any) -> None:
    """One of them never submits, so she is reminded; Sam does nothing by himself."""
    led.make()
    led.to("A week before the deadline")
    led.to("One second after the deadline")
    with led.world():
        rows = db.session.scalars(sa.select(Proposal)).all()
        call = worlds.only_call()
        assert sorted(p.status.value for p in rows) == ["draft"] + ["submitted"] * 5
        assert all(call.opens_at < p.submitted_at < call.deadline_at for p in rows if p.status is Status.SUBMITTED)
        assert len({p.submitted_at for p in rows if p.submitted_at}) == 5
    told = subjects(led)
    assert len([s for s in told if "reminder" in s.lower() or "left" in s.lower() or "draft" in s.lower()]) >= 2
    page = led.client.page(f"{led.desk}/mails")
    assert "applicant-6@rehearsal.example.org" in page.text and "None of them was sent." in page.text


def test_the_minute_before_the_deadline_and_the_second_after(led: Any, at: Any) -> None:
    led.make()
    assert led.row.lead == timedelta() and "Announced" in led.client.page(led.desk).text
    led.to("The opening")
    led.be("Play Sam Example")
    assert led.client.submit(led.page(f"/calls/{led.slug}/start").form("/start")).status_code == 302
    led.to("One minute before the deadline")
    assert "Open" in led.client.page(led.desk).text
    assert led.page("/my-work").text.count("Draft")
    at(clock.tick() + timedelta(seconds=61))  # it runs on by itself
    assert "Closed" in led.client.page(led.desk).text
    answer = led.client.get(f"{led.inside}/en/calls/{led.slug}/start")
    assert "The deadline has passed" in answer.get_data(as_text=True)


def test_any_other_instant_can_be_typed_in_the_zone_of_the_call(led: Any) -> None:
    led.make()
    form = led.client.page(led.desk).form("/clock", "Move the clock there")
    assert led.client.submit(form, to="2027-03-14T10:00").status_code == 302
    assert "Here it is Sun 14 March 2027, 10:00." in led.page("/").text
    for wrong in ("", "tomorrow", "2027-03-28T02:30"):  # the last one is skipped by the change of clocks
        assert led.client.submit(form, to=wrong).status_code == 422


def test_it_never_goes_back(led: Any) -> None:
    """What was done there would lie in its future."""
    led.make()
    led.to("The opening")
    form = led.client.page(led.desk).form("/clock", "Move the clock there")
    answer = led.client.submit(form, to="2027-02-25T10:00")
    assert answer.status_code == 403 and "only goes forward" in answer.get_data(as_text=True)
    answer = led.client.submit(form, to="2090-01-01T10:00")
    assert answer.status_code == 403


def test_two_who_move_it_at_once_do_not_both(led: Any, at: Any) -> None:
    led.make()
    led.row.moving_until = clock.tick() + timedelta(minutes=1)
    db.session.commit()
    form = led.client.page(led.desk).form("/clock", "Move the clock there")
    answer = led.client.submit(form, to="2027-03-14T10:00")
    assert answer.status_code == 403 and "being moved at this very moment" in answer.get_data(as_text=True)
    at(clock.tick() + timedelta(minutes=5))  # whoever moved it died
    assert led.client.submit(form, to="2027-03-14T10:00").status_code == 302


@pytest.mark.slow
def test_a_move_that_fails_can_be_made_again(led: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock stays; what was done on the way is done, and isn't done twice."""
    led.make()
    to = led.call.deadline_at + timedelta(seconds=1)
    real, seen = actions.crowd.apply, []

    def some(call: Any, at: datetime) -> int:
        seen.append(at)
        if len(seen) == 6:
            raise RuntimeError
        return real(call, at)

    monkeypatch.setattr(actions.crowd, "apply", some)
    with pytest.raises(RuntimeError):
        actions.move(led.row, to, at=clock.now())
    monkeypatch.undo()
    assert (led.row.ahead, led.row.moving_until) == (0, None)
    actions.move(led.row, to, at=clock.now())
    with led.world():
        assert len(db.session.scalars(sa.select(Proposal)).all()) == 6
    assert clock.tick() + db.session.scalars(sa.select(Rehearsal)).one().lead == to


@pytest.mark.slow
def test_the_applicants_can_be_hurried(led: Any) -> None:
    led.make()
    led.to("The opening")
    led.press(led.desk, "/let", "Let the applicants submit", outside=True)
    assert "6 proposals were submitted." in led.client.page(led.desk).text


@pytest.mark.slow
def test_the_page_asks_the_same_however_many_people_there_are(led: Any) -> None:
    counts = []
    for applicants in (6, 24):
        led.make(applicants)
        led.to("The opening")
        led.client.page(led.desk)
        with statements() as run:
            led.client.page(led.desk)
        counts.append(len(run))
        led.press(led.desk, "/throw-away", outside=True)
    assert counts[0] == counts[1]


@given(INSTANTS, INSTANTS, INSTANTS, INSTANTS)
def test_a_move_stops_at_every_reminder_between_and_ends_where_it_should(
    opens: datetime, closes: datetime, since: datetime, to: datetime
) -> None:
    life = Life(opens_at=opens, closes_at=closes)
    found = rules.stops(life, None, since, to) if since < to else [to]
    assert found[-1] == to and found == sorted(set(found))
    assert all(since < stop <= to for stop in found) or since >= to
    assert since >= to or all(m in found for m in (closes - rules.DAY, closes, opens) if since < m < to)


@given(INSTANTS, INSTANTS)
def test_a_clock_goes_forward_alone(there: datetime, to: datetime) -> None:
    assert (rules.no_move(there, to) is None) is (there < to)


def test_a_call_without_its_dates_or_that_is_over_is_not_rehearsed(at: Any) -> None:
    now = at("2027-02-01T10:00:00Z")
    whole = {"opens_at": now, "closes_at": now + rules.DAY, "result_at": now + 9 * rules.DAY}
    assert rules.no_rehearsal(Life(**whole), False, now) is None
    assert rules.no_rehearsal(Life(**whole), True, now)
    for missing in whole:
        assert rules.no_rehearsal(Life(**{**whole, missing: None}), False, now)
    assert rules.no_rehearsal(Life(**whole, cancelled_at=now), False, now)
    over = Life(**whole, launched_at=now, sealed_at=now)
    assert rules.no_rehearsal(over, False, now + 10 * rules.DAY)
