"""A form as a plain text file: to read, to fill in without a line, and to bring back.

“## [key]” begins a question, and what stands below it until the next is its answer, but for the lines with “#” that
explain it. A line of an answer that begins with “#” is written with a backslash before it; without, it is taken too.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from msme_calls import i18n
from msme_calls.calls.models import Call, Question
from msme_calls.questions import asked, kind_of
from msme_calls.questions.kinds.choice import Choice
from msme_calls.questions.kinds.number import figure
from msme_calls.questions.wording import answer_if

LARGEST = 1_000_000  # bytes of a file that is brought back
_QUESTION = re.compile(r"##[ \t]*\[[ \t]*([^\]\s]{1,100})[ \t]*\].*", re.DOTALL)
_HEADING = re.compile(r"#[ \t]*\d{1,3}\.[ \t]*(.+)", re.DOTALL)
_SAID = re.compile(r"#[ \t]*(call|language):[ \t]*(\S{1,200})\s*", re.IGNORECASE)


def written(call: Call, answers: Mapping[str, Any], files: Iterable[Mapping[str, Any]] = (), title: str = "") -> str:
    """The form with these answers, in the reader's language. Questions that aren't asked under them are left out.

    Without any it is a blank form, with every question.
    """
    there = {q.key for q in asked(call.form.questions, answers) if answers} or {q.key for q in call.form.questions}
    title = " ".join((title or i18n.said(call.title)).split())
    lines = [f"# {title}", f"# call: {call.slug}", f"# language: {i18n.language()}", "#", *_explained(), ""]
    listed = list(files)
    for number, section in enumerate(call.form.sections, 1):
        shown = [q for q in section.questions if q.key in there]
        if shown:
            lines += ["", f"# {number}. {' '.join(i18n.said(section.title).split())}", ""]
        for question in shown:
            lines += _question(question, answers.get(question.key), listed)
    return "\n".join(lines).rstrip() + "\n"


def _explained() -> list[str]:
    """How to fill it in: the same in a blank form and in one with answers."""
    said = [
        _("Write each answer below the line that begins with ##, on as many lines as you need."),
        _("Leave the lines that begin with # as they are: they tell which answer is which."),
        _("Files can’t be sent this way: add them on the page of their section."),
        _("Save it as plain text (UTF-8). Then open your proposal and choose “Fill in from a file”."),
    ]
    return [f"# {sentence}" for sentence in said]


def _question(question: Question, value: Any, files: list[Mapping[str, Any]]) -> list[str]:
    kind = kind_of(question)
    label = " ".join(i18n.said(question.label).split())
    needed = _("%(question)s (required)", question=label) if question.required else label
    lines = [f"## [{question.key}] {needed}", *_help(question)]
    if question.kind == "file":
        names = [str(f["name"]) for f in files if f["question"] == question.key]
        return [*lines, *(f"# {_('Received: %(name)s', name=name)}" for name in names), ""]
    plain = kind.plain(question, value) if value else ""
    return [*lines, *(_shielded(line) for line in plain.split("\n")), ""]


def _help(question: Question) -> list[str]:
    """The lines that explain a question, each beginning with “#”."""
    said = " ".join(i18n.said(question.help).split())
    lines = [answer_if(question), said, *limits(question), *_how(question)]
    return [f"# {' '.join(line.split()) if line[:1] != ' ' else line}" for line in lines if line]


def limits(question: Question) -> list[str]:
    """What an answer may be at most and must be at least, as sentences."""
    options, lines = question.options, []
    if least := options.get("min_words"):
        lines.append(ngettext("At least %(num)d word.", "At least %(num)d words.", least))
    if most := options.get("max_words"):
        lines.append(ngettext("At most %(num)d word.", "At most %(num)d words.", most))
    if most := options.get("max_chars"):
        lines.append(ngettext("At most %(num)d character.", "At most %(num)d characters.", most))
    if (least := options.get("min")) is not None:
        lines.append(_("At least %(least)s.", least=figure(least)))
    if (highest := options.get("max")) is not None:
        lines.append(_("At most %(most)s.", most=figure(highest)))
    if question.kind in ("table", "people"):
        most = kind_of(question).limit(question)  # type: ignore[attr-defined]
        lines.append(ngettext("At most %(num)d row.", "At most %(num)d rows.", most))
    return lines


def _how(question: Question) -> list[str]:
    kind = kind_of(question)
    if question.kind in ("table", "people"):
        columns = " | ".join(str(words) for words in kind.columns(question).values())  # type: ignore[attr-defined]
        return [_("One row on each line, its cells parted by bars: %(columns)s", columns=columns)]
    if question.kind == "yes-no":
        return [_("Write “%(yes)s” or “%(no)s”.", yes=_("Yes"), no=_("No"))]
    if question.kind == "economy":
        return [_("Write the name of the economy.")]
    if question.kind == "date":
        return [_("Write the date as year, month and day, for example 2027-09-01.")]
    if not isinstance(kind, Choice):
        return []
    offered = kind.choices(question).values()
    each = _("Write one of these:") if question.kind != "choices" else _("Write one or more of these, each on a line:")
    return [each, *(f"  {' '.join(words.split())}" for words in offered)]


def _shielded(line: str) -> str:
    return f"\\{line}" if line.lstrip("\\").startswith("#") else line


def _bared(line: str) -> str:
    return line[1:] if line.startswith("\\") and line.lstrip("\\").startswith("#") else line


class NotAForm(Exception):
    """A file that is no form of this call; the message tells why and what to do."""


@dataclass(frozen=True)
class Brought:
    """What a file says: answers by question key, and the keys that it names and the call hasn't got."""

    answers: dict[str, Any] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    other_call: str = ""  # the address of the call that it was written for, if that is another


def read(content: bytes, call: Call) -> Brought:
    """The answers in a file. Questions that it doesn't name keep theirs. Raises NotAForm."""
    known = {q.key: q for q in call.form.questions}
    headings = {" ".join(words.split()) for section in call.form.sections for words in section.title.values() if words}
    found, said = _split(decoded(content), headings)
    if not found:
        raise NotAForm(_("There is no question in this file. Use the text file of the form, with all its lines."))
    named = [known[key] for key in found if key in known]
    if not named:
        raise NotAForm(_("This file is the form of another call. Use the text file of this call’s form."))
    answers = {q.key: _answer(q, found[q.key], said.get("language", "")) for q in named if q.kind != "file"}
    other = said.get("call", "")
    return Brought(answers, [key for key in found if key not in known], other if other != call.slug else "")


def _answer(question: Question, lines: list[str], language: str) -> Any:
    """What the lines below a question say, as the language says it in which the file was written.

    Of the lines with “#” only those are ours that explain the question: the others are the person's.
    """
    ours: set[str] = set()
    for lang in i18n.LANGUAGES if any(line.startswith("#") for line in lines) else ():
        with i18n.use(lang):
            ours |= {line.rstrip() for line in _help(question)}
    text = "\n".join(_bared(line) for line in lines if line.rstrip() not in ours)
    with i18n.use(language if language in i18n.LANGUAGES else i18n.language()):
        return kind_of(question).imported(question, text)


def decoded(content: bytes) -> str:
    """The text of a file as editors save it: UTF-8, or UTF-16 with its mark, or what Windows took for text before."""
    if len(content) > LARGEST:
        raise NotAForm(_("This file is too large for a form. Save it as plain text, and choose it again."))
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        codings = ["utf-16"]
    elif b"\0" in content:
        raise NotAForm(_("This file isn’t plain text. Save it as plain text (UTF-8), and choose it again."))
    else:
        codings = ["utf-8-sig", "cp1252"]
    for coding in codings:
        try:
            return content.decode(coding)
        except UnicodeDecodeError:
            continue
    raise NotAForm(_("This file isn’t plain text. Save it as plain text (UTF-8), and choose it again."))


def _split(text: str, headings: set[str]) -> tuple[dict[str, list[str]], dict[str, str]]:
    """The lines below each question, by key; the last of two answers to one question. And what the file says of itself.

    The heading of a section ends an answer.
    """
    found: dict[str, list[str]] = {}
    here: list[str] | None = None
    said: dict[str, str] = {}
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if begins := _QUESTION.fullmatch(line):
            here = found[begins[1]] = []
        elif (heading := _HEADING.fullmatch(line)) and " ".join(heading[1].split()) in headings:
            here = None  # what follows belongs to no question
        elif here is not None:
            here.append(line)
        elif not found and (fact := _SAID.fullmatch(line)):
            said[fact[1].lower()] = fact[2]
    return found, said
