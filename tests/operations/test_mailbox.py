"""The mailbox of a development installation: every mail as it would have been sent, and nothing of it in production."""

import re
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import flask
import pytest
from isolation import NOW
from operations.conftest import Reader
from pages import Page, StrictClient

from msme_calls import outbox
from msme_calls.extensions import db
from msme_calls.outbox import Email

HOSTILE = '<script>alert(1)</script><img src="http://evil.example/x.png">'


@pytest.fixture
def posting(app: flask.Flask, letter: Callable[[flask.Flask], None]) -> Iterator[flask.Flask]:
    letter(app)
    yield app


def receive(at: datetime = NOW, language: str = "en", **values: Any) -> uuid.UUID:
    outbox.queue("letter", to=Reader("ana@example.org", language), at=at, **values)
    db.session.commit()
    outbox.deliver(at)
    return db.session.query(Email).order_by(Email.created_at.desc()).limit(1).one().id


def test_every_mail_is_listed_the_newest_first(posting: flask.Flask, client: StrictClient) -> None:
    assert "No mails yet" in client.page("/en/mailbox").text
    receive(words="one")
    receive(at=datetime(2027, 6, 27, 8, tzinfo=UTC), language="fr", words="two")
    page = client.page("/en/mailbox")
    rows = [[" ".join("".join(cell.itertext()).split()) for cell in row] for row in page.all("tbody/tr")]
    assert rows == [
        ["Dear you, two", "ana@example.org", "French", "27 June 2027, 10:00:00"],
        ["Dear you, one", "ana@example.org", "English", "24 February 2027, 17:52:08"],
    ]


def test_a_long_list_has_pages(posting: flask.Flask, client: StrictClient) -> None:
    for n in range(27):
        receive(words=f"number {n}")
    assert len(client.page("/en/mailbox").all("tbody/tr")) == 25
    assert len(client.page("/en/mailbox?page=2").all("tbody/tr")) == 2


def test_a_mail_shows_its_words_and_leads_on_within_this_site_only(posting: flask.Flask, client: StrictClient) -> None:
    home = posting.settings.address  # type: ignore[attr-defined]
    inside, outside = f"{home}/en/links/ab_C-1", "http://evil.example/en/"
    name = receive(title=f"{outside} {home}.evil.example/ {home}//evil.example/ {HOSTILE}", url=f"See {inside}.")
    page = client.page(f"/en/mailbox/{name}")
    assert page.title == "Dear you,"
    links = [a.get("href") for a in page.all("main//a")]
    assert links == ["/en/mailbox", f"/en/mailbox/{name}/html", "/en/links/ab_C-1"]
    assert HOSTILE in page.text
    assert page.all("main//script") == page.all("main//img") == []
    for fact in ("ana@example.org", "calls@example.org", f"<{name}@example.org>", "24 February 2027, 17:52:08"):
        assert fact in page.text


def test_the_html_is_shown_where_nothing_of_it_runs(posting: flask.Flask, client: StrictClient) -> None:
    response = client.get(f"/en/mailbox/{receive(title=HOSTILE)}/html")
    assert response.headers["Content-Security-Policy"] == "sandbox; default-src 'none'; style-src 'unsafe-inline'"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "&lt;script&gt;" in response.text and "<script>" not in response.text


@pytest.mark.parametrize("path", ["../msme-calls.sqlite3", "..%2Fmsme-calls", "x", str(uuid.UUID(int=1)), "x/html"])
def test_nothing_else_can_be_read_through_it(posting: flask.Flask, client: StrictClient, path: str) -> None:
    receive()
    client.page(f"/en/mailbox/{path}", status=404)


def test_the_footer_leads_there(client: StrictClient) -> None:
    assert client.page("/en/").link("Mailbox (development)") == "/en/mailbox"


def test_in_production_there_is_no_such_page(
    make_app: Callable[..., flask.Flask], letter: Callable[[flask.Flask], None]
) -> None:
    app = make_app(env="production", public_url="https://calls.example.org")
    with app.app_context():
        (outbox.mailbox()).mkdir(parents=True)
        name = uuid.uuid4()
        (outbox.mailbox() / f"{name}.eml").write_text("Subject: secret\n\nsecret")
        client = app.test_client()

        def get(path: str) -> tuple[int, str, dict[str, str]]:
            response = client.get(path, base_url="https://calls.example.org")
            headers = {k: v for k, v in response.headers if k not in ("Date", "X-Request-Id")}
            return response.status_code, response.text, headers

        absent = get("/en/never-was")
        assert absent[0] == 404
        for path in ("/en/mailbox", f"/en/mailbox/{name}", f"/en/mailbox/{name}/html"):
            assert get(path) == absent
        assert "ailbox" not in Page(client.get("/en/", base_url="https://calls.example.org")).text


def test_every_page_of_it_is_in_three_languages(posting: flask.Flask, client: StrictClient) -> None:
    name = receive(language="es")
    for lang in ("en", "fr", "es"):
        for path in (f"/{lang}/mailbox", f"/{lang}/mailbox/{name}"):
            page = client.page(path)
            assert re.search(rf'<html lang="{lang}">', page.response.text)
            assert page.all("main//*[@lang='es']")
