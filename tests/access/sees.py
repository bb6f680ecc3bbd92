"""Who may read which words of the world: what isn't said here is for nobody's eyes.

A word is named by its column (“answer title”, “hidden answer organisation”: hidden from reviewers of a blind call)
and by whose it is (“proposal A of review”: of applicant A in the call that is in review).
"""

import re

from canaries import Secret

ALL_CALLS = "announced|open|closed|review|review-open|deciding|sealed|published|archived|cancelled|elsewhere"
LAUNCHED = f"call of ({ALL_CALLS})"
OVER = "(published|archived)"
OURS = f"(draft|{ALL_CALLS.removesuffix('|elsewhere')})"
JUDGING = "(review|review-open|deciding)"

# Role or "all" → (column, whose) as patterns that match wholly.
Rows = tuple[tuple[str, str], ...]
PUBLIC: Rows = (
    (
        "calls[.].*|criteria[.].*|sections[.].*|questions[.].*|partners[.].*|deadline_moves[.].*|seals[.]unseal_note",
        LAUNCHED,
    ),
    ("past_editions[.].*|meetings[.].*", "public"),
    ("decisions[.](public_.*|symbol)|proposals[.]reference", f"(decision on|proposal) A of {OVER}"),
    ("(hidden )?public answer .*", f"proposal A of {OVER}"),
)
SETTING_UP: Rows = (("(calls|criteria|sections|questions|partners|deadline_moves)[.].*", f"call of {OURS}"),)
PROPOSALS: Rows = (
    ("(hidden )?(public )?answer .*|attachments[.]name|proposals[.].*", f"proposal (A|B|withdrawn) of {OURS}"),
    ("people[.].*", "owner|other|leaver"),
    ("tasks[.].*", f"task of {OURS}"),
)
WITH_WHOM: Rows = (("people[.]name", "co-.*"),)  # the team of A, beside the proposal
# Of submitted sheets: a draft of a review is its reviewer's alone.
REVIEWS: Rows = (("reviews[.].*|former_reviews[.].*", f".*'s review on A of {OURS}"),)
CONFLICTS: Rows = (("conflicts[.]reason", f"conflict of {OURS}"),)
STAFF: Rows = (
    (
        "people[.](name|organisation|email)",
        "reviewer|colleague|unassigned|coordinator|conflicted|second|assistant|chair|observer",
    ),
)
COORDINATING: Rows = (
    *SETTING_UP,
    *STAFF,
    ("invitations[.].*", f"invitation of {OURS}"),
    ("decisions[.].*", f"decision on (A|B) of {OURS}"),
)
SEES: dict[str, Rows] = {
    "owner": (
        (".*", "(proposal A(, draft)?|team of A) of .*"),
        ("people[.](name|email)", "co-.*"),
        ("reviews[.]comment_applicant", f".*'s review on A of {OVER}"),
        ("tasks[.].*", f"task of {OVER}"),
    ),
    **dict.fromkeys(
        ("co-viewer", "co-editor", "co-submitter"),
        (
            (".*", "proposal A(, draft)? of .*"),
            ("reviews[.]comment_applicant", f".*'s review on A of {OVER}"),
            ("tasks[.].*", f"task of {OVER}"),
            ("people[.]name", "owner|co-.*"),
        ),
    ),
    "other": ((".*", "proposal B(, draft)? of .*"),),  # her reviews are not submitted
    "drafter": ((".*", "proposal draft of .*"),),
    "leaver": ((".*", "proposal withdrawn(, draft)? of .*"),),
    "reviewer": (
        ("(public )?answer .*|proposals[.]reference", f"proposal (A|B) of {JUDGING}"),
        ("(hidden )?(public )?answer .*|attachments[.]name", "proposal (A|B) of review-open"),
        ("reviews[.].*", f"reviewer's review on (A|B) of {JUDGING}"),
    ),
    "coordinator": COORDINATING + PROPOSALS + WITH_WHOM + REVIEWS + CONFLICTS,
    "conflicted": COORDINATING + PROPOSALS,
    "assistant": SETTING_UP + STAFF + PROPOSALS + WITH_WHOM + CONFLICTS,
    "chair": SETTING_UP + STAFF + PROPOSALS + WITH_WHOM + REVIEWS + CONFLICTS,
    "observer": SETTING_UP + STAFF,
    "outsider": ((".*", "(call|invitation) of elsewhere"),),
    "administrator": (("people[.].*", ".*"),),
}
# Whoever holds a link has been given it, and reads whom and what it is for, whoever is signed in.
BY_LINK = {
    "mail team_invited": (
        "team_invitations[.](address|name)|people[.]name|calls[.].*",
        "team of A of .*|owner|call of .*",
    ),
    "mail invited": ("invitations[.](address|name)|people[.]name", "invitation of review|coordinator"),
    "accounts.reset": ("people[.]email", "owner"),
    "accounts.sign_in_by_link": ("people[.]email", "owner"),
    "proposals.team_invitation": (
        "team_invitations[.](address|name)|people[.]name|proposals[.]title|(hidden )?(public )?answer title|"
        "proposals[.]reference|calls[.](title|theme)",
        "team of A of .*|owner|(proposal A|call) of .*",
    ),
    "calls.invitation": (
        "invitations[.](address|name)|calls[.](title|theme|lead)|people[.]name",
        "(invitation|call) of .*",
    ),
}
# A conflict of interest wins over every role: nothing of that proposal, nor of what others think of it.
NEVER: dict[str, Rows] = {
    "conflicted": ((".*", f"(proposal A(, draft)?|.*'s review on A|decision on A|conflict) of {OURS}"),),
}


def may_see(role: str, secret: Secret, endpoint: str = "") -> bool:
    """Whether somebody with this role may read this word, on a page or anywhere."""
    if (
        secret.of in (role, "newcomer")
        or matches(PUBLIC, secret)
        or matches((BY_LINK.get(endpoint, ("", "")),), secret)
    ):
        return True
    return matches(SEES.get(role, ()), secret) and not matches(NEVER.get(role, ()), secret)


def matches(rows: Rows, secret: Secret) -> bool:
    return any(re.fullmatch(what, secret.what) and re.fullmatch(of, secret.of) for what, of in rows)
