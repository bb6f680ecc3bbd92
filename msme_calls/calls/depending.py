"""What one question's being asked depends on: which acts on a form that forbids, with the reason; plain Python."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from msme_calls import i18n
from msme_calls.i18n import _l
from msme_calls.questions import kind_of

MOST = 10  # conditions of one question


def dependents(questions: Sequence[Any], on: Any) -> list[Any]:
    """The questions that are asked depending on this one."""
    return [q for q in questions if any(c.depends_on is on for c in q.conditions)]


def no_removal(questions: Sequence[Any], gone: Collection[Any]) -> str | None:
    """Against taking questions away: one that stays is asked depending on one of them."""
    for question in gone:
        for other in dependents(questions, question):
            if not any(other is each for each in gone):
                return _l(
                    "“%(question)s” can’t be removed: whether “%(other)s” is asked depends on it. Change that first.",
                    question=i18n.said(question.label), other=i18n.said(other.label),
                )  # fmt: skip
    return None


def no_choices(questions: Sequence[Any], question: Any, left: Collection[str]) -> str | None:
    """Against leaving these choices of a question only: another one is asked depending on one that goes."""
    for other, value in _named(questions, question):
        if value not in left:
            return _l(
                "“%(choice)s” can’t be taken away: whether “%(other)s” is asked depends on it. Change that first.",
                choice=kind_of(question).comparable(question).get(value, value), other=i18n.said(other.label),
            )  # fmt: skip
    return None


def _named(questions: Sequence[Any], question: Any) -> Iterator[tuple[Any, str]]:
    for other in dependents(questions, question):
        for condition in other.conditions:
            if condition.depends_on is question and condition.operator in ("is", "is-not"):
                yield other, condition.value


def earlier(questions: Sequence[Any], question: Any) -> list[Any]:
    """The questions that this one may depend on: all before it whose kind can be compared."""
    before: list[Any] = []
    for each in questions:
        if each is question:
            return before
        if kind_of(each).operators:
            before.append(each)
    return before


def no_condition(question: Any) -> str | None:
    """Against any condition of a question."""
    if question.feeds:
        return _l("Every proposal needs the answer to this question, so it is always asked.")
    return None


def no_more(question: Any, on: Any, operator: str, value: str) -> str | None:
    """Against one more condition of a question."""
    if any((c.depends_on is on, c.operator, c.value) == (True, operator, value) for c in question.conditions):
        return _l("This condition is there already.")
    if len(question.conditions) >= MOST:
        return _l("A question can have at most %(most)d conditions.", most=MOST)
    return None


def tells(question: Any) -> Any:
    """The question hidden from reviewers of which this one's being asked would tell the answer, if there is one."""
    for condition in question.conditions:
        if condition.depends_on.hidden:
            return condition.depends_on
        if found := tells(condition.depends_on):
            return found
    return None
