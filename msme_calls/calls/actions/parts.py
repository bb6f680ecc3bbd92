"""Rows of a call that have an order: keys for new ones, and moving one up or down."""

import re
from collections.abc import Iterable
from typing import Any

from msme_calls import i18n


def key_for(words: dict[str, str], taken: Iterable[str], otherwise: str) -> str:
    """A key for a new part, from its words: letters of our alphabet and digits; none that is taken."""
    plain = re.sub(r"[^a-z0-9]+", "_", i18n.folded(i18n.said(words, "en"))).strip("_")[:40].strip("_")
    key = plain if plain[:1].isalpha() else otherwise
    numbers, used = iter(range(2, 10_000)), set(taken)
    found = key
    while found in used:
        found = f"{key}_{next(numbers)}"
    return found


def shift(rows: list[Any], row: Any, step: int) -> bool:
    """Move a row one place up (-1) or down (1) among its like, and number all anew; False at either end."""
    ordered = sorted(rows, key=lambda r: r.position)
    here = ordered.index(row)
    if not 0 <= here + step < len(ordered):
        return False
    ordered[here], ordered[here + step] = ordered[here + step], ordered[here]
    for n, each in enumerate(ordered):
        each.position = n
    return True


def last(rows: list[Any]) -> int:
    """The position after all others."""
    return max((r.position for r in rows), default=-1) + 1


def words(written: dict[str, str]) -> dict[str, str]:
    """What a part is called now, for the history: it reads the same when the part is worded anew or gone."""
    return {language: text for language, text in written.items() if text}
