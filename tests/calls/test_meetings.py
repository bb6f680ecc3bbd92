"""The group's meetings, and the third kind of call: contributions to them, in rounds, without a ranking."""

from datetime import UTC, datetime, timedelta
from typing import Any

import icalendar
import pytest
import sqlalchemy as sa
import world
from pages import words
from signing_in import browser_of

from msme_calls import clock
from msme_calls.calls import completeness
from msme_calls.calls.actions import life
from msme_calls.calls.actions import meetings as acting
from msme_calls.calls.kinds import KINDS
from msme_calls.calls.meetings import Meeting
from msme_calls.calls.models import Call, Role
from msme_calls.decisions import actions as deciding
from msme_calls.decisions.actions import Choice
from msme_calls.decisions.models import Decision, Outcome
from msme_calls.errors import Refused
from msme_calls.extensions import db

KIND = KINDS["private-sector-contributions"]
PAGE = "/en/meetings"
DAY = timedelta(days=1)


def convenor() -> Any:
    return world.person(is_convenor=True)


def meeting(days: int = 60, **values: Any) -> Meeting:
    starts = clock.now() + days * DAY
    given = {"title": world.three("Meeting with the private sector"), "place": world.three("Room W"), "ends_at": None}
    content = acting.Content(starts_at=starts, zone="Europe/Zurich", link="", **{**given, **values})
    made = acting.add(content, by=convenor(), at=clock.now())
    db.session.commit()
    return made


def a_round(of: Meeting, by: Any = None) -> Call:
    made = acting.open_round(of, KIND, "calls@example.org", by=by or convenor(), at=clock.now())
    db.session.commit()
    return made


def events(client: Any, lang: str = "en") -> dict[str, Any]:
    answer = client.get(f"/{lang}/meetings.ics")
    assert answer.mimetype == "text/calendar"
    return {str(e["summary"]): e for e in icalendar.Calendar.from_ical(answer.data).walk("VEVENT")}


def test_a_convenor_puts_a_meeting_into_the_calendar_and_everybody_sees_it(app, client, at):
    browser = browser_of(app, convenor())
    form = browser.page("/en/meetings/calendar/new").form(button="Save the meeting")
    sent = {f"title-{code}": f"Spring meeting ({code})" for code in ("en", "fr", "es")}
    answer = browser.submit(form, starts="2027-04-26T14:00", **sent)
    assert answer.location == "/en/meetings/calendar"
    page = client.page("/fr/meetings")
    assert "Spring meeting (fr)" in page.text and "14" in page.text
    event = events(client)["Spring meeting (en)"]
    assert event.decoded("dtstart") == datetime(2027, 4, 26, 12, tzinfo=UTC)  # summer time in Geneva
    assert str(event["status"]) == "CONFIRMED"


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ({"starts": ""}, "Say when the meeting begins."),
        ({"starts": "2027-03-28T02:30"}, "doesn’t exist"),
        ({"starts": "2027-04-26T14:00", "ends": "2027-04-26T13:00"}, "A meeting ends after it begins."),
        ({"starts": "2027-04-26T14:00", "link": "javascript:alert(1)"}, "Write an address such as"),
    ],
)
def test_what_is_wrong_about_a_meeting_is_said_beside_its_field(app, at, sent, says):
    browser = browser_of(app, convenor())
    form = browser.page("/en/meetings/calendar/new").form(button="Save the meeting")
    page = browser.submit(form, **{"title-en": "Spring", **sent})
    assert page.status_code == 422 and says in page.get_data(as_text=True)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Meeting)) == 0


def test_a_cancelled_meeting_stays_in_calendars_marked_so(app, client, at):
    browser, made = browser_of(app, convenor()), meeting()
    browser.submit(browser.page("/en/meetings/calendar").form(button="Cancel the meeting"))
    event = events(client)["Meeting with the private sector (en)"]
    assert (str(event["status"]), int(event["sequence"])) == ("CANCELLED", made.version)
    assert "Cancelled" in client.page(PAGE).text
    with pytest.raises(Refused):
        a_round(made)


def test_only_convenors_keep_the_calendar(app, at):
    browser = browser_of(app, world.person())
    absent = browser.get("/en/calls/none")
    for path in ("/en/meetings/calendar", "/en/meetings/calendar/new", f"/en/meetings/calendar/{meeting().id}"):
        answer = browser.get(path)
        assert (answer.status_code, answer.data) == (404, absent.data)


def test_a_round_is_a_draft_with_its_dates_and_words_in_each_language(app, at):
    browser = browser_of(app, convenor())
    made = meeting()
    browser.submit(browser.page("/en/meetings/calendar").form(button=f"Open a round: {KIND.name['en']}"))
    call = db.session.scalars(sa.select(Call)).one()
    assert call.result_at == made.starts_at
    assert call.deadline_at == acting.closing(made, KIND)
    assert timedelta(days=13) < call.result_at - call.deadline_at < timedelta(days=15)
    assert call.opens_at > clock.now()
    assert [str(m.words) for m in completeness.missing(call)] == []  # it can be launched as it is
    assert call.title["fr"].startswith("Contributions à la réunion du ") and "%" not in "".join(call.title.values())


def test_a_meeting_has_one_round_and_the_next_one_starts_from_its_words(app, at):
    keeper, first = convenor(), meeting(60)
    call = a_round(first, keeper)
    with pytest.raises(Refused):
        a_round(first, keeper)
    db.session.rollback()
    call.lead = world.three("Words of our own")
    db.session.commit()
    following = a_round(meeting(120), keeper)
    assert following.lead == world.three("Words of our own")
    assert following.deadline_at > call.deadline_at


def test_a_round_is_too_late_when_its_contributions_were_due(app, at):
    with pytest.raises(Refused, match="too late"):
        a_round(meeting(13))


def test_deadlines_of_rounds_are_in_the_calendar_once_they_are_launched(app, client, at):
    keeper = convenor()
    call = a_round(meeting(), keeper)
    assert len(events(client)) == 1
    life.launch(call, 0, by=keeper, at=clock.now())
    db.session.commit()
    deadline = next(e for name, e in events(client).items() if name.startswith("Deadline: "))
    assert deadline.decoded("dtstart") == call.deadline_at
    at(call.opens_at)
    assert "Contributions are taken until" in client.page(PAGE).text


def test_a_round_is_decided_without_reviews_and_its_documents_are_listed_at_its_instant(app, client, at):
    """Threat E1: nothing of it before the instant."""
    keeper, made = convenor(), meeting()
    call, second = a_round(made, keeper), world.person()
    world.member(call, Role.COORDINATOR, second)
    life.launch(call, 0, by=keeper, at=clock.now())
    at(call.opens_at + DAY)
    taken, other = (world.proposal(call, title=f"Canary {n}") for n in (1, 2))
    at(call.deadline_at + DAY)
    browser = browser_of(app, keeper)
    desk = browser.page(f"/en/desk/{call.slug}")
    assert not desk.all("nav//a[.='Ranking']") and not desk.all("nav//a[.='Criteria']")
    browser.submit(desk.form(button="Start deciding"))
    page = browser.page(f"/en/desk/{call.slug}/decisions/{taken.id}")
    assert "INF/MSME/P/1." in words(page.one("main"))
    said = {f"{part}-{c}": f"Public {part} ({c})" for part in ("name", "project", "summary") for c in call.languages}
    answer = browser.submit(page.form(button="Save the decision"), **{f"outcome-{taken.id}": "accepted"}, **said)
    assert answer.status_code == 302
    deciding.decide(call, [Choice(other, Outcome.NOT_SELECTED, "Advertising")], by=keeper, at=clock.now())
    with pytest.raises(Refused):  # the symbol is missing
        deciding.propose(call, by=keeper, at=clock.now())
    db.session.rollback()
    again = browser.page(f"/en/desk/{call.slug}/decisions/{taken.id}").form(button="Save the decision")
    refused = browser.submit(again, symbol="INF/MSME/W/1")
    assert refused.status_code == 422 and "INF/MSME/P/12" in refused.get_data(as_text=True)
    browser.submit(again, symbol="INF/MSME/P/7")
    db.session.expire_all()
    assert db.session.get_one(Decision, taken.id).symbol == "INF/MSME/P/7"
    deciding.decide(call, [Choice(other, Outcome.NOT_SELECTED, "Advertising")], by=keeper, at=clock.now())
    deciding.propose(call, by=keeper, at=clock.now())
    deciding.confirm(call, by=second, at=clock.now())
    deciding.seal(call, by=second, at=clock.now())
    db.session.commit()
    at(call.result_at - timedelta(seconds=1))
    assert "INF/MSME/P/7" not in client.page("/en/documents").text
    at(call.result_at)
    page = client.page("/es/documents")
    assert "INF/MSME/P/7" in page.text and "Public project (es)" in page.text
    result = client.page(f"/en/calls/{call.slug}/result")
    assert "Accepted document" in result.text and "Nothing was ranked." in result.text
    assert "Public name (en)" not in client.page("/en/winners").text


def test_a_symbol_is_given_once(app, at):
    keeper = convenor()
    call = a_round(meeting(), keeper)
    life.launch(call, 0, by=keeper, at=clock.now())
    at(call.opens_at + DAY)
    proposals = [world.proposal(call) for _ in range(2)]
    at(call.deadline_at + DAY)
    life.start_deciding(call, by=keeper, at=clock.now())
    for proposal in proposals:
        deciding.decide(call, [Choice(proposal, Outcome.ACCEPTED)], by=keeper, at=clock.now())
    rows = [db.session.get_one(Decision, p.id) for p in proposals]
    said = [world.three(part) for part in ("name", "project", "summary")]
    deciding.set_words(proposals[0], rows[0], *said, "INF/MSME/P/3", by=keeper, at=clock.now())
    db.session.flush()
    with pytest.raises(Refused, match="Another document has this symbol"):
        deciding.set_words(proposals[1], rows[1], *said, "INF/MSME/P/3", by=keeper, at=clock.now())


@pytest.mark.parametrize("page", ["rules", "dates", "texts"])
def test_a_rounds_set_up_asks_nothing_of_reviews(app, at, page):
    """Saving a page as it is shown keeps everything."""
    keeper = convenor()
    call = a_round(meeting(), keeper)
    browser = browser_of(app, keeper)
    shown = browser.page(f"/en/desk/{call.slug}/{page}")
    form = shown.form(button={"rules": "Save the rules", "dates": "Save the dates", "texts": "Save the texts"}[page])
    assert not {"reviews_per_proposal", "tie_1", "review_due"} & set(form.values)
    before = {c.key: getattr(call, c.key) for c in sa.inspect(Call).column_attrs}
    assert browser.submit(form).status_code == 302
    db.session.expire_all()
    after = {c.key: getattr(call, c.key) for c in sa.inspect(Call).column_attrs}
    assert {k: v for k, v in after.items() if k != "version"} == {k: v for k, v in before.items() if k != "version"}
