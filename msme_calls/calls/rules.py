"""What may be done to a call, when and in which role: each rule gives the reason against, or None."""

from datetime import datetime, timedelta
from urllib.parse import urlsplit

from msme_calls.accounts.rules import no_address, no_name
from msme_calls.calls.models import Role
from msme_calls.calls.phases import Life, Phase, phase
from msme_calls.i18n import LANGUAGES, _l

# Which roles may do what in a call. An installation's administrator has no part in this.
ACTS: dict[str, frozenset[Role]] = {
    "desk": frozenset({Role.COORDINATOR, Role.ASSISTANT, Role.CHAIR, Role.OBSERVER}),  # phase and progress in figures
    "proposals": frozenset({Role.COORDINATOR, Role.ASSISTANT, Role.CHAIR}),
    "set-up": frozenset({Role.COORDINATOR, Role.ASSISTANT}),
    "people": frozenset({Role.COORDINATOR}),
    "assign": frozenset({Role.COORDINATOR, Role.ASSISTANT}),
    "scores": frozenset({Role.COORDINATOR, Role.CHAIR}),
    "decide": frozenset({Role.COORDINATOR}),
    "life": frozenset({Role.COORDINATOR}),  # launch, extend, start review, start deciding, cancel, archive
}


def may(roles: frozenset[Role], act: str) -> bool:
    """Whether somebody with these roles in a call may do an act of ACTS there."""
    return bool(roles & ACTS[act])


def no_launch(life: Life, missing: int, at: datetime) -> str | None:
    """`missing`: how many texts and settings the completeness check finds lacking."""
    if phase(life, at) is not Phase.DRAFT:
        return _l("This call is launched already.")
    if missing:
        return _l("Fill in what is missing first: the list is on this page.")
    if life.closes_at is None or life.opens_at is None:
        return _l("Set the opening and the deadline first.")
    if life.closes_at <= at:
        return _l("The deadline has passed: set a later one first.")
    return None


def no_set_up(life: Life, at: datetime) -> str | None:
    """Against changing rules, criteria and the form."""
    if phase(life, at) >= Phase.OPEN:
        return _l("The call is open or over, and its rules stand as they were published.")
    return None


def no_wording(life: Life, at: datetime) -> str | None:
    """Against changing words that bind nobody: texts, help, contact, partners."""
    if life.sealed_at or phase(life, at) >= Phase.SEALED:
        return _l("The result is sealed, and the call’s page stands as it is.")
    return None


def no_extension(life: Life, at: datetime) -> str | None:
    """Against any extension of the deadline now."""
    if phase(life, at) not in (Phase.ANNOUNCED, Phase.OPEN, Phase.CLOSED):
        return _l("The deadline can move only until the review has started.")
    return None


def no_extend(life: Life, new: datetime, at: datetime) -> str | None:
    """Against moving the deadline to `new` (the first instant that will be too late)."""
    if reason := no_extension(life, at):
        return reason
    if life.closes_at and new <= life.closes_at:
        return _l("A deadline can only move to a later instant.")
    if new <= at:
        return _l("The new deadline lies in the past: choose a later one.")
    return None


def no_start_review(life: Life, at: datetime) -> str | None:
    if phase(life, at) is not Phase.CLOSED:
        return _l("The review can start once the call has closed, and only once.")
    return None


def no_start_deciding(life: Life, at: datetime, scored: bool = True) -> str | None:
    """Against deciding. Where nothing is `scored`, it can start once the call has closed."""
    if not scored:
        ready = (Phase.CLOSED, Phase.REVIEW)
        return None if phase(life, at) in ready else _l("Deciding can start once the call has closed, and only once.")
    if phase(life, at) is not Phase.REVIEW:
        return _l("Deciding can start once the review has started, and only once.")
    return None


def no_result_instant(life: Life, new: datetime, at: datetime) -> str | None:
    """Against setting the instant of the result."""
    if life.sealed_at:
        return _l("The result is sealed for its instant. To change that, unseal it first.")
    if new <= at:
        return _l("The instant of the result lies in the past: choose a later one.")
    if life.closes_at and new <= life.closes_at:
        return _l("The result can’t be published before the call closes.")
    return None


def no_meeting_change(cancelled: bool) -> str | None:
    """Against changing a meeting of the calendar."""
    return _l("The meeting is cancelled. Put a new one into the calendar instead.") if cancelled else None


def no_round(there: bool, cancelled: bool, closes: datetime, at: datetime) -> str | None:
    """Against opening a round of contributions to a meeting; `closes`: its first instant that would be too late."""
    if there:
        return _l("There is a round for this meeting already.")
    if cancelled:
        return _l("The meeting is cancelled.")
    if closes <= at + timedelta(hours=2):
        return _l("It is too late for a round: contributions would have to be sent before now.")
    return None


def no_cancel(life: Life, at: datetime) -> str | None:
    if life.sealed_at or phase(life, at) in (Phase.PUBLISHED, Phase.ARCHIVED, Phase.CANCELLED):
        return _l("A call whose result is sealed, or that is over, can’t be cancelled.")
    return None


def no_archive(life: Life, at: datetime) -> str | None:
    if phase(life, at) not in (Phase.PUBLISHED, Phase.CLOSED):
        return _l("A call can be archived once its result is published.")
    return None


# What a proposal shows of itself: each is fed by exactly one question of the form.
FEEDS = {
    "title": _l("title"),
    "summary": _l("summary"),
    "organisation": _l("organisation"),
    "economy": _l("economy"),
    "organisation_type": _l("type of organisation"),
    "language": _l("language"),
}


def no_form_wording(life: Life, at: datetime) -> str | None:
    """Against changing labels and help of questions: words only, so also while the call is open."""
    if phase(life, at) >= Phase.CLOSED:
        return _l("The call has closed, and its questions stand as they were asked.")
    return None


def no_question(life: Life, required: bool, at: datetime) -> str | None:
    """Against adding a question; while the call is open only an optional one, or drafts would stop being complete."""
    if phase(life, at) >= Phase.CLOSED:
        return _l("The call has closed: nobody could answer a new question.")
    if required and phase(life, at) is Phase.OPEN:
        return _l("The call is open: a new question can only be optional, so that no proposal becomes incomplete.")
    return None


def no_removal(life: Life, feeds: str, at: datetime) -> str | None:
    """Against removing a question that feeds this part of a proposal's public face ("" for none)."""
    if feeds:
        return _l(
            "This question can’t be removed: it gives every proposal its %(part)s, and lists and results need that.",
            part=FEEDS[feeds],
        )
    return no_set_up(life, at)


def no_section_removal(life: Life, feeds: list[str], at: datetime) -> str | None:
    """Against removing a section whose questions feed these parts."""
    if feeds:
        return _l(
            "This section can’t be removed: one of its questions is needed by every proposal. Move that one first."
        )
    return no_set_up(life, at)


def no_deadline(life: Life, at: datetime) -> str | None:
    """Against setting the deadline and its grace freely: once announced they only move as an extension."""
    if phase(life, at) is not Phase.DRAFT:
        return _l("The deadline is announced. To move it to a later instant, extend it.")
    return None


def no_grace(life: Life, now: int, new: int, at: datetime) -> str | None:
    """Against another grace after the deadline, in minutes: once announced it can only grow, until it is over."""
    if phase(life, at) is Phase.DRAFT or now == new:
        return None
    if phase(life, at) >= Phase.CLOSED:
        return _l("The call has closed: its grace is over.")
    if new < now:
        return _l("The grace is announced: it can become longer, not shorter.")
    return None


def no_review_dates(life: Life, at: datetime) -> str | None:
    """Against changing when reviews are due and when they are locked."""
    if phase(life, at) >= Phase.DECIDING:
        return _l("The reviews are over.")
    return None


def no_result_change(life: Life, at: datetime) -> str | None:
    """Against any other instant of the result than the one that is set."""
    if life.sealed_at or phase(life, at) >= Phase.SEALED:
        return _l("The result is sealed for its instant. To change that, unseal it first.")
    return None


def disorder(
    opens: datetime | None,
    deadline: datetime | None,
    review_due: datetime | None,
    review_cutoff: datetime | None,
    result: datetime | None,
) -> tuple[str, str] | None:
    """The first instant that doesn't come after those before it, and why; instants not set yet are left out.

    The deadline is the first instant that is too late, grace included. Reviews may be locked when they are due.
    """
    if opens and deadline and deadline <= opens:
        return "deadline", _l("The deadline has to come after the opening.")
    if deadline and review_due and review_due <= deadline:
        return "review_due", _l("Reviews have to be due after the deadline for proposals.")
    if review_due and review_cutoff and review_cutoff < review_due:
        return "review_cutoff", _l("Reviews can’t be locked before they are due.")
    last = review_cutoff or review_due or deadline
    if last and result and result <= last:
        return "result", _l("The result has to come after everything else.")
    return None


def no_invitation(members: bool, at: datetime, life: Life) -> str | None:
    """Against inviting somebody to a role; `members`: whether she has that role already."""
    if members:
        return _l("This person has this role already.")
    if phase(life, at) >= Phase.PUBLISHED:
        return _l("The call is over: nobody needs to be invited any more.")
    return None


def no_removal_of_member(role: Role, coordinators: int) -> str | None:
    """Against taking a role away; `coordinators`: how many there are."""
    if role is Role.COORDINATOR and coordinators < 2:
        return _l("The last coordinator can’t be removed. Invite another one first.")
    return None


def no_reading(role: Role, languages: list[str]) -> str | None:
    """Against a reviewer who says that she reads no language."""
    if role is Role.REVIEWER and not languages:
        return _l("Choose at least one language that you read.")
    return None


TWICE = _l("This address stands in the list twice.")
INVITED = _l("This person is invited already. Send the invitation again from the list if it was lost.")
MOST_LINES = 200  # invitations at once


def no_answer(state: str) -> str | None:
    """Against answering, resending or taking back an invitation; `state`: what became of it, or ""."""
    if state:
        return _l("This invitation has been answered or taken back already.")
    return None


def no_acceptance(signed_in: str, invited: str) -> str | None:
    """Against answering as whoever is signed in (her address, "" for nobody) what was sent to another address."""
    if signed_in and signed_in != invited:
        return _l(
            "This invitation was sent to another address than that of the account you are signed in with. "
            "Sign out first, then open the link again."
        )
    return None


def no_line(address: str, name: str, language: str, number: int) -> str | None:
    """Against a line of a pasted list of people."""
    if reason := no_address(address):
        return reason
    if reason := no_name(name):
        return reason
    if language not in LANGUAGES:
        return _l("Write the language as en, fr or es.")
    if number > MOST_LINES:
        return _l("At most %(most)d people can be invited at once. Send the rest afterwards.", most=MOST_LINES)
    return None


def no_link(text: str) -> str | None:
    """Against an address of a partner's site; none is fine."""
    try:
        parts = urlsplit(text or "https://example.org")
    except ValueError:  # an opening bracket alone
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or "." not in (parts.hostname or "") or len(text.split()) > 1:
        return _l("Write an address such as https://www.example.org.")
    return None


def no_import(life: Life, at: datetime) -> str | None:
    """Against taking over a file into a call: it may change and take away anything, so only before the launch."""
    if phase(life, at) is not Phase.DRAFT:
        return _l("The call is launched: a file can be taken over into a draft only. Make a new call from it instead.")
    return None


OTHER_KIND = _l("The file is of another kind of call than this one. Make a new call from it instead.")
