"""What is asked of those who were chosen: seen by them alone, from the instant of the result on, each with its date."""

from datetime import timedelta
from io import BytesIO
from typing import Any

import deciding
import mails
import pytest
import sqlalchemy as sa
import world
from pages import Page, words
from pypdf import PdfWriter
from signing_in import browser_of

from msme_calls import clock
from msme_calls.calls.models import Role
from msme_calls.errors import Refused
from msme_calls.extensions import db
from msme_calls.tasks import actions, queries, reminders
from msme_calls.tasks.actions import Content
from msme_calls.tasks.models import Done, Task

DAY = timedelta(days=1)


def task(call: Any, by: Any, kind: str = "short-text", **values: Any) -> Task:
    given = {"help": {}, "required": True, "outcomes": ["winner"], "due_at": call.result_at + 30 * DAY, **values}
    made = actions.add(call, kind, Content(label=world.three(f"Task {kind}"), **given), by=by, at=clock.now())
    db.session.commit()
    return made


@pytest.fixture
def made(app: Any, at: Any) -> Any:
    made, _seal = deciding.sealed()
    return made


def test_a_coordinator_sets_a_task_with_its_date_and_whom_it_is_asked_of(app, at):
    made = deciding.deciding()
    db.session.commit()
    browser = browser_of(app, made.first)
    page = browser.page(f"/en/desk/{made.call.slug}/tasks/new/long-text")
    form = page.form(button="Save the task")
    early = browser.submit(form, **{"label-en": "About you"}, due=f"{clock.now():%Y-%m-%dT%H:%M}")
    assert early.status_code == 422 and "A task is due after the result" in early.get_data(as_text=True)
    due = made.call.result_at + 20 * DAY
    sent = browser.submit(form, **{"label-en": "About you", "max_words": "80"}, due=f"{due:%Y-%m-%dT%H:%M}")
    assert sent.status_code == 302, Page(sent).text[:900]
    assert sent.location == f"/en/desk/{made.call.slug}/tasks"
    kept = db.session.scalars(sa.select(Task)).one()
    assert (kept.kind, kept.outcomes, kept.options, kept.required) == ("long-text", ["winner"], {"max_words": 80}, True)


def test_nobody_learns_of_a_task_before_the_instant_and_only_those_it_is_asked_of_after_it(app, made, at):
    """Threat E1: that something is asked would tell the result."""
    task(made.call, made.first)
    page = f"/en/proposals/{made.proposals[0].id}/tasks"
    at(made.call.result_at - timedelta(seconds=1))
    winner, loser = browser_of(app, made.owners[0]), browser_of(app, made.owners[4])
    absent = winner.get("/en/proposals/00000000-0000-4000-8000-000000000000/tasks")
    before = winner.get(page)
    assert (before.status_code, before.data) == (404, absent.data)
    assert reminders.tell_of_tasks.__wrapped__(clock.now()) == 0
    at(made.call.result_at)
    assert "Task short-text" in winner.page(page).text
    assert loser.get(f"/en/proposals/{made.proposals[4].id}/tasks").status_code == 404
    assert loser.get(page).status_code == 404


def test_who_does_not_decide_learns_at_the_desk_of_whom_a_task_is_asked_with_everybody_else(app, made, at):
    """Threat E6: a list of those who are asked is the list of winners."""
    task(made.call, made.first)
    page, name = f"/en/desk/{made.call.slug}/tasks", made.proposals[0].organisation
    at(made.call.result_at - timedelta(seconds=1))
    helper = browser_of(app, world.member(made.call, Role.ASSISTANT))
    assert "Task short-text" in helper.page(page).text and name not in helper.page(page).text
    assert name in browser_of(app, made.first).page(page).text
    at(made.call.result_at)
    assert name in helper.page(page).text


def test_what_is_handed_in_is_checked_kept_and_seen_by_coordinators(app, made, at):
    asked = task(made.call, made.first, options={"max_chars": 40})
    at(made.call.result_at + DAY)
    winner = browser_of(app, made.owners[0])
    form = winner.page(f"/en/proposals/{made.proposals[0].id}/tasks/{asked.id}").form(button="Hand in")
    wrong = winner.submit(form, **{asked.key: "x" * 41})
    assert wrong.status_code == 422 and "Shorten the answer" in wrong.get_data(as_text=True)
    winner.submit(form, **{asked.key: "We weave"})
    kept = db.session.scalars(sa.select(Done)).one()
    assert (kept.value, kept.late, kept.done_by_id) == ("We weave", False, made.owners[0].id)
    desk = browser_of(app, made.first).page(f"/en/desk/{made.call.slug}/tasks")
    assert "We weave" in desk.text and "Not yet" in desk.text  # the other winner’s


def test_a_file_is_handed_in_replaced_and_given_to_coordinators(app, made, at):
    asked = task(made.call, made.first, "file", options={"types": ["pdf"], "max_mb": 1})
    at(made.call.result_at + DAY)
    winner = browser_of(app, made.owners[0])
    path = f"/en/proposals/{made.proposals[0].id}/tasks/{asked.id}"
    none = winner.submit(winner.page(path).form(button="Hand in"))
    assert none.status_code == 422 and "Send a file: it is required." in none.get_data(as_text=True)
    for name in ("first.pdf", "final.pdf"):
        winner.submit(winner.page(path).form(button="Hand in"), **{asked.key: (document(name), name)})
    page = browser_of(app, made.first).page(f"/en/desk/{made.call.slug}/tasks")
    (link,) = page.all("main//dd/a")
    assert words(link) == "final.pdf"
    answer = browser_of(app, made.first).get(link.get("href"))
    assert answer.status_code == 200 and answer.data.startswith(b"%PDF")
    answer.close()


def document(title: str) -> BytesIO:
    writer, out = PdfWriter(), BytesIO()
    writer.add_blank_page(200, 200)
    writer.add_metadata({"/Title": title})
    writer.write(out)
    out.seek(0)
    return out


def test_late_is_taken_and_marked_and_what_came_in_time_stands(app, made, at):
    """One second before the date, at it, and after it."""
    asked = task(made.call, made.first)
    winners = [p for p in made.proposals[:2]]
    at(asked.due_at - timedelta(seconds=1))
    (first,) = queries.asked_of(winners[0], clock.now())
    actions.do(first, winners[0], "in time", [], by=winners[0].owner, at=clock.now())
    db.session.commit()
    at(asked.due_at)
    (again,) = queries.asked_of(winners[0], clock.now())
    with pytest.raises(Refused, match="stands"):
        actions.do(again, winners[0], "changed", [], by=winners[0].owner, at=clock.now())
    db.session.rollback()
    (other,) = queries.asked_of(winners[1], clock.now())
    actions.do(other, winners[1], "late", [], by=winners[1].owner, at=clock.now())
    db.session.commit()
    assert {d.value: d.late for d in db.session.scalars(sa.select(Done))} == {"in time": False, "late": True}


def test_teams_are_told_once_and_reminded_a_week_and_a_day_before(app, made, at):
    asked = task(made.call, made.first)
    mails.sent()
    at(made.call.result_at + timedelta(minutes=1))
    mails.sent()  # outcomes
    seen = []
    for moment in (made.call.result_at + DAY, asked.due_at - 7 * DAY, asked.due_at - 6 * DAY, asked.due_at - DAY):
        at(moment)
        reminders.tell_of_tasks.__wrapped__(clock.now())
        reminders.remind_of_tasks.__wrapped__(clock.now())
        seen.append(sorted(mail.to for mail in mails.sent()))
    both = sorted(p.owner.email for p in made.proposals[:2])
    assert seen == [both, both, [], both]


def test_what_somebody_handed_in_keeps_its_task(app, made, at):
    asked = task(made.call, made.first)
    at(made.call.result_at + DAY)
    (first,) = queries.asked_of(made.proposals[0], clock.now())
    actions.do(first, made.proposals[0], "done", [], by=made.owners[0], at=clock.now())
    db.session.commit()
    with pytest.raises(Refused, match="only its words and its date"):
        actions.remove(asked, by=made.first, at=clock.now())
    changed = Content(world.three("Other words"), {}, True, ["winner"], asked.due_at + DAY)
    actions.edit(asked, changed, by=made.first, at=clock.now())
    assert asked.label == world.three("Other words")
