"""The order: by the mean, the published tie-breaks, last by a draw that anyone can recompute. Threat D11."""

import hashlib
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msme_calls.reviews.ranking import Place, draw, places, tie_text

means = st.lists(st.none() | st.fractions(0, 10, max_denominator=60), min_size=3, max_size=3)


def said(rows):
    return {ref: str(place) if place else None for ref, place in places(rows).items()}


def test_equal_mean_and_tie_breaks_share_a_place_and_the_next_number_counts_them_all():
    rows = [("a", 9, "2"), ("b", 8, "3"), ("c", 8, "3"), ("d", 8, "1"), ("e", 7, ""), ("f", None, "")]
    assert said(rows) == {"a": "1", "b": "2=", "c": "2=", "d": "4", "e": "5", "f": None}


def test_no_rows_have_no_places():
    assert places([]) == {}


def test_rows_without_a_mean_have_no_place_not_the_last():
    assert said([("a", 0, ""), ("b", None, ""), ("c", None, "")]) == {"a": "1", "b": None, "c": None}


@pytest.mark.parametrize("rows", [
    [("a", 1, ""), ("b", 2, "")], [("a", None, ""), ("b", 2, "")], [("a", 2, "1"), ("b", 2, "2")]
])  # fmt: skip
def test_rows_in_another_order_are_refused(rows):
    with pytest.raises(ValueError, match="not in ranking order"):
        places(rows)


@given(means, means)
def test_the_text_of_tie_breaks_sorts_as_the_means_do(one, other):
    def key(values):
        return [(-1, 0) if v is None else (0, v) for v in values]

    assert (tie_text(one) < tie_text(other)) == (key(one) < key(other))


@given(means, means)
def test_it_sorts_alike_where_a_database_looks_past_punctuation(one, other):
    bare = [tie_text(m).replace("/", "") for m in (one, other)]
    assert (bare[0] < bare[1]) == (tie_text(one) < tie_text(other))
    assert "".join(bare).isdigit()


def test_a_criterion_nobody_could_judge_is_below_zero_points():
    assert tie_text([None]) < tie_text([Fraction(0)]) < tie_text([Fraction(1, 10**9)])


@given(st.lists(st.tuples(st.none() | st.integers(0, 3), st.sampled_from("01")), max_size=9), st.randoms())
def test_places_say_how_many_are_better(rows, random):
    named = [(n, mean, "" if mean is None else ties) for n, (mean, ties) in enumerate(rows)]
    random.shuffle(named)
    ordered = sorted(named, key=lambda r: (-1 if r[1] is None else r[1], r[2]), reverse=True)
    for ref, mean, ties in named:
        better = sum(m is not None and (m, t) > (mean, ties) for _, m, t in named) if mean is not None else 0
        equal = sum((m, t) == (mean, ties) for _, m, t in named)
        assert places(ordered)[ref] == (None if mean is None else Place(better + 1, equal > 1))


def test_the_draw_is_what_the_page_tells_people_to_compute():
    expected = hashlib.sha256(b"champions-2027:SBC27-7KQ4-M2").hexdigest()
    assert draw("champions-2027", "SBC27-7KQ4-M2") == expected
