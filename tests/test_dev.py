"""The way in: the developer's tool, the locks, the README and what they promise."""

import os
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from msme_calls.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.lock", "requirements-scale.lock", "requirements-dev.lock")


@pytest.mark.parametrize("name", LOCKS)
def test_every_pin_has_hashes_and_no_index_is_named(name: str) -> None:
    text = (ROOT / name).read_text()
    pins = re.split(r"\n(?=\S)", text.strip())
    assert len(pins) > 30
    assert [
        pin.splitlines()[0] for pin in pins if not re.match(r"[\w.-]+==\S+ .*--hash=sha256:\w{64}", pin, re.S)
    ] == []
    assert re.findall(r"://|--index|--extra|--find", text) == []


def test_developers_have_what_the_product_has() -> None:
    runtime, scale, developers = ({*re.findall(r"^\S+==\S+", (ROOT / name).read_text(), re.M)} for name in LOCKS)
    assert runtime - scale == scale - developers == set()
    assert {pin.partition("==")[0] for pin in scale - runtime} >= {"psycopg", "redis", "obstore"}
    assert any(pin.startswith("uv==") for pin in developers)


def test_help_names_every_command() -> None:
    shown = subprocess.run([sys.executable, ROOT / "dev", "help"], capture_output=True, text=True, check=True).stdout
    commands = re.search(r"^COMMANDS = \{(.*?)\}", (ROOT / "dev").read_text(), re.M | re.S)
    assert commands
    assert re.findall(r"^  \./dev (\w+)", shown, re.M) == re.findall(r'"(\w+)"', commands.group(1))


def test_the_tool_uses_the_standard_library_only() -> None:
    imported = set(re.findall(r"^(?:import|from) (\w+)", (ROOT / "dev").read_text(), re.M))
    assert imported - sys.stdlib_module_names == set()


@pytest.mark.parametrize("name", ["dev", ".ci/run"])
def test_programs_are_executable(name: str) -> None:
    assert os.access(ROOT / name, os.X_OK)


def test_readme_lists_every_setting() -> None:
    rows = re.findall(r"^\| `(MSME_\w+)` \|", (ROOT / "README.md").read_text(), re.M)
    assert rows == [f"MSME_{field.name.upper()}" for field in fields(Settings)]
