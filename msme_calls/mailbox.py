"""The mailbox of a development installation: the mails that would have been sent. Absent in production."""

import re
import uuid
from email.message import EmailMessage
from typing import Any

from flask import Blueprint, Flask, Response, abort, current_app, render_template
from markupsafe import Markup, escape

from msme_calls import outbox, web
from msme_calls.access import open_to_all, safe_next
from msme_calls.i18n import PREFIX

bp = Blueprint("mailbox", __name__, url_prefix=f"{PREFIX}/mailbox")
ZONE = "Europe/Zurich"
POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'"  # a mail brings its own style, and nothing else


def init_app(app: Flask) -> None:
    """Add the pages, unless real people depend on this installation: there, these addresses are as if never made."""
    development = not app.settings.production  # type: ignore[attr-defined]
    app.jinja_env.globals["development"] = development
    if development:
        app.register_blueprint(bp)


@bp.get("")
@open_to_all
def mails() -> str:
    pagination = web.paginate(outbox.count_kept())
    listed = outbox.kept(first=pagination.offset, most=pagination.size)
    return render_template("mailbox/mails.html", mails=listed, pagination=pagination, zone=ZONE)


@bp.get("/<uuid:name>")
@open_to_all
def mail(name: uuid.UUID) -> str:
    message = _one(name)
    text = paragraphs(_part(message, "plain"))
    return render_template("mailbox/mail.html", name=name, message=message, text=text, zone=ZONE)


@bp.get("/<uuid:name>/html")
@open_to_all
def html(name: uuid.UUID) -> Response:
    response = Response(_part(_one(name), "html"), mimetype="text/html")
    response.headers["Content-Security-Policy"] = POLICY
    return response


def _one(name: uuid.UUID) -> EmailMessage:
    found = outbox.kept(str(name))
    return found[0][1] if found else abort(404)


def _part(message: EmailMessage, kind: str) -> str:
    part: Any = message.get_body((kind,))
    return part.get_content() if part else ""


def paragraphs(text: str) -> Markup:
    """A mail's text as HTML, in which the addresses of this site, and no others, can be followed."""
    parts = [Markup("<br>").join(map(linked, part.split("\n"))) for part in re.split(r"\n\s*\n", text.strip())]
    return Markup("\n").join(Markup("<p>{}</p>").format(part) for part in parts)


def linked(line: str) -> Markup:
    """A line in which the addresses of this site can be followed."""
    home = current_app.settings.address  # type: ignore[attr-defined]
    pieces = re.split(rf"({re.escape(home)}/[^\s<>\"]*[\w/=-])", line)
    return Markup("").join(_link(home, piece) if n % 2 else escape(piece) for n, piece in enumerate(pieces))


def _link(home: str, address: str) -> Markup:
    path = safe_next(address.removeprefix(home))
    return Markup('<a href="{}">{}</a>').format(path, address) if path else escape(address)
