"""The form in a browser saves by itself, keeps on the device what the server hasn't got, and never overwrites.

Threats D7, D10.
"""

import re
from collections.abc import Callable

import pytest
import world
from playwright.sync_api import Page, expect
from proposals.test_team import joined
from signing_in import PASSWORD, browser_of, owner

from msme_calls import clock
from msme_calls.accounts import sessions
from msme_calls.extensions import db
from msme_calls.proposals import actions
from msme_calls.proposals.models import Proposal

SAVED = re.compile(r"^Saved at \d\d:\d\d \(Geneva\)$")


class Case:
    """A draft, its applicant at the browser, and what the server has of it."""

    def __init__(self, live_server, page):
        self.live, self.page, self.app = live_server, page, live_server.app
        with self.app.app_context():
            made = world.draft(world.call("open"), by=owner(email="applicant@example.org"), title="The title")
            self.id, self.person = made.id, made.owner_id
            db.session.commit()
            self.cookie = browser_of(self.app, made.owner).get_cookie("session").value
        self.url = f"/en/proposals/{self.id}/sections/"
        self.come(page)

    def come(self, page):
        page.context.add_cookies([{"name": "session", "value": self.cookie, "url": self.live.url}])

    def open(self, section="project", page=None):
        (page or self.page).goto(f"{self.url}{section}")

    def kept(self, key="title"):
        with self.app.app_context():
            parts = db.session.get_one(Proposal, self.id).drafts
            return next(part.answers[key] for part in parts if key in part.answers)

    def saves(self, at_least=1, **answers):
        """Somebody else, or another device, saves."""
        with self.app.app_context():
            made = db.session.get_one(Proposal, self.id)
            section = next(s for s in made.call.form.sections if any(q.key in answers for q in s.questions))
            actions.save_section(made, section, answers, by=made.owner, at=clock.now())
            db.session.commit()

    def signs_out(self):
        with self.app.app_context():
            sessions.end_all(db.session.get_one(world.Person, self.person), clock.now())
            db.session.commit()


@pytest.fixture
def case(live_server, page) -> Case:
    return Case(live_server, page)


def state(page: Page):
    return page.locator("[data-states] > :not([hidden])")


def cut(page: Page) -> Callable[[], None]:
    """The line breaks; gives what mends it."""
    page.context.set_offline(True)
    return lambda: page.context.set_offline(False)


def test_what_is_typed_is_saved_a_moment_later_and_said_once(case, page):
    case.open()
    page.get_by_label("Title").fill("A better title")
    expect(state(page)).to_have_text("Not saved yet")
    expect(state(page)).to_have_text(SAVED)
    assert case.kept() == "A better title"
    expect(page.get_by_role("status").last).to_have_text("")  # nobody is interrupted by what goes well
    assert page.evaluate("document.querySelector('[name=section-version]').value") == "2"
    page.reload()
    expect(page.get_by_label("Title")).to_have_value("A better title")
    expect(page.locator("[data-choice]")).to_have_count(0)


def test_a_broken_line_keeps_it_on_the_device_says_so_once_and_saves_by_itself_when_it_is_back(case, page):
    case.open()
    mend = cut(page)
    page.get_by_label("Title").fill("Written in a tunnel")
    expect(state(page)).to_have_text(re.compile("no connection. It is kept on this device"))
    expect(page.get_by_role("status").last).to_have_text(re.compile("no connection"))
    assert case.kept() == "The title"
    page.get_by_role("button", name="Save and continue").last.click()
    expect(state(page)).to_have_text(re.compile("no connection"))
    assert page.url.endswith("/sections/project")
    mend()
    expect(state(page)).to_have_text(SAVED)
    expect(page.get_by_role("status").last).to_have_text(SAVED)
    assert case.kept() == "Written in a tunnel"
    page.get_by_role("button", name="Save and continue").last.click()
    page.wait_for_url("**/sections/plan")


def test_a_closed_tab_loses_nothing_and_what_it_kept_is_offered_not_applied(case, page, accessible):
    """Threat D10."""
    case.open()
    context = page.context
    cut(page)
    page.get_by_label("Title").fill("The better title")
    page.get_by_label("Summary").fill("All new")
    expect(state(page)).to_have_text(re.compile("kept on this device"))
    again = context.new_page()
    page.close()
    context.set_offline(False)
    case.open(page=again)
    note = again.get_by_role("alert")
    expect(note.get_by_role("heading")).to_have_text("On this device is text that was not saved")
    expect(again.locator("#q-title")).to_have_value("The title")
    panel = again.get_by_role("group", name="Title")
    expect(panel.locator("ins")).to_have_text("better ")
    for width in (390, 1280):
        again.set_viewport_size({"width": width, "height": 900})
        assert again.evaluate("document.documentElement.scrollWidth") <= width
    panel.get_by_role("button", name="Use this one").click()
    expect(again.locator("#q-title")).to_be_focused()
    expect(again.locator("#q-title")).to_have_value("The better title")
    again.get_by_role("group", name="Summary").get_by_role("button", name="Keep this one").click()
    expect(note).to_have_count(0)
    expect(state(again)).to_have_text(SAVED)
    assert case.kept() == "The better title"
    assert case.kept("summary") != "All new"
    again.reload()
    expect(state(again)).to_have_text(SAVED)
    expect(again.get_by_role("alert")).to_have_count(0)


def test_a_session_that_ended_after_hours_of_writing_costs_nothing(case, page):
    """Threat D10: she signs in again in the same tab, comes back to the section, and is offered what she wrote."""
    case.open()
    case.signs_out()
    page.get_by_label("Title").fill("Hours of work")
    expect(state(page)).to_have_text(re.compile("you are signed out. It is kept on this device"))
    assert case.kept() == "The title"
    state(page).get_by_role("link", name="Sign in again").click()
    page.get_by_label("E-mail address").fill("applicant@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/sections/project*")
    page.get_by_role("button", name="Use this one").click()
    expect(state(page)).to_have_text(SAVED)
    assert case.kept() == "Hours of work"


def test_signed_in_again_in_another_tab_it_goes_on_by_itself(case, page):
    """Threat D10: the form's token is another by then."""
    case.open()
    page.goto(f"{case.url}project")
    case.signs_out()
    page.get_by_label("Title").fill("Hours of work")
    expect(state(page)).to_have_text(re.compile("you are signed out"))
    other = page.context.new_page()
    other.goto("/en/sign-in")
    other.get_by_label("E-mail address").fill("applicant@example.org")
    other.get_by_label("Password").fill(PASSWORD)
    other.get_by_role("button", name="Sign in", exact=True).click()
    other.wait_for_url("**/my-work*")
    other.close()
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(state(page)).to_have_text(SAVED)
    assert case.kept() == "Hours of work"


def test_of_two_devices_both_texts_are_shown_and_the_person_chooses(case, page, accessible):
    """What was changed only there is taken over, what was changed only here stays. Threat D7."""
    case.open()
    case.saves(title="From the phone", summary="Only the phone", project="One two three")
    page.get_by_label("Title").fill("From the desk")
    page.get_by_label("How many small businesses").fill("40")
    note = page.get_by_role("alert")
    expect(note.get_by_role("heading")).to_have_text("This section was saved in another window meanwhile")
    expect(page.locator("#q-summary")).to_have_value("Only the phone")
    panel = page.get_by_role("group", name="Title")
    assert panel.locator("del").all_inner_texts() == ["desk"]
    assert panel.locator("ins").all_inner_texts() == ["phone"]
    assert page.locator("[role=group]:has([data-take])").count() == 1
    accessible()
    page.set_viewport_size({"width": 390, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    accessible()
    assert case.kept() == "From the phone"
    panel.get_by_role("button", name="Keep mine").press("Enter")
    expect(page.locator("#q-title")).to_be_focused()
    expect(state(page)).to_have_text(SAVED)
    assert (case.kept(), case.kept("summary"), case.kept("beneficiaries_number")) == (
        "From the desk", "Only the phone", "40",
    )  # fmt: skip


def test_two_co_applicants_write_the_same_section_at_once(case, page, browser):
    """Each in her own browser, other questions and one and the same. Threat D7."""
    with case.app.app_context():
        made, other = db.session.get_one(Proposal, case.id), world.person()
        joined(made, who=other)
        cookie = browser_of(case.app, other).get_cookie("session").value
    context = browser.new_context(base_url=case.live.url)
    context.add_cookies([{"name": "session", "value": cookie, "url": case.live.url}])
    bo = context.new_page()
    case.open()
    case.open(page=bo)
    page.locator("#q-title").fill("Ana’s title")
    expect(state(page)).to_have_text(SAVED)
    bo.locator("#q-summary").fill("Bo’s summary")
    expect(state(bo)).to_have_text(SAVED)
    expect(bo.locator("#q-title")).to_have_value("Ana’s title")
    bo.locator("#q-title").fill("Bo’s title")
    expect(state(bo)).to_have_text(SAVED)
    page.locator("#q-title").fill("Ana’s other title")
    page.get_by_role("button", name="Take the other").click()
    expect(state(page)).to_have_text(SAVED)
    expect(page.locator("#q-summary")).to_have_value("Bo’s summary")
    assert (case.kept(), case.kept("summary")) == ("Bo’s title", "Bo’s summary")
    context.close()


def test_the_other_answer_can_be_taken_whatever_the_kind_of_question(case, page):
    case.open("plan")
    rows = [{"activity": f"Theirs {n}", "month": str(n), "result": "Sent"} for n in range(1, 7)]
    case.saves(action_plan=rows, start_date="2028-01-01")
    page.get_by_role("group", name="Row 1").get_by_label("Activity").fill("Mine")
    page.get_by_label("Start").first.fill("2027-10-10")
    expect(page.get_by_role("alert").get_by_role("link")).to_have_count(2)
    page.get_by_role("button", name="Take all of the others").click()
    expect(state(page)).to_have_text(SAVED)
    assert page.locator("[data-row]:visible").count() == 6
    assert (case.kept("action_plan"), case.kept("start_date")) == (rows, "2028-01-01")
    case.open("organisation")
    types = page.locator("[name=organisation_type]").evaluate_all("all => all.map((one) => one.value)")
    case.saves(organisation_type=types[1], economy="SN", language="fr", website="example.org/theirs")
    page.locator("#q-economy").select_option("FR")
    page.locator("[name=organisation_type]").nth(2).check()
    page.get_by_role("button", name="Take all of the others").click()
    expect(state(page)).to_have_text(SAVED)
    assert (case.kept("economy"), case.kept("organisation_type"), case.kept("language")) == ("SN", types[1], "fr")
    assert page.locator("#q-economy").input_value() == "SN"


def test_an_answer_lost_on_the_way_is_no_clash_with_oneself(case, page):
    case.open()
    dropped = []

    def lose(route):
        if route.request.method == "PUT" and not dropped:
            dropped.append(route.fetch().status)  # it was saved, and nobody was told
            return route.abort("connectionreset")
        return route.continue_()

    page.route("**/sections/*", lose)
    page.get_by_label("Title").fill("Sent once")
    expect(state(page)).to_have_text(re.compile("no connection"))
    page.get_by_label("Title").fill("Sent once, then changed")
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(state(page)).to_have_text(SAVED)
    page.get_by_role("button", name="Save and continue").last.click()
    page.wait_for_url("**/sections/plan")
    assert (dropped, case.kept()) == ([200], "Sent once, then changed")


def test_a_busy_site_is_asked_again_when_it_says_so(case, page):
    case.open()
    asked = []

    def busy(route):
        if route.request.method != "PUT" or len(asked) > 1:
            return route.continue_()
        asked.append(1)
        return route.fulfill(status=(503, 429)[len(asked) - 1], headers={"Retry-After": "1"}, body="busy")

    page.route("**/sections/*", busy)
    page.get_by_label("Title").fill("Patience")
    expect(state(page)).to_have_text(re.compile("the site is busy"))
    expect(state(page)).to_have_text(SAVED, timeout=20_000)
    assert (len(asked), case.kept()) == (2, "Patience")


def test_the_draft_of_this_device_is_nobody_elses_and_goes_with_signing_out(case, page):
    case.open()
    page.route("**/sections/*", lambda route: route.abort() if route.request.method == "PUT" else route.continue_())
    page.get_by_label("Title").fill("Private words")
    expect(state(page)).to_have_text(re.compile("kept on this device"))
    page.once("dialog", lambda dialog: dialog.dismiss())
    with page.expect_event("dialog") as asked:
        page.get_by_role("button", name="Sign out").click()
    assert "could not be saved" in asked.value.message and device(page) == 1
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/en/")
    assert device(page) == 0
    with case.app.app_context():
        other = world.person()
        db.session.commit()
        cookie = browser_of(case.app, other).get_cookie("session").value
    page.evaluate(PLANT)
    assert device(page) == 1
    page.context.add_cookies([{"name": "session", "value": cookie, "url": case.live.url}])
    page.goto("/en/my-work")
    page.wait_for_function(f"async () => await ({COUNT})() === 0")


COUNT = """() => new Promise((done) => {
  const asked = indexedDB.open("msme-calls", 1);
  asked.onupgradeneeded = () => asked.result.createObjectStore("drafts");
  asked.onsuccess = () => {
    const all = asked.result.transaction("drafts").objectStore("drafts").count(IDBKeyRange.lowerBound([]));
    all.onsuccess = () => (asked.result.close(), done(all.result));
  };
})"""
PLANT = """() => new Promise((done) => {
  const asked = indexedDB.open("msme-calls", 1);
  asked.onsuccess = () => {
    const whole = asked.result.transaction("drafts", "readwrite");
    whole.objectStore("drafts").put({}, ["somebody", "/proposals/x"]);
    whole.oncomplete = () => (asked.result.close(), done());
  };
})"""


def device(page: Page) -> int:
    return page.evaluate(COUNT)


def test_no_window_writes_over_what_another_one_keeps_and_each_text_is_offered(case, page):
    """Threat D7: two windows of one section, each with a text that the server hasn't got, and a third that saves."""
    case.open()
    second, third = page.context.new_page(), page.context.new_page()
    for window in (second, third):
        case.open(page=window)
    for window, text in ((page, "Of the first window"), (second, "Of the second window")):
        window.route(
            "**/sections/*", lambda route: route.abort() if route.request.method == "PUT" else route.continue_()
        )
        window.get_by_label("Title").fill(text)
        expect(state(window)).to_have_text(re.compile("kept on this device"))
    with page.expect_event("requestfailed"):  # tried once more in vain, the first text is no newer than it was
        page.evaluate("dispatchEvent(new Event('online'))")
    third.get_by_label("Summary").fill("Of the third window")
    expect(state(third)).to_have_text(SAVED)
    assert device(third) == 2
    for window in (page, second):
        window.close()
    third.reload()
    note = third.get_by_role("alert")
    expect(note).to_have_count(1)
    expect(third.get_by_role("group", name="Title").locator("[data-theirs]")).to_have_text("Of the second window")
    third.get_by_role("group", name="Title").get_by_role("button", name="Keep this one").click()
    expect(third.get_by_role("group", name="Title").locator("[data-theirs]")).to_have_text("Of the first window")
    third.get_by_role("group", name="Title").get_by_role("button", name="Use this one").click()
    expect(state(third)).to_have_text(SAVED)
    assert (case.kept(), case.kept("summary")) == ("Of the first window", "Of the third window")
    expect(note).to_have_count(0)
    assert device(third) == 0


def test_after_signing_out_in_another_window_this_one_keeps_nothing_and_says_so(case, page):
    """Threat D10: what is left open on a shared device keeps no text for whoever comes next."""
    case.open()
    other = page.context.new_page()
    other.goto("/en/my-work")
    other.get_by_role("button", name="Sign out").click()
    other.wait_for_url("**/en/")
    page.get_by_label("Title").fill("Private words")
    expect(state(page)).to_have_text(re.compile("this browser keeps nothing. Copy what you wrote"))
    assert device(page) == 0
    assert page.evaluate("!dispatchEvent(new Event('beforeunload', { cancelable: true }))")


def test_a_browser_that_keeps_nothing_asks_before_it_is_left(case, page):
    page.add_init_script("Object.defineProperty(globalThis, 'indexedDB', { value: undefined })")
    case.open()
    mend = cut(page)
    page.get_by_label("Title").fill("Only here")
    expect(state(page)).to_have_text(re.compile("this browser keeps nothing. Leave this page open"))
    assert page.evaluate("!dispatchEvent(new Event('beforeunload', { cancelable: true }))")
    mend()
    expect(state(page)).to_have_text(SAVED)
    assert page.evaluate("dispatchEvent(new Event('beforeunload', { cancelable: true }))")


def test_what_is_on_the_device_may_be_left_without_a_question(case, page):
    case.open()
    cut(page)
    page.get_by_label("Title").fill("Kept here")
    expect(state(page)).to_have_text(re.compile("kept on this device"))
    assert page.evaluate("dispatchEvent(new Event('beforeunload', { cancelable: true }))")


def test_after_the_deadline_the_reason_is_said_and_the_text_stays_on_the_device(case, page):
    case.open()
    with case.app.app_context():
        made = db.session.get_one(Proposal, case.id)
        made.call.deadline_at = clock.now() - world.DAY
        db.session.commit()
    page.get_by_label("Title").fill("Too late")
    expect(state(page)).to_have_text(
        "Not saved. It is kept on this device. The deadline has passed: proposals can no longer be written or changed."
    )
    assert device(page) == 1
