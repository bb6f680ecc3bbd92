"""Several of the answers that the call offers."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict

from msme_calls import i18n
from msme_calls.questions.kind import SHORT, Question, writable
from msme_calls.questions.kinds.choice import Choice


class Choices(Choice):
    key, label, order, control = "choices", _l("Several choices"), 70, "choices"

    def read(self, question: Question, form: MultiDict[str, str]) -> list[str]:
        sent = (i18n.normal(value)[:SHORT] for value in form.getlist(question.key))
        return [value for value in dict.fromkeys(sent) if value][:SHORT]

    def shaped(self, value: Any) -> list[str]:
        texts = [writable(each) for each in value if isinstance(each, str)] if isinstance(value, list) else []
        return [text for text in texts if text]

    def example(self, question: Question, n: int) -> list[str]:
        one = super().example(question, n)
        return [one] if one else []

    def imported(self, question: Question, text: str) -> list[str]:
        """Each line of the text names a choice."""
        lines = [line for line in dict.fromkeys(i18n.normal(text).split("\n")) if line.strip()]
        return list(dict.fromkeys(self.chosen(question, line) for line in lines[:SHORT]))

    def _plain(self, question: Question, value: Any) -> str:
        return "\n".join(self.named(question, each) for each in value)

    def _problems(self, question: Question, value: Any) -> list[str]:
        known = self.choices(question)
        return [] if all(v in known for v in value) else [_("Choose only answers that are in the list.")]

    def _parts(self, question: Question, value: Any) -> list[str]:
        known = self.choices(question)
        return [known.get(v, v) for v in value]

    def _shown(self, question: Question, value: Any) -> str:
        return ", ".join(self._parts(question, value))

    def _facts(self, question: Question, value: Any) -> list[str]:
        return value
