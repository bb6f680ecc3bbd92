"""PDF documents: a template of `templates/pdf/`, filled with data in a process of its own that has little to lose.

Web workers never load what sets the type. What people wrote comes in as data and is drawn letter by letter, whatever
it says; the same data give the same bytes, tagged for readers that speak, in the language of the document.
"""

import json
import tempfile
from typing import Any

import structlog
from flask import Response
from flask_babel import gettext as _

from msme_calls import i18n, reading
from msme_calls.settings import HERE

log = structlog.get_logger()
FOLDER = HERE / "templates" / "pdf"


def made(name: str, data: dict[str, Any], language: str) -> bytes:
    """A PDF of the template `name` with `data`: its `title`, and what the template asks for; `raw` stays as it is.

    `language` is that of its sentences; what people wrote carries its own. Raises reading.Busy, which has a page.
    """
    with i18n.use(language):
        words = {
            "site": _("MSME Calls"),
            "page": _("Page %(page)s of %(pages)s", page="{page}", pages="{pages}"),
            "missing": _("Characters that this document has no letters for stand as their code, like %(code)s.",
                         code="‹U+4E2D›"),
        }  # fmt: skip
    given = json.dumps({**data, "language": language, "words": words}).encode()
    with tempfile.TemporaryFile() as file, tempfile.TemporaryFile() as out:
        file.write(given)
        file.flush()
        said = reading.typeset(file, out, root=str(FOLDER), name=name)
        if not said["accessible"]:
            log.warning("document not accessible", template=name)
        return out.read()


def answer(content: bytes, name: str) -> Response:
    """A made document as the answer of a view, to be kept under `name` (ASCII, without an ending)."""
    response = Response(content, content_type="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.pdf"'
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"  # people's words are in it
    return response
