"""Every hostile file is refused with a sentence, or taken so that nobody but its sender gets what may harm."""

import io
import resource
import zipfile

import pytest
from files.hostile import REFUSED, SCRIPT, TAKEN
from pypdf import PdfReader

from msme_calls import i18n, uploads
from msme_calls.extensions import db
from msme_calls.storage import store
from msme_calls.uploads import BadFile, StoredFile

KINDS = ("pdf", "docx", "png", "jpg")


@pytest.fixture
def quick(make_app):
    """An application on SQLite alone: files don't know which database there is."""
    app = make_app()
    with app.app_context(), i18n.use("en"):
        yield app
        db.session.rollback()


pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def take(content: bytes, name: str) -> uploads.Checked:
    return uploads.take(io.BytesIO(content), name, kinds=KINDS, max_bytes=40_000_000, max_pages=None)


def given(checked: uploads.Checked, *, own: bool = False) -> bytes:
    with uploads.send_back(checked.sha256, checked.kind, checked.name, own=own) as answer:
        answer.direct_passthrough = False
        return answer.get_data()


@pytest.mark.parametrize("what", REFUSED)
def test_what_harms_is_refused_in_a_sentence_and_kept_nowhere(quick, what):
    """Threats B11, B13, B14: lies about kind, damage, bombs. B12: what no harmless copy can be made of."""
    make, name, words = REFUSED[what]
    with pytest.raises(BadFile) as refusal:
        take(make(), name)
    assert words in str(refusal.value)
    assert [p for p in quick.settings.files.rglob("*") if p.is_file()] == []


@pytest.mark.parametrize("what", TAKEN)
def test_what_may_harm_is_taken_and_nobody_but_its_sender_gets_it(quick, at, what):
    """Threats B11, B12."""
    make, name, found, pages = TAKEN[what]
    content = make()
    checked = take(content, name)
    assert (sorted(checked.found), checked.pages) == (found, pages)
    uploads.remember(checked, at("2027-02-01T08:00:00Z"))
    assert given(checked, own=True) == content, "the sender gets what she sent"
    others = given(checked)
    assert (others == content) == (not found)
    for trace in (SCRIPT[:12].encode(), b"JavaScript", b"Launch", b"evil.example", b"inner file", b"XFA", b"/AA"):
        assert trace not in unpacked(others), trace
    again = take(others, name)
    assert again.found == () and again.pages == pages
    if checked.kind == "pdf" and what != "PDF, a count that lies":
        text = PdfReader(io.BytesIO(others)).pages[0].get_contents()
        assert b"kept words" in text.get_data() if text is not None else "packed" in what
    if checked.kind == "docx":
        assert b"kept words" in unpacked(others)


def unpacked(content: bytes) -> bytes:
    """A file with the parts of an archive beside it."""
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return b"".join(archive.read(name) for name in archive.namelist())


def test_its_sender_is_told_what_others_do_not_get(quick, at):
    checked = take(TAKEN["PDF, with scripts"][0](), "a.pdf")
    row = uploads.remember(checked, at("2027-02-01T08:00:00Z"))
    assert row.left_out == "Others get a copy without its automatic actions and its scripts."


def test_a_file_kept_before_anybody_looked_is_given_as_a_harmless_copy(quick, at):
    checked = take(TAKEN["PDF, with scripts"][0](), "a.pdf")
    uploads.remember(checked, at("2027-02-01T08:00:00Z")).found = None
    assert SCRIPT.encode() not in given(checked)


@pytest.mark.parametrize("lang", ["en", "fr", "es"])
def test_every_refusal_is_a_whole_sentence_in_each_language(quick, lang):
    """Threat B13."""
    with i18n.use(lang):
        for why, sentence in uploads.FAULTS.items():
            said = str(sentence) % {"pages": 6000, "most": 5000} if why == "pages" else str(sentence)
            assert said[0].isupper() and said.endswith(".") and "%" not in said


def test_memory_stays_bounded_whatever_comes(quick):
    """Threats B14, C21: the process that serves grows by little more than the largest file it holds."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for what in ("PDF, 300 MB of zeros", "PDF, packed twice", "picture, 50,000 by 50,000", "PDF, nested"):
        make, name, _words = REFUSED[what]
        content = make()
        made = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # making it took memory, too
        with pytest.raises(BadFile):
            take(content, name)
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - max(before, made) < 50_000  # kilobytes


def test_a_partner_s_logo_is_drawn_anew_and_small(quick):
    make, name, _found, _pages = TAKEN["picture and zip"]
    checked = uploads.logo(io.BytesIO(make()), name)
    with store().open(checked.sha256) as kept:
        content = kept.read()
    assert checked.kind == "png" and len(content) < 10_000 and b"PK" not in content
    assert db.session.get(StoredFile, checked.sha256) is None, "the row comes with the partner"
