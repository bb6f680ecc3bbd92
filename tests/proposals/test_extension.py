"""More time: for one proposal, for a reason, until an instant; and for all, announced, told to whoever writes."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import mails
import pytest
import world
from pages import Page
from signing_in import browser_of

from msme_calls import clock, history
from msme_calls.calls.actions import extend, life
from msme_calls.calls.models import Role
from msme_calls.calls.phases import Phase
from msme_calls.errors import Refused
from msme_calls.extensions import db
from msme_calls.proposals import actions, more_time
from msme_calls.proposals.models import Member, Proposal, Status, TeamRole

DAY, HOUR, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)


@pytest.fixture
def desk(app, call):
    """The browser of a coordinator of the call."""
    who = world.member(call, Role.COORDINATOR)
    db.session.commit()
    return browser_of(app, who)


@pytest.fixture
def late(call, applicant):
    """A draft with a reader and a writer on its team; nobody has submitted."""
    made = world.draft(call, by=applicant)
    for role in (TeamRole.VIEW, TeamRole.EDIT):
        db.session.add(Member(proposal_id=made.id, person_id=world.person().id, role=role, since=clock.now()))
    db.session.commit()
    return made


def give(desk, call, reference, until, reason="Example reason"):
    form = desk.page(f"/en/desk/{call.slug}/more-time").form(button="Give this proposal more time")
    local = until.astimezone(ZoneInfo(call.zone)).strftime("%Y-%m-%dT%H:%M")
    return desk.submit(form, reference=reference, until=local, reason=reason)


def whole(instant):
    return instant.replace(second=0, microsecond=0)


def test_one_proposal_stays_open_until_its_instant_and_all_others_close(desk, her, call, late, at):
    other = world.draft(call)
    at(call.deadline_at + HOUR)
    until = whole(call.deadline_at + 2 * DAY)
    assert give(desk, call, f" {late.reference.lower()} ", until).status_code == 302
    told = mails.sent()
    assert {m.to for m in told} == {late.owner.email, *(m.person.email for m in late.members)}
    assert all("Example reason" in m.text for m in told)
    assert (late.phase(until - SECOND), late.phase(until), other.phase(until - SECOND)) == (
        Phase.OPEN, Phase.CLOSED, Phase.CLOSED,
    )  # fmt: skip
    page = her.page(f"/en/proposals/{late.id}")
    assert "gave this proposal more time" in page.text and "Example reason" in page.text
    at(until - SECOND)
    check = her.page(f"/en/proposals/{late.id}/check")
    assert her.submit(check.form(button="Submit proposal")).status_code == 302
    assert late.status is Status.SUBMITTED
    assert "give-more-time" in {row.verb for row in db.session.scalars(db.select(history.History))}


@pytest.mark.parametrize(("late_by", "answer"), [(-SECOND, 302), (0 * SECOND, 403), (SECOND, 403)])
def test_to_the_second(her, call, late, at, late_by, answer):
    until = call.deadline_at + DAY
    more_time.give(late, until, "Example", by=world.person(), at=clock.now())
    db.session.commit()
    form = her.page(f"/en/proposals/{late.id}/check").form(button="Submit proposal")
    at(until + late_by)
    assert her.submit(form).status_code == answer


def test_nothing_of_it_is_public(client, desk, call, late):
    give(desk, call, late.reference, whole(call.deadline_at + DAY))
    assert "Example reason" not in client.page(f"/en/calls/{call.slug}").text


@pytest.mark.parametrize("days", [-1, 0, 15])
def test_it_ends_after_the_deadline_and_within_two_weeks(desk, call, late, days):
    answer = Page(give(desk, call, late.reference, whole(call.deadline_at + days * DAY)))
    assert answer.status == 422 and late.extended_to is None


def test_a_reason_is_needed(desk, call, late):
    answer = Page(give(desk, call, late.reference, whole(call.deadline_at + DAY), reason=""))
    assert answer.status == 422 and "Write the reason in a sentence." in answer.text


def test_a_coordinator_in_conflict_finds_no_such_reference(app, call, late):
    who = world.member(call, Role.COORDINATOR, world.person(organisation=late.organisation))
    db.session.commit()
    hers = browser_of(app, who)
    answers = [give(hers, call, ref, whole(call.deadline_at + DAY)) for ref in (late.reference, "EX1-AAAA-AA")]
    said = [Page(a).text.replace(ref, "…") for a, ref in zip(answers, (late.reference, "EX1-AAAA-AA"), strict=True)]
    assert [a.status_code for a in answers] == [422, 422] and said[0] == said[1]
    more_time.give(late, call.deadline_at + DAY, "Example", by=world.person(), at=clock.now())
    assert late.reference not in hers.page(f"/en/desk/{call.slug}/more-time").text


def test_it_can_be_taken_back_until_it_is_used(desk, her, call, late, at):
    until = whole(call.deadline_at + 2 * DAY)
    give(desk, call, late.reference, until)
    mails.sent()
    page = f"/en/desk/{call.slug}/more-time"
    desk.submit(desk.page(page).form(button="Take the time back"))
    assert late.extended_to is None
    assert {m.subject for m in mails.sent()} == {"The additional time for your proposal has ended"}
    give(desk, call, late.reference, until)
    at(call.deadline_at)
    actions.submit(late, "key-1", by=late.owner, at=clock.now())
    assert "Used" in desk.page(page).text
    token = desk.page(page).forms[0].values["csrf_token"]
    assert desk.post(f"{page}/{late.id}/end", data={"csrf_token": token}).status_code == 403
    assert late.extended_to == until


def test_the_review_waits_for_it(desk, call, late, at):
    until = call.deadline_at + DAY
    more_time.give(late, until, "Example", by=world.person(), at=clock.now())
    at(call.deadline_at)
    with pytest.raises(Refused, match="A proposal has more time"):
        life.start_review(call, by=None, at=clock.now())
    db.session.commit()
    assert "A proposal has more time" in desk.page(f"/en/desk/{call.slug}").text
    at(until)
    life.start_review(call, by=None, at=clock.now())
    with pytest.raises(Refused, match="until its review starts"):
        more_time.give(late, until + DAY, "Example", by=world.person(), at=clock.now())


def test_a_later_deadline_for_all_is_told_to_all_who_write_and_stands_on_the_page(client, call, late):
    by, new = world.person(), call.deadline_at + DAY
    extend.extend(call, new, world.three("Example outage"), by=by, at=clock.now())
    writer = next(m.person for m in late.members if m.role is TeamRole.EDIT)
    assert {m.to for m in mails.sent()} == {late.owner.email, writer.email}
    assert "Example outage (en)" in client.page(f"/en/calls/{call.slug}").text


def test_only_coordinators_of_the_call_find_the_page(app, call, late):
    for role in (Role.ASSISTANT, Role.CHAIR, Role.OBSERVER, Role.REVIEWER):
        who = world.member(call, role)
        db.session.commit()
        assert browser_of(app, who).get(f"/en/desk/{call.slug}/more-time").status_code == 404
    assert db.session.scalars(db.select(Proposal.extended_to)).all() == [None]
