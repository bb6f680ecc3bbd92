"""The order of proposals: by the mean, then by the call's published tie-breaks, last by a draw anyone can recompute."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

from msme_calls.reviews.scoring import billionths

Ref = TypeVar("Ref")
_WIDTH = 12  # digits of a criterion's mean in billionths: scores of at most 999


def tie_text(means: Sequence[Fraction | None]) -> str:
    """The tie-breaks as one text that sorts like them: each criterion's mean in billionths, zero-padded.

    A criterion that nobody could judge sorts below every score.
    """
    return "/".join("-" * _WIDTH if m is None else f"{billionths(m):0{_WIDTH}}" for m in means)


def draw(call: str, reference: str) -> str:
    """The last resort: SHA-256 of “call:reference” in hexadecimal; the higher wins. Fixed when a reference is given."""
    return hashlib.sha256(f"{call}:{reference}".encode()).hexdigest()


@dataclass(frozen=True)
class Place:
    """A place in the ranking: its number from 1, and whether only the draw parts it from a neighbour."""

    number: int
    tied: bool

    def __str__(self) -> str:
        return f"{self.number}=" if self.tied else str(self.number)


def places(rows: Iterable[tuple[Ref, int | None, str]]) -> dict[Ref, Place | None]:
    """Places of rows (reference, mean in billionths, tie text) that are in ranking order; None without a mean.

    Equal mean and equal tie-breaks share a place (“4=”), though the draw orders them.
    """
    ordered = list(rows)
    found: dict[Ref, Place | None] = {}
    number = 0
    for n, (ref, mean, ties) in enumerate(ordered):
        if mean is None:
            found[ref] = None
            continue
        same_before = n > 0 and ordered[n - 1][1:] == (mean, ties)
        same_after = n + 1 < len(ordered) and ordered[n + 1][1:] == (mean, ties)
        number = number if same_before else n + 1
        found[ref] = Place(number, same_before or same_after)
    return found
