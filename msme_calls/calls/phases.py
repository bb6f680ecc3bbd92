"""The phase of a call, computed from its instants and from people's acts; never stored, never flipped by a job."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class Phase(Enum):
    """Where a call is in its life, in order."""

    DRAFT = "draft"
    ANNOUNCED = "announced"
    OPEN = "open"
    CLOSED = "closed"
    REVIEW = "review"
    DECIDING = "deciding"
    SEALED = "sealed"
    PUBLISHED = "published"
    ARCHIVED = "archived"
    CANCELLED = "cancelled"

    @property
    def order(self) -> int:
        """Its place in the life of a call, from 0."""
        return list(Phase).index(self)

    def __ge__(self, other: "Phase") -> bool:
        return self.order >= other.order

    def __lt__(self, other: "Phase") -> bool:
        return self.order < other.order


@dataclass(frozen=True)
class Life:
    """What the phase depends on: the call's instants (UTC, aware) and the instants of people's acts, or None."""

    opens_at: datetime | None = None
    deadline_at: datetime | None = None  # as it is announced; after it nothing is begun any more
    closes_at: datetime | None = None  # the first instant that is too late, grace included
    result_at: datetime | None = None
    launched_at: datetime | None = None
    review_started_at: datetime | None = None
    deciding_started_at: datetime | None = None
    sealed_at: datetime | None = None
    cancelled_at: datetime | None = None
    archived_at: datetime | None = None

    def late(self, at: datetime) -> bool:
        """Whether the announced deadline has passed: within the grace, what was begun before it is still taken."""
        return self.deadline_at is not None and at >= self.deadline_at

    def ends(self, at: datetime) -> datetime | None:
        """What time is left until: the announced deadline, and once that has passed the end of the grace."""
        return self.closes_at if self.deadline_at is None or self.late(at) else self.deadline_at


def phase(life: Life, at: datetime) -> Phase:
    """The phase at an instant. Published if and only if sealed and at ≥ the result instant."""
    if life.cancelled_at:
        return Phase.CANCELLED
    if life.archived_at:
        return Phase.ARCHIVED
    if not life.launched_at:
        return Phase.DRAFT
    if life.sealed_at:
        return Phase.PUBLISHED if life.result_at and at >= life.result_at else Phase.SEALED
    if life.opens_at is None or at < life.opens_at:
        return Phase.ANNOUNCED
    if life.closes_at is None or at < life.closes_at:
        return Phase.OPEN
    if life.deciding_started_at:
        return Phase.DECIDING
    return Phase.REVIEW if life.review_started_at else Phase.CLOSED


def next_boundary(life: Life, at: datetime) -> datetime | None:
    """The next instant at which the clock alone changes the phase, or ends the time to begin something, or None."""
    later = [i for i in (life.opens_at, life.deadline_at, life.closes_at, life.result_at) if i is not None and i > at]
    return min(later, default=None)


def overdue(life: Life, at: datetime) -> bool:
    """Whether the result instant passed without a seal: the result is being prepared."""
    unsealed = life.launched_at and not (life.sealed_at or life.cancelled_at or life.archived_at)
    return bool(unsealed and life.result_at and at >= life.result_at)
