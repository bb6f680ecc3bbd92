"""What a call still lacks before it can be launched: texts by language, dates, settings, criteria, form, partners."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from msme_calls import i18n
from msme_calls.calls.rules import FEEDS
from msme_calls.i18n import _l

# Parts of the call page, in its order: whether the call can do without.
TEXTS = {
    "title": (_l("Title"), True),
    "theme": (_l("Theme"), True),
    "lead": (_l("Lead"), True),
    "background": (_l("Background"), False),
    "goals": (_l("Goals"), False),
    "eligibility": (_l("Who may apply"), True),
    "not_for": (_l("Who may not apply"), False),
    "asked": (_l("What is asked"), True),
    "prize": (_l("What winners get"), False),
    "judging": (_l("How proposals are judged"), True),
}
DATES = {
    "opens": _l("The opening"),
    "deadline": _l("The deadline"),
    "review_due": _l("When reviews are due"),
    "review_cutoff": _l("When reviews are locked"),
    "result": _l("The instant of the result"),
}
OF_REVIEWS = {"review_due", "review_cutoff"}  # of calls in which reviewers score


@dataclass(frozen=True)
class Missing:
    """One thing that is missing, in words, and where it is filled in: a page of the desk, a row, a field."""

    words: Any
    page: str
    row: Any = None
    field: str = ""


@dataclass(frozen=True)
class Text:
    """One text that a call may have in each of its languages: what it is, where it is written, what lacks."""

    what: Any
    value: dict[str, str]
    languages: tuple[str, ...]  # the call's
    page: str
    row: Any = None
    field: str = ""
    needed: bool = True

    @property
    def lacking(self) -> list[str]:
        """The languages that it should have and hasn't: none, if it isn't needed and there in no language."""
        absent = [code for code in self.languages if not self.value.get(code)]
        return absent if self.needed or len(absent) < len(self.languages) else []

    def place(self, code: str) -> str:
        """The field in which it is written in a language."""
        return f"{self.field}-{code}" if self.field else ""


def missing(call: Any) -> list[Missing]:
    """Everything that stands against launching a call, in the order of its pages; texts only in its own languages."""
    return [m for part in _parts(call) for m in ([part] if isinstance(part, Missing) else _told(part))]


def texts(call: Any) -> list[Text]:
    """Every text of the call, in the order of its pages, with the languages that it lacks."""
    return [part for part in _parts(call) if isinstance(part, Text)]


def _parts(call: Any) -> Iterator[Missing | Text]:
    for part in (_texts, _dates, _rules, _criteria, _form, _partners):
        yield from part(call)


def _told(text: Text) -> Iterator[Missing]:
    if lacking := text.lacking:
        words = _l("%(what)s: missing in %(languages)s", what=text.what, languages=_Names(lacking))
        yield Missing(words, text.page, text.row, text.place(lacking[0]))


def _said(
    call: Any, what: Any, value: dict[str, str] | None, page: str, field: str = "", row: Any = None, needed: bool = True
) -> Iterator[Text]:
    yield Text(what, value or {}, tuple(call.languages), page, row, field, needed)


@dataclass(frozen=True)
class _Names:
    """Names of languages, in the reader's language once it is known."""

    codes: list[str]

    def __str__(self) -> str:
        return i18n.join([i18n.language_name(c) for c in self.codes])


@dataclass(frozen=True)
class _Own:
    """A text of the call's own, in the reader's language or the first that has it."""

    value: dict[str, str]
    otherwise: Any

    def __str__(self) -> str:
        return i18n.said(self.value) or str(self.otherwise)


def _texts(call: Any) -> Iterator[Missing | Text]:
    for name, (what, needed) in TEXTS.items():
        yield from _said(call, what, getattr(call, name), "calls.texts", name, needed=needed)
    if not call.contact:
        yield Missing(_l("The address for questions is missing"), "calls.texts", field="contact")


def _dates(call: Any) -> Iterator[Missing | Text]:
    for name, what in DATES.items():
        if (call.scored or name not in OF_REVIEWS) and getattr(call, f"{name}_at") is None:
            yield Missing(_l("%(what)s is not set", what=what), "calls.dates", field=name)


def _rules(call: Any) -> Iterator[Missing | Text]:
    if not call.languages:
        yield Missing(_l("No language is chosen for the call"), "calls.rules", field="languages")
    if not call.organisation_types:
        yield Missing(_l("No type of organisation may apply"), "calls.rules", field="organisation_types")


def _criteria(call: Any) -> Iterator[Missing | Text]:
    if call.scored and not call.criteria:
        yield Missing(_l("There is no criterion to judge by"), "calls.criteria")
    for n, criterion in enumerate(call.criteria, 1):
        name = _Own(criterion.name, _l("Criterion %(number)d", number=n))
        about = {"page": "calls.criterion", "row": criterion.id}
        yield from _said(call, _l("Name of criterion %(number)d", number=n), criterion.name, field="name", **about)
        what = _l("Description of “%(criterion)s”", criterion=name)
        yield from _said(call, what, criterion.description, field="description", needed=False, **about)
        for score in range(criterion.scale, -1, -1):
            what = _l("What %(score)d means for “%(criterion)s”", score=score, criterion=name)
            yield from _said(call, what, criterion.anchors.get(str(score)), field=f"anchor_{score}", **about)


def _form(call: Any) -> Iterator[Missing | Text]:
    fed = [q.feeds for s in call.sections for q in s.questions if q.feeds]
    for part, name in FEEDS.items():
        if fed.count(part) != 1:
            yield Missing(_l("Exactly one question has to give each proposal its %(part)s", part=name), "calls.form")
    for n, section in enumerate(call.sections, 1):
        about = {"page": "calls.section", "row": section.id}
        title = _Own(section.title, _l("Section %(number)d", number=n))
        yield from _said(call, _l("Title of section %(number)d", number=n), section.title, field="heading", **about)
        what = _l("Introduction to “%(section)s”", section=title)
        yield from _said(call, what, section.intro, field="intro", needed=False, **about)
        if not section.questions:
            yield Missing(_l("“%(section)s” has no question", section=title), "calls.form")
        for question in section.questions:
            yield from _question(call, question)


_LISTS = {("choice", "choices"), ("choices", "choices"), ("table", "columns")}  # kinds that are nothing without rows


def _question(call: Any, question: Any) -> Iterator[Missing | Text]:
    about = {"page": "calls.question", "row": question.id}
    label = _Own(question.label, question.key)
    what = _l("Words of the question “%(question)s”", question=label)
    yield from _said(call, what, question.label, field="label", **about)
    what = _l("Help for “%(question)s”", question=label)
    yield from _said(call, what, question.help, field="help", needed=False, **about)
    for name, words in (("choices", _l("An answer of “%(question)s”", question=label)),
                        ("columns", _l("A column of “%(question)s”", question=label))):  # fmt: skip
        listed = question.options.get(name, [])
        for n, item in enumerate(listed):
            yield from _said(call, words, item["label"], field=f"{name}-{n}-label", **about)
        if not listed and (question.kind, name) in _LISTS:
            yield Missing(_l("“%(question)s” has nothing to choose or fill in yet", question=label), **about)


def _partners(call: Any) -> Iterator[Missing | Text]:
    for n, partner in enumerate(call.partners, 1):
        what = _l("Name of partner %(number)d", number=n)
        yield from _said(call, what, partner.name, "calls.partner", "name", row=partner.id)
