"""Reviewers are written to when something is assigned, and reminded once on each occasion, without a title."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
import world

from msme_calls import clock, outbox
from msme_calls.calls.phases import Phase
from msme_calls.extensions import db
from msme_calls.reviews import actions, rules
from msme_calls.reviews.reminders import remind_reviewers

DAY = timedelta(days=1)


@pytest.fixture
def given_(call, reviewer):
    """Two proposals for one reviewer, one for another."""
    made = [world.assignment(world.proposal(call), who) for who in (reviewer, reviewer, world.reviewer(call))]
    db.session.commit()
    return made


def due() -> list[outbox.Email]:
    return list(db.session.scalars(sa.select(outbox.Email).filter_by(name="review_due").order_by(outbox.Email.due_at)))


def text(row: outbox.Email) -> str | None:
    message = outbox.render(row)
    return None if message is None else f"{message.subject}\n{message.body}"


def test_one_mail_a_reviewer_on_each_occasion_however_often_the_sweep_runs(given_, call, at):
    told = []
    for before in (8 * DAY, 7 * DAY, 2 * DAY, DAY, timedelta(hours=1), timedelta(), -2 * DAY):
        for _ in range(2):
            told.append(remind_reviewers(at(call.review_due_at - before)))
    assert told == [0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0]
    keys = [m.key for m in due()]
    assert len(set(keys)) == 6 and all(call.review_due_at.isoformat() in k for k in keys)


def test_two_sweeps_at_once_queue_one(given_, call, at, make_app):
    moment = at(call.review_due_at - DAY)
    remind_reviewers(moment)
    with make_app().app_context():
        assert remind_reviewers(moment) == 0
    assert len(due()) == 2


def test_it_says_how_many_and_when_and_never_which(given_, call, at):
    remind_reviewers(at(call.review_due_at - 7 * DAY))
    bodies = sorted(text(m) for m in due())
    assert bodies[0].startswith("1 review is due soon") and bodies[1].startswith("2 reviews are due soon")
    assert "You have 2 reviews of “" in bodies[1] and "Geneva time" in bodies[1]
    for a in given_:
        assert not any(a.proposal.title in body or a.proposal.reference in body for body in bodies)


def test_late_says_late(given_, call, at):
    remind_reviewers(at(call.review_due_at))
    assert sorted(text(m).partition("\n")[0] for m in due()) == ["1 review is late", "2 reviews are late"]


def test_what_is_done_declined_or_in_conflict_by_now_is_not_in_the_mail(given_, call, at):
    remind_reviewers(at(call.review_due_at - DAY))
    first, second, third = given_
    actions.submit_review(first, world.sheet(call), by=first.reviewer, at=clock.now())
    third.reviewer.organisation = third.proposal.organisation
    db.session.commit()
    bodies = [text(m) for m in due()]
    assert sorted(b.partition("\n")[0] for b in bodies if b) == ["1 review is due soon"] and None in bodies
    actions.decline(second, "busy", by=second.reviewer, at=clock.now())
    db.session.commit()
    assert [text(m) for m in due()] == [None, None]


def test_nobody_is_reminded_of_what_was_assigned_after_the_occasion(call, at):
    at(call.review_due_at - 6 * DAY)
    world.assignment(world.proposal(call))
    assert remind_reviewers(clock.now()) == 0
    assert remind_reviewers(at(call.review_due_at - DAY)) == 1


def test_an_extended_review_is_reminded_of_at_its_own_date(given_, call, at):
    late = given_[2]
    actions.extend(late, call.review_cutoff_at + 10 * DAY, "ill", by=world.person(), at=clock.now())
    db.session.commit()
    assert remind_reviewers(at(call.review_due_at)) == 1
    assert remind_reviewers(at(call.review_cutoff_at + 3 * DAY)) == 1
    assert {m.person_id for m in due() if m.due_at > call.review_due_at} == {late.reviewer_id}


def test_after_the_cut_off_nobody_is_reminded(given_, call, at):
    assert remind_reviewers(at(call.review_cutoff_at)) == 0


def test_the_mail_of_an_assignment_says_how_many_and_when(given_, call):
    rows = db.session.scalars(sa.select(outbox.Email).filter_by(name="review_assigned"))
    bodies = [text(m) for m in rows]
    assert all(b.startswith("1 proposal to review") and "The review is due on" in b for b in bodies)
    assert not any(a.proposal.title in b for a in given_ for b in bodies)


@pytest.mark.parametrize("language", ["en", "fr", "es"])
@pytest.mark.parametrize("name", ["review_assigned", "review_due", "review_extended"])
def test_every_mail_is_drawn_in_every_language(call, at, language, name):
    who = world.reviewer(call, world.person(language=language))
    mine = world.assignment(world.proposal(call), who)
    if name == "review_extended":
        actions.extend(mine, call.review_due_at + DAY, "ill", by=world.person(), at=clock.now())
    if name == "review_due":
        remind_reviewers(at(call.review_due_at - DAY))
    row = db.session.scalars(sa.select(outbox.Email).filter_by(name=name)).one()
    message = outbox.render(row)
    assert message.body and message.html and f"/{language}/reviews" in message.body


@pytest.mark.parametrize(("hours", "expected"), [
    (-7 * 24 - 1, None), (-7 * 24, "7d"), (-25, "7d"), (-24, "1d"), (-1, "1d"), (0, "late"), (200, "late"), (241, None),
])  # fmt: skip
def test_occasions(hours, expected):
    end = datetime(2027, 4, 12, tzinfo=UTC)
    window = rules.Window(Phase.REVIEW, end, end + 10 * DAY)
    at_ = end + timedelta(hours=hours)
    assert rules.occasion(window, end - 30 * DAY, at_) == expected
    assert rules.occasion(window, at_, at_) is None, "the mail of the assignment has just named the date"


def test_without_a_due_date_there_is_no_occasion():
    assert (
        rules.occasion(rules.Window(Phase.REVIEW), datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 4, 1, tzinfo=UTC))
        is None
    )
