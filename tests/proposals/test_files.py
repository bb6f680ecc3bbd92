"""Files: only what can be read is taken, words are never lost by a file, and nothing comes back as a page."""

import io
import random
import zipfile
import zlib

import pytest
import world
from hypothesis import given
from hypothesis import strategies as st
from pages import Page, words
from PIL import Image
from pypdf import PdfWriter
from pypdf.generic import NameObject, NumberObject

from msme_calls import uploads
from msme_calls.extensions import db
from msme_calls.proposals import actions
from msme_calls.proposals.models import Attachment
from msme_calls.storage import store
from msme_calls.uploads import BadFile, StoredFile


def pdf(pages=1, password="", title="Example"):
    writer, out = PdfWriter(), io.BytesIO()
    for _ in range(pages):
        writer.add_blank_page(200, 200)
    writer.add_metadata({"/Title": title})
    if password:
        writer.encrypt(password)
    writer.write(out)
    return out.getvalue()


def aes():
    """A document locked with AES, as word processors do it; without an owner’s help nobody reads it."""
    body = bytearray(b"%PDF-2.0\n")
    places, locks = [], b"".join(b"/%s<%s>" % (k, b"41" * n) for k, n in
                                 ((b"U", 48), (b"O", 48), (b"UE", 32), (b"OE", 32), (b"Perms", 16)))  # fmt: skip
    cipher = b"/CF<</StdCF<</CFM/AESV3/Length 32>>>>/StmF/StdCF/StrF/StdCF"
    for n, made in enumerate(
        (
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[]/Count 0>>",
            b"<</Filter/Standard/V 5/R 6/Length 256/P -4%s%s>>" % (locks, cipher),
        ),
        1,
    ):
        places.append(len(body))
        body += b"%d 0 obj%s endobj\n" % (n, made)
    start = len(body)
    body += b"xref\n0 4\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % p for p in places)
    body += b"trailer<</Size 4/Root 1 0 R/Encrypt 3 0 R/ID[<00><00>]>>\nstartxref\n%d\n%%%%EOF" % start
    return bytes(body)


def lying_count():
    writer, out = PdfWriter(), io.BytesIO()
    writer.add_blank_page(200, 200)
    writer._root_object["/Pages"].get_object()[NameObject("/Count")] = NumberObject(1)
    writer._root_object["/Pages"].get_object()[NameObject("/Kids")] = NumberObject(5)
    writer.write(out)
    return out.getvalue()


def docx(entries=(("word/document.xml", b"<w:document/>"),)):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return out.getvalue()


def gif():
    out = io.BytesIO()
    Image.new("P", (2, 2)).save(out, "GIF")
    return out.getvalue()


# What is refused, under which name: (content, name, words of the refusal).
BAD = {
    "empty": (b"", "empty.pdf", "This file is empty"),
    "HTML called PDF": (b"<html><script>alert(1)</script>", "page.pdf", "read this kind of file"),
    "PDF called Word": (pdf(), "text.docx", "read this kind of file"),
    "a second ending": (pdf(), "text.pdf.exe", "read this kind of file"),
    "ending turned round": (pdf(), "text\u202efdp.exe", "read this kind of file"),
    "no ending": (pdf(), "pdf", "read this kind of file"),
    "GIF before PDF": (gif() + pdf(), "both.pdf", "read this kind of file"),
    "space before PDF": (b"\n" + pdf(), "late.pdf", "read this kind of file"),
    "only the head of a PDF": (b"%PDF-1.7\n", "head.pdf", "could not be read"),
    "half a PDF": (pdf(3)[:300], "half.pdf", "could not be read"),
    "PDF and noise": (b"%PDF-1.7\n" + random.Random(1).randbytes(5000), "noise.pdf", "could not be read"),
    "pages that are none": (lying_count(), "count.pdf", "could not be read"),
    "password": (pdf(password="secret"), "locked.pdf", "protected by a password"),
    "password, AES": (aes(), "locked.pdf", "protected by a password"),
    "too many pages": (pdf(4), "long.pdf", "has 4 pages; at most 3"),
    "zip called Word": (docx([("readme.txt", b"x")]), "text.docx", "not a Word document"),
    "half a zip": (docx()[:40], "text.docx", "could not be read"),
    "a bomb called Word": (
        docx([("word/document.xml", b"x"), ("word/media/a", bytes(210_000_000))]),
        "bomb.docx",
        "too large once it is unpacked",
    ),
    "too large": (pdf() + bytes(5_000_001), "large.pdf", "larger than 5 MB"),
}


@pytest.fixture
def url(call, applicant):
    """The section for a document (PDF or Word, 3 pages, 5 MB) of her draft."""
    proposal = world.draft(call, by=applicant)
    db.session.commit()
    return f"/en/proposals/{proposal.id}/sections/documents"


def send(her, url, *files, **values):
    """Send files as a browser would: each (content, name)."""
    form = her.page(url).form(button="Save and continue")
    given = [(io.BytesIO(content), name) for content, name in files]
    answer = her.submit(form, document=given if len(given) > 1 else given[0], **values)
    answer.request.environ["wsgi.input"].close()  # a large body lies in a temporary file
    return answer


def listed(page):
    return [words(a) for a in page.all("ul[@class='files']//a")]


@pytest.mark.parametrize(("content", "name"), [(pdf(3), "Idea.PDF"), (docx(), "idée – été.docx")])
def test_a_file_that_can_be_read_is_received_listed_and_given_back_the_same(her, url, content, name):
    assert send(her, url, (content, name)).status_code == 302
    page = her.page(url)
    assert listed(page) == [name] and "Received" in page.text
    with her.get(page.link(name)) as back:
        assert back.data == content
        assert back.headers["Content-Disposition"].startswith("attachment;")
        assert back.headers["X-Content-Type-Options"] == "nosniff"
        assert back.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert back.headers["Cache-Control"] == "no-store"
        assert back.mimetype in uploads.MEDIA_TYPES.values()


@pytest.mark.parametrize("what", BAD)
def test_what_can_not_be_read_is_refused_beside_its_field_and_kept_nowhere(her, url, what, app):
    content, name, sentence = BAD[what]
    answer = Page(send(her, url, (content, name)))
    assert answer.status == 422, what
    assert sentence in words(answer.one("p[@id='q-document-error']"))
    assert "What you wrote is saved." in answer.text
    assert db.session.scalars(db.select(Attachment)).all() == []
    assert db.session.scalars(db.select(StoredFile)).all() == []
    assert [p for p in app.settings.files.rglob("*") if p.is_file()] == []


def test_words_sent_with_a_bad_file_are_saved_all_the_same(her, applicant):
    call = world.call("open")
    section = next(s for s in call.sections if s.key == "documents")
    other = next(q for s in call.sections for q in s.questions if q.key == "contact_phone")
    section.questions.append(other)
    proposal = world.draft(call, by=applicant)
    db.session.commit()
    url = f"/en/proposals/{proposal.id}/sections/documents"
    answer = Page(send(her, url, (b"no", "no.pdf"), contact_phone="+41 00 000 00 00"))
    assert answer.status == 422
    assert answer.one("input[@id='q-contact_phone']").get("value") == "+41 00 000 00 00"
    assert her.page(url).one("input[@id='q-contact_phone']").get("value") == "+41 00 000 00 00"


def test_where_one_file_is_taken_a_new_one_takes_its_place(her, url):
    send(her, url, (pdf(title="a"), "first.pdf"))
    send(her, url, (pdf(title="b"), "second.pdf"))
    assert listed(her.page(url)) == ["second.pdf"]


def test_the_same_file_twice_is_one(her, url):
    for _ in range(2):
        send(her, url, (pdf(), "one.pdf"))
    assert len(db.session.scalars(db.select(Attachment)).all()) == 1


def test_several_files_up_to_the_number_that_is_taken(her, call, applicant, url):
    question = next(q for q in call.questions if q.key == "document")
    question.options = {**question.options, "max_files": 2}
    db.session.commit()
    answer = Page(send(her, url, *((pdf(title=str(n)), f"{n}.pdf") for n in range(3))))
    assert answer.status == 422 and "At most 2 files are taken here" in answer.text
    assert listed(answer) == ["0.pdf", "1.pdf"]


def test_a_file_is_removed_by_its_button_and_what_was_typed_stays(her, url):
    send(her, url, (pdf(), "one.pdf"))
    page = her.page(url)
    form = page.form(button="Save and continue")
    button = next(b for b in form.element.iter("button") if b.get("name") == "remove-file")
    assert her.submit(form, ("remove-file", button.get("value"))).location.endswith("#q-document")
    assert listed(her.page(url)) == []


def test_the_enter_key_presses_no_remove_button(her, url):
    send(her, url, (pdf(), "one.pdf"))
    form = her.page(url).form(button="Save and continue")
    first = next(iter(form.element.iter("button")))
    assert first.get("name") is None and words(first) == "Save and continue"


def test_a_submitted_version_keeps_a_file_that_the_draft_lost(her, url, call, applicant):
    send(her, url, (pdf(), "kept.pdf"))
    file = db.session.scalars(db.select(Attachment)).one()
    proposal = file.proposal
    version = actions.submit(proposal, "k", by=applicant, at=proposal.started_at)
    actions.detach(file, by=applicant, at=proposal.started_at)
    db.session.commit()
    assert [f["name"] for f in version.files] == ["kept.pdf"]
    page = her.page(f"/en/proposals/{proposal.id}/receipt")
    with her.get(page.link("kept.pdf")) as back:
        assert back.data == pdf()
    assert listed(her.page(url)) == []


def test_after_the_deadline_no_file_is_taken(her, url, call, at):
    form = her.page(url).form(button="Save and continue")
    at(call.deadline_at)
    assert her.submit(form, document=(io.BytesIO(pdf()), "late.pdf")).status_code == 403
    assert db.session.scalars(db.select(Attachment)).all() == []


def test_a_body_over_the_limit_gives_back_what_was_typed(make_app, call, applicant):
    from signing_in import browser_of

    section = next(s for s in call.sections if s.key == "documents")
    section.questions.insert(0, next(q for q in call.questions if q.key == "partners"))
    proposal = world.draft(call, by=applicant)
    db.session.commit()
    her = browser_of(make_app(max_upload_mb=1), applicant)
    url = f"/en/proposals/{proposal.id}/sections/documents"
    text = "Words typed beside a file that is far too large. " * 3
    page = Page(send(her, url, (pdf() + zlib.compress(b"x") + bytes(1_200_000), "large.pdf"), partners=text))
    assert page.status == 413 and text.strip() in page.text
    again = her.submit(page.form(button="Send again without files"))
    assert again.status_code == 302
    assert her.page(url).one("textarea[@id='q-partners']").text.strip() == text.strip()


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("C:\\temp\\a.pdf", "a.pdf"),
        ("a\x00b\r\n.pdf", "ab.pdf"),
        ("\u202efdp.pdf", "fdp.pdf"),
        ("..", "file"),
        ("", "file"),
        ("x" * 300 + ".pdf", "x" * 110 + ".pdf"),
    ],
)
def test_a_name_is_only_a_name(given_name, kept):
    assert uploads.clean_name(given_name) == kept


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_no_name_leads_anywhere(name):
    """Threat B26."""
    kept = uploads.clean_name(name)
    assert kept and len(kept) <= 120
    assert not set(kept) & set('/\\\x00\r\n"') and kept not in (".", "..")


@pytest.mark.parametrize("key", ["..", "../" * 30 + "etc/passwd", "a" * 63, "A" * 64, "a" * 64 + "\n", "/" + "a" * 63])
def test_nothing_but_a_hash_names_a_kept_content(app, key):
    with pytest.raises(ValueError):
        store().open(key)


def test_a_refusal_is_said_in_her_language(her, url):
    from msme_calls import i18n

    with i18n.use("fr"), pytest.raises(BadFile):
        uploads.take(io.BytesIO(b""), "a.pdf", kinds=("pdf",), max_bytes=10, max_pages=None)
