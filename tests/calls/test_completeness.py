"""What is missing before launch: in which language, and where it is filled in."""

import world
from flask import url_for

from msme_calls.calls import completeness
from msme_calls.calls.models import Partner, Role
from msme_calls.calls.rules import FEEDS
from msme_calls.extensions import db
from msme_calls.proposals.models import FACE


def found(call):
    return [(str(m.words), m.page, m.field) for m in completeness.missing(call)]


def test_a_call_with_everything_lacks_nothing(draft):
    assert found(draft) == []


def test_a_text_that_lacks_languages_is_named_with_them(draft):
    draft.lead = {"en": "Lead"}
    assert found(draft) == [("Lead: missing in French and Spanish", "calls.texts", "lead-fr")]


def test_a_text_that_the_page_can_do_without_is_missed_only_if_a_language_has_it(draft):
    draft.prize = {}
    assert found(draft) == []
    draft.prize = {"fr": "Prix"}
    assert found(draft) == [("What winners get: missing in English and Spanish", "calls.texts", "prize-en")]


def test_a_call_declared_to_run_in_fewer_languages_lacks_only_theirs(draft):
    draft.theme = {"en": "Theme"}
    draft.languages = ["en"]
    assert found(draft) == []


def test_a_score_without_its_sentence_is_missed(draft):
    criterion = draft.criteria[1]
    criterion.anchors = {**criterion.anchors, "3": {"en": "x", "fr": "x"}}
    assert found(draft) == [
        ("What 3 means for “Benefit for small businesses”: missing in Spanish", "calls.criterion", "anchor_3-es")
    ]


def test_a_partner_without_a_name_in_a_language_is_missed(draft):
    draft.partners.append(Partner(position=0, name={"en": "Example Partner", "es": "Entidad Ejemplo"}))
    db.session.flush()
    assert found(draft) == [("Name of partner 1: missing in French", "calls.partner", "name-fr")]


def test_dates_contact_and_criteria_are_asked_for(draft):
    draft.contact, draft.review_due_at, draft.criteria = "", None, []
    assert [(page, field) for _words, page, field in found(draft)] == [
        ("calls.texts", "contact"), ("calls.dates", "review_due"), ("calls.criteria", "")
    ]  # fmt: skip


def test_questions_and_their_choices_are_asked_for(draft):
    question = next(q for q in draft.questions if q.kind == "choices")
    question.label = {"en": "Activities"}
    question.options = {"choices": [{"key": "a", "label": {"en": "A", "fr": "A"}}]}
    assert [words for words, page, _f in found(draft) if page == "calls.question"] == [
        "Words of the question “Activities”: missing in French and Spanish",
        "An answer of “Activities”: missing in Spanish",
    ]


def test_each_part_of_a_proposals_face_is_fed_by_one_question(draft):
    next(q for q in draft.questions if q.feeds == "title").feeds = ""
    assert found(draft) == [("Exactly one question has to give each proposal its title", "calls.form", "")]
    assert tuple(FEEDS) == FACE, "both lists name the same parts"


def test_the_page_of_the_call_leads_to_each_missing_thing_and_refuses_to_launch(desk, draft):
    draft.lead, draft.criteria[0].name = {"en": "Lead"}, {"fr": "Lien"}
    row = draft.criteria[0].id
    page = desk.page(f"/en/desk/{draft.slug}")
    assert page.link("Lead: missing in French and Spanish") == f"/en/desk/{draft.slug}/texts#lead-fr"
    assert page.link("Name of criterion 1: missing in English and Spanish").endswith(f"/criteria/{row}#name-en")
    assert "Fill in what is missing first" in page.text
    assert not [f for f in page.forms if f.action.endswith("/launch")], "the reason stands in place of the button"


def test_every_field_that_is_missed_is_there_where_the_link_leads(desk, draft):
    draft.title, draft.contact, draft.opens_at = {}, "", None
    draft.criteria[0].anchors = {}
    draft.sections[0].title, draft.sections[0].intro = {"en": "A"}, {"en": "B"}
    choice = next(q for q in draft.questions if q.kind == "choices")
    choice.options, choice.help = {"choices": [{"key": "a", "label": {"en": "A"}}]}, {"en": "Help"}
    draft.partners.append(Partner(position=0, name={"en": "Example"}))
    db.session.commit()
    with desk.application.test_request_context("/en/"):
        leads = [(url_for(m.page, slug=draft.slug, row_id=m.row, lang="en"), m.field)
                 for m in completeness.missing(draft)]  # fmt: skip
    pages = {url: desk.page(url.partition("?")[0]) for url, _field in leads}
    assert len(leads) > 10
    for url, field in leads:
        assert pages[url].all(f"*[@id='{field}']"), (url, field)


def test_an_observer_sees_what_is_missing_without_links(client, draft):
    from signing_in import sign_in

    draft.lead = {"en": "Lead"}
    page = sign_in(client, world.member(draft, Role.OBSERVER)).page(f"/en/desk/{draft.slug}")
    assert "Lead: missing in French and Spanish" in page.text
    assert not page.all("a[@href='/en/desk/texts']")


def test_each_text_stands_with_its_languages_and_leads_to_the_field_that_is_empty(desk, draft):
    draft.lead, draft.prize = {"en": "Lead"}, {}
    choice = next(q for q in draft.questions if q.kind == "choices")
    choice.options = {"choices": [{"key": "a", "label": {"en": "A", "es": "A"}}]}
    db.session.commit()
    url = f"/en/desk/{draft.slug}/languages"
    page = desk.page(url)
    assert "2 texts are missing in a language of the call. The call can’t be launched before." in page.text
    leads = [a.get("href") for a in page.all("td/a")]
    assert leads == [f"/en/desk/{draft.slug}/texts#lead-fr", f"/en/desk/{draft.slug}/texts#lead-es",
                     f"/en/desk/{draft.slug}/form/questions/{choice.id}#choices-0-label-fr"]  # fmt: skip
    every = desk.page(f"{url}?all=y")
    assert len(every.all("tbody/tr")) == len(completeness.texts(draft)) > 80
    assert "left out" in every.text and [a.get("href") for a in every.all("td/a")] == leads


def test_a_call_in_fewer_languages_is_asked_for_theirs_only(desk, draft):
    draft.languages, draft.lead = ["fr"], {"fr": "Chapeau"}
    db.session.commit()
    page = desk.page(f"/en/desk/{draft.slug}/languages")
    assert "Every text is there in every language of the call." in page.text
    assert not page.all("table")
