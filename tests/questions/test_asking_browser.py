"""Questions that appear and go while the form is being filled in, in a real browser."""

import pytest
import world
from questions.adding import add
from signing_in import browser_of

from msme_calls.extensions import db
from msme_calls.proposals import answers
from msme_calls.proposals.models import Proposal


@pytest.fixture
def draft(live_server, page):
    """A draft whose first section asks more of whoever exports and has many staff: (address of the section, its id)."""
    with live_server.app.app_context():
        call = world.call("open")
        first = call.sections[0]
        exports, staff = add(first, "exports", "yes-no"), add(first, "staff", "number", required=False)
        markets = add(first, "markets", on=exports, value="yes")
        add(first, "detail", "long-text", on=markets, operator="answered", required=False)
        add(first, "large", on=staff, operator="at-least", value="1250", required=False)
        add(call.sections[1], "elsewhere", on=exports, value="yes", required=False)
        made = world.draft(call, exports="no", staff="3", markets="", detail="", large="", elsewhere="")
        db.session.commit()
        cookie = browser_of(live_server.app, made.owner).get_cookie("session")
        page.context.add_cookies([{"name": "session", "value": cookie.value, "url": live_server.url}])
        return f"/en/proposals/{made.id}/sections", made.id


def shown(page):
    keys = ("markets", "detail", "large")
    return [key for key in keys if page.locator(f"#q-{key}").is_visible()]


def test_questions_come_and_go_at_once_and_nothing_typed_is_lost(live_server, page, draft, accessible):
    url, key = draft
    page.goto(f"{url}/organisation")
    assert shown(page) == []
    page.locator("input[name=exports][value=yes]").check()
    assert shown(page) == ["markets"]
    page.locator("#q-markets").fill("Utopia")
    assert shown(page) == ["markets", "detail"]
    assert not page.get_by_text("Answer this if").first.is_visible(), "said to those without a script"
    accessible()
    page.locator("input[name=exports][value=no]").check()
    assert shown(page) == [], "the chain: what is hidden counts as not answered"
    page.locator("#q-staff").fill("1,250")
    assert shown(page) == ["large"]
    page.locator("#q-staff").fill("1249.9")
    assert shown(page) == []
    page.get_by_role("button", name="Save and continue").click()
    page.wait_for_url("**/sections/contact")
    with live_server.app.app_context():
        kept = answers.typed_answers(db.session.get_one(Proposal, key))
    assert (kept["exports"], kept["markets"], kept["staff"]) == ("no", "Utopia", "1249.9")
    assert not page.locator("#q-elsewhere").is_visible(), "decided by what was answered in another section"


def test_the_focus_is_never_lost(live_server, page, draft):
    url, _key = draft
    page.goto(f"{url}/organisation")
    page.locator("input[name=exports][value=yes]").check()
    page.locator("#q-markets").focus()
    page.evaluate(
        "() => { const no = document.querySelector('input[name=exports][value=no]'); no.checked = true;"
        " no.dispatchEvent(new Event('change', { bubbles: true })); }"
    )
    assert shown(page) == ["markets"], "somebody is in it"
    page.locator("#q-staff").focus()
    page.wait_for_function("!document.querySelector('#q-markets').checkVisibility()")


def test_the_page_of_conditions_is_for_everybody(live_server, page, accessible):
    with live_server.app.app_context():
        by = world.person()
        call = world.call("draft", by=by)
        staff = add(call.sections[0], "staff", "number")
        late = add(call.sections[0], "late", on=[add(call.sections[0], "early"), staff], operator="answered")
        db.session.commit()
        url = f"/en/desk/{call.slug}/form/questions/{late.id}/conditions?on={staff.id}"
        cookie = browser_of(live_server.app, by).get_cookie("session")
        page.context.add_cookies([{"name": "session", "value": cookie.value, "url": live_server.url}])
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        page.goto(url)
        accessible()
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
