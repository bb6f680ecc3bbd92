"""Figures for a monitoring system at /metrics, for whoever has the token; for everybody else there is no such page.

What matters of the whole installation is read from the database, so that any process tells the same. What a process
counts itself has its number as a label. No figure names an address, a person, a call or a path.
"""

import hmac
import os
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import structlog
from flask import Flask, Response, abort, current_app, request

from msme_calls import access, clock, pulse
from msme_calls.extensions import db

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from prometheus_client.core import GaugeMetricFamily

log = structlog.get_logger()
Gauge = Callable[[datetime], float]
GAUGES: dict[str, tuple[str, Gauge]] = {}  # by name: what it says, and how it is read from the database
BUCKETS = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30)
GROUP = "msme.group"  # where the application notes for the server what kind of page was asked for
_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def gauge(name: str, what: str) -> Callable[[Gauge], Gauge]:
    """Register a figure of the whole installation: a function of the instant that reads the database."""

    def register(function: Gauge) -> Gauge:
        GAUGES[name] = what, function
        return function

    return register


def count(name: str, result: str) -> None:
    """Count something that happened in this process, if anybody wants to know."""
    figures: Figures | None = current_app.extensions.get("metrics")
    if figures:
        figures.events.labels(str(os.getpid()), name, result).inc()


class Figures:
    """The figures of one application, in a registry of their own."""

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Histogram

        self.registry = CollectorRegistry()
        self.requests = Histogram(
            "msme_calls_request_seconds", "Requests answered, and how long they took.",
            ["pid", "group", "status"], buckets=BUCKETS, registry=self.registry,
        )  # fmt: skip
        self.events = Counter(
            "msme_calls_events", "Files taken and sign-ins, by how they ended.",
            ["pid", "event", "result"], registry=self.registry,
        )  # fmt: skip
        self.registry.register(self)

    def collect(self) -> "Iterable[GaugeMetricFamily]":
        """What the database knows, for the registry."""
        from prometheus_client.core import GaugeMetricFamily as Family

        at, up = clock.now(), 1
        for name, (what, function) in GAUGES.items():
            try:
                yield Family(f"msme_calls_{name}", what, value=function(at))
            except Exception as error:
                up = 0
                db.session.rollback()
                log.error("figure not read", figure=name, error=type(error).__name__)
        try:
            last = Family("msme_calls_last_timestamp_seconds", "When it happened last.", labels=["what"])
            for what, moment in pulse.all_of_them().items():
                last.add_metric([what], moment.timestamp())
            yield last
        except Exception as error:
            up = 0
            db.session.rollback()
            log.error("figure not read", figure="last", error=type(error).__name__)
        yield Family("msme_calls_database_up", "Whether all figures of the database could be read.", value=up)

    def describe(self) -> list[Any]:
        """Nothing is asked of the database before somebody looks."""
        return []


class Watched:
    """Counts every answer but those for static files, with the time until its first byte was ready."""

    def __init__(self, app: "WSGIApplication", figures: Figures) -> None:
        self.app, self.figures = app, figures

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        begun, status = time.perf_counter(), ["500"]

        def noted(line: str, *rest: Any) -> Any:
            status[0] = line[:3]
            return start_response(line, *rest)

        try:
            return self.app(environ, noted)
        finally:
            if not environ.get("PATH_INFO", "").startswith("/static/"):
                labels = str(os.getpid()), environ.get(GROUP, "kept"), f"{status[0][0]}xx"
                self.figures.requests.labels(*labels).observe(time.perf_counter() - begun)


def _group() -> str:
    """The feature whose page was asked for; never a path, which may hold anything."""
    if request.blueprint:
        return request.blueprint
    return "operations" if request.endpoint else "absent"


def init_app(app: Flask) -> None:
    """Add the page; figures are only made where a token is set."""
    token: str = app.settings.metrics_token  # type: ignore[attr-defined]
    if token:
        app.extensions["metrics"] = Figures()
        app.wsgi_app = Watched(app.wsgi_app, app.extensions["metrics"])  # type: ignore[method-assign]

        @app.before_request
        def group() -> None:
            request.environ[GROUP] = _group()

    @app.get("/metrics")
    @access.public
    def metrics() -> Response:
        given = request.headers.get("Authorization", "").encode()
        if not token or not hmac.compare_digest(given, f"Bearer {token}".encode()):
            abort(404)
        from prometheus_client import generate_latest

        response = Response(generate_latest(app.extensions["metrics"].registry), content_type=_TYPE)
        response.headers["Cache-Control"] = "no-store"
        return response
