"""What may be done to a call, when and in which role: each rule gives the reason against, or None."""

from datetime import datetime

from msme_calls.calls.models import Role
from msme_calls.calls.phases import Life, Phase, phase
from msme_calls.i18n import _l

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


def no_extend(life: Life, new: datetime, at: datetime) -> str | None:
    """Against moving the deadline to `new` (the first instant that will be too late)."""
    if phase(life, at) not in (Phase.ANNOUNCED, Phase.OPEN, Phase.CLOSED):
        return _l("The deadline can move only until the review has started.")
    if life.closes_at and new <= life.closes_at:
        return _l("A deadline can only move to a later instant.")
    if new <= at:
        return _l("The new deadline lies in the past: choose a later one.")
    return None


def no_start_review(life: Life, at: datetime) -> str | None:
    if phase(life, at) is not Phase.CLOSED:
        return _l("The review can start once the call has closed, and only once.")
    return None


def no_start_deciding(life: Life, at: datetime) -> str | None:
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


def no_cancel(life: Life, at: datetime) -> str | None:
    if life.sealed_at or phase(life, at) in (Phase.PUBLISHED, Phase.ARCHIVED, Phase.CANCELLED):
        return _l("A call whose result is sealed, or that is over, can’t be cancelled.")
    return None


def no_archive(life: Life, at: datetime) -> str | None:
    if phase(life, at) not in (Phase.PUBLISHED, Phase.CLOSED):
        return _l("A call can be archived once its result is published.")
    return None
