"""Logs: one line of JSON for each event, with the request's id; never a secret, an address or people's words."""

import logging
import re
import secrets
import sys
import time
from contextlib import suppress
from typing import Any

import structlog
from flask import Flask, Response, g, request

_QUIET = ("/healthz", "/readyz", "/static/")
# What an error of a library may quote: people's addresses, the tokens of links and sessions, the row that PostgreSQL
# didn't take; and, in what an exception says, whatever in quotation marks is more than one word.
_PRIVATE = re.compile(
    r"[^\s@<>()'\"=,;:/]{1,100}@[^\s@<>()'\"=,;:/]{1,250}\.\w+|(?<![\w-])(?=[\w-]*\d)(?=[\w-]*[A-Z])[\w-]{40,}"
    r"|(?<=\nDETAIL: ).*?(?=\n\[SQL: |\nCONTEXT: |\n\nThe above exception|\n\nDuring handling|\Z)",
    re.DOTALL,
)
_SAID = re.compile(r"^\S.*", re.MULTILINE)
_WORDS = re.compile(r"""(?<![\w'"])(['"])(?! )(?:(?!\1).)* (?:(?!\1).)*\1(?!\w)""")


def init_app(app: Flask) -> None:
    """Log every request once, and whatever libraries say, in the same form."""
    level = getattr(logging, app.settings.log_level.upper(), logging.INFO)  # type: ignore[attr-defined]
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _hide,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer(ensure_ascii=True)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=_stderr,
        cache_logger_on_first_use=False,
    )
    handler = _Stderr()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared], processor=structlog.processors.JSONRenderer()
        )
    )
    logging.basicConfig(level=max(level, logging.WARNING), handlers=[handler], force=True)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # it warns whenever two requests come at once

    @app.before_request
    def begin() -> None:
        g.started = time.perf_counter()
        g.request_id = secrets.token_hex(8)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=g.request_id)

    @app.after_request
    def end(response: Response) -> Response:
        response.headers["X-Request-Id"] = g.get("request_id", "")
        if not request.path.startswith(_QUIET):
            rule = request.url_rule.rule if request.url_rule else None  # the pattern: an address may hold a token
            answered(request.method, rule, response.status_code, g.get("started", time.perf_counter()))
        return response


def answered(method: str, rule: str | None, status: int, started: float, **more: Any) -> None:
    """One line for a request. `started`: time.perf_counter() at its begin."""
    ms = round((time.perf_counter() - started) * 1000, 1)
    structlog.get_logger().info("request", method=method, rule=rule, status=status, ms=ms, **more)


class _Stderr(logging.Handler):
    """Writes to standard error as it is at that moment."""

    def emit(self, record: logging.LogRecord) -> None:
        _Lines().msg(self.format(record))


def _hide(logger: Any, method: str, event: dict[str, Any]) -> dict[str, Any]:
    for name in ("event", "exception", "reason", "error"):
        if name in event:
            event[name] = _PRIVATE.sub("…", str(event[name]))
    if "exception" in event:  # lines of code are indented: those stay
        event["exception"] = _SAID.sub(lambda line: _WORDS.sub(r"\1…\1", line[0]), event["exception"])
    return event


class _Lines:
    """Writes lines to standard error. Where they find no room (a full disk), the request goes on without its line."""

    def msg(self, line: str) -> None:
        with suppress(OSError):
            sys.stderr.write(line + "\n")
            sys.stderr.flush()

    log = debug = info = warn = warning = error = critical = fatal = failure = exception = msg


def _stderr(*_: Any) -> Any:
    return _Lines()
