"""Pages for everybody: home, calls, past editions, and the pages about this site."""

from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Response, abort, current_app, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from msme_calls import clock
from msme_calls.access import public
from msme_calls.calls import queries as calls_queries
from msme_calls.calls.models import Call
from msme_calls.calls.phases import Phase
from msme_calls.decisions.queries import published
from msme_calls.extensions import LANGUAGES
from msme_calls.i18n import PREFIX
from msme_calls.publication import pages, queries
from msme_calls.publication.kept import kept
from msme_calls.web import absolute, cache_publicly

bp = Blueprint("publication", __name__, url_prefix=PREFIX)
front = Blueprint("front", __name__)

ABOUT = ("help", "accessibility", "privacy", "contact")  # pages about this site, one template each


@front.get("/")
@public
def door() -> AnyResponse:
    lang = request.accept_languages.best_match(LANGUAGES) or "en"
    response = redirect(url_for("publication.home", lang=lang))
    response.headers["Vary"] = "Accept-Language"
    return response


@front.get("/robots.txt")
@public
@kept
def robots() -> Response:
    text = f"User-agent: *\nDisallow:\n\nSitemap: {current_app.settings.address}{url_for('.sitemap')}\n"  # type: ignore[attr-defined]
    return cache_publicly(Response(text, mimetype="text/plain"), None)


@front.get("/.well-known/security.txt")
@public
def security() -> Response:
    """Where to report a weakness (RFC 9116); good until the end of next month, so that nobody keeps an old one."""
    settings = current_app.settings  # type: ignore[attr-defined]
    expires = (clock.now().replace(day=1) + timedelta(days=63)).strftime("%Y-%m-01T00:00:00Z")
    lines = {"Contact": f"mailto:{settings.contact}", "Expires": expires, "Preferred-Languages": ", ".join(LANGUAGES)}
    text = "".join(f"{name}: {value}\n" for name, value in lines.items())
    return cache_publicly(Response(text, mimetype="text/plain"), None)


@front.get("/sitemap.xml")
@public
@kept
def sitemap() -> Response:
    """The addresses of what is public now; a result's page is among them only from its instant on."""
    at, calls = clock.now(), calls_queries.all_public()
    found: list[tuple[str, dict[str, Any]]] = [
        ("publication.home", {}),
        ("publication.calls", {}),
        ("publication.archive", {}),
        ("publication.verify", {}),
        ("publication.meetings", {}),
        ("publication.documents", {}),
    ]
    found += [(f"publication.{name}", {}) for name in ABOUT]
    found += [("publication.call", {"slug": c.slug}) for c in calls]
    found += [("results.result", {"slug": c.slug}) for c in calls if c.phase(at) is Phase.PUBLISHED]
    found += [("publication.past", {"year": e.year, "kind": e.kind}) for e in queries.past_editions()]
    locations = [absolute(e, **{**v, "lang": lang}) for e, v in found for lang in LANGUAGES]
    page = render_template("publication/sitemap.xml", locations=locations)
    return cache_publicly(Response(page, mimetype="application/xml"), pages.boundary(calls, at))


def _answer(page: str, calls: list[Call], at: datetime) -> Response:
    """A public page, kept by caches until the clock changes one of these calls (at most a minute)."""
    return cache_publicly(make_response(page), pages.boundary(calls, at))


@bp.get("/")
@public
@kept
def home() -> Response:
    at, calls = clock.now(), calls_queries.all_public()
    latest = next(((c, result) for c, result in published(at) if c.scored), None)
    editions = [] if latest else queries.past_editions()[:1]
    page = render_template("publication/home.html", groups=pages.groups(calls, at), latest=latest, editions=editions)
    return _answer(page, calls, at)


@bp.get("/calls")
@public
@kept
def calls() -> Response:
    at, found = clock.now(), calls_queries.all_public()
    return _answer(render_template("publication/calls.html", groups=pages.groups(found, at)), found, at)


@bp.get("/calls/<slug>")
@public
@kept
def call(slug: str) -> Response:
    at, found = clock.now(), calls_queries.public(slug) or abort(404)
    return _answer(call_page(found, at), [found], at)


def call_page(found: Call, at: datetime, preview: bool = False) -> str:
    """The page of a call, as everybody sees it or (`preview`) as its coordinators will publish it."""
    return render_template(
        "publication/call.html",
        call=found,
        phase=found.phase(at),
        course=pages.course(found, at),
        offered=pages.offered(found),
        overdue=pages.in_preparation(found, at),
        edition=queries.edition_of(found),
        tie_names=pages.tie_names(found),
        unpublished_names=pages.parts_in_words(found.unpublished),
        preview=preview,
    )


@bp.get("/calls/<slug>/questions")
@public
@kept
def questions(slug: str) -> Response:
    """The blank form, to read or print before starting."""
    at, found = clock.now(), calls_queries.public(slug) or abort(404)
    page = render_template("publication/questions.html", call=found, offered=pages.offered(found))
    return _answer(page, [found], at)


@bp.get("/winners")
@public
@kept
def archive() -> Response:
    at, calls = clock.now(), calls_queries.all_public()
    results = [(c, result) for c, result in published(at) if c.scored]  # documents have a list of their own
    page = render_template("publication/archive.html", results=results, editions=queries.past_editions())
    return _answer(page, calls, at)


@bp.get("/winners/<int:year>/<kind>")
@public
@kept
def past(year: int, kind: str) -> Response:
    edition = queries.past_edition(kind, year) or abort(404)
    unknown = pages.parts_in_words(edition.unknown)
    return cache_publicly(
        make_response(render_template("publication/past.html", edition=edition, unknown=unknown)), None
    )


def _about(name: str) -> None:
    @public
    @kept
    def page() -> Response:
        contact = current_app.settings.contact  # type: ignore[attr-defined]
        return cache_publicly(make_response(render_template(f"publication/{name}.html", contact=contact)), None)

    bp.add_url_rule(f"/{name}", endpoint=name, view_func=page)


for _name in ABOUT:
    _about(_name)
