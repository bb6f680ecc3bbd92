"""A language of the call."""

from flask_babel import lazy_gettext as _l

from msme_calls import i18n
from msme_calls.questions.kind import Question
from msme_calls.questions.kinds.choice import Choice


class Language(Choice):
    key, label, order = "language", _l("Language of the proposal"), 100
    settings = ()

    def choices(self, question: Question) -> dict[str, str]:
        return {k: i18n.language_label(k) for k in question.options.get("languages", i18n.LANGUAGES)}
