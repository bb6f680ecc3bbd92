"""Public pages kept in memory, compressed: drawn once, and anew when the clock or a commit has changed them.

A page that is kept is answered before Flask is asked: in the second of a publication all come at once.
"""

import gzip
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache, wraps
from threading import Lock
from typing import TYPE_CHECKING, Any

import brotli
from flask import Flask, Response, current_app, g, request, url_for
from werkzeug.datastructures import Accept
from werkzeug.http import parse_accept_header

from msme_calls import clock, freshness, logs
from msme_calls.web import headers_of_all, publicly

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

MOST = 256  # pages in each process; the ones that nobody asked for longest go first
LASTS = timedelta(minutes=1)  # pages say how much time is left, in minutes
Headers = list[tuple[str, str]]
PACK: dict[str, Callable[[bytes], bytes]] = {
    "br": lambda plain: brotli.compress(plain, quality=9),
    "gzip": lambda plain: gzip.compress(plain, mtime=0),
    "identity": bytes,
}


@lru_cache(maxsize=256)
def encoding(accepted: str) -> str:
    """The encoding to answer in, from the header Accept-Encoding."""
    wanted = parse_accept_header(accepted, Accept)
    return next((code for code in ("br", "gzip") if wanted[code]), "identity")


@dataclass
class Page:
    """A page as it was drawn at an instant and a number of what is public, and until when the clock leaves it so."""

    number: int
    drawn: datetime
    until: datetime
    rule: str
    plain: bytes
    headers: Headers
    bodies: dict[str, bytes] = field(default_factory=dict)

    def stands(self, number: int, at: datetime) -> bool:
        """Whether it would be drawn the same now."""
        return self.number == number and self.drawn <= at < self.until

    def body(self, code: str) -> bytes:
        """What is sent in an encoding."""
        if code not in self.bodies:
            self.bodies[code] = PACK[code](self.plain)
        return self.bodies[code]

    def heads(self, code: str, at: datetime) -> Headers:
        """The headers of an answer now. What its scripts take for the time is said beside the page that is kept."""
        said = f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z"
        own = [("Cache-Control", publicly(self.until, at)), ("Server-Timing", f'clock;desc="{said}"')]
        own += [("Content-Encoding", code)] if code != "identity" else []
        return [*self.headers, *own, ("Vary", "Accept-Encoding"), ("Content-Length", str(len(self.body(code))))]


class Pages:
    """The pages of an application, the ones asked for last at the end."""

    def __init__(self) -> None:
        self.kept: OrderedDict[str, Page] = OrderedDict()
        self.drawing = Lock()

    def find(self, path: str, number: int, at: datetime) -> Page | None:
        """The page, if it would be drawn the same now."""
        page = self.kept.get(path)
        if page is None or not page.stands(number, at):
            return None
        try:
            self.kept.move_to_end(path)
        except KeyError:  # another thread has dropped it meanwhile
            pass
        return page

    def keep(self, path: str, page: Page) -> None:
        """Keep a page that was drawn, in the place of its former self."""
        self.kept[path] = page
        while len(self.kept) > MOST:
            self.kept.popitem(last=False)


def kept(view: Callable[..., Response]) -> Callable[..., Response]:
    """A public view whose answer is kept. Its language and what it shows are in its path."""

    @wraps(view)
    def answer(**values: Any) -> Response:
        if request.query_string or request.path != url_for(str(request.endpoint), **(request.view_args or {})):
            return view(**values)  # it stands in the page, in the addresses of other languages; or “02026” for a year
        pages: Pages = current_app.extensions["public_pages"]
        at, number = clock.now(), freshness.number()  # the number before the rows: never younger than what is drawn
        page = pages.find(request.path, number, at) or _draw(pages, view, values, number, at)
        code = encoding(request.headers.get("Accept-Encoding", ""))
        return Response(page.body(code), headers=page.heads(code, at))

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
        said = {name for name, _value in headers}
        headers += [pair for pair in headers_of_all().items() if pair[0] not in said]
        rule = request.url_rule.rule if request.url_rule else ""
        page = Page(number, at, min(ends), rule, response.get_data(), headers)
        pages.keep(request.path, page)
        return page
    finally:
        if alone:
            pages.drawing.release()


class First:
    """Answers with kept pages before the application is asked; all else goes on to it."""

    def __init__(self, app: Flask, inner: "WSGIApplication") -> None:
        self.app, self.inner = app, inner
        self.pages: Pages = app.extensions["public_pages"]
        self.hosts = set(app.config["TRUSTED_HOSTS"])

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        known = path in self.pages.kept and environ["REQUEST_METHOD"] == "GET" and not environ.get("QUERY_STRING")
        if known and environ.get("HTTP_HOST", "").partition(":")[0] in self.hosts and (found := self._find(path)):
            return self._answer(*found, environ, start_response)
        return self.inner(environ, start_response)

    def _find(self, path: str) -> tuple[Page, datetime] | None:
        with self.app.app_context():
            try:
                number = freshness.committed()
                at = clock.tick()
            except Exception:  # whatever it is, the application meets it too and says it in its own words
                return None
        page = self.pages.find(path, number, at)
        return (page, at) if page else None

    def _answer(
        self, page: Page, at: datetime, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        started, code, request_id = (
            time.perf_counter(),
            encoding(environ.get("HTTP_ACCEPT_ENCODING", "")),
            secrets.token_hex(8),
        )
        start_response("200 OK", [*page.heads(code, at), ("X-Request-Id", request_id)])
        logs.answered("GET", page.rule, 200, started, request_id=request_id, kept=True)
        return [page.body(code)]


def init_app(app: Flask) -> None:
    """Each application keeps its own."""
    app.extensions["public_pages"] = Pages()
    app.wsgi_app = First(app, app.wsgi_app)  # type: ignore[method-assign]
