"""What an applicant may do with a proposal, and when: each rule gives the reason against, or None."""

from datetime import datetime, timedelta
from enum import Enum

from msme_calls.calls.phases import Phase
from msme_calls.i18n import _l
from msme_calls.proposals.models import Status, TeamRole

TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.DRAFT: frozenset({Status.SUBMITTED}),
    Status.SUBMITTED: frozenset({Status.SUBMITTED, Status.WITHDRAWN}),
    Status.WITHDRAWN: frozenset({Status.SUBMITTED}),
}


MOST_DRAFTS, MOST_FILES = 10, 300  # of one person: drafts in a call, files in all
MOST_MORE = timedelta(days=14)  # that one proposal can be given after the deadline of its call
MOST_UPLOADS = 20  # of one person: files on their way at a time


class Standing(Enum):
    """Where a proposal stands, in the words that its applicant is told."""

    DRAFT = "draft"
    MISSED = "not-submitted"
    RECEIVED = "received"
    REVIEW = "review"
    DECISION = "decision"  # “decision on 27 June”
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"
    CANCELLED = "cancelled"  # the call was
    OVER = "over"


_STANDING = {
    Phase.CLOSED: Standing.RECEIVED,
    Phase.REVIEW: Standing.REVIEW,
    Phase.DECIDING: Standing.DECISION,
    Phase.SEALED: Standing.DECISION,
    Phase.PUBLISHED: Standing.PUBLISHED,
    Phase.ARCHIVED: Standing.OVER,
}


def public_status(status: Status, phase: Phase, sealed: bool = False) -> Standing:
    """What an applicant is told of her proposal: nothing in it depends on what reviewers or coordinators think.

    `sealed`: the call has a result. One that was archived without is over, and nothing more can be said of it.
    """
    if phase is Phase.CANCELLED:
        return Standing.CANCELLED
    if status is Status.WITHDRAWN:
        return Standing.WITHDRAWN
    if status is Status.DRAFT:
        return Standing.DRAFT if phase is Phase.OPEN else Standing.MISSED
    if phase is Phase.ARCHIVED and sealed:
        return Standing.PUBLISHED
    return _STANDING.get(phase, Standing.RECEIVED)


# What the history of a call says of acts about proposals (see `calls.acts`).
SENTENCES = {
    "start": _l("%(who)s started the proposal %(proposal)s."),
    "submit": _l("%(who)s submitted version %(version)s of %(proposal)s."),
    "withdraw": _l("%(who)s withdrew %(proposal)s."),
    "withdraw-because": _l("%(who)s withdrew %(proposal)s: %(reason)s"),
    "restore": _l("%(who)s restored %(proposal)s."),
    "give-more-time": _l("%(who)s gave %(proposal)s more time, until %(until)s: %(reason)s"),
    "end-more-time": _l("%(who)s took back the additional time of %(proposal)s."),
    "refuse-file": _l("The virus scanner refused a file of %(proposal)s."),
    "declare-conflict": _l("%(who)s noted that %(person)s has a conflict of interest with %(proposal)s."),
    "take-back-conflict": _l(
        "%(who)s took back that %(person)s has a conflict of interest with %(proposal)s: %(reason)s"
    ),
}


_PARTS = {
    TeamRole.VIEW: _l("You are not on the team of this proposal."),
    TeamRole.EDIT: _l("In this proposal you can read everything and change nothing. Its owner can let you write too."),
    TeamRole.SUBMIT: _l("In this proposal you can write, but not submit, withdraw or restore it. Its owner can."),
    TeamRole.OWNER: _l("Only the owner of the proposal can do this."),
}


def no_part(role: TeamRole | None, needed: TeamRole) -> str | None:
    """Against what takes more than somebody's role on the team of a proposal."""
    return None if role is not None and role >= needed else _PARTS[needed]


def no_start(phase: Phase, late: bool = False) -> str | None:
    """Against starting a proposal to a call in this phase. `late`: its deadline has passed, and its grace may run."""
    if phase in (Phase.DRAFT, Phase.ANNOUNCED):
        return _l("This call is not open yet.")
    if phase is Phase.CANCELLED:
        return _l("This call was cancelled: it takes no proposals.")
    if phase is Phase.OPEN and late:
        return _l(
            "The deadline has passed. Only proposals that were begun before it are still taken, for a short time."
        )
    return None if phase is Phase.OPEN else _closed()


def no_edit(status: Status, phase: Phase) -> str | None:
    """Against changing the draft, its files included."""
    if phase is Phase.CANCELLED:
        return _l("This call was cancelled: proposals can no longer be written or changed.")
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


def no_more_drafts(count: int) -> str | None:
    """Against one more draft to a call for somebody who has `count` there."""
    if count < MOST_DRAFTS:
        return None
    return _l("You have %(most)d drafts for this call. Go on with one of them, or submit it.", most=MOST_DRAFTS)


def no_room(files: int, kept_bytes: int, most_mb: int) -> str | None:
    """Against one more file for somebody who keeps so many here, in all her proposals."""
    if files >= MOST_FILES:
        return _l("You have sent %(most)d files, and no more are taken. Write to the coordinators.", most=MOST_FILES)
    if kept_bytes >= most_mb * 1_000_000:
        return _l(
            "Your files take more than %(most)d MB, and no more are taken. Remove files that you don’t need; a day "
            "later there is room again.",
            most=most_mb,
        )
    return None


def no_more_uploads(count: int) -> str | None:
    """Against one more file on its way for somebody who is sending `count`."""
    if count < MOST_UPLOADS:
        return None
    return _l(
        "%(most)d of your files are on their way already. Wait for them, or cancel some; what you leave alone is "
        "forgotten after a day.",
        most=MOST_UPLOADS,
    )


def no_question() -> str:
    """Why a file that came for a question is not taken: the form has changed since."""
    return _l("The form no longer asks for this file.")


def no_more_files(count: int, most: int) -> str | None:
    """Against one more file for a question that has `count` and takes `most` (at least two)."""
    return None if count < most else _l("At most %(most)d files are taken here: remove one first.", most=most)


def no_withdraw(status: Status, phase: Phase) -> str | None:
    if status is not Status.SUBMITTED:
        return _l("Only a submitted proposal can be withdrawn.")
    if phase is Phase.CANCELLED:
        return _l("This call was cancelled: proposals are not judged.")
    if phase >= Phase.DECIDING:
        return _l("The decision is being taken: write to the coordinators if you want to withdraw.")
    return None


def no_take_back(phase: Phase, by_herself: bool) -> str | None:
    """Against taking back a declared conflict of interest. `by_herself`: whether the person said it of herself."""
    if by_herself:
        return _l("She or he declared this conflict in person: it stands.")
    if phase >= Phase.SEALED:
        return _l("The result is sealed or the call is over: conflicts stand as they are.")
    return None


def no_restore(status: Status, phase: Phase) -> str | None:
    if status is not Status.WITHDRAWN:
        return _l("This proposal is not withdrawn.")
    return None if phase is Phase.OPEN else _l("The deadline has passed: a withdrawal is final after it.")


def no_more_time(phase: Phase, closes_at: datetime | None, until: datetime, at: datetime) -> str | None:
    """Against giving one proposal more time, until an instant. `phase` and `closes_at` are its call's."""
    if phase not in (Phase.OPEN, Phase.CLOSED) or closes_at is None:
        return _l("More time can be given from the opening of the call until its review starts.")
    if until <= at:
        return _l("That instant lies in the past: choose a later one.")
    if until <= closes_at:
        return _l("The call takes proposals until then anyway: choose an instant after its deadline.")
    if until > closes_at + MOST_MORE:
        return _l(
            "At most %(days)d days after the deadline can be given: the review has to begin.", days=MOST_MORE.days
        )
    return None


def no_ending(running: bool, used: bool) -> str | None:
    """Against taking additional time back. `used`: whether the proposal was submitted in it."""
    if not running:
        return _l("This proposal has no additional time left.")
    if used:
        return _l("The proposal was submitted in its additional time, so the time stands until it ends.")
    return None


def _closed() -> str:
    return _l("The deadline has passed: proposals can no longer be written or changed.")
