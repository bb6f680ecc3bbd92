"""What docs/receipts.md says about checking a receipt by hand is so."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from msme_calls import attesting
from msme_calls.keys import known
from msme_calls.signing import key_set

DOC = (Path(__file__).parents[2] / "docs" / "receipts.md").read_text("utf-8")


def block(language):
    return re.search(rf"```{language}\n(.*?)```", DOC, re.DOTALL)[1]


@pytest.fixture
def folder(version, tmp_path):
    (tmp_path / "receipt.json").write_text(version.receipt)
    (tmp_path / "keys.json").write_text(json.dumps(key_set(k.public for k in known())))
    return tmp_path


def hand(language, folder):
    command = [sys.executable, "-c"] if language == "python" else ["sh", "-ec"]
    return subprocess.run([*command, block(language)], cwd=folder, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("language", ["sh", "python"])
def test_a_receipt_can_be_checked_without_this_software(folder, version, language):
    if language == "sh" and not (shutil.which("jq") and shutil.which("openssl")):
        pytest.skip("NOT TESTED: jq and openssl are missing")
    assert hand(language, folder).returncode == 0
    (folder / "receipt.json").write_text(version.receipt.replace('"submission":1', '"submission":2'))
    assert hand(language, folder).returncode != 0


def test_the_command_says_the_same(folder):
    done = CliRunner().invoke(attesting.verify, [str(folder / "receipt.json"), "--keys", str(folder / "keys.json")])
    assert (done.exit_code, done.output.splitlines()[0]) == (0, "This receipt is valid.")
