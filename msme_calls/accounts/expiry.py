"""What is past its time is taken away: links, sessions, counts."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from msme_calls.accounts.models import Link, LoginSession, Throttle
from msme_calls.extensions import UTCDateTime, db
from msme_calls.outbox import Email
from msme_calls.sweeps import hourly, sweep

YEAR, MONTH, DAY = timedelta(days=365), timedelta(days=30), timedelta(days=1)


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


@sweep
@hourly
def forget_old_mails(at: datetime) -> int:
    """Delete mails a year after they were sent, dropped or given up: until then they tell who was told what, and when.

    Their keys, by which no reminder goes twice, are of instants long past by then.
    """
    ended = sa.func.coalesce(Email.sent_at, Email.dropped_at, Email.dead_at)
    old = ended < sa.literal(at - YEAR, UTCDateTime())
    last = (Email.name == "account_deleted") & (ended < sa.literal(at - DAY, UTCDateTime()))  # she is gone since then
    deleted = db.session.execute(sa.delete(Email).where(old | last)).rowcount  # type: ignore[attr-defined]
    db.session.commit()
    return deleted
