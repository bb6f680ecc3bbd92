"""The form by which coordinators set a task: a question of some kind, with whom it is asked of and until when."""

from typing import Any

from wtforms import SelectMultipleField
from wtforms.validators import DataRequired

from msme_calls import questions
from msme_calls.calls.forms.fields import IN_LIST, LocalTime, typed_time
from msme_calls.calls.forms.parts import QuestionForm, question_form
from msme_calls.calls.models import Call
from msme_calls.decisions.models import Outcome
from msme_calls.decisions.rules import OUTCOMES
from msme_calls.i18n import _l
from msme_calls.tasks import rules
from msme_calls.tasks.actions import Content
from msme_calls.tasks.models import Task

KINDS = {
    key: kind.label for key, kind in questions.KINDS.items() if key not in ("organisation-type", "language", "people")
}  # what can be asked of somebody who was chosen


class TaskForm(QuestionForm):
    """A question that is asked after the result."""

    hidden = None  # nobody is blind after the result, and nothing of it is published by itself
    public = None
    call: Call

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        asked = [o for o in Outcome if o.value in self.call.outcomes and o.public]
        self["outcomes"].choices = {o.value: str(OUTCOMES[o]) for o in asked}

    @property
    def task(self) -> Content:
        """What was typed, once it is valid."""
        words = self.wording
        asked, due = list(self["outcomes"].data), self["due"].instant
        return Content(words.label, words.help, bool(self.required.data), asked, due, self.options)

    def validate(self, extra_validators: Any = None) -> bool:
        good = super().validate(extra_validators)
        due: LocalTime = self["due"]
        if not due.in_zone(self.call.zone):
            return False
        if wrong := rules.no_due(due.instant, self.call.result_at):
            due.errors = [wrong]
            return False
        return good


def task_form(kind: str, call: Call) -> type[TaskForm]:
    """The form of a task of this kind in a call."""
    extra: dict[str, Any] = {
        "outcomes": SelectMultipleField(
            _l("Asked of"),
            [DataRequired(_l("Choose whom it is asked of."))],
            invalid_choice_message=IN_LIST,
        ),
        "due": LocalTime(
            _l("To be handed in by"),
            description=_l("Late is still taken, and marked so. In the time zone of the call."),
        ),
        "call": call,
        "hidden": None,
        "public": None,
    }
    return type("TaskForm", (TaskForm, question_form(kind)), extra)


def of(task: Task | None, call: Call, form: type[TaskForm]) -> dict[str, Any]:
    """What the form shows of a task, or of a new one."""
    first = [o.value for o in Outcome if o.value in call.outcomes and o.public][:1]
    found = form.of(task)  # a task is a question with a date
    if task is None:
        return {**found, "outcomes": first, "due": ""}
    return {**found, "outcomes": task.outcomes, "due": typed_time(task.due_at, call.zone)}
