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


def review_score(scores: Mapping[str, int | None], criteria: Sequence[Weighted], scale: int = 5) -> Fraction | None:
    """The weighted mean of the criteria answered, on a scale from 0 to `scale`; None if none was answered.

    `scores`: criterion key → whole score, None for “can't judge”, absent if skipped. Raises ValueError off the scale.
    """
    total, weights = Fraction(0), 0
    for c in criteria:
        score = scores.get(c.key)
        if score is None:
            continue
        if isinstance(score, bool) or not 0 <= score <= c.scale:
            raise ValueError(f"{c.key}: {score} is not between 0 and {c.scale}")
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
