"""A draft filled in from a text file: first shown, then saved; nothing is overwritten or lost, whatever the file is."""

import io
from datetime import timedelta

import pytest
import time_machine
import world
from pages import Page, words
from questions.adding import add

from msme_calls import clock, i18n
from msme_calls.extensions import db
from msme_calls.proposals import actions, answers, text_form


@pytest.fixture
def draft(call, applicant):
    made = world.draft(call, applicant, title="Looms for all")
    db.session.commit()
    return made


def url(made):
    return f"/en/proposals/{made.id}/fill"


def bring(her, made, text, name="answers.txt"):
    """Choose a file and look at what it would change."""
    form = her.page(url(made)).form(button="See what would change")
    content = text if isinstance(text, bytes) else text.encode()
    return her.submit(form, file=(io.BytesIO(content), name))


def save(her, preview):
    """Press the button below what was looked at."""
    return her.submit(preview.form(button="Save these answers"), save="1")


def text_of(made):
    with i18n.use("en"):
        return text_form.written(made.call, answers.draft_answers(made), title=made.title)


def section_of(made, key):
    return next(s for s in made.call.sections if any(q.key == key for q in s.questions))


def saved(made):
    db.session.expire_all()
    return answers.typed_answers(made)


def test_a_file_is_shown_with_what_it_would_change_and_then_saved(her, draft):
    text = her.get(f"/en/proposals/{draft.id}/proposal.txt").data.decode("utf-8-sig")
    before = saved(draft)
    preview = Page(bring(her, draft, text.replace("Looms for all", "Looms for many")))
    assert "1 answer would change. Nothing is saved yet." in preview.text
    assert [words(e) for e in preview.all("ins")] == ["what was added", "Added: many"]
    assert saved(draft) == before
    answer = save(her, preview)
    assert (answer.status_code, answer.location) == (302, f"/en/proposals/{draft.id}/check")
    assert "1 answer is filled in from your file." in her.page(answer.location).text
    assert saved(draft) == before | {"title": "Looms for many"}


def test_a_blank_form_fills_a_new_proposal_and_what_it_leaves_empty_stays(her, call, applicant, draft):
    blank = her.get(f"/en/calls/{call.slug}/questions.txt").data.decode("utf-8-sig")
    lines = blank.split("\n")
    lines.insert(next(n for n, line in enumerate(lines) if line.startswith("## [title]")) + 1, "A new title")
    text = "\n".join(lines)
    before = saved(draft)
    preview = Page(bring(her, draft, text))
    assert "1 answer would change." in preview.text and "empty in the file: the saved ones stay." in preview.text
    save(her, preview)
    assert saved(draft) == before | {"title": "A new title"}


def test_what_is_wrong_is_said_and_what_has_no_place_too(her, draft):
    economy = next(q.key for q in draft.call.questions if q.kind == "economy")
    text = f"# call: last-year\n## [{economy}]\nAtlantis\n## [gone]\nOld answer\n"
    preview = Page(bring(her, draft, text))
    assert "Choose one of the answers in the list." in preview.text
    assert "This file was written for another call" in preview.text
    assert "doesn’t ask for: gone. It is not taken." in preview.text
    assert save(her, preview).status_code == 302
    assert saved(draft)[economy] == "Atlantis"  # kept as written; the check page says that it is wrong


def test_an_answer_to_a_question_that_isnt_asked_is_kept_and_said_to_be_so(her, call, draft):
    first = add(call.sections[0], "exports", "yes-no")
    add(call.sections[0], "whither", "short-text", on=first, value="yes")
    db.session.commit()
    preview = Page(bring(her, draft, "## [exports]\nno\n## [whither]\nEverywhere"))
    assert "This question is not asked under these answers." in preview.text


HOSTILE = {
    "none": (b"", "There is no question in this file."),
    "a document": (b"PK\x03\x04\0", "isn’t plain text"),
    "too large": (b"## [title]\n" + b"x" * 2_000, "too large"),
    "another call": (b"# call: other\n## [elsewhere]\nx", "form of another call"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_form_is_refused_and_changes_nothing(her, draft, name, monkeypatch):
    monkeypatch.setattr(text_form, "LARGEST", 1_000)
    content, sentence = HOSTILE[name]
    before = saved(draft)
    answer = bring(her, draft, content)
    assert answer.status_code == 422 and sentence in Page(answer).text
    assert saved(draft) == before


def test_no_file_is_asked_for(her, draft):
    answer = her.submit(her.page(url(draft)).form(button="See what would change"))
    assert answer.status_code == 422 and "Choose the text file first." in Page(answer).text


def test_what_somebody_saves_meanwhile_is_shown_and_not_overwritten(her, draft, applicant):
    preview = Page(bring(her, draft, text_of(draft).replace("Looms for all", "Looms for many")))
    section = section_of(draft, "title")
    actions.save_section(draft, section, {"title": "Looms for some"}, by=applicant, at=clock.now())
    db.session.commit()
    answer = save(her, preview)
    page = Page(answer)
    assert answer.status_code == 409 and "Somebody saved other answers meanwhile" in page.text
    assert saved(draft)["title"] == "Looms for some"
    assert [words(e) for e in page.all("del")][1:] == ["Removed: some"]
    save(her, page)  # the file's text has come along
    assert saved(draft)["title"] == "Looms for many"


def test_when_one_section_clashes_none_is_saved(her, draft, applicant):
    text = text_of(draft).replace("Looms for all", "Looms for many")
    preview = Page(bring(her, draft, text))
    title = section_of(draft, "title")
    other = next(s for s in draft.call.sections if s is not title)
    key = next(q.key for q in other.questions if q.kind in ("short-text", "long-text"))
    text = text.replace(answers.typed_answers(draft)[key], "Another answer")
    preview = Page(bring(her, draft, text))
    late = max((title, other), key=draft.call.sections.index)
    changed = "title" if late is title else key
    actions.save_section(draft, late, {changed: "Elsewhere"}, by=applicant, at=clock.now())
    db.session.commit()
    before = saved(draft)
    assert save(her, preview).status_code == 409
    assert saved(draft) == before


def test_after_the_deadline_nothing_is_saved_and_the_text_is_kept_to_copy(her, draft, call):
    preview = Page(bring(her, draft, text_of(draft).replace("Looms for all", "Looms for many")))
    with time_machine.travel(call.life.closes_at + timedelta(seconds=1), tick=False):
        answer = save(her, preview)
        page = Page(answer)
        assert answer.status_code == 403 and "The deadline has passed" in page.text
        assert "Looms for many" in words(page.one("pre"))
        assert "See what would change" not in her.page(url(draft)).text
    assert saved(draft)["title"] == "Looms for all"


def test_what_a_file_says_is_never_markup(her, draft):
    """Threat B1."""
    answer = bring(her, draft, "## [title]\n</textarea><script>alert(1)</script>\n## [<b>x</b>]\ny")
    assert answer.status_code == 200 and b"<script>alert" not in answer.data and b"<b>x" not in answer.data
