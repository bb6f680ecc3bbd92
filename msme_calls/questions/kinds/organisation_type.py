"""A type of organisation."""

from flask_babel import lazy_gettext as _l

from msme_calls.questions.kind import Question
from msme_calls.questions.kinds.choice import Choice

ORGANISATION_TYPES = {
    "small-business": _l("Small business"),
    "business-association": _l("Business association"),
    "chamber-of-commerce": _l("Chamber of commerce"),
    "ngo": _l("NGO"),
    "university": _l("University"),
    "research-institute": _l("Research institute"),
    "think-tank": _l("Think tank"),
    "international-organisation": _l("International organisation"),
    "government": _l("Government body"),
    "independent": _l("Independent researcher"),
}


class OrganisationType(Choice):
    """The types are the call's own list, which is put into `options` when a call is made."""

    key, label, order = "organisation-type", _l("Type of organisation"), 90
    settings = ()

    def choices(self, question: Question) -> dict[str, str]:
        return {k: str(ORGANISATION_TYPES.get(k, k)) for k in question.options.get("types", ORGANISATION_TYPES)}
