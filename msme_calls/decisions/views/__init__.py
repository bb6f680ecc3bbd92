"""The pages of decisions: outcomes and the result at the desk, and each applicant's own outcome."""

from msme_calls.decisions.views import applicant, by_rank, outcomes, result
from msme_calls.decisions.views.blueprint import bp

__all__ = ["applicant", "bp", "by_rank", "outcomes", "result"]
