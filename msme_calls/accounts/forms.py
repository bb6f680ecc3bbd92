"""The forms of accounts: their shape; what is written in them is judged by the rules."""

from collections.abc import Callable
from functools import cache
from typing import Any
from zoneinfo import available_timezones

import wtforms
from babel.core import get_global
from flask_babel import gettext
from flask_wtf import FlaskForm
from wtforms import BooleanField, EmailField, FieldList, FormField, PasswordField, SelectField, StringField
from wtforms.validators import DataRequired, Optional, ValidationError

from msme_calls import i18n
from msme_calls.accounts import rules
from msme_calls.i18n import _l

ROWS = 12  # economies at most


def follows(rule: Callable[..., str | None]) -> Callable[[Any, Any], None]:
    """A validator that says what a rule has against a text."""

    def validate(form: Any, field: Any) -> None:
        if reason := rule(field.data or ""):
            raise ValidationError(reason)

    return validate


def _trimmed(text: str | None) -> str | None:
    return text.strip() if text else text


def address_field() -> EmailField:
    """Somebody's mail address; what was typed stays as it was but for spaces around it."""
    required = DataRequired(_l("Enter your e-mail address."))
    typing = {"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}
    return EmailField(_l("E-mail address"), [required, follows(rules.no_address)], filters=[_trimmed], render_kw=typing)


def name_field() -> StringField:
    required = DataRequired(_l("Enter your name."))
    typing = {"autocomplete": "name"}
    return StringField(_l("Your name"), [required, follows(rules.no_name)], filters=[_trimmed], render_kw=typing)


class SignIn(FlaskForm):
    """By password, or by a link."""

    email = address_field()
    password = PasswordField(_l("Password"), [Optional()], render_kw={"autocomplete": "current-password"})
    stay = BooleanField(_l("Keep me signed in for two weeks on this device"))


class Register(FlaskForm):
    """Who somebody is; the rest comes behind the link."""

    email = address_field()
    name = name_field()


class Address(FlaskForm):
    """Where a link should go."""

    email = address_field()


class NewAddress(FlaskForm):
    """Another address for one's account."""

    email = address_field()
    email.kwargs["render_kw"] = {"autocomplete": "email", "autocapitalize": "none", "spellcheck": "false"}


class Stay(FlaskForm):
    """Signing in by a link."""

    stay = BooleanField(_l("Keep me signed in for two weeks on this device"))


class _NewPassword(FlaskForm):
    """A password that may not be like its owner's name and address."""

    def __init__(self, *personal: str, **given: Any) -> None:
        super().__init__(**given)
        self.personal = personal

    def validate_password(self, field: Any) -> None:
        if reason := rules.no_password(field.data, *self.personal):
            raise ValidationError(reason)


def password_field(*validators: Any) -> PasswordField:
    """A password to be chosen."""
    label = _l("New password")
    about = _l("At least %(n)d characters. Several words are easy to remember.", n=rules.SHORTEST)
    typing = {"autocomplete": "new-password"}
    return PasswordField(label, list(validators), description=about, render_kw=typing)


class NewAccount(_NewPassword):
    """The first steps of an account that a link makes."""

    password = password_field(Optional())
    stay = BooleanField(_l("Keep me signed in for two weeks on this device"))


class NewAdministrator(NewAccount):
    """The same with a name, which whoever invited didn't give."""

    name = name_field()


class Reset(_NewPassword):
    """A new password by a link."""

    password = password_field(DataRequired(_l("Choose a new password.")))


class ChangePassword(_NewPassword):
    """A new password by the old one, where there is one."""

    current_password = PasswordField(
        _l("Current password"), [Optional()], render_kw={"autocomplete": "current-password"}
    )
    password = password_field(DataRequired(_l("Choose a new password.")))


class _Economy(wtforms.Form):
    code = SelectField(_l("Economy"), validate_choice=False)

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        self.code.choices = i18n.economies(i18n.language())

    def validate_code(self, field: Any) -> None:
        if field.data and field.data not in i18n.economies("en"):
            raise ValidationError(_l("Choose an economy from the list."))


class Standing(FlaskForm):
    """Whom somebody stands for. Also asked of whoever joins a call as reviewer or coordinator."""

    organisation = StringField(
        _l("Organisation"),
        [follows(rules.no_organisation)],
        filters=[_trimmed],
        description=_l("The one you work for or represent."),
        render_kw={"autocomplete": "organization"},
    )
    economies = FieldList(FormField(_Economy), max_entries=ROWS)
    international_staff = BooleanField(_l("I am on the staff of an international organisation"))

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        chosen = sum(bool(row.form.code.data) for row in self.economies)
        while len(self.economies) < min(ROWS, max(2, chosen + 1)):  # a spare row for whoever has no script
            self.economies.append_entry()

    @property
    def codes(self) -> list[str]:
        """The economies that were chosen."""
        return [e.form.code.data for e in self.economies if e.form.code.data]

    @property
    def standing(self) -> dict[str, Any]:
        """What `actions.update_standing` takes."""
        staff = self.international_staff.data
        return {"organisation": self.organisation.data or "", "economies": self.codes, "international_staff": staff}


class Profile(Standing):
    """One's own account."""

    name = name_field()
    language = SelectField(_l("Language of messages"), choices=i18n.OWN_NAMES)
    zone = SelectField(_l("Your time zone"), description=_l("Messages to you tell times in it."))

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.zone.choices = {"": gettext("Not chosen: Geneva time"), **zones(i18n.language())}


@cache
def zones(lang: str) -> dict[str, str]:
    """Time zones by their city and its economy, in the order of this language's alphabet."""
    known, names = available_timezones(), i18n.economies(lang)
    places = {zone: code for zone, code in get_global("zone_territories").items() if zone in known and code in names}
    with i18n.use(lang):
        told = [(zone, f"{i18n.city(zone)} ({names[code]})") for zone, code in places.items()]
    return dict(sorted(told, key=lambda pair: i18n.folded(pair[1])))
