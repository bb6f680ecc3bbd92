"""What a kind of question is: one class that reads, checks, keeps, shows, exports, writes down and compares an answer.

Public methods take an answer as it lies in the database, whatever that is; what subclasses define (`_shown`, …) gets
it in the shape of its kind.
"""

from typing import Any, ClassVar, Protocol

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict

from msme_calls import i18n

LONGEST = 20_000  # characters in one answer, whatever the call says; more is kept and said, never cut
CELL = 2_000  # the same for a cell of a table
SHORT = 200  # characters of what a page offers to choose from
MOST_ROWS = 50


class Question(Protocol):
    """What a kind needs to know of a question."""

    key: str
    kind: str
    required: bool
    label: dict[str, str]
    options: dict[str, Any]


def writable(text: str) -> str:
    """A text as it is, or without what no page and no file can hold (a zero byte, half a character)."""
    if text.isascii() and "\0" not in text:
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return i18n.normal(text)
    return text.replace("\0", "")


class Kind:
    """A kind of question, whose answer is text. Subclasses say what differs; each lies in a file of `kinds/`."""

    key: ClassVar[str]
    label: ClassVar[Any]
    order: ClassVar[int]  # its place among the kinds that a coordinator chooses from
    control = "line"  # the macro that draws its field
    settings: tuple[str, ...] = ()  # options that a coordinator may set
    own = False  # whether an answer is the person's own words, in the language of her proposal
    operators: tuple[str, ...] = ("answered", "unanswered")  # of `conditions`: what later questions may ask of it
    missing = _l("Answer this question: it is required.")

    def read(self, question: Question, form: MultiDict[str, str]) -> Any:
        """What was typed, as it is kept: all of it, however long."""
        return i18n.normal(form.get(question.key, ""))

    def shaped(self, value: Any) -> Any:
        """An answer in the shape of its kind, whatever lies in the database: the blank one if it is nothing like it."""
        if isinstance(value, str):
            return writable(value)
        return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""

    def typed(self, question: Question, value: Any) -> Any:
        """An answer as it stands in its field again."""
        return self._typed(question, self.shaped(value))

    def is_blank(self, value: Any) -> bool:
        """Whether nothing has been answered."""
        return not self.shaped(value)

    def problems(self, question: Question, value: Any) -> list[str]:
        """What is wrong with an answer that isn't blank: whole sentences that say what to do."""
        return self._problems(question, self.shaped(value))

    def shown(self, question: Question, value: Any) -> str:
        """The answer as text in this language, for pages and print."""
        return self._shown(question, self.shaped(value))

    def exported(self, question: Question, value: Any) -> Any:
        """The answer in a list for other programs."""
        return self._exported(question, self.shaped(value))

    def parts(self, question: Question, value: Any) -> list[str]:
        """The answer as the texts that two versions of it are compared by: paragraphs, choices, rows."""
        return self._parts(question, self.shaped(value))

    def plain(self, question: Question, value: Any) -> str:
        """The answer as text that a person can edit in a file; `imported` reads it back in the same language."""
        return self._plain(question, self.shaped(value))

    def imported(self, question: Question, text: str) -> Any:
        """The answer that a text in a file means; what means none is kept as it is written, and `problems` tells."""
        return i18n.normal(text)

    def example(self, question: Question, n: int) -> Any:
        """An answer that fits, in this language, visibly invented: the `n`-th of many that differ where they can."""
        return _("Example %(number)d", number=n)

    def facts(self, question: Question, value: Any) -> list[str]:
        """What conditions of later questions compare: nothing for a blank answer."""
        return self._facts(question, self.shaped(value))

    def comparable(self, question: Question) -> dict[str, str]:
        """The answers that a condition can name, with their words; empty if it asks for a number, or names none."""
        return {}

    def _typed(self, question: Question, value: Any) -> Any:
        return value

    def _problems(self, question: Question, value: Any) -> list[str]:
        return []

    def _shown(self, question: Question, value: Any) -> str:
        return str(value)

    def _exported(self, question: Question, value: Any) -> Any:
        return self._shown(question, value)

    def _parts(self, question: Question, value: Any) -> list[str]:
        return [text] if (text := self._shown(question, value)) else []

    def _plain(self, question: Question, value: Any) -> str:
        return str(value)

    def _facts(self, question: Question, value: Any) -> list[str]:
        return [value] if value else []
