"""Who may do what: every address of the product, one line each. `test_matrix.py` checks it and fails if one is missing.

A new page: add its endpoint here with the group of those who may open it; where its address holds a name that
`ARGUMENTS` doesn't know, say there what it stands for. Everybody else gets exactly what an absent thing gives.
"""

from dataclasses import dataclass, field
from typing import Any

from access.cast import ROLES

EVERYBODY = frozenset(ROLES)
SIGNED_IN = EVERYBODY - {"anonymous"}
NOBODY: frozenset[str] = frozenset()
COORDINATORS = frozenset({"coordinator", "conflicted"})
ADMINISTRATOR = frozenset({"administrator"})
CONVENOR = frozenset({"convenor"})
DESK = COORDINATORS | {"assistant", "chair", "observer"}  # figures of a call
READERS = COORDINATORS | {"assistant", "chair"}  # proposals of a call
SET_UP = COORDINATORS | {"assistant"}
SCORES = COORDINATORS | {"chair"}
OWNER = frozenset({"owner"})
ASSIGNED = frozenset({"reviewer"})
UNCONFLICTED = EVERYBODY - {"conflicted", "owner"}  # a conflict with a proposal wins over every role


@dataclass(frozen=True)
class Line:
    """Who may open it, in which call of `cast.CALLS`, and what stands for the names in its address."""

    who: frozenset[str]
    call: str = "review"
    public: bool = False  # the same bytes for everybody
    args: dict[str, Any] = field(default_factory=dict)
    unsafe: frozenset[str] | None = None  # who may send its form, where they are others
    query: str = ""  # an address that means something only with this: “?kind=…”


def public(**values: Any) -> Line:
    return Line(EVERYBODY, public=True, **values)


def only(who: frozenset[str], call: str = "review", **values: Any) -> Line:
    return Line(who, call=call, **values)


# What stands for a name in an address: a thing of the line's call (“A.proposal”), or a plain value after “=”.
ARGUMENTS: dict[str, str] = {
    "slug": "slug",
    "proposal_id": "A.proposal",
    "person_id": "person other",
    "kind": "=small-business-champions",
    "year": "=2021",
    "name": "absent",
}

ADDRESSES: dict[str, Line] = {
    # Everybody, the same bytes for all
    "front.door": public(),
    "front.robots": public(),
    "front.sitemap": public(),
    "healthz": public(),
    "readyz": public(),
    "publication.home": public(),
    "publication.calls": public(),
    "publication.archive": public(),
    "publication.past": public(),
    "publication.help": public(),
    "publication.accessibility": public(),
    "publication.privacy": public(),
    "publication.contact": public(),
    "publication.call": public(call="open"),
    "publication.questions": public(call="open"),
    # Accounts
    "accounts.sign_in": only(EVERYBODY),
    "accounts.sign_in_again": only(EVERYBODY),
    "accounts.register": only(EVERYBODY),
    "accounts.check_mail": only(EVERYBODY),
    "accounts.ask_reset": only(EVERYBODY),
    "accounts.confirm": only(EVERYBODY, args={"token": "confirm.token"}),
    "accounts.reset": only(EVERYBODY, args={"token": "reset.token"}),
    "accounts.sign_in_by_link": only(EVERYBODY, args={"token": "sign-in.token"}),
    "accounts.administrator": only(EVERYBODY, args={"token": "administrator.token"}),
    "accounts.sign_out": only(SIGNED_IN),
    "accounts.profile": only(SIGNED_IN),
    "accounts.change_password": only(SIGNED_IN),
    "accounts.people": only(ADMINISTRATOR),
    "accounts.person": only(ADMINISTRATOR),
    "accounts.change_person": only(ADMINISTRATOR),
    # One's own work
    "publication.my_work": only(SIGNED_IN),
    "publication.past_edition": only(COORDINATORS | CONVENOR | {"outsider"}),
    # The mailbox of development installations
    "mailbox.mails": only(EVERYBODY),
    "mailbox.mail": only(NOBODY),
    "mailbox.html": only(NOBODY),
    # The desk of a call
    "publication.preview": only(DESK),
}
