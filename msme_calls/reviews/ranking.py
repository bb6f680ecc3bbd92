"""The order of proposals: by the mean, then by the call's published tie-breaks, last by a draw anyone can recompute."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

from msme_calls.reviews.scoring import billionths

Ref = TypeVar("Ref")
_WIDTH = 12  # digits of a criterion's mean in billionths: scores of at most 998


def tie_text(means: Sequence[Fraction | None]) -> str:
    """The tie-breaks as one text that sorts like them: for each criterion 1 + its mean in billionths, zero-padded.

    A criterion that nobody could judge is all zeros: below every score, 0 included. Digits of one width and the same
    strokes between them sort alike under every collation; PostgreSQL's look past punctuation, so no dash says "none".
    """
    return "/".join(f"{0 if m is None else 1 + (billionths(m) or 0):0{_WIDTH}}" for m in means)


def draw(seed: str, reference: str) -> str:
    """The last resort: SHA-256 of “seed:reference” in hexadecimal; the higher wins.

    The seed is made once nothing can be submitted any more, so that nobody can choose among references by it.
    """
    return hashlib.sha256(f"{seed}:{reference}".encode()).hexdigest()


@dataclass(frozen=True)
class Place:
    """A place in the ranking: its number from 1, and whether only the draw parts it from a neighbour."""

    number: int
    tied: bool

    def __str__(self) -> str:
        return f"{self.number}=" if self.tied else str(self.number)


def places(rows: Iterable[tuple[Ref, int | None, str]]) -> dict[Ref, Place | None]:
    """Places of rows (reference, mean in billionths, tie text) that are in ranking order; None without a mean.

    Equal mean and equal tie-breaks share a place (“4=”), though the draw orders them. Rows without a mean come last.
    Raises ValueError for rows in another order, whose places would mean nothing.
    """
    ordered = list(rows)
    found: dict[Ref, Place | None] = {}
    number = 0
    for n, (ref, mean, ties) in enumerate(ordered):
        if n and _key(ordered[n - 1]) < _key(ordered[n]):
            raise ValueError(f"{ref!r} is not in ranking order")
        if mean is None:
            found[ref] = None
            continue
        same_before = n > 0 and ordered[n - 1][1:] == (mean, ties)
        same_after = n + 1 < len(ordered) and ordered[n + 1][1:] == (mean, ties)
        number = number if same_before else n + 1
        found[ref] = Place(number, same_before or same_after)
    return found


def _key(row: tuple[Ref, int | None, str]) -> tuple[int, str]:
    _ref, mean, ties = row
    return (-1, "") if mean is None else (mean, ties)
