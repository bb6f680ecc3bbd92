"""Which questions are asked under the answers given so far: the conditions of a form's questions, evaluated."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from msme_calls.questions.conditions import Both, Comparison, shown
from msme_calls.questions.registry import kind_of

Asked = TypeVar("Asked", bound=Any)  # a question, perhaps with `conditions` and `match`


def tree(question: Any) -> Both:
    """When a question is asked; always, if it has no condition."""
    rows = getattr(question, "conditions", ())
    if not rows:
        return Both()
    return Both(tuple(Comparison(c.depends_on.key, c.operator, c.value) for c in rows), question.match)


def facts(questions: Iterable[Any], answers: Mapping[str, Any]) -> dict[str, list[str]]:
    """What conditions can see of answers."""
    return {q.key: kind_of(q).facts(q, answers.get(q.key)) for q in questions}


def asked(questions: Iterable[Asked], answers: Mapping[str, Any]) -> list[Asked]:
    """The questions that are asked under these answers, in their order. `questions`: all of a form, in its order."""
    whole = list(questions)
    if not any(getattr(q, "conditions", ()) for q in whole):
        return whole
    there = shown([(q.key, tree(q)) for q in whole], facts(whole, answers))
    return [q for q in whole if q.key in there]
