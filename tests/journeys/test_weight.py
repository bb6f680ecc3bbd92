"""What a first visit weighs: bytes on the wire with their headers, in how many requests, as browsers ask over HTTPS."""

import re
import socket
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
import world
from browsing import LiveServer
from pages import StrictClient
from playwright.sync_api import Page
from signing_in import browser_of

from msme_calls.assets import static_url
from msme_calls.calls.models import Partner
from msme_calls.extensions import LANGUAGES, db

CALL_PAGE, REQUESTS, FORM, LATER, ALL = 15_000, 4, 30_000, 10_000, 60_000
Visit = Callable[[str], list[str]]


def wire(live: LiveServer, address: str, cookie: str = "") -> int:
    """How many bytes one request brings. Chromium asks for brotli over HTTPS only, so we ask ourselves."""
    where = urlsplit(live.url)
    asked = f"GET {address} HTTP/1.1\r\nHost: {where.netloc}\r\nAccept-Encoding: br, gzip\r\nConnection: close\r\n"
    with socket.create_connection((where.hostname or "", where.port or 0)) as connection:
        connection.sendall(f"{asked}Cookie: {cookie}\r\n\r\n".encode())
        parts = list(iter(lambda: connection.recv(65536), b""))
    assert re.match(rb"HTTP/1.1 200 ", parts[0]), (address, parts[0][:80])
    return sum(map(len, parts))


@pytest.fixture
def visit(page: Page, live_server: LiveServer) -> Iterator[Visit]:
    """The addresses that a browser asks for when it opens one."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.removeprefix(live_server.url)))

    def go(address: str) -> list[str]:
        asked.clear()
        page.goto(address, wait_until="networkidle")
        return list(asked)

    yield go


@pytest.fixture
def slug(live_server: LiveServer) -> str:
    """An open call with all the texts of its kind and three partners without logos."""
    with live_server.app.app_context():
        call = world.call("open", theme=world.three("Small businesses, resilient supply chains"))
        call.partners = [
            Partner(position=n, name=world.three(f"Example Partner {n}"), link=f"https://partner{n}.example")
            for n in range(3)
        ]
        db.session.commit()
        return call.slug


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_of_a_call(live_server: LiveServer, visit: Visit, slug: str, lang: str) -> None:
    asked = visit(f"/{lang}/calls/{slug}")
    weights = {address: wire(live_server, address) for address in asked}
    assert len(asked) <= REQUESTS, asked
    assert sum(weights.values()) <= CALL_PAGE, weights


def test_every_section_of_the_form(live_server: LiveServer, page: Page, visit: Visit) -> None:
    with live_server.app.app_context():
        made = world.draft(world.call("open"))
        cookie = browser_of(live_server.app, made.owner).get_cookie("session")
        assert cookie
        address, sections = f"/fr/proposals/{made.id}", [s.key for s in made.call.sections]
        db.session.commit()
    page.context.add_cookies([{"name": "session", "value": cookie.value, "url": live_server.url}])
    for section in sections:
        asked = visit(f"{address}/sections/{section}")
        weights = {a: wire(live_server, a, f"session={cookie.value}") for a in asked}
        assert sum(weights.values()) <= FORM, weights


def test_the_pages_of_an_applicant_together(live_server: LiveServer, page: Page, visit: Visit) -> None:
    """From the call to the receipt, on a first visit, with the heaviest section and the one that takes files: all of it
    together. Each of these pages, and of the other sections, by itself."""
    with live_server.app.app_context():
        made, done = world.draft(world.call("open"), by=world.person(language="fr")), world.proposal(world.call("open"))
        cookies = {p.id: browser_of(live_server.app, p.owner).get_cookie("session").value for p in (made, done)}
        address, slug, submitted = f"/fr/proposals/{made.id}", made.call.slug, f"/fr/proposals/{done.id}/receipt"
        pages = {"": [f"/fr/calls/{slug}", f"/fr/sign-in?next=/fr/calls/{slug}/start"]}
        pages[cookies[made.id]] = [f"/fr/calls/{slug}/start", address]
        pages[cookies[made.id]] += [f"{address}/sections/{s.key}" for s in made.call.sections] + [f"{address}/check"]
        pages[cookies[done.id]] = [submitted]
        db.session.commit()
    weights: dict[str, int] = {}
    for cookie, addresses in pages.items():
        if cookie:
            page.context.add_cookies([{"name": "session", "value": cookie, "url": live_server.url}])
        for one in addresses:
            for asked in {one, *visit(one)}:
                weights.setdefault(asked, wire(live_server, asked, f"session={cookie}" if cookie else ""))
    assert {a: w for a, w in weights.items() if not a.startswith("/static/") and w > LATER} == {}
    others = [a for a in weights if "/sections/" in a and not a.endswith(("organisation", "documents"))]
    assert len(others) == 4
    assert sum(weights.values()) - sum(weights[a] for a in others) <= ALL, weights


def test_what_follows_is_small(live_server: LiveServer, visit: Visit, slug: str) -> None:
    """The style and the scripts are there already: only the page itself travels."""
    visit(f"/fr/calls/{slug}")
    for address in ("/fr/", "/fr/calls", "/fr/winners", "/fr/help", "/fr/sign-in", f"/fr/calls/{slug}/questions"):
        assert wire(live_server, address) <= LATER, address


def test_modules_import_one_another_at_addresses_that_browsers_keep(client: StrictClient) -> None:
    """Else each page would ask whether they have changed, one after the other."""
    script = client.get(static_url("js/save.js")).text
    imported = re.findall(r' from "([^"]+)"', script)
    assert imported == [static_url(f"js/{name}.js") for name in ("answers", "compare", "draft")]
    for address in imported:
        assert client.get(address).headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert not re.search(r"(?m)^ *//", script)


def test_static_files_are_compressed_and_kept(client: StrictClient) -> None:
    page = client.get("/en/").get_data(as_text=True)
    addresses = sorted(set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page)))
    assert [a.partition("?")[0] for a in addresses] == ["/static/js/clock.js", "/static/look.css", "/static/mark.svg"]
    for address in addresses:
        sizes = []
        for encoding in ("br", "gzip", "identity"):
            answer = client.get(address, headers={"Accept-Encoding": encoding})
            assert answer.headers.get("Content-Encoding", "identity") == encoding
            assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
            assert answer.headers["Vary"] == "Accept-Encoding"
            again = client.get(address, headers={"Accept-Encoding": encoding, "If-None-Match": answer.headers["ETag"]})
            assert (again.status_code, again.data) == (304, b"")
            sizes.append(len(answer.data))
        assert sizes == sorted(sizes), "the better the compression, the smaller"
        assert client.get(address.partition("?")[0]).headers["Cache-Control"] == "public, no-cache"
        assert client.get(address.partition("?")[0] + "?v=older").headers["Cache-Control"] == "public, no-cache"
    for absent in ("/static/", "/static/look", "/static/../web.py", "/static/%2e%2e/web.py", "/static/js"):
        assert client.get(absent).status_code == 404
    assert client.post("/static/look.css").status_code in (404, 405)
