"""Questions added to a call's form, with the conditions under which they are asked."""

from typing import Any

import world

from msme_calls.calls.models import Condition, Question, Section


def add(
    section: Section,
    key: str,
    kind: str = "short-text",
    on: Any = None,
    operator: str = "is",
    value: str = "",
    match: str = "all",
    **values: Any,
) -> Question:
    """One more required question at the end of a section, asked only if those `on` are so answered."""
    made = Question(position=90 + len(section.questions), key=key, kind=kind, label=world.three(key.title()), **values)
    section.questions.append(made)
    for n, earlier in enumerate(on if isinstance(on, list) else [on] if on else []):
        made.conditions.append(Condition(position=n, depends_on=earlier, operator=operator, value=value))
    made.match = match
    return made
