"""Who has a draft is reminded a week and a day before the deadline, once each, and told when it moves."""

from datetime import timedelta

import pytest
import world

from msme_calls import clock, outbox
from msme_calls.calls.actions import extend
from msme_calls.extensions import db
from msme_calls.outbox import Email
from msme_calls.proposals import actions
from msme_calls.proposals.reminders import remind_of_drafts

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def call(app):
    return world.call("open", deadline_at=clock.now() + 20 * DAY)


@pytest.fixture
def draft(call):
    """A draft begun twenty days before the deadline."""
    made = world.draft(call)
    made.started_at = call.deadline_at - 20 * DAY
    db.session.commit()
    return made


def mails(name="draft_due"):
    rows = db.session.scalars(db.select(Email).where(Email.name == name).order_by(Email.created_at))
    return [(row.address, row.key.partition(":")[0] if row.key else None) for row in rows]


def test_a_week_and_a_day_before_once_each_whenever_the_sweep_runs(call, draft):
    told = {}
    for hours in range(0, 20 * 24, 6):
        at = call.deadline_at - 20 * DAY + timedelta(hours=hours)
        if remind_of_drafts(at):
            told[(call.deadline_at - at)] = mails()[-1]
    assert told == {7 * DAY: (draft.owner.email, "draft-7d"), DAY: (draft.owner.email, "draft-24h")}
    assert remind_of_drafts(call.deadline_at) == 0


@pytest.mark.parametrize(
    ("started", "told"), [(8 * DAY, ["draft-7d", "draft-24h"]), (3 * DAY, ["draft-24h"]), (2 * HOUR, [])]
)
def test_a_draft_begun_late_gets_only_what_is_still_to_come(call, draft, started, told):
    draft.started_at = call.deadline_at - started
    db.session.commit()
    for left in (7 * DAY - HOUR, 2 * DAY, DAY - HOUR, HOUR):
        remind_of_drafts(call.deadline_at - left)
    assert [key for _, key in mails()] == told


def test_a_worker_that_was_down_for_days_sends_one_reminder_not_two(call, draft):
    remind_of_drafts(call.deadline_at - HOUR)
    assert [key for _, key in mails()] == ["draft-24h"]


def test_submitted_withdrawn_and_closed_ones_are_not_reminded(call, draft):
    actions.submit(draft, "k", by=draft.owner, at=clock.now())
    withdrawn = world.proposal(call)
    actions.withdraw(withdrawn, by=withdrawn.owner, at=clock.now())
    gone = world.draft(call, by=world.person(active=False))
    gone.started_at = draft.started_at
    db.session.commit()
    assert remind_of_drafts(call.deadline_at - DAY) == 0


def test_a_reminder_says_the_deadline_and_the_time_left_and_leads_to_the_draft(call, draft, at):
    at(call.deadline_at - DAY)
    remind_of_drafts(clock.now())
    row = db.session.scalars(db.select(Email).where(Email.name == "draft_due")).one()
    message = outbox.render(row)
    assert "24 hours left" in message.subject
    assert f"/en/proposals/{draft.id}" in message.body and "Geneva" in message.body


@pytest.mark.parametrize("what", ["submitted", "moved", "cancelled", "over"])
def test_a_reminder_that_no_longer_applies_is_not_sent(call, draft, at, what):
    at(call.deadline_at - DAY)
    remind_of_drafts(clock.now())
    if what == "submitted":
        actions.submit(draft, "k", by=draft.owner, at=clock.now())
    elif what == "moved":
        call.deadline_at += 7 * DAY
    elif what == "cancelled":
        call.cancelled_at = clock.now()
    else:
        at(call.deadline_at)
    row = db.session.scalars(db.select(Email).where(Email.name == "draft_due")).one()
    assert outbox.render(row) is None


def test_a_deadline_that_moves_is_told_to_who_has_a_draft_and_has_its_own_reminders(call, draft, at):
    world.proposal(call)
    remind_of_drafts(call.deadline_at - 7 * DAY)
    assert extend.told(call) == 1
    coordinator = world.person()
    move = extend.extend(call, call.deadline_at + 10 * DAY, world.three("More time"), by=coordinator, at=clock.now())
    db.session.commit()
    assert mails("deadline_moved") == [(draft.owner.email, None)]
    message = outbox.render(db.session.scalars(db.select(Email).where(Email.name == "deadline_moved")).one())
    assert "26 March" in message.subject
    remind_of_drafts(move.new - 7 * DAY)
    assert [key for _, key in mails()] == ["draft-7d", "draft-7d"]
