"""Scores are exact, missing is not zero, and the order of reviews has no part in them. Threat D11."""

from fractions import Fraction
from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msme_calls.reviews.scoring import Weighted, billionths, mean, review_score, spread, top

KEYS = ("a", "b", "c", "d")
weights = st.lists(st.integers(1, 100), min_size=1, max_size=4)
sheets = st.dictionaries(st.sampled_from(KEYS), st.none() | st.integers(0, 5))
fractions = st.lists(st.fractions(0, 5, max_denominator=100), max_size=8)


def criteria(of: list[int], scale: int = 5) -> list[Weighted]:
    return [Weighted(key, weight, scale) for key, weight in zip(KEYS, of, strict=False)]


def test_a_weighted_mean():
    assert review_score({"a": 4, "b": 2}, criteria([30, 10])) == Fraction(14, 4)


def test_missing_is_neither_zero_nor_a_lower_sum():
    both = criteria([30, 70])
    assert review_score({"a": 4}, both) == review_score({"a": 4, "b": None}, both) == 4
    assert review_score({"a": 4, "b": 0}, both) == Fraction(12, 10)
    assert review_score({"a": None}, both) is None is review_score({}, both)


def test_equal_scores_tie_exactly_where_floats_do_not():
    ten = criteria([1, 2, 7])
    sheets = ({"a": 1, "b": 1, "c": 3}, {"a": 2, "b": 4, "c": 2})
    assert [review_score(s, ten) for s in sheets] == [Fraction(24, 10)] * 2
    assert 0.1 * 1 + 0.2 * 1 + 0.7 * 3 != 0.1 * 2 + 0.2 * 4 + 0.7 * 2


def test_a_shorter_scale_counts_in_proportion():
    mixed = [Weighted("a", 1, 10), Weighted("b", 1, 5)]
    assert (top(mixed), review_score({"a": 10, "b": 5}, mixed), review_score({"b": 2}, mixed)) == (10, 10, 4)


@pytest.mark.parametrize("score", [-1, 6, True, 2.5, "4"])
def test_nothing_but_whole_numbers_on_the_scale(score):
    with pytest.raises(ValueError, match="a: "):
        review_score({"a": score}, criteria([1]))


@pytest.mark.parametrize("value", [0, -3])
def test_weights_and_scales_are_above_zero(value):
    for given_ in ({"weight": value}, {"weight": 1, "scale": value}):
        with pytest.raises(ValueError, match="above 0"):
            Weighted("a", **given_)


@given(weights, sheets)
def test_a_score_lies_between_the_lowest_and_the_highest_answer(of, sheet):
    asked = criteria(of)
    answered = [s for c in asked if (s := sheet.get(c.key)) is not None]
    score = review_score(sheet, asked)
    assert score is None if not answered else min(answered) <= score <= max(answered)


@given(weights, sheets, st.integers(2, 9))
def test_a_criterion_that_nobody_answered_changes_nothing(of, sheet, more):
    asked = criteria(of)
    assert review_score(sheet, [*asked, Weighted("unanswered", more)]) == review_score(sheet, asked)


@given(weights, sheets, st.integers(2, 9))
def test_only_the_proportion_of_weights_counts(of, sheet, factor):
    assert review_score(sheet, criteria(of)) == review_score(sheet, criteria([w * factor for w in of]))


@given(weights, st.dictionaries(st.sampled_from(KEYS), st.integers(0, 4), min_size=1))
def test_one_point_more_everywhere_is_one_point_more(of, sheet):
    before = review_score(sheet, criteria(of))
    after = review_score({k: s + 1 for k, s in sheet.items()}, criteria(of))
    assert after == (None if before is None else before + 1)


@given(weights, sheets)
def test_twice_the_scale_and_twice_the_scores_is_twice_the_score(of, sheet):
    once = review_score(sheet, criteria(of))
    twice = review_score({k: s if s is None else 2 * s for k, s in sheet.items()}, criteria(of, scale=10))
    assert twice == (None if once is None else 2 * once)


@given(weights, sheets, st.randoms())
def test_the_order_of_criteria_has_no_part_in_it(of, sheet, random):
    asked = criteria(of)
    mixed = random.sample(asked, len(asked))
    assert review_score(sheet, mixed) == review_score(sheet, asked)


@given(fractions, st.randoms())
def test_the_order_of_reviews_has_no_part_in_mean_and_spread(values, random):
    mixed = random.sample(values, len(values))
    assert (mean(mixed), spread(mixed)) == (mean(values), spread(values))


@given(fractions)
def test_reviews_without_a_score_stay_out_of_mean_and_spread(values):
    assert (mean([*values, None]), spread([None, *values])) == (mean(values), spread(values))


@given(fractions, st.fractions(-3, 3, max_denominator=50), st.fractions(Fraction(1, 4), 4, max_denominator=50))
def test_mean_and_spread_follow_a_shift_and_a_stretch(values, shift, factor):
    moved = [factor * v + shift for v in values]
    if values:
        assert mean(moved) == factor * mean(values) + shift
    if len(values) > 1:
        assert abs(spread(moved) - factor * spread(values)) <= 1 + factor


@given(fractions)
def test_the_spread_is_the_standard_deviation_of_the_sample(values):
    if len(values) < 2:
        assert spread(values) is None
    else:
        middle = sum(map(float, values)) / len(values)
        expected = sqrt(sum((float(v) - middle) ** 2 for v in values) / (len(values) - 1))
        assert spread(values) / 1e9 == pytest.approx(expected, abs=1e-6)


def test_billionths_round_half_to_even_and_keep_nothing_as_nothing():
    assert [billionths(Fraction(n, 2 * 10**9)) for n in (1, 3, 5)] == [0, 2, 2]
    assert (billionths(None), billionths(Fraction(10, 3)), mean([])) == (None, 3_333_333_333, None)
