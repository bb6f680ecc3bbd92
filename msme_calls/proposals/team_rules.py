"""Who may apply together, and when the team of a proposal changes: each rule gives the reason against, or None."""

from msme_calls.calls.phases import Phase
from msme_calls.i18n import _l
from msme_calls.proposals.models import TeamRole

MOST = 20  # people on a team, its owner and those who are asked to join included
MOST_INVITED = 60  # addresses that were ever asked to join one team: it is no machine for sending mails

ROLES = {
    TeamRole.VIEW: (_l("Reads"), _l("May read the whole proposal, its receipts and its result.")),
    TeamRole.EDIT: (_l("Writes"), _l("May also write in every section and send files.")),
    TeamRole.SUBMIT: (_l("Writes and submits"), _l("May also submit the proposal, withdraw it and restore it.")),
    TeamRole.OWNER: (_l("Owner"), _l("May do everything, and says who else is on the team.")),
}

# What the history of a call says of acts about teams; roles are named by what people may do.
SENTENCES = {
    "invite-to-team": _l("%(who)s asked somebody to join the team of %(proposal)s."),
    "revoke-from-team": _l("%(who)s took back an invitation to the team of %(proposal)s."),
    "decline-team": _l("Somebody declined to join the team of %(proposal)s."),
    "join-team": _l("%(who)s joined the team of %(proposal)s."),
    "change-in-team": _l("%(who)s changed what %(person)s may do in %(proposal)s."),
    "remove-from-team": _l("%(who)s took %(person)s off the team of %(proposal)s."),
    "leave-team": _l("%(who)s left the team of %(proposal)s."),
    "offer-proposal": _l("%(who)s offered to hand %(proposal)s over to %(person)s."),
    "keep-proposal": _l("%(who)s took back the offer to hand %(proposal)s over."),
    "refuse-proposal": _l("%(who)s did not want to take %(proposal)s over."),
    "take-over-proposal": _l("%(who)s took %(proposal)s over from %(person)s."),
}


def no_growing(phase: Phase) -> str | None:
    """Against anybody's joining a team, in the phase in which its proposal is."""
    if phase is Phase.CANCELLED:
        return _l("This call was cancelled: nobody needs to join the team any more.")
    if phase is Phase.ARCHIVED:
        return _l("This call is over: nobody needs to join the team any more.")
    if phase not in (Phase.OPEN, Phase.PUBLISHED):
        return _l(
            "From the deadline to the result the team stays as it is, so that nobody who judges has to stop because "
            "of somebody new. People can leave it at any time."
        )
    return None


def no_invite(phase: Phase, role: TeamRole, there: str, size: int, ever: int) -> str | None:
    """Against asking an address to join. `there`: "member", "asked" or ""; `size`: of the team with all who are asked;

    `ever`: how many addresses were asked so far.
    """
    if reason := no_growing(phase):
        return reason
    if role is TeamRole.OWNER:
        return _l("A proposal has one owner. Invite the person first, then hand the proposal over.")
    if there == "member":
        return _l("Whoever has this address is on the team already.")
    if there == "asked":
        return _l("This address is invited already. Send the invitation again from the list if it was lost.")
    if size >= MOST:
        return _l("A team has at most %(most)d people. Take somebody off it first.", most=MOST)
    if ever >= MOST_INVITED:
        return _l("So many people were asked to join already that no more can be. Write to the coordinators.")
    return None


def no_leaving(role: TeamRole | None) -> str | None:
    """Against leaving a team."""
    if role is TeamRole.OWNER:
        return _l("You own this proposal. Hand it over to somebody on the team first; then you can leave.")
    return None


def no_offer(phase: Phase, offered: bool) -> str | None:
    """Against offering to hand a proposal over; `offered`: whether somebody has been asked and not answered."""
    if phase is Phase.CANCELLED:
        return _l("This call was cancelled: its proposals stay with their owners.")
    if offered:
        return _l("Somebody has been asked to take this proposal over. Take that offer back first.")
    return None


def no_taking_over(asked: bool) -> str | None:
    """Against taking a proposal over; `asked`: whether its owner has offered it to whoever wants to."""
    return None if asked else _l("The owner has not offered you this proposal, or has taken the offer back.")
