"""When a question is asked: conditions over earlier answers, as a closed tree of comparisons; no text is run.

`static/js/shown.js` evaluates the same tree in the browser; both are held to the same examples by a test.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

Facts = Mapping[str, Sequence[str]]  # question key → what its answer says; nothing, or absent: not answered


@dataclass(frozen=True)
class Comparison:
    """What the answer to one earlier question has to be."""

    on: str  # the earlier question's key
    operator: str  # a key of OPERATORS
    value: str = ""


@dataclass(frozen=True)
class Both:
    """Whether all, or any, of these hold. Without any, it always holds."""

    of: tuple["Comparison | Both", ...] = ()
    match: str = "all"  # or "any"


def _number(text: str) -> Decimal | None:
    return Decimal(text) if re.fullmatch(r"-?[0-9]{1,30}(\.[0-9]{1,30})?", text) else None


def _compared(said: Sequence[str], value: str, fits: Callable[[Decimal, Decimal], bool]) -> bool:
    numbers = _number(said[0]) if said else None, _number(value)
    return numbers[0] is not None and numbers[1] is not None and fits(numbers[0], numbers[1])


# Only `unanswered` holds for a question that isn't answered.
OPERATORS: dict[str, Callable[[Sequence[str], str], bool]] = {
    "is": lambda said, value: value in said,
    "is-not": lambda said, value: bool(said) and value not in said,
    "at-least": lambda said, value: _compared(said, value, Decimal.__ge__),
    "at-most": lambda said, value: _compared(said, value, Decimal.__le__),
    "answered": lambda said, value: bool(said),
    "unanswered": lambda said, value: not said,
}
VALUED = ("is", "is-not", "at-least", "at-most")  # those that compare with a value


def holds(tree: Comparison | Both, facts: Facts) -> bool:
    """Whether a tree holds under these answers. An operator nobody knows never holds."""
    if isinstance(tree, Comparison):
        operator = OPERATORS.get(tree.operator)
        return operator is not None and operator(facts.get(tree.on, ()), tree.value)
    if not tree.of:
        return True
    return (any if tree.match == "any" else all)(holds(part, facts) for part in tree.of)


def shown(questions: Iterable[tuple[str, Both]], facts: Facts) -> set[str]:
    """The keys of the questions that are asked. `questions`: each with its tree, in the form's order.

    A question that isn't asked counts as not answered for those after it, and so does a later one.
    """
    asked: dict[str, Sequence[str]] = {}
    for key, tree in questions:
        if holds(tree, asked):
            asked[key] = facts.get(key, ())
    return set(asked)
