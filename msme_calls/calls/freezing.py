"""What of a form may still change once the call is open, and in which order its questions can stand.

Once open, nothing may change by which an answer could be lost or become wrong: words, help, a wider limit, one more
optional question at the end of a section; nothing else.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from msme_calls.calls.phases import Life, Phase, phase
from msme_calls.calls.rules import no_form_wording, no_question, no_set_up
from msme_calls.i18n import _l

LEAST = ("min_words", "min", "min_rows")
MOST = ("max_words", "max_chars", "max", "max_mb", "max_pages", "max_files", "max_rows", "max_people")
UNSAID: Mapping[str, int] = {"max_files": 1, "max_mb": 10, "min_words": 0, "min_rows": 0}  # what no limit means here


def still(life: Life, at: datetime) -> list[tuple[Any, str | None]]:
    """What may change in the form now: each thing with the reason against it, or None."""
    fixed = no_set_up(life, at)
    return [
        (_l("Words and help of sections, questions, answers and columns"), no_form_wording(life, at)),
        (_l("A limit, if it becomes wider"), no_form_wording(life, at)),
        (_l("One more question at the end of a section, if it is optional"), no_question(life, False, at)),
        (_l("Order, removal, new sections, what is required, who sees an answer, when a question is asked"), fixed),
    ]


def no_limit(life: Life, name: str, former: int | None, new: int | None, at: datetime) -> str | None:
    """Against another limit of a question: while the call is open it may only become wider."""
    if former == new or not no_set_up(life, at):
        return None
    if reason := no_form_wording(life, at):
        return reason
    before, after = (UNSAID.get(name) if value is None else value for value in (former, new))
    wider = after is None or (before is not None and (after <= before if name in LEAST else after >= before))
    if wider:
        return None
    if phase(life, at) is Phase.OPEN and name in LEAST:
        return _l("The call is open: this limit can only become lower, so that no answer already written is wrong.")
    return _l("The call is open: this limit can only become higher, so that no answer already written is wrong.")


def no_order(questions: Iterable[Any]) -> str | None:
    """Against an order of a form's questions: each has to come after those by which it is asked or not."""
    before: set[str] = set()
    for question in questions:
        for condition in getattr(question, "conditions", ()):
            if condition.depends_on.key not in before:
                return _after(question, condition.depends_on)
        before.add(question.key)
    return None


def no_steps(sections: Sequence[Any]) -> dict[tuple[Any, str], str]:
    """Against moving a section or question one place: the reasons, by its id and "up" or "down"."""
    found = {}
    for rows in (sections, *(section.questions for section in sections)):
        for former, later in pairwise(rows):
            if reason := _no_swap(*(getattr(row, "questions", [row]) for row in (former, later))):
                found[former.id, "down"] = found[later.id, "up"] = reason
    return found


def _no_swap(former: Collection[Any], later: Iterable[Any]) -> str | None:
    for question in later:
        for condition in question.conditions:
            if any(condition.depends_on is each for each in former):
                return _after(question, condition.depends_on)
    return None


def _after(question: Any, other: Any) -> str:
    return _l(
        "“%(question)s” is asked only after certain answers to “%(other)s”, so it has to come after it.",
        question=_Said(question.label), other=_Said(other.label),
    )  # fmt: skip


class _Said:
    """A text of the call's own, in the reader's language once it is known."""

    def __init__(self, value: Mapping[str, str]) -> None:
        self.value = value

    def __str__(self) -> str:
        from msme_calls import i18n

        return i18n.said(self.value)
