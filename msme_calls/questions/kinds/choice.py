"""One of several answers that the call offers; the kinds whose answers are chosen build on it."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict

from msme_calls import i18n
from msme_calls.questions.kind import SHORT, Kind, Question


class Choice(Kind):
    """Kept as the key of what was chosen; files name it in words, and any of our languages is understood there."""

    key, label, order, control = "choice", _l("One choice"), 60, "choice"
    settings: tuple[str, ...] = ("choices",)
    operators: tuple[str, ...] = ("is", "is-not", "answered", "unanswered")

    def choices(self, question: Question) -> dict[str, str]:
        """The choices: key to words in this language."""
        return {c["key"]: i18n.said(c["label"]) for c in question.options.get("choices", [])}

    def example(self, question: Question, n: int) -> Any:
        known = list(self.choices(question))
        return known[n % len(known)] if known else ""

    def comparable(self, question: Question) -> dict[str, str]:
        return self.choices(question)

    def chosen(self, question: Question, text: str) -> str:
        """The key of the choice that a text names; the text itself if it names none, or several."""
        text = i18n.normal(text)[:SHORT]
        wanted = i18n.folded(text)
        if not text or text in self.choices(question):
            return text
        for lang in (i18n.language(), *i18n.LANGUAGES):
            with i18n.use(lang):
                found = [key for key, words in self.choices(question).items() if i18n.folded(words) == wanted]
            if len(found) == 1:
                return found[0]
        return text

    def named(self, question: Question, key: str) -> str:
        """The words of a choice if `chosen` understands them, else its key."""
        words = self.choices(question).get(key, key)
        return words if self.chosen(question, words) == key else key

    def read(self, question: Question, form: MultiDict[str, str]) -> object:
        return super().read(question, form)[:SHORT]

    def imported(self, question: Question, text: str) -> object:
        return self.chosen(question, text)

    def _plain(self, question: Question, value: str) -> str:
        return self.named(question, value)

    def _problems(self, question: Question, value: str) -> list[str]:
        return [] if value in self.choices(question) else [_("Choose one of the answers in the list.")]

    def _shown(self, question: Question, value: str) -> str:
        return self.choices(question).get(value, value)
