"""The browser checks a receipt itself: the file never leaves the device. Where it can't, the server does."""

import json
import string

import pytest
import world

from msme_calls import clock, i18n
from msme_calls.extensions import db
from msme_calls.proposals import actions, answers, papers


@pytest.fixture
def files(live_server):
    """A receipt as text and as a document to print."""
    with live_server.app.test_request_context("/en/"), i18n.use("en"):
        draft = world.draft(world.call("open", kind="rta-papers"))
        version = actions.submit(draft, "k", by=draft.owner, at=clock.now())
        db.session.commit()
        paper = papers.receipt(draft, version, answers.face(draft.call.form.questions, version.answers))
        return {"json": version.receipt.encode(), "pdf": paper}


def check(page, content, name="receipt.json"):
    page.set_input_files("#file", {"name": name, "mimeType": "application/octet-stream", "buffer": content})
    page.get_by_role("button", name="Check the receipt").click()
    shown = page.locator("[data-finding]:not([hidden])")
    shown.wait_for()
    return shown.get_attribute("data-finding")


CHANGES = [
    (b'"submission":1', b'"submission":2', "changed"),
    (b'"submission":1', b'"submission":1,"more":1', "changed"),
    (b'"signature":"', b'"signature":"AAAA', "changed"),
    (b'"key":"', b'"key":"AAAA', "not-ours"),
    (b"msme-calls-receipt", b"another", "no-receipt"),
    (b"{", b"", "no-receipt"),
    (b'"submission":1', b'"submission":1.0', "no-receipt"),  # the server takes neither of these two
    (b'"submission":1', b'"submission":2,"submission":1', "no-receipt"),
]


def spelled_anew(receipt):
    """The same signature in other letters: the last one has four bits that say nothing."""
    letters = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
    whole = json.loads(receipt)
    last = letters[letters.index(whole["signature"][-1]) + 1]
    return json.dumps(whole | {"signature": whole["signature"][:-1] + last}).encode()


def test_the_browser_checks_and_nothing_is_sent(live_server, page, files, accessible):
    sent = []
    page.on("request", lambda request: sent.append(request.url) if request.method != "GET" else None)
    for ending in ("json", "pdf"):
        page.goto(f"{live_server.url}/en/verify")
        page.locator("[data-here]:not([hidden])").wait_for()
        assert check(page, files[ending], f"receipt.{ending}") == "valid"
        assert page.locator("[data-part=reference]").inner_text() in files["json"].decode()
        assert page.locator("[data-part=files] li").count() >= 1
    accessible()
    for old, new, finding in CHANGES:
        page.goto(f"{live_server.url}/en/verify")
        page.locator("[data-here]:not([hidden])").wait_for()
        assert check(page, files["json"].replace(old, new, 1)) == finding, (old, new)
        assert page.locator("[data-said]").is_hidden()
    page.goto(f"{live_server.url}/en/verify")
    page.locator("[data-here]:not([hidden])").wait_for()
    assert check(page, spelled_anew(files["json"])) == "changed"
    assert sent == []


def test_a_browser_that_does_not_know_the_signature_asks_the_server(live_server, page, files):
    page.add_init_script("Object.defineProperty(window.crypto, 'subtle', { value: undefined })")
    sent = []
    page.on("request", lambda request: sent.append(request.method) if request.method != "GET" else None)
    page.goto(f"{live_server.url}/en/verify")
    assert check(page, files["pdf"], "receipt.pdf") == "valid"
    assert sent == ["POST"]
