"""Anybody can check a receipt, and learns nothing that isn't in it."""

import io
import json
import re
from datetime import timedelta

import pytest
import world
from mails import sent
from pypdf import PdfReader
from signing_in import sign_in

from msme_calls import clock, keys, outbox
from msme_calls.extensions import LANGUAGES, db
from msme_calls.proposals import actions, receipts
from msme_calls.publication import verify


@pytest.fixture
def her(client, version):
    return sign_in(client, version.proposal.owner)


def check(client, content, lang="en", name="receipt.json"):
    sent = {"file": (io.BytesIO(content), name)}
    return client.post(f"/{lang}/verify", data=sent, content_type="multipart/form-data")


def shown(response):
    """The findings that the page shows, and not those that wait for a script."""
    return re.findall(r'data-finding="([\w-]+)">', response.text)


def spaced(digest):
    return " ".join(re.findall("....", digest))


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("ending", ["json", "pdf"])
def test_a_receipt_as_she_downloads_it_is_valid_for_anybody(app, her, version, lang, ending):
    got = her.get(f"/{lang}/proposals/{version.proposal_id}/versions/1/receipt.{ending}")
    assert got.status_code == 200
    assert f'filename="receipt-{version.proposal.reference}-1.{ending}"' in got.headers["Content-Disposition"]
    response = check(app.test_client(), got.data, lang)
    assert (response.status_code, shown(response)) == (200, ["valid"])
    assert version.proposal.reference in response.text and spaced(version.digest) in response.text


def test_its_text_can_be_pasted(app, version):
    response = app.test_client().post("/en/verify", data={"text": f"\n {version.receipt} \n"})
    assert shown(response) == ["valid"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_document_to_print_says_what_the_page_says(her, version, lang):
    pdf = PdfReader(io.BytesIO(her.get(f"/{lang}/proposals/{version.proposal_id}/versions/1/receipt.pdf").data))
    text = " ".join(page.extract_text() for page in pdf.pages)
    assert (pdf.root_object["/Lang"], version.proposal.reference in pdf.metadata.title) == (lang, True)
    assert all(words in text.replace("\n", "") for words in (version.proposal.reference, version.digest))
    assert f"/{lang}/verify" in text
    inside = pdf.attachments[f"receipt-{version.proposal.reference}-1.json"][0]
    assert inside.decode() == version.receipt


def test_a_changed_receipt_is_said_to_be_changed_and_where_if_that_can_be_told(app, version):
    client = app.test_client()
    later = version.receipt.replace('"submission":1', '"submission":2').encode()
    assert shown(check(client, later)) == ["changed"]
    odd = check(client, version.receipt.replace('"submission":1', '"submission":"<b>"').encode())
    assert shown(odd) == ["changed"] and "<code>receipt.submission</code>" in odd.text
    assert version.proposal.reference not in check(client, later).text, "nothing of it is shown as if it were true"


def test_a_receipt_of_another_site_is_not_ours(app, make_app, version):
    foreign = version.receipt.replace(keys.here(keys.Use.RECEIPTS), "A" * 43).encode()
    assert shown(check(app.test_client(), foreign)) == ["not-ours"]


@pytest.mark.parametrize("content", [b"", b"hello", b"%PDF-1.7", b"\x89PNG", b"{}"])
def test_what_is_no_receipt_is_said_to_be_none(app, content):
    response = check(app.test_client(), content)
    assert (response.status_code, shown(response)) == (422, ["no-receipt"])


def test_the_page_tells_nothing_of_what_lies_here(app, version, at):
    """Threat A10: no answer differs by whether a proposal exists, counts, or was withdrawn."""
    client = app.test_client()
    held = keys.signer(keys.Use.RECEIPTS, clock.now())
    said = json.loads(version.receipt)["receipt"]
    absent = receipts.signed({**said, "reference": "SBC27-AAAA-AA"}, held.sign).encode()
    before = check(client, version.receipt.encode()).text
    assert check(client, absent).text.replace("SBC27-AAAA-AA", said["reference"]) == before
    actions.withdraw(version.proposal, by=version.proposal.owner, at=clock.now())
    db.session.commit()
    assert check(client, version.receipt.encode()).text == before


def test_the_page_needs_no_session_and_gives_none(app, version):
    response = check(app.test_client(), version.receipt.encode())
    assert "Set-Cookie" not in response.headers and response.headers["Cache-Control"] == "no-store"


def test_a_file_that_is_too_large_is_refused_before_it_is_read(app):
    """Threat B19."""
    response = app.test_client().post(
        "/en/verify", data=b"x" * (verify.LARGEST + 1), content_type="multipart/form-data; boundary=x"
    )
    assert response.status_code == 413


def test_whoever_checks_without_end_has_to_wait(app, at, monkeypatch):
    client = app.test_client()
    monkeypatch.setattr(verify, "CHECKS", verify.throttle.Limit("checks of network", 2, timedelta(minutes=15)))
    assert [check(client, b"{}").status_code for _ in range(3)] == [422, 422, 429]
    assert "Retry-After" in check(client, b"{}").headers
    at((clock.now() + timedelta(minutes=16)).isoformat())
    assert check(client, b"{}").status_code == 422


def test_every_public_key_that_ever_signed_is_published(app, version):
    client = app.test_client()
    keys.rotate(keys.Use.RECEIPTS, clock.now)
    keys.ready([keys.Use.RESULTS], clock.now())
    said = client.get("/.well-known/msme-calls-keys.json").json["keys"]
    assert [(k["purpose"], k["until"] is None) for k in said].count(("receipts", True)) == 1
    assert {k["kid"] for k in said} == {k.kid for k in keys.known()} and len(said) == 3
    assert all((k["kty"], k["crv"]) == ("OKP", "Ed25519") and set(k) >= {"x", "use", "from"} for k in said)
    assert "d" not in {name for k in said for name in k}, "a private half"


def test_the_receipt_comes_with_the_mail(app, version):
    assert len(sent()) == 1
    [(_name, mail)] = outbox.kept()
    [part] = mail.iter_attachments()
    assert part.get_filename() == f"receipt-{version.proposal.reference}-1.json"
    assert part.get_content().decode() == version.receipt
    text = mail.get_body(("plain",)).get_content()
    assert "/en/verify" in text and version.proposal.reference in text


def test_a_version_of_before_receipts_were_signed_says_so_plainly(app, her, version):
    version.receipt = None
    db.session.commit()
    page = her.get(f"/en/proposals/{version.proposal_id}/receipt").text
    assert "This version has no signed receipt" in page and "receipt.pdf" not in page
    assert her.get(f"/en/proposals/{version.proposal_id}/versions/1/receipt.pdf").status_code == 404


def test_a_rehearsal_signs_nothing_and_says_so(app, client):
    app.extensions["signs_nothing"] = True
    draft = world.draft(world.call("open"))
    assert actions.submit(draft, "k", by=draft.owner, at=clock.now()).receipt is None
    db.session.commit()
    page = sign_in(client, draft.owner).get(f"/en/proposals/{draft.id}/receipt").text
    assert "Rehearsal: nothing here is signed." in page
    assert not keys.known()
