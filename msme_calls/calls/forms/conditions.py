"""The form of a condition: what the answer to an earlier question has to be."""

from typing import Any

from flask_wtf import FlaskForm
from wtforms import RadioField, SelectField, StringField

from msme_calls.calls.forms.fields import IN_LIST
from msme_calls.calls.models import Question
from msme_calls.i18n import _l
from msme_calls.questions import KINDS
from msme_calls.questions.conditions import VALUED
from msme_calls.questions.kinds.number import Number

OPERATORS = {
    "is": _l("is the one chosen below"),
    "is-not": _l("is given, but is not the one chosen below"),
    "at-least": _l("is the number below or more"),
    "at-most": _l("is the number below or less"),
    "answered": _l("is given, whatever it is"),
    "unanswered": _l("is not given"),
}
SEVERAL = {
    "is": _l("includes the one chosen below"),
    "is-not": _l("is given, but does not include the one chosen below"),
}


class ConditionForm(FlaskForm):
    """How an answer is compared; `condition_form` adds with what, where there is something to compare with."""

    class Meta:
        csrf = False  # every request is checked before it comes here

    kind = ""
    operator: RadioField

    def validate(self, extra_validators: Any = None) -> bool:
        good = super().validate(extra_validators)
        if good and self.operator.data in VALUED and not self.compared:
            number = "at-least" in KINDS[self.kind].operators
            said = _l("Write the number in figures, for example 85.") if number else _l("Choose in the list.")
            self["value"].errors = [str(said)]
            return False
        return good

    @property
    def compared(self) -> str:
        """What is compared with, as conditions keep it; "" if nothing is, or it can't be read."""
        if self.operator.data not in VALUED:
            return ""
        typed = self["value"].data or ""
        if "at-least" not in KINDS[self.kind].operators:
            return str(typed)
        digits = Number.digits(typed) or ""
        return digits if Number.value(digits) is not None else ""


def condition_form(on: Question) -> type[ConditionForm]:
    """The form of a condition on a question."""
    kind = KINDS[on.kind]
    words = {**OPERATORS, **(SEVERAL if kind.key == "choices" else {})}
    offered = {operator: str(words[operator]) for operator in kind.operators}
    made: dict[str, Any] = {
        "kind": kind.key,
        "operator": RadioField(
            _l("The answer …"), choices=offered, default=kind.operators[0], invalid_choice_message=IN_LIST
        ),
    }
    if known := kind.comparable(on):
        first = {"": str(_l("Choose in the list"))}
        made["value"] = SelectField(_l("This answer"), choices=first | known, invalid_choice_message=IN_LIST)
    elif "at-least" in kind.operators:
        made["value"] = StringField(_l("This number"))
    return type("ConditionForm", (ConditionForm,), made)
