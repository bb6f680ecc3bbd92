"""What a person is told when something can't be done: one exception for refusals, one page for each error."""

import json
import math
import uuid
from http import HTTPStatus
from typing import Any

import structlog
from flask import Flask, Response, abort, current_app, g, render_template, request
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge, SecurityError
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData

from msme_calls.extensions import db

log = structlog.get_logger()
Fields = list[tuple[str, str]]  # names and values, in order
READABLE = 1_000_000  # bytes of text in an oversize body that are read to give back what was typed
CHUNK = 65_536
SECRETS = frozenset({"csrf_token", "password", "current_password", "proof-password"})  # fields that no page gives back


class Refused(Exception):
    """An act that the rules don't allow now; the message is a whole sentence for the person who asked."""


def allow(reason: str | None) -> None:
    """Go on if a rule has nothing against it; else refuse with the rule's sentence."""
    if reason:
        raise Refused(str(reason))


def typed() -> Fields:
    """What the person had typed into the refused form, without passwords and the form's token."""
    return [(name, value) for name, value in request.form.items(multi=True) if name not in SECRETS]


def here() -> str:
    """The path of this page as browsers ask for it, wherever on the site the application lies."""
    return f"{request.script_root}{request.full_path}".rstrip("?")


def again(sentence: str, fields: Fields, status: int, action: str = "") -> tuple[str, int]:
    """A page that keeps what was typed and can send it once more."""
    action = action or here()
    return render_template("errors/again.html", sentence=sentence, fields=fields, action=action), status


def signed_out(fields: Fields, action: str = "", email: str = "", error: str = "") -> tuple[str, int]:
    """A page that keeps what was typed while somebody signs in; `kept` reads it back."""
    action = action or here()
    page = render_template(
        "errors/signed_out.html",
        fields=fields,
        kept=json.dumps(fields, ensure_ascii=False),
        action=action,
        email=email,
        error=error,
    )
    return page, HTTPStatus.UNAUTHORIZED


def kept() -> Fields:
    """What was typed before signing in, as the page of `signed_out` sends it."""
    try:
        pairs = json.loads(request.form["kept"])
        return [(str(name), str(value)) for name, value in pairs]
    except (TypeError, ValueError):
        abort(HTTPStatus.BAD_REQUEST)


def salvage(stream: Any, content_type: str) -> Fields:
    """The text fields of a multipart body that was not read as a form; files among them are skipped."""
    return skim(stream, content_type)[0]


def skim(stream: Any, content_type: str) -> tuple[Fields, bool]:
    """The same, and whether they are all: no more is read than a few times what a form may have."""
    boundary = content_type.partition("boundary=")[2].strip('"').encode("latin-1", "replace")
    if not boundary or not content_type.startswith("multipart/form-data"):
        return [], True
    decoder, found = MultipartDecoder(boundary, READABLE), _Salvaged()
    left = 4 * (current_app.config["MAX_CONTENT_LENGTH"] or READABLE)
    try:
        while left > 0 and not found.full and (data := stream.read(min(CHUNK, left))):
            left -= len(data)
            decoder.receive_data(data)
            found.take(decoder)
        whole = left > 0 and not found.full
    except (ValueError, RequestEntityTooLarge):
        whole = False
    return [(name, value) for name, value in found.fields if name not in SECRETS], whole


class _Salvaged:
    """Text fields as they come out of a body, piece by piece."""

    def __init__(self) -> None:
        self.fields: Fields = []
        self.name: str | None = None  # of the field being read; None inside a file
        self.text = b""
        self.size = 0

    @property
    def full(self) -> bool:
        """Whether there is more text than any form of ours has."""
        return self.size > READABLE or len(self.fields) > 500

    def take(self, decoder: MultipartDecoder) -> None:
        """Everything that the decoder can tell of the data that it has."""
        while not self.full and not isinstance(part := decoder.next_event(), NeedData | Epilogue):
            if isinstance(part, Field | File):
                self.name, self.text = (part.name if isinstance(part, Field) else None), b""
            elif isinstance(part, Data) and self.name is not None:
                self._add(part)

    def _add(self, part: Data) -> None:
        self.size += len(part.data)
        self.text += part.data
        if not part.more_data:
            self.fields.append((str(self.name), self.text.decode("utf-8", "replace")))


def _refused(error: Refused) -> tuple[str, int]:
    db.session.rollback()
    return render_template("errors/refused.html", sentence=str(error)), HTTPStatus.FORBIDDEN


def _csrf(error: CSRFError) -> tuple[str, int]:
    sentence = _("This page was open too long, or was sent from elsewhere. Nothing you typed is lost: send it again.")
    return again(sentence, typed(), HTTPStatus.BAD_REQUEST)


def _too_large(error: RequestEntityTooLarge) -> tuple[str, int]:
    fields, whole = skim(request.environ["wsgi.input"], request.content_type or "")
    action = here()
    return render_template("errors/too_large.html", fields=fields, whole=whole, action=action), 413


def _clash(error: StaleDataError) -> tuple[str, int]:
    db.session.rollback()
    sentence = _("Somebody else saved this in the meantime. What you typed is below: compare it, then send it again.")
    return again(sentence, typed(), HTTPStatus.CONFLICT)


def _http(error: HTTPException) -> Any:
    if error.response is not None or (error.code or 500) < 400:
        return error
    g.no_page = g.public_page = True  # what is hidden and what is absent get the same bytes
    known = {404: "404", 405: "404", 429: "429", 503: "unavailable"}
    name = known.get(error.code or 500, "refused" if (error.code or 500) < 500 else "error")
    sentence = _("This request could not be understood. Go back and try once more.")
    if isinstance(error, SecurityError):  # not our host: no address of a page can be made for it
        return Response(sentence, error.code, mimetype="text/plain")
    if name == "404":
        return _absent(), error.code, [h for h in error.get_headers() if h[0] == "Allow"]
    said = "" if name == "unavailable" else sentence  # that page has its own
    page = render_template(f"errors/{name}.html", sentence=said, reference="", minutes=_minutes(error))
    return page, error.code, [h for h in error.get_headers() if h[0] in ("Allow", "Retry-After")]


def _absent() -> str:
    """The page of what is hidden or absent, the same bytes for everybody: drawn once for each language."""
    drawn = current_app.extensions.setdefault("absent_pages", {})
    if g.lang not in drawn:
        drawn[g.lang] = render_template("errors/404.html")
    return drawn[g.lang]


def _minutes(error: HTTPException) -> int:
    """How long to wait, where the error says so in seconds."""
    seconds = getattr(error, "retry_after", None)
    return math.ceil(seconds / 60) if isinstance(seconds, int) else 0


def crash(error: Exception) -> tuple[str, int]:
    """The page for an error of ours, with the reference under which the log has it."""
    db.session.rollback()
    reference = uuid.uuid4().hex[:8].upper()
    log.exception("unexpected error", reference=reference)
    return render_template("errors/error.html", reference=reference), HTTPStatus.INTERNAL_SERVER_ERROR


def init_app(app: Flask) -> None:
    """Register a page for every kind of error."""
    app.register_error_handler(Refused, _refused)
    app.register_error_handler(CSRFError, _csrf)
    app.register_error_handler(RequestEntityTooLarge, _too_large)
    app.register_error_handler(StaleDataError, _clash)
    app.register_error_handler(HTTPException, _http)
    if not app.debug:
        app.register_error_handler(Exception, crash)
