"""Packages are taken by their hashes alone: another content under the same name and version is refused. Threat C28."""

import base64
import hashlib
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from databases import ROOT


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_every_package_of_the_locks_has_its_version_and_hashes(name: str) -> None:
    lines = (ROOT / name).read_text().replace("\\\n", " ").splitlines()
    packages = [line for line in lines if line.strip() and not line.startswith("#")]
    assert len(packages) > 20
    for line in packages:
        assert re.match(r"[A-Za-z0-9_.\-\[\]]+==[^\s;]+", line), line
        assert re.findall(r"--hash=sha256:[0-9a-f]{64}", line), line
    assert not re.search(r"https?://", (ROOT / name).read_text())


def test_whoever_installs_asks_for_the_hashes() -> None:
    assert (ROOT / "dev").read_text().count('"--require-hashes"') >= 2
    for page in ("README.md", "docs/operating.md"):
        text = (ROOT / page).read_text() if (ROOT / page).exists() else ""
        installs = [line for line in text.splitlines() if "pip install" in line and "requirements" in line]
        assert all("--require-hashes" in line for line in installs)


def test_another_content_under_the_same_version_is_refused(tmp_path: Path) -> None:
    wheel = tmp_path / "example_part-1.0-py3-none-any.whl"
    about = "example_part-1.0.dist-info"
    files = {
        "example_part.py": "answer = 42\n",
        f"{about}/METADATA": "Metadata-Version: 2.1\nName: example-part\nVersion: 1.0\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: a test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(wheel, "w") as archive:
        record = ""
        for name, text in files.items():
            archive.writestr(name, text)
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
            record += f"{name},sha256={digest},{len(text)}\n"
        archive.writestr(f"{about}/RECORD", f"{record}{about}/RECORD,,\n")
    lock, other = tmp_path / "requirements.lock", hashlib.sha256(b"another").hexdigest()
    lock.write_text(f"example-part==1.0 --hash=sha256:{other}\n")
    pip = [sys.executable, "-m", "pip", "install", "--isolated", "--no-index", "--find-links", str(tmp_path),
           "--require-hashes", "--target", str(tmp_path / "there"), "-r", str(lock)]  # fmt: skip
    refused = subprocess.run(pip, capture_output=True, text=True)
    assert refused.returncode != 0 and "DO NOT MATCH THE HASHES" in refused.stderr
    assert hashlib.sha256(wheel.read_bytes()).hexdigest() in refused.stderr
    assert not (tmp_path / "there").exists()
