"""Every page in every language: its own words only, its language said, and its other languages one press away."""

import re
from functools import cache
from typing import Any
from xml.etree.ElementTree import Element

import pytest
from access.routes import address, lines, methods
from access.table import Line
from access.test_sweeps import someone
from flask_babel import force_locale, get_translations
from pages import Page, words

from msme_calls.extensions import LANGUAGES

PLACES = re.compile(r"%\(\w+\)[sd]|<[^>]+>|\s*\n\s*|%%")


def pages(world: Any, lang: str) -> list[tuple[str, str, Line]]:
    """Endpoint, address and line of every page that has a language in its address."""
    found = []
    for endpoint, rule, line in lines(world.app):
        if "GET" in methods(rule) and "lang" in rule.arguments:
            found.append((endpoint, address(world.app, rule, line, world.cast, lang=lang), line))
    return found


@cache
def english(app: Any, lang: str) -> tuple[str, ...]:
    """What English pages say and pages in this language don't: the longest part of each sentence without places."""
    with app.test_request_context("/"), force_locale(lang):
        catalogue = getattr(get_translations(), "_catalog", {})
    found = []
    for message, translated in catalogue.items():
        message = (message[0] if isinstance(message, tuple) else message).rpartition("\x04")[2]
        part = max((" ".join(p.split()) for p in PLACES.split(message)), key=len)
        if len(part) > 4 and part.casefold() not in " ".join(str(translated).split()).casefold():
            found.append(part)
    return tuple(sorted(set(found), key=len, reverse=True))


def own_text(page: Page, lang: str) -> str:
    """The words of a page without what it says to be in another language."""
    for parent in list(page.tree.iter()):
        for child in list(parent):
            if child.get("lang", lang) != lang and child.tag != "html":
                _empty(child)
    attributes = (e.get(n, "") for e in page.tree.iter() for n in ("aria-label", "title", "placeholder", "alt"))
    return f"{page.text} {' | '.join(filter(None, attributes))}"


def _empty(element: Element) -> None:
    element.text = ""
    for child in list(element):
        element.remove(child)


@pytest.mark.parametrize("lang", [code for code in LANGUAGES if code != "en"])
def test_a_page_mixes_no_languages(seen: Any, lang: str) -> None:
    sentences = english(seen.app, lang)
    if not sentences:
        pytest.skip("NOT TESTED: languages of pages; the catalogues are not compiled (./dev test does it)")
    mixed = []
    for endpoint, url, line in pages(seen, lang):
        response = seen.ask(someone(line), url)
        if response.mimetype == "text/html":
            text = own_text(Page(response), lang)
            found = [s for s in sentences if s in text and re.search(rf"(?<![\w-]){re.escape(s)}(?![\w-])", text)]
            mixed += [f"{endpoint}: {s!r}" for s in found[:3]]
    assert mixed == [], "\n".join(mixed)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_page_says_its_language_and_leads_to_itself_in_the_others(seen: Any, lang: str) -> None:
    home = seen.app.settings.address
    for endpoint, url, line in pages(seen, lang):
        response = seen.ask(someone(line), url)
        if response.status_code != 200 or response.mimetype != "text/html" or endpoint == "mailbox.html":
            continue
        page = Page(response)
        assert page.one("html").get("lang") == lang, endpoint
        others = {code: f"/{code}{url.removeprefix(f'/{lang}')}" for code in LANGUAGES}
        switch = {a.get("hreflang", ""): a.get("href", "") for a in page.all("nav[@class='langs']/a")}
        assert {c: u.replace("%27", "'") for c, u in switch.items()} == others, endpoint
        current = [a.get("hreflang") for a in page.all("nav[@class='langs']/a") if a.get("aria-current")]
        assert current == [lang], endpoint
        alternate = {e.get("hreflang"): e.get("href") for e in page.all("link[@rel='alternate']") if e.get("hreflang")}
        expected = {code: home + other for code, other in others.items()} if line.public else {}
        assert alternate == expected, endpoint
        canonical = [e.get("href") for e in page.all("link[@rel='canonical']")]
        assert canonical == ([home + url] if line.public else []), endpoint


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_page_has_one_heading_and_a_title(seen: Any, lang: str) -> None:
    for endpoint, url, line in pages(seen, lang):
        response = seen.ask(someone(line), url)
        if response.mimetype == "text/html" and response.status_code == 200 and endpoint != "mailbox.html":
            page = Page(response)
            assert page.title and words(page.one("title")).strip(" ·"), endpoint
