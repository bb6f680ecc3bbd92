"""Builders of decisions: a call being decided by two coordinators, decided, confirmed, sealed."""

from dataclasses import dataclass, field

import world

from msme_calls import clock
from msme_calls.accounts.models import Person
from msme_calls.calls.models import Call, Role
from msme_calls.decisions import actions
from msme_calls.decisions.actions import Choice
from msme_calls.decisions.models import Outcome, Seal
from msme_calls.extensions import db
from msme_calls.proposals.models import Proposal
from msme_calls.reviews.models import Standing
from msme_calls.reviews.ranking import draw, tie_text

BILLION = 10**9
SECRETS = ("Canary Name", "Canary Project", "Canary Summary")


@dataclass
class Deciding:
    """A call with its two coordinators and its proposals, best first."""

    call: Call
    first: Person
    second: Person
    proposals: list[Proposal] = field(default_factory=list)

    @property
    def owners(self) -> list[Person]:
        return [p.owner for p in self.proposals]


def deciding(n: int = 5, **values) -> Deciding:
    """A call whose reviews are over: `n` proposals of as many organisations and economies, ranked, none decided."""
    call = world.call("deciding", **values)
    made = Deciding(call, world.member(call, Role.COORDINATOR), world.member(call, Role.COORDINATOR))
    codes = ("KE", "SN", "MW", "NP", "GH", "PE", "FJ", "CH")
    for rank in range(n):
        proposal = world.proposal(call, economy=codes[rank % len(codes)])
        standing(proposal, mean=4 * BILLION - rank * BILLION // 100)
        made.proposals.append(proposal)
    db.session.flush()
    return made


def standing(proposal: Proposal, mean: int | None, ties: str | None = None) -> Standing:
    """A proposal's place material, as its reviews would have left it."""
    row = Standing(
        proposal=proposal, call_id=proposal.call_id, count=3, mean=mean, spread=BILLION // 5,
        ties=tie_text([]) if ties is None else ties, draw=draw(proposal.call.slug, proposal.reference),
    )  # fmt: skip
    db.session.add(row)
    return row


OUTCOMES = (Outcome.WINNER, Outcome.WINNER, Outcome.RUNNER_UP, Outcome.SHORTLISTED)


def decided(n: int = 5, **values) -> Deciding:
    """Two winners, a runner-up, one shortlisted, the rest not selected; public words complete."""
    made = deciding(n, **values)
    for rank, proposal in enumerate(made.proposals):
        outcome = OUTCOMES[rank] if rank < len(OUTCOMES) else Outcome.NOT_SELECTED
        actions.decide(made.call, [Choice(proposal, outcome, "Reason")], by=made.first, at=clock.now())
        if outcome.public:
            words(made, proposal, rank)
    db.session.flush()
    return made


def words(made: Deciding, proposal: Proposal, rank: int) -> None:
    """Public words in each language, told apart by rank and language."""
    from msme_calls.decisions.models import Decision

    said = ({lang: f"{text} {rank} ({lang})" for lang in made.call.languages} for text in SECRETS)
    actions.set_words(proposal, db.session.get_one(Decision, proposal.id), *said, by=made.first, at=clock.now())


def confirmed(n: int = 5, **values) -> Deciding:
    """Proposed by the first coordinator, confirmed by the second."""
    made = decided(n, **values)
    actions.propose(made.call, by=made.first, at=clock.now())
    actions.confirm(made.call, by=made.second, at=clock.now())
    db.session.commit()
    return made


def sealed(n: int = 5, **values) -> tuple[Deciding, Seal]:
    """Sealed by the second coordinator for the call's instant."""
    made = confirmed(n, **values)
    seal = actions.seal(made.call, by=made.second, at=clock.now())
    db.session.commit()
    return made, seal
