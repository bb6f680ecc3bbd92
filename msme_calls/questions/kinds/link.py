"""The address of a page."""

from urllib.parse import urlsplit

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from msme_calls.questions.kind import CELL, Question
from msme_calls.questions.kinds.short_text import ShortText


class Link(ShortText):
    key, label, order, control = "link", _l("Link"), 110, "link"
    settings = ()
    own = False

    def example(self, question: Question, n: int) -> str:
        return f"www.example.org/{n}"

    def _problems(self, question: Question, value: str) -> list[str]:
        try:
            parts = urlsplit(value if "//" in value else f"https://{value}")
            host = parts.hostname or ""
        except ValueError:  # an opening bracket alone
            parts, host = urlsplit(""), ""
        good = parts.scheme in ("http", "https") and "." in host and len(value.split()) == 1
        return [] if good and len(value) <= CELL else [_("Write an address such as www.example.org.")]
