"""Pages about reviews: the reviewer's own, and the coordinators' assignments, progress and ranking."""

from flask import Blueprint

from msme_calls.i18n import PREFIX

bp = Blueprint("reviews", __name__, url_prefix=PREFIX)

from msme_calls.reviews.views import assigning, previewing, progress, ranking, reviewing  # noqa: E402  they hang their pages on `bp`

__all__ = ["assigning", "bp", "previewing", "progress", "ranking", "reviewing"]
