"""Coordinators say when a question is asked, and nothing that a question depends on goes away under it."""

import pytest
import world

from msme_calls import clock
from msme_calls.calls import depending
from msme_calls.calls.actions import clone, conditions, form
from msme_calls.calls.models import Question
from msme_calls.errors import Refused
from msme_calls.extensions import db

OFFERED = [{"key": k, "label": world.three(k.title())} for k in ("alpha", "beta")]


@pytest.fixture
def asked(draft) -> dict[str, Question]:
    """At the end of the first section: yes or no, a number, a choice, and a question that may depend on them."""
    first, found = draft.sections[0], {}
    for n, (key, kind) in enumerate(
        [("exports", "yes-no"), ("staff", "number"), ("way", "choice"), ("detail", "long-text")]
    ):
        found[key] = Question(position=90 + n, key=key, kind=kind, label=world.three(f"{key.title()}?"), required=False)
        found[key].options = {"choices": OFFERED} if kind == "choice" else {}
        first.questions.append(found[key])
    db.session.commit()
    return found


def page_of(desk, draft, question):
    return f"/en/desk/{draft.slug}/form/questions/{question.id}/conditions"


def choose(desk, url, on, **values):
    """Choose an earlier question, then say what its answer has to be."""
    assert on.label["en"] in desk.page(url).text
    sheet = desk.page(f"{url}?on={on.id}").form(button="Add this condition")
    return desk.submit(sheet, **values)


def test_a_condition_is_set_in_two_steps_and_said_in_words(desk, draft, asked):
    url = page_of(desk, draft, asked["detail"])
    assert "Always: every applicant is asked." in desk.page(url).text
    assert choose(desk, url, asked["exports"], operator="is", value="yes").location == url
    assert "Only if “Exports? (en)” is answered with “Yes”." in desk.page(url).text
    assert choose(desk, url, asked["staff"], operator="at-least", value="1,250.5").status_code == 302
    rows = [(c.depends_on.key, c.operator, c.value) for c in asked["detail"].conditions]
    assert rows == [("exports", "is", "yes"), ("staff", "at-least", "1250.5")]
    page = desk.page(url)
    assert "All of these have to hold." in page.text
    desk.submit(page.form(button="Let one be enough"))
    text = desk.page(url).text
    assert "is answered with “Yes” or the answer to “Staff? (en)” is 1,250.5 or more" in text
    desk.submit(desk.page(url).form(action=f"{asked['detail'].conditions[0].id}/remove"))
    assert [c.depends_on.key for c in asked["detail"].conditions] == ["staff"]
    overview = desk.page(f"/en/desk/{draft.slug}/form").text
    assert "Asked only if the answer to “Staff? (en)” is 1,250.5 or more." in overview


@pytest.mark.parametrize(
    ("on", "values", "said"),
    [
        ("exports", {"operator": "is", "value": ""}, "Choose in the list."),
        ("exports", {"operator": "is", "value": "perhaps"}, "Choose in the list."),
        ("staff", {"operator": "at-most", "value": "many"}, "Write the number in figures"),
        ("staff", {"operator": "at-most", "value": ""}, "Write the number in figures"),
        ("way", {"operator": "at-most", "value": "alpha"}, "Choose in the list."),
    ],
)
def test_a_condition_that_is_none_is_refused(desk, draft, asked, on, values, said):
    url = page_of(desk, draft, asked["detail"])
    answer = choose(desk, url, asked[on], **values)
    assert answer.status_code == 422 and said in answer.get_data(as_text=True)
    assert asked["detail"].conditions == []


def test_only_earlier_questions_can_decide(desk, draft, asked):
    url = page_of(desk, draft, asked["staff"])
    text = desk.page(url).one("select[@id='on']")
    offered = [option.text for option in text]
    assert "Exports? (en)" in offered and "Way? (en)" not in offered and "Staff? (en)" not in offered
    assert not desk.page(f"{url}?on={asked['way'].id}").all("input[@name='operator']")


def test_the_same_condition_twice_is_one(by, draft, asked):
    at = clock.now()
    conditions.add(asked["detail"], asked["exports"], "is", "yes", by=by, at=at)
    with pytest.raises(Refused, match="there already"):
        conditions.add(asked["detail"], asked["exports"], "is", "yes", by=by, at=at)


def test_what_every_proposal_needs_is_always_asked(desk, by, draft):
    feeding = next(q for q in draft.questions if q.feeds == "summary")
    assert "so it is always asked" in desk.page(page_of(desk, draft, feeding)).text
    with pytest.raises(Refused, match="always asked"):
        conditions.add(feeding, draft.questions[0], "answered", "", by=by, at=clock.now())


@pytest.fixture
def depending_ones(by, draft, asked):
    conditions.add(asked["detail"], asked["way"], "is", "beta", by=by, at=clock.now())
    db.session.commit()
    return asked


def test_what_others_depend_on_cannot_be_removed(desk, by, draft, depending_ones):
    way, detail = depending_ones["way"], depending_ones["detail"]
    said = "“Way? (en)” can’t be removed: whether “Detail? (en)” is asked depends on it."
    page = desk.page(f"/en/desk/{draft.slug}/form")
    assert said in page.text and not [f for f in page.forms if f.action.endswith(f"{way.id}/remove")]
    with pytest.raises(Refused, match="Detail"):
        form.remove_question(way, by=by, at=clock.now())
    form.move_question(detail, 1, by=by, at=clock.now())
    assert detail.section is draft.sections[1]
    for question in draft.sections[0].questions:
        question.feeds = ""
    with pytest.raises(Refused, match="Detail"):
        form.remove_section(draft.sections[0], by=by, at=clock.now())
    form.remove_question(detail, by=by, at=clock.now())
    form.remove_question(way, by=by, at=clock.now())
    db.session.commit()


def test_what_others_depend_on_cannot_be_moved_after_them(by, draft, depending_ones):
    for question, step in ((depending_ones["way"], 1), (depending_ones["detail"], -1)):
        with pytest.raises(Refused, match="Detail"):
            form.move_question(question, step, by=by, at=clock.now())
        db.session.rollback()


def test_nor_can_their_section(by, draft, depending_ones):
    form.move_question(depending_ones["detail"], 1, by=by, at=clock.now())
    db.session.commit()
    with pytest.raises(Refused, match="Detail"):
        form.move_section(draft.sections[0], 1, by=by, at=clock.now())


def test_a_choice_that_a_condition_names_cannot_be_taken_away(by, draft, depending_ones):
    way = depending_ones["way"]
    content = form.Content(way.label, {}, options={"choices": [OFFERED[0]]})
    with pytest.raises(Refused, match=r"“Beta \(en\)” can’t be taken away: whether “Detail\? \(en\)” is asked"):
        form.edit_question(way, content, by=by, at=clock.now())
    form.edit_question(way, form.Content(way.label, {}, options={"choices": [OFFERED[1]]}), by=by, at=clock.now())
    assert [c["key"] for c in way.options["choices"]] == ["beta"]


def test_a_type_of_organisation_that_a_condition_names_cannot_be_taken_from_the_call(by, draft, asked):
    from msme_calls.calls.actions import setting

    types = next(q for q in draft.questions if q.kind == "organisation-type")
    conditions.add(asked["detail"], types, "is", draft.organisation_types[0], by=by, at=clock.now())
    rules = setting.Rules(**{n: getattr(draft, n) for n in setting.Rules.__dataclass_fields__})
    fewer = {**rules.__dict__, "organisation_types": draft.organisation_types[1:]}
    with pytest.raises(Refused, match="can’t be taken away"):
        setting.set_rules(draft, setting.Rules(**fewer), by=by, at=clock.now())


def test_conditions_stand_once_the_call_is_open(desk, by):
    call = world.call("open", by=by)
    late = call.sections[1].questions[-1]
    url = f"/en/desk/{call.slug}/form/questions/{late.id}/conditions"
    page = desk.page(url)
    assert "its rules stand as they were published" in page.text and not page.all("select[@id='on']")
    with pytest.raises(Refused, match="stand as they were published"):
        conditions.add(late, call.questions[0], "answered", "", by=by, at=clock.now())
    with pytest.raises(Refused, match="stand as they were published"):
        conditions.match(late, "any", by=by, at=clock.now())


def test_a_copy_of_a_call_depends_on_its_own_questions(by, draft, depending_ones):
    made = clone.clone(draft, "copy", draft.title, "CP", 1, by=by, at=clock.now())
    db.session.commit()
    late = next(q for q in made.questions if q.key == "detail")
    [condition] = late.conditions
    assert condition.depends_on.section.call is made and condition.depends_on.key == "way"
    assert (condition.operator, condition.value, late.match) == ("is", "beta", "all")


def test_coordinators_are_told_when_a_question_is_hidden_with_another(desk, by, draft, depending_ones):
    assert depending.tells(depending_ones["detail"]) is None
    depending_ones["way"].hidden = True
    db.session.commit()
    assert depending.tells(depending_ones["detail"]) is depending_ones["way"]
    text = desk.page(page_of(desk, draft, depending_ones["detail"])).text
    assert "Reviewers don’t see this question either" in text
