"""The form of a call: sections and questions, changed freely until it opens and then only so that no answer is lost."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask_babel import gettext as _

from msme_calls import history, questions
from msme_calls.accounts.models import Person
from msme_calls.calls import depending, freezing, rules
from msme_calls.calls.actions import parts
from msme_calls.calls.models import Call, Question, Section
from msme_calls.errors import SECRETS, Refused, allow

Words = dict[str, str]


@dataclass(frozen=True)
class Wording:
    """What applicants read of a question."""

    label: Words
    help: Words


@dataclass(frozen=True)
class Wider(Wording):
    """The same with its limits and the words of its answers and columns: what may change while the call is open."""

    limits: Mapping[str, int | None] = field(default_factory=dict)
    rows: Mapping[str, Mapping[str, Words]] = field(default_factory=dict)  # of choices and columns: words by key


@dataclass(frozen=True)
class Content(Wording):
    """A whole question, but for its kind and what it feeds: those stay as they were made."""

    required: bool = False
    hidden: bool = False
    public: bool = False
    options: dict[str, Any] = field(default_factory=dict)


def add_section(call: Call, title: Words, intro: Words, *, by: Person, at: datetime) -> Section:
    """Add a section after the others."""
    allow(rules.no_set_up(call.life, at))
    key = parts.key_for(title, [s.key for s in call.sections], "section")
    section = Section(key=key, position=parts.last(call.sections), title=title, intro=intro)
    call.sections.append(section)
    history.record("add-section", by=by, at=at, call=call, section=parts.words(title))
    return section


def word_section(section: Section, title: Words, intro: Words, *, by: Person, at: datetime) -> None:
    """Change a section's title and introduction."""
    allow(rules.no_form_wording(section.call.life, at))
    section.title, section.intro = title, intro
    history.record("word-section", by=by, at=at, call=section.call, section=parts.words(section.title))


def order_of(call: Call) -> str:
    """The form's order as a text: sections by a semicolon, each with its questions (`static/js/order.js`)."""
    return ";".join(f"{s.id}:{','.join(str(q.id) for q in s.questions)}" for s in call.sections)


def order(call: Call, wanted: str, *, by: Person, at: datetime) -> None:
    """Put all sections and questions into an order, as `order_of` writes it."""
    allow(rules.no_set_up(call.life, at))
    sections, rows = {str(s.id): s for s in call.sections}, {str(q.id): q for q in call.questions}
    pairs = [part.partition(":")[::2] for part in wanted.split(";")]
    listed = [(section, [q for q in own.split(",") if q]) for section, own in pairs]
    asked = [q for _section, own in listed for q in own]
    if sorted(section for section, _own in listed) != sorted(sections) or sorted(asked) != sorted(rows):
        raise Refused(_("The form has other questions by now. Look at it as it stands, and order it anew."))
    allow(freezing.no_order(rows[q] for q in asked))
    for n, (section, own) in enumerate(listed):
        sections[section].position = n
        for m, question in enumerate(own):
            rows[question].position, rows[question].section = m, sections[section]
    history.record("order-form", by=by, at=at, call=call)


def _ordered(call: Call) -> list[Question]:
    """The questions by their positions, which may have changed a moment ago."""
    sections = sorted(call.sections, key=lambda s: s.position)
    return [q for s in sections for q in sorted(s.questions, key=lambda q: q.position)]


def move_section(section: Section, step: int, *, by: Person, at: datetime) -> None:
    """Move a section one place up (-1) or down (1)."""
    allow(rules.no_set_up(section.call.life, at))
    if parts.shift(section.call.sections, section, step):
        allow(freezing.no_order(_ordered(section.call)))
        history.record("move-section", by=by, at=at, call=section.call, section=parts.words(section.title))


def remove_section(section: Section, *, by: Person, at: datetime) -> None:
    """Take a section and its questions away."""
    call = section.call
    allow(rules.no_section_removal(call.life, [q.feeds for q in section.questions if q.feeds], at))
    allow(depending.no_removal(call.questions, section.questions))
    call.sections.remove(section)
    history.record("remove-section", by=by, at=at, call=call, section=parts.words(section.title))


def add_question(section: Section, kind: str, content: Content, *, by: Person, at: datetime) -> Question:
    """Add a question at the end of a section; once the call is open only an optional one."""
    call = section.call
    allow(rules.no_question(call.life, content.required, at))
    key = parts.key_for(content.label, [*SECRETS, *(q.key for q in call.questions)], "question")
    question = Question(
        key=key, kind=questions.KINDS[kind].key, position=parts.last(section.questions), label=content.label,
        help=content.help, required=content.required, hidden=content.hidden, public=content.public,
        options=options_of(call, kind, content.options),
    )  # fmt: skip
    section.questions.append(question)
    history.record("add-question", by=by, at=at, call=call, question=parts.words(content.label))
    return question


def options_of(call: Call, kind: str, given: dict[str, Any]) -> dict[str, Any]:
    """The options that a question of this kind has; rows that are new get their keys."""
    known = {n: v for n, v in given.items() if n in questions.KINDS[kind].settings and v not in (None, "", [])}
    for name in ("choices", "columns"):
        taken = [item["key"] for item in known.get(name, []) if item.get("key")]
        for item in known.get(name, []):
            if not item.get("key"):
                item["key"] = parts.key_for(item["label"], taken, name[:6])
                taken.append(item["key"])
    if kind == "organisation-type":
        known["types"] = list(call.organisation_types)
    if kind == "language":
        known["languages"] = list(call.languages)
    return known


def word_question(question: Question, wording: Wording, *, by: Person, at: datetime) -> None:
    """Change a question's words and help, which no answer depends on; limits only so that none becomes wrong."""
    call = question.section.call
    allow(rules.no_form_wording(call.life, at))
    if isinstance(wording, Wider):
        _widen(question, wording, call, at)
    question.label, question.help = wording.label, wording.help
    history.record("word-question", by=by, at=at, call=call, question=parts.words(question.label))


def _widen(question: Question, wording: Wider, call: Call, at: datetime) -> None:
    options = dict(question.options)
    for name, limit in wording.limits.items():
        allow(freezing.no_limit(call.life, name, options.get(name), limit, at))
        options[name] = limit
    for name, words in wording.rows.items():
        options[name] = [{**item, "label": words.get(item["key"], item["label"])} for item in options.get(name, [])]
    question.options = {name: value for name, value in options.items() if value is not None}


def edit_question(question: Question, content: Content, *, by: Person, at: datetime) -> None:
    """Change all of a question but its kind; what feeds every proposal's public face stays required."""
    call = question.section.call
    allow(rules.no_set_up(call.life, at))
    if "choices" in questions.KINDS[question.kind].settings:
        allow(depending.no_choices(call.questions, question, [c.get("key") for c in content.options["choices"]]))
    question.label, question.help = content.label, content.help
    question.required = content.required or bool(question.feeds)
    question.hidden, question.public = content.hidden, content.public
    question.options = options_of(call, question.kind, content.options)
    history.record("edit-question", by=by, at=at, call=call, question=parts.words(question.label))


def move_question(question: Question, step: int, *, by: Person, at: datetime) -> None:
    """Move a question one place up (-1) or down (1), at the edge of its section into the next one."""
    section = question.section
    call = section.call
    allow(rules.no_set_up(call.life, at))
    if parts.shift(section.questions, question, step) or _into_next(question, call, section, step):
        allow(freezing.no_order(_ordered(call)))
        history.record("move-question", by=by, at=at, call=call, question=parts.words(question.label))


def _into_next(question: Question, call: Call, section: Section, step: int) -> bool:
    ordered = sorted(call.sections, key=lambda s: s.position)
    there = ordered.index(section) + step
    if not 0 <= there < len(ordered):
        return False
    target = ordered[there]
    question.position = parts.last(target.questions) if step < 0 else -1
    question.section = target
    for each in (section, target):
        for n, q in enumerate(sorted(each.questions, key=lambda q: q.position)):
            q.position = n
    return True


def remove_question(question: Question, *, by: Person, at: datetime) -> None:
    """Take a question away, unless every proposal needs it."""
    section = question.section
    call = section.call
    allow(rules.no_removal(call.life, question.feeds, at))
    allow(depending.no_removal(call.questions, [question]))
    section.questions.remove(question)
    history.record("remove-question", by=by, at=at, call=call, question=parts.words(question.label))
