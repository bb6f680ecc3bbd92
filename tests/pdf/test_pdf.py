"""Documents: people's words are drawn, never obeyed; the same words give the same bytes; and no words make it fail."""

import io
import sys

import pytest
from applications import build, close
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from msme_calls import pdf, reading
from msme_calls.i18n import LANGUAGES

INJECTION = '#read("/etc/passwd") $x$ \\ *bold* _it_ `raw` <label> @ref // no comment #{1+1} [link](x)'


@pytest.fixture(scope="module", autouse=True)
def words(tmp_path_factory):
    """An application for its sentences; no database is asked."""
    made = build("sqlite://", tmp_path_factory.mktemp("data"))
    with made.app_context():
        yield
    close(made)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Templates of the test beside the ones that every document shares."""
    (tmp_path / "base.typ").write_text((pdf.FOLDER / "base.typ").read_text())
    monkeypatch.setattr(pdf, "FOLDER", tmp_path)
    return tmp_path


@pytest.fixture
def plain(folder):
    (folder / "plain.typ").write_text('#import "base.typ": *\n#show: whole\n#own(data.text, lang: "fr")')
    return lambda text, language="en", **more: pdf.made("plain", {"title": "Receipt", "text": text, **more}, language)


def read(content):
    return PdfReader(io.BytesIO(content))


def text_of(content):
    return "\n".join(page.extract_text() for page in read(content).pages)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_document_is_tagged_and_says_its_title_and_its_language(plain, language):
    made = read(plain("Reçu n° 7 — ¿Quién? « Œuvre »", language))
    assert (made.root_object["/Lang"], made.metadata.title) == (language, "Receipt")
    assert made.root_object["/MarkInfo"]["/Marked"].value is True and "/StructTreeRoot" in made.root_object
    assert "Reçu n° 7 — ¿Quién? « Œuvre »" in made.pages[0].extract_text()
    assert b"<pdfuaid:part>1</pdfuaid:part>" in made.root_object["/Metadata"].get_data()


def test_words_that_look_like_commands_are_printed_as_they_are(plain):
    """Threat B10."""
    assert INJECTION in text_of(plain(INJECTION)).replace("\n", " ")


@pytest.mark.parametrize("path", ["/etc/passwd", "../../../../../../../../etc/passwd"])
def test_a_template_that_reads_outside_its_folder_makes_no_document(folder, path):
    """Threat B10: also if somebody found a way to a command, there is nothing to be had."""
    (folder / "bad.typ").write_text(f'#read("{path}")')
    with pytest.raises(reading.Unreadable):
        pdf.made("bad", {"title": "x"}, "en")


def test_the_same_words_give_the_same_bytes(plain):
    assert plain("Twice") == plain("Twice") != plain("Thrice")


def test_letters_that_no_font_has_stand_as_their_code_and_the_document_says_so(plain):
    """Threat B23."""
    drawn = text_of(plain("中 and 😀 and \x07"))
    assert "‹U+4E2D› and ‹U+1F600› and ‹U+0007›" in drawn
    assert "no letters for stand as their code" in drawn
    assert "no letters for" not in text_of(plain("Ελληνικά, русский, العربية, ‘é’"))


@settings(max_examples=15)
@given(text=st.text(st.characters(), max_size=200))
@example("\ud800 \ufeff \u200d \u20e3 \ufffe \U0010ffff \u2028 a\u0301\u0651")
@example("".join(chr(n) for n in range(0x0300, 0x0370)))
def test_no_words_make_a_document_fail(text):
    """Threat B23."""
    content = pdf.made("receipt", receipt(text), "en")
    assert content.startswith(b"%PDF-")


def receipt(text):
    said = {"heading": "How", "words": text, "url": "https://example.org", "qr": text, "digest": "ab"}
    raw = {"file": "r.json", "receipt": "{}", "qr": '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"/>'}
    return {
        "title": text, "lead": text, "facts": [["a", text]], "fingerprint": said, "files_heading": "Files",
        "files": [{"name": text, "sha256": "cd", "size": "1 MB"}], "verify": said, "raw": raw,
    }  # fmt: skip


def test_what_sets_the_type_is_never_loaded_where_pages_are_made(plain):
    plain("anything")
    assert "typst" not in sys.modules


def test_whoever_waits_too_long_is_told_to_come_back(app, client, monkeypatch):
    @app.get("/en/busy")
    def busy():
        raise reading.Busy

    busy.access = "public"
    response = client.get("/en/busy")
    assert response.status_code == 503 and response.headers["Retry-After"] == "60"
    assert "Too many documents are being made" in response.text
