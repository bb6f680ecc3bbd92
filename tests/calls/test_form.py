"""Criteria and the form: set up freely until the call opens, and then only so that no answer is lost."""

import pytest
import world
from pages import Page

from msme_calls import clock, questions
from msme_calls.calls.actions import criteria, form
from msme_calls.calls.models import Question
from msme_calls.errors import Refused
from msme_calls.extensions import db

WORDS = {"en": "A", "fr": "A", "es": "A"}


def keys(rows):
    return [row.key for row in rows]


# Criteria


def test_a_criterion_is_added_with_a_sentence_for_every_score(desk, draft):
    page = desk.page(f"/en/desk/{draft.slug}/criteria")
    sheet = desk.page(page.link("Add a criterion")).form(button="Save the criterion")
    given = {f"anchor_{n}-{c}": f"{n} {c}" for n in range(6) for c in ("en", "fr", "es")}
    named = {"name-en": "Courage", "name-fr": "Courage", "name-es": "Valor", "weight": "20", "scale": "5"}
    assert desk.submit(sheet, **named, **given).status_code == 302
    made = draft.criteria[-1]
    assert (made.key, made.weight, made.optional, made.name["es"]) == ("courage", 20, False, "Valor")
    assert made.anchors["3"] == {"en": "3 en", "fr": "3 fr", "es": "3 es"}


def test_a_higher_scale_leads_on_to_the_new_scores(desk, draft):
    row = draft.criteria[0]
    url = f"/en/desk/{draft.slug}/criteria/{row.id}"
    sent = desk.submit(desk.page(url).form(button="Save the criterion"), scale="7")
    assert sent.location == url
    assert desk.page(url).all("input[@name='anchor_7-en']")
    desk.submit(desk.page(url).form(button="Save the criterion"), scale="2")
    assert (row.scale, sorted(row.anchors)) == (2, ["0", "1", "2"])


def test_criteria_are_ordered_and_removed_by_buttons_and_ties_follow(desk, draft):
    page = desk.page(f"/en/desk/{draft.slug}/criteria")
    before = keys(draft.criteria)
    assert draft.tie_breaks == ["trade", "benefit"]
    desk.submit(page.form(action=f"{draft.criteria[1].id}/up"))
    assert keys(draft.criteria) == ["benefit", "trade", *before[2:]]
    trade = next(c for c in draft.criteria if c.key == "trade")
    desk.submit(page.form(action=f"{trade.id}/remove"))
    assert "trade" not in keys(draft.criteria)
    assert draft.tie_breaks == ["benefit"]


@pytest.mark.parametrize("values", [{"weight": "0"}, {"weight": ""}, {"scale": "11"}, {"scale": "x"}, {"name-en": "",
                         "name-fr": "", "name-es": ""}])  # fmt: skip
def test_a_criterion_that_is_none_is_refused_and_kept_as_typed(desk, draft, values):
    row = draft.criteria[0]
    sheet = desk.page(f"/en/desk/{draft.slug}/criteria/{row.id}").form(button="Save the criterion")
    page = Page(desk.submit(sheet, **values, **{"description-en": "Typed"}))
    assert page.status == 422
    assert page.form(button="Save the criterion").values["description-en"] == "Typed"
    assert row.description["en"] != "Typed"


def test_criteria_stand_once_the_call_is_open(desk, by):
    call = world.call("open", by=by)
    row = call.criteria[0]
    page = desk.page(f"/en/desk/{call.slug}/criteria")
    assert "its rules stand as they were published" in page.text
    assert not [f for f in page.forms if "/criteria/" in f.action]
    content = criteria.Content(WORDS, WORDS, 1, 1, False, {})
    for act in (lambda: criteria.add(call, content, by=by, at=clock.now()),
                lambda: criteria.edit(row, content, by=by, at=clock.now()),
                lambda: criteria.move(row, 1, by=by, at=clock.now()),
                lambda: criteria.remove(row, by=by, at=clock.now())):  # fmt: skip
        with pytest.raises(Refused, match="stand as they were published"):
            act()


# The form


@pytest.mark.parametrize("kind", questions.KINDS)
def test_a_question_of_every_kind_can_be_added_and_changed(desk, draft, kind):
    section = draft.sections[1]
    url = f"/en/desk/{draft.slug}/form/sections/{section.id}/add?kind={kind}"
    row = {f"{n}-0-label-{c}": f"{n} {c}" for n in ("choices", "columns") for c in ("en", "fr", "es")}
    sheet = desk.page(url).form(button="Save the question")
    given = {name: value for name, value in row.items() if name in sheet.values}
    assert desk.submit(sheet, **{"label-en": "New question", **given}).status_code == 302
    made = section.questions[-1]
    assert (made.kind, made.key, made.label) == (kind, "new_question", {"en": "New question"})
    for name in ("choices", "columns"):
        if name in made.options:
            assert [c["label"]["fr"] for c in made.options[name]] == [f"{name} fr"]
    again = desk.page(f"/en/desk/{draft.slug}/form/questions/{made.id}").form(button="Save the question")
    assert desk.submit(again, **{"label-fr": "Nouvelle question", "required": None}).status_code == 302
    assert (made.label["fr"], made.required) == ("Nouvelle question", False)


def test_limits_are_saved_and_an_empty_limit_is_none(desk, draft):
    row = next(q for q in draft.questions if q.key == "project")
    sheet = desk.page(f"/en/desk/{draft.slug}/form/questions/{row.id}").form(button="Save the question")
    assert (sheet.values["min_words"], sheet.values["max_words"]) == ("50", "600")
    page = Page(desk.submit(sheet, min_words="700"))
    assert "The most can’t be less than the least." in page.text
    assert desk.submit(sheet, min_words="", max_words="500").status_code == 302
    assert row.options == {"max_words": 500}


def test_no_answer_is_taken_for_a_secret_of_a_form(by, draft):
    """A field of that name is given back by no page: what is typed into it would be lost with a broken session."""
    content = form.Content({"en": "Password"}, {}, options={})
    made = form.add_question(draft.sections[0], "short-text", content, by=by, at=clock.now())
    assert made.key == "password_2"


def test_a_choice_keeps_its_key_when_it_is_worded_anew(desk, draft):
    row = next(q for q in draft.questions if q.kind == "choices")
    before = [c["key"] for c in row.options["choices"]]
    sheet = desk.page(f"/en/desk/{draft.slug}/form/questions/{row.id}").form(button="Save the question")
    empty = {f"choices-1-label-{c}": "" for c in ("en", "fr", "es")}
    assert (
        desk.submit(sheet, **{"choices-0-label-en": "Anew", **empty, "choices-6-label-en": "More"}).status_code == 302
    )
    assert [c["key"] for c in row.options["choices"]] == [before[0], *before[2:], "more"]
    assert row.options["choices"][0]["label"]["en"] == "Anew"


def test_questions_move_by_buttons_also_into_the_next_section(desk, draft):
    first, second = draft.sections[0], draft.sections[1]
    page = desk.page(f"/en/desk/{draft.slug}/form")
    last = first.questions[-1]
    desk.submit(page.form(action=f"{last.id}/down"))
    assert last.section is second and second.questions[0] is last
    desk.submit(page.form(action=f"{last.id}/up"))
    assert last.section is first and first.questions[-1] is last
    assert [q.position for q in first.questions] == list(range(len(first.questions)))
    top = first.questions[0]
    desk.submit(page.form(action=f"{first.questions[1].id}/up"))
    assert first.questions[1] is top


def test_sections_are_added_worded_moved_and_removed(desk, draft):
    before = keys(draft.sections)
    page = desk.page(f"/en/desk/{draft.slug}/form")
    sheet = desk.page(page.link("Add a section")).form(button="Save the section")
    assert desk.submit(sheet, **{"heading-en": "More about it", "intro-en": "Intro"}).status_code == 302
    made = draft.sections[-1]
    assert (made.key, made.title, made.intro) == ("more_about_it", {"en": "More about it"}, {"en": "Intro"})
    page = desk.page(f"/en/desk/{draft.slug}/form")
    desk.submit(page.form(action=f"{made.id}/up"))
    assert keys(draft.sections) == [*before[:-1], "more_about_it", before[-1]]
    desk.submit(page.form(action=f"{made.id}/remove"))
    assert keys(draft.sections) == before


@pytest.mark.parametrize("part", ["title", "summary", "organisation", "economy", "organisation_type", "language"])
def test_what_every_proposal_shows_of_itself_can_not_be_removed(desk, draft, by, part):
    row = next(q for q in draft.questions if q.feeds == part)
    page = desk.page(f"/en/desk/{draft.slug}/form")
    assert not [f for f in page.forms if f.action.endswith(f"{row.id}/remove")]
    for act in (lambda: form.remove_question(row, by=by, at=clock.now()),
                lambda: form.remove_section(row.section, by=by, at=clock.now())):  # fmt: skip
        with pytest.raises(Refused, match="can’t be removed"):
            act()
    sheet = desk.page(f"/en/desk/{draft.slug}/form/questions/{row.id}").form(button="Save the question")
    assert desk.submit(sheet, required=None).status_code == 302
    assert row.required, "every proposal needs it"


def test_other_questions_can_be_removed(desk, draft):
    row = next(q for q in draft.questions if q.key == "website")
    desk.submit(desk.page(f"/en/desk/{draft.slug}/form").form(action=f"{row.id}/remove"))
    assert "website" not in keys(draft.questions)


def test_while_the_call_is_open_only_words_change_and_optional_questions_come(desk, by):
    call = world.call("open", by=by)
    row, section = next(q for q in call.questions if q.key == "project"), call.sections[0]
    options = dict(row.options)
    page = desk.page(f"/en/desk/{call.slug}/form")
    assert not [f for f in page.forms if f.action.endswith(("/remove", "/up", "/down"))]
    sheet = desk.page(f"/en/desk/{call.slug}/form/questions/{row.id}").form(button="Save the question")
    extra = {"required": None, "hidden": "y", "public": "y"}
    assert desk.submit(sheet, **{"label-en": "Reworded", **extra}).status_code == 302
    assert (row.label["en"], row.required, row.hidden, row.public, row.options) == (
        "Reworded", True, False, False, options
    )  # fmt: skip
    url = f"/en/desk/{call.slug}/form/sections/{section.id}/add?kind=short-text"
    sheet = desk.page(url).form(button="Save the question")
    assert desk.submit(sheet, **{"label-en": "One more", "required": "y"}).status_code == 302
    assert (section.questions[-1].key, section.questions[-1].required) == ("one_more", False)
    with pytest.raises(Refused, match="can only be optional"):
        form.add_question(section, "short-text", form.Content(WORDS, WORDS, required=True), by=by, at=clock.now())
    for act in (lambda: form.remove_question(row, by=by, at=clock.now()),
                lambda: form.move_question(row, 1, by=by, at=clock.now()),
                lambda: form.move_section(section, 1, by=by, at=clock.now()),
                lambda: form.edit_question(row, form.Content(WORDS, WORDS), by=by, at=clock.now())):  # fmt: skip
        with pytest.raises(Refused, match="stand as they were published"):
            act()


def test_an_optional_question_added_meanwhile_leaves_complete_drafts_complete(desk, by):
    call = world.call("open", by=by)
    draft = world.draft(call)
    form.add_question(call.sections[0], "long-text", form.Content(WORDS, {}), by=by, at=clock.now())
    db.session.commit()
    from msme_calls.proposals import actions

    assert actions.submit(draft, "k", by=draft.owner, at=clock.now()).number == 1


def test_once_closed_the_questions_stand_as_they_were_asked(desk, by):
    call = world.call("closed", by=by)
    row = call.questions[0]
    page = desk.page(f"/en/desk/{call.slug}/form/questions/{row.id}")
    assert "its questions stand as they were asked" in page.text
    with pytest.raises(Refused):
        form.word_question(row, form.Wording(WORDS, WORDS), by=by, at=clock.now())
    with pytest.raises(Refused, match="nobody could answer"):
        form.add_question(call.sections[0], "number", form.Content(WORDS, {}), by=by, at=clock.now())


def test_keys_of_questions_are_unique_in_the_whole_form(draft, by):
    made = [form.add_question(s, "number", form.Content({"en": "How many?"}, {}), by=by, at=clock.now())
            for s in draft.sections[:3]]  # fmt: skip
    assert keys(made) == ["how_many", "how_many_2", "how_many_3"]
    odd = form.add_question(draft.sections[0], "number", form.Content({"en": "多少？"}, {}), by=by, at=clock.now())
    assert odd.key == "question"


def test_parts_of_another_call_are_absent(desk, draft):
    other = world.call("draft")
    db.session.commit()
    for path in (f"criteria/{other.criteria[0].id}", f"form/sections/{other.sections[0].id}",
                 f"form/questions/{other.questions[0].id}"):  # fmt: skip
        desk.page(f"/en/desk/{draft.slug}/{path}", status=404)
    assert desk.get(f"/en/desk/{draft.slug}/form/sections/{draft.sections[0].id}/add?kind=none").status_code == 404


def test_the_preview_shows_every_question_in_each_language(desk, draft):
    for lang in ("en", "fr", "es"):
        page = desk.page(f"/{lang}/desk/{draft.slug}/form/preview")
        for question in draft.questions:
            assert " ".join(question.label[lang].split()) in page.text
    assert db.session.query(Question).count()
