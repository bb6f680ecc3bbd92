"""Mails that were sent long ago are forgotten; those that wait never."""

from datetime import timedelta

import sqlalchemy as sa
import world

from msme_calls import clock, outbox
from msme_calls.accounts.expiry import forget_old_mails
from msme_calls.extensions import db
from msme_calls.outbox import Email

YEAR = timedelta(days=365)


def test_a_mail_is_forgotten_a_year_after_it_was_sent_and_never_while_it_waits(app):
    who, at = world.person(), clock.now()
    for _ in range(5):
        outbox.queue("password_changed", to=who, at=at)
    sent, dropped, dead, late, _waiting = db.session.scalars(sa.select(Email)).all()
    sent.sent_at = dropped.dropped_at = dead.dead_at = at
    late.sent_at = at + timedelta(days=1)
    db.session.commit()
    forget = forget_old_mails.__wrapped__
    assert forget(at + YEAR) == 0
    assert forget(at + YEAR + timedelta(seconds=1)) == 3
    assert forget(at + 10 * YEAR) == 1
    assert len(db.session.scalars(sa.select(Email)).all()) == 1
    assert (forget_old_mails(at), forget_old_mails(at + timedelta(minutes=59))) == (0, 0)
