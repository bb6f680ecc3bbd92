"""Forms for a new call, its texts, its dates, its rules, and a later deadline."""

from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from wtforms import BooleanField, HiddenField, RadioField, SelectField, SelectMultipleField, StringField
from wtforms.validators import DataRequired, Length, Regexp, ValidationError

from msme_calls import i18n, questions
from msme_calls.accounts.forms import zones
from msme_calls.accounts.rules import no_address
from msme_calls.calls import phrases, rules
from msme_calls.calls.completeness import DATES, OF_REVIEWS, TEXTS
from msme_calls.calls.deadlines import last_instant, shifted
from msme_calls.calls.forms.fields import (
    IN_LIST,
    EditForm,
    LocalTime,
    area_field,
    clean,
    follows,
    in_words,
    line,
    line_field,
    number_field,
    typed_time,
)
from msme_calls.calls.kinds import KINDS
from msme_calls.calls.models import Blindness, Call
from msme_calls.extensions import LANGUAGES
from msme_calls.i18n import _l

_SLUG = r"[a-z0-9]+(-[a-z0-9]+)*"
MARKDOWN = _l(
    "An empty line parts paragraphs; lines that begin with “- ” make a list; **bold** and [words](address) work too."
)


class NewCall(EditForm):
    """What a call is called."""

    needed = ("title",)
    title = line_field(_l("Title"), _l("With the year, for example “Small Business Champions 2028”."))
    slug = StringField(
        _l("Address of the page"),
        [
            Length(max=80, message=_l("Shorten it to 80 characters.")),
            Regexp(rf"^({_SLUG})?$", message=_l("Use small letters without accents, figures and hyphens.")),
        ],
        filters=[lambda v: clean(v).casefold()],
        description=_l("The last part of the address. Leave it empty, and it is made from the title."),
        render_kw={"autocapitalize": "none", "spellcheck": "false"},
    )
    prefix = StringField(
        _l("Prefix of references"),
        [
            Length(max=8, message=_l("Shorten it to 8 characters.")),
            Regexp(r"^[A-Z0-9]*$", message=_l("Use capital letters and figures only.")),
        ],
        filters=[lambda v: clean(v).upper()],
        description=_l("References of proposals begin with it, for example SBC28. Leave it empty for the usual one."),
    )


class FromKind(NewCall):
    """A call with the defaults of its kind."""

    kind = RadioField(_l("Kind of call"), [DataRequired(_l("Choose a kind of call."))], invalid_choice_message=IN_LIST)

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.kind.choices = {k.key: i18n.said(k.name) for k in KINDS.values()}


class Copy(NewCall):
    """A call from an earlier one."""

    years = number_field(_l("Move all dates by this many years"), 0, 20)
    moved_by = HiddenField()  # the years by which the dates on the page are moved: they are looked at before they count
    opens, deadline, review_due, review_cutoff, result = (LocalTime(DATES[name]) for name in DATES)

    def __init__(self, source: Call, **given: Any) -> None:
        super().__init__(**given)
        self.source = source
        for name in DATES:
            if getattr(source, f"{name}_at") is None:
                del self[name]

    @staticmethod
    def of(source: Call, years: int) -> dict[str, Any]:
        """The dates some years later, as their fields hold them."""
        times = {n: typed_time(shifted(getattr(source, f"{n}_at"), years, source.zone), source.zone) for n in DATES}
        return {**times, "years": years, "moved_by": str(years)}

    def move(self) -> None:
        """Put the dates that the years make into their fields, in place of what stood there."""
        for name, value in self.of(self.source, self.years.data).items():
            if name in self:
                self[name].data, self[name].errors = value, []

    @property
    def looked_at(self) -> bool:
        """Whether the dates on the page are those of the years on the page."""
        return self.moved_by.data == str(self.years.data)

    def validate(self, extra_validators: Any = None) -> bool:
        named = [n for n in DATES if n in self]
        return (
            super().validate(extra_validators)
            and all([self[n].in_zone(self.source.zone) for n in named])
            and self._ordered()
        )

    @property
    def dates(self) -> dict[str, Any]:
        """The instants typed, by column; one that nobody touched is the moved one, to the second."""
        found = {}
        for name in (n for n in DATES if n in self):
            moved = shifted(getattr(self.source, f"{name}_at"), self.years.data, self.source.zone)
            same = self[name].data == typed_time(moved, self.source.zone)
            found[f"{name}_at"] = moved if same else self[name].instant
        return found

    def _ordered(self) -> bool:
        at = {n: self.dates.get(f"{n}_at") for n in DATES}
        end = last_instant(at["deadline"], self.source.grace_minutes)
        wrong = rules.disorder(at["opens"], end, at["review_due"], at["review_cutoff"], at["result"])
        if wrong:
            self[wrong[0]].errors = [wrong[1]]
        return not wrong


class TextsForm(EditForm):
    """Everything that the call's page says."""

    title = line_field(TEXTS["title"][0])
    theme = line_field(TEXTS["theme"][0], _l("The theme of this year, shown large above the title."))
    lead = area_field(TEXTS["lead"][0], _l("Two or three sentences that tell somebody whether to read on. Plain text."))
    background = area_field(TEXTS["background"][0])
    goals = area_field(TEXTS["goals"][0])
    eligibility = area_field(TEXTS["eligibility"][0])
    not_for = area_field(TEXTS["not_for"][0])
    asked = area_field(TEXTS["asked"][0], _l("The form in short: sections, lengths, documents, time it takes."))
    prize = area_field(TEXTS["prize"][0])
    judging = area_field(TEXTS["judging"][0], _l("Who judges, by which rules, and how ties are broken."))
    contact = StringField(
        _l("Address for questions"),
        [follows(no_address)],
        filters=[clean],
        description=_l("An e-mail address that is shown on the call’s page."),
    )

    @property
    def texts(self) -> dict[str, dict[str, str]]:
        return {n: in_words(self[n].data) for n in TEXTS}

    @staticmethod
    def of(call: Call) -> dict[str, Any]:
        return {**{n: in_words(getattr(call, n)) for n in TEXTS}, "contact": call.contact}


class DatesForm(EditForm):
    """The instants of a call, typed in its own zone."""

    zone = SelectField(
        _l("Time zone of the call"),
        description=_l("Dates and times below are in this zone."),
        invalid_choice_message=IN_LIST,
    )
    opens = LocalTime(_l("Opens"))
    deadline = LocalTime(_l("Deadline"), description=_l("The instant at which a proposal is too late."))
    grace_minutes = number_field(
        _l("Grace in minutes"), 0, 1440, _l("How long after the deadline proposals are still taken. It is published.")
    )
    review_due = LocalTime(_l("Reviews due"))
    review_cutoff = LocalTime(
        _l("Reviews locked"), description=_l("Until then late reviews are taken and marked as late.")
    )
    result = LocalTime(_l("Result"), description=_l("The instant at which a sealed result becomes public by itself."))

    def __init__(self, call: Call, fixed: dict[str, str | None], at: datetime, **given: Any) -> None:
        super().__init__(**given)
        self.call, self.at = call, at
        self.zone.choices = zone_choices(call.zone)
        for name, reason in fixed.items():
            if reason:
                del self[name]
        for name in () if call.scored else OF_REVIEWS:
            if name in self:
                del self[name]

    @staticmethod
    def of(call: Call) -> dict[str, Any]:
        times = {n: typed_time(getattr(call, f"{n}_at"), call.zone) for n in DATES}
        return {**times, "zone": call.zone, "grace_minutes": call.grace_minutes}

    @property
    def dates(self) -> dict[str, Any]:
        """What `actions.set_dates` takes: instants, minutes, zone; only what can be set now."""
        found = {n: self._instant(n) for n in DATES if n in self}
        return found | {n: self[n].data for n in ("zone", "grace_minutes") if n in self}

    def _instant(self, name: str) -> Any:
        """The instant; one that wasn't touched is the one that is there, to the second."""
        former = getattr(self.call, f"{name}_at")
        same = self[name].data == typed_time(former, self.call.zone) and self._zone == self.call.zone
        return former if same else self[name].instant

    @property
    def _zone(self) -> str:
        return self.zone.data if "zone" in self else self.call.zone

    def validate(self, extra_validators: Any = None) -> bool:
        good = super().validate(extra_validators)
        if not good:
            return False
        if not all([self[n].in_zone(self._zone) for n in DATES if n in self]):
            return False
        at = {n: getattr(self.call, f"{n}_at") for n in DATES} | self.dates
        grace = self.dates.get("grace_minutes", self.call.grace_minutes)
        if reason := rules.no_grace(self.call.life, self.call.grace_minutes, grace, self.at):
            self.grace_minutes.errors = [reason]
            return False
        wrong = rules.disorder(
            at["opens"], last_instant(at["deadline"], grace), at["review_due"], at["review_cutoff"], at["result"]
        )
        if wrong:
            name, words = wrong
            if name in self:
                self[name].errors = [words]
            else:
                self.form_errors.append(words)
        return not wrong


def zone_choices(own: str) -> dict[str, str]:
    """All zones by area, the one that is set first."""
    return {own: i18n.city(own)} | zones(i18n.language())


OF_SCORES = ("reviews_per_proposal", "winners", "runners_up", "tie_1", "tie_2", "tie_3")  # where reviewers score


class RulesForm(EditForm):
    """By which rules a call is run."""

    languages = SelectMultipleField(
        _l("Languages of the call"),
        description=_l("The call’s page and form are complete in these; proposals are written in one of them."),
    )
    organisation_types = SelectMultipleField(_l("Types of organisation"), invalid_choice_message=IN_LIST)
    blindness = RadioField(_l("Who reviewers see"), invalid_choice_message=IN_LIST)
    economy_rule = BooleanField(
        _l("Nobody judges a proposal from an economy that she or he represents or is a national of")
    )
    reviews_per_proposal = number_field(_l("Reviews for each proposal"), 1, 20)
    winners = number_field(_l("Winners"), 0, 500, _l("0 if no number is fixed beforehand."))
    runners_up = number_field(_l("Runners-up"), 0, 500)
    tie_1 = SelectField(_l("Ties are broken first by"), invalid_choice_message=IN_LIST)
    tie_2 = SelectField(_l("Then by"), invalid_choice_message=IN_LIST)
    tie_3 = SelectField(_l("Then by"), invalid_choice_message=IN_LIST)
    unpublished = SelectMultipleField(
        _l("Parts that are this site’s default"),
        description=_l("The call’s page says of these that they are no official rule. Untick what you have settled."),
    )

    def __init__(self, call: Call, **given: Any) -> None:
        super().__init__(**given)
        self.languages.choices = {c: i18n.language_label(c) for c in LANGUAGES}
        self.organisation_types.choices = {k: str(v) for k, v in questions.ORGANISATION_TYPES.items()}
        self.blindness.choices = {
            b.value: _("%(label)s: %(text)s", label=words, text=more) for b, (words, more) in phrases.BLINDNESS.items()
        }
        self.unpublished.choices = {k: str(v) for k, v in phrases.UNPUBLISHED.items()}
        criteria = {"": _("A draw that anyone can recompute"), **{c.key: i18n.said(c.name) for c in call.criteria}}
        self.tie_1.choices = self.tie_2.choices = self.tie_3.choices = criteria
        for name in () if call.scored else OF_SCORES:
            del self[name]

    def validate_languages(self, field: Any) -> None:
        if not field.data:
            raise ValidationError(_l("Choose at least one language."))

    def validate_organisation_types(self, field: Any) -> None:
        if not field.data:
            raise ValidationError(_l("Choose at least one type of organisation."))

    @property
    def rules(self) -> dict[str, Any]:
        """What `actions.Rules` is made of; lists in the order of the page."""
        numbers = {n: self[n].data if n in self else 0 for n in ("reviews_per_proposal", "winners", "runners_up")}
        lists = {n: self._ticked(n) for n in ("languages", "organisation_types", "unpublished")}
        ties = [self[n].data for n in ("tie_1", "tie_2", "tie_3") if n in self and self[n].data]
        rest = {"economy_rule": self.economy_rule.data, "blindness": Blindness(self.blindness.data)}
        return {**numbers, **lists, **rest, "tie_breaks": ties}

    def _ticked(self, name: str) -> list[str]:
        return [key for key in self[name].choices if key in (self[name].data or [])]

    @staticmethod
    def of(call: Call) -> dict[str, Any]:
        names = ("languages", "organisation_types", "economy_rule", "reviews_per_proposal", "winners", "runners_up",
                 "unpublished")  # fmt: skip
        ties = [*call.tie_breaks, "", "", ""]
        found = {n: getattr(call, n) for n in names} | {f"tie_{n + 1}": ties[n] for n in range(3)}
        return found | {"blindness": call.blindness.value}


class ExtendForm(EditForm):
    """A later deadline."""

    deadline = LocalTime(_l("New deadline"), [DataRequired(_l("Choose the new deadline."))])
    reason = line_field(_l("Reason"), _l("Shown on the call’s page and in the message. A sentence is enough."))

    def __init__(self, zone: str, **given: Any) -> None:
        super().__init__(**given)
        self.own_zone = zone

    def validate(self, extra_validators: Any = None) -> bool:
        return super().validate(extra_validators) and self.deadline.in_zone(self.own_zone)


class CancelForm(EditForm):
    """Why a call ends without a result."""

    reason = StringField(
        _l("Reason"),
        [DataRequired(_l("Write the reason.")), Length(max=500, message=_l("Shorten it to 500 characters."))],
        filters=[line],
        description=_l("Kept in the history of the call."),
    )
