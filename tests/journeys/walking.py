"""People before the product, each in a browser of her own, reading French; and their mail."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import flask
import mails
from flask_babel import gettext, ngettext
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, TimeoutError, expect
from pypdf import PdfWriter

from msme_calls import i18n, jobs, outbox
from msme_calls.calls.kinds import KINDS

PASSWORD = "marigold over ultramarine"
PATIENCE = 40_000  # milliseconds; a busy machine is slow, not wrong
expect.set_options(timeout=PATIENCE)
Words = Callable[..., str]


class French:
    """The words of the interface as its readers see them; in English as long as they have no translation."""

    def __init__(self, app: flask.Flask) -> None:
        self.app = app

    def __call__(self, words: str, **values: Any) -> str:
        with self.app.app_context(), i18n.use("fr"):
            return gettext(words, **values)

    def count(self, one: str, many: str, number: int) -> str:
        with self.app.app_context(), i18n.use("fr"):
            return ngettext(one, many, number)


class Walker:
    """Somebody who goes through pages by their words."""

    def __init__(
        self, browser: Browser, url: str, app: flask.Flask, email: str = "", name: str = "", script: bool = True
    ) -> None:
        self.context = browser.new_context(
            base_url=url, locale="fr-FR", timezone_id="Africa/Dakar", java_script_enabled=script
        )
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.app, self.email, self.name, self.password = app, email, name, ""
        self.fr = French(app)
        self.languages: set[str] = set()
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.context.add_init_script("addEventListener('load', () => console.debug(document.documentElement.lang))")
        self.page.on("console", self._note)

    def _note(self, message: ConsoleMessage) -> None:
        if message.type == "debug":
            self.languages.add(message.text)
        elif message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.complaints.append(message.text)

    @property
    def path(self) -> str:
        return urlsplit(self.page.url).path

    def go(self, address: str) -> None:
        self.page.goto(address)

    def press(self, words: str, **values: Any) -> None:
        button = self.page.get_by_role("button", name=self.fr(words, **values), exact=True)
        if words != "Save and continue":
            button.click()
            return
        try:
            with self.page.expect_navigation():  # a section saves itself first, and goes then
                button.click()
        except TimeoutError as late:
            said = self.page.locator("[data-states] > :not([hidden]), [data-standing]").all_inner_texts()
            raise AssertionError(f"{self.page.url} did not go on; it says {said}") from late

    def press_count(self, one: str, many: str, number: int) -> None:
        self.page.get_by_role("button", name=self.fr.count(one, many, number), exact=True).click()

    def follow(self, words: str, **values: Any) -> None:
        self.page.get_by_role("link", name=self.fr(words, **values), exact=True).first.click()

    def sees(self, words: str, **values: Any) -> None:
        self.sees_text(self.fr(words, **values))

    def sees_text(self, text: str) -> None:
        expect(self.page.get_by_text(text).first).to_be_visible()

    def heading(self, words: str, **values: Any) -> None:
        """The page's own heading is this."""
        expect(self.page.get_by_role("heading", level=1)).to_have_text(self.fr(words, **values))

    def field(self, name: str) -> Locator:
        """A field by the name that is sent: pages of different languages have it in common."""
        return self.page.locator(f"main [name='{name}']").first

    def fill(self, **values: str) -> None:
        """Fields by name; "__" stands for "-"."""
        for name, value in values.items():
            self.field(name.replace("__", "-")).fill(value)

    def text(self) -> str:
        return self.page.locator("main").inner_text()

    # Accounts

    def register(self) -> None:
        self.go("/fr/register")
        self._register()

    def register_to_go_on(self) -> None:
        """From the page for signing in, to where she was going."""
        self.page.locator("main a[href*='/register']").click()
        self._register()

    def _register(self) -> None:
        self.fill(email=self.email, name=self.name)
        self.press("Send me the link")
        self.page.wait_for_url("**/check-your-mail")
        self.open_mail()
        self.heading("Confirm your address")
        self.password = PASSWORD
        self.fill(password=PASSWORD)
        self.press("Confirm and sign in")
        self.page.wait_for_url(lambda url: "/links/" not in url)

    def enter(self, address: str = "/fr/my-work") -> None:
        """Go somewhere, signing in where that is asked: by password, or by a link for who has none."""
        self.go(address)
        if self.path != "/fr/sign-in":
            return
        self.fill(email=self.email)
        if self.password:
            self.fill(password=self.password)
            self.press("Sign in")
        else:
            self.press("Send me a sign-in link")
            self.page.wait_for_url("**/check-your-mail")
            self.open_mail()
            self.press("Sign in")
        self.page.wait_for_url(f"**{address}")

    def open_mail(self) -> mails.Mail:
        """Follow the link of the newest mail to this person."""
        mail = [m for m in post(self.app) if m.to == self.email][-1]
        self.go(urlsplit(mail.links[-1]).path)
        return mail

    def answer(self, answers: dict[str, Any]) -> None:
        """Fill in what the page asks of these answers, by key of the question."""
        for key, value in answers.items():
            place = self.page.locator(f"#q-{key}")
            if isinstance(value, Path):
                place.set_input_files(value)
            elif isinstance(value, list):
                for n, row in enumerate(value):
                    for column, text in row.items():
                        self.page.locator(f"[name='{key}-{n}-{column}']").fill(text)
            elif place.get_attribute("type") in ("radio", "checkbox"):
                self.page.locator(f"[name='{key}'][value='{value}']").check()
            elif place.evaluate("e => e.tagName") == "SELECT":
                place.select_option(value)
            else:
                place.fill(value)

    def apply(self, slug: str, sections: dict[str, dict[str, Any]]) -> None:
        """Start a proposal, answer section by section, and submit."""
        self.go(f"/fr/calls/{slug}/start")
        self.press("Start the proposal")
        self.follow("Continue writing")
        for answers in sections.values():
            self.answer(answers)
            self.press("Save and continue")
        self.heading("Check and submit")
        self.press("Submit proposal")
        self.heading("We have your proposal")

    def score(self, value: int) -> None:
        """The same score for every criterion of the sheet."""
        self.page.locator(".sheet [name=act]").first.wait_for()  # all() takes the page as far as it has come
        for criterion in self.page.locator(".sheet details:has(.anchor)").all():
            if criterion.get_attribute("open") is None:
                criterion.locator("summary").click()
            criterion.locator(f"input[value='{value}']").check()

    def close(self) -> None:
        self.context.close()


def post(app: flask.Flask) -> list[mails.Mail]:
    """Let the worker do what is due; the mails that were sent by it, the oldest first."""
    with app.app_context():
        before = {name for name, _ in outbox.kept()}
    while jobs.run_sweeps(app):
        pass
    with app.app_context():
        return [mails._mail(message) for name, message in reversed(outbox.kept()) if name not in before]


def document(folder: Path) -> Path:
    """A PDF of one page."""
    path, writer = folder / "pièce jointe.pdf", PdfWriter()
    writer.add_blank_page(595, 842)
    writer.write(path)
    return path


def long(text: str, words: int) -> str:
    return " ".join([text, *["exemple"] * (words - len(text.split()))])


def proposal(title: str, organisation: str, economy: str, email: str) -> dict[str, dict[str, Any]]:
    """Answers to every section of the form of Champions that asks for some, by key of the section."""
    asked = {s["key"] for s in KINDS["small-business-champions"].sections}
    given: dict[str, dict[str, Any]] = {
        "organisation": {
            "language": "fr", "organisation": organisation, "organisation_type": "ngo", "economy": economy,
            "website": "www.example.org", "activity": "Depuis 2012, avec six personnes, pour les artisans.",
        },
        "contact": {"contact_name": "Une Personne", "contact_email": email},
        "project": {
            "title": title, "summary": "Une caisse commune pour expédier ensemble.", "project": long("Projet", 55),
            "trade_link": long("Commerce", 25), "beneficiaries": "Cent ateliers de tissage.",
            "beneficiaries_number": "100", "activities": "training",
        },
        "plan": {
            "action_plan": [{"activity": "Former", "month": "1 à 3", "result": "Trente personnes formées"}],
            "start_date": "2027-09-01", "results": "Deux fois plus d’envois.", "track_record": "Dix ans de pratique.",
        },
        "documents": {},
        "declarations": dict.fromkeys(("own_delivery", "not_rules", "truth", "consent"), "yes"),
    }  # fmt: skip
    assert set(given) == asked
    return given
