"""Pages about proposals: the applicant's own, the sections of the form, and the coordinators' list."""

from flask import Blueprint

from msme_calls.i18n import PREFIX

bp = Blueprint("proposals", __name__, url_prefix=PREFIX)

from msme_calls.proposals.views import applicant, autosave, desk, sections, sending  # noqa: E402  they hang on `bp`

__all__ = ["applicant", "autosave", "bp", "desk", "sections", "sending"]
