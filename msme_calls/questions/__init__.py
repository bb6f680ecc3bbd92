"""Kinds of question: one class each, in a file of `kinds/`, that does all that is done with an answer.

A question is any object with `key`, `kind`, `required`, `label` (Translated) and `options` (a dict). Answers are
plain JSON values. What a person typed is kept as typed, also when it is not yet what is asked for.
"""

from msme_calls.questions.asking import asked, facts
from msme_calls.questions.kind import CELL, LONGEST, MOST_ROWS, SHORT, Kind, Question
from msme_calls.questions.kinds.email import mail_holds
from msme_calls.questions.kinds.file import File
from msme_calls.questions.kinds.organisation_type import ORGANISATION_TYPES
from msme_calls.questions.kinds.people import orcid_holds
from msme_calls.questions.lengths import length_problems, words
from msme_calls.questions.registry import KINDS, kind_of, problems

__all__ = [
    "CELL", "KINDS", "LONGEST", "MOST_ROWS", "ORGANISATION_TYPES", "SHORT", "File", "Kind", "Question", "asked",
    "facts", "kind_of", "length_problems", "mail_holds", "orcid_holds", "problems", "words",
]  # fmt: skip
