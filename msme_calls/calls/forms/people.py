"""Forms for inviting people, and for answering an invitation."""

from typing import Any

from wtforms import RadioField, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length, ValidationError

from msme_calls import i18n
from msme_calls.accounts.forms import Standing, follows
from msme_calls.accounts.rules import no_address, no_name
from msme_calls.calls import phrases, rules
from msme_calls.calls.actions import people
from msme_calls.calls.forms.fields import IN_LIST, EditForm, clean, line, number_field
from msme_calls.calls.models import Role
from msme_calls.extensions import LANGUAGES
from msme_calls.i18n import _l


class Invite(EditForm):
    """One person for one role."""

    address = StringField(
        _l("E-mail address"), [DataRequired(_l("Enter the e-mail address.")), follows(no_address)], filters=[clean]
    )
    name = StringField(_l("Name"), [DataRequired(_l("Enter the name.")), follows(no_name)], filters=[line])
    language = SelectField(_l("Language of the message"), choices=i18n.OWN_NAMES, invalid_choice_message=IN_LIST)
    role = RadioField(_l("Role"), [DataRequired(_l("Choose a role."))], invalid_choice_message=IN_LIST)

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.role.choices = {r.value: f"{words}. {more}" for r, (words, more) in phrases.ROLES.items()}


class InviteMany(EditForm):
    """Several reviewers at once."""

    people = TextAreaField(
        _l("One person on each line: address, name, language"),
        [DataRequired(_l("Write at least one line."))],
        filters=[clean],
        description=_l("For example: name@example.org, Example Name, fr. Copied cells of a spreadsheet work too."),
        render_kw={"spellcheck": "false"},
    )
    default = SelectField(
        _l("Language where a line names none"), choices=i18n.OWN_NAMES, invalid_choice_message=IN_LIST
    )


class Accept(Standing):
    """Whom somebody stands for who takes a role."""

    @property
    def answer(self) -> people.Standing:
        return people.Standing(**self.standing)


class AcceptReviews(Accept):
    """A reviewer says also what she reads and how much she takes."""

    languages = SelectMultipleField(_l("Languages in which you can read proposals"), invalid_choice_message=IN_LIST)
    most_reviews = number_field(
        _l("Most reviews you can take"), 1, 500, _l("Leave it empty if you have no limit."), needed=False
    )

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.languages.choices = {c: i18n.language_label(c) for c in LANGUAGES}

    def validate_languages(self, field: Any) -> None:
        if reason := rules.no_reading(Role.REVIEWER, field.data or []):
            raise ValidationError(reason)

    @property
    def answer(self) -> people.Standing:
        return people.Standing(
            **self.standing, languages=self.languages.data or [], most_reviews=self.most_reviews.data
        )


class Decline(EditForm):
    """Why not, if she wants to say."""

    reason = StringField(_l("Reason"), [Length(max=500, message=_l("Shorten it to 500 characters."))], filters=[line])
