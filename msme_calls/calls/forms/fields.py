"""Fields of set-up forms, and how a form notices that somebody else saved in the meantime."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import wtforms
from flask import request
from flask_babel import gettext as _
from flask_wtf import FlaskForm
from wtforms import FormField, HiddenField, IntegerField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange, Optional, StopValidation, ValidationError

from msme_calls import history, i18n
from msme_calls.calls import deadlines
from msme_calls.calls.deadlines import NoSuchTime
from msme_calls.extensions import LANGUAGES
from msme_calls.i18n import _l

LONGEST = 20_000
IN_LIST = _l("Choose in the list.")
Kind = TypeVar("Kind", bound="EditForm")


def clean(text: str | None) -> str:
    """Text as it is kept."""
    return i18n.normal(text or "")


def line(text: str | None) -> str:
    """Text as it is kept, on one line."""
    return " ".join(clean(text).split())


class Line(wtforms.Form):
    """A line of text in each language."""

    en, fr, es = (
        StringField(code, [Length(max=300, message=_l("Shorten it to 300 characters."))], filters=[line])
        for code in LANGUAGES
    )


class Area(wtforms.Form):
    """A longer text in each language."""

    en, fr, es = (
        TextAreaField(code, [Length(max=LONGEST, message=_l("Shorten it: this is too long."))], filters=[clean])
        for code in LANGUAGES
    )


def line_field(label: Any, help: Any = "") -> FormField:
    return FormField(Line, label, description=help)


def area_field(label: Any, help: Any = "") -> FormField:
    return FormField(Area, label, description=help)


def in_words(value: dict[str, str]) -> dict[str, str]:
    """What a text field in each language holds, without the languages that have nothing."""
    return {code: text for code in LANGUAGES if (text := value.get(code))}


def number_field(label: Any, least: int, most: int, help: Any = "", needed: bool = True) -> IntegerField:
    within = NumberRange(least, most, _l("Write a number from %(least)d to %(most)d.", least=least, most=most))
    asked = InputRequired(_l("Write a number from %(least)d to %(most)d.", least=least, most=most))
    return WholeNumber(label, [asked if needed else Optional(), within], description=help)


class WholeNumber(IntegerField):
    """A whole number; what isn't one is refused in our words."""

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata([v.strip() for v in valuelist])
        except ValueError:
            raise ValueError(str(_l("Write a whole number in figures."))) from None

    def pre_validate(self, form: Any) -> None:
        """What is no number is told so once: its limits say nothing more."""
        if self.process_errors and "".join(self.raw_data or []).strip():
            raise StopValidation()


class LocalTime(StringField):
    """A local date and time, as the browser's own field for it writes them; kept as typed until it can be read."""

    widget = wtforms.widgets.DateTimeLocalInput()
    errors: list[Any]
    instant: datetime | None = None  # once `in_zone` has read it

    @property
    def local(self) -> datetime | None:
        """The local time, or None if nothing or something else was typed."""
        try:
            found = datetime.fromisoformat((self.data or "").strip().replace(" ", "T", 1))
        except ValueError:
            return None
        return found.replace(second=0, microsecond=0) if found.tzinfo is None else None

    def in_zone(self, zone: str) -> bool:
        """Read it as an instant of a zone; False, with the reason among the errors, if it is none."""
        if not self.data:
            return True
        local = self.local
        if local is None or not 2000 <= local.year <= 2200:
            self.errors = [*self.errors, _("Write the date and the time like 2027-03-16T18:00.")]
            return False
        try:
            self.instant = deadlines.instant(local, zone)
        except NoSuchTime as wrong:
            self.errors = [*self.errors, no_such_time(local, zone, wrong.twice)]
            return False
        return True


def no_such_time(local: datetime, zone: str, twice: bool) -> str:
    """Why a local time is no instant, and what to do."""
    told = {"time": local.strftime("%H:%M"), "city": i18n.city(zone)}
    if twice:
        return _("The clocks in %(city)s go back on that day, and %(time)s comes twice. "
                 "Choose a time an hour earlier or later.", **told)  # fmt: skip
    return _("The clocks in %(city)s go forward on that day, and %(time)s doesn’t exist. "
             "Choose a time an hour earlier or later.", **told)  # fmt: skip


def typed_time(instant: datetime | None, zone: str) -> str:
    """An instant as the browser's own field for a local time takes it."""
    return instant.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M") if instant else ""


class EditForm(FlaskForm):
    """A form over something that others may edit too.

    `seen` is the fingerprint of what the form showed. If that has changed by the time the form is sent, nothing is
    saved: the page comes back with what was typed, tells what others saved, and takes the form when it is sent again.
    """

    class Meta:
        csrf = False  # every request is checked before it comes here

    needed: tuple[str, ...] = ()  # texts that one language at least must have; the check before launch asks for all
    seen = HiddenField()

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.theirs: list[tuple[str, Any, str]] = []  # what others saved: (field's id, label, text)
        self.fingerprint = ""

    def validate(self, extra_validators: Any = None) -> bool:
        good = super().validate(extra_validators)
        lacking = [self[name] for name in self.needed if not any(self[name].data.values())]
        for field in lacking:
            field.form.en.errors = [_l("Write it in at least one language.")]
        return good and not lacking

    def state(self) -> dict[str, Any]:
        """What the form holds, without what belongs to the page."""
        return {k: v for k, v in self.data.items() if k != "seen" and not hasattr(v, "stream")}


def opened(kind: type[Kind], saved: dict[str, Any], **given: Any) -> Kind:
    """The form as it was sent just now, or as it is saved."""
    kept = kind(formdata=None, data=saved, **given)
    fingerprint = history.sha256(history.canonical(kept.state()).encode())
    form = kind(data=saved, **given) if request.method == "POST" else kept
    if request.method == "POST" and form.seen.data != fingerprint:
        form.theirs = list(_differences(kept, form))
    form.fingerprint = form.seen.data = fingerprint
    return form


def sent(form: EditForm) -> bool:
    """Whether the form was sent, is well, and shows what is saved now."""
    return request.method == "POST" and form.validate() and not form.theirs


def _differences(kept: Any, form: Any, label: str = "") -> Iterator[tuple[str, str, str]]:
    """Fields in which the saved form differs from the one that was sent."""
    for field in kept:
        other = form._fields.get(field.short_name)
        if field.short_name == "seen" or other is None or field.data == other.data or hasattr(other.data, "stream"):
            continue
        words = str(field.label.text)
        name = _("%(label)s: %(text)s", label=label, text=words) if label else words
        if field.type == "FormField":
            for code in LANGUAGES:
                if code in field.data and field.data[code] != other.data[code]:
                    language = i18n.language_name(code)
                    told = _("%(label)s (%(language)s)", label=name, language=language)
                    yield f"{field.id}-{code}", told, field.data[code]
        else:
            yield field.id, name, _shown(field)


def _shown(field: Any) -> str:
    if field.type == "BooleanField":
        return _("Yes") if field.data else _("No")
    if getattr(field, "choices", None) and not callable(field.choices):
        words = {str(k): str(v) for k, v, *_rest in field.iter_choices()}
        chosen = field.data if isinstance(field.data, list) else [field.data]
        return ", ".join(words.get(str(c), str(c)) for c in chosen)
    return "" if field.data is None or isinstance(field.data, list) else str(field.data)


def follows(rule: Callable[..., str | None]) -> Callable[[Any, Any], None]:
    """A validator that says what a rule has against a text."""

    def validate(form: Any, field: Any) -> None:
        if field.data and (reason := rule(field.data)):
            raise ValidationError(reason)

    return validate
