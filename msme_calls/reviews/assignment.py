"""Who judges what: what bars a reviewer from a proposal, and a balanced draw that finds the most reviews there can be.

The draw is a maximum flow found by augmenting paths. Reviews are given in rounds, the proposals with fewest first, so
that what is lacking is spread evenly (greedy is exact here: the loads that a flow can serve form a polymatroid;
Federgruen and Groenevelt 1986). Each path ends at the reachable reviewer who holds least, which keeps the sum of the
squared loads least among all assignments that serve the same proposals (successive shortest paths with convex costs;
Ahuja, Magnanti and Orlin 1993, ch. 9 and 14).
"""

import hashlib
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum

from msme_calls.proposals.conflicts import Interest, Judge, Subject, conflict


class Bar(Enum):
    """Why a reviewer can't be asked to judge a proposal."""

    ASSIGNED = "assigned"
    CONFLICT = "conflict"
    APPLICANT = "applicant"  # she has a proposal of her own in the call: a conflict with every other one
    LANGUAGE = "language"
    FORMER = "former"  # she had it, and it was declined or removed: only a person may ask her again
    FULL = "full"


@dataclass(frozen=True)
class Seat:
    """A reviewer: what conflicts look at, languages read (none named: all), most reviews (None: no limit), load."""

    id: str
    judge: Judge
    languages: frozenset[str] = frozenset()
    most: int | None = None
    load: int = 0


@dataclass(frozen=True)
class Need:
    """A proposal to be judged: what conflicts look at, its language, who judges it already and who did before."""

    id: str
    subject: Subject
    language: str = ""
    has: frozenset[str] = frozenset()
    former: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Pair:
    """One assignment that the draw proposes, and how many could have been asked."""

    need: str
    seat: str
    eligible: int


@dataclass(frozen=True)
class Lack:
    """What could not be met: how many reviews, and what stands against the reviewers who don't have the proposal."""

    need: str
    missing: int
    full: int
    conflict: int
    language: int
    former: int


@dataclass(frozen=True)
class Plan:
    """What a draw proposes, in the order of the proposals given."""

    seed: str
    pairs: tuple[Pair, ...] = ()
    lacks: tuple[Lack, ...] = ()

    @property
    def digest(self) -> str:
        """The fingerprint of who gets what: the same exactly if the same would be saved."""
        told = "\n".join(f"{p.need} {p.seat}" for p in self.pairs)
        return hashlib.sha256(f"{self.seed}\n{told}".encode()).hexdigest()


def bar(need: Need, seat: Seat, economy_rule: bool, *, again: bool = False) -> Bar | None:
    """The first thing that bars a reviewer from a proposal, or None. `again`: whether she may be asked once more."""
    if seat.id in need.has:
        return Bar.ASSIGNED
    if why := conflict(seat.judge, need.subject, economy_rule):
        return Bar.APPLICANT if why is Interest.APPLICANT else Bar.CONFLICT
    if seat.languages and need.language and need.language not in seat.languages:
        return Bar.LANGUAGE
    if seat.id in need.former and not again:
        return Bar.FORMER
    if seat.most is not None and seat.load >= seat.most:
        return Bar.FULL
    return None


def lot(seed: str, *names: str) -> str:
    """Where a name stands in the drawing of lots: SHA-256 of “seed:name:…” in hexadecimal."""
    return hashlib.sha256(":".join((seed, *names)).encode()).hexdigest()


@dataclass
class _Flow:
    """The assignments being made."""

    seats: dict[str, Seat]
    may: dict[str, list[str]]  # proposal → reviewers who may judge it, in the order of the lots
    given: dict[str, set[str]] = field(default_factory=dict)  # proposal → reviewers
    holds: dict[str, set[str]] = field(default_factory=dict)  # reviewer → proposals

    def load(self, seat: str) -> int:
        return self.seats[seat].load + len(self.holds.setdefault(seat, set()))

    def spare(self, seat: str) -> bool:
        most = self.seats[seat].most
        return most is None or self.load(seat) < most

    def serve(self, need: str) -> bool:
        """Give the proposal one reviewer more, moving others' assignments if it must be; whether that can be."""
        came, order = self._reach(need)
        ends = [s for s in order if self.spare(s)]
        if not ends:
            return False
        here: str | None = min(ends, key=self.load)  # the nearest of those who hold least
        while here is not None:
            through, before = came[here]
            self.given[through].add(here)
            self.holds[here].add(through)
            if before is not None:
                self.given[through].remove(before)
                self.holds[before].remove(through)
            here = before
        return True

    def _reach(self, need: str) -> tuple[dict[str, tuple[str, str | None]], list[str]]:
        """Reviewers that a path from the proposal reaches, nearest first: reviewer → (proposal, who hands it on)."""
        came: dict[str, tuple[str, str | None]] = {}
        order: list[str] = []
        seen = {need}
        queue: deque[tuple[str, str | None]] = deque([(need, None)])
        while queue:
            proposal, before = queue.popleft()
            for seat in self.may[proposal]:
                if seat in came or seat in self.given[proposal]:
                    continue
                came[seat] = (proposal, before)
                order.append(seat)
                onward = sorted(self.holds.setdefault(seat, set()) - seen)
                seen.update(onward)
                queue.extend((other, seat) for other in onward)
        return came, order


def draw(needs: Sequence[Need], seats: Iterable[Seat], n: int, economy_rule: bool, seed: str) -> Plan:
    """Propose assignments so that every proposal has `n` reviewers where that can be. What there is stays.

    The same seed and the same facts give the same plan; the order of `needs` and `seats` has no part in it.
    """
    known = {s.id: s for s in seats}
    bars = {need.id: {s: bar(need, seat, economy_rule) for s, seat in known.items()} for need in needs}
    lots = {need.id: sorted((s for s, b in bars[need.id].items() if b in (None, Bar.FULL)),
                            key=lambda s: lot(seed, need.id, s)) for need in needs}  # fmt: skip
    flow = _Flow(known, lots, {need.id: set() for need in needs})
    waiting = sorted((need for need in needs), key=lambda need: lot(seed, need.id))
    for round_ in range(n):
        turn = [need for need in waiting if len(need.has) + len(flow.given[need.id]) == round_]
        stuck = {need.id for need in turn if not flow.serve(need.id)}
        waiting = [need for need in waiting if need.id not in stuck]
    pairs = [Pair(need.id, seat, len(lots[need.id])) for need in needs for seat in lots[need.id]
             if seat in flow.given[need.id]]  # fmt: skip
    lacks = [_lack(need, missing, bars[need.id], flow.given[need.id]) for need in needs
             if (missing := n - len(need.has) - len(flow.given[need.id])) > 0]  # fmt: skip
    return Plan(seed, tuple(pairs), tuple(lacks))


def _lack(need: Need, missing: int, bars: dict[str, Bar | None], given: set[str]) -> Lack:
    against = [b for seat, b in bars.items() if seat not in given]
    return Lack(
        need.id,
        missing,
        full=sum(b in (None, Bar.FULL) for b in against),  # who might, but holds as many as she takes
        conflict=against.count(Bar.CONFLICT) + against.count(Bar.APPLICANT),
        language=against.count(Bar.LANGUAGE),
        former=against.count(Bar.FORMER),
    )
