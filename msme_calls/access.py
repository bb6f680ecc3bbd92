"""Who may come in at all: closed by default, opened view by view with `@public`."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, abort, current_app, g, redirect, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from msme_calls import clock, errors
from msme_calls.extensions import login, writing

View = TypeVar("View", bound=Callable[..., Any])


def public(view: View) -> View:
    """Open a page to everybody: the same bytes for all; it reads no session and knows no person."""
    view.access = "public"  # type: ignore[attr-defined]
    return view


def open_to_all(view: View) -> View:
    """Open a page to people not signed in, with a session and form token (sign in, register, links of mails)."""
    view.access = "open"  # type: ignore[attr-defined]
    return view


def access_of(endpoint: str | None) -> str:
    """ "public", "open" or "closed"."""
    view = current_app.view_functions.get(endpoint or "")
    return getattr(view, "access", "closed") if view else "public"  # no view: the 404 page, the same for all


def is_public() -> bool:
    """Whether the page being drawn must be the same for everybody."""
    return g.get("public_page", True)


def safe_next(target: str | None) -> str | None:
    """The address to go on to, if it is a path on this site."""
    if not target or not target.startswith("/") or target[1:2] in ("/", "\\"):
        return None
    return target if not any(ord(c) < 33 or 127 <= ord(c) < 160 or c == "\\" for c in target) else None


def _door() -> Response | tuple[str, int] | None:
    g.public_page = access_of(request.endpoint) == "public"
    if "\0" in request.path:  # it names nothing, and not every database takes it to look for
        abort(404)
    if access_of(request.endpoint) != "closed" or current_user.is_authenticated:
        return None
    if request.method in ("GET", "HEAD"):
        return redirect(url_for("accounts.sign_in", next=errors.here()))
    if request.accept_mimetypes.best == "application/json":  # a script, which keeps what was typed
        return "", 401
    return errors.signed_out(errors.typed())


def init_app(app: Flask) -> None:
    """Close every view that isn't marked open, and let reading requests read only."""

    @app.before_request
    def reading_or_writing() -> None:
        writing.set(request.method not in ("GET", "HEAD", "OPTIONS"))
        if writing.get():
            clock.now()  # what is sent in has its instant before it waits for anything

    @app.teardown_request
    def done(error: BaseException | None) -> None:
        writing.set(True)

    app.before_request(_door)
    login.init_app(app, add_context_processor=False)  # a page asks for its reader only if it needs one
    login.login_view = None
