"""Words for what a call is set up from: roles, ways of hiding, parts that are a default of this site."""

from msme_calls.calls.models import Blindness, Role
from msme_calls.i18n import _l

ROLES = {
    Role.COORDINATOR: (_l("Coordinator"), _l("Sets the call up, invites, decides, publishes.")),
    Role.ASSISTANT: (_l("Assistant"), _l("Sets the call up and assigns reviews, without scores and decisions.")),
    Role.CHAIR: (_l("Chair"), _l("Reads proposals and scores, without changing anything.")),
    Role.REVIEWER: (_l("Reviewer"), _l("Reads and scores the proposals assigned to her or him.")),
    Role.OBSERVER: (_l("Observer"), _l("Sees the progress in figures.")),
}
BLINDNESS = {
    Blindness.OPEN: (_l("Open"), _l("Reviewers see who applies.")),
    Blindness.SINGLE: (_l("Applicant hidden"), _l("Reviewers don’t see answers marked as hidden, nor names of files.")),
}
UNPUBLISHED = {
    "criteria": _l("Criteria"),
    "weights": _l("Weights"),
    "limits": _l("Limits of length and pages"),
    "form": _l("Form"),
    "eligibility": _l("Who may apply"),
}
