"""A call from last year's: its dates move by whole years, are looked at with their weekdays, and can be changed."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
import world
from pages import Page

from msme_calls.calls import deadlines
from msme_calls.calls.models import Call
from msme_calls.extensions import db

ZONE = ZoneInfo("Europe/Zurich")


def local(*parts):
    return datetime(*parts, tzinfo=ZONE)


@pytest.fixture
def source(by):
    made = world.call("draft", by=by)
    made.opens_at, made.deadline_at = local(2026, 2, 2, 10), local(2026, 3, 29, 23, 59)
    made.review_due_at, made.review_cutoff_at = local(2026, 5, 1, 18), local(2026, 5, 8, 18)
    made.result_at = local(2026, 6, 27, 10)
    return made


def copy_of(source):
    return db.session.scalar(sa.select(Call).where(Call.id != source.id))


def test_old_and_new_dates_stand_with_their_weekdays_and_a_feast_is_said(desk, source):
    page = desk.page(f"/en/desk/{source.slug}/copy")
    assert page.form(button="Create the copy").values["deadline"] == "2027-03-29T23:59"
    assert "Sun 29 March 2026, 23:59" in page.text and "Mon 29 March 2027, 23:59" in page.text
    assert "It falls on Easter Monday." in page.text
    assert "It falls on a Saturday." in page.text  # 8 May 2027
    assert page.text.count("It falls") == 3  # 1 May too; 27 June is Sunday, and MSME Day


def test_dates_are_changed_before_the_copy_is_made(desk, source):
    sheet = desk.page(f"/en/desk/{source.slug}/copy").form(button="Create the copy")
    assert desk.submit(sheet, deadline="2027-03-31T12:00").status_code == 302
    made = copy_of(source)
    assert made.deadline_at == local(2027, 3, 31, 12)
    assert (made.opens_at, made.result_at) == (local(2027, 2, 2, 10), local(2027, 6, 27, 10))


def test_other_years_move_the_dates_and_make_nothing_before_they_were_looked_at(desk, source):
    sheet = desk.page(f"/en/desk/{source.slug}/copy").form(button="Create the copy")
    page = Page(desk.submit(sheet, years="2"))
    assert page.status == 200 and "Look at the dates first" in page.text and copy_of(source) is None
    again = page.form(button="Create the copy")
    assert again.values["deadline"] == "2028-03-29T23:59"
    moved = Page(desk.submit(again, button=("move", "y"), years="3", slug="kept"))
    third = moved.form(button="Create the copy")
    assert (third.values["deadline"], third.values["slug"]) == ("2029-03-29T23:59", "kept")
    assert desk.submit(third).status_code == 302
    assert copy_of(source).opens_at == local(2029, 2, 2, 10)


@pytest.mark.parametrize(
    ("typed", "words"),
    [("2027-03-28T02:30", "doesn’t exist"), ("2027-10-31T02:30", "comes twice"), ("soon", "Write the date"),
     ("2026-12-01T10:00", "has to come after the opening")],
)  # fmt: skip
def test_a_date_that_cannot_be_is_said_and_no_copy_is_made(desk, source, typed, words):
    sheet = desk.page(f"/en/desk/{source.slug}/copy").form(button="Create the copy")
    page = Page(desk.submit(sheet, deadline=typed))
    assert page.status == 422 and words in page.text and copy_of(source) is None
    assert page.form(button="Create the copy").values["deadline"] == typed


@pytest.mark.parametrize("years", ["", "x", "-3000", "999999999999"])
def test_years_that_are_none_make_nothing(desk, source, years):
    sheet = desk.page(f"/en/desk/{source.slug}/copy").form(button="Create the copy")
    assert desk.submit(sheet, years=years).status_code == 422
    assert copy_of(source) is None


def test_a_day_or_hour_that_the_new_year_lacks_is_said(desk, source):
    source.opens_at, source.deadline_at = local(2024, 2, 29, 10), local(2024, 3, 28, 2, 30)
    page = desk.page(f"/en/desk/{source.slug}/copy")  # three years on, to 2027
    assert "That year has no 29 February: the 28th stands here." in page.text
    assert "The clocks go forward on that day, and the time doesn’t exist" in page.text
    assert page.form(button="Create the copy").values["deadline"] == "2027-03-28T03:30"


@pytest.mark.parametrize(
    ("year", "day"),
    [(1818, (3, 22)), (1943, (4, 25)), (2024, (3, 31)), (2027, (3, 28)), (2038, (4, 25)), (2100, (3, 28))],
)
def test_easter(year, day):
    """Dates of Easter as published (the earliest, the latest, a century)."""
    assert deadlines.easter(year) == date(year, *day)
