"""A proposal as a document and as text, and the blank form: what was written is in them, in each language."""

import io

import pytest
import world
from pages import Page
from pypdf import PdfReader
from questions.adding import add

from msme_calls import clock
from msme_calls.extensions import db
from msme_calls.i18n import LANGUAGES
from msme_calls.proposals import actions

INJECTION = '#read("/etc/passwd") $x$ *bold* <label> ## [title]'


def drawn(answer):
    """The text of a PDF, in one line; each is made for readers that speak, too."""
    assert (answer.status_code, answer.content_type) == (200, "application/pdf")
    made = PdfReader(io.BytesIO(answer.data))
    assert b"<pdfuaid:part>1</pdfuaid:part>" in made.root_object["/Metadata"].get_data()
    return " ".join(" ".join(page.extract_text() for page in made.pages).split())


@pytest.fixture
def made(call, applicant):
    columns = [{"key": "what", "label": world.three("What")}, {"key": "when", "label": world.three("When")}]
    first = add(call.sections[0], "exports", "yes-no")
    add(call.sections[0], "whither", "short-text", on=first, value="yes")
    add(call.sections[0], "plan", "table", options={"columns": columns})
    add(call.sections[0], "note", "long-text", required=False, options={"max_words": 40})
    db.session.commit()
    rows = [{"what": "Fair | stand", "when": "May"}, {"what": "Sale", "when": "June"}]
    given = {"title": "Looms for all", "plan": rows, "exports": "no", "whither": "Nowhere", "note": INJECTION}
    return world.proposal(call, applicant, **given)


def test_a_version_and_a_draft_are_documents_that_say_which_they_are(her, made, applicant):
    assert "Version 1" in drawn(her.get(f"/en/proposals/{made.id}/proposal.pdf"))  # nothing has changed since
    section = next(s for s in made.call.sections if any(q.key == "title" for q in s.questions))
    actions.save_section(made, section, {"title": "Looms for many"}, by=applicant, at=clock.now())
    db.session.commit()
    answer = her.get(f"/en/proposals/{made.id}/proposal.pdf?version=1")
    assert f'filename="proposal-{made.reference}-1.pdf"' in answer.headers["Content-Disposition"]
    version = drawn(answer)
    assert f"{made.reference} · Version 1" in version and "Looms for all" in version
    for words in ("Fair | stand", "What (en)", "June", INJECTION):
        assert words in version
    assert "Nowhere" not in version  # not asked, as she doesn't export
    draft = drawn(her.get(f"/en/proposals/{made.id}/proposal.pdf"))
    assert "Draft, not submitted" in draft and "Looms for many" in draft
    assert her.get(f"/en/proposals/{made.id}/proposal.pdf?version=2").status_code == 404
    assert her.get(f"/en/proposals/{made.id}/proposal.pdf?version=x").status_code == 404


def test_files_are_listed_with_their_fingerprint(her, call, applicant):
    add(call.sections[0], "paper", "file")
    db.session.commit()
    made = world.proposal(call, applicant)
    db.session.commit()
    document = drawn(her.get(f"/en/proposals/{made.id}/proposal.pdf"))
    assert "example.pdf 1 page · " in document
    assert f"sha256:{made.attachments[0].sha256[:16]}…" in document


def test_the_language_that_somebody_typed_breaks_no_document(her, made, applicant):
    """Threat B10."""
    made.language = '")#read("x'
    db.session.commit()
    assert "Looms for all" in drawn(her.get(f"/en/proposals/{made.id}/proposal.pdf"))


def test_the_text_of_a_version_can_be_downloaded_from_its_page(her, made):
    db.session.commit()
    page = her.page(f"/en/proposals/{made.id}/versions/1")
    answer = her.get(page.link("This version as text"))
    text = answer.data.decode("utf-8-sig")
    assert answer.content_type == "text/plain; charset=utf-8"
    assert "Looms for all" in text and "Fair \\| stand | May" in text and f"# call: {made.call.slug}" in text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_blank_form_asks_everything_in_each_language_and_is_the_same_for_all(client, her, made, lang):
    db.session.commit()
    url = f"/{lang}/calls/{made.call.slug}/questions.pdf"
    answer = her.get(url)
    assert answer.data == her.get(url).data and "Set-Cookie" not in answer.headers
    assert "public" in answer.headers["Cache-Control"]
    form = drawn(answer)
    for label in ("Whither", "Plan", "Note"):
        assert f"{label} ({lang})" in form
    if lang == "en":
        assert "Answer this if “Exports (en)” is answered with “Yes”." in form
        assert "At most 40 words." in form and "Nowhere" not in form


def test_the_blank_form_is_offered_where_the_questions_are_and_where_one_starts(her, call):
    questions = her.page(f"/en/calls/{call.slug}/questions")
    assert questions.link("Blank form to print (PDF)") == f"/en/calls/{call.slug}/questions.pdf"
    assert her.page(f"/en/calls/{call.slug}/start").link("to print (PDF)").endswith("/questions.pdf")
    assert her.get("/en/calls/no-such-call/questions.txt").status_code == 404
    overview = Page(her.submit(her.page(f"/en/calls/{call.slug}/start").form(button="Start the proposal"))).response
    page = her.page(overview.location)
    assert page.link("Fill in from a file").endswith("/fill") and page.link("Your proposal as text").endswith(".txt")
