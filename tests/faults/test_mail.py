"""Workers are killed with -9 while they send: no mail is lost, and what goes twice has the same Message-ID.

Threats C4, C5, C6.
"""

import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random
from types import SimpleNamespace
from uuid import uuid4

import pytest
import sqlalchemy as sa
from faults.conftest import Running, Site, wait_for
from operations.conftest import MailServer

from msme_calls import outbox
from msme_calls.extensions import db
from msme_calls.outbox import Email

pytestmark = pytest.mark.timeout(300)
# The mail “letter”, taught to the processes that are tested and to this one.
LETTER = """
from jinja2 import ChoiceLoader, DictLoader
from msme_calls import cli, outbox
make = cli.application
outbox.MAILS["letter"] = lambda row: {}

def application():
    app = make()
    texts = {"email/letter.txt": "Hello\\n\\nWords\\n", "email/letter.html": "<p>Words</p>"}
    app.jinja_env.loader = ChoiceLoader([DictLoader(texts), app.jinja_env.loader])
    return app

cli.application = application
"""


@pytest.fixture
def posting(site: Site, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A site that sends by SMTP."""
    monkeypatch.setitem(outbox.MAILS, "letter", lambda row: {})
    port = mail_server.port  # type: ignore[attr-defined]
    site.settings |= {"mail_server": "127.0.0.1", "mail_port": port, "mail_tls": "false", "mail_timeout": 20}
    return site


def queue(count: int, key: str = "", due: timedelta = timedelta()) -> None:
    for n in range(count):
        reader = SimpleNamespace(id=uuid4(), email=f"reader{n}@example.org", language="en")
        at = datetime.now(UTC)
        outbox.queue("letter", to=reader, at=at, due=at + due, key=key or None)
    db.session.commit()


def waiting() -> int:
    found = db.session.scalar(sa.select(sa.func.count()).where(Email.sent_at.is_(None))) or 0
    db.session.rollback()
    return found


def worker(site: Site, later: timedelta = timedelta()) -> Running:
    """A worker; `later` is after the leases of those who were killed before."""
    return site.start("worker", code=LETTER, now=(datetime.now(UTC) + later).isoformat() if later else None)


def send_all(site: Site, server: MailServer, chance: Random, kills: int, mails: int) -> None:
    """One of two workers is killed at a random mail, again and again; the other goes on meanwhile."""
    queue(mails)
    server.slow = 0.02
    both = [worker(site), worker(site)]
    for _ in range(kills):
        seen, more = len(server.tried), chance.randint(1, mails // (2 * kills))
        wait_for(lambda seen=seen, more=more: len(server.tried) >= seen + more or not waiting(), 60)
        time.sleep(chance.uniform(0, 0.03))
        both.pop(0).kill()
        both.append(worker(site))
    for running in both:
        assert running.end() in (0, -15)  # the one that has just begun ends as it is told to
    last = worker(site, timedelta(hours=1))
    wait_for(lambda: not waiting(), 90)
    assert last.end() == 0
    times = Counter(server.ids)
    assert len(times) == mails  # none lost
    assert times.total() - mails <= kills  # of each kill, the mail that it broke off


def test_a_few_workers_are_killed(posting: Site, mail_server: MailServer, chance: Random) -> None:
    send_all(posting, mail_server, chance, kills=3, mails=40)


@pytest.mark.slow
def test_fifty_workers_are_killed(posting: Site, mail_server: MailServer, chance: Random) -> None:
    send_all(posting, mail_server, chance, kills=50, mails=400)


def test_a_mail_that_was_taken_but_not_noted_goes_once_more_under_the_same_number(
    posting: Site, mail_server: MailServer
) -> None:
    """Killed between the mail server's yes and our own note of it."""
    queue(1)
    die = "real = outbox._by_smtp\ndef send(message):\n    real(message)\n    import os; os.kill(os.getpid(), 9)\n"
    dying = posting.start("worker", code=LETTER + die + "outbox._by_smtp = send\n")
    wait_for(lambda: mail_server.ids)
    assert dying.end(0) == -9
    assert waiting() == 1
    again = worker(posting, timedelta(hours=1))
    wait_for(lambda: not waiting())
    assert again.end() == 0
    assert len(mail_server.ids) == 2 and len(set(mail_server.ids)) == 1


REMIND = f"""{LETTER}
import types, uuid
from msme_calls import sweeps
from msme_calls.extensions import db

@sweeps.sweep
def remind(at):
    reader = types.SimpleNamespace(id=uuid.uuid4(), email="ana@example.org", language="en")
    outbox.queue("letter", to=reader, at=at, key="remind:ana")
    db.session.commit()
    print("reminded", flush=True)
    return 0
"""


def test_two_schedulers_that_find_the_same_reminder_send_it_once(posting: Site, mail_server: MailServer) -> None:
    both = [posting.start("worker", code=REMIND) for _ in range(2)]
    wait_for(lambda: mail_server.ids and not waiting())
    wait_for(lambda: all("reminded" in running.said for running in both), 90)
    assert [running.end() for running in both] == [0, 0]
    assert len(mail_server.ids) == 1
