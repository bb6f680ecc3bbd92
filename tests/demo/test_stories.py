"""What the demonstration’s people wrote and did fits its calls: people, proposals, reviews."""

import re
from collections import Counter, defaultdict
from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from shipped import (
    BY_KEY,
    CALLS,
    CONFLICTS,
    CURRENT,
    DECISIONS,
    ECONOMIES,
    EXAMPLE,
    KINDS,
    LANGUAGES,
    PEOPLE,
    PROPOSALS,
    REVIEWS,
    TEXT_KINDS,
    form_of,
    words,
)

# People


def test_people_are_examples_with_roles_in_calls_that_exist() -> None:
    assert len({p["email"] for p in PEOPLE.values()}) == len(PEOPLE)
    for p in PEOPLE.values():
        assert EXAMPLE.search(p["name"]) and EXAMPLE.search(p["organisation"])
        assert p["email"] == f"{p['key']}@example.org"
        assert p["language"] in p["reads"] and set(p["reads"]) <= LANGUAGES
        assert set(p["economies"]) <= set(ECONOMIES)
        for r in p["roles"]:
            assert r["call"] in CURRENT
            assert r["role"] in ("coordinator", "assistant", "chair", "reviewer", "observer")
    for call in CURRENT:
        assert sum({"call": call, "role": "coordinator"} in p["roles"] for p in PEOPLE.values()) == 2
    assert sum(p["administrator"] for p in PEOPLE.values()) == sum(p["convenor"] for p in PEOPLE.values()) == 1


# Proposals


def length_faults(q: dict[str, Any], text: str) -> list[str]:
    n = words(text)
    checks = {
        "max_words": n > q.get("max_words", n),
        "min_words": n < q.get("min_words", n),
        "max_chars": len(text) > q.get("max_chars", len(text)),
    }
    return [name for name, wrong in checks.items() if wrong]


def people_faults(q: dict[str, Any], rows: list[dict[str, str]]) -> list[str]:
    return [
        row["name"]
        for row in rows
        if set(row) != {"name", "affiliation", "economy", "email", "orcid"}
        or not EXAMPLE.search(row["name"])
        or not row["email"].endswith("@example.org")
        or row["economy"] not in ECONOMIES
        or len(rows) > q["max_people"]
    ]


def table_faults(q: dict[str, Any], rows: list[dict[str, str]]) -> list[str]:
    columns = {c["key"] for c in q["columns"]}
    return [str(row) for row in rows if set(row) != columns or not all(row.values()) or len(rows) > q["max_rows"]]


def number_faults(q: dict[str, Any], text: str) -> list[str]:
    return [] if text.isdecimal() and q["min"] <= int(text) <= q["max"] else [text]


def date_faults(q: dict[str, Any], text: str) -> list[str]:
    return [] if date.fromisoformat(text).year >= 2027 else [text]


FIT = {
    "short-text": length_faults,
    "long-text": length_faults,
    "number": number_faults,
    "date": date_faults,
    "people": people_faults,
    "table": table_faults,
    "yes-no": lambda q, v: [] if v in ("yes", "no") and v == q.get("must", v) else [v],
    "choices": lambda q, v: sorted(set(v) - {c["key"] for c in q["choices"]}),
    "choice": lambda q, v: [] if v in {c["key"] for c in q["choices"]} else [v],
    "economy": lambda q, v: [] if v in ECONOMIES else [v],
    "language": lambda q, v: [] if v in LANGUAGES else [v],
    "link": lambda q, v: [] if re.fullmatch(r"https://[a-z-]+\.example\.org", v) else [v],
    "email": lambda q, v: [] if v.endswith("@example.org") else [v],
    "file": lambda q, v: v,
}


@pytest.mark.parametrize("proposal", PROPOSALS, ids=lambda p: p["key"])
class TestProposal:
    def test_answers_fit_the_form(self, proposal: dict[str, Any]) -> None:
        form, draft = form_of(proposal["call"]), proposal["state"] == "draft"
        types = KINDS[CALLS[proposal["call"]]["kind"]]["organisation_types"]
        assert set(proposal["answers"]) <= set(form)
        for key, value in proposal["answers"].items():
            q = form[key]
            if q["kind"] == "organisation-type":
                assert value in types
            else:
                faults = FIT[q["kind"]](q, value)
                assert not faults or (draft and faults == ["min_words"]), (key, faults)

    def test_answers_what_is_required_once_submitted(self, proposal: dict[str, Any]) -> None:
        asked = {key for key, q in form_of(proposal["call"]).items() if q["required"]}
        missing = asked - set(proposal["answers"])
        assert not missing or proposal["state"] == "draft"
        has_file = [k for k in proposal["answers"] if form_of(proposal["call"])[k]["kind"] == "file"]
        assert bool(has_file) == ("document" in proposal)

    def test_belongs_to_its_owner(self, proposal: dict[str, Any]) -> None:
        owner, answers = PEOPLE[proposal["owner"]], proposal["answers"]
        assert answers["organisation"] == owner["organisation"]
        assert [answers["economy"]] == owner["economies"]
        assert answers["language"] == proposal["language"] == owner["language"]
        assert not owner["roles"]


def test_proposals_are_as_many_as_each_stage_needs() -> None:
    assert Counter((p["call"], p["state"]) for p in PROPOSALS) == {
        ("champions-open", "submitted"): 4,
        ("champions-open", "draft"): 3,
        ("champions-open", "withdrawn"): 1,
        ("champions-deciding", "submitted"): 12,
        ("rta-review", "submitted"): 6,
        ("contributions-open", "submitted"): 2,
        ("contributions-open", "draft"): 1,
    }
    assert len(BY_KEY) == len(PROPOSALS) == len({p["answers"]["title"] for p in PROPOSALS})
    for call in CURRENT:
        assert {p["language"] for p in PROPOSALS if p["call"] == call} == LANGUAGES


def test_blind_answers_do_not_name_their_authors() -> None:
    for p in (p for p in PROPOSALS if CALLS[p["call"]]["kind"] == "rta-papers"):
        form = form_of(p["call"])
        seen = " ".join(v for k, v in p["answers"].items() if form[k]["kind"] in TEXT_KINDS and not form[k]["hidden"])
        assert not EXAMPLE.search(seen + p["document"])


# Reviews


def conflict(person: dict[str, Any], proposal: dict[str, Any]) -> bool:
    """Whether the person may not judge the proposal by the rules that follow from facts."""
    kind, answers = KINDS[CALLS[proposal["call"]]["kind"]], proposal["answers"]
    authors = answers.get("authors", [])
    organisations = {answers["organisation"], *(a["affiliation"] for a in authors)}
    economies = {answers["economy"], *(a["economy"] for a in authors)}
    same_economy = kind["economy_rule"] and not person["international_staff"] and economies & set(person["economies"])
    declared = any((c["proposal"], c["person"]) == (proposal["key"], person["key"]) for c in CONFLICTS)
    return person["organisation"] in organisations or bool(same_economy) or declared


@pytest.mark.parametrize("review", REVIEWS, ids=lambda r: f"{r['proposal']}/{r['reviewer']}")
class TestReview:
    def test_is_by_a_reviewer_who_may_judge_and_can_read_it(self, review: dict[str, Any]) -> None:
        person, proposal = PEOPLE[review["reviewer"]], BY_KEY[review["proposal"]]
        assert proposal["call"] == review["call"] and proposal["state"] == "submitted"
        assert {"call": review["call"], "role": "reviewer"} in person["roles"]
        assert proposal["language"] in person["reads"] and review["language"] in person["reads"]
        assert not conflict(person, proposal)

    def test_has_the_scores_that_its_state_needs(self, review: dict[str, Any]) -> None:
        criteria = {c["key"] for c in KINDS[CALLS[review["call"]]["kind"]]["criteria"]}
        assert set(review["scores"]) <= criteria
        assert set(review["scores"].values()) <= {0, 1, 2, 3, 4, 5, "cannot-judge"}
        if review["state"] == "submitted":
            assert set(review["scores"]) == criteria and review["comment_applicant"]
        elif review["state"] == "assigned":
            assert not review["scores"] and not review["comment_applicant"] and not review["comment_committee"]
        else:
            assert review["state"] == "draft"


def test_reviews_are_spread_as_the_rules_ask() -> None:
    each = Counter(r["proposal"] for r in REVIEWS)
    assert each == {p["key"]: 3 for p in PROPOSALS if CALLS[p["call"]]["stage"] != "open"}
    assert len({(r["proposal"], r["reviewer"]) for r in REVIEWS}) == len(REVIEWS)
    loads = Counter((r["call"], r["reviewer"]) for r in REVIEWS)
    assert all(n <= PEOPLE[who]["most_reviews"] for (_, who), n in loads.items())
    assert {r["state"] for r in REVIEWS if r["call"] == "champions-deciding"} == {"submitted"}
    assert {r["state"] for r in REVIEWS if r["call"] == "rta-review"} == {"submitted", "draft", "assigned"}


def test_two_proposals_tie_across_the_cut_and_the_first_tie_break_parts_them() -> None:
    call = CALLS["champions-deciding"]
    weights = {c["key"]: c["weight"] for c in KINDS[call["kind"]]["criteria"]}
    means, trade = defaultdict(list), defaultdict(list)
    for r in (r for r in REVIEWS if r["call"] == call["key"]):
        scores = {k: v for k, v in r["scores"].items() if v != "cannot-judge"}
        total = sum(weights[k] * v for k, v in scores.items())
        means[r["proposal"]].append(Fraction(total, sum(weights[k] for k in scores)))
        trade[r["proposal"]].append(scores["trade"])
    ranked = sorted(means, key=lambda p: (sum(means[p]), sum(trade[p])), reverse=True)
    third, fourth = ranked[call["winners"] - 1 : call["winners"] + 1]
    assert sum(means[third]) == sum(means[fourth]) and sum(trade[third]) > sum(trade[fourth])
    assert len({sum(m) for m in means.values()}) == len(means) - 1


def test_all_is_decided_but_what_ties_and_the_named_have_their_words() -> None:
    call = CALLS["champions-deciding"]
    decided = {d["key"]: d["outcome"] for d in DECISIONS}
    asked = {p["key"] for p in PROPOSALS if p["call"] == call["key"]}
    assert asked == {*decided, "services-paid", "services-guides"} and len(asked) == len(DECISIONS) + 2
    assert set(decided.values()) <= set(KINDS[call["kind"]]["outcomes"])
    assert Counter(decided.values())["winner"] == call["winners"] - 1
    for d in DECISIONS:
        assert ("name" in d) == ("project" in d) == ("summary" in d) == (d["outcome"] in ("winner", "runner-up"))
        assert all(EXAMPLE.search(name) for name in d.get("name", {}).values())
        assert all(words(text) <= 60 for text in d.get("summary", {}).values())
