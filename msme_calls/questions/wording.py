"""Conditions in words: for applicants without a script, for coordinators who set them, for paper."""

from typing import Any

from flask_babel import gettext as _

from msme_calls import i18n
from msme_calls.questions.asking import tree
from msme_calls.questions.conditions import Both, Comparison
from msme_calls.questions.kinds.number import figure
from msme_calls.questions.registry import kind_of


def clause(condition: Any) -> str:
    """One condition, to stand after “if”."""
    earlier = condition.depends_on
    words = {"question": i18n.said(earlier.label), "answer": _answer(earlier, condition.value)}
    return {
        "is": _("“%(question)s” is answered with “%(answer)s”", **words),
        "is-not": _("“%(question)s” is answered, but not with “%(answer)s”", **words),
        "at-least": _("the answer to “%(question)s” is %(answer)s or more", **words),
        "at-most": _("the answer to “%(question)s” is %(answer)s or less", **words),
        "answered": _("“%(question)s” is answered", **words),
        "unanswered": _("“%(question)s” is not answered", **words),
    }[condition.operator]


def _answer(question: Any, value: str) -> str:
    known = kind_of(question).comparable(question)
    if known:
        return known.get(value, value)
    try:
        return figure(value)
    except (ArithmeticError, ValueError):
        return value


def clauses(question: Any) -> str:
    """All conditions of a question, to stand after “if”; "" if it is always asked."""
    said = [clause(c) for c in question.conditions]
    if question.match == "all" or len(said) < 2:
        return i18n.join(said)
    return _("%(first)s or %(last)s", first=", ".join(said[:-1]), last=said[-1])


def answer_if(question: Any) -> str:
    """What applicants are told of a question that isn't always asked; "" for the others."""
    said = clauses(question) if getattr(question, "conditions", ()) else ""
    return _("Answer this if %(conditions)s.", conditions=said) if said else ""


def shown_if(question: Any) -> Any:
    """A question's tree as `shown.js` evaluates it; None if it is always asked."""
    return _plain(tree(question)) if getattr(question, "conditions", ()) else None


def _plain(node: Both | Comparison) -> Any:
    if isinstance(node, Comparison):
        return [node.on, node.operator, node.value]
    return {"match": node.match, "of": [_plain(part) for part in node.of]}
