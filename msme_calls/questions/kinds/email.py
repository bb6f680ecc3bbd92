"""An e-mail address."""

import re

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from msme_calls.questions.kind import Question
from msme_calls.questions.kinds.short_text import ShortText

_MAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")


class Mail(ShortText):
    key, label, order, control = "email", _l("E-mail address"), 120, "email"
    settings = ()
    own = False

    def example(self, question: Question, n: int) -> str:
        return f"example-{n}@example.org"

    def _problems(self, question: Question, value: str) -> list[str]:
        return [] if mail_holds(value) else [_("Write the whole address, as in name@example.org.")]


def mail_holds(text: str) -> bool:
    """Whether a text has the form of an address that our mail can reach (ASCII before the @)."""
    return len(text) <= 254 and bool(_MAIL.fullmatch(text)) and text.partition("@")[0].isascii()
