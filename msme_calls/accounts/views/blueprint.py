"""The blueprint of accounts."""

from flask import Blueprint

from msme_calls.i18n import PREFIX

bp = Blueprint("accounts", __name__, url_prefix=PREFIX)
