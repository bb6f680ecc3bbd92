"""PostgreSQL is stopped at once under load, is slow, has no connection left, or finds two in each other’s way.

Threats C9, C10, C11.
"""

import io
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import databases
import flask
import psycopg
import pytest
import sqlalchemy as sa
import world
from applications import build, close
from faults.conftest import Browser, Nursery, Parts, Site, wait_for
from pages import StrictClient
from signing_in import browser_of

from msme_calls import clock, history, outages
from msme_calls.extensions import db
from msme_calls.outbox import Email
from msme_calls.proposals import actions
from msme_calls.proposals.models import ProposalVersion, SectionDraft

pytestmark = pytest.mark.timeout(180)
EMAIL: Parts = [("contact_email", "ana@example.org")]
only_postgresql = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


class Server:
    """A PostgreSQL of this test alone, that can be stopped as a machine that fails stops it, and started again."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="msme-pg-", dir="/tmp"))
        server = databases.start_server(self.folder, os.getpid())
        with psycopg.connect(server, autocommit=True) as admin:
            admin.execute("CREATE DATABASE calls")
            admin.execute("ALTER DATABASE calls SET synchronous_commit = on")  # what was acknowledged is to be there
        self.address, self.server = databases.address(server, "calls"), server
        databases.migrate(self.address)

    @property
    def pid(self) -> int:
        return int((self.folder / "data" / "postmaster.pid").read_text().split()[0])

    def stop(self) -> None:
        pid = self.pid
        self.command = Path(f"/proc/{pid}/cmdline").read_bytes().decode().rstrip("\0").split("\0")
        os.kill(pid, signal.SIGQUIT)
        wait_for(lambda: not Path(f"/proc/{pid}").exists() or b"State:\tZ" in Path(f"/proc/{pid}/status").read_bytes())
        (self.folder / "data" / "postmaster.pid").unlink(missing_ok=True)

    def start(self) -> None:
        nobody = databases.NOBODY
        who: dict[str, Any] = {"user": nobody, "group": nobody, "extra_groups": []} if os.geteuid() == 0 else {}
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen(self.command, cwd=self.folder, start_new_session=True, **quiet, **who)

    def close(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGQUIT)
        self.process.wait(20)
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture
def server() -> Iterator[Server]:
    try:
        made = Server()
    except (ImportError, OSError, subprocess.SubprocessError, psycopg.Error) as error:
        databases.cannot(f"PostgreSQL did not start: {error}")
    yield made
    made.close()


class Writer:
    """Somebody who saves again and again, and notes what was acknowledged and what she was told."""

    def __init__(self, site: Site, app: flask.Flask, call: Any) -> None:
        proposal = world.draft(call)
        db.session.commit()
        self.id, self.browser = proposal.id, Browser(site.port, app, proposal.owner)
        self.acknowledged, self.answers = "", []  # type: ignore[var-annotated]

    def write(self, stop: threading.Event) -> None:
        version, n = 1, 0
        while not stop.is_set():
            n += 1
            parts: Parts = [("go-to", "check"), ("section-version", str(version)), ("contact_name", f"Text {n}")]
            status, page, _ = self.browser.post(f"/en/proposals/{self.id}/sections/contact", [*parts, *EMAIL])
            self.answers.append((time.monotonic(), status, page))
            if status == 302:
                version, self.acknowledged = version + 1, f"Text {n}"
            elif status == 409:  # she was not told of a save that held: she looks, and goes on from there
                version += 1
            else:
                time.sleep(0.05)

    def submit(self) -> None:
        self.browser.insist(f"/en/proposals/{self.id}/submit", [("key", str(uuid.uuid4()))])


def test_postgresql_stops_at_once_under_load_and_comes_back(server: Server, nursery: Nursery, tmp_path: Path) -> None:
    """Only while it is away people are told to try again; what they were told is saved is there, once."""
    site = Site(nursery, {"database_url": server.address, "data": tmp_path / "data"}, tmp_path)
    app = build(server.address, tmp_path / "data", secret_key="development only, never in production")
    with app.app_context():
        call = world.call("open")
        db.session.commit()
        writers = [Writer(site, app, call) for _ in range(4)]
        running = site.start("run")
        running.ready()
        stop = threading.Event()
        with ThreadPoolExecutor(len(writers)) as people:
            writing = [people.submit(writer.write, stop) for writer in writers]
            wait_for(lambda: all(len(writer.answers) > 3 for writer in writers))
            down = time.monotonic()
            server.stop()
            wait_for(lambda: all(writer.answers[-1][1] == 503 for writer in writers))
            assert running.get("/readyz")[0] == 503 and running.get("/healthz")[0] == 200
            server.start()
            wait_for(lambda: running.get("/readyz")[0] == 200)
            up, seen = time.monotonic(), [len(writer.answers) for writer in writers]
            wait_for(lambda: all(len(w.answers) > n + 3 for w, n in zip(writers, seen, strict=True)))
            stop.set()
            for each in writing:
                each.result(30)
            for each in [people.submit(writer.submit) for writer in writers]:
                each.result(60)
        told = [(at, status) for writer in writers for at, status, _ in writer.answers if status != 302]
        assert {status for _, status in told} <= {503, 409}
        assert all(down <= at <= up + 1 for at, status in told if status == 503)
        page = next(page for writer in writers for _, status, page in writer.answers if status == 503)
        assert "Text " in page and "send it again" in page
        db.session.remove()
        db.engine.dispose()
        wait_for(lambda: not waiting_mails(), 90)  # the worker goes on
        for writer in writers:
            (version,) = db.session.scalars(sa.select(ProposalVersion).filter_by(proposal_id=writer.id))
            assert version.answers["contact_name"] == writer.acknowledged
        assert history.verify()[1] is None
        assert "Traceback" not in running.said
    assert running.end() == 0
    close(app)


def waiting_mails() -> int:
    found = db.session.scalar(sa.select(sa.func.count()).where(Email.sent_at.is_(None))) or 0
    db.session.rollback()
    return found


NAPS = """
import sqlalchemy as sa
from msme_calls import access, cli
from msme_calls.extensions import db
make = cli.application

def application():
    app = make()

    @app.get("/nap")
    @access.public
    def nap():
        db.session.execute(sa.text("SELECT pg_sleep(60)"))
        return "slept"

    @app.post("/cross/<first>/<second>")
    @access.public
    def cross(first, second):
        for key in (first, second):
            db.session.execute(sa.text("UPDATE throttles SET tries = tries + 1 WHERE key = :key"), {"key": key})
            db.session.execute(sa.text("SELECT pg_sleep(0.3)"))
        db.session.commit()
        return "crossed"

    from msme_calls.extensions import csrf
    csrf.exempt(cross)
    return app

cli.application = application
"""


@only_postgresql
def test_without_a_connection_left_people_are_told_within_seconds(site: Site) -> None:
    running = site.start("serve", code=NAPS, threads=16, database_connections=2, database_timeout=5)
    running.ready()
    with ThreadPoolExecutor(12) as people:
        naps = [people.submit(running.get, "/nap") for _ in range(2)]
        time.sleep(0.5)
        begun = time.monotonic()
        others = [people.submit(running.get, "/es/calls") for _ in range(10)]
        told = [each.result() for each in others]
        assert time.monotonic() - begun < 8, "three seconds of patience, and a machine that does other things"
        assert {status for status, _ in told} == {503}
        assert all('<html lang="es">' in page and "Traceback" not in page for _, page in told)
        assert [nap.result()[0] for nap in naps] == [503, 503]  # given up: nobody waits so long
    assert running.get("/es/calls")[0] == 200
    assert running.get("/readyz")[0] == 200


@only_postgresql
def test_of_two_in_each_others_way_one_goes_first_and_the_other_is_done_anew(site: Site, app: flask.Flask) -> None:
    for key in ("one", "two"):
        insert = "INSERT INTO throttles (key, tries, first_at) VALUES (:key, 0, now())"
        db.session.execute(sa.text(insert), {"key": key})
    db.session.commit()
    running = site.start("serve", code=NAPS)
    running.ready()
    with ThreadPoolExecutor(2) as people:
        ways = [people.submit(Browser(site.port).send, "POST", f"/cross/{way}") for way in ("one/two", "two/one")]
        assert [way.result()[:2] for way in ways] == [(200, "crossed")] * 2
    assert list(db.session.scalars(sa.text("SELECT tries FROM throttles"))) == [2, 2]
    assert '"event": "done anew"' in running.said and "40P01" in running.said


@only_postgresql
def test_waiting_is_bounded(app: flask.Flask) -> None:
    """As the product has it unless it is told otherwise."""
    shown = {name: db.session.scalar(sa.text(f"SHOW {name}")) for name in ("statement_timeout", "lock_timeout")}
    assert shown == {"statement_timeout": "20s", "lock_timeout": "4s"}
    pool: Any = db.engine.pool
    assert (pool.size(), pool._max_overflow, pool._timeout) == (10, 0, 3)


@pytest.mark.parametrize("collisions, status, saved", [(2, 302, True), (3, 503, False)])
def test_what_collides_is_done_anew_a_few_times_and_then_given_back(
    app: flask.Flask, monkeypatch: pytest.MonkeyPatch, collisions: int, status: int, saved: bool
) -> None:
    """The whole unit of work, so that nothing of the first try is left."""
    proposal = actions.start(world.call("open"), by=world.person(), at=clock.now())
    db.session.commit()
    left, real = [collisions], actions.save_section

    def collide(*args: Any, **more: Any) -> Any:
        done = real(*args, **more)
        db.session.flush()
        if left[0]:
            left[0] -= 1
            raise sa.exc.OperationalError("UPDATE", {}, psycopg.errors.SerializationFailure())
        return done

    monkeypatch.setattr(actions, "save_section", collide)
    client = browser_of(app, proposal.owner)
    assert isinstance(client, StrictClient)
    page = client.page(f"/en/proposals/{proposal.id}/sections/project")
    answer = client.submit(page.form(button="Save and continue"), project="Long words", **{"go-to": "check"})
    assert answer.status_code == status
    assert ("Long words" in answer.get_data(as_text=True)) == (not saved)
    parts = list(db.session.scalars(sa.select(SectionDraft).filter_by(proposal_id=proposal.id)))
    assert [part.answers["project"] for part in parts] == (["Long words"] if saved else [])
    assert answer.headers.get("Retry-After") == (None if saved else "5")


def test_all_files_are_read_anew_that_came_along(app: flask.Flask) -> None:
    """Also the second one of a question that takes several: it was called empty, and refused."""
    seen: list[list[bytes]] = []

    def act() -> list[bytes]:
        seen.append([sent.stream.read() for sent in flask.request.files.getlist("letters")])
        if len(seen) == 1:
            raise sa.exc.OperationalError("UPDATE", {}, psycopg.errors.DeadlockDetected())
        return seen[-1]

    sent = {"letters": [(io.BytesIO(b"one"), "a.pdf"), (io.BytesIO(b"two"), "b.pdf")]}
    with app.test_request_context("/", method="POST", data=sent):
        assert outages.persist(act) == [b"one", b"two"]
