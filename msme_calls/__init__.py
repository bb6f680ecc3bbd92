"""MSME Calls: calls for proposals from launch to the published result."""

from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from msme_calls import (
    access,
    clock,
    database,
    errors,
    health,
    i18n,
    logs,
    mailbox,
    metrics,
    outages,
    sentences,
    settings,
    web,
)
from msme_calls.extensions import compress, csrf, db, mail

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from flask.typing import ResponseReturnValue

    from msme_calls.settings import Settings

TEMPLATES = Path(__file__).resolve().parent.parent / "templates"


class Application(Flask):
    """The web application with its settings."""

    settings: "Settings"

    def ensure_sync(self, func: "Callable[..., Any]") -> "Callable[..., Any]":
        """No view or handler of ours is asynchronous: nothing need be asked about each of them in each request."""
        return func

    def dispatch_request(self) -> "ResponseReturnValue":
        """Answer a request; work that collides with another's is done anew."""
        return outages.persist(super().dispatch_request)


def create_app(chosen: "Settings | None" = None) -> Application:
    """Make the application from its settings (by default those of the environment)."""
    app = Application(__name__, template_folder=str(TEMPLATES), static_folder=None)
    app.settings = chosen or settings.from_environment()
    app.settings.files.mkdir(parents=True, exist_ok=True)  # later, a volume that is gone is not made anew
    app.config["SQLALCHEMY_DATABASE_URI"] = app.settings.database
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = database.options(app.settings)
    app.config["TESTING"] = app.settings.env == "test"
    app.config["MAIL_SUPPRESS_SEND"] = False  # outbox.py decides where mails go
    logs.init_app(app)
    clock.init_app(app)
    i18n.init_app(app)
    sentences.init_app(app)
    web.init_app(app)
    db.init_app(app)
    database.init_app(app)
    mail.init_app(app)
    access.init_app(app)  # before the form tokens are checked: who isn't signed in is told that first
    csrf.init_app(app)
    compress.init_app(app)
    errors.init_app(app)
    outages.init_app(app)
    health.init_app(app)
    mailbox.init_app(app)
    _features(app)
    metrics.init_app(app)  # outside of what answers before the application is asked
    if app.settings.trusted_proxies:
        n = app.settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=n, x_proto=n, x_host=n)  # type: ignore[method-assign]
    return app


def _features(app: Application) -> None:
    """Each feature's pages, in the order of a call's life."""
    from msme_calls import (
        accounts,
        calls,
        decisions,
        history,
        outbox,
        proposals,
        publication,
        rehearsals,
        reviews,
        scanning,
        tasks,
    )
    from msme_calls.backups import stock

    # Their tables and sweeps belong to every installation.
    app.extensions |= {"history": history, "outbox": outbox, "scanning": scanning, "stock": stock}

    for feature in (accounts, calls, proposals, reviews, decisions, tasks, publication, rehearsals):
        feature.init_app(app)
