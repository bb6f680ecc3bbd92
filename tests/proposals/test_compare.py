"""Versions compared: what changed is told word by word, of every kind of answer and of files; nothing else is shown."""

import world
from pages import words
from questions.adding import add
from signing_in import browser_of

from msme_calls import clock
from msme_calls.calls.models import Role
from msme_calls.extensions import db
from msme_calls.proposals import actions, differences


def again(made, **changes):
    """The proposal submitted once more, with these answers changed."""
    by = made.owner
    for section in made.call.sections:
        mine = {q.key: changes[q.key] for q in section.questions if q.key in changes}
        if mine:
            actions.save_section(made, section, mine, by=by, at=clock.now())
    actions.submit(made, f"again-{len(made.versions)}", by=by, at=clock.now())
    db.session.commit()


def two_versions(call, applicant, **changes):
    add(call.sections[0], "goods", "table", options={"columns": [{"key": "what", "label": world.three("What")}]})
    add(call.sections[0], "note", "short-text", required=False)
    db.session.commit()
    goods = [{"what": "Scarves"}, {"what": "Bags"}]
    made = world.proposal(call, applicant, title="Looms for all", goods=goods, note="")
    again(made, **changes)
    return made


def marks(page, tag):
    return [words(found) for found in page.all(tag)]


def test_only_what_differs_is_shown_word_by_word(her, call, applicant):
    goods = [{"what": "Scarves"}, {"what": "Hats"}, {"what": "Mats"}]
    made = two_versions(call, applicant, title="Looms for many", goods=goods)
    overview = her.page(f"/en/proposals/{made.id}")
    page = her.page(overview.link("What changed since version 1"))
    assert page.title == "From version 1 to version 2"
    assert "2 answers differ." in page.text
    assert marks(page, "del") == ["what was removed", "Removed: Bags", "Removed: all"]
    assert marks(page, "ins") == ["what was added", "Added: Hats", "Added: Mats", "Added: many"]
    assert "Example project" not in page.text
    whole = her.page(page.link("Show all answers"))
    assert (marks(whole, "ins"), marks(whole, "del")) == (marks(page, "ins"), marks(page, "del"))
    assert len(whole.text) > len(page.text) and "No answer" in whole.text


def test_the_draft_is_compared_with_what_was_submitted(her, call, applicant):
    made = world.proposal(call, applicant, title="Looms for all")
    section = next(s for s in call.sections if any(q.key == "title" for q in s.questions))
    actions.save_section(made, section, {"title": "Looms for some"}, by=applicant, at=clock.now())
    db.session.commit()
    page = her.page(her.page(f"/en/proposals/{made.id}").link("What your draft changes since version 1"))
    assert (marks(page, "del")[1:], marks(page, "ins")[1:]) == (["Removed: all"], ["Added: some"])


def test_an_answer_is_never_markup(her, call, applicant):
    """Threat B1."""
    made = two_versions(call, applicant, title="<script>alert(1)</script> & co")
    answer = her.get(f"/en/proposals/{made.id}/versions/1/compare/2")
    assert b"<script>alert" not in answer.data and b"&lt;" in answer.data


def test_versions_that_are_not_there_have_no_page(her, call, applicant):
    made = world.proposal(call, applicant)
    db.session.commit()
    for rest in ("1/compare/2", "2/compare/1", "7/compare/draft"):
        assert her.get(f"/en/proposals/{made.id}/versions/{rest}").status_code == 404


def test_coordinators_compare_the_version_that_counts_with_the_one_before(app, call, applicant):
    made = two_versions(call, applicant, title="Looms for many")
    desk = browser_of(app, world.member(call, Role.COORDINATOR))
    page = desk.page(desk.page(f"/en/desk/{call.slug}/proposals/{made.id}").link("What changed since version 1"))
    assert marks(page, "ins")[1:] == ["Added: many"]


def test_files_are_compared_by_what_is_in_them_and_by_their_names():
    def file(name, sha256):
        return {"name": name, "sha256": sha256}

    was = [file("a.pdf", "1"), file("b.pdf", "2"), file("c.pdf", "3"), file("d.pdf", "4")]
    now = [file("b.pdf", "9"), file("a.pdf", "1"), file("new name.pdf", "3"), file("e.pdf", "5")]
    told = [(c.mark, c.file["name"], c.former and c.former["name"]) for c in differences.files(was, now)]
    assert told == [
        ("other", "b.pdf", "b.pdf"), ("same", "a.pdf", "a.pdf"), ("renamed", "new name.pdf", "c.pdf"),
        ("new", "e.pdf", None), ("gone", "d.pdf", None),
    ]  # fmt: skip
    twice = [file("a.pdf", "1"), file("a.pdf", "1")]
    assert [c.mark for c in differences.files(twice[:1], twice)] == ["same", "new"]
