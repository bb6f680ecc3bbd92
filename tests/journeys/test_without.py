"""Without script, and without a mouse: applying and reviewing work wholly (threat C27)."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import world
from browsing import LiveServer
from journeys.walking import Walker, document, post, proposal
from playwright.sync_api import Browser, Locator, Page, expect
from signing_in import PASSWORD, owner

from msme_calls.accounts.models import Person
from msme_calls.calls.models import Call
from msme_calls.extensions import db
from msme_calls.proposals.models import Proposal, Status
from msme_calls.reviews.models import Review, ReviewStatus

Meet = Callable[..., Walker]


@pytest.fixture
def meet(browser: Browser, live_server: LiveServer) -> Iterator[Meet]:
    """Somebody at a browser without script."""
    met: list[Walker] = []

    def make(email: str, name: str = "") -> Walker:
        met.append(Walker(browser, live_server.url, live_server.app, email, name, script=False))
        return met[-1]

    yield make
    for walker in met:
        walker.close()


def test_applying_needs_no_script(live_server: LiveServer, meet: Meet, tmp_path: Path) -> None:
    with live_server.app.app_context():
        slug = _saved(world.call("open")).slug
    applicant = meet("aissatou@example.org", "Aïssatou")
    applicant.go(f"/fr/calls/{slug}")
    applicant.follow("Start a proposal")
    applicant.register_to_go_on()
    given = proposal("La caisse commune", "Coopérative Exemple", "SN", applicant.email)
    given["documents"] = {"document": document(tmp_path)}
    wrong = given["project"].pop("project")
    applicant.press("Start the proposal")
    applicant.follow("Continue writing")
    for section, answers in given.items():
        applicant.answer(answers)
        applicant.press("Save and continue")
        if section == "project":  # the long answer was forgotten: said at the head, and nothing else is lost
            applicant.page.get_by_role("alert").get_by_role("link").first.click()
            expect(applicant.page.locator("#q-title")).to_have_value("La caisse commune")
            applicant.answer({"project": wrong})
            applicant.press("Save and continue")
    applicant.press("Submit proposal")
    applicant.heading("We have your proposal")
    overview = applicant.path.removesuffix("/receipt")
    applicant.go(overview)
    applicant.page.locator("summary", has_text=applicant.fr("Withdraw proposal")).click()
    applicant.press("Withdraw it")
    applicant.press("Restore proposal")
    applicant.follow("See the receipt")
    applicant.page.locator("summary", has_text=applicant.fr("What you submitted")).click()
    applicant.sees_text("pièce jointe.pdf")
    with live_server.app.app_context():
        (made,) = db.session.query(Proposal).all()
        assert (made.status, made.submitted_version, len(made.attachments)) == (Status.SUBMITTED, 1, 1)


def test_reviewing_needs_no_script(live_server: LiveServer, meet: Meet) -> None:
    with live_server.app.app_context():
        call = world.call("review")
        reader = owner(language="fr")
        made = world.proposal(call, economy="SN")
        title = made.title
        world.assignment(made, world.reviewer(call, reader))
        email = _saved(reader).email
    reviewer = meet(email)
    reviewer.password = PASSWORD
    reviewer.enter("/fr/reviews")
    reviewer.page.get_by_role("link", name=title).click()
    reviewer.press("Submit review")
    expect(reviewer.page.get_by_role("alert")).to_be_visible()
    reviewer.fill(comment_applicant="Un mot.")
    reviewer.press("Save")
    expect(reviewer.field("comment_applicant")).to_have_value("Un mot.")
    reviewer.score(4)
    reviewer.press("Submit review")
    expect(reviewer.page.locator(".flash.good")).to_be_visible()
    reviewer.page.get_by_role("link", name=title).click()
    reviewer.score(5)
    reviewer.fill(reason="Relu.")
    reviewer.press("Submit the changed review")
    expect(reviewer.page.locator(".flash.good")).to_be_visible()
    with live_server.app.app_context():
        (review,) = db.session.query(Review).all()
        assert (review.status, review.comment_applicant) == (ReviewStatus.SUBMITTED, "Un mot.")
        assert set(review.scores.values()) == {5} and len(review.former) == 1


def test_a_proposal_is_written_and_submitted_by_keyboard_alone(live_server: LiveServer, page: Page) -> None:
    """Tab, Enter, Space and letters: from signing in to the receipt."""
    with live_server.app.app_context():
        applicant = owner(language="fr")
        made = world.draft(world.call("open"), applicant, contact_name="", truth="")
        email, key = _saved(applicant).email, str(made.id)
    page.goto("/fr/sign-in")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    typed(page, page.locator("[name=email]"), email, most=3)
    typed(page, page.locator("[name=password]"), PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/my-work#main")
    pressed(page, page.locator(f"main a[href$='{key}']").first)
    pressed(page, page.locator("main a.button.big"))
    page.wait_for_url("**/sections/contact")
    typed(page, page.locator("#q-contact_name"), "Une Personne")
    pressed(page, page.locator(".bar button").first)
    page.wait_for_url("**/sections/project")
    page.goto(f"/fr/proposals/{key}/sections/declarations")
    tabbed(page, page.locator("[name=truth]").first)
    page.keyboard.press("Space")
    pressed(page, page.locator(".bar button").first)
    page.wait_for_url("**/check")
    pressed(page, page.locator("form[action$='/submit'] button"))
    page.wait_for_url("**/receipt")
    with live_server.app.app_context():
        assert db.session.query(Proposal).one().submitted_version == 1
    assert [m.to for m in post(live_server.app)] == [email]


def tabbed(page: Page, target: Locator, most: int = 80) -> None:
    """Go on by Tab until the focus is there."""
    element = target.element_handle()
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("e => e === document.activeElement", element):
            return
    raise AssertionError(f"{target} can't be reached by {most} presses of Tab")


def typed(page: Page, target: Locator, text: str, most: int = 80) -> None:
    tabbed(page, target, most)
    page.keyboard.type(text)


def pressed(page: Page, target: Locator) -> None:
    tabbed(page, target)
    page.keyboard.press("Enter")


def _saved(row: Call | Person) -> Call | Person:
    db.session.commit()
    return row
