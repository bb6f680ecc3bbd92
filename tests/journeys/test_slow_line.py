"""A proposal is written, with a file of 2 MB, on a slow line where one request of twenty fails.

Nothing is typed twice, and at most one chunk is sent again for each failure. Threats C2, C24.
"""

import io
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import world
from browsing import LiveServer
from journeys.lines import Line, line
from journeys.walking import proposal
from playwright.sync_api import Browser, Error, Page, expect
from pypdf import PdfWriter
from pypdf.generic import NameObject, StreamObject
from signing_in import PASSWORD, owner

from msme_calls.extensions import db
from msme_calls.proposals.models import Proposal, Status

pytestmark = [pytest.mark.browser, pytest.mark.timeout(170)]
KBIT, EVERY = 1000 / 8, 20
CHUNK = 256 << 10
# The next page is there; or the browser’s own, that says that nothing came; or ours says that it waits for the line.
DECIDED = """there => !document.querySelector("#main") || new RegExp(there).test(location.pathname) ||
    document.querySelector('[data-state="offline"]:not([hidden])')"""


@pytest.fixture(params=[2000, pytest.param(500, marks=pytest.mark.slow)], ids="{} kbit/s".format)
def slow(request: pytest.FixtureRequest, live_server: LiveServer) -> Iterator[Line]:
    with line(int(live_server.url.rpartition(":")[2]), request.param * KBIT, EVERY) as made:
        yield made


class Patient:
    """Somebody who loads a page again if it doesn't come, and presses again; but types each answer once."""

    def __init__(self, page: Page, base: str) -> None:
        self.page, self.base, self.typed = page, base, set[str]()

    def come(self, address: str) -> None:
        for _ in range(12):
            try:
                self.page.goto(f"{self.base}{address}")
                return
            except Error:
                pass
        raise AssertionError(address)

    def press(self, words: str, there: str) -> None:
        """Until the next page is there; `there` is how its address ends."""
        here = self.page.url.removeprefix(self.base)
        for _ in range(12):
            self.page.get_by_role("button", name=words, exact=True).last.click()
            self.page.wait_for_function(DECIDED, arg=f"{there}$", timeout=70_000)
            if not self.page.locator("#main").count():
                self.come(here)
            elif self.page.locator('[data-state="offline"]').is_visible():
                expect(self.page.locator('[data-state="saved"]')).to_be_visible(timeout=60_000)
            else:
                return
        raise AssertionError(f"{words} led nowhere")

    def answer(self, answers: dict[str, Any]) -> None:
        for key, value in answers.items():
            assert key not in self.typed
            self.typed.add(key)
            place = self.page.locator(f"#q-{key}")
            if isinstance(value, list):
                for column, text in value[0].items():
                    self.page.locator(f"[name='{key}-0-{column}']").fill(text)
            elif isinstance(value, Path):
                place.set_input_files(value)
            elif place.get_attribute("type") in ("radio", "checkbox"):
                self.page.locator(f"[name='{key}'][value='{value}']").check()
            elif place.evaluate("e => e.tagName") == "SELECT":
                place.select_option(value)
            else:
                place.fill(value)


def document(folder: Path, size: int = 2_000_000) -> Path:
    """A PDF of that size that nothing makes smaller."""
    writer, out = PdfWriter(), io.BytesIO()
    stream = StreamObject()
    stream.set_data(secrets.token_bytes(size - 1000))
    writer.add_blank_page(595, 842)[NameObject("/ExampleData")] = writer._add_object(stream)
    writer.write(out)
    path = folder / "plan.pdf"
    path.write_bytes(out.getvalue())
    return path


def test_a_proposal_is_completed_on_a_bad_line(
    live_server: LiveServer, browser: Browser, slow: Line, tmp_path: Path
) -> None:
    with live_server.app.app_context():
        slug = world.call("open").slug
        email = owner(language="fr").email
        db.session.commit()
    file = document(tmp_path)
    context = browser.new_context(locale="fr-FR")
    page = context.new_page()
    page.set_default_timeout(30_000)
    her = Patient(page, f"http://127.0.0.1:{slow.port}")
    her.come(f"/en/calls/{slug}")
    her.come(f"/en/sign-in?next=/en/calls/{slug}/start")
    while "/sign-in" in page.url:  # what a browser’s own store of passwords fills in
        page.locator("[name=email]").fill(email)
        page.locator("[name=password]").fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.wait_for_function(DECIDED, arg="/start$")
        if not page.locator("#main").count():
            her.come(f"/en/calls/{slug}/start")
    her.press("Start the proposal", "/proposals/[0-9a-f-]+")
    here = page.url.removeprefix(her.base)
    given = proposal("La caisse commune", "Coopérative Exemple", "SN", email)
    given["documents"] = {"document": file}
    her.come(f"{here}/sections/{next(iter(given))}")
    after = [*list(given)[1:], ""]
    for (_section, answers), next_one in zip(given.items(), after, strict=True):
        her.answer(answers)
        her.press("Save and continue", f"/sections/{next_one}" if next_one else "/check")
    her.press("Submit proposal", "/receipt")
    expect(page.locator("h1")).to_have_text("We have your proposal")
    context.close()
    with live_server.app.app_context():
        (made,) = db.session.query(Proposal).all()
        version = made.versions[0]
        assert (made.status, len(made.versions), len(version.files)) == (Status.SUBMITTED, 1, 1)
        assert (version.files[0]["size"], version.answers["title"]) == (file.stat().st_size, "La caisse commune")
        for answers in given.values():
            for key, value in answers.items():
                assert isinstance(value, Path) or version.answers[key] in (value, [value]), key
    assert slow.failures.total() >= 2, slow.requests
    assert slow.sent["PATCH"] <= file.stat().st_size + slow.failures["PATCH"] * CHUNK
