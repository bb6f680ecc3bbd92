"""Kinds of question: one class each, that reads, checks and shows an answer; a form is built from nothing else.

A question is any object with `key`, `kind`, `required`, `label` (Translated) and `options` (a dict). Answers are
plain JSON values. What a person typed is kept as typed, also when it is not yet what is asked for.
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Protocol
from urllib.parse import urlsplit

from babel.numbers import NumberFormatError, format_decimal, parse_decimal
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from werkzeug.datastructures import MultiDict

from msme_calls import i18n

LONGEST = 20_000  # characters in one answer, whatever the call says; more is kept and said, never cut
CELL = 2_000  # the same for a cell of a table
SHORT = 200  # characters of what a page offers to choose from
MOST_ROWS = 50
_MAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")
_SINGLE = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")  # scripts written without spaces

ORGANISATION_TYPES = {
    "small-business": _l("Small business"),
    "business-association": _l("Business association"),
    "chamber-of-commerce": _l("Chamber of commerce"),
    "ngo": _l("NGO"),
    "university": _l("University"),
    "research-institute": _l("Research institute"),
    "think-tank": _l("Think tank"),
    "international-organisation": _l("International organisation"),
    "government": _l("Government body"),
    "independent": _l("Independent researcher"),
}


class Question(Protocol):
    """What a kind needs to know of a question."""

    key: str
    kind: str
    required: bool
    label: dict[str, str]
    options: dict[str, Any]


def words(text: str) -> int:
    """How many words a text has, counted as the browser counts them.

    Runs without white space that hold a letter or a digit count one each (“l’art” and an address are one word);
    each Chinese or Japanese character counts one.
    """
    count = 0
    for run in text.split():
        if run.isascii() and run.isalnum():  # most words
            count += 1
            continue
        single = len(_SINGLE.findall(run))
        rest = _SINGLE.sub("", run)
        count += single + any(unicodedata.category(c)[0] in "LN" for c in rest)
    return count


def orcid_holds(text: str) -> bool:
    """Whether a text is an ORCID iD with a right check digit (ISO 7064, MOD 11-2)."""
    digits = text.replace("https://orcid.org/", "").replace("-", "")
    if not re.fullmatch(r"\d{15}[\dX]", digits):
        return False
    total = 0
    for d in digits[:15]:
        total = (total + int(d)) * 2
    return "0123456789X"[(12 - total % 11) % 11] == digits[15]


class Kind:
    """A kind of question. Subclasses say what differs."""

    key = "short-text"
    label = _l("Short text")
    control = "line"  # the macro that draws its field
    settings: tuple[str, ...] = ()  # options that a coordinator may set
    own = False  # whether an answer is the person's own words, in the language of her proposal
    missing = _l("Answer this question: it is required.")

    def read(self, question: Question, form: MultiDict[str, str]) -> Any:
        """What was typed, as it is kept: all of it, however long."""
        return i18n.normal(form.get(question.key, ""))

    def typed(self, question: Question, value: Any) -> Any:
        """An answer as it stands in its field again."""
        return value

    def is_blank(self, value: Any) -> bool:
        """Whether nothing has been answered."""
        return not value

    def problems(self, question: Question, value: Any) -> list[str]:
        """What is wrong with an answer that isn't blank: whole sentences that say what to do."""
        return []

    def shown(self, question: Question, value: Any) -> str:
        """The answer as text in this language, for pages and print."""
        return str(value or "")

    def exported(self, question: Question, value: Any) -> Any:
        """The answer in a list for other programs."""
        return self.shown(question, value)


class ShortText(Kind):
    settings: tuple[str, ...] = ("max_words", "max_chars")
    own = True

    def read(self, question: Question, form: MultiDict[str, str]) -> str:
        return " ".join(super().read(question, form).split())

    def problems(self, question: Question, value: str) -> list[str]:
        return length_problems(question.options, value)


class LongText(Kind):
    key, label, control = "long-text", _l("Long text"), "area"
    settings = ("min_words", "max_words")
    own = True
    count = staticmethod(words)

    def problems(self, question: Question, value: str) -> list[str]:
        return length_problems(question.options, value)


def length_problems(options: Mapping[str, Any], text: str) -> list[str]:
    """What is wrong with a text's length, if anything."""
    n, found = words(text), []
    if (most := options.get("max_words")) and n > most:
        over = n - most
        found.append(
            ngettext(
                "Shorten the answer: it is %(num)d word too long.",
                "Shorten the answer: it is %(num)d words too long.",
                over,
            )
        )
    if (least := options.get("min_words")) and n < least:
        found.append(
            ngettext("Write at least %(num)d word.", "Write at least %(num)d words.", least)
            + " "
            + ngettext("It has %(num)d word now.", "It has %(num)d words now.", n)
        )
    if len(text) > (most_chars := options.get("max_chars") or LONGEST):
        found.append(_("Shorten the answer to %(most)d characters: it has %(now)d.", most=most_chars, now=len(text)))
    return found


class Number(Kind):
    """Kept as plain digits with a point, so that “1.250” means the same to whoever reads it in another language."""

    key, label, control = "number", _l("Number"), "number"
    settings = ("min", "max")

    @staticmethod
    def plain(text: str) -> str | None:
        """The digits that a text means in this language (or as English writes them), or None."""
        compact = re.sub(r"\s", "", text).replace("−", "-")
        if not re.fullmatch(r"[-+]?[\d.,’']{1,30}", compact):
            return None
        for locale in (i18n.language(), "en"):
            try:
                return format(parse_decimal(compact, locale=locale, strict=True), "f")
            except NumberFormatError:
                pass
        return None

    @staticmethod
    def value(text: str) -> Decimal | None:
        """The number of an answer as it is kept, or None if what was typed is none."""
        return Decimal(text) if re.fullmatch(r"-?[0-9]{1,30}(\.[0-9]{1,30})?", text) else None

    def read(self, question: Question, form: MultiDict[str, str]) -> str:
        text = super().read(question, form)
        return self.plain(text) or text

    def typed(self, question: Question, value: str) -> str:
        number = self.value(value or "")
        return value if number is None else format_decimal(number, "0.##########", i18n.language())

    def problems(self, question: Question, value: str) -> list[str]:
        number = self.value(value)
        if number is None:
            return [_("Write the number in figures, for example 85.")]
        least, most = question.options.get("min"), question.options.get("max")
        if least is not None and number < Decimal(str(least)):
            return [_("Write a number of at least %(least)s.", least=_figure(least))]
        if most is not None and number > Decimal(str(most)):
            return [_("Write a number of at most %(most)s.", most=_figure(most))]
        return []

    def shown(self, question: Question, value: str) -> str:
        number = self.value(value or "")
        return value or "" if number is None else _figure(number)

    def exported(self, question: Question, value: str) -> Any:
        number = self.value(value or "")
        if number is None:
            return value or ""
        return int(number) if number == int(number) else float(number)


def _figure(number: Any) -> str:
    return format_decimal(number, locale=i18n.language())


class Date(Kind):
    key, label, control = "date", _l("Date"), "date"

    @staticmethod
    def value(text: str) -> date | None:
        """The day of an answer, or None if what was typed is none."""
        try:
            return date.fromisoformat(text) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else None
        except ValueError:
            return None

    def problems(self, question: Question, value: str) -> list[str]:
        if self.value(value) is None:
            return [_("Write the date as year, month and day, for example 2027-09-01.")]
        return []

    def shown(self, question: Question, value: str) -> str:
        day = self.value(value or "")
        return value or "" if day is None else i18n.date_words(day)

    def exported(self, question: Question, value: str) -> str:
        return value or ""


class YesNo(Kind):
    key, label, control = "yes-no", _l("Yes or no"), "yes_no"
    settings = ("must",)

    def read(self, question: Question, form: MultiDict[str, str]) -> str:
        value = form.get(question.key, "")
        return value if value in ("yes", "no") else ""

    def problems(self, question: Question, value: str) -> list[str]:
        if question.options.get("must") == "yes" and value != "yes":
            return [_("This call takes only proposals that can say yes here.")]
        return []

    def shown(self, question: Question, value: str) -> str:
        return {"yes": _("Yes"), "no": _("No")}.get(value, "")


class Choice(Kind):
    key, label, control = "choice", _l("One choice"), "choice"
    settings: tuple[str, ...] = ("choices",)

    def choices(self, question: Question) -> dict[str, str]:
        """The choices: key to words in this language."""
        return {c["key"]: i18n.said(c["label"]) for c in question.options.get("choices", [])}

    def read(self, question: Question, form: MultiDict[str, str]) -> Any:
        return super().read(question, form)[:SHORT]

    def problems(self, question: Question, value: str) -> list[str]:
        return [] if value in self.choices(question) else [_("Choose one of the answers in the list.")]

    def shown(self, question: Question, value: str) -> str:
        return self.choices(question).get(value, value or "")


class Choices(Choice):
    key, label, control = "choices", _l("Several choices"), "choices"

    def read(self, question: Question, form: MultiDict[str, str]) -> list[str]:
        sent = (i18n.normal(value)[:SHORT] for value in form.getlist(question.key))
        return [value for value in dict.fromkeys(sent) if value][:SHORT]

    def problems(self, question: Question, value: Any) -> list[str]:
        known = self.choices(question)
        return [] if all(v in known for v in value) else [_("Choose only answers that are in the list.")]

    def shown(self, question: Question, value: Any) -> str:
        known = self.choices(question)
        return ", ".join(known.get(v, v) for v in value or [])


class Economy(Choice):
    key, label, control = "economy", _l("Economy"), "select"
    settings = ()

    def choices(self, question: Question) -> dict[str, str]:
        return i18n.economies(i18n.language())


class OrganisationType(Choice):
    """The types are the call's own list, which is put into `options` when a call is made."""

    key, label, control = "organisation-type", _l("Type of organisation"), "choice"
    settings = ()

    def choices(self, question: Question) -> dict[str, str]:
        return {k: str(ORGANISATION_TYPES[k]) for k in question.options.get("types", ORGANISATION_TYPES)}


class Language(Choice):
    key, label, control = "language", _l("Language of the proposal"), "choice"
    settings = ()

    def choices(self, question: Question) -> dict[str, str]:
        return {k: i18n.language_label(k) for k in question.options.get("languages", i18n.LANGUAGES)}


class Link(ShortText):
    key, label, control = "link", _l("Link"), "link"
    settings = ()
    own = False

    def problems(self, question: Question, value: str) -> list[str]:
        try:
            parts = urlsplit(value if "//" in value else f"https://{value}")
        except ValueError:  # an opening bracket alone
            parts = urlsplit("")
        good = parts.scheme in ("http", "https") and "." in (parts.hostname or "") and len(value.split()) == 1
        return [] if good and len(value) <= CELL else [_("Write an address such as www.example.org.")]


class Mail(ShortText):
    key, label, control = "email", _l("E-mail address"), "email"
    settings = ()
    own = False

    def problems(self, question: Question, value: str) -> list[str]:
        return [] if mail_holds(value) else [_("Write the whole address, as in name@example.org.")]


def mail_holds(text: str) -> bool:
    """Whether a text has the form of an address that our mail can reach (ASCII before the @)."""
    return bool(_MAIL.fullmatch(text)) and text.partition("@")[0].isascii() and len(text) <= 254


class File(Kind):
    """Its answer is the list of the attachments' ids; the files themselves are kept by `uploads`."""

    key, label, control = "file", _l("File"), "file"
    settings = ("types", "max_mb", "max_pages", "max_files")
    missing = _l("Send a file: it is required.")

    def limits(self, question: Question) -> dict[str, Any]:
        """What may be sent: kinds, bytes and pages of one file (pages None: any number), and how many files."""
        options = question.options
        return {
            "kinds": list(options.get("types") or ("pdf",)), "max_bytes": int(options.get("max_mb", 10) * 1_000_000),
            "max_pages": options.get("max_pages"), "max_files": options.get("max_files", 1),
        }  # fmt: skip

    def read(self, question: Question, form: MultiDict[str, str]) -> list[str]:
        return []

    def shown(self, question: Question, value: Any) -> str:
        return ngettext("%(num)d file", "%(num)d files", len(value or []))


class Table(Kind):
    key, label, control = "table", _l("Table of rows"), "table"
    settings: tuple[str, ...] = ("columns", "max_rows", "min_rows")
    own = True
    most = "max_rows"  # the option that limits the rows

    def columns(self, question: Question) -> dict[str, str]:
        """The columns: key to words in this language."""
        return {c["key"]: i18n.said(c["label"]) for c in question.options.get("columns", [])}

    def limit(self, question: Question) -> int:
        """How many rows are taken at most."""
        return min(question.options.get(self.most) or MOST_ROWS, MOST_ROWS)

    def read(self, question: Question, form: MultiDict[str, str]) -> list[dict[str, str]]:
        """The rows that aren't empty, in the order of their numbers, whichever those are (`form.js` leaves gaps)."""
        name = re.compile(rf"{re.escape(question.key)}-([0-9]{{1,4}})-.+")
        numbers = sorted({int(found[1]) for key in form if (found := name.fullmatch(key))})
        columns = self.columns(question)
        rows = [{c: i18n.normal(form.get(f"{question.key}-{n}-{c}", "")) for c in columns} for n in numbers]
        return [row for row in rows if any(row.values())]

    def problems(self, question: Question, value: Any) -> list[str]:
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

    def shown(self, question: Question, value: Any) -> str:
        columns = self.columns(question)
        return "\n".join(" · ".join(row.get(c, "") for c in columns) for row in value or [])


class People(Table):
    key, label, control = "people", _l("People"), "people"
    settings = ("max_people",)
    most = "max_people"
    fields = {
        "name": _l("Name"),
        "affiliation": _l("Affiliation"),
        "economy": _l("Economy"),
        "email": _l("E-mail address"),
        "orcid": _l("ORCID iD (optional)"),
    }

    def columns(self, question: Question) -> dict[str, str]:
        return {k: str(v) for k, v in self.fields.items()}

    def economies(self) -> dict[str, str]:
        """The economies to choose from: code to name in this language."""
        return i18n.economies(i18n.language())

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

    def shown(self, question: Question, value: Any) -> str:
        lines = []
        for row in value or []:
            parts = [row.get("name"), row.get("affiliation"), i18n.economy(row.get("economy")), row.get("email")]
            lines.append(", ".join(p for p in [*parts, row.get("orcid")] if p))
        return "\n".join(lines)


KINDS: dict[str, Kind] = {
    kind.key: kind
    for kind in (
        ShortText(), LongText(), Number(), Date(), YesNo(), Choice(), Choices(), Economy(), OrganisationType(),
        Language(), Link(), Mail(), File(), People(), Table(),
    )
}  # fmt: skip


def kind_of(question: Question) -> Kind:
    """The kind of a question."""
    return KINDS[question.kind]


def problems(question: Question, value: Any) -> list[str]:
    """Everything that stands against handing in this answer: missing if required, else what its kind finds."""
    kind = kind_of(question)
    if kind.is_blank(value):
        return [str(kind.missing)] if question.required else []
    return kind.problems(question, value)
