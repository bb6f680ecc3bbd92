"""Yes or no."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict

from msme_calls.questions.kind import Question
from msme_calls.questions.kinds.choice import Choice


class YesNo(Choice):
    key, label, order, control = "yes-no", _l("Yes or no"), 50, "yes_no"
    settings = ("must",)
    operators = ("is", "answered", "unanswered")

    def choices(self, question: Question) -> dict[str, str]:
        return {"yes": _("Yes"), "no": _("No")}

    def read(self, question: Question, form: MultiDict[str, str]) -> str:
        value = form.get(question.key, "")
        return value if value in ("yes", "no") else ""

    def example(self, question: Question, n: int) -> str:
        return "no" if n % 4 == 0 and question.options.get("must") != "yes" else "yes"

    def _problems(self, question: Question, value: str) -> list[str]:
        if question.options.get("must") == "yes" and value != "yes":
            return [_("This call takes only proposals that can say yes here.")]
        return [] if value in ("yes", "no") else [_("Answer with yes or no.")]
