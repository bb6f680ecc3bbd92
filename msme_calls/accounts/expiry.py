"""What is past its time is taken away: links, sessions, counts."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from msme_calls.accounts.models import Link, LoginSession, Throttle
from msme_calls.extensions import db
from msme_calls.sweeps import sweep

MONTH, DAY = timedelta(days=30), timedelta(days=1)


@sweep
def forget_what_expired(at: datetime) -> int:
    """Delete links and sessions a month after their end, and counts after a day."""
    old = (
        sa.delete(Link).where(Link.expires_at < at - MONTH),
        sa.delete(LoginSession).where(LoginSession.started_at < at - MONTH),
        sa.delete(Throttle).where(Throttle.first_at < at - DAY),
    )
    deleted = sum(db.session.execute(statement).rowcount for statement in old)  # type: ignore[attr-defined]
    db.session.commit()
    return deleted
