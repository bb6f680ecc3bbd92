"""A table of rows, such as a plan of activities."""

import re
from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from werkzeug.datastructures import MultiDict

from msme_calls import i18n
from msme_calls.questions.kind import CELL, MOST_ROWS, Kind, Question, writable

Row = dict[str, str]
MOST_LINES = 10 * MOST_ROWS  # of a file; more are not read, and long before it is told that there are too many
_CELL = re.compile(r"((?:[^|\\]+|\\.|\\$)*)(\||$)")  # up to a bar that no backslash stands before
_ESCAPES = {"\\": "\\\\", "|": "\\|", "\n": "\\n"}
_MEANT = {"n": "\n"}


class Table(Kind):
    """In a file, a row is a line whose cells are parted by bars; a backslash stands before a bar that parts nothing."""

    key, label, order, control = "table", _l("Table of rows"), 150, "table"
    settings: tuple[str, ...] = ("columns", "max_rows", "min_rows")
    own = True
    most = "max_rows"  # the option that limits the rows

    def columns(self, question: Question) -> dict[str, str]:
        """The columns: key to words in this language."""
        return {c["key"]: i18n.said(c["label"]) for c in question.options.get("columns", [])}

    def limit(self, question: Question) -> int:
        """How many rows are taken at most."""
        return min(question.options.get(self.most) or MOST_ROWS, MOST_ROWS)

    def read(self, question: Question, form: MultiDict[str, str]) -> list[Row]:
        """The rows that aren't empty, in the order of their numbers, whichever those are (`form.js` leaves gaps)."""
        name = re.compile(rf"{re.escape(question.key)}-([0-9]{{1,4}})-.+")
        numbers = sorted({int(found[1]) for key in form if (found := name.fullmatch(key))})
        columns = self.columns(question)
        rows = [{c: i18n.normal(form.get(f"{question.key}-{n}-{c}", "")) for c in columns} for n in numbers]
        return [row for row in rows if any(row.values())]

    def shaped(self, value: Any) -> list[Row]:
        rows = [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []
        return [{str(c): writable(text) for c, text in row.items() if isinstance(text, str)} for row in rows]

    def example(self, question: Question, n: int) -> list[Row]:
        columns = self.columns(question).items()
        count = min(max(question.options.get("min_rows") or 0, 2), self.limit(question)) if columns else 0
        return [{c: self._example(c, name, n + row) for c, name in columns} for row in range(count)]

    def _example(self, column: str, name: str, n: int) -> str:
        """A cell of an example."""
        return f"{name} {n}"

    def imported(self, question: Question, text: str) -> list[Row]:
        rows = [self._row(question, line) for line in i18n.normal(text).split("\n", MOST_LINES)[:MOST_LINES]]
        return [row for row in rows if any(row.values())]

    def _row(self, question: Question, line: str) -> Row:
        """The cells of a line; more of them than there are columns stay in the last one, so that nothing is lost."""
        columns, cells = list(self.columns(question)), _cells(line)
        if not columns:
            return {}
        last = len(columns) - 1
        cells = [*cells[:last], " ".join(cell for cell in cells[last:] if cell)]
        return {c: self._meant(question, c, cells[n] if n < len(cells) else "") for n, c in enumerate(columns)}

    def _meant(self, question: Question, column: str, cell: str) -> str:
        """What is kept for what a cell says in a file."""
        return cell

    def _said(self, question: Question, column: str, cell: str) -> str:
        """What a cell says in a file."""
        return cell

    def _plain(self, question: Question, value: list[Row]) -> str:
        columns = self.columns(question)
        lines = ([_escaped(self._said(question, c, row.get(c, ""))) for c in columns] for row in value)
        return "\n".join(" | ".join(cells) for cells in lines)

    def _problems(self, question: Question, value: list[Row]) -> list[str]:
        most, least = self.limit(question), question.options.get("min_rows", 0)
        if len(value) > most:
            return [self.too_many(most)]
        if len(value) < least:
            return [ngettext("Fill in at least %(num)d row.", "Fill in at least %(num)d rows.", least)]
        for n, row in enumerate(value, 1):
            if said := self.row_problem(question, row, n):
                return [said]
        return []

    def too_many(self, most: int) -> str:
        return ngettext("Keep at most %(num)d row.", "Keep at most %(num)d rows.", most)

    def row_problem(self, question: Question, row: Mapping[str, str], n: int) -> str | None:
        """What is wrong with row `n`, if anything."""
        for c, name in self.columns(question).items():
            if not row.get(c):
                return _("Row %(row)d: fill in “%(column)s”, or clear the whole row.", row=n, column=name)
            if len(row[c]) > CELL:
                return _("Row %(row)d: shorten “%(column)s”.", row=n, column=name)
        return None

    def _parts(self, question: Question, value: list[Row]) -> list[str]:
        columns = self.columns(question)
        return [" · ".join(row.get(c, "") for c in columns) for row in value]

    def _shown(self, question: Question, value: list[Row]) -> str:
        return "\n".join(self._parts(question, value))

    def _facts(self, question: Question, value: list[Row]) -> list[str]:
        return ["rows"] if any(any(row.values()) for row in value) else []


def _escaped(cell: str) -> str:
    return re.sub(r"[\\|\n]", lambda found: _ESCAPES[found[0]], cell)


def _cells(line: str) -> list[str]:
    found = []
    for cell in _CELL.finditer(line):
        found.append(i18n.normal(re.sub(r"\\(.)", lambda c: _MEANT.get(c[1], c[1]), cell[1])))
        if not cell[2]:
            break
    return found
