"""Text of several paragraphs, with a least and a greatest number of words."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from msme_calls.questions.kind import Kind, Question
from msme_calls.questions.lengths import length_problems, sample, words


class LongText(Kind):
    key, label, order, control = "long-text", _l("Long text"), 20, "area"
    settings = ("min_words", "max_words")
    own = True
    count = staticmethod(words)

    def example(self, question: Question, n: int) -> str:
        sentence = _("This is an invented answer, written to rehearse the call: it says nothing of anybody.")
        return sample(question.options, f"{super().example(question, n)}. {sentence}")

    def _problems(self, question: Question, value: str) -> list[str]:
        return length_problems(question.options, value)

    def _parts(self, question: Question, value: str) -> list[str]:
        return [line for line in value.split("\n") if line.strip()]
