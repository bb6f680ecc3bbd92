"""A number, kept as plain digits with a point, so that “1.250” means the same whoever reads it in another language."""

import re
from decimal import Decimal
from typing import Any

from babel.numbers import NumberFormatError, format_decimal, get_decimal_symbol, parse_decimal
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict

from msme_calls import i18n
from msme_calls.questions.kind import Kind, Question


class Number(Kind):
    key, label, order, control = "number", _l("Number"), 30, "number"
    settings = ("min", "max")
    operators = ("at-least", "at-most", "answered", "unanswered")

    @staticmethod
    def digits(text: str) -> str | None:
        """The digits that a text means in this language (or as English writes them), or None.

        The browser reads them in the same way, to show later questions: `shown.js`.
        """
        compact = re.sub(r"\s", "", text).replace("−", "-")
        if not re.fullmatch(r"[-+]?[\d.,’']{1,30}", compact):
            return None
        for locale in (i18n.language(), "en"):
            try:
                return format(parse_decimal(compact, locale=locale, strict=True), "f")
            except NumberFormatError:
                pass
        return None

    @staticmethod
    def value(text: str) -> Decimal | None:
        """The number of an answer as it is kept, or None if what was typed is none."""
        return Decimal(text) if re.fullmatch(r"-?[0-9]{1,30}(\.[0-9]{1,30})?", text) else None

    def read(self, question: Question, form: MultiDict[str, str]) -> str:
        return self.imported(question, form.get(question.key, ""))

    def imported(self, question: Question, text: str) -> str:
        text = i18n.normal(text)
        return self.digits(text) or text

    def example(self, question: Question, n: int) -> str:
        least, most = question.options.get("min"), question.options.get("max")
        number = max(Decimal(n), Decimal(str(least))) if least is not None else Decimal(n)
        return format(min(number, Decimal(str(most))) if most is not None else number, "f")

    def _typed(self, question: Question, value: str) -> str:
        return value if self.value(value) is None else value.replace(".", get_decimal_symbol(i18n.language()))

    def _plain(self, question: Question, value: str) -> str:
        return self._typed(question, value)

    def _problems(self, question: Question, value: str) -> list[str]:
        number = self.value(value)
        if number is None:
            return [_("Write the number in figures, for example 85.")]
        least, most = question.options.get("min"), question.options.get("max")
        if least is not None and number < Decimal(str(least)):
            return [_("Write a number of at least %(least)s.", least=figure(least))]
        if most is not None and number > Decimal(str(most)):
            return [_("Write a number of at most %(most)s.", most=figure(most))]
        return []

    def _shown(self, question: Question, value: str) -> str:
        number = self.value(value)
        return value if number is None else figure(number)

    def _exported(self, question: Question, value: str) -> Any:
        number = self.value(value)
        if number is None:
            return value
        return int(number) if number == int(number) else float(number)


def figure(number: Any) -> str:
    """A number as this language writes it."""
    return format_decimal(number, locale=i18n.language())
