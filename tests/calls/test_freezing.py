"""What of a form may change once the call is open: nothing by which an answer could be lost or become wrong."""

from datetime import UTC, datetime

import pytest
import world
from hypothesis import given
from hypothesis import strategies as st
from pages import Page

from msme_calls import clock, questions
from msme_calls.calls import freezing
from msme_calls.calls.actions import form
from msme_calls.calls.phases import Life
from msme_calls.errors import Refused
from msme_calls.questions import length_problems

NOW = datetime(2027, 3, 1, tzinfo=UTC)


def of(call, key):
    return next(q for q in call.questions if q.key == key)


def test_the_builder_says_what_may_still_change_and_why_not_the_rest(desk, by):
    call = world.call("open", by=by)
    page = desk.page(f"/en/desk/{call.slug}/form")
    told = [(("no" in (li.get("class") or "")), li.text.strip()) for li in page.all("ul[@class='ticks']/li")]
    assert told == [
        (False, "Words and help of sections, questions, answers and columns"),
        (False, "A limit, if it becomes wider"),
        (False, "One more question at the end of a section, if it is optional"),
        (True, "Order, removal, new sections, what is required, who sees an answer, when a question is asked"),
    ]
    assert "its rules stand as they were published" in page.text
    closed = world.call("closed", by=by)
    page = desk.page(f"/en/desk/{closed.slug}/form")
    assert len(page.all("li[@class='no']")) == 4


def test_a_limit_of_an_open_call_becomes_wider_but_not_narrower(desk, by):
    call = world.call("open", by=by)
    row = of(call, "project")
    assert (row.options["min_words"], row.options["max_words"]) == (50, 600)
    url = f"/en/desk/{call.slug}/form/questions/{row.id}"
    page = desk.page(url)
    assert "What stands" in page.text and not page.all("input[@type='checkbox']")
    sheet = page.form(button="Save the question")
    for change, words in (({"max_words": "599"}, "only become higher"), ({"min_words": "51"}, "only become lower")):
        refused = Page(desk.submit(sheet, **change))
        assert refused.status == 422 and words in refused.text
    assert row.options == {"min_words": 50, "max_words": 600}
    assert desk.submit(sheet, max_words="700", min_words="").status_code == 302
    assert row.options == {"max_words": 700}
    with pytest.raises(Refused, match="only become higher"):
        form.word_question(row, form.Wider(row.label, row.help, {"max_words": 600}), by=by, at=clock.now())


def test_words_of_answers_can_be_corrected_but_none_comes_or_goes(desk, by):
    call = world.call("open", by=by)
    row = next(q for q in call.questions if q.kind == "choices")
    keys = [c["key"] for c in row.options["choices"]]
    sheet = desk.page(f"/en/desk/{call.slug}/form/questions/{row.id}").form(button="Save the question")
    more = {"choices-40-label-en": "One more", "choices-40-key": ""}
    assert desk.submit(sheet, **{"choices-0-label-en": "Corrected"}, **more).status_code == 302
    assert [c["key"] for c in row.options["choices"]] == keys
    assert row.options["choices"][0]["label"]["en"] == "Corrected"
    empty = {f"choices-0-label-{code}": "" for code in ("en", "fr", "es")}
    sheet = desk.page(f"/en/desk/{call.slug}/form/questions/{row.id}").form(button="Save the question")
    assert desk.submit(sheet, **empty).status_code == 422
    assert row.options["choices"][0]["label"]["en"] == "Corrected"


LIMITS = st.none() | st.integers(0, 60)


@given(st.sampled_from(["min_words", "max_words", "max_chars"]), LIMITS, LIMITS, st.text("ab ", max_size=80))
def test_no_answer_that_was_right_becomes_wrong(name, former, new, text):
    at = NOW
    life = Life(opens_at=at.replace(year=2020), launched_at=at.replace(year=2020), closes_at=at.replace(year=2090))
    if freezing.no_limit(life, name, former, new, at) is None and not _wrong(name, former, text):
        assert not _wrong(name, new, text)


def _wrong(name, limit, text):
    with pytest.MonkeyPatch.context() as patch:
        for sentence in ("_", "ngettext"):
            patch.setattr(f"{length_problems.__module__}.{sentence}", lambda *_a, **_k: "said")
        return length_problems({name: limit} if limit is not None else {}, text)


def test_every_limit_is_known_to_the_rule():
    numbers = {n for kind in questions.KINDS.values() for n in kind.settings} - {"choices", "columns", "types", "must"}
    assert numbers == {*freezing.LEAST, *freezing.MOST}
