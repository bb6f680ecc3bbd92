"""Invented answers: each kind of question has one that it takes, however narrow its limits are."""

from dataclasses import dataclass, field
from typing import Any

import flask
import pytest

from msme_calls import i18n
from msme_calls.questions import KINDS, problems

CHOICES = [{"key": k, "label": {"en": f"Choice {k}"}} for k in ("a", "b")]
OPTIONS: dict[str, list[dict[str, Any]]] = {
    "short-text": [{}, {"max_words": 1}, {"max_chars": 3}],
    "long-text": [{}, {"min_words": 300, "max_words": 300}, {"max_words": 2}],
    "number": [{}, {"min": 1000}, {"max": -5}, {"min": 0.5, "max": 0.75}],
    "yes-no": [{}, {"must": "yes"}],
    "choice": [{"choices": CHOICES}],
    "choices": [{"choices": CHOICES}],
    "table": [{"columns": CHOICES}, {"columns": CHOICES, "min_rows": 5}, {"columns": CHOICES, "max_rows": 1}],
    "people": [{}, {"max_people": 1}],
    "organisation-type": [{"types": ["ngo"]}],
    "language": [{"languages": ["fr"]}],
}


@dataclass
class Asked:
    kind: str
    options: dict[str, Any]
    key: str = "asked"
    required: bool = True
    label: dict[str, str] = field(default_factory=dict)


@pytest.mark.parametrize("kind", [key for key in KINDS if key != "file"])
def test_the_example_of_a_kind_is_an_answer_that_it_takes(app: flask.Flask, kind: str) -> None:
    """Files come on their own way."""
    for options in OPTIONS.get(kind, [{}]):
        question = Asked(kind, options)
        for lang in i18n.LANGUAGES:
            with i18n.use(lang):
                for n in (1, 2, 3, 4, 30):
                    given = KINDS[kind].example(question, n)
                    assert problems(question, given) == [], (options, given)
