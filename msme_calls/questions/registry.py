"""The kinds there are: one class in each file of `kinds/`, found by looking there."""

import importlib
import pkgutil
from collections.abc import Iterator

from msme_calls.questions import kinds
from msme_calls.questions.kind import Kind, Question


def _found() -> Iterator[Kind]:
    for module in pkgutil.iter_modules(kinds.__path__):
        name = f"{kinds.__name__}.{module.name}"
        for each in vars(importlib.import_module(name)).values():
            if isinstance(each, type) and issubclass(each, Kind) and each.__module__ == name:
                yield each()


KINDS: dict[str, Kind] = {kind.key: kind for kind in sorted(_found(), key=lambda kind: kind.order)}


def kind_of(question: Question) -> Kind:
    """The kind of a question."""
    return KINDS[question.kind]


def problems(question: Question, value: object) -> list[str]:
    """Everything that stands against handing in this answer: missing if required, else what its kind finds."""
    kind = kind_of(question)
    if kind.is_blank(value):
        return [str(kind.missing)] if question.required else []
    return kind.problems(question, value)
