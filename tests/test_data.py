"""The data that ship: complete in three languages, set as each is printed, true to the facts, fitting together."""

import json
import re
import tomllib
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

PACKAGE = Path(__file__).parent.parent / "msme_calls"
LANGUAGES = {"en", "fr", "es"}
TEXTS = {"lead", "background", "goals", "eligibility", "not_for", "asked", "prize", "judging"}
FEEDS = {"title", "summary", "organisation", "economy", "organisation_type", "language"}
TEXT_KINDS = {"short-text", "long-text"}
MAY_BE_EMPTY = {"about", "intro"}
EXAMPLE = re.compile(r"\b(Example|Exemple|Ejemplo)\b")


def read(path: str) -> dict[str, Any]:
    return tomllib.loads((PACKAGE / path).read_text("utf-8"))


ECONOMIES = {row["code"]: row for row in json.loads((PACKAGE / "data/economies.json").read_text("utf-8"))}
NAMES = ("small_business_champions", "rta_papers", "private_sector_contributions")
KINDS = {k["key"]: k for k in (read(f"calls/kinds/{name}.toml") for name in NAMES)}
EDITIONS = read("data/past_editions.toml")["editions"]
CALLS = {
    c["key"]: c
    for c in (
        read(f"demo/{name}.toml")
        for name in (
            "champions_2023",
            "rta_papers_2023",
            "champions_open",
            "rta_review",
            "champions_deciding",
            "contributions_open",
        )
    )
}
CURRENT = {key for key, c in CALLS.items() if c["example"]}
PEOPLE = {p["key"]: p for p in read("demo/people.toml")["people"]}
PROPOSALS = read("demo/proposals.toml")["proposals"]
BY_KEY = {p["key"]: p for p in PROPOSALS}
REVIEWS = read("demo/reviews.toml")["reviews"]
CONFLICTS = read("demo/reviews.toml")["conflicts"]
DECISIONS = read("demo/decisions.toml")["decisions"]
TASKS = read("demo/tasks.toml")["tasks"]
TOML = [*KINDS.values(), *CALLS.values(), *EDITIONS, *DECISIONS, *TASKS]


def questions(kind: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {q["key"]: q for s in kind["sections"] for q in s["questions"]}


def form_of(call: str) -> dict[str, dict[str, Any]]:
    return questions(KINDS[CALLS[call]["kind"]])


def translated(value: Any, path: str = "") -> Iterator[tuple[str, dict[str, str]]]:
    """Every table of languages in a tree, with where it is."""
    if isinstance(value, dict):
        if LANGUAGES & set(value):
            yield path, value
        else:
            for key, inner in value.items():
                yield from translated(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for n, inner in enumerate(value):
            yield from translated(inner, f"{path}[{n}]")


def texts_of_people() -> Iterator[tuple[str, str, str]]:
    """What invented people wrote: where, language, text."""
    for p in PROPOSALS:
        yield f"{p['key']}.document", p["language"], p.get("document", "")
        form = form_of(p["call"])
        for key, value in p["answers"].items():
            where = f"{p['key']}.{key}"
            if form[key]["kind"] in TEXT_KINDS:
                yield where, p["language"], value
            elif form[key]["kind"] in ("table", "people"):
                yield from ((where, p["language"], cell) for row in value for k, cell in row.items() if k != "email")
    for r in REVIEWS:
        for key in ("comment_applicant", "comment_committee"):
            yield f"{r['proposal']}/{r['reviewer']}", r["language"], r[key]
    for c in CONFLICTS:
        yield f"{c['proposal']}/{c['person']}", c["language"], c["reason"]
    for d in DECISIONS:
        yield f"{d['key']}.rationale", d["language"], d["rationale"]


ALL_TEXTS = [
    (f"{top.get('key', top.get('year'))}{path}", language, text)
    for top in TOML
    for path, table in translated(top)
    for language, text in table.items()
]
ALL_TEXTS += [(row["code"], lang, row[lang]) for row in ECONOMIES.values() for lang in sorted(LANGUAGES)]
ALL_TEXTS += list(texts_of_people())


def words(text: str) -> int:
    """Runs without white space that hold a letter or a digit, as the forms count them."""
    return sum(any(unicodedata.category(c)[0] in "LN" for c in run) for run in text.split())


# Languages and typography


def test_every_text_exists_in_the_three_languages() -> None:
    found = 0
    for top in TOML:
        for path, table in translated(top):
            assert set(table) == LANGUAGES, path
            filled = {lang for lang, text in table.items() if text.strip()}
            assert filled == LANGUAGES or (not filled and path.rsplit(".")[-1] in MAY_BE_EMPTY), path
            found += 1
    assert found > 300


FAULTS = {
    "a straight apostrophe or quotation mark": re.compile(r"['\"]"),
    "three dots instead of an ellipsis": re.compile(r"\.\.\."),
    "two spaces": re.compile(r"[ \u00a0\u202f]{2}"),
    "a space at the end of a line": re.compile(r"[ \u00a0\u202f]$", re.M),
    "a breaking space before %": re.compile(r"\d %"),
}
FRENCH = {
    "no U+00A0 before a colon": re.compile(r"(?<!\u00a0)(?<!\d):(?!//)|(?<=\d):(?!\d)"),
    "no U+202F before ; ? or !": re.compile(r"(?<!\u202f)[;?!]"),
    "no U+00A0 inside «": re.compile(r"«(?!\u00a0)"),
    "no U+00A0 inside »": re.compile(r"(?<!\u00a0)»"),
    "English quotation marks": re.compile(r"[“”]"),
    "“pays” for “économie”": re.compile(r"\b[Pp]ays\b(?!-Bas)"),
}
OTHERS = {
    "a space before a mark": re.compile(r"[ \u00a0\u202f][:;?!]"),
    "a space inside « »": re.compile(r"«[ \u00a0]|[ \u00a0]»"),
}
ENGLISH = OTHERS | {"“country” for “economy”": re.compile(r"\bcountr(?:y|ies)\b", re.I)}
SPANISH = OTHERS | {"“país” for “economía”": re.compile(r"\bpa[ií]s(?:es)?\b(?! Bajos)", re.I)}


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_texts_are_set_as_their_language_is_printed(language: str) -> None:
    rules = FAULTS | {"en": ENGLISH, "fr": FRENCH, "es": SPANISH}[language]
    found = [
        f"{where}: {fault}: {text[max(0, m.start() - 20) : m.end() + 20]!r}"
        for where, lang, text in ALL_TEXTS
        if lang == language
        for fault, rule in rules.items()
        if (m := rule.search(text))
    ]
    assert not found, "\n".join(found)


def test_spanish_questions_and_exclamations_are_opened() -> None:
    for where, language, text in ALL_TEXTS:
        if language == "es":
            assert (text.count("?"), text.count("!")) == (text.count("¿"), text.count("¡")), where


# Economies


def test_economies_are_those_of_iso_kosovo_and_the_european_union() -> None:
    rows = list(ECONOMIES)
    assert rows == sorted(rows) and len(rows) == 251 and {"XK", "EU"} <= set(rows)
    assert sum(row["member"] for row in ECONOMIES.values()) == 166
    for language in LANGUAGES:
        assert len({row[language] for row in ECONOMIES.values()}) == 251


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("TW", ("Chinese Taipei", "Taipei chinois", "Taipei Chino")),
        ("HK", ("Hong Kong, China", "Hong Kong, Chine", "Hong Kong, China")),
        ("MO", ("Macao, China", "Macao, Chine", "Macao, China")),
        ("TR", ("Türkiye", "Türkiye", "Türkiye")),
        ("VN", ("Viet Nam", "Viet Nam", "Viet Nam")),
        ("KR", ("Republic of Korea", "République de Corée", "República de Corea")),
        ("LA", ("Lao PDR", "RDP lao", "RDP Lao")),
        ("KG", ("Kyrgyz Republic", "République kirghize", "República Kirguisa")),
        ("MK", ("North Macedonia", "Macédoine du Nord", "Macedonia del Norte")),
        ("EU", ("European Union", "Union européenne", "Unión Europea")),
        ("CI", ("Côte d’Ivoire", "Côte d’Ivoire", "Côte d’Ivoire")),
    ],
)
def test_economies_bear_the_names_that_the_wto_uses(code: str, names: tuple[str, str, str]) -> None:
    assert tuple(ECONOMIES[code][language] for language in ("en", "fr", "es")) == names
    assert ECONOMIES[code]["member"]


# Kinds of call


@pytest.mark.parametrize("kind", [k for k in KINDS.values() if k.get("ranking", True)], ids=lambda kind: kind["key"])
class TestRankedKind:
    def test_says_everything_a_call_needs(self, kind: dict[str, Any]) -> None:
        assert set(kind["texts"]) == TEXTS
        assert all(words(text) <= 40 for text in kind["texts"]["lead"].values())
        assert {"criteria", "weights", "limits", "form"} <= set(kind["unpublished"])
        assert kind["blindness"] in ("open", "single")

    def test_weights_sum_to_a_hundred_and_every_score_has_a_sentence(self, kind: dict[str, Any]) -> None:
        criteria = {c["key"]: c for c in kind["criteria"]}
        assert len(criteria) == len(kind["criteria"]) == 4
        assert sum(c["weight"] for c in criteria.values()) == 100
        assert set(kind["tie_breaks"]) <= set(criteria)
        for c in criteria.values():
            assert set(c["anchors"]) == {str(score) for score in range(c["scale"] + 1)}

    def test_form_feeds_the_public_face_once(self, kind: dict[str, Any]) -> None:
        asked = [q for s in kind["sections"] for q in s["questions"]]
        assert len({q["key"] for q in asked}) == len(asked)
        assert Counter(q["feeds"] for q in asked if q["feeds"]) == Counter(FEEDS)
        assert all(q["required"] for q in asked if q["feeds"])
        for q in asked:
            assert {"key", "kind", "required", "label", "help", "feeds", "hidden", "public"} <= set(q), q["key"]

    def test_hides_who_applies_and_publishes_no_way_to_reach_them(self, kind: dict[str, Any]) -> None:
        for q in questions(kind).values():
            assert q["hidden"] or (
                q["feeds"] not in ("organisation", "economy") and q["kind"] not in ("email", "people")
            )
            assert not q["public"] or q["kind"] != "email"


def test_weights_of_the_champions_are_those_of_the_design() -> None:
    criteria = KINDS["small-business-champions"]["criteria"]
    assert [(c["key"], c["weight"]) for c in criteria] == [
        ("trade", 30), ("benefit", 30), ("delivery", 25), ("reuse", 15),
    ]  # fmt: skip


# Past editions and the calls of 2023


def test_past_editions_state_the_public_facts() -> None:
    assert [(e["year"], e["number"], e["launched"], e["deadline"], e["announced"]) for e in EDITIONS] == [
        (2021, 1, "2021-06-25", "2021-09-15", "2021-12-02"),
        (2022, 2, "", "2022-08-15", "2022-09-26"),
        (2023, 3, "2023-03-16", "2023-05-05", "2023-06-27"),
        (2024, 4, "2024-02-22", "", "2024-06-27"),
        (2025, 5, "", "2025-03-28", "2025-06-27"),
    ]
    assert [[w["economy"] for w in e["winners"] if w["outcome"] == "winner"] for e in EDITIONS] == [
        ["MK", "PE", "TW", "ZW"], ["BJ", "TZ"], ["NG", "CM", "PH"], ["CA", "SV"], ["IN", "VN"],
    ]  # fmt: skip
    assert [sum(w["outcome"] == "runner-up" for w in e["winners"]) for e in EDITIONS] == [0, 2, 0, 0, 0]


@pytest.mark.parametrize("edition", EDITIONS, ids=lambda e: str(e["year"]))
def test_past_editions_name_sources_and_say_what_is_unknown(edition: dict[str, Any]) -> None:
    assert edition["sources"] and edition["partners"] and edition["kind"] in KINDS
    for what in ("launched", "deadline", "announced"):
        assert bool(edition[what]) != (what in edition["unknown"])
        assert edition[what] or f"{what}_note" in edition
    assert {w["economy"] for w in edition["winners"]} <= set(ECONOMIES) | {""}


def test_calls_of_2023_have_the_dates_of_the_record() -> None:
    champions, papers = CALLS["champions-2023"], CALLS["rta-papers-2023"]
    edition = next(e for e in EDITIONS if e["year"] == 2023)
    record = [edition["launched"], edition["deadline"], edition["announced"]]
    assert [champions[what][:10] for what in ("opens", "closes", "result")] == record
    assert (champions["title"], champions["theme"]) == (edition["title"], edition["theme"])
    assert champions["winners"] == len(edition["winners"])
    assert (papers["opens"][:10], papers["closes"][:10], papers["result"]) == ("2023-03-13", "2023-08-01", "")
    assert all("times" in c["unpublished"] for c in (champions, papers))


# Calls of the demonstration


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
class TestCall:
    def test_has_instants_in_order_in_its_zone(self, call: dict[str, Any]) -> None:
        names = [n for n in ("announced", "opens", "closes", "review_due", "result") if call.get(n)]
        instants = [datetime.fromisoformat(call[n]) for n in names]
        assert instants == sorted(instants)
        for instant in instants:
            assert instant.utcoffset() == instant.astimezone(ZoneInfo(call["zone"])).utcoffset()

    def test_overrides_only_what_its_kind_has(self, call: dict[str, Any]) -> None:
        assert call["kind"] in KINDS and set(call["languages"]) == LANGUAGES
        assert set(call["texts"]) <= TEXTS
        assert all(words(text) <= 40 for text in call["texts"]["lead"].values())
        assert all(p["link"].startswith("https://") for p in call["partners"])

    def test_is_visibly_an_example_or_labels_its_defaults(self, call: dict[str, Any]) -> None:
        if call["example"]:
            assert all(re.search(r"example|exemple|ejemplo", call["title"][lang]) for lang in LANGUAGES)
            assert all(EXAMPLE.search(name) for p in call["partners"] for name in p["name"].values())
        else:
            assert {"criteria", "weights", "limits", "form"} <= set(call["unpublished"])
            assert set(call["texts"]) >= {"asked", "judging", "eligibility"}


def test_current_calls_are_where_they_should_be_on_their_day() -> None:
    for call in (CALLS[key] for key in CURRENT):
        now = datetime.fromisoformat(call["written"]).replace(hour=12, tzinfo=UTC)
        assert datetime.fromisoformat(call["opens"]) < now < datetime.fromisoformat(call["result"])
        assert (now < datetime.fromisoformat(call["closes"])) == (call["stage"] == "open")


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
