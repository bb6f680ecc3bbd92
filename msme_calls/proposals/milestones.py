"""The course of a proposal as its applicant sees it: what was, what is now and what comes, with dates."""

from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _

from msme_calls import i18n
from msme_calls.calls.models import Call
from msme_calls.calls.phases import Phase
from msme_calls.proposals.models import Proposal, Status


@dataclass(frozen=True)
class Step:
    """A step: its name, its time in words, and whether it is past, now or next."""

    title: str
    when: str
    state: str


def milestones(proposal: Proposal, at: datetime) -> list[Step]:
    """The steps of a proposal, in order. One that was withdrawn or never submitted has no more to come."""
    call, phase = proposal.call, proposal.phase(at)
    steps = [Step(_("Started"), _day(proposal.started_at, call), "past")]
    if proposal.submitted_at:
        steps.append(Step(_("Received"), _moment(proposal.submitted_at, call), "past"))
    if proposal.status is Status.WITHDRAWN and proposal.withdrawn_at:
        return [*steps, Step(_("Withdrawn"), _moment(proposal.withdrawn_at, call), "now")]
    if phase is Phase.CANCELLED:
        return [*steps, Step(_("Call cancelled"), "", "now")]
    until = _until(proposal)
    if proposal.status is Status.DRAFT:
        here = Step(_("Write and submit"), until, "now") if phase is Phase.OPEN else Step(_("Not submitted"), "", "now")
        return [*steps, here, *(_judged(call, phase) if phase is Phase.OPEN else [])]
    if phase is Phase.OPEN:
        steps.append(Step(_("You may still change it"), until, "now"))
    return [*steps, *_judged(call, phase)]


def _judged(call: Call, phase: Phase) -> list[Step]:
    over = phase in (Phase.PUBLISHED, Phase.ARCHIVED)
    review = "now" if phase in (Phase.CLOSED, Phase.REVIEW) else "past" if phase >= Phase.DECIDING else "next"
    decision = "past" if over else "now" if phase in (Phase.DECIDING, Phase.SEALED) else "next"
    due = _("until %(day)s", day=_day(call.review_due_at, call)) if call.review_due_at else ""
    result = _moment(call.result_at, call) if call.result_at else ""
    return [Step(_("In review"), due, review), Step(_("You hear from us"), result, decision)]


def _until(proposal: Proposal) -> str:
    """The deadline that holds for it; grace is said beside it, where there is room."""
    call, end = proposal.call, proposal.call.deadline_at
    if proposal.more_time_after(call.life.closes_at):
        end = proposal.extended_to
    return _("until %(moment)s", moment=_moment(end, call)) if end else ""


def _day(instant: datetime, call: Call) -> str:
    return i18n.short_day(instant, call.zone)


def _moment(instant: datetime, call: Call) -> str:
    day, time = _day(instant, call), i18n.written(instant, call.zone, "clock_time")
    return _("%(day)s, %(time)s", day=day, time=time)
