"""The form of a section, built from its questions: what is read from it, and what stands in its fields."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import StringField, TextAreaField
from wtforms.validators import DataRequired, Length

from msme_calls.calls.models import Question, Section
from msme_calls.i18n import _l, said
from msme_calls.proposals.models import Attachment, Proposal
from msme_calls.questions import Kind, kind_of
from msme_calls.uploads import Scan

# With a hyphen: no question is called so. KEPT: a script has saved the answers just now, only files come along.
# TAKE: the questions of which the other window's answer shall stand.
VERSION, REMOVE, GO, KEPT, TAKE = "section-version", "remove-file", "go-to", "kept-already", "take-saved"


@dataclass(frozen=True)
class Field:
    """A question with what stands in its field; `other` is what another window saved meanwhile, as text."""

    question: Question
    kind: Kind
    value: Any
    errors: Sequence[str]
    files: list[Attachment]
    other: str | None = None

    @property
    def id(self) -> str:
        """The id of its first control, where the summary of errors leads."""
        return f"q-{self.question.key}"


def read(section: Section, form: MultiDict[str, str]) -> dict[str, Any]:
    """The answers of a sent form by question key; whatever else was sent is nobody's answer."""
    taken = form.getlist(TAKE)
    return {q.key: kind_of(q).read(q, form) for q in section.questions if q.kind != "file" and q.key not in taken}


def seen(form: MultiDict[str, str]) -> int:
    """The section's version that the sent form was drawn from (0: it was never saved)."""
    return _number(form.get(VERSION, "")) or 0


def version_of(tag: str) -> int | None:
    """The version that If-Match names: one number in quotes (“*” would overwrite whatever there is)."""
    return _number(tag.strip()[1:-1]) if tag.strip()[:1] == tag.strip()[-1:] == '"' else None


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def controls(question: Question, value: Any) -> list[tuple[str, str]]:
    """What the controls of a question's field send when this answer stands in them: `Kind.read` backwards."""
    given = kind_of(question).typed(question, value) if value else ""
    if not isinstance(given, list):
        return [(question.key, str(given))] if given else []
    if not all(isinstance(row, dict) for row in given):
        return [(question.key, each) for each in given]
    cells = ((f"{question.key}-{n}-{column}", text) for n, row in enumerate(given) for column, text in row.items())
    return [(name, text) for name, text in cells if text]


def differing(section: Section, there: Mapping[str, Any], sent: Mapping[str, Any]) -> dict[str, Any]:
    """The questions that were saved otherwise than what was sent: both answers as text, the saved one as controls."""
    found = {}
    for q in section.questions:
        if q.key in sent and there.get(q.key) != sent[q.key]:
            saved, kind = there.get(q.key), kind_of(q)
            both = {"mine": kind.shown(q, sent[q.key]), "theirs": kind.shown(q, saved) if saved else ""}
            found[q.key] = {**both, "controls": controls(q, saved)}
    return found


def fields(
    section: Section,
    proposal: Proposal,
    answers: Mapping[str, Any],
    errors: Mapping[str, Sequence[str]],
    others: Mapping[str, Any] | None = None,
) -> list[Field]:
    """The fields of a section: the answers given, sentences at them, and what was saved elsewhere where it differs."""
    there = [a for a in proposal.attachments if a.removed_at is None]
    found = []
    for q in section.questions:
        kind, value = kind_of(q), answers.get(q.key)
        other = None
        if others is not None and q.kind != "file" and others.get(q.key) != value:
            other = kind.shown(q, others.get(q.key))
        files = [a for a in there if a.question == q.key]
        wrong = [*(() if files else _infected(proposal, q)), *errors.get(q.key, ())]
        found.append(Field(q, kind, value, wrong, files, other))
    return found


def _infected(proposal: Proposal, question: Question) -> list[str]:
    """What to do about files that a virus was found in, until another one is there."""
    gone = (a for a in proposal.attachments if a.question == question.key and a.stored.scan is Scan.INFECTED)
    return [
        _("A virus was found in “%(name)s”, so it was taken out. Check your computer for viruses, save the document "
          "anew, and send it again.", name=file.name)
        for file in gone
    ]  # fmt: skip


def summary(shown: list[Field]) -> list[tuple[str, str]]:
    """Everything to correct, in the form's order: (id of the field, sentence that names the question)."""
    found = [(f, error) for f in shown for error in f.errors]
    return [(f.id, _("%(label)s – %(error)s", label=said(f.question.label), error=error)) for f, error in found]


class ConflictForm(FlaskForm):
    """A conflict of interest between a proposal and somebody with a role in the call."""

    address = StringField(
        _l("E-mail address of the person"),
        [DataRequired(_l("Write the address of somebody who has a role in this call."))],
    )
    reason = TextAreaField(
        _l("Reason"),
        [DataRequired(_l("Write the reason in a sentence.")), Length(max=1000, message=_l("Shorten the reason."))],
        description=_l("It is listed with the conflict. Name no detail that others need not know."),
    )

    def unknown(self) -> None:
        """Say that nobody in the call has this address."""
        self.address.errors = [_("Nobody with a role in this call has this address: compare it with the list.")]


class TakeBackForm(FlaskForm):
    """Why a conflict that somebody else declared is none."""

    reason = TextAreaField(
        _l("Reason"),
        [DataRequired(_l("Write the reason in a sentence.")), Length(max=1000, message=_l("Shorten the reason."))],
        description=_l("It goes into the history of the call."),
    )
