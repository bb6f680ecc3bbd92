"""What an applicant may do with a proposal, and when: each rule gives the reason against, or None."""

from msme_calls.calls.phases import Phase
from msme_calls.i18n import _l
from msme_calls.proposals.models import Status

TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.DRAFT: frozenset({Status.SUBMITTED}),
    Status.SUBMITTED: frozenset({Status.SUBMITTED, Status.WITHDRAWN}),
    Status.WITHDRAWN: frozenset({Status.SUBMITTED}),
}


def no_start(phase: Phase) -> str | None:
    """Against starting a proposal to a call in this phase."""
    if phase in (Phase.DRAFT, Phase.ANNOUNCED):
        return _l("This call is not open yet.")
    return None if phase is Phase.OPEN else _closed()


def no_edit(status: Status, phase: Phase) -> str | None:
    """Against changing the draft, its files included."""
    if phase is not Phase.OPEN:
        return _closed()
    if status is Status.WITHDRAWN:
        return _l("This proposal is withdrawn. Restore it first, then change it.")
    return None


def no_submit(status: Status, phase: Phase, missing: int) -> str | None:
    """`missing`: how many answers the check finds lacking or wrong."""
    if reason := no_edit(status, phase):
        return reason
    if missing:
        return _l("Some answers are still missing or need a change: they are listed on this page.")
    return None


def no_withdraw(status: Status, phase: Phase) -> str | None:
    if status is not Status.SUBMITTED:
        return _l("Only a submitted proposal can be withdrawn.")
    if phase >= Phase.DECIDING:
        return _l("The decision is being taken: write to the coordinators if you want to withdraw.")
    return None


def no_restore(status: Status, phase: Phase) -> str | None:
    if status is not Status.WITHDRAWN:
        return _l("This proposal is not withdrawn.")
    return None if phase is Phase.OPEN else _l("The deadline has passed: a withdrawal is final after it.")


def _closed() -> str:
    return _l("The deadline has passed: proposals can no longer be written or changed.")
