"""People, such as the authors of a paper, in their order."""

import re
from collections.abc import Iterator, Mapping

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from werkzeug.datastructures import MultiDict

from msme_calls import i18n
from msme_calls.questions.kind import CELL, Question
from msme_calls.questions.kinds.economy import Economy
from msme_calls.questions.kinds.email import mail_holds
from msme_calls.questions.kinds.table import Row, Table


def orcid_holds(text: str) -> bool:
    """Whether a text is an ORCID iD with a right check digit (ISO 7064, MOD 11-2)."""
    digits = text.replace("https://orcid.org/", "").replace("-", "")
    if not re.fullmatch(r"[0-9]{15}[0-9X]", digits):
        return False
    total = 0
    for d in digits[:15]:
        total = (total + int(d)) * 2
    return "0123456789X"[(12 - total % 11) % 11] == digits[15]


class People(Table):
    key, label, order, control = "people", _l("People"), 140, "people"
    settings = ("max_people",)
    most = "max_people"
    fields = {
        "name": _l("Name"),
        "affiliation": _l("Affiliation"),
        "economy": _l("Economy"),
        "email": _l("E-mail address"),
        "orcid": _l("ORCID iD (optional)"),
    }

    def read(self, question: Question, form: MultiDict[str, str]) -> list[Row]:
        """The people in the order of the places that were typed; without any, as they stand."""
        return [row for _place, row in sorted(self._placed(question, form), key=lambda pair: pair[0])]

    def _placed(self, question: Question, form: MultiDict[str, str]) -> Iterator[tuple[float, Row]]:
        """Each person with her place: who moves up comes before whoever has that place, who moves down after."""
        name = re.compile(rf"{re.escape(question.key)}-([0-9]{{1,4}})-.+")
        numbers = sorted({int(found[1]) for key in form if (found := name.fullmatch(key))})
        for n in numbers:
            here = n + 1  # as it was drawn: a row that was taken away leaves a gap
            row = {c: i18n.normal(form.get(f"{question.key}-{n}-{c}", "")) for c in self.fields}
            typed = form.get(f"{question.key}-{n}-place", "").strip()
            place = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 5 else here
            if any(row.values()):
                yield place + (0.5 if place > here else -0.5 if place < here else 0), row

    def columns(self, question: Question) -> dict[str, str]:
        return {k: str(v) for k, v in self.fields.items()}

    def economies(self) -> dict[str, str]:
        """The economies to choose from: code to name in this language."""
        return i18n.economies(i18n.language())

    def _meant(self, question: Question, column: str, cell: str) -> str:
        return Economy().chosen(question, cell) if column == "economy" else cell

    def _said(self, question: Question, column: str, cell: str) -> str:
        return Economy().named(question, cell) if column == "economy" else cell

    def _example(self, column: str, name: str, n: int) -> str:
        codes = list(self.economies())
        fixed = {"economy": codes[n % len(codes)], "email": f"example-{n}@example.org", "orcid": ""}
        return fixed.get(column, _("Example %(number)d", number=n))

    def too_many(self, most: int) -> str:
        return ngettext("Keep at most %(num)d person.", "Keep at most %(num)d people.", most)

    def row_problem(self, question: Question, row: Mapping[str, str], n: int) -> str | None:
        if not row.get("name") or not row.get("affiliation"):
            return _("Person %(row)d: fill in the name and the affiliation.", row=n)
        if any(len(cell) > CELL for cell in row.values()):
            return _("Person %(row)d: shorten what is longer than %(most)d characters.", row=n, most=CELL)
        if row.get("economy") and row["economy"] not in i18n.economies("en"):
            return _("Person %(row)d: choose an economy in the list.", row=n)
        if row.get("email") and not mail_holds(row["email"]):
            return _("Person %(row)d: write the whole e-mail address, as in name@example.org.", row=n)
        if row.get("orcid") and not orcid_holds(row["orcid"]):
            return _("Person %(row)d: one digit of the ORCID iD is wrong; compare it with orcid.org.", row=n)
        return None

    def _parts(self, question: Question, value: list[Row]) -> list[str]:
        lines = []
        for row in value:
            cells = [row.get("name"), row.get("affiliation"), i18n.economy(row.get("economy")), row.get("email")]
            lines.append(", ".join(cell for cell in [*cells, row.get("orcid")] if cell))
        return lines
