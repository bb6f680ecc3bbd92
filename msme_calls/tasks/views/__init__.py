"""The pages of tasks: those of the desk, and those of the teams that are asked."""

from flask import Blueprint

from msme_calls.i18n import PREFIX

bp = Blueprint("tasks", __name__, url_prefix=PREFIX)

from msme_calls.tasks.views import desk, own  # noqa: E402  they add their pages

__all__ = ["bp", "desk", "own"]
