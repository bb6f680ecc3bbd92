"""The form in a real browser: counts and rows by script, focus on errors, nothing for axe to say, small on the wire."""

import io

import pytest
import world
from playwright.sync_api import expect
from pypdf import PdfReader
from signing_in import browser_of

from msme_calls import clock
from msme_calls.extensions import db
from msme_calls.proposals import actions
from msme_calls.proposals.models import Proposal


@pytest.fixture
def draft(live_server, page):
    """A draft, and its applicant signed in to the browser: (address of the proposal, its id)."""
    with live_server.app.app_context():
        made = world.draft(world.call("open"), economy="KE")
        db.session.commit()
        cookie = browser_of(live_server.app, made.owner).get_cookie("session")
        page.context.add_cookies([{"name": "session", "value": cookie.value, "url": live_server.url}])
        return f"/en/proposals/{made.id}", made.id


def saved(live_server, proposal_id, key):
    with live_server.app.app_context():
        parts = db.session.get_one(Proposal, proposal_id).drafts
        return next(part.answers[key] for part in parts if key in part.answers)


def test_rows_are_added_and_taken_away_and_saved_in_order(live_server, page, draft):
    url, key = draft
    page.goto(f"{url}/sections/plan")
    page.get_by_role("button", name="Add a row").click()
    second = page.get_by_role("group", name="Row 2")
    second.get_by_label("Activity").fill("Ship together")
    second.get_by_label("Months").fill("4")
    second.get_by_label("Result").fill("Sent")
    page.get_by_role("group", name="Row 1").get_by_role("button", name="Remove this row").click()
    page.get_by_role("button", name="Save and continue").click()
    page.wait_for_url("**/sections/documents")
    assert saved(live_server, key, "action_plan") == [{"activity": "Ship together", "month": "4", "result": "Sent"}]


def test_words_are_counted_while_typing_and_enter_saves(live_server, page, draft):
    url, key = draft
    page.goto(f"{url}/sections/project")
    page.get_by_label("Summary").fill("l’art d’aimer")
    assert page.locator("#q-summary-count [data-count]").inner_text() == "2 of 60 words"
    page.get_by_label("How many small businesses").fill("many")
    page.get_by_label("How many small businesses").press("Enter")
    expect(page.get_by_role("alert")).to_be_focused()
    assert saved(live_server, key, "summary") == "l’art d’aimer"


def test_axe_finds_nothing(live_server, page, draft, accessible):
    url, _ = draft
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        for path in ("", "/sections/organisation", "/sections/plan", "/sections/documents", "/check"):
            page.goto(f"{url}{path}")
            accessible()
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_the_form_weighs_little_on_the_first_visit(live_server, page, draft):
    sizes = []
    page.on("requestfinished", lambda r: sizes.append(r.sizes()["responseBodySize"]))
    page.goto(f"{draft[0]}/sections/organisation", wait_until="networkidle")
    assert sum(sizes) < 30_000, sizes


def test_the_receipt_is_one_sheet_of_paper(live_server, page, draft):
    url, key = draft
    with live_server.app.app_context():
        made = db.session.get_one(Proposal, key)
        actions.submit(made, "k", by=made.owner, at=clock.now())
        db.session.commit()
    page.goto(f"{url}/receipt")
    assert len(PdfReader(io.BytesIO(page.pdf(format="A4"))).pages) == 1
