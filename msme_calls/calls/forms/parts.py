"""Forms for criteria, partners, and the sections and questions of a call's form."""

from collections.abc import Callable
from typing import Any

import wtforms
from flask_wtf.file import FileField
from wtforms import BooleanField, FieldList, FormField, HiddenField, SelectMultipleField, StringField
from wtforms.validators import Length

from msme_calls import questions
from msme_calls.calls import freezing
from msme_calls.calls.actions import criteria as criteria_actions
from msme_calls.calls.actions import form as form_actions
from msme_calls.calls.forms.fields import (
    EditForm,
    Line,
    area_field,
    clean,
    follows,
    in_words,
    line_field,
    number_field,
)
from msme_calls.calls.models import Criterion, Question
from msme_calls.calls.rules import no_link
from msme_calls.i18n import _l
from msme_calls.questions import MOST_ROWS

SPARE = 3  # empty rows for whoever has no script


class CriterionForm(EditForm):
    """A criterion; `criterion_form` adds a sentence for each score."""

    needed = ("name",)
    name = line_field(_l("Name"))
    description = area_field(_l("What reviewers should ask themselves"))
    weight = number_field(_l("Weight"), 1, 1000, _l("Its part of the sum of all weights."))
    scale = number_field(_l("Highest score"), 1, 10, _l("Scores go from 0 to this. Save to get a line for each."))
    optional = BooleanField(_l("Reviewers may leave it out; a score left out is missing, never zero"))

    @property
    def content(self) -> criteria_actions.Content:
        steps = [n for n in self._fields if n.startswith("anchor_")]
        anchors = {n.removeprefix("anchor_"): in_words(self[n].data) for n in steps}
        return criteria_actions.Content(
            in_words(self.name.data), in_words(self.description.data), self.weight.data, self.scale.data,
            self.optional.data, anchors,
        )  # fmt: skip

    @staticmethod
    def of(criterion: Criterion | None) -> dict[str, Any]:
        if criterion is None:
            return {"weight": 10, "scale": 5}
        found = {n: getattr(criterion, n) for n in ("name", "description", "weight", "scale", "optional")}
        return found | {f"anchor_{n}": a for n, a in criterion.anchors.items()}


def criterion_form(scale: int) -> type[CriterionForm]:
    """The form of a criterion with this highest score."""
    steps = {f"anchor_{n}": line_field(_l("What %(score)d means", score=n)) for n in range(scale, -1, -1)}
    return type("CriterionForm", (CriterionForm,), steps)


class SectionForm(EditForm):
    """A page of the form."""

    needed = ("heading",)
    heading = line_field(_l("Title"))
    intro = area_field(_l("Introduction"), _l("What applicants read before the first question."))


class _Row(wtforms.Form):
    """An answer to choose, or a column to fill in; its key is kept so that answers given go on meaning the same."""

    key = HiddenField()
    label = FormField(Line, _l("Words"))


class WordingForm(EditForm):
    """What applicants read of a question: all that may change while the call is open."""

    needed = ("label",)
    label = line_field(_l("Question"))
    help = line_field(_l("Help"), _l("Shown between the question and its field."))

    def validate(self, extra_validators: Any = None) -> bool:
        good = super().validate(extra_validators)
        for least, most in (("min_words", "max_words"), ("min", "max"), ("min_rows", "max_rows")):
            low, high = self._number(least), self._number(most)
            if low is not None and high is not None and low > high:
                self[most].errors = [_l("The most can’t be less than the least.")]
                good = False
        return good

    def _number(self, name: str) -> int | None:
        return self[name].data if name in self else None

    @property
    def wording(self) -> form_actions.Wording:
        return form_actions.Wording(in_words(self.label.data), in_words(self.help.data))

    @staticmethod
    def of(question: Any) -> dict[str, Any]:
        return {"label": question.label, "help": question.help} if question else {}


def _rows(label: Any) -> FieldList:
    return FieldList(FormField(_Row), label, max_entries=MOST_ROWS)


LIMITS: dict[str, Any] = {
    "min_words": number_field(_l("At least this many words"), 0, 5000, needed=False),
    "max_words": number_field(_l("At most this many words"), 1, 5000, needed=False),
    "max_chars": number_field(_l("At most this many characters"), 1, 20_000, needed=False),
    "min": number_field(_l("Least number"), -(10**9), 10**9, needed=False),
    "max": number_field(_l("Greatest number"), -(10**9), 10**9, needed=False),
    "max_mb": number_field(_l("At most this many megabytes for each file"), 1, 30, needed=False),
    "max_pages": number_field(_l("At most this many pages"), 1, 500, needed=False),
    "max_files": number_field(_l("At most this many files"), 1, 20, needed=False),
    "max_rows": number_field(_l("At most this many rows"), 1, MOST_ROWS, needed=False),
    "min_rows": number_field(_l("At least this many rows"), 0, MOST_ROWS, needed=False),
    "max_people": number_field(_l("At most this many people"), 1, MOST_ROWS, needed=False),
    "must": BooleanField(_l("Only proposals that say yes here can be submitted")),
    "types": SelectMultipleField(
        _l("Kinds of file"), choices={"pdf": "PDF", "docx": "Word (.docx)", "png": "PNG", "jpg": "JPEG"}
    ),
    "choices": _rows(_l("Answers to choose from")),
    "columns": _rows(_l("Columns")),
}


class QuestionForm(WordingForm):
    """A whole question; `question_form` adds what its kind can be told."""

    required = BooleanField(_l("Required"))
    hidden = BooleanField(_l("Hidden from reviewers when the applicant is hidden"))
    public = BooleanField(_l("Shown publicly if the proposal wins"))

    kind = ""

    def validate(self, extra_validators: Any = None) -> bool:
        good = super().validate(extra_validators)
        for name in ("choices", "columns"):
            if name in self and not self._listed(name):
                self.form_errors.append(_l("Write at least one row in “%(rows)s”.", rows=self[name].label.text))
                good = False
        return good

    def _listed(self, name: str) -> list[dict[str, Any]]:
        rows = [{"key": r["key"], "label": in_words(r["label"])} for r in self[name].data]
        return [r for r in rows if r["label"]]

    @property
    def options(self) -> dict[str, Any]:
        """What its kind was told."""
        found: dict[str, Any] = {}
        for name in questions.KINDS[self.kind].settings:
            found[name] = self._listed(name) if name in ("choices", "columns") else self[name].data
        if "must" in found:
            found["must"] = "yes" if found["must"] else ""
        return found

    @property
    def content(self) -> form_actions.Content:
        words, required = self.wording, bool(self.required and self.required.data)
        hidden, public = self.hidden.data, self.public.data
        return form_actions.Content(words.label, words.help, required, hidden, public, self.options)

    @classmethod
    def of(cls, question: Any) -> dict[str, Any]:
        """What the form shows of a question, or of a task; of a new one for None."""
        settings = questions.KINDS[cls.kind].settings
        if question is None:
            found: dict[str, Any] = {"required": True, "types": ["pdf"], "max_mb": 10}
            options: dict[str, Any] = {}
        else:
            found = WordingForm.of(question)
            found |= {n: getattr(question, n) for n in ("required", "hidden", "public") if getattr(cls, n)}
            options = dict(question.options)
            found |= {n: options.get(n) for n in settings}
            found["must"] = options.get("must") == "yes"
        for name in ("choices", "columns"):
            if name in settings:
                empty: list[dict[str, Any]] = [{"key": "", "label": {}} for _n in range(SPARE)]
                found[name] = [{"key": c["key"], "label": c["label"]} for c in options.get(name, [])] + empty
        return found


class WiderForm(WordingForm):
    """The words of a question, its answers and columns, and limits that may become wider: while the call is open."""

    no_limit: Callable[[str, int | None], Any]
    limits: tuple[str, ...] = ()

    def validate(self, extra_validators: Any = None) -> bool:
        good = super().validate(extra_validators)
        for name in self.limits:
            if not self[name].errors and (reason := self.no_limit(name, self[name].data)):
                self[name].errors, good = [reason], False
        for rows in (self[name] for name in ("choices", "columns") if name in self):
            for row in rows:
                if not in_words(row.form.label.data):
                    row.form.label.form.en.errors, good = [_l("Write it in at least one language.")], False
                    rows.errors = [*rows.errors, row.errors]  # it looked at its rows before
        return good

    @property
    def wording(self) -> form_actions.Wider:
        rows = {name: {r["key"]: in_words(r["label"]) for r in self[name].data} for name in ("choices", "columns")
                if name in self}  # fmt: skip
        limits = {name: self[name].data for name in self.limits}
        return form_actions.Wider(in_words(self.label.data), in_words(self.help.data), limits, rows)


def wider_form(question: Question, no_limit: Callable[[str, int | None], Any]) -> type[WiderForm]:
    """The form of a question of an open call; `no_limit` says what is against a limit."""
    settings = questions.KINDS[question.kind].settings
    limits = tuple(n for n in settings if n in (*freezing.LEAST, *freezing.MOST))
    extra: dict[str, Any] = {n: LIMITS[n] for n in settings if n in limits or n in ("choices", "columns")}
    return type("WiderForm", (WiderForm,), {**extra, "limits": limits, "no_limit": staticmethod(no_limit)})


def wider_of(question: Question) -> dict[str, Any]:
    """What such a form holds as it is saved."""
    rows = {
        n: [{"key": c["key"], "label": c["label"]} for c in question.options.get(n, [])] for n in ("choices", "columns")
    }
    return {**question.options, **rows, **WordingForm.of(question)}


def question_form(kind: str, *, optional: bool = False) -> type[QuestionForm]:
    """The form of a question of a kind; `optional`: it can't be made required now."""
    extra: dict[str, Any] = {n: LIMITS[n] for n in questions.KINDS[kind].settings}
    return type("QuestionForm", (QuestionForm,), {**extra, "kind": kind, **({"required": None} if optional else {})})


class PartnerForm(EditForm):
    """An organisation that holds the call with the group."""

    needed = ("name",)
    name = line_field(_l("Name"))
    link = StringField(
        _l("Link"), [Length(max=300, message=_l("Shorten it to 300 characters.")), follows(no_link)], filters=[clean],
        description=_l("The address of its site, beginning with https://."),
    )  # fmt: skip
    logo = FileField(_l("Logo"), description=_l("A PNG or JPEG picture. It is drawn anew, small: at most 10 kB."))
    without_logo = BooleanField(_l("Remove the logo there is"))
