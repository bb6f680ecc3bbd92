"""When a question is asked: conditions on earlier answers are set until the call opens, then stand as published."""

from datetime import datetime

from msme_calls import history
from msme_calls.accounts.models import Person
from msme_calls.calls import depending, rules
from msme_calls.calls.actions import parts
from msme_calls.calls.models import Condition, Question
from msme_calls.errors import allow


def add(question: Question, on: Question, operator: str, value: str, *, by: Person, at: datetime) -> Condition:
    """Ask a question only if an earlier answer is so."""
    allow(rules.no_set_up(question.section.call.life, at))
    allow(depending.no_condition(question))
    allow(depending.no_more(question, on, operator, value))
    condition = Condition(position=parts.last(question.conditions), depends_on=on, operator=operator, value=value)
    question.conditions.append(condition)
    _record(question, by, at)
    return condition


def remove(condition: Condition, *, by: Person, at: datetime) -> None:
    """Take a condition away; without any, the question is always asked."""
    question = condition.question
    allow(rules.no_set_up(question.section.call.life, at))
    question.conditions.remove(condition)
    _record(question, by, at)


def match(question: Question, how: str, *, by: Person, at: datetime) -> None:
    """Say whether all of a question's conditions have to hold, or any."""
    allow(rules.no_set_up(question.section.call.life, at))
    if question.match != how:
        question.match = how
        _record(question, by, at)


def _record(question: Question, by: Person, at: datetime) -> None:
    words = parts.words(question.label)
    history.record("condition-question", by=by, at=at, call=question.section.call, question=words)
