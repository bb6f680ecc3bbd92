"""A published grace: what was begun before the deadline is still taken, to the second; nothing new is begun in it."""

from datetime import UTC, datetime, timedelta

import pytest
import world
from pages import Page
from signing_in import browser_of

from msme_calls import clock
from msme_calls.calls.models import Role
from msme_calls.calls.phases import Life, Phase, next_boundary
from msme_calls.calls.rules import no_grace
from msme_calls.extensions import db
from msme_calls.proposals.models import Status

MINUTE, SECOND, DAY = timedelta(minutes=1), timedelta(seconds=1), timedelta(days=1)


@pytest.fixture
def call(app):
    made = world.call("open", deadline_at=clock.now() + 5 * DAY, grace_minutes=10)
    db.session.commit()
    return made


@pytest.mark.parametrize(
    ("late_by", "answer"),
    [(-SECOND, 302), (0 * SECOND, 302), (10 * MINUTE - SECOND, 302), (10 * MINUTE, 403), (10 * MINUTE + SECOND, 403)],
)
def test_a_draft_is_taken_until_the_grace_is_over(her, call, applicant, at, late_by, answer):
    draft = world.draft(call, by=applicant)
    form = her.page(f"/en/proposals/{draft.id}/check").form(button="Submit proposal")
    at(call.deadline_at + late_by)
    assert her.submit(form).status_code == answer
    assert (draft.status is Status.SUBMITTED) == (answer == 302)


@pytest.mark.parametrize(("late_by", "answer"), [(-SECOND, 302), (0 * SECOND, 403), (9 * MINUTE, 403)])
def test_nothing_new_is_begun_after_the_deadline(her, call, at, late_by, answer):
    form = her.page(f"/en/calls/{call.slug}/start").form(button="Start the proposal")
    at(call.deadline_at + late_by)
    assert her.submit(form).status_code == answer
    page = her.page(f"/en/calls/{call.slug}/start")
    assert ("Only proposals that were begun before it are still taken" in page.text) == (answer == 403)


def test_it_is_said_wherever_the_deadline_stands(client, her, call, applicant):
    draft = world.draft(call, by=applicant)
    said = "Submissions that arrive up to 10 minutes later are still taken."
    urls = [f"/en/proposals/{draft.id}{rest}" for rest in ("", "/check", f"/sections/{call.sections[0].key}")]
    pages = [client.page(f"/en/calls/{call.slug}"), *(her.page(url) for url in urls)]
    assert [said in page.text for page in pages] == [True] * 4
    call.grace_minutes = 0
    db.session.commit()
    pages = [client.page(f"/en/calls/{call.slug}"), *(her.page(url) for url in urls)]
    assert [said in page.text for page in pages] == [False] * 4


def test_the_kept_page_of_the_call_changes_at_the_deadline_and_at_the_end_of_the_grace(client, call, at):
    def seen():
        page = client.page(f"/en/calls/{call.slug}")
        begins = any(a.get("href", "").endswith("/start") for a in page.all("main//a") + page.all("a"))
        return begins, "are still taken until" in page.text

    end = call.deadline_at + 10 * MINUTE
    told = {}
    for instant in (call.deadline_at - SECOND, call.deadline_at, end - SECOND, end):
        at(instant)
        told[instant] = seen()
    assert list(told.values()) == [(True, False), (False, True), (False, True), (False, False)]


def test_the_boundaries_of_a_life_are_both():
    at = datetime(2027, 3, 1, tzinfo=UTC)
    life = Life(launched_at=at, opens_at=at, deadline_at=at + DAY, closes_at=at + DAY + MINUTE)
    assert next_boundary(life, at) == at + DAY
    assert next_boundary(life, at + DAY) == at + DAY + MINUTE
    assert (life.late(at + DAY - SECOND), life.late(at + DAY)) == (False, True)
    assert (life.ends(at), life.ends(at + DAY)) == (at + DAY, at + DAY + MINUTE)


@pytest.mark.parametrize(
    ("phase", "new", "may"),
    [
        ("draft", 0, True), ("draft", 60, True), ("announced", 5, False), ("announced", 30, True), ("open", 5, False),
        ("open", 10, True), ("open", 30, True), ("closed", 30, False), ("review", 30, False),
    ],
)  # fmt: skip
def test_once_announced_it_can_only_grow(app, phase, new, may):
    made = world.call(phase, grace_minutes=10)
    assert (no_grace(made.life, 10, new, clock.now()) is None) == may


def test_a_coordinator_lengthens_it_while_the_call_is_open(app, call):
    desk = browser_of(app, world.member(call, Role.COORDINATOR))
    page = f"/en/desk/{call.slug}/dates"
    answer = Page(desk.submit(desk.page(page).form(button="Save the dates"), grace_minutes="5"))
    assert answer.status == 422 and "it can become longer, not shorter" in answer.text
    assert desk.submit(desk.page(page).form(button="Save the dates"), grace_minutes="20").status_code == 302
    assert call.grace_minutes == 20 and call.phase(call.deadline_at + 19 * MINUTE) is Phase.OPEN
