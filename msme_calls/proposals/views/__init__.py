"""Pages about proposals: the applicant's own, the sections of the form, and the coordinators' list."""

from flask import Blueprint

from msme_calls.i18n import PREFIX

bp = Blueprint("proposals", __name__, url_prefix=PREFIX)

from msme_calls.proposals.views import applicant, autosave, desk, sections, sending  # noqa: E402  they hang on `bp`
from msme_calls.proposals.views import documents as _documents  # noqa: E402
from msme_calls.proposals.views import filling as _filling  # noqa: E402
from msme_calls.proposals.views import receipts as _receipts  # noqa: E402
from msme_calls.proposals.views import team as _team  # noqa: E402

assert _documents and _filling and _receipts and _team

__all__ = ["applicant", "autosave", "bp", "desk", "sections", "sending"]
