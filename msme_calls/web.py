"""What every page shares: headers, words and dates in templates, lists by pages, addresses, static files."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode, urlsplit

import nh3
from babel.numbers import format_decimal, format_percent
from flask import Flask, Response, current_app, g, request, url_for
from flask.sessions import SecureCookieSessionInterface
from flask_babel import gettext
from flask_login import current_user
from markdown_it import MarkdownIt
from markupsafe import Markup, escape

from msme_calls import access, clock, i18n
from msme_calls.assets import YEAR, Assets, static_url
from msme_calls.extensions import LANGUAGES

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_TAGS = {"p", "ul", "ol", "li", "strong", "em", "a", "h3", "h4", "blockquote", "br", "hr", "code"}
_markdown = MarkdownIt("commonmark", {"html": False, "linkify": False}).disable("image")


class Sessions(SecureCookieSessionInterface):
    """Sessions by signed cookie; a public page neither sets one nor varies by it."""

    def save_session(self, app: Flask, session: Any, response: Response) -> None:
        if not access.is_public():
            super().save_session(app, session, response)


def _plain_link(tag: str, name: str, value: str) -> str | None:
    """Links without a scheme lead to this site: one that only looks so (“//elsewhere”) is dropped."""
    return None if value.startswith(("//", "/\\", "\\")) else value


@lru_cache(maxsize=512)
def markdown(text: str) -> Markup:
    """A coordinator's text as safe HTML: no raw HTML, no pictures, only links that lead to web or mail."""
    html = nh3.clean(
        _markdown.render(text[:50_000]),
        tags=_TAGS,
        attributes={"a": {"href"}},
        url_schemes={"http", "https", "mailto"},
        attribute_filter=_plain_link,
        link_rel="noopener nofollow",
    )
    return Markup(html)


def words_of(value: dict[str, str] | None, lang: str | None = None) -> Markup:
    """A Translated value; in another language than the page's it says so by its `lang`."""
    text, code = i18n.pick(value, lang)
    return escape(text) if code == (lang or i18n.language()) else Markup('<span lang="{}">{}</span>').format(code, text)


def rich(value: dict[str, str] | None) -> Markup:
    """A Translated value with Markdown; in another language than the page's it says so by its `lang`."""
    text, code = i18n.pick(value)
    html = markdown(text)
    return html if code == i18n.language() else Markup('<div lang="{}">{}</div>').format(code, html)


def own_words(text: Any, lang: str = "") -> Markup:
    """People's own text as paragraphs and lines, in their language; the macro of that name is this."""
    head = Markup('<p lang="{}" dir="auto">').format(lang) if lang else Markup('<p dir="auto">')
    given = str(text or "").replace("\r\n", "\n").strip().replace("\r", "\n")
    parts = (part.strip() for part in given.split("\n\n"))
    return Markup("").join(head + Markup("<br>").join(part.split("\n")) + Markup("</p>") for part in parts if part)


@dataclass(frozen=True)
class Pagination:
    """One page of a long list."""

    page: int
    total: int
    size: int = 25

    @property
    def pages(self) -> int:
        return max(1, math.ceil(self.total / self.size))

    @property
    def first(self) -> int:
        return (self.page - 1) * self.size + 1 if self.total else 0

    @property
    def last(self) -> int:
        return min(self.page * self.size, self.total)

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.size

    def url(self, page: int) -> str:
        """The address of another page of the same list, filters kept."""
        return "?" + urlencode({**request.args, "page": page})


def paginate(total: int, size: int = 25) -> Pagination:
    """The page that the address asks for, within what there is."""
    wanted = request.args.get("page", 1, type=int)
    return Pagination(min(max(1, wanted), max(1, math.ceil(total / size))), total, size)


def absolute(endpoint: str, **values: Any) -> str:
    """A whole address on this site, from its own setting and never from what a request says."""
    app = current_app
    if "lang" not in values and app.url_map.is_endpoint_expecting(endpoint, "lang"):
        values["lang"] = i18n.language()
    return app.settings.address + app.url_map.bind("localhost").build(endpoint, values)  # type: ignore[attr-defined]


def switch_url(code: str) -> str:
    """This page in another language; where there is no page (an error), the home page in it."""
    if request.url_rule is None or g.get("no_page") or "lang" not in request.url_rule.arguments:
        return url_for("publication.home", lang=code)
    path = url_for(request.endpoint or "", **{**(request.view_args or {}), "lang": code})
    query = request.query_string.decode("latin-1")
    return f"{path}?{query}" if query else path


def alternates() -> list[tuple[str, str]]:
    """The addresses of this public page in every language; none on other pages."""
    rule = request.url_rule
    if rule is None or g.get("no_page") or not access.is_public() or "lang" not in rule.arguments:
        return []
    return [(c, absolute(request.endpoint or "", **{**(request.view_args or {}), "lang": c})) for c in LANGUAGES]


def number(value: float) -> str:
    """A number as this language writes it."""
    return format_decimal(value, locale=i18n.language())


def percent(value: float) -> str:
    """A share (0 to 1) in per cent as this language writes it."""
    return format_percent(value, locale=i18n.language())


def score(value: int | None) -> str:
    """A score kept in billionths, with two digits; a dash while there is none."""
    return "–" if value is None else _score(value, i18n.language())


@lru_cache(maxsize=4096)
def _score(value: int, lang: str) -> str:
    return format_decimal(value / 1e9, format="0.00", locale=lang)


def megabytes(size: int) -> str:
    """A file's size in kB or MB (powers of ten)."""
    if size >= 1e6:
        return gettext("%(size)s MB", size=number(round(size / 1e6, 1)))
    return gettext("%(size)s kB", size=number(max(1, round(size / 1e3))))


def cache_publicly(response: Response, until: datetime | None, most: int = 60) -> Response:
    """Let caches keep a public page for a minute, but never across an instant that changes it."""
    g.page_until = until
    response.headers["Cache-Control"] = publicly(until, clock.now(), most)
    return response


def publicly(until: datetime | None, at: datetime, most: int = 60) -> str:
    """The header's value for an answer that the clock changes at `until`.

    One second less than there is: caches count whole seconds, and serve through the end of the last one.
    """
    seconds = most if until is None else min(most, max(0, int((until - at).total_seconds()) - 1))
    return f"public, max-age={seconds}"


def headers_of_all() -> dict[str, str]:
    """The headers that every answer carries."""
    if current_app.settings.production:  # type: ignore[attr-defined]
        return HEADERS | {"Strict-Transport-Security": f"max-age={YEAR}; includeSubDomains"}
    return HEADERS


def _headers(response: Response) -> Response:
    if response.status_code == 404:
        response.headers["Cache-Control"] = "no-store"
    said = {name.lower() for name, _value in response.headers}  # once: werkzeug looks through all of them for each
    for name, value in {**headers_of_all(), "Cache-Control": "no-store"}.items():
        if name.lower() not in said:
            response.headers.add(name, value)
    return response


FILTERS: dict[str, Callable[..., Any]] = {
    "instant": i18n.written,
    "to_the_second": lambda v, zone: i18n.written(v, zone, "second"),
    "day": lambda v, zone="UTC": i18n.written(v, zone, "day"),
    "short_day": lambda v, zone="UTC": i18n.short_day(v, zone),
    "date_words": i18n.date_words,
    "clock_time": lambda v, zone="UTC": i18n.written(v, zone, "clock_time"),
    "zone_name": i18n.zone_name,
    "left": i18n.left,
    "iso": lambda v: v.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    "number": number,
    "percent": percent,
    "score": score,
    "megabytes": megabytes,
    "economy": i18n.economy,
    "language_name": i18n.language_name,
    "language_label": i18n.language_label,
    "city": i18n.city,
    "md": markdown,
    "rich": rich,
    "said": i18n.said,
    "words_of": words_of,
    "join_words": i18n.join,
    "own_words": own_words,
}


def init_app(app: Flask) -> None:
    """Headers, filters, globals, static files and the sessions' cookie."""
    settings = app.settings  # type: ignore[attr-defined]
    app.session_interface = Sessions()
    host = urlsplit(settings.address).hostname or "localhost"
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SECRET_KEY_FALLBACKS=[settings.secret_key_old] if settings.secret_key_old else None,
        SESSION_COOKIE_NAME="__Host-session" if settings.production else "session",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.production,
        MAX_CONTENT_LENGTH=settings.max_upload_mb * 1_000_000,
        MAX_FORM_MEMORY_SIZE=4_000_000,
        MAX_FORM_PARTS=2_000,
        TRUSTED_HOSTS=[host] if settings.production else [host, "localhost", "127.0.0.1"],
        COMPRESS_ALGORITHM=["br", "gzip"],
        COMPRESS_MIMETYPES=["text/html", "application/json", "text/csv", "text/plain"],
        COMPRESS_BR_LEVEL=5,
        COMPRESS_STREAMS=False,
        WTF_CSRF_SSL_STRICT=False,  # it wants the Referer that our own policy keeps browsers from sending
        WTF_CSRF_TIME_LIMIT=None,  # bound to the session: people write for hours
    )
    app.jinja_env.filters.update(FILTERS)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(
        switch_url=switch_url, static_url=static_url, absolute=absolute, current_user=current_user,
        now=clock.now, languages=[(c, i18n.OWN_NAMES[c]) for c in LANGUAGES], city=i18n.city,
    )  # fmt: skip

    @app.context_processor
    def page() -> dict[str, Any]:
        alternate = alternates() if request else []
        canonical = dict(alternate).get(i18n.language())
        lang = i18n.language()
        return {"lang": lang, "public_page": access.is_public(), "alternates": alternate, "canonical": canonical}

    app.after_request(_headers)
    app.wsgi_app = Assets(app.wsgi_app, HEADERS)  # type: ignore[method-assign]
