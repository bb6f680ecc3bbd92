"""A line of text."""

from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict

from msme_calls.questions.kind import Kind, Question
from msme_calls.questions.lengths import length_problems, sample


class ShortText(Kind):
    key, label, order = "short-text", _l("Short text"), 10
    settings: tuple[str, ...] = ("max_words", "max_chars")
    own = True

    def read(self, question: Question, form: MultiDict[str, str]) -> str:
        return " ".join(super().read(question, form).split())

    def imported(self, question: Question, text: str) -> str:
        return " ".join(super().imported(question, text).split())

    def example(self, question: Question, n: int) -> str:
        return sample(question.options, super().example(question, n))

    def _problems(self, question: Question, value: str) -> list[str]:
        return length_problems(question.options, value)
