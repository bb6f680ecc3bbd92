"""The data that ship: complete in three languages, set as each is printed, and true to the facts."""

import re
from collections import Counter
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from shipped import (
    ALL_TEXTS,
    CALLS,
    CURRENT,
    ECONOMIES,
    EDITIONS,
    EXAMPLE,
    FEEDS,
    KINDS,
    LANGUAGES,
    MAY_BE_EMPTY,
    TEXTS,
    TOML,
    questions,
    translated,
    words,
)

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
