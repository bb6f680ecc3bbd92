"""Forms of assignments and score sheets: their shape; what they mean is for the rules."""

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, SelectField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length, ValidationError

from msme_calls import i18n
from msme_calls.calls.forms.fields import LocalTime, clean
from msme_calls.calls.models import Criterion
from msme_calls.extensions import LANGUAGES
from msme_calls.i18n import _l
from msme_calls.reviews.actions import Sheet

CANT_JUDGE = "-"
LONGEST = 20_000  # characters of a comment


class _Form(FlaskForm):
    class Meta:
        csrf = False  # every request is checked before it comes here


def _reason(label: Any, help: Any = "") -> TextAreaField:
    needed = DataRequired(_l("Say why, in a sentence."))
    short = Length(max=2000, message=_l("Shorten it to 2,000 characters."))
    return TextAreaField(label, [needed, short], description=help, filters=[clean])


def _listed(form: Any, field: SelectField) -> None:
    if field.data not in [key for key, _words in field.choices]:
        raise ValidationError(str(_l("Choose one that is in the list.")))


class AssignForm(_Form):
    """One proposal to one reviewer, by hand."""

    proposal = SelectField(_l("Proposal"), [InputRequired(_l("Choose a proposal.")), _listed], validate_choice=False)
    reviewer = SelectField(
        _l("Who reviews it"), [InputRequired(_l("Choose a reviewer.")), _listed], validate_choice=False
    )


class RemoveForm(_Form):
    """Take an assignment away."""

    reason = _reason(_l("Reason"), _l("It goes into the history of the call."))
    confirmed = BooleanField(_l("The submitted review shall no longer count"))


class ExtendForm(_Form):
    """More time for one review."""

    until = LocalTime(_l("New due date"), [InputRequired(_l("Choose a date and a time."))])
    because = _reason(_l("Reason"), _l("It goes into the history of the call."))


class EndForm(_Form):
    """A reviewer gives an assignment back."""

    reason = _reason(_l("Reason"), _l("The coordinators read it. Name no facts that you may not share."))


def sheet_of(form: MultiDict[str, str], criteria: Sequence[Criterion]) -> tuple[Sheet, list[tuple[str, str]]]:
    """The score sheet that was sent, and what is wrong with it: (field, sentence). Unknown fields are not read."""
    scores: dict[str, int | None] = {}
    errors: list[tuple[str, str]] = []
    for c in criteria:
        given = form.get(f"score-{c.key}", "")
        if given == CANT_JUDGE:
            scores[c.key] = None
        elif given.isascii() and given.isdigit() and int(given[:4]) <= c.scale and len(given) <= 2:
            scores[c.key] = int(given)
        elif given:
            errors.append((f"score-{c.key}", _("Choose one of the scores of “%(name)s”.", name=i18n.said(c.name))))
    applicant, committee = (clean(form.get(name)) for name in ("comment_applicant", "comment_committee"))
    for name, text in (("comment_applicant", applicant), ("comment_committee", committee)):
        if len(text) > LONGEST:
            errors.append((name, _("Shorten the comment to %(most)d characters.", most=LONGEST)))
    language = form.get("language", "")
    return Sheet(scores, applicant, committee, language if language in LANGUAGES else i18n.language()), errors


def missing(criteria: Sequence[Criterion]) -> list[tuple[str, str]]:
    """What to do about criteria without an answer: (field, sentence)."""
    told = _("Score “%(name)s”, or say that you can’t judge it.")
    return [(f"score-{c.key}", told % {"name": i18n.said(c.name)}) for c in criteria]
