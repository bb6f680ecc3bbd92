"""`./dev bench` works from end to end, on a few proposals and the embedded default."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
FIELDS = {"step", "n", "per_s", "p50_ms", "p95_ms", "cpu_ms", "db_cpu_ms", "statements", "bytes"}


def test_it_measures_the_steps_it_is_asked_for_and_says_so_in_json(tmp_path: Path) -> None:
    """A journey and a review go through real HTTP; the command itself counts that none is lost."""
    steps = ["call page", "journey", "review save", "ranked list", "export"]
    chosen = [part for step in steps for part in ("--step", step)]
    command = [sys.executable, "-m", "benchmarks", "--n", "5", "--backend", "sqlite", "--quick", *chosen]
    done = subprocess.run(
        [*command, "--json", str(tmp_path / "rows.json")], cwd=ROOT, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr[-3000:]
    rows = json.loads((tmp_path / "rows.json").read_text())
    measured = [row for row in rows if row["step"] != "limits"]
    assert [row["step"] for row in measured] == steps
    assert all(set(row) >= FIELDS for row in measured)
    assert "| call page | 5 |" in done.stdout
