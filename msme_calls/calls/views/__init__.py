"""The pages of the coordinators' desk that set a call up and run it, and those that people invited to it see."""

from msme_calls.calls.views import (
    conditions,
    criteria,
    filed,
    form,
    invitations,
    meetings,
    new,
    overview,
    partners,
    past,
    people,
    setting,
)
from msme_calls.calls.views.blueprint import bp

__all__ = [
    "bp",
    "conditions",
    "criteria",
    "filed",
    "form",
    "invitations",
    "meetings",
    "new",
    "overview",
    "partners",
    "past",
    "people",
    "setting",
]
