"""An economy."""

from flask_babel import lazy_gettext as _l

from msme_calls import i18n
from msme_calls.questions.kind import Question
from msme_calls.questions.kinds.choice import Choice


class Economy(Choice):
    key, label, order, control = "economy", _l("Economy"), 80, "select"
    settings = ()

    def choices(self, question: Question) -> dict[str, str]:
        return i18n.economies(i18n.language())
