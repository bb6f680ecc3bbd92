"""A day."""

import datetime
import re

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from msme_calls import i18n
from msme_calls.questions.kind import Kind, Question


class Date(Kind):
    key, label, order, control = "date", _l("Date"), 40, "date"

    @staticmethod
    def value(text: str) -> datetime.date | None:
        """The day of an answer, or None if what was typed is none."""
        try:
            whole = re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text)
            return datetime.date.fromisoformat(text) if whole else None
        except ValueError:
            return None

    def example(self, question: Question, n: int) -> str:
        return (datetime.date(2027, 1, 1) + datetime.timedelta(days=n)).isoformat()

    def _problems(self, question: Question, value: str) -> list[str]:
        if self.value(value) is None:
            return [_("Write the date as year, month and day, for example 2027-09-01.")]
        return []

    def _shown(self, question: Question, value: str) -> str:
        day = self.value(value)
        return value if day is None else i18n.date_words(day)

    def _exported(self, question: Question, value: str) -> str:
        return value
