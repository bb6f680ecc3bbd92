"""Past editions, for everybody."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from msme_calls.accounts.models import Person
from msme_calls.calls.models import Call
from msme_calls.extensions import db
from msme_calls.proposals.models import Proposal
from msme_calls.proposals.queries import own
from msme_calls.publication.models import PastEdition
from msme_calls.reviews import queries as reviewing


def past_editions() -> list[PastEdition]:
    """All past editions, the latest first."""
    return list(db.session.scalars(sa.select(PastEdition).order_by(PastEdition.year.desc(), PastEdition.kind)))


def past_edition(kind: str, year: int) -> PastEdition | None:
    """One past edition."""
    if not 0 < year < 10_000:  # no column holds every number that an address may
        return None
    return db.session.scalar(sa.select(PastEdition).filter_by(kind=kind, year=year))


def edition_of(call: Call) -> PastEdition | None:
    """The past edition that tells the result of a call, if it isn't told by a seal."""
    return db.session.scalar(sa.select(PastEdition).filter_by(call_id=call.id))


def own_proposals(person: Person) -> list[Proposal]:
    """The person's own proposals with their calls, the nearest deadline first."""
    whole = joinedload(Proposal.call), joinedload(Proposal.owner), selectinload(Proposal.members)
    mine = own(person).join(Proposal.call).options(*whole)
    return list(db.session.scalars(mine.order_by(Call.deadline_at.desc(), Proposal.started_at)))


def review_queue(person: Person, at: datetime) -> list[Any]:
    """What the person is asked to review."""
    return list(reviewing.queue(person, at))
