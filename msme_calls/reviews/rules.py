"""What reviewers and coordinators may do with assignments and reviews, and when: the reason against, or None."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from msme_calls.calls.phases import Phase
from msme_calls.i18n import _l
from msme_calls.reviews.assignment import Bar

REVIEWING = (Phase.REVIEW, Phase.DECIDING)  # the phases in which reviews are written and assignments made


@dataclass(frozen=True)
class Window:
    """When a review may be written: the call's phase, its due date and cut-off, and the reviewer's own extension."""

    phase: Phase
    due_at: datetime | None = None
    cutoff_at: datetime | None = None
    extended_to: datetime | None = None

    @property
    def due(self) -> datetime | None:
        """When the review is due from this reviewer."""
        return self.extended_to or self.due_at

    @property
    def locked(self) -> datetime | None:
        """The first instant at which nothing can be written any more, or None for no such instant."""
        if self.extended_to and self.cutoff_at:
            return max(self.extended_to, self.cutoff_at)
        return self.cutoff_at


def no_review(window: Window, at: datetime) -> str | None:
    """Against writing a score sheet that isn't submitted yet."""
    if window.phase not in REVIEWING:
        return _l("Reviews are written while the call is in review.")
    if window.locked and at >= window.locked:
        return _l("The last day for reviews has passed: they are locked. Ask the coordinators if you need more time.")
    return None


def no_revision(window: Window, at: datetime) -> str | None:
    """Against changing a review that is submitted: it can change until it is due."""
    if reason := no_review(window, at):
        return reason
    if window.due and at >= window.due:
        return _l("The due date has passed: a submitted review stands as it is.")
    return None


def no_submission(missing: int) -> str | None:
    """`missing`: how many criteria have neither a score nor “I can’t judge this”."""
    return _l("Score every criterion, or say that you can’t judge it.") if missing else None


def late(window: Window, at: datetime) -> bool:
    """Whether a review handed in at an instant comes after its due date."""
    return window.due is not None and at >= window.due


def no_ending(window: Window, submitted: bool) -> str | None:
    """Against declining an assignment."""
    if window.phase not in REVIEWING:
        return _l("Assignments can change only while the call is in review.")
    if submitted:
        return _l("You have submitted this review. If it must not count, write to the coordinators.")
    return None


def no_assigning(phase: Phase) -> str | None:
    """Against making, removing and extending assignments at all."""
    if phase < Phase.REVIEW:
        return _l("Reviewers are assigned once the review has started.")
    if phase not in REVIEWING:
        return _l("The result is sealed or the call is over: assignments stand as they are.")
    return None


def no_assignment(phase: Phase, counts: bool, bar: Bar | None) -> str | None:
    """Against asking a reviewer to judge a proposal; `counts`: whether the proposal is submitted and not withdrawn."""
    if reason := no_assigning(phase):
        return reason
    if not counts:
        return _l("This proposal is withdrawn: nobody judges it.")
    return _AGAINST[bar] if bar else None


_AGAINST = {
    Bar.ASSIGNED: _l("This reviewer has the proposal already."),
    Bar.CONFLICT: _l("This reviewer has a conflict of interest with the proposal. Choose somebody else."),
    Bar.APPLICANT: _l("This reviewer has a proposal of her or his own in this call, and so judges none of the others."),
    Bar.LANGUAGE: _l("This reviewer doesn’t read the proposal’s language. Choose somebody else."),
    Bar.FORMER: _l("This reviewer had the proposal before, and it was declined or removed."),
    Bar.FULL: _l("This reviewer has as many reviews as agreed. Choose somebody else, or change the number first."),
}


def no_removal(phase: Phase, submitted: bool, confirmed: bool) -> str | None:
    """Against taking an assignment away."""
    if reason := no_assigning(phase):
        return reason
    if submitted and not confirmed:
        return _l("This review is submitted. Confirm that it shall no longer count.")
    return None


def no_extension(window: Window, until: datetime, result_at: datetime | None, at: datetime) -> str | None:
    """Against giving a reviewer until `until` (the first instant that is too late)."""
    if reason := no_assigning(window.phase):
        return reason
    if until <= at:
        return _l("This time lies in the past: choose a later one.")
    if window.due and until <= window.due:
        return _l("This is no extension: the review is due later than that already.")
    if result_at and until >= result_at:
        return _l("The extension must end before the result is published.")
    return None


def no_reading(judges: bool) -> str | None:
    """Against seeing others' reviews and their mean; `judges`: whether the reader's own review can still change."""
    if judges:
        return _l("You review this proposal yourself. The others’ reviews appear here once yours is final.")
    return None


OCCASIONS = (("late", timedelta()), ("1d", timedelta(days=1)), ("7d", timedelta(days=7)))  # before the due date


def occasion(window: Window, assigned_at: datetime, at: datetime) -> str | None:
    """For what a reviewer is reminded at an instant of a review that isn't in: the latest occasion that has come.

    None before the first, once the review is locked, and for occasions that passed before it was assigned: that mail
    named the due date.
    """
    if window.due is None or no_review(window, at):
        return None
    for name, before in OCCASIONS:
        if at >= window.due - before:
            return name if assigned_at < window.due - before else None
    return None
