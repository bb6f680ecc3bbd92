"""A question that is asked only if an earlier answer is so, for applicants, reviewers and lists."""

import pytest
import sqlalchemy as sa
import world
from questions.adding import add
from signing_in import browser_of, sign_in
from statements import statements

from msme_calls import clock
from msme_calls.calls.models import Blindness, Call, Condition, Question, Role
from msme_calls.extensions import db
from msme_calls.proposals import actions, answers
from msme_calls.proposals.answers import Viewer


@pytest.fixture
def call(app) -> Call:
    """A first section asks whether somebody exports: yes asks for markets there, and those for a section of its own."""
    made = world.call("open", by=world.person())
    first = made.sections[0]
    exports = add(first, "exports", "yes-no")
    markets = add(first, "markets", on=exports, value="yes")
    extra = type(first)(position=99, key="extra", title=world.three("Extra"))
    made.sections.append(extra)
    add(extra, "detail", "long-text", on=markets, operator="answered")
    db.session.commit()
    return made


@pytest.fixture
def proposal(call):
    """A draft that says that it exports, with everything answered."""
    made = world.draft(call, exports="yes", markets="Utopia", detail="Coffee")
    db.session.commit()
    return made


def save(proposal, **given):
    section = next(s for s in proposal.call.sections if any(q.key in given for q in s.questions))
    actions.save_section(proposal, section, given, by=proposal.owner, at=clock.now())
    db.session.commit()


def test_what_is_not_asked_is_not_submitted_but_kept_and_comes_back(app, proposal):
    save(proposal, exports="no")
    first = actions.submit(proposal, "one", by=proposal.owner, at=clock.now())
    assert first.answers["exports"] == "no"
    assert {"markets", "detail"}.isdisjoint(first.answers), "C is hidden with B, though B’s text is kept"
    assert answers.typed_answers(proposal)["markets"] == "Utopia"
    assert not answers.unsent(proposal, first), "nothing that counts differs"
    save(proposal, exports="yes")
    assert answers.unsent(proposal, first)
    second = actions.submit(proposal, "two", by=proposal.owner, at=clock.now())
    assert (second.answers["markets"], second.answers["detail"]) == ("Utopia", "Coffee")
    assert "markets" not in first.answers, "a version never changes"


def test_what_is_not_asked_is_not_required_and_not_counted(app, proposal):
    save(proposal, exports="yes", markets="")
    assert [p.section.key for p in answers.progress(proposal) if p.problems] == ["organisation"]
    save(proposal, exports="no")
    assert not any(p.problems for p in answers.progress(proposal))
    last = answers.progress(proposal)[-1]
    assert (last.section.key, last.asked, last.done) == ("extra", False, True)


def test_pages_leave_out_what_is_not_asked(app, proposal):
    her, url = browser_of(app, proposal.owner), f"/en/proposals/{proposal.id}"
    there = her.page(f"{url}/check")
    assert "Markets (en)" in there.text and "Coffee" in there.text
    save(proposal, exports="no")
    there = her.page(f"{url}/check")
    assert "Markets (en)" not in there.text and "Coffee" not in there.text and "Extra (en)" in there.text
    assert "Nothing to answer" in there.text
    section = her.page(f"{url}/sections/extra")
    assert "There is nothing to answer here" in section.text
    save(proposal, exports="yes")
    assert "Nothing to answer" not in her.page(f"{url}/check").text


def test_without_a_script_the_page_says_when_to_answer_and_the_server_decides(app, proposal):
    her, url = browser_of(app, proposal.owner), f"/en/proposals/{proposal.id}/sections/organisation"
    page = her.page(url)
    assert "Answer this if “Exports (en)” is answered with “Yes”." in page.text
    assert page.one("input[@name='markets']").get("value") == "Utopia"
    form = next(f for f in page.forms if "section-version" in f.values)
    assert her.submit(form, exports="yes", markets="").status_code == 422
    form = next(f for f in her.page(url).forms if "section-version" in f.values)
    assert her.submit(form, exports="no", markets="Ghana").status_code == 302
    assert answers.typed_answers(proposal)["markets"] == "Ghana"
    for lang, said in (("fr", "Exports (fr)"), ("es", "Exports (es)")):
        assert said in her.page(url.replace("/en/", f"/{lang}/")).one("p[@data-answer-if]").text


def test_after_a_section_come_those_in_which_something_is_asked(app, proposal):
    save(proposal, exports="no")
    her, url = browser_of(app, proposal.owner), f"/en/proposals/{proposal.id}"
    last = proposal.call.sections[-2]
    form = next(f for f in her.page(f"{url}/sections/{last.key}").forms if "section-version" in f.values)
    assert her.submit(form).location.endswith("/check")


def test_files_of_a_question_that_is_not_asked_are_not_handed_in(app, call):
    add(call.sections[0], "brochure", "file", on=_of(call, "exports"), value="yes")
    proposal = world.draft(call, exports="yes")
    db.session.commit()
    assert "brochure" in {f["question"] for f in answers.to_submit(proposal)[1]}
    save(proposal, exports="no")
    assert "brochure" not in {f["question"] for f in answers.to_submit(proposal)[1]}
    assert "brochure" in {f["question"] for f in answers.draft_files(proposal)}


def _of(call, key):
    return next(q for q in call.questions if q.key == key)


def test_reviewers_cannot_learn_a_hidden_answer_from_what_was_asked(app, call, proposal):
    """Threat A1: by its being asked, a question tells what was answered before."""
    call.blindness = Blindness.SINGLE
    version = actions.submit(proposal, "one", by=proposal.owner, at=clock.now())

    def keys(viewer):
        return {s.question.key for _section, shown in answers.seen_version(version, call, viewer) for s in shown}

    assert {"exports", "markets", "detail"} <= keys(Viewer.REVIEWER)
    _of(call, "exports").hidden = True
    assert {"exports", "markets", "detail"}.isdisjoint(keys(Viewer.REVIEWER))
    assert {"exports", "markets", "detail"} <= keys(Viewer.STAFF)
    call.blindness = Blindness.OPEN
    assert {"exports", "markets", "detail"} <= keys(Viewer.REVIEWER)


def test_lists_and_staff_do_not_see_what_was_not_asked(app, client, call, proposal):
    save(proposal, exports="no")
    actions.submit(proposal, "one", by=proposal.owner, at=clock.now())
    db.session.commit()
    coordinator = next(m.person for m in call.memberships if m.role is Role.COORDINATOR)
    desk = sign_in(client, coordinator)
    page = desk.page(f"/en/desk/{call.slug}/proposals/{proposal.id}")
    assert "Exports (en)" in page.text and "Markets (en)" not in page.text and "Utopia" not in page.text


def test_the_public_list_of_questions_says_when_each_is_asked(app, client, call):
    page = client.get(f"/en/calls/{call.slug}/questions").get_data(as_text=True)
    assert "Answer this if “Exports (en)” is answered with “Yes”." in page


def test_as_many_conditions_as_one_likes_cost_no_more_statements(app, call, proposal):
    her, url = browser_of(app, proposal.owner), f"/en/proposals/{proposal.id}/sections/organisation"
    her.page(url)
    with statements() as few:
        her.page(url)
    for n in range(20):
        add(call.sections[0], f"more_{n}", on=[_of(call, "exports"), _of(call, "markets")], operator="answered",
            required=False)  # fmt: skip
    db.session.commit()
    her.page(url)
    with statements() as many:
        her.page(url)
    assert len(many) == len(few)


def test_the_database_keeps_what_others_depend_on(app, call):
    with pytest.raises(sa.exc.IntegrityError):
        db.session.execute(sa.delete(Question).where(Question.id == _of(call, "exports").id))
    db.session.rollback()
    wrong = [
        {"operator": "eval", "value": "x"},
        {"operator": "is", "value": ""},
        {"operator": "answered", "value": "x"},
    ]
    for values in wrong:
        db.session.add(Condition(position=9, question=_of(call, "detail"), depends_on=_of(call, "exports"), **values))
        with pytest.raises(sa.exc.IntegrityError):
            db.session.commit()
        db.session.rollback()


def test_a_section_goes_with_all_that_depends_within_it(app):
    made = world.call("draft")
    first = made.sections[0]
    add(first, "late", on=add(first, "early", "yes-no"), value="yes")
    db.session.commit()
    made.sections.remove(first)
    db.session.commit()
    assert db.session.scalars(sa.select(Condition)).all() == []
