"""What the pages about reviews say: acts in the history, and why reviewers are lacking."""

from flask_babel import gettext as _
from flask_babel import ngettext

from msme_calls.i18n import _l
from msme_calls.reviews.assignment import Lack

SENTENCES = {
    "assign": _l("%(who)s assigned “%(proposal)s” to %(person)s."),
    "unassign": _l("%(who)s took “%(proposal)s” from %(person)s: %(reason)s"),
    "extend-review": _l("%(who)s gave %(person)s until %(until)s for “%(proposal)s”: %(reason)s"),
    "decline": _l("%(who)s declined to review “%(proposal)s”."),
    "submit-review": _l("%(who)s submitted a review of “%(proposal)s”."),
    "revise-review": _l("%(who)s revised the review of “%(proposal)s”: %(reason)s"),
}


def lacking(lack: Lack) -> str:
    """Why a proposal has fewer reviewers than wanted: how many are missing, then what stands against the others."""
    missing = ngettext("It lacks %(num)d reviewer:", "It lacks %(num)d reviewers:", lack.missing)
    full = ngettext("%(num)d eligible, who takes no more", "%(num)d eligible, all full", lack.full)
    conflict = ngettext("%(num)d has a conflict of interest", "%(num)d have a conflict of interest", lack.conflict)
    language = ngettext("%(num)d doesn’t read its language", "%(num)d don’t read its language", lack.language)
    former = ngettext("%(num)d had it before", "%(num)d had it before", lack.former)
    counted = ((lack.full, full), (lack.conflict, conflict), (lack.language, language), (lack.former, former))
    reasons = [words for count, words in counted if count] or [_("there is nobody else")]
    return _("%(missing)s %(reasons)s.", missing=missing, reasons="; ".join(reasons))
