"""Conflicts of interest that follow from facts: who may not judge, rank or decide which proposal, whatever the role."""

from dataclasses import dataclass
from enum import Enum
from uuid import UUID

from msme_calls.i18n import _l


class Interest(Enum):
    """Why somebody has a conflict of interest."""

    OWN = "own"
    TEAM = "team"
    ORGANISATION = "organisation"
    ECONOMY = "economy"
    APPLICANT = "applicant"
    DECLARED = "declared"


WHY = {
    Interest.OWN: _l("Her or his own proposal"),
    Interest.TEAM: _l("On the team of the proposal, or named in it"),
    Interest.ORGANISATION: _l("Same organisation"),
    Interest.ECONOMY: _l("Same economy"),
    Interest.APPLICANT: _l("Has a proposal in this call"),
}


@dataclass(frozen=True)
class Judge:
    """What matters of a person: her id, folded organisation, economies, and whether the economy rule leaves her out;

    the calls in which she applies herself; and her e-mail address.
    """

    id: UUID
    organisation: str
    economies: frozenset[str]
    international_staff: bool = False
    applies: frozenset[UUID] = frozenset()
    address: str = ""


@dataclass(frozen=True)
class Subject:
    """What matters of a proposal: its owner's id, folded organisation, economy and call; who declared a conflict;

    who is or was on its team, and the addresses of those who are asked to join or named as authors.
    """

    owner: UUID
    organisation: str
    economy: str
    declared: frozenset[UUID] = frozenset()
    call: UUID | None = None
    team: frozenset[UUID] = frozenset()
    addresses: frozenset[str] = frozenset()


def conflict(judge: Judge, subject: Subject, economy_rule: bool) -> Interest | None:
    """The first reason why the person may not judge the proposal, or None.

    Same organisation: equal after case, accents and spaces are folded. Economy: only where the call says so. Whoever
    applies in a call judges nobody there: the others are her competitors.
    """
    if judge.id == subject.owner:
        return Interest.OWN
    if judge.id in subject.team or judge.address in subject.addresses:
        return Interest.TEAM
    if judge.organisation and judge.organisation == subject.organisation:
        return Interest.ORGANISATION
    if economy_rule and not judge.international_staff and subject.economy in judge.economies:
        return Interest.ECONOMY
    if subject.call in judge.applies:
        return Interest.APPLICANT
    return Interest.DECLARED if judge.id in subject.declared else None
