"""The data that ship, read as they are: kinds of call, facts, and what the demonstration’s people wrote."""

import json
import re
import tomllib
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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
