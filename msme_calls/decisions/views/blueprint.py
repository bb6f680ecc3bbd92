"""The blueprint of decisions."""

from flask import Blueprint

from msme_calls.i18n import PREFIX

bp = Blueprint("decisions", __name__, url_prefix=PREFIX)
