"""The product in a real browser: Chromium before the application on waitress."""

import os
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import flask
import pytest
import waitress
from applications import build, close
from databases import Databases, cannot
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM_FLAGS = (
    "--no-sandbox --headless --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync "
    "--host-resolver-rules=MAP|*|~NOTFOUND,EXCLUDE|127.0.0.1,EXCLUDE|localhost"
)


@dataclass
class LiveServer:
    """The application as a browser meets it. Rows are made inside `with live_server.app.app_context():`, committed."""

    app: flask.Flask
    url: str


@pytest.fixture
def live_server(databases: Databases, tmp_path: Path) -> Iterator[LiveServer]:
    """The real application on waitress in a thread, on SQLite."""
    with serve(databases, tmp_path / "live") as live:
        yield live


@contextmanager
def serve(databases: Databases, data: Path) -> Iterator[LiveServer]:
    """The real application on waitress in a thread, on a fresh database of SQLite in a folder."""
    listening = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    app = build(databases.fresh("sqlite", data), data, public_url=url)
    server = waitress.create_server(app, sockets=[listening], threads=8)
    thread = threading.Thread(target=_serve, args=(server,))
    thread.start()
    try:
        yield LiveServer(app, url)
    finally:
        server.close()
        thread.join(timeout=10)
        close(app)


def _serve(server: Any) -> None:
    try:
        server.run()
    except OSError:
        if server.socket is not None and server.socket.fileno() != -1:  # closed is how it ends
            raise


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not path:
        cannot("pages in a browser, for Chromium is not installed (./dev test installs it as root)")
    flags = [flag.replace("|", " ") for flag in CHROMIUM_FLAGS.split()]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=flags)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, live_server: LiveServer) -> Iterator[Page]:
    """A page of a fresh browser. What the browser complains of (script errors, the content policy) fails the test."""
    context = browser.new_context(base_url=live_server.url, locale="en-GB", viewport={"width": 1280, "height": 800})
    page, complaints = context.new_page(), []
    page.set_default_timeout(15_000)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: _complain(message, complaints))
    yield page
    context.close()
    assert complaints == []


def _complain(message: Any, complaints: list[str]) -> None:
    if message.type == "error" and not message.text.startswith("Failed to load resource"):
        complaints.append(message.text)


@pytest.fixture
def accessible(page: Page) -> Callable[[], None]:
    """Assert that axe finds nothing to say against the page as it is now."""
    from axe_playwright_python.sync_playwright import Axe

    def check() -> None:
        found = Axe().run(page).response["violations"]
        assert [(v["id"], [n["html"][:200] for n in v["nodes"]]) for v in found] == []

    return check
