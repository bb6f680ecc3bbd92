"""When tasks may be set and done: each rule gives the reason against, or None."""

from collections.abc import Collection
from datetime import datetime

from msme_calls.calls.phases import Life, Phase, phase
from msme_calls.decisions.models import Outcome
from msme_calls.i18n import _l

SENTENCES = {
    "add-task": _l("%(who)s added the task “%(task)s”."),
    "edit-task": _l("%(who)s changed the task “%(task)s”."),
    "remove-task": _l("%(who)s removed the task “%(task)s”."),
    "do-task": _l("%(who)s handed in “%(task)s” for %(proposal)s."),
}


def no_setting(life: Life, at: datetime) -> str | None:
    """Against adding or changing tasks."""
    if phase(life, at) in (Phase.ARCHIVED, Phase.CANCELLED):
        return _l("The call is over: nothing can be asked any more.")
    return None


def no_kind_change(answered: bool) -> str | None:
    """Against changing more than words and date of a task, or removing it."""
    return _l("Somebody has handed this in already: only its words and its date can change.") if answered else None


def told(decides: bool, now: Phase) -> bool:
    """Whether somebody at the desk sees of whom tasks are asked: that tells the result."""
    return decides or now in (Phase.PUBLISHED, Phase.ARCHIVED)


def no_due(due: datetime | None, result_at: datetime | None) -> str | None:
    """Against this date: nobody can begin before the result is known."""
    if due is None:
        return _l("Say until when it is due.")
    if result_at and due <= result_at:
        return _l("A task is due after the result: choose a later instant.")
    return None


def asks(outcome: Outcome | None, outcomes: Collection[str]) -> bool:
    """Whether a proposal with this outcome, as its team may know it by now, is asked."""
    return outcome is not None and outcome.value in outcomes


def no_doing(done: bool, due: datetime, at: datetime, over: bool) -> str | None:
    """Against handing something in. Late is better than never; but what was handed in in time stands after it."""
    if over:
        return _l("The call is over: nothing can be handed in any more.")
    if done and at >= due:
        return _l("The date has passed, and what you handed in stands. To change it, write to the coordinators.")
    return None
