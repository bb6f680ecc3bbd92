"""Scores: exact weighted means over what was answered. Missing is not zero, and not a lower sum."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt

BILLION = 10**9


@dataclass(frozen=True)
class Weighted:
    """A criterion for scoring: its key, weight (> 0) and highest score (scores run from 0 to it)."""

    key: str
    weight: int
    scale: int = 5

    def __post_init__(self) -> None:
        if self.weight <= 0 or self.scale <= 0:
            raise ValueError(f"{self.key}: weight and scale are above 0")


def top(criteria: Iterable[Weighted]) -> int:
    """The highest mean that there can be: the longest of the criteria's scales."""
    return max((c.scale for c in criteria), default=5)


def review_score(scores: Mapping[str, int | None], criteria: Sequence[Weighted]) -> Fraction | None:
    """The weighted mean of the criteria answered, on a scale from 0 to `top(criteria)`; None if none was answered.

    `scores`: criterion key → whole score, None for “can't judge”, absent if skipped. A criterion with a shorter scale
    counts in proportion. Raises ValueError for anything but a whole number on the criterion's scale.
    """
    scale = top(criteria)
    total, weights = Fraction(0), 0
    for c in criteria:
        score = scores.get(c.key)
        if score is None:
            continue
        if type(score) is not int or not 0 <= score <= c.scale:
            raise ValueError(f"{c.key}: {score!r} is no whole number from 0 to {c.scale}")
        total += c.weight * Fraction(score * scale, c.scale)
        weights += c.weight
    return total / weights if weights else None


def mean(values: Iterable[Fraction | None]) -> Fraction | None:
    """The mean of the values there are, or None."""
    known = [v for v in values if v is not None]
    return sum(known, Fraction(0)) / len(known) if known else None


def spread(values: Iterable[Fraction | None]) -> int | None:
    """The sample standard deviation of two or more values, in billionths (rounded down), or None."""
    known = [v for v in values if v is not None]
    middle = mean(known)
    if middle is None or len(known) < 2:
        return None
    variance = sum(((v - middle) ** 2 for v in known), Fraction(0)) / (len(known) - 1)
    return isqrt(int(variance * BILLION**2))


def billionths(value: Fraction | None) -> int | None:
    """An exact value as a whole number of billionths, rounded half to even: what is stored and ranked by."""
    return None if value is None else round(value * BILLION)
