"""Public pages kept in memory, compressed: drawn once, and anew when the clock or a commit has changed them."""

import gzip
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import wraps
from threading import Lock
from typing import Any

import brotli
from flask import Flask, Response, current_app, g, request

from msme_calls import clock, freshness
from msme_calls.web import cache_publicly

MOST = 256  # pages in each process; the ones that nobody asked for longest go first
LASTS = timedelta(minutes=1)  # it says how much time is left, in minutes
PACK: dict[str, Callable[[bytes], bytes]] = {
    "br": lambda plain: brotli.compress(plain, quality=9),
    "gzip": lambda plain: gzip.compress(plain, mtime=0),
    "identity": bytes,
}


@dataclass
class Page:
    """A page as it was drawn at an instant and a number of what is public, and until when the clock leaves it so."""

    number: int
    drawn: datetime
    until: datetime
    plain: bytes
    headers: list[tuple[str, str]]
    bodies: dict[str, bytes] = field(default_factory=dict)

    def stands(self, number: int, at: datetime) -> bool:
        """Whether it would be drawn the same now."""
        return self.number == number and self.drawn <= at < self.until

    def answer(self, at: datetime) -> Response:
        """The page for this browser. What its scripts take for the time now is said beside it."""
        accepted = request.accept_encodings
        encoding = next((code for code in ("br", "gzip") if accepted[code]), "identity")
        if encoding not in self.bodies:
            self.bodies[encoding] = PACK[encoding](self.plain)
        response = Response(self.bodies[encoding], headers=self.headers)
        if encoding != "identity":
            response.headers["Content-Encoding"] = encoding
        response.headers["Vary"] = "Accept-Encoding"
        response.headers["Server-Timing"] = f'clock;desc="{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z"'
        return cache_publicly(response, self.until)


class Pages:
    """The pages of an application, the ones asked for last at the end."""

    def __init__(self) -> None:
        self.kept: OrderedDict[str, Page] = OrderedDict()
        self.drawing = Lock()

    def find(self, path: str, number: int, at: datetime) -> Page | None:
        page = self.kept.get(path)
        if page is None or not page.stands(number, at):
            return None
        try:
            self.kept.move_to_end(path)
        except KeyError:  # another thread has dropped it meanwhile
            pass
        return page

    def keep(self, path: str, page: Page) -> None:
        self.kept[path] = page
        while len(self.kept) > MOST:
            self.kept.popitem(last=False)


def kept(view: Callable[..., Response]) -> Callable[..., Response]:
    """A public view whose answer is kept. Its language and what it shows are in its path."""

    @wraps(view)
    def answer(**values: Any) -> Response:
        if request.query_string:  # it stands in the page, in the addresses of other languages
            return view(**values)
        pages: Pages = current_app.extensions["public_pages"]
        at, number = clock.now(), freshness.number()  # the number before the rows: never older than what is drawn
        page = pages.find(request.path, number, at)
        if page is None:
            page = _draw(pages, view, values, number, at)
        return page.answer(at)

    return answer


def _draw(pages: Pages, view: Callable[..., Response], values: Any, number: int, at: datetime) -> Page:
    """Draw it once for all who wait for it; whoever has waited a second draws it herself."""
    alone = pages.drawing.acquire(timeout=1)
    try:
        if page := pages.find(request.path, number, at):
            return page
        response = view(**values)
        ends = [at + LASTS, *([g.page_until] if g.get("page_until") else [])]
        headers = [(name, value) for name, value in response.headers if name not in ("Cache-Control", "Content-Length")]
        page = Page(number, at, min(ends), response.get_data(), headers)
        pages.keep(request.path, page)
        return page
    finally:
        if alone:
            pages.drawing.release()


def init_app(app: Flask) -> None:
    """Each application keeps its own."""
    app.extensions["public_pages"] = Pages()
