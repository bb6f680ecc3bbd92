"""A form looked at before anybody fills it in: as an applicant and as a reviewer, in each language, also unsaved."""

import pytest
import world
from pages import Page
from signing_in import browser_of

from msme_calls.calls.models import Blindness, Condition
from msme_calls.extensions import db


@pytest.mark.parametrize("lang", ["en", "fr", "es"])
@pytest.mark.parametrize("role", ["", "/reviewer"])
def test_each_preview_is_a_page_of_one_language_that_sends_nothing(desk, draft, lang, role):
    page = desk.page(f"/{lang}/desk/{draft.slug}/form/preview{role}")
    assert page.one("html").get("lang") == lang
    assert draft.sections[1].title[lang] in page.text
    assert {f.get("method") for f in page.all("main//form")} == {"dialog"} and not page.all("main//form//button")
    shown = {a.get("href") for a in page.all("main//a")}
    for other in ("en", "fr", "es"):
        assert f"/{other}/desk/{draft.slug}/form/preview{role}" in shown
    assert {f"/{lang}/desk/{draft.slug}/form/preview", f"/{lang}/desk/{draft.slug}/form/preview/reviewer"} <= shown


def test_a_reviewers_preview_leaves_out_what_blindness_hides_and_says_so(desk, draft):
    hidden, told = draft.questions[1], draft.questions[-1]
    for question in draft.questions:
        question.hidden = question is hidden
    told.conditions = [Condition(position=0, depends_on=hidden, operator="answered")]  # its being asked would tell
    url = f"/en/desk/{draft.slug}/form/preview/reviewer"
    for blindness, absent in ((Blindness.OPEN, []), (Blindness.SINGLE, [hidden, told])):
        draft.blindness = blindness
        db.session.commit()
        page = desk.page(url)
        assert [li.text for li in page.all("section//li")] == [q.label["en"] for q in absent]
        read = " ".join("".join(e.itertext()) for e in page.all("article"))
        for question in (hidden, told):
            assert (question.label["en"] in read) is (blindness is Blindness.OPEN)
    assert "Score sheet" in page.text and draft.criteria[0].name["en"] in page.text


@pytest.mark.parametrize("kind", ["short-text", "choice", "table", "file", "number"])
def test_a_question_is_seen_before_it_is_saved_in_each_language(desk, draft, kind):
    sheet = desk.page(f"/en/desk/{draft.slug}/form/sections/{draft.sections[0].id}/add?kind={kind}").form(
        button="Save the question"
    )
    before = len(draft.questions)
    rows = {f"{n}-0-label-{c}": f"Row {c}" for n in ("choices", "columns") for c in ("en", "fr")}
    values = {
        **sheet.values,
        "label-en": "Typed",
        "label-fr": "Tapé",
        **{n: v for n, v in rows.items() if n in sheet.values},
    }
    page = Page(desk.post(f"/en/desk/{draft.slug}/form/question-preview", data={**values, "preview": kind}))
    assert page.status == 200 and "Typed" in page.text and "nothing of this is saved" in page.text
    again = next(f for f in page.forms if "label-fr" in f.values)
    french = Page(desk.post(f"/fr/desk/{draft.slug}/form/question-preview", data=again.values))
    assert french.one("html").get("lang") == "fr" and "Tapé" in french.text
    assert ("Row fr" in french.text) is (kind in ("choice", "table"))
    assert len(draft.questions) == before


def test_a_preview_of_nothing_and_of_nonsense_breaks_nothing(desk, draft):
    token = desk.page(f"/en/desk/{draft.slug}/form").forms[0].values["csrf_token"]
    url = f"/en/desk/{draft.slug}/form/question-preview"
    assert desk.post(url, data={"csrf_token": token, "preview": "magic"}).status_code == 400
    for kind in ("short-text", "choices", "number", "file"):
        nonsense = {"max_words": "x", "min": "-", "max_mb": "", "choices-0-label-en": "\0", "types": "exe"}
        sent = desk.post(url, data={"csrf_token": token, "preview": kind, **nonsense})
        assert sent.status_code == 200, kind


def test_the_preview_opens_beside_the_form_that_is_still_unsaved(page, live_server, accessible):
    with live_server.app.app_context():
        by = world.person()
        call = world.call("draft", by=by)
        last = call.questions[-1]
        last.conditions = [Condition(position=0, depends_on=call.questions[-2], operator="is", value="yes")]
        db.session.commit()
        cookie = browser_of(live_server.app, by).get_cookie("session").value
        slug, question = call.slug, call.questions[3]
        name, first, told = question.id, call.questions[-2].key, last.label["en"]
    page.context.add_cookies([{"name": "session", "value": cookie, "url": live_server.url}])
    page.goto(f"/en/desk/{slug}/form/questions/{name}")
    page.get_by_label("Question (English)").or_(page.locator("#label-en")).first.fill("Only typed so far")
    with page.context.expect_page() as opened:
        page.get_by_role("button", name="Preview in a new window").click()
    opened.value.get_by_text("Only typed so far").wait_for()
    opened.value.close()
    assert page.locator("form[data-unsaved]").count() == 1  # still guarded
    page.get_by_role("button", name="Save the question").click()
    page.wait_for_url(f"**/form#q-{name}")
    page.goto(f"/en/desk/{slug}/form/preview")
    accessible()
    question = page.locator(f"[data-question='{last.key}']")
    assert question.is_hidden()
    page.locator(f"input[name='{first}'][value=yes]").check()
    question.get_by_text(told).first.wait_for()
    page.goto(f"/en/desk/{slug}/form/preview/reviewer")
    accessible()
