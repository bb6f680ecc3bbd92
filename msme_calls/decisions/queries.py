"""What may be known of decisions, by whom and from when on. What is published comes from sealed bytes alone."""

from datetime import datetime

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import joinedload

from msme_calls.calls.models import Call
from msme_calls.decisions import sealing
from msme_calls.decisions.models import Seal
from msme_calls.decisions.sealing import Broken, Result
from msme_calls.extensions import db

log = structlog.get_logger()


def _due(at: datetime) -> sa.ColumnElement[bool]:
    """Seals in force whose instant has come; where call and seal name two instants, both must have."""
    passed = (Seal.result_at <= at) & (Call.result_at <= at)
    return Seal.unsealed_at.is_(None) & Call.sealed_at.is_not(None) & Call.cancelled_at.is_(None) & passed


def opened(seal: Seal) -> Result:
    """What was sealed, checked against its fingerprint in both places that hold it. Raises Broken."""
    try:
        if seal.call.seal_digest != seal.digest:
            raise Broken("the call and its seal name two digests")
        return sealing.open_sealed(seal.content, seal.digest)
    except Broken as broken:
        log.critical("sealed result is broken", call=seal.call.slug, seal=str(seal.id), reason=str(broken))
        raise


def published(at: datetime) -> list[tuple[Call, Result]]:
    """All published results with their calls, the newest first; a broken one is left out and logged."""
    rows = sa.select(Seal).join(Seal.call).options(joinedload(Seal.call)).where(_due(at))
    found = []
    for seal in db.session.scalars(rows.order_by(Seal.result_at.desc(), Call.slug)):
        try:
            found.append((seal.call, opened(seal)))
        except Broken:
            continue
    return found


def in_force(call: Call) -> Seal | None:
    """The seal of a call, whether or not its instant has come."""
    return db.session.scalar(sa.select(Seal).where(Seal.call_id == call.id, Seal.unsealed_at.is_(None)))


def due(call: Call, at: datetime) -> Seal | None:
    """The seal of a call, if its instant has come."""
    return db.session.scalar(sa.select(Seal).join(Seal.call).where(Seal.call_id == call.id, _due(at)))


def result_of(call: Call, at: datetime) -> Result | None:
    """The published result of a call, or None before its instant. Raises Broken."""
    seal = due(call, at)
    return None if seal is None else opened(seal)
