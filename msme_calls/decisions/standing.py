"""Where the decision as a whole stands, as one coordinator sees it: what is missing, and which act is hers now."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask_babel import gettext as _

from msme_calls.accounts.models import Person
from msme_calls.calls.models import Call
from msme_calls.calls.phases import Phase, overdue
from msme_calls.decisions import actions, queries, rules
from msme_calls.decisions.models import Resolution, Seal
from msme_calls.extensions import db


@dataclass(frozen=True)
class Missing:
    """What is missing of a proposal, with the way there; without either where the reader is recused."""

    title: str
    language: str
    proposal_id: Any
    words: Any


@dataclass(frozen=True)
class Standing:
    """Everything that the page on the result shows."""

    phase: Phase
    resolution: Resolution | None
    stamp: str
    proposed_by: str
    confirmed_by: str
    missing: list[Missing]
    recused: int
    overdue: bool
    seal: Seal | None
    former: list[Seal]
    asked_by: str
    wish: str  # the stamp of the wish to unseal
    no: dict[str, str | None] = field(default_factory=dict)  # act → the reason against it, or None

    @property
    def proposed(self) -> bool:
        """Whether somebody has proposed the decision."""
        return bool(self.stamp)

    @property
    def confirmed(self) -> bool:
        """Whether somebody else has confirmed it."""
        return self.resolution is not None and self.resolution.confirmed_at is not None


def standing(call: Call, person: Person, at: datetime) -> Standing:
    """The whole of it for a person at an instant."""
    resolution, seals = queries.resolution_of(call), queries.seals(call)
    seal = next((s for s in seals if s.unsealed_at is None), None)
    board, hidden = queries.judged(call), queries.recused_from(call, person)
    gaps = rules.gaps(queries.rows_to_check(board), call.languages, call.winners, call.runners_up, call.symbol)
    return Standing(
        phase=call.phase(at),
        resolution=resolution,
        stamp=actions.stamp(resolution),
        proposed_by=_name(resolution.proposed_by_id if resolution else None),
        confirmed_by=_name(resolution.confirmed_by_id if resolution else None),
        missing=_missing(board, gaps, hidden, call),
        recused=sum(proposal.reference in hidden for proposal, _decision in board),
        overdue=overdue(call.life, at),
        seal=seal,
        former=[s for s in seals if s.unsealed_at is not None],
        wish=actions.wish_stamp(seal),
        asked_by=_name(seal.unseal_asked_by_id if seal else None),
        no=_reasons(call, resolution, seal, len(gaps), person, at),
    )


def _name(person_id: Any) -> str:
    person = db.session.get(Person, person_id) if person_id else None
    return (person.name or person.email) if person else ""


def _missing(board: list[Any], gaps: list[rules.Gap], hidden: set[str], call: Call) -> list[Missing]:
    """What is missing, in words for this reader: of proposals that she is recused from she learns only that.

    They are in no count either: it would say which outcome they have.
    """
    proposals = {proposal.reference: proposal for proposal, _decision in board}
    seen = [row for row in queries.rows_to_check(board) if row.reference not in hidden]
    known = rules.gaps(seen, call.languages, call.winners, call.runners_up, call.symbol) if hidden and seen else []
    told = [g for g in known if not g.reference] + [g for g in gaps if g.reference not in hidden | {""}]
    told = told if hidden else gaps
    found = []
    for gap in told:
        proposal = proposals.get(gap.reference)
        title, language = (proposal.title or gap.reference, proposal.language) if proposal else ("", "")
        found.append(Missing(title, language, proposal.id if proposal else None, gap.words))
    if len(told) < len(gaps):
        words = _("A proposal from which you are recused isn’t ready yet: another coordinator completes it.")
        found.append(Missing("", "", None, words))
    return found


def _reasons(
    call: Call, resolution: Resolution | None, seal: Seal | None, missing: int, person: Person, at: datetime
) -> dict[str, str | None]:
    phase, proposed = call.phase(at), bool(actions.stamp(resolution))
    found = {
        "propose": rules.no_propose(phase, missing, proposed=proposed),
        "confirm": actions.no_confirm(call, resolution, person, at),
        "take-back": rules.no_take_back(phase, proposed=proposed),
        "seal": actions.no_seal(call, resolution, at),
    }
    if seal is not None:
        asked_by = seal.unseal_asked_by_id
        asked = asked_by is not None
        found |= {
            "ask-unseal": rules.no_ask_unseal(phase, seal.result_at, at, asked=asked, note=True),
            "unseal": actions.no_unseal(call, seal, person, at),
            "keep-sealed": rules.no_keep_sealed(phase, asked=asked),
        }
    barred = actions.no_part(call, person)
    return {act: barred or reason for act, reason in found.items()}
