"""Several machines: three web servers and two workers on one PostgreSQL with one Redis, some of which are killed
(threats C5, E1, E3, E7)."""

import contextlib
import http.client
import shutil
import signal
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import deciding
import flask
import pytest
import sqlalchemy as sa
import world
from applications import SECRET, build, close
from databases import Unavailable, cannot
from operations.conftest import MailServer, free_port
from operations.fleet import Fleet, fleet, real, until  # noqa: F401  fixtures
from operations.test_redis import Server
from proposals.test_once import token_of

from msme_calls import jobs
from msme_calls.extensions import db
from msme_calls.outbox import Email
from msme_calls.proposals.models import Proposal, ProposalVersion, Status

pytestmark = pytest.mark.timeout(180)
APPLICANTS = 12


@pytest.fixture
def running(
    fleet: Callable[..., Fleet], mail_server: MailServer, tmp_path: Path  # noqa: F811
) -> Iterator[tuple[Fleet, dict[str, int], flask.Flask]]:  # fmt: skip
    """The processes, the ports of the web servers by name, and an application of our own on the same database."""
    with contextlib.ExitStack() as ending:
        settings = {"secret_key": SECRET, "mail_server": "127.0.0.1", "mail_tls": "false", "threads": 4,
                    "mail_port": mail_server.port, "public_url": "http://localhost"}  # type: ignore[attr-defined]  # fmt: skip
        if shutil.which("redis-server"):
            redis = Server(tmp_path)
            ending.callback(redis.stop)
            settings["redis_url"] = redis.url
        try:
            made = fleet("postgresql", **settings)
        except Unavailable as missing:
            cannot(str(missing))
        ending.callback(made.end)
        ports = {name: free_port() for name in ("gunicorn one", "gunicorn two", "waitress")}
        for name, port in ports.items():
            start(made, name, port)
        for name in ("worker one", "worker two"):
            made.command(name, "worker")
        app = build(made.settings["database_url"], made.settings["data"], redis_url=settings.get("redis_url", ""))
        ending.callback(close, app)
        ending.callback(_let_go, app)
        with app.app_context():
            for name, port in ports.items():
                made.serves(name, port)
            yield made, ports, app
            db.session.rollback()


def _let_go(app: flask.Flask) -> None:
    """Close the queue of our own application."""
    if turn := app.extensions.get("turn"):
        storage = turn.huey.storage
        storage.pool.disconnect() if hasattr(storage, "pool") else storage.close()


def start(made: Fleet, name: str, port: int) -> None:
    if name.startswith("gunicorn"):
        made.gunicorn(name, port)
    else:
        made.command(name, "serve", port=port)


def ask(port: int, path: str, data: dict[str, str] | None = None, cookie: str = "") -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        headers = {"Host": "localhost", "Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST" if data else "GET", path, urlencode(data) if data else None, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_some_are_killed_and_nothing_is_lost_or_doubled(
    running: tuple[Fleet, dict[str, int], flask.Flask], mail_server: MailServer
) -> None:
    """Twelve people submit, each pressing until she is answered, at whichever server answers."""
    made, ports, app = running
    mail_server.slow = 0.15
    call = world.call("open")
    people = [world.person() for _ in range(APPLICANTS)]
    drafts = [world.draft(call, by=person) for person in people]
    db.session.commit()
    name = app.config["SESSION_COOKIE_NAME"]
    forms = []
    for person, draft in zip(people, drafts, strict=True):
        token, cookie = token_of(app, person, f"/en/proposals/{draft.id}/check")
        forms.append((f"/en/proposals/{draft.id}/submit", token, f"{name}={cookie}", str(uuid.uuid4())))
    ids, addresses = [draft.id for draft in drafts], {person.email for person in people}
    db.session.remove()
    answered: list[str] = []

    def press(n: int) -> None:
        path, token, cookie, key = forms[n]
        for turn in range(200):
            port = [*ports.values()][(n + turn) % 3]
            try:
                status, _ = ask(port, path, {"csrf_token": token, "key": key}, cookie)
            except (OSError, http.client.HTTPException):
                time.sleep(0.05)
                continue
            if status == 302:
                answered.append(path)
                return
            assert status == 503, status

    threads = [threading.Thread(target=press, args=(n,)) for n in range(APPLICANTS)]
    for thread in threads[: APPLICANTS // 2]:
        thread.start()
    until(lambda: answered, "nobody was answered")
    made.kill("gunicorn two")
    for thread in threads[APPLICANTS // 2 :]:
        thread.start()
    until(lambda: len(mail_server.tried) >= 2, "no mail was sent")
    made.kill("worker one")
    for thread in threads:
        thread.join(60)
    start(made, "gunicorn two", ports["gunicorn two"])
    made.serves("gunicorn two", ports["gunicorn two"])
    made.kill("waitress", signal.SIGTERM)
    assert sorted(answered) == sorted(form[0] for form in forms)
    versions = Counter(db.session.scalars(sa.select(ProposalVersion.proposal_id)))
    assert versions == dict.fromkeys(ids, 1)
    assert set(db.session.scalars(sa.select(Proposal.status))) == {Status.SUBMITTED}
    # What the killed worker had taken on waits for the end of its lease: as if that time had passed.
    lease = sa.update(Email).where(Email.sent_at.is_(None)).values(leased_until=None)
    until(lambda: _all_sent(app, lease), "mails wait still", 75)  # a wake-up may have died with the worker
    sent = Counter(message["Message-ID"] for _, message in mail_server.received)
    assert len(sent) == APPLICANTS and sum(sent.values()) <= APPLICANTS + 1
    assert {to for [to], _ in mail_server.received} == addresses


def _all_sent(app: flask.Flask, lease: Any) -> bool:
    db.session.rollback()
    waiting = db.session.scalar(sa.select(sa.func.count()).where(Email.sent_at.is_(None)))
    if waiting == 1:  # the one that it held
        db.session.execute(lease)
    db.session.commit()
    jobs.wake(app)
    return not waiting


@pytest.mark.slow
def test_every_server_shows_the_result_at_its_instant(running: tuple[Fleet, dict[str, int], flask.Flask]) -> None:
    """Threats E1, E3, E7: with no worker at all, and never before."""
    made, ports, _ = running
    for name in ("worker one", "worker two"):
        made.kill(name)
    instant = real().replace(microsecond=0) + timedelta(seconds=6)
    sealed, _ = deciding.sealed(4, result_at=instant)
    path = f"/en/calls/{sealed.call.slug}/result"
    db.session.commit()
    db.session.remove()
    seen: dict[str, list[tuple[datetime, bool, datetime]]] = {name: [] for name in ports}

    def watch(name: str) -> None:
        while real() < instant + timedelta(seconds=1):
            begun = real()
            status, page = ask(ports[name], path)
            assert status == 200
            seen[name].append((begun, b"Canary Name" in page, real()))
            time.sleep(0.03)

    threads = [threading.Thread(target=watch, args=(name,)) for name in ports]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name, answers in seen.items():
        assert {shown for _, shown, ended in answers if ended < instant} == {False}, name
        assert {shown for begun, shown, _ in answers if begun >= instant} == {True}, name
