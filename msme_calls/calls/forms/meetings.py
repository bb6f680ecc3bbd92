"""The form of a meeting."""

from typing import Any

from flask_babel import gettext as _
from wtforms import SelectField, StringField

from msme_calls.calls import rules
from msme_calls.calls.actions.meetings import Content
from msme_calls.calls.forms.fields import IN_LIST, EditForm, LocalTime, clean, follows, in_words, line_field, typed_time
from msme_calls.calls.forms.setting import zone_choices
from msme_calls.calls.meetings import Meeting
from msme_calls.i18n import _l


class MeetingForm(EditForm):
    """When and where the group meets, typed in the zone of the place."""

    needed = ("title",)
    title = line_field(_l("Name of the meeting"), _l("For example “Open-ended meeting with the private sector”."))
    zone = SelectField(_l("Time zone"), invalid_choice_message=IN_LIST)
    starts = LocalTime(_l("Begins"))
    ends = LocalTime(_l("Ends"), description=_l("Leave it empty if it isn’t known."))
    place = line_field(_l("Place"), _l("A room, or the name of an online service."))
    link = StringField(
        _l("Link"),
        [follows(rules.no_link)],
        filters=[clean],
        description=_l("To the agenda or to registration, as https://www.example.org."),
    )

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.zone.choices = zone_choices(str(self.zone.data or ""))

    def validate(self, extra_validators: Any = None) -> bool:
        good = super().validate(extra_validators)
        zone = self.zone.data or "UTC"
        if not self.starts.data:
            self.starts.errors = [_("Say when the meeting begins.")]
            return False
        if self.zone.errors or not all([self.starts.in_zone(zone), self.ends.in_zone(zone)]):
            return False
        if self.ends.instant and self.starts.instant and self.ends.instant <= self.starts.instant:
            self.ends.errors = [_("A meeting ends after it begins.")]
            return False
        return good

    @property
    def content(self) -> Content:
        """What was typed, once it is valid."""
        assert self.starts.instant is not None
        words = {"title": in_words(self.title.data), "place": in_words(self.place.data)}
        return Content(
            **words, starts_at=self.starts.instant, ends_at=self.ends.instant, zone=self.zone.data,
            link=self.link.data or "",
        )  # fmt: skip

    @staticmethod
    def of(meeting: Meeting | None) -> dict[str, Any]:
        """What the form shows of a meeting, or of a new one."""
        if meeting is None:
            return {"title": {}, "place": {}, "starts": "", "ends": "", "zone": "Europe/Zurich", "link": ""}
        times = {
            "starts": typed_time(meeting.starts_at, meeting.zone),
            "ends": typed_time(meeting.ends_at, meeting.zone),
        }
        return {**times, "title": meeting.title, "place": meeting.place, "zone": meeting.zone, "link": meeting.link}
