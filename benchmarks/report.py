"""The rows as people and programs read them."""

import json
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Row = dict[str, Any]
COLUMNS = {
    "step": "step", "n": "N", "per_s": "per s", "p50_ms": "p50 ms", "p95_ms": "p95 ms", "cpu_ms": "CPU ms",
    "first_cpu_ms": "first, CPU ms", "db_cpu_ms": "DB CPU ms", "statements": "statements", "bytes": "bytes",
    "pss_mb": "PSS MB",
}  # fmt: skip
NAMES = {"postgresql": "PostgreSQL, three gunicorn workers", "sqlite": "SQLite, waitress (the embedded default)"}
START, END = "<!-- bench: from here -->", "<!-- bench: to here -->"


def line(row: Row) -> str:
    """A row as it is printed while the rest is still to come."""
    return "  ".join(f"{name}={value}" for name, value in row.items())


def as_json(rows: list[Row]) -> str:
    return json.dumps(rows, indent=1, ensure_ascii=False) + "\n"


def table(rows: list[Row]) -> str:
    """All rows as Markdown, a table for each backend."""
    parts = []
    for backend in dict.fromkeys(row["backend"] for row in rows):
        own = [row for row in rows if row["backend"] == backend]
        heads = list(COLUMNS.values())
        lines = [heads, ["---"] + ["---:"] * (len(heads) - 1)]
        lines += [[_cell(row, name) for name in COLUMNS] for row in own if row["step"] != "limits"]
        parts.append(f"### {NAMES[backend]}\n\n" + "\n".join(f"| {' | '.join(cells)} |" for cells in lines))
        parts += [
            f"Meanwhile, N = {row['n']:,}: {row['commits_per_s']:,} commits of one row a second, "
            f"{row['fdatasyncs_per_s']:,} fdatasync of 4 KiB a second."
            for row in own
            if row["step"] == "limits"
        ]
    return "\n\n".join(parts)


def _cell(row: Row, name: str) -> str:
    value = row.get(name, "")
    if name == "db_cpu_ms" and row["backend"] == "sqlite":
        return "–"
    text = f"{value:,}" if isinstance(value, int | float) else str(value)
    return f"{text} ({row['us_per_review']} µs a review)" if name == "cpu_ms" and "us_per_review" in row else text


def into_docs(rows: list[Row], path: Path) -> None:
    """Put the tables in the place of the former ones."""
    text = path.read_text("utf-8")
    head, rest = text.split(START)
    tail = rest.split(END)[1]
    day, python = datetime.now(UTC).strftime("%d %B %Y").lstrip("0"), platform.python_version()
    said = f"Measured on {day} with Python {python} by `./dev bench --docs`."
    path.write_text(f"{head}{START}\n\n{said}\n\n{table(rows)}\n\n{END}{tail}", "utf-8")
