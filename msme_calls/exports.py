"""Lists as files: CSV whose cells no spreadsheet runs, and JSON; one list of columns serves both."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Response, stream_with_context

_RUNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # what a spreadsheet takes for a formula


@dataclass(frozen=True)
class Column:
    """One column: its name in the file and how to get it from a row."""

    name: str
    value: Callable[[Any], Any]


def plain(value: Any) -> str:
    """A value as text: instants as ISO 8601 has them, the same in every format."""
    return value.isoformat() if isinstance(value, datetime) else str(value)


def inert(value: Any) -> Any:
    """A cell that a spreadsheet shows and never runs; numbers stay numbers."""
    if value.__class__ is str:  # most cells, and of those most begin with a letter
        if value[:1].isalnum():
            return value
        return f"'{value}" if value.lstrip(" \ufeff\u200b").startswith(_RUNS) else value
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: ""}[value]
    if isinstance(value, int | float):
        return value
    text = plain(value)
    return f"'{text}" if text.lstrip(" \ufeff\u200b").startswith(_RUNS) else text


def as_csv(columns: list[Column], rows: Iterable[Any]) -> Iterator[str]:
    """The lines of a CSV file (UTF-8 with a byte order mark, so that spreadsheets read the accents)."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    buffer.write("\ufeff")
    writer.writerow([c.name for c in columns])
    take = [c.value for c in columns]
    for row in rows:
        writer.writerow([inert(value(row)) for value in take])
        if buffer.tell() > 1 << 15:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def as_json(columns: list[Column], rows: Iterable[Any]) -> Iterator[str]:
    """The pieces of a JSON array with one object a row."""
    yield "["
    for n, row in enumerate(rows):
        record = {c.name: c.value(row) for c in columns}
        yield (",\n" if n else "\n") + json.dumps(record, ensure_ascii=False, default=plain)
    yield "\n]\n"


FORMATS = {"csv": (as_csv, "text/csv; charset=utf-8"), "json": (as_json, "application/json")}


def download(columns: list[Column], rows: Iterable[Any], name: str, ending: str) -> Response:
    """A file to download, streamed: `name` without its ending, `ending` one of FORMATS."""
    write, media_type = FORMATS[ending]
    response = Response(stream_with_context(write(columns, rows)), content_type=media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{ending}"'
    response.headers["Cache-Control"] = "no-store"
    return response
