"""The forms of a team: whom to ask to join, what somebody may do, and joining."""

from typing import Any

from flask_wtf import FlaskForm
from wtforms import BooleanField, EmailField, RadioField, SelectField, StringField
from wtforms.validators import DataRequired, Optional

from msme_calls import i18n
from msme_calls.accounts.forms import follows, name_field
from msme_calls.accounts.rules import no_address, no_name
from msme_calls.i18n import _l
from msme_calls.proposals.models import TeamRole
from msme_calls.proposals.team_rules import ROLES

GIVEN = (TeamRole.VIEW, TeamRole.EDIT, TeamRole.SUBMIT)  # what somebody can be given; the owner is there already
IN_LIST = _l("Choose from the list.")


class TeamForm(FlaskForm):
    """Somebody who is asked to join."""

    address = EmailField(
        _l("E-mail address"),
        [DataRequired(_l("Enter the e-mail address.")), follows(no_address)],
        filters=[lambda text: (text or "").strip()],
        render_kw={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"},
    )
    name = StringField(
        _l("Name"),
        [Optional(), follows(no_name)],
        filters=[lambda text: i18n.normal(text or "")],
        description=_l("For your own list, until the person has joined."),
    )
    role = RadioField(_l("What this person may do"), invalid_choice_message=IN_LIST)

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.role.choices = [(r.value, ROLES[r][0]) for r in GIVEN]


class TeamRoleForm(FlaskForm):
    """What somebody on the team may do from now on."""

    role = SelectField(invalid_choice_message=IN_LIST)

    def __init__(self) -> None:
        super().__init__()
        self.role.choices = [(r.value, ROLES[r][0]) for r in GIVEN]


class JoinForm(FlaskForm):
    """Joining a team: a name, if there is no account yet."""

    name = name_field()
    stay = BooleanField(_l("Keep me signed in for two weeks on this device"))

    @property
    def called(self) -> str:
        """The name typed, if it was asked for."""
        return self.name.data or "" if "name" in self else ""
