"""When outcomes may be decided, proposed, confirmed, sealed, unsealed: each rule gives the reason against, or None."""

import re
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from msme_calls.calls.phases import Phase
from msme_calls.decisions.models import Outcome
from msme_calls.i18n import _l

Ref = TypeVar("Ref", bound=Hashable)
UNSEAL_MARGIN = timedelta(minutes=1)  # later than this, pages and mails may already be on their way
NAME_CHARS, SUMMARY_WORDS = 200, 120
CHANGED = _l("The decision was changed and proposed anew since you opened this page. Look at it again, then go on.")
OTHER_WISH = _l("The wish to unseal was dropped and made anew since you opened this page. Read its note, then go on.")
DEPENDENT = _l(
    "During the review one of you two became coordinator by the other’s invitation, or both by the same person’s. "
    "Somebody independent must agree: a coordinator from before the review, or one whom another of them invited."
)
TAKEN = _l("Another document has this symbol.")
NOT_SEALED = _l("Only a sealed result that isn’t published yet can be unsealed.")

OUTCOMES: dict[Outcome, Any] = {
    Outcome.WINNER: _l("Winner"),
    Outcome.RUNNER_UP: _l("Runner-up"),
    Outcome.SHORTLISTED: _l("Shortlisted"),
    Outcome.SELECTED: _l("Selected"),
    Outcome.ACCEPTED: _l("Accepted as a document"),
    Outcome.REVISE: _l("To be revised"),
    Outcome.NOT_SELECTED: _l("Not selected"),
}

# What the history says of acts on decisions, by verb.
SENTENCES = {
    "decide": _l("%(who)s decided on %(proposal)s."),
    "set-words": _l("%(who)s wrote the public words for %(proposal)s."),
    "propose-decision": _l("%(who)s proposed the decision as a whole (recusals: %(recused)s)."),
    "confirm-decision": _l("%(who)s confirmed the decision as a whole (recusals: %(recused)s)."),
    "reopen-decision": _l("A change by %(who)s undid the proposal of the decision and its confirmation."),
    "take-back-decision": _l("%(who)s took the proposal of the decision back."),
    "seal": _l("%(who)s sealed the result for %(result_at)s, with the fingerprint %(digest)s."),
    "ask-unseal": _l("%(who)s asked to unseal the result."),
    "keep-sealed": _l("%(who)s kept the result sealed."),
    "unseal": _l("%(who)s unsealed the result with the fingerprint %(digest)s."),
}


def sentence(outcome: Outcome, *, title: str, call: str) -> Any:
    """The outcome as its applicant reads it. `title` of the proposal, `call` as the reader's language names it."""
    said = {
        Outcome.WINNER: _l("“%(title)s” is a winner of %(call)s. Congratulations!", title=title, call=call),
        Outcome.RUNNER_UP: _l("“%(title)s” is a runner-up of %(call)s. Congratulations!", title=title, call=call),
        Outcome.SHORTLISTED: _l(
            "“%(title)s” was among the shortlisted proposals of %(call)s, and was not chosen in the end.",
            title=title, call=call,
        ),
        Outcome.SELECTED: _l("“%(title)s” is selected in %(call)s. Congratulations!", title=title, call=call),
        Outcome.ACCEPTED: _l(
            "“%(title)s” is accepted as a document of the working group in %(call)s.", title=title, call=call
        ),
        Outcome.REVISE: _l(
            "“%(title)s” can be selected in %(call)s once it is revised. The coordinators will write to you about how.",
            title=title, call=call,
        ),
        Outcome.NOT_SELECTED: _l("“%(title)s” was not selected in %(call)s.", title=title, call=call),
    }  # fmt: skip
    return said[outcome]


@dataclass(frozen=True)
class Row:
    """What the check looks at in one proposal."""

    reference: str
    outcome: Outcome | None
    name: Mapping[str, str] = field(default_factory=dict)
    project: Mapping[str, str] = field(default_factory=dict)
    summary: Mapping[str, str] = field(default_factory=dict)
    symbol: str = ""


@dataclass(frozen=True)
class Gap:
    """Something that is missing before the decision can be proposed: of one proposal, or of all (reference "")."""

    reference: str
    words: Any


def gaps(rows: Sequence[Row], languages: Sequence[str], winners: int, runners_up: int, series: str = "") -> list[Gap]:
    """Everything that is missing, in the order of the rows; what concerns them all comes first.

    `series`: of the document symbols that what is accepted must have, or "".
    """
    found = _too_many(rows, Outcome.WINNER, winners) + _too_many(rows, Outcome.RUNNER_UP, runners_up)
    if not rows:
        found.append(Gap("", _l("No proposal was submitted to this call.")))
    for row in rows:
        if row.outcome is None:
            found.append(Gap(row.reference, _l("No outcome yet.")))
        elif row.outcome.public:
            found += _wordless(row, languages)
            if series and not row.symbol:
                found.append(Gap(row.reference, _l("The document symbol is missing.")))
    return found


def _too_many(rows: Sequence[Row], outcome: Outcome, most: int) -> list[Gap]:
    there = sum(row.outcome is outcome for row in rows)
    if there <= most:
        return []
    words = {
        Outcome.WINNER: _l("Winners decided: %(there)d. The call announced at most %(most)d.", there=there, most=most),
        Outcome.RUNNER_UP: _l(
            "Runners-up decided: %(there)d. The call announced at most %(most)d.", there=there, most=most
        ),
    }
    return [Gap("", words[outcome])]


def _wordless(row: Row, languages: Sequence[str]) -> list[Gap]:
    parts = (
        (row.name, _l("The public name is missing in a language of the call.")),
        (row.project, _l("The project’s public title is missing in a language of the call.")),
        (row.summary, _l("The public summary is missing in a language of the call.")),
    )
    return [Gap(row.reference, words) for text, words in parts if any(not text.get(code) for code in languages)]


def no_symbol(symbol: str, series: str) -> str | None:
    """Against giving an accepted document this symbol; none yet is fine. As seen: INF/MSME/P/12/Rev.1."""
    if not symbol or re.fullmatch(rf"{re.escape(series)}/[1-9][0-9]{{0,4}}(/(Rev|Add|Corr)\.[1-9][0-9]?)*", symbol):
        return None
    return _l("Write the symbol like %(example)s.", example=f"{series}/12")


def next_symbol(taken: Collection[str], series: str) -> str:
    """The symbol after the highest number of a series that is taken."""
    heads = (symbol.removeprefix(f"{series}/").partition("/")[0] for symbol in taken if symbol.startswith(f"{series}/"))
    return f"{series}/{max((int(head) for head in heads if head.isdigit()), default=0) + 1}"


def no_part(applies: bool) -> str | None:
    """Against any act on the decision. `applies`: whether the coordinator has a proposal of her own in the call."""
    if applies:
        return _l("You have a proposal of your own in this call: other coordinators decide, confirm and seal.")
    return None


def no_deciding(phase: Phase) -> str | None:
    """Against any change of decisions in this phase."""
    if phase is Phase.DECIDING:
        return None
    if phase is Phase.SEALED:
        return _l("The result is sealed: its decisions stand. To change one, unseal the result first.")
    if phase in (Phase.PUBLISHED, Phase.ARCHIVED):
        return _l("The result is published: its decisions stand.")
    if phase is Phase.CANCELLED:
        return _l("The call was cancelled: nothing is decided any more.")
    return _l("Decisions are taken once the review is over and a coordinator has started deciding.")


def no_decide(
    phase: Phase, outcome: Outcome, outcomes: Collection[str], *, conflict: bool, withdrawn: bool
) -> str | None:
    """Against giving a proposal this outcome."""
    if reason := no_deciding(phase):
        return reason
    if conflict:
        return _l("You have a conflict of interest with this proposal: another coordinator decides it.")
    if withdrawn:
        return _l("This proposal was withdrawn: there is nothing to decide.")
    if outcome.value not in outcomes:
        return _l("This call doesn’t have that outcome: choose one of its own.")
    return None


def no_propose(phase: Phase, missing: int, *, proposed: bool) -> str | None:
    """Against putting the decision as a whole to the other coordinators."""
    if reason := no_deciding(phase):
        return reason
    if proposed:
        return _l("The decision is proposed already.")
    if missing:
        return _l("Complete what is missing first: the list is on this page.")
    return None


def no_confirm(
    phase: Phase,
    proposed_by: UUID | None,
    by: UUID,
    *,
    proposed: bool,
    confirmed: bool,
    same: bool,
    independent: bool = True,
) -> str | None:
    """Against confirming what was proposed. `same`: whether the decisions are exactly those that were proposed.

    `independent`: whether the two answer for themselves, and not one for the other.
    """
    if reason := no_deciding(phase):
        return reason
    if not proposed or not same:
        return _l("The decisions have changed or were taken back: they must be proposed anew before anybody confirms.")
    if confirmed:
        return _l("The decision is confirmed already.")
    if proposed_by == by:
        return _l("You proposed this decision: another coordinator must confirm it.")
    return None if independent else DEPENDENT


def no_take_back(phase: Phase, *, proposed: bool) -> str | None:
    """Against undoing a proposal of the decision, and its confirmation."""
    if reason := no_deciding(phase):
        return reason
    return None if proposed else _l("The decision isn’t proposed: there is nothing to take back.")


def no_seal(phase: Phase, result_at: datetime | None, at: datetime, *, confirmed: bool, same: bool) -> str | None:
    """Against sealing the result."""
    if phase in (Phase.SEALED, Phase.PUBLISHED, Phase.ARCHIVED):
        return _l("The result is sealed already.")
    if reason := no_deciding(phase):
        return reason
    if not confirmed or not same:
        return _l("Two coordinators must agree first: one proposes the decision, another confirms it.")
    if result_at is None:
        return _l("Set the instant of the result first.")
    if result_at <= at:
        return _l(
            "The instant of the result has passed. Choose a new one first: nothing is published at once by accident."
        )
    return None


def no_ask_unseal(phase: Phase, result_at: datetime, at: datetime, *, asked: bool, note: bool) -> str | None:
    """Against asking for the result to be unsealed. `note`: whether the public note is there in each language."""
    if phase is not Phase.SEALED or at >= result_at:
        return NOT_SEALED
    if at + UNSEAL_MARGIN > result_at:
        return _l("The result appears in less than a minute: it can’t be unsealed any more.")
    if asked:
        return _l("Unsealing is asked for already: another coordinator decides on it.")
    if not note:
        return _l("Write the public note in each language of the call: it tells everybody why the result was unsealed.")
    return None


def no_unseal(
    phase: Phase,
    result_at: datetime,
    at: datetime,
    *,
    asked: bool,
    asked_by: UUID | None,
    by: UUID,
    independent: bool = True,
) -> str | None:
    """Against unsealing the result. `independent`: as in `no_confirm`."""
    if not asked:
        return _l("Nobody has asked for the result to be unsealed.")
    if reason := no_ask_unseal(phase, result_at, at, asked=False, note=True):
        return reason
    if asked_by == by:
        return _l("You asked for it: another coordinator must unseal the result.")
    return None if independent else DEPENDENT


def no_keep_sealed(phase: Phase, *, asked: bool) -> str | None:
    """Against dropping the wish to unseal."""
    if phase is not Phase.SEALED or not asked:
        return _l("Nobody has asked for the result to be unsealed.")
    return None


def first(order: Sequence[Ref], top: int, second: int, outcomes: Collection[str]) -> dict[Ref, Outcome]:
    """Outcomes by rank: the first `top` win (or are selected), the next `second` are runners-up, the rest lose out."""
    best = next(o for o in (Outcome.WINNER, Outcome.SELECTED, Outcome.ACCEPTED) if o.value in outcomes)
    second = second if Outcome.RUNNER_UP.value in outcomes else 0
    found: dict[Ref, Outcome] = {}
    for n, ref in enumerate(order):
        found[ref] = best if n < top else Outcome.RUNNER_UP if n < top + second else Outcome.NOT_SELECTED
    return found
