"""When something fails, each language has a page for it: what happened, what is safe, and nothing of how it is made."""

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from access.routes import address, lines, methods
from access.test_sweeps import someone
from pages import Page, words
from werkzeug.exceptions import TooManyRequests

from msme_calls.extensions import LANGUAGES

INSIDE = "at /srv/msme_calls/inside.py: secret zqinsidezq"
TRACES = re.compile(
    r"zqinsidezq|Traceback|/srv/|\.py\b|sqlalchemy|werkzeug|jinja2|psycopg|sqlite|OperationalError", re.I
)


def crash() -> None:
    raise RuntimeError(INSIDE)


def away() -> None:
    raise sa.exc.OperationalError(f"SELECT {INSIDE}", {}, Exception(INSIDE))


def throttled() -> None:
    raise TooManyRequests(INSIDE, retry_after=125)


ERRORS: dict[int, Callable[[], None]] = {500: crash, 503: away, 429: throttled}


@pytest.mark.parametrize("status", ERRORS)
def test_a_failure_anywhere_shows_a_page_and_nothing_of_the_inside(seen: Any, monkeypatch: Any, status: int) -> None:
    """Threat B27."""
    forget_kept(seen)
    for endpoint, rule, line in lines(seen.app):
        method = methods(rule)[0]
        view = _failing(seen.app.view_functions[endpoint], ERRORS[status])
        monkeypatch.setitem(seen.app.view_functions, endpoint, view)
        data = {"csrf_token": seen.browsers.token} if method != "GET" else None
        url = address(seen.app, rule, line, seen.cast)
        response = seen.ask(someone(line), url, method, data=data)
        assert response.status_code == status, endpoint
        text = response.get_data(as_text=True)
        assert not TRACES.search(text + str(response.headers)), endpoint
        assert response.mimetype == "text/html" and response.headers["Cache-Control"] == "no-store", endpoint
        assert "canonical" not in text and 'rel="alternate"' not in text, endpoint


def forget_kept(seen: Any) -> None:
    """Pages that are kept are answered without their view."""
    seen.app.extensions["public_pages"].kept.clear()


def _failing(view: Any, error: Callable[[], None]) -> Any:
    def failing(**_: Any) -> None:
        error()

    failing.access = getattr(view, "access", "closed")  # type: ignore[attr-defined]
    return failing


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("status", ERRORS)
def test_a_failure_is_told_in_the_readers_language(seen: Any, monkeypatch: Any, status: int, lang: str) -> None:
    page = _failed(seen, monkeypatch, status, lang)
    assert page.one("html").get("lang") == lang and page.title
    assert [len(words(e)) for e in page.all("dd")] == ([8] if status == 500 else []), (
        "only a failure of ours has a reference to write to us with"
    )
    if status != 500:
        assert 0 < int(page.response.headers["Retry-After"]) <= 125


def _failed(seen: Any, monkeypatch: Any, status: int, lang: str) -> Page:
    view = _failing(seen.app.view_functions["publication.my_work"], ERRORS[status])
    monkeypatch.setitem(seen.app.view_functions, "publication.my_work", view)
    return Page(seen.ask("owner", f"/{lang}/my-work"))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_is_too_large_is_refused_and_the_text_beside_it_kept(seen: Any, monkeypatch: Any, lang: str) -> None:
    """Threat B19."""
    monkeypatch.setitem(seen.app.config, "MAX_CONTENT_LENGTH", 5_000)
    text = "What a person wrote for two hours. " * 5
    data = {"csrf_token": seen.browsers.token, "answer": text, "password": "s3cret words", "file": (_large(), "a.pdf")}
    page = Page(seen.ask("owner", f"/{lang}/profile", "POST", data=data))
    assert page.status == 413 and page.one("html").get("lang") == lang
    assert text.strip() in page.text and "s3cret" not in page.response.get_data(as_text=True)


def test_what_stands_after_a_file_that_is_too_large_is_kept_too(seen: Any, monkeypatch: Any) -> None:
    """The fields of a form come in its order, and a file may stand among them."""
    monkeypatch.setitem(seen.app.config, "MAX_CONTENT_LENGTH", 5_000)
    for size, kept in ((19_000, True), (100_000, False)):  # four times the limit is looked through
        parts = [
            ("first", b"Before the file. " * 9),
            ("f", bytes(size)),
            ("last", b"After the file. " * 9),
            ("csrf_token", b"t"),
        ]
        body = b"".join(
            b'--xx\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'
            % (name.encode(), b'; filename="f.pdf"' if name == "f" else b"", data)
            for name, data in parts
        )
        sent = {"data": body + b"--xx--\r\n", "content_type": "multipart/form-data; boundary=xx"}
        page = Page(seen.ask("owner", "/en/profile", "POST", **sent))
        assert page.status == 413 and "Before the file" in page.text
        assert ("After the file" in page.text) is kept
        assert ("Go back in your browser" in page.text) is not kept


def _large() -> io.BytesIO:

    return io.BytesIO(b"x" * 20_000)


def test_too_many_fields_are_refused(seen: Any) -> None:
    data = {"csrf_token": seen.browsers.token, **{f"field-{n}": "x" for n in range(3_000)}}
    response = seen.ask("owner", "/en/profile", "POST", data=data, content_type="multipart/form-data")
    assert response.status_code == 413


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_refused_act_says_why_in_the_readers_language(seen: Any, lang: str) -> None:
    """A rule's sentence, on a page of hers: here for a call whose deadline has passed."""
    slug = seen.cast.slugs["closed"]
    data = {"csrf_token": seen.browsers.token}
    page = Page(seen.ask("administrator", f"/{lang}/calls/{slug}/start", "POST", data=data))
    assert page.status == 403 and page.one("html").get("lang") == lang
    assert not TRACES.search(page.text)


def test_every_error_page_is_drawn_without_the_database(seen: Any, monkeypatch: Any) -> None:
    """A page that says that the database is away must not ask it who reads."""
    forget_kept(seen)
    monkeypatch.setitem(
        seen.app.view_functions, "publication.help", _failing(seen.app.view_functions["publication.help"], away)
    )
    asked: list[str] = []
    engine = seen.connection

    def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        assert seen.ask("anonymous", "/en/help").status_code == 503
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
    assert [s for s in asked if not s.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK"))] == []
