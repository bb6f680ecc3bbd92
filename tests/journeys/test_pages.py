"""Every page in a real browser, in three languages, on a phone and on a desk: nothing for axe, nothing sideways.

The addresses are those of tests/access/table.py, whose own test fails for a page that isn't listed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import flask
import pytest
import time_machine
from access.cast import CALLS, Cast, build
from access.routes import address, methods, rules
from access.table import ADDRESSES, Line
from access.visiting import Browsers
from browsing import serve
from databases import Databases
from isolation import NOW
from journeys.looking import WIDTHS, faults, listen
from playwright.sync_api import Browser, BrowserContext, Page

from msme_calls import clock, outbox
from msme_calls.accounts.models import Person
from msme_calls.extensions import LANGUAGES, db

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

# What is read but is no page: files, and addresses that only lead on.
FILES = {
    "front.door", "front.robots", "front.security", "front.sitemap", "front.key_set", "healthz", "readyz",
    "metrics", "calls.logo",
    "calls.call_file", "calls.desk_logo", "calls.history_file", "proposals.export", "proposals.file",
    "proposals.outcome", "publication.meetings_calendar", "accounts.download_data", "tasks.file", "tasks.desk_file",
    "proposals.receipt_file", "proposals.document", "publication.questions_file",
    "proposals.staff_file", "results.sealed_file",
    "reviews.file", "reviews.progress_file", "reviews.ranking_file",
    "mailbox.html",  # a mail as mail programs show it
    "rehearsals.mails", "rehearsals.enter",  # this world has no rehearsal: test_rehearsal_pages.py
    "accounts.organisation_start", "accounts.organisation_back",  # ways to elsewhere and back, if there is an elsewhere
}  # fmt: skip
FEATURES = ("accounts", "calls", "proposals", "reviews", "decisions", "tasks", "publication")
ELSEWHERE = {"rehearsals": "calls", "results": "publication", "mailbox": "publication"}
# Pages that look different in each phase of a call.
PHASED = (
    "calls.overview", "publication.call", "results.result", "decisions.result", "proposals.overview",
    "proposals.listed", "reviews.review",
)  # fmt: skip
SLOWLY = {"es": pytest.mark.slow}  # French, whose words are the longest, stands for translations
ERRORS = ("/en/no-such-page", "/fr/no-such-page", "/es/no-such-page", "/en/profile")


@dataclass
class Site:
    """The built world behind a web server, and the browser's windows of the people in it."""

    app: flask.Flask
    url: str
    cast: Cast
    cookies: dict[str, str]
    browser: Browser
    windows: dict[str, tuple[BrowserContext, Page, list[str]]] = field(default_factory=dict)

    def look(self, role: str, url: str, widths: tuple[int, ...] = WIDTHS) -> list[str]:
        """Open an address as somebody; what is wrong with it."""
        page, complaints = self._window(role)
        complaints.clear()
        answer = page.goto(self.url + url)
        assert answer is not None
        assert answer.status == 200 or url in ERRORS, f"{role} can't open {url}"
        wrong = [] if answer.status < 500 and answer.headers["content-type"].startswith("text/html") else ["no page"]
        return [f"{url} as {role}: {fault}" for fault in (*wrong, *faults(page, complaints, widths))]

    def is_there(self, role: str, url: str) -> bool:
        return self._window(role)[0].request.get(self.url + url).status == 200

    def _window(self, role: str) -> tuple[Page, list[str]]:
        if role not in self.windows:
            context = self.browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
            name = self.app.config["SESSION_COOKIE_NAME"]
            context.add_cookies([{"name": name, "value": self.cookies[role], "url": self.url}])
            page = context.new_page()
            self.windows[role] = context, page, listen(page)
        return self.windows[role][1:]


@pytest.fixture(scope="module")
def site(databases: Databases, browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One world, one server, one browser for all tests of this file; nothing here changes anything."""
    with time_machine.travel(NOW, tick=True), serve(databases, tmp_path_factory.mktemp("pages")) as live:
        with live.app.app_context():
            cast = build()
            db.session.get_one(Person, cast.people["coordinator"]).is_convenor = True  # she may copy her call
            cookies = Browsers(live.app, cast).cookies
            outbox.deliver(clock.now(), limit=1)
            cast.ids["links", "absent"] = outbox.kept()[0][0]  # a mail to read
        made = Site(live.app, live.url, cast, cookies, browser)
        yield made
        for context, _, _ in made.windows.values():
            context.close()


@pytest.fixture(autouse=True)
def frozen() -> Iterator[None]:
    """The server's clock runs on from NOW, for all tests of this file."""
    yield


def pages(site: Site) -> Iterator[tuple[str, Any, Line]]:
    """Endpoint, rule and line of every page."""
    for endpoint, rule in rules(site.app).items():
        if "GET" in methods(rule) and endpoint not in FILES:
            yield endpoint, rule, ADDRESSES[endpoint]


def somebody(line: Line) -> str:
    """A role that may open it."""
    order = ("anonymous", "coordinator", "owner", "reviewer", "administrator", "convenor")
    return next((role for role in order if role in line.who), "coordinator")


@pytest.mark.parametrize("lang", [pytest.param(lang, marks=SLOWLY.get(lang, ())) for lang in LANGUAGES])
@pytest.mark.parametrize("feature", FEATURES)
def test_every_page_is_sound(site: Site, feature: str, lang: str) -> None:
    wrong, seen = [], 0
    for endpoint, rule, line in pages(site):
        blueprint = endpoint.partition(".")[0]
        if ELSEWHERE.get(blueprint, blueprint) == feature:
            url, role = address(site.app, rule, line, site.cast, lang=lang), somebody(line)
            wrong += site.look(role, url)
            seen += 1
    assert wrong == [], "\n" + "\n".join(wrong)
    assert seen >= 5


@pytest.mark.parametrize("endpoint", PHASED)
def test_pages_are_sound_on_a_phone_in_every_phase(site: Site, endpoint: str) -> None:
    rule, line = rules(site.app)[endpoint], ADDRESSES[endpoint]
    role, wrong = somebody(line), []
    urls = [address(site.app, rule, line, site.cast, call) for call in CALLS if call != "elsewhere"]
    there = [url for url in urls if site.is_there(role, url)]
    for url in there:
        wrong += site.look(role, url, WIDTHS[1:])
    assert wrong == [], "\n" + "\n".join(wrong)
    assert len(there) >= 2


def test_errors_are_sound(site: Site) -> None:
    wrong = [fault for url in ERRORS for fault in site.look("anonymous", url)]
    assert wrong == [], "\n" + "\n".join(wrong)


def test_no_page_is_left_out(site: Site) -> None:
    blueprints = {endpoint.partition(".")[0] for endpoint, _, _ in pages(site)}
    assert blueprints <= {*FEATURES, *ELSEWHERE}
