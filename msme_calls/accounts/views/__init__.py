"""The pages of accounts: at the door, behind the links of mails, one's own account, and people for administrators."""

from msme_calls.accounts.views import (
    address,
    doors,
    factors,
    leaving,
    mailed,
    organisation,
    own,
    people,
    proving,
    signed_in,
)
from msme_calls.accounts.views.blueprint import bp

__all__ = [
    "address",
    "bp",
    "doors",
    "factors",
    "leaving",
    "mailed",
    "organisation",
    "own",
    "people",
    "proving",
    "signed_in",
]
