"""The forms of second factors: how one is called, and what is shown to add it."""

from flask_wtf import FlaskForm
from wtforms import HiddenField, StringField
from wtforms.validators import DataRequired

from msme_calls.accounts import rules
from msme_calls.accounts.forms import follows
from msme_calls.i18n import _l


class FactorName(FlaskForm):
    """How somebody calls one of her factors."""

    name = StringField(_l("Name"), [follows(rules.no_organisation)], description=_l("To tell it from others you add."))


class AddApp(FactorName):
    """The first code of a new app. `key` is the secret that its picture shows, encrypted: nothing is kept before."""

    code = StringField(
        _l("Code that the app shows now"),
        [DataRequired(_l("Enter the code that the app shows now."))],
        description=_l("Six figures."),
        render_kw={"inputmode": "numeric", "autocomplete": "one-time-code"},
    )
    key = HiddenField()


class AddPasskey(FactorName):
    """What a browser answers when it has made a passkey."""

    passkey = HiddenField()
