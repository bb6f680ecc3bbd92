"""The form that gives one proposal more time."""

from typing import Any

from wtforms import StringField
from wtforms.validators import DataRequired, Length

from msme_calls.calls.forms.fields import EditForm, LocalTime, clean, line
from msme_calls.i18n import _l


class MoreTimeForm(EditForm):
    """Which proposal, until when, and why."""

    reference = StringField(
        _l("Reference of the proposal"),
        [DataRequired(_l("Write the reference.")), Length(max=60, message=_l("Write the reference alone."))],
        filters=[clean],
        description=_l("The applicant finds it on every page of the proposal, for example SBC27-7KQ4-M2."),
        render_kw={"autocapitalize": "characters", "spellcheck": "false"},
    )
    until = LocalTime(_l("Until"), [DataRequired(_l("Choose until when."))])
    reason = StringField(
        _l("Reason"),
        [DataRequired(_l("Write the reason in a sentence.")), Length(max=500, message=_l("Shorten the reason."))],
        filters=[line],
        description=_l("The applicants read it, and it is kept in the history of the call."),
    )

    def __init__(self, zone: str, **given: Any) -> None:
        super().__init__(**given)
        self.own_zone = zone

    def validate(self, extra_validators: Any = None) -> bool:
        return super().validate(extra_validators) and self.until.in_zone(self.own_zone)
