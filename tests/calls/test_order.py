"""The order of a form: by drag, by buttons, of two coordinators at once, never against what a question depends on."""

import pytest
import world
from pages import Page, words
from signing_in import browser_of

from msme_calls import clock
from msme_calls.calls.actions import form
from msme_calls.calls.models import Condition
from msme_calls.errors import Refused
from msme_calls.extensions import db


def order(call):
    return [[q.key for q in s.questions] for s in call.sections]


def swapped(call):
    """The order with the first two questions of the first section in each other's place."""
    first, second = (str(q.id) for q in call.sections[0].questions[:2])
    return form.order_of(call).replace(f"{first},{second}", f"{second},{first}")


def test_a_whole_order_is_taken_at_once(desk, draft):
    page = desk.page(f"/en/desk/{draft.slug}/form")
    before, sheet = order(draft), page.form(action=f"/en/desk/{draft.slug}/form/order")
    parts = form.order_of(draft).split(";")
    a, b = (part.partition(":")[2].split(",") for part in parts[:2])
    moved = [f"{parts[0][:36]}:{','.join(a[1:])}", f"{parts[1][:36]}:{','.join([*b, a[0]])}", *parts[2:]]
    wanted = ";".join([moved[1], moved[0], *moved[2:]])
    assert desk.submit(sheet, order=wanted).location == f"/en/desk/{draft.slug}/form"
    assert order(draft) == [[*before[1], before[0][0]], before[0][1:], *before[2:]]


def test_a_script_gets_the_fingerprint_for_its_next_order(desk, draft):
    sheet = desk.page(f"/en/desk/{draft.slug}/form").form(action=f"/en/desk/{draft.slug}/form/order")
    before = order(draft)[0]
    values = {**sheet.values, "order": swapped(draft)}
    answer = desk.post(sheet.action, data=values, headers={"Accept": "application/json"})
    assert answer.status_code == 200 and order(draft)[0][:2] == [before[1], before[0]]
    values |= {"seen": answer.json["seen"], "order": swapped(draft)}
    assert desk.post(sheet.action, data=values, headers={"Accept": "application/json"}).status_code == 200
    assert order(draft)[0] == before


def test_the_second_of_two_coordinators_sees_both_orders_and_may_keep_hers(desk, draft, app):
    url = f"/en/desk/{draft.slug}/form"
    sheet, wanted = desk.page(url).form(action=f"{url}/order"), swapped(draft)
    other = browser_of(app, world.member(draft, world.Role.COORDINATOR))
    other.submit(other.page(url).form(action=f"{draft.questions[3].id}/up"))
    now = order(draft)
    page = Page(desk.submit(sheet, order=wanted))
    assert page.status == 409 and "Your order was not saved." in page.text
    assert order(draft) == now
    told = [item.text for item in page.all("ol/li")]
    assert told[:2] == [q.label["en"] for q in sorted(draft.sections[0].questions[:2], key=lambda q: -q.position)]
    assert desk.submit(page.form(action=f"{url}/order")).status_code == 302
    assert form.order_of(draft) == wanted


@pytest.mark.parametrize("wanted", ["", "nonsense", "a:b;c:d", "one missing", "one twice"])
def test_an_order_of_other_questions_changes_nothing(desk, draft, wanted):
    sheet, before = (
        desk.page(f"/en/desk/{draft.slug}/form").form(action=f"/en/desk/{draft.slug}/form/order"),
        form.order_of(draft),
    )
    first = str(draft.questions[0].id)
    wanted = {"one missing": before.replace(f"{first},", ""), "one twice": before + f",{first}"}.get(wanted, wanted)
    page = Page(desk.submit(sheet, order=wanted))
    assert page.status == 403 and "The form has other questions by now." in page.text
    assert form.order_of(draft) == before


def test_no_question_comes_before_the_one_it_depends_on(desk, draft, by):
    first, second = draft.sections[0].questions[:2]
    second.conditions = [Condition(position=0, depends_on=first, operator="answered")]
    db.session.commit()
    url, before = f"/en/desk/{draft.slug}/form", form.order_of(draft)
    page = desk.page(url)
    told = [words(p) for p in page.all("p") if p.get("data-stuck") is not None and p.get("hidden") is None]
    assert len(told) == 2 and all(sentence.endswith("so it has to come after it.") for sentence in told)
    buttons = [f.get("action").split("/questions/")[1] for f in page.all("form") if f.get("hidden") is not None
               and "/questions/" in (f.get("action") or "")]  # fmt: skip
    last = draft.questions[-1]
    assert sorted(buttons) == sorted([f"{first.id}/up", f"{first.id}/down", f"{second.id}/up", f"{last.id}/down"])
    for name, change in (("form/order", {"order": swapped(draft)}), (f"{second.id}/up", {}), (f"{first.id}/down", {})):
        sent = desk.submit(next(f for f in page.forms if f.action.endswith(name)), **change)
        assert sent.status_code == 403 and "so it has to come after it" in Page(sent).text
    assert form.order_of(draft) == before
    there, away, *rest = before.split(";")
    with pytest.raises(Refused, match="has to come after it"):
        form.order(
            draft, ";".join([away, there.replace(f"{first.id},", "") + f",{first.id}", *rest]), by=by, at=clock.now()
        )


def test_the_order_stands_once_the_call_is_open(desk, by):
    call = world.call("open", by=by)
    page = desk.page(f"/en/desk/{call.slug}/form")
    assert not [f for f in page.forms if f.action.endswith(("/order", "/up", "/down"))]
    assert "Order, removal, new sections" in page.text and "its rules stand as they were published" in page.text
    with pytest.raises(Refused, match="stand as they were published"):
        form.order(call, swapped(call), by=by, at=clock.now())


# In a browser


def test_questions_are_dragged_and_moved_by_keyboard_without_a_new_page(page, live_server, accessible):
    with live_server.app.app_context():
        by = world.person()
        call = world.call("draft", by=by)
        db.session.commit()
        cookie = browser_of(live_server.app, by).get_cookie("session").value
        slug, before = call.slug, order(call)
    page.context.add_cookies([{"name": "session", "value": cookie, "url": live_server.url}])
    page.set_viewport_size({"width": 1280, "height": 1600})
    page.goto(f"/en/desk/{slug}/form")
    items = page.locator("section[data-thing]").first.locator("li[data-thing]")
    names = items.evaluate_all("all => all.map((i) => i.dataset.name)")
    page.evaluate("document.stayed = true")
    _drag(page, items.nth(0).locator("[data-handle]"), items.nth(2))
    status = page.locator("form[data-order] [role=status]")
    status.filter(has_text=f"“{names[0]}” is now question 3 of {len(names)}").wait_for()
    down = items.nth(0).get_by_role("button", name="Down")
    down.focus()
    page.keyboard.press("Enter")
    status.filter(has_text=f"“{names[1]}” is now question 2 of {len(names)}").wait_for()
    assert page.evaluate("document.activeElement.textContent").startswith("Down")
    assert page.evaluate("document.stayed") is True
    accessible()
    with live_server.app.app_context():
        call = db.session.get(type(call), call.id)
        a, b, c, *rest = before[0]
        assert order(call) == [[c, b, a, *rest], *before[1:]]


def test_what_can_not_move_says_why_and_can_once_something_stands_between(page, live_server):
    with live_server.app.app_context():
        by = world.person()
        call = world.call("draft", by=by)
        first, second = call.sections[0].questions[:2]
        second.conditions = [Condition(position=0, depends_on=first, operator="answered")]
        db.session.commit()
        cookie = browser_of(live_server.app, by).get_cookie("session").value
        slug, names = call.slug, [str(q.id) for q in (first, second)]
    page.context.add_cookies([{"name": "session", "value": cookie, "url": live_server.url}])
    page.goto(f"/en/desk/{slug}/form")
    first, second = (page.locator(f"[data-thing='{name}']") for name in names)
    why = second.get_by_text("so it has to come after it.")
    assert why.is_visible() and second.get_by_role("button", name="Up").count() == 0
    second.get_by_role("button", name="Down").click()
    why.wait_for(state="hidden")
    assert second.get_by_role("button", name="Up").is_visible()
    assert first.get_by_role("button", name="Down").is_visible()
    second.get_by_role("button", name="Up").click()
    why.wait_for()
    assert first.get_by_text("so it has to come after it.").is_visible()


def _drag(page, handle, target):
    box, there = handle.bounding_box(), target.bounding_box()
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    page.mouse.down()
    page.mouse.move(there["x"] + 20, there["y"] + there["height"] - 4, steps=4)
    page.mouse.up()
