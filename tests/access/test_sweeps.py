"""Sweeps over the product's own map: tokens of forms, headers, caches, methods, odd addresses and errors."""

import json
import re
from typing import Any

import pytest
import sqlalchemy as sa
from access.routes import address, lines, methods
from access.table import Line
from access.visiting import face
from pages import Page

from msme_calls import web
from msme_calls.extensions import LANGUAGES, Base, csrf, db

LONG = "What a person wrote for two hours, and must not lose."
TYPED = {"answer": LONG, "second-one": "é <b> “x”"}
# Several at once: what none of the names means to a page is passed over.
NAUGHTY = (
    "page=-1&sort=drop%20table&search=%25_%27%22%5C&economy=%27&status=x&year=x&top=-5&second=99999999999",
    "page=999999999999999999999&sort=%00&search=%00&economy=%00&status=%00&kind=%00&year=999999999999999999999",
    "page=x&search=" + "a" * 5000 + "&proposal=x&role=x&show=x&top=x&type=x&language=x",
    "page=0&search=%F0%9F%92%A9%E2%80%AE&q=%ED%A0%80&next=//evil.example&kind=rta-papers&year=-1&seed=x",
    "%FF=%FE&page=1&page=2&search=%FF&=&&&",
)


def someone(line: Line) -> str:
    """A role that may open it."""
    order = ("coordinator", "owner", "reviewer", "administrator", "convenor", "observer")
    return next((r for r in order if r in line.who), "coordinator")


def readable(world: Any) -> list[tuple[str, str, Line]]:
    """Endpoint, address and line of everything that can be read, each once."""
    found = lines(world.app)
    return [(e, address(world.app, r, ln, world.cast), ln) for e, r, ln in found if "GET" in methods(r)]


def unsafe(world: Any) -> list[tuple[str, str, Line]]:
    """The same of everything that takes a form."""
    found = lines(world.app)
    return [(e, address(world.app, r, ln, world.cast), ln) for e, r, ln in found if set(methods(r)) - {"GET"}]


@pytest.mark.parametrize("token", ["", "stale", "of another session"])
def test_a_form_without_its_token_does_nothing_and_gives_back_what_was_typed(seen: Any, token: str) -> None:
    """Threat B4. Who isn't signed in is told that first, and her text is kept as well. Threat D10."""
    wrong = []
    for endpoint, url, line in (each for each in unsafe(seen) if each[0] not in OPEN):
        for role in {someone(line), "anonymous"}:
            response = seen.ask(role, url, "POST", data={**TYPED, "csrf_token": token} if token else TYPED)
            closed = role == "anonymous" and role not in line.who
            kept = LONG in Page(response).text and all(v in _values(Page(response)) for v in TYPED.values())
            if response.status_code != (401 if closed else 400) or (not kept and endpoint not in UNKEPT):
                wrong.append(f"{endpoint} as {role}: {response.status}, kept: {kept}")
    assert wrong == []


# Its own page holds what was typed in a field of its own; a script holds what it sends.
UNKEPT = {"accounts.sign_in_again", "proposals.autosave", "proposals.upload", "proposals.new_upload"}
OPEN = {"publication.verified", "rehearsals.enter"}  # no token is asked for: see below


def _values(page: Page) -> set[str]:
    kept = {e.get("value", "") for e in page.all("input")}
    return kept | {v for text in kept if text.startswith("[[") for _, v in json.loads(text)}


def test_no_form_is_left_out_of_the_check_of_tokens(seen: Any) -> None:
    exempt = {name.rpartition(".")[2] for name in csrf._exempt_views}
    # Checked by the view itself (autosave), by the application inside (enter), or nothing to protect (verified).
    assert exempt == {"sign_in_again", "autosave", "enter", "verified"}, "say in the view and here why"


def test_headers_on_every_page(seen: Any) -> None:
    """Threats B2, B3: one policy, on pages, files, refusals and errors alike."""
    wrong = []
    for endpoint, url, line in readable(seen):
        for role in (someone(line), "anonymous", "outsider"):
            response = seen.ask(role, url)
            wrong += [f"{endpoint} as {role}: {fault}" for fault in _header_faults(response)]
    for url in ("/en/no-such-page", "/no-such-page", "/static/look.css", "/static/no-such-file", "/en"):
        wrong += [f"{url}: {fault}" for fault in _header_faults(seen.ask("anonymous", url))]
    assert wrong == []


def _header_faults(response: Any) -> list[str]:
    headers, found = response.headers, []
    for name, value in web.HEADERS.items():
        stricter = name == "Content-Security-Policy" and "sandbox" in headers.get(name, "")
        if headers.get(name) != value and not stricter:
            found.append(f"{name}: {headers.get(name)}")
    return found + ([] if headers.get("Cache-Control") else ["no Cache-Control"])


def test_nothing_that_is_not_for_everybody_is_kept_by_a_cache(seen: Any) -> None:
    wrong = []
    for endpoint, url, line in readable(seen):
        for role in ("anonymous", someone(line)):
            response = seen.ask(role, url)
            kept = response.headers["Cache-Control"] != "no-store"
            if kept and not (line.public and response.status_code == 200) and endpoint != "front.door":
                wrong.append(f"{endpoint} as {role}: {response.headers['Cache-Control']}")
    assert wrong == []


def test_a_public_page_is_the_same_bytes_for_everybody_and_sets_no_cookie(seen: Any) -> None:
    for endpoint, url, line in readable(seen):
        if line.public:
            one, two = seen.ask("anonymous", url), seen.ask("administrator", url)
            assert face(one, url) == face(two, url), endpoint
            assert "Set-Cookie" not in one.headers and "Cookie" not in one.headers.get("Vary", ""), endpoint
            assert not {"ETag", "Last-Modified"} & set(one.headers.keys()), endpoint
            assert "csrf_token" not in one.get_data().decode("latin-1"), endpoint


def test_a_page_that_knows_its_reader_varies_by_her_cookie(seen: Any) -> None:
    for endpoint, url, line in readable(seen):
        if not line.public:
            response = seen.ask(someone(line), url)
            assert response.headers["Cache-Control"] == "no-store", endpoint


def test_a_foreign_host_gets_no_page_and_no_address_that_names_it(seen: Any) -> None:
    """Threat A6."""
    for endpoint, url, line in readable(seen):
        response = seen.ask(someone(line), url, base_url="http://evil.example")
        assert response.status_code == 400, endpoint
        assert "evil.example" not in response.get_data(as_text=True) + str(response.headers), endpoint
        headers = {"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example", "X-Forwarded-Proto": "https"}
        response = seen.ask(someone(line), url, headers=headers)
        assert "evil.example" not in response.get_data().decode("latin-1") + str(response.headers), endpoint


@pytest.mark.parametrize("query", NAUGHTY, ids=range(len(NAUGHTY)))
def test_an_odd_address_is_answered_calmly(seen: Any, query: str) -> None:
    """Threat B8, and whatever people and programs write into addresses."""
    wrong = []
    for endpoint, url, line in readable(seen):
        response = seen.ask(someone(line), f"{url}{'&' if '?' in url else '?'}{query}")
        if response.status_code >= 500 or "evil.example" in response.headers.get("Location", ""):
            wrong.append(f"{endpoint}: {response.status} {response.headers.get('Location', '')}")
    assert wrong == []


def test_head_says_what_get_says_and_nothing_more(seen: Any) -> None:
    for endpoint, url, line in readable(seen):
        get, head = (seen.ask(someone(line), url, method) for method in ("GET", "HEAD"))
        assert head.get_data() == b"" and head.status_code == get.status_code, endpoint
        assert head.headers.get("Content-Type") == get.headers.get("Content-Type"), endpoint


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE"])
def test_a_method_that_a_page_does_not_know_finds_no_page(seen: Any, method: str) -> None:
    data = {"csrf_token": seen.browsers.token}
    nothing = seen.ask("coordinator", "/en/no-such-page")
    for endpoint, rule, line in lines(seen.app):
        if method not in methods(rule) and (endpoint, method) != ("publication.verify", "POST"):  # anybody may check
            response = seen.ask("coordinator", address(seen.app, rule, line, seen.cast), method, data=data)
            assert response.status_code in (404, 405), f"{endpoint} {response.status}"
            if response.request.path.startswith("/en/"):
                assert response.get_data() == nothing.get_data(), endpoint


def test_a_slash_too_many_is_no_second_address_of_a_page(seen: Any) -> None:
    for endpoint, url, line in readable(seen):
        path = url.partition("?")[0]
        for odd in (path.rstrip("/") + "//", "//evil.example" + path, "/\\evil.example" + path, path + "/.."):
            response = seen.ask(someone(line), "/en/", environ_overrides={"PATH_INFO": odd})
            assert response.status_code in (301, 302, 308, 404), f"{endpoint} {odd} {response.status}"
            assert not re.match(r"(https?:)?//(?!localhost/)", response.headers.get("Location", "")), (
                f"{endpoint} {odd}"
            )


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_of_what_is_absent_tells_nothing(seen: Any, lang: str) -> None:
    page = Page(seen.ask("coordinator", f"/{lang}/no-such-page-zq?x=zq"))
    text = page.response.get_data(as_text=True)
    assert page.status == 404 and page.one("html").get("lang") == lang
    assert "zq" not in text and "csrf_token" not in text and "canonical" not in text and "alternate" not in text
    assert page.all("dd") == [], "no reference: what is hidden and what is absent would differ by it"
    assert page.response.headers["Cache-Control"] == "no-store"


def test_looking_changes_nothing(seen: Any) -> None:
    """Not a row more or less, and none changed (the client sees to that). HEAD once started a proposal."""

    def counts() -> dict[str, int]:
        return {
            t.name: db.session.scalar(sa.select(sa.func.count()).select_from(t)) or 0
            for t in Base.metadata.tables.values()
        }

    before = counts()
    for _endpoint, url, line in readable(seen):
        for method in ("GET", "HEAD", "OPTIONS"):
            seen.ask(someone(line), url, method)
    assert counts() == before
