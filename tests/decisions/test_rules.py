"""What is missing before a decision can be proposed, and outcomes by rank."""

from hypothesis import given
from hypothesis import strategies as st

from msme_calls.decisions import rules
from msme_calls.decisions.models import Outcome
from msme_calls.decisions.rules import Row

FULL = {"en": "x", "fr": "x", "es": "x"}
LANGS = ("en", "fr", "es")
CHAMPIONS = ["winner", "runner-up", "shortlisted", "not-selected"]
PAPERS = ["selected", "revise", "not-selected"]


def won(reference: str = "A", outcome: Outcome = Outcome.WINNER, **words) -> Row:
    return Row(reference, outcome, **{"name": FULL, "project": FULL, "summary": FULL, **words})


def found(*rows: Row, winners: int = 3, runners_up: int = 2, languages=LANGS) -> list[tuple[str, str]]:
    return [(gap.reference, str(gap.words)) for gap in rules.gaps(rows, languages, winners, runners_up)]


def test_a_complete_decision_lacks_nothing():
    assert (
        found(won(), won("B", Outcome.RUNNER_UP), Row("C", Outcome.NOT_SELECTED), Row("D", Outcome.SHORTLISTED)) == []
    )


def test_fewer_winners_than_announced_are_allowed_and_more_are_not(app):
    assert found(won(), winners=3) == []
    assert found(won("A"), won("B"), won("C"), winners=3) == []
    (gap,) = found(*(won(r) for r in "ABCD"), winners=3)
    assert gap == ("", "Winners decided: 4. The call announced at most 3.")
    (gap,) = found(won("A", Outcome.RUNNER_UP), won("B", Outcome.RUNNER_UP), runners_up=1)
    assert gap == ("", "Runners-up decided: 2. The call announced at most 1.")


def test_papers_have_no_number_of_winners_to_keep_to():
    assert found(*(won(r, Outcome.SELECTED) for r in "ABCDEFG"), winners=0, runners_up=0) == []


def test_every_proposal_needs_an_outcome_and_every_public_one_its_words_in_each_language(app):
    assert [r for r, _ in found(Row("A", None), won("B", name={"en": "x", "fr": "x"}), won("C", summary={}))] == [
        *"ABC"
    ]
    assert found(won(name={"en": "x"}, project={"en": "x"}, summary={"en": "x"}), languages=("en",)) == []
    assert [r for r, _ in found()] == [""], "a call without proposals has no decision"


@given(st.integers(0, 40), st.integers(0, 10), st.integers(0, 10))
def test_outcomes_by_rank_never_give_more_places_than_asked(n, top, second):
    plan = rules.first(range(n), top, second, CHAMPIONS)
    given_out = list(plan.values())
    assert list(plan) == list(range(n))
    assert given_out == sorted(given_out, key=list(Outcome).index), "nobody is passed by a lower place"
    assert given_out.count(Outcome.WINNER) == min(n, top)
    assert given_out.count(Outcome.RUNNER_UP) == min(max(n - top, 0), second)


def test_papers_are_selected_by_rank_without_runners_up():
    plan = rules.first("ABC", 1, 1, PAPERS)
    assert list(plan.values()) == [Outcome.SELECTED, Outcome.NOT_SELECTED, Outcome.NOT_SELECTED]
