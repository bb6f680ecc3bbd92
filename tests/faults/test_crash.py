"""The product is killed with -9 while people submit, upload, review and seal, and while it sends their mails.

They press again until they are told that it is done. Then each act is there once and whole, with its history and its
mails; and whenever it was killed, nothing was there by half. Threats C1, C2, C3, D5, E8.
"""

import hashlib
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from random import Random
from time import monotonic, sleep
from typing import Any

import deciding
import flask
import pytest
import sqlalchemy as sa
import world
from faults.conftest import Browser, Parts, Running, Site, pdf, wait_for

from msme_calls import clock, history, keys, uploads
from msme_calls.calls.models import Blindness
from msme_calls.decisions import actions as decisions
from msme_calls.decisions import queries as deciding_queries
from msme_calls.decisions.models import Seal
from msme_calls.extensions import db
from msme_calls.history import History
from msme_calls.outbox import Email
from msme_calls.proposals import actions as proposing
from msme_calls.proposals import answers as answering
from msme_calls.proposals import receipts
from msme_calls.proposals.models import Attachment, ProposalVersion
from msme_calls.reviews.models import Review, Standing

pytestmark = pytest.mark.timeout(300)
State = tuple[Any, ...]


@dataclass
class Act:
    """What somebody does with one press, and how to see how much of it is there."""

    browser: Browser
    path: str
    parts: Parts
    state: Callable[[], State]
    whole: State
    done: Callable[[int, str], bool] | None = None

    def press(self) -> None:
        self.browser.insist(self.path, self.parts, done=self.done)


def count(table: Any, *which: Any) -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(table).where(*which)) or 0


def verbs(verb: str, **of: Any) -> int:
    return count(History, History.verb == verb, *(getattr(History, name) == value for name, value in of.items()))


class Acts:
    """Acts of every kind, each by somebody else, on things that are made for it."""

    def __init__(self, app: flask.Flask, port: int) -> None:
        self.app, self.port = app, port
        self.open = world.call("open")
        self.review = world.call("review", economy_rule=False, blindness=Blindness.OPEN)
        db.session.commit()

    def submit(self) -> Act:
        proposal, content = world.draft(self.open), pdf()
        checked = uploads.take(BytesIO(content), "plan.pdf", kinds=("pdf",), max_bytes=10**6, max_pages=None)
        proposing.attach(proposal, "document", checked, by=proposal.owner, at=clock.now())
        id, person_id, answers = proposal.id, proposal.owner_id, answering.draft_answers(proposal)

        def state() -> State:
            versions = list(db.session.scalars(sa.select(ProposalVersion).filter_by(proposal_id=id)))
            mails = count(Email, Email.name == "received", Email.person_id == person_id)
            files = [file["sha256"] for version in versions for file in version.files]
            signed = [receipts.check((v.receipt or "").encode(), [k.public for k in keys.known()]) for v in versions]
            said = [(r.valid, r.said and r.said["digest"] == v.digest) for r, v in zip(signed, versions, strict=True)]
            return [v.answers for v in versions], files, verbs("submit", proposal_id=id), mails, said

        browser = Browser(self.port, self.app, proposal.owner)
        whole = ([answers], [checked.sha256], 1, 1, [(True, True)])  # the receipt verifies, and is of this version
        return Act(browser, f"/en/proposals/{id}/submit", [("key", str(uuid.uuid4()))], state, whole)

    def upload(self) -> Act:
        proposal = world.draft(self.open)
        id, content = proposal.id, pdf()
        sha256 = hashlib.sha256(content).hexdigest()

        def state() -> State:
            kept = list(db.session.scalars(sa.select(Attachment).filter_by(proposal_id=id, removed_at=None)))
            for each in kept:
                with self.app.app_context(), uploads.store().open(each.sha256) as file:
                    assert hashlib.sha256(file.read()).hexdigest() == each.sha256  # no row without its bytes
            return ([a.sha256 for a in kept],)

        parts: Parts = [("go-to", "check"), ("document", ("plan.pdf", content))]
        browser = Browser(self.port, self.app, proposal.owner)
        return Act(browser, f"/en/proposals/{id}/sections/documents", parts, state, ([sha256],))

    def judge(self) -> Act:
        assignment = world.assignment(world.proposal(self.review))
        id, proposal_id = assignment.id, assignment.proposal_id

        def state() -> State:
            standing = db.session.get(Standing, proposal_id)
            found = list(db.session.scalars(sa.select(Review).filter_by(assignment_id=id)))
            done = [(r.status.value, r.comment_committee, len(r.former)) for r in found]
            return done, verbs("submit-review", proposal_id=proposal_id), [standing.count] if standing else []

        parts: Parts = [("act", "submit"), ("version", "0"), ("comment_committee", "Sound"), ("language", "en")]
        parts += [(f"score-{c.key}", "4") for c in self.review.criteria]
        browser = Browser(self.port, self.app, assignment.reviewer)
        return Act(browser, f"/en/reviews/{id}", parts, state, ([("submitted", "Sound", 0)], 1, [1]))

    def seal(self) -> Act:
        made = deciding.confirmed(2)
        id, slug = made.call.id, made.call.slug

        def state() -> State:
            mails = [count(Email, Email.name == name, Email.call_id == id) for name in ("outcome", "sealed")]
            return count(Seal, Seal.call_id == id), verbs("seal", call_id=id), *mails

        seen = decisions.stamp(deciding_queries.resolution_of(made.call))
        browser = Browser(self.port, self.app, made.second)
        sealed = lambda status, words: status == 403 and "sealed" in words  # noqa: E731  she is told that it is done
        return Act(browser, f"/en/desk/{slug}/result/seal", [("seen", seen)], state, (1, 1, 2, 3), sealed)

    def round(self) -> list[Act]:
        made = [self.submit(), self.upload(), self.judge(), self.seal()]
        db.session.commit()
        return made


BUSY = """SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'"""


def rest(database: str) -> None:
    """Until PostgreSQL is through with what the killed process had asked of it."""
    if database.startswith("postgresql"):

        def idle() -> bool:
            db.session.rollback()  # PostgreSQL tells the same all through a transaction
            return db.session.scalar(sa.text(BUSY)) == 0

        wait_for(idle)
    db.session.rollback()


def states(acts: list[Act]) -> list[State]:
    db.session.expire_all()
    found = [act.state() for act in acts]
    db.session.rollback()  # or SQLite would let nobody else write
    return found


def is_half(state: State, whole: State) -> bool:
    return state != whole and any(state)


def kill_while_people_act(
    site: Site, app: flask.Flask, database: str, chance: Random, times: int, rounds: int
) -> list[Act]:
    """Everything that was done; each round is killed `times // rounds` times."""
    acts, all_acts = Acts(app, site.port), []
    running = site.start("run")
    running.ready()
    window = 0.3
    for _ in range(rounds):
        now, begun = acts.round(), monotonic()
        all_acts += now
        with ThreadPoolExecutor(len(now)) as people:
            pressing = [people.submit(act.press) for act in now]
            for _ in range(times // rounds):
                running = killed_and_restarted(site, running, database, now, chance.uniform(0, window))
            for each in pressing:
                each.result(90)
        assert states(now) == [act.whole for act in now]
        window = min(window, (monotonic() - begun) / 2)
    return all_acts


def killed_and_restarted(site: Site, running: Running, database: str, acts: list[Act], moment: float) -> Running:
    sleep(moment)
    running.kill()
    rest(database)
    for state, act in zip(states(acts), acts, strict=True):
        assert not is_half(state, act.whole), (act.path, state)
    return site.start("run")


_NOTED = sa.select(Email.id, Email.sent_at, Email.dropped_at, Email.attempts)


def everything_holds(site: Site, acts: list[Act]) -> None:
    """Each act once, the chain unbroken, and every mail gone, once."""
    site.started[-1].kill()
    later = datetime.now(UTC) + timedelta(hours=1)  # when the leases of those who were killed are over
    site.start("run", now=later.isoformat()).ready()
    due = (Email.sent_at.is_(None), Email.dropped_at.is_(None), Email.due_at <= later)

    def all_sent() -> bool:
        waiting = count(Email, *due)
        db.session.rollback()
        return waiting == 0

    def in_doubt() -> list[Any]:
        """Mails that lie in the mailbox and aren't noted as sent, or the other way round: each for a moment only.

        Where a kill came between the two, the mail is tried again; by then it may tell nothing that still applies.
        """
        there = {file.stem for file in (site.folder / "data" / "mailbox").glob("*.eml")}
        noted = list(db.session.execute(_NOTED))
        db.session.rollback()
        gone = [
            mail for mail in noted if mail.sent_at or (mail.dropped_at and mail.attempts > 1 and str(mail.id) in there)
        ]
        return [*({str(mail.id) for mail in gone} ^ there)]

    wait_for(all_sent, 60)
    assert states(acts) == [act.whole for act in acts]
    with suppress(AssertionError):  # what became due meanwhile may be on its way
        wait_for(lambda: not in_doubt(), 20)
    assert in_doubt() == []
    assert history.verify()[1] is None
    db.session.rollback()


def test_a_few_kills(site: Site, app: flask.Flask, database: str, chance: Random) -> None:
    everything_holds(site, kill_while_people_act(site, app, database, chance, times=3, rounds=3))


@pytest.mark.slow
def test_fifty_kills(site: Site, app: flask.Flask, database: str, chance: Random) -> None:
    everything_holds(site, kill_while_people_act(site, app, database, chance, times=50, rounds=25))
