"""A rehearsal in a real browser: led from one page, entered as an applicant, and what she writes saves itself there."""

import pytest
import world
from browsing import LiveServer
from journeys.looking import faults, listen
from playwright.sync_api import Page, expect
from signing_in import browser_of

from msme_calls.extensions import db

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.fixture
def desk(live_server: LiveServer, page: Page) -> str:
    """The page of the rehearsal, for a coordinator who is signed in to this browser."""
    page.set_default_timeout(60_000)
    with live_server.app.app_context():
        ana = world.person("Ana Real")
        call = world.call("draft", by=ana, languages=["en"])
        db.session.commit()
        cookie = browser_of(live_server.app, ana).get_cookie("session")
        assert cookie is not None
        page.context.add_cookies([{"name": "session", "value": cookie.value, "url": live_server.url}])
        return f"/en/desk/{call.slug}/rehearsal"


def test_a_coordinator_plays_an_applicant_in_a_browser(page: Page, desk: str) -> None:
    wrong, complaints, slug = [], listen(page), desk.split("/")[3]
    page.goto(desk)
    wrong += faults(page, complaints)
    page.get_by_role("button", name="Make a rehearsal").click()
    page.get_by_role("listitem").filter(has_text="The opening").get_by_role("button").click()
    expect(page.get_by_text("The clock of the rehearsal is moved.")).to_be_visible(timeout=60_000)
    wrong += faults(page, complaints)
    page.get_by_role("button", name="Play Sam Example").click()
    expect(page.get_by_text("You play Sam Example.")).to_be_visible()
    wrong += faults(page, complaints)
    page.goto(page.url.replace("/my-work", f"/calls/{slug}"))
    wrong += faults(page, complaints)
    page.get_by_role("link", name="Start a proposal").first.click()
    page.get_by_role("button", name="Start the proposal").click()
    page.get_by_role("link", name="Continue writing").first.click()
    field = page.locator("main input[type=text]").first
    field.fill("Written in a rehearsal")
    field.blur()
    page.get_by_role("button", name="Save and continue").click()
    expect(page.get_by_role("alert")).to_be_focused()  # what is saved, and what this section still asks for
    page.goto(page.url)
    expect(page.locator("main input[type=text]").first).to_have_value("Written in a rehearsal")
    wrong += faults(page, complaints)
    page.get_by_role("link", name="Lead the rehearsal").click()
    page.get_by_role("link", name="Read them").click()
    wrong += faults(page, complaints)
    assert wrong == []
