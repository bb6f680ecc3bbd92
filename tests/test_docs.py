"""The pages for people who work on this: they point to what exists, and say of the layers what the contract says."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
STRUCTURE = (ROOT / "docs" / "structure.md").read_text("utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_to_files_that_are_there(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text("utf-8"))
    assert [t for t in targets if not (page.parent / t).exists()] == []


def test_every_decision_is_listed() -> None:
    listed = re.findall(r"\]\((\d{4}-[a-z-]+\.md)\)", (ROOT / "docs" / "decisions" / "README.md").read_text("utf-8"))
    assert listed == sorted(p.name for p in (ROOT / "docs" / "decisions").glob("0*.md"))


def test_pictures_are_small() -> None:
    pictures = list((ROOT / "docs" / "pictures").glob("*"))
    assert pictures and all(p.suffix == ".png" and p.stat().st_size < 150_000 for p in pictures)


def test_structure_names_the_layers_of_the_contract() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    features, inside = (c["layers"] for c in contracts if c["type"] == "layers")
    rows = re.findall(r"^\| ((?:`\w+` ?)+) \|", STRUCTURE, re.M)
    told = [set(re.findall(r"`(\w+)`", row)) for row in rows]
    there = {p.stem for p in (ROOT / "msme_calls").iterdir()}
    contract = [set(re.findall(r"\w+", layer)) & there for layer in features]
    assert told[: len(contract)] == contract
    assert told[len(contract) :] == [{name} for layer in inside for name in re.findall(r"\w+", layer)]


def test_structure_points_to_modules_that_are_there() -> None:
    folder, missing = ROOT / "msme_calls", []
    for row in STRUCTURE.splitlines():
        here = folder
        for path in re.findall(r"`([\w/.]+\.py|[\w/]+/)`", row):
            places = [ROOT / path, folder / path, here / path, *folder.glob(f"*/{path}")]
            found = next((p for p in places if p.exists()), None)
            missing += [] if found else [path]
            here = found.parent if found and found.is_file() else here
    assert missing == []
