"""docs/threats.md says of each threat and fault where it is tested; here both sides are kept equal."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "threats.md"
COUNTS = {"A": 22, "B": 28, "E": 12, "D": 13, "C": 28}
ALL = {f"{letter}{n}" for letter, count in COUNTS.items() for n in range(1, count + 1)}
ROW = re.compile(r"^\| ([A-E]\d+) \| (.+?) \| (.+?) \| ?(.*?) ?\|$", re.M)
NAMED = re.compile(r"\b[Tt]hreats? ((?:[A-E]\d+(?:, and |, | and |–)?)+)")
RANGE = re.compile(r"([A-E])(\d+)(?:–[A-E]?(\d+))?")


def rows() -> dict[str, tuple[str, str, list[str]]]:
    """What the page says: the threat, what holds, the files of its tests."""
    found = ROW.findall(PAGE.read_text())
    assert len(found) == len({id for id, *_ in found}), "a row is there twice"
    return {id: (threat, holds, re.findall(r"`(tests/[^`]+)`", tests)) for id, threat, holds, tests in found}


def ids(text: str) -> set[str]:
    """“Threats E1–E3, E5” names four."""
    named = set()
    for series in NAMED.findall(text):
        for letter, first, last in RANGE.findall(series):
            named |= {f"{letter}{n}" for n in range(int(first), int(last or first) + 1)}
    return named


def docstrings(path: Path) -> list[str]:
    """Of a file of tests and of each test in it; a file without tests has none."""
    tree = ast.parse(path.read_text())
    tests = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name.lower().startswith("test")
    ]
    return [ast.get_docstring(node) or "" for node in [tree, *tests]] if tests else []


def covered() -> dict[str, set[str]]:
    """Which files of tests name which row."""
    found: dict[str, set[str]] = {id: set() for id in ALL}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        if path != Path(__file__).resolve():
            for id in {id for text in docstrings(path) for id in ids(" ".join(text.split()))}:
                found.setdefault(id, set()).add(path.relative_to(ROOT).as_posix())
    return found


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Threats E1–E3, E5–E7).", {"E1", "E2", "E3", "E5", "E6", "E7"}),
        ("(threat A11): every", {"A11"}),
        ("Threats A4 and A5", {"A4", "A5"}),
        ("no threat at all, A4", set()),
    ],
)
def test_a_docstring_names_rows(text: str, named: set[str]) -> None:
    assert ids(text) == named


def test_every_threat_has_its_row() -> None:
    assert set(rows()) == ALL


def test_every_row_names_exactly_the_tests_that_name_it() -> None:
    found, said = covered(), rows()
    wrong = {id: sorted(found[id]) for id in ALL if sorted(found[id]) != sorted(said[id][2])}
    assert wrong == {}, "docs/threats.md should name these files"
    assert set(found) == ALL


def test_what_is_not_tested_says_why() -> None:
    silent = {
        id for id, (_, holds, tests) in rows().items() if not tests and not re.match("Not (here|tested): ", holds)
    }
    assert silent == set()
