"""Who judges what in a call, as one person of its staff may see it; read in a fixed number of statements."""

import uuid
from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from msme_calls.accounts.models import Person
from msme_calls.calls.models import Call, Membership, Role
from msme_calls.extensions import db
from msme_calls.proposals import conflict_queries
from msme_calls.proposals import queries as proposals
from msme_calls.proposals.conflicts import Judge, Subject, conflict
from msme_calls.proposals.models import Proposal, Status
from msme_calls.reviews import rules
from msme_calls.reviews.assignment import Bar, Need, Plan, Seat, bar, draw
from msme_calls.reviews.models import Assignment, ReviewStatus


@dataclass(frozen=True)
class Held:
    """An assignment in force. `out` says why its reviewer can't see it any more: "conflict", "role" (lost), or ""."""

    assignment: Assignment
    out: str
    done: bool
    late: bool


@dataclass(frozen=True)
class Line:
    """A proposal with its assignments; None in the place of a proposal that the reader may not see."""

    proposal: Proposal | None
    held: tuple[Held, ...] = ()
    lacking: int = 0


@dataclass(frozen=True)
class Tally:
    """How far a reviewer is, with the proposals that the reader may see."""

    name: str
    email: str
    assigned: int
    done: int
    late: int
    most: int | None


class Board:
    """The proposals that count, their assignments and the call's reviewers, for one reader.

    A proposal that the reader has a conflict with is a line without content, and in no count, choice or draw.
    """

    def __init__(self, call: Call, reader: Person, at: datetime) -> None:
        self.call, self.at = call, at
        self.members = _reviewers(call)
        found = _counting(call)
        self._subjects = conflict_queries.subjects(found)
        judges = conflict_queries.judges([reader, *(m.person for m in self.members)])
        self._judges = {m.person_id: judges[m.person_id] for m in self.members}
        self._held: dict[uuid.UUID, list[Held]] = {p.id: [] for p in found}
        self._former: dict[uuid.UUID, set[str]] = {p.id: set() for p in found}
        for assignment in _assignments(call, self._held):
            self._sort_in(assignment)
        self.lines = [Line(None) if self._against(judges[reader.id], p.id) else self._line(p) for p in found]
        self.proposals = {line.proposal.id: line.proposal for line in self.lines if line.proposal}
        self.seats = {str(m.person_id): self._seat(m) for m in self.members}
        self.names = {str(m.person_id): m.person.name or m.person.email for m in self.members}

    def _against(self, judge: Judge, proposal_id: uuid.UUID) -> bool:
        subject: Subject = self._subjects[proposal_id]
        return conflict(judge, subject, self.call.economy_rule) is not None

    def _sort_in(self, a: Assignment) -> None:
        if a.ended_at is not None:
            self._former[a.proposal_id].add(str(a.reviewer_id))
            return
        judge = self._judges.get(a.reviewer_id)
        out = "role" if judge is None else "conflict" if self._against(judge, a.proposal_id) else ""
        window = rules.Window(
            self.call.phase(self.at), self.call.review_due_at, self.call.review_cutoff_at, a.extended_to
        )
        done = a.review is not None and a.review.status is ReviewStatus.SUBMITTED
        self._held[a.proposal_id].append(Held(a, out, done, not done and rules.late(window, self.at)))

    def _line(self, proposal: Proposal) -> Line:
        held = tuple(sorted(self._held[proposal.id], key=lambda h: h.assignment.reviewer.name_folded))
        return Line(proposal, held, max(0, self.call.reviews_per_proposal - sum(not h.out for h in held)))

    def _seat(self, m: Membership) -> Seat:
        load = sum(h.assignment.reviewer_id == m.person_id and not h.out for some in self._held.values() for h in some)
        return Seat(str(m.person_id), self._judges[m.person_id], frozenset(m.languages), m.most_reviews, load)

    def _need(self, proposal: Proposal) -> Need:
        """Assignments that are with nobody don't count as held, but the draw doesn't make them again."""
        held = self._held[proposal.id]
        has = frozenset(str(h.assignment.reviewer_id) for h in held if not h.out)
        out = frozenset(str(h.assignment.reviewer_id) for h in held if h.out)
        former = out | self._former[proposal.id]
        return Need(str(proposal.id), self._subjects[proposal.id], proposal.language, has, former)

    @property
    def seen(self) -> list[Line]:
        """The lines with content."""
        return [line for line in self.lines if line.proposal]

    @property
    def recused(self) -> int:
        """How many proposals the reader may not see."""
        return len(self.lines) - len(self.seen)

    @property
    def lacking(self) -> list[Line]:
        """The lines that lack reviewers."""
        return [line for line in self.seen if line.lacking]

    @property
    def late(self) -> list[Held]:
        """The assignments whose review is late."""
        return [h for line in self.seen for h in line.held if h.late and not h.out]

    @property
    def out(self) -> list[Held]:
        """The assignments whose reviewer can't see them any more."""
        return [h for line in self.seen for h in line.held if h.out]

    def bar(self, proposal: Proposal, reviewer_id: uuid.UUID) -> Bar | None:
        """What bars a reviewer from a proposal when a person asks her; she may be asked once more."""
        return bar(self._need(proposal), self.seats[str(reviewer_id)], self.call.economy_rule, again=True)

    def plan(self, seed: str) -> Plan:
        """What the draw proposes for the proposals that the reader may see."""
        needs = [self._need(p) for p in self.proposals.values()]
        return draw(needs, self.seats.values(), self.call.reviews_per_proposal, self.call.economy_rule, seed)

    def tallies(self) -> list[Tally]:
        """How far each reviewer is, by name."""
        mine: dict[uuid.UUID, list[Held]] = {m.person_id: [] for m in self.members}
        for h in (h for line in self.seen for h in line.held if not h.out):
            mine[h.assignment.reviewer_id].append(h)
        return [
            Tally(self.names[str(m.person_id)], m.person.email, len(own := mine[m.person_id]),
                  sum(h.done for h in own), sum(h.late for h in own), m.most_reviews)
            for m in self.members
        ]  # fmt: skip


def _counting(call: Call) -> list[Proposal]:
    counts = sa.select(Proposal).where(Proposal.call_id == call.id, Proposal.status == Status.SUBMITTED)
    return list(db.session.scalars(counts.order_by(Proposal.reference)))


def _reviewers(call: Call) -> list[Membership]:
    role = sa.select(Membership).where(Membership.call_id == call.id, Membership.role == Role.REVIEWER)
    parts = joinedload(Membership.person).selectinload(Person.economies)
    found = list(db.session.scalars(role.options(parts)))
    return sorted(found, key=lambda m: (m.person.name_folded, m.person.email))


def _assignments(call: Call, of: Container[uuid.UUID]) -> list[Assignment]:
    counts = sa.select(Proposal.id).where(Proposal.call_id == call.id, Proposal.status == Status.SUBMITTED)
    rows = sa.select(Assignment).where(Assignment.call_id == call.id, Assignment.proposal_id.in_(counts))
    parts = joinedload(Assignment.reviewer).lazyload(Person.economies), joinedload(Assignment.review)
    return [a for a in db.session.scalars(rows.options(*parts)) if a.proposal_id in of]


def load(call: Call, reader: Person, assignment_id: uuid.UUID) -> Assignment | None:
    """An assignment in force, on a proposal that the reader may see."""
    seen = proposals.visible_to_staff(reader, call).with_only_columns(Proposal.id)
    row = sa.select(Assignment).where(
        Assignment.id == assignment_id, Assignment.ended_at.is_(None), Assignment.proposal_id.in_(seen)
    )
    return db.session.scalar(row.options(joinedload(Assignment.reviewer), joinedload(Assignment.review)))
