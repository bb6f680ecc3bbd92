"""Sections that save themselves, before real servers: killed with -9, on a full disk, with two people writing at once.

What was acknowledged is there, wholly, whenever the server was killed; and nobody is told of a clash with herself
because an answer was lost. Threats C7, D7, D10.
"""

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from time import monotonic, sleep
from typing import Any
from urllib.parse import urlencode

import flask
import pytest
import world
from faults.conftest import Browser, Site
from faults.test_crash import rest
from faults.test_disk import Case, Volume

from msme_calls import clock, history
from msme_calls.extensions import db
from msme_calls.proposals import actions
from msme_calls.proposals.models import Proposal

pytestmark = pytest.mark.timeout(300)
Answer = tuple[int, dict[str, Any], str]


def put(browser: Browser, path: str, version: int, **answers: str) -> Answer:
    """One autosave: status, data and how long to wait. Raises OSError if no whole answer comes."""
    connection = http.client.HTTPConnection("127.0.0.1", browser.port, timeout=30)
    headers = {"Cookie": browser.cookie, "If-Match": f'"{version}"', "Accept": "application/json"}
    headers |= {"Content-Type": "application/x-www-form-urlencoded"}
    try:
        connection.request("PUT", path, urlencode({"csrf_token": browser.token, **answers}), headers)
        answer = connection.getresponse()
        said, wait = answer.read(), answer.headers.get("Retry-After", "")
        return answer.status, json.loads(said) if answer.status in (200, 412) else {}, wait
    except http.client.HTTPException as error:
        raise ConnectionResetError from error
    finally:
        connection.close()


@dataclass
class Writer:
    """Somebody who writes on and on; what was never answered is sent again as it was."""

    browser: Browser
    path: str
    id: Any
    acknowledged: int = 0
    version: int = 0
    stop: threading.Event = field(default_factory=threading.Event)

    def write(self) -> None:
        while not self.stop.is_set():
            n = self.acknowledged + 1
            with suppress(OSError):
                status, said, _ = put(
                    self.browser, self.path, self.version, title=f"Text {n}", project=f"Text {n} " * 500
                )
                assert status in (200, 503), (status, said)
                if status == 200:
                    self.acknowledged, self.version = n, said["version"]
            sleep(0.005)

    def kept(self) -> int:
        """The number of the text that is there, wholly; 0 if none is."""
        db.session.expire_all()
        found: dict[str, str] = {}
        for part in db.session.get_one(Proposal, self.id).drafts:
            found |= part.answers
        n = int(found.get("title", "Text 0").removeprefix("Text "))
        assert found.get("project", "") == (f"Text {n} " * 500).strip() * bool(n)
        return n


def kill_while_they_write(site: Site, app: flask.Flask, database: str, chance: Random, times: int) -> None:
    call = world.call("open")
    made = [actions.start(call, by=world.person(), at=clock.now()) for _ in range(3)]
    db.session.commit()
    writers = [Writer(Browser(site.port, app, p.owner), f"/en/proposals/{p.id}/sections/project", p.id) for p in made]
    db.session.rollback()
    running = site.start("run")
    running.ready()
    threads = [threading.Thread(target=writer.write) for writer in writers]
    for thread in threads:
        thread.start()
    try:
        for _ in range(times):
            before = sum(writer.acknowledged for writer in writers)
            end = monotonic() + 60
            while sum(writer.acknowledged for writer in writers) == before and monotonic() < end:
                sleep(0.01)  # they write again
            sleep(chance.uniform(0, 0.2))
            running.kill()
            told = [writer.acknowledged for writer in writers]
            rest(database)
            kept = [writer.kept() for writer in writers]
            db.session.rollback()
            assert all(t <= k <= t + 1 for t, k in zip(told, kept, strict=True)), (told, kept)
            running = site.start("run")
            running.ready()
    finally:
        for writer in writers:
            writer.stop.set()
        for thread in threads:
            thread.join(60)
    assert [writer.kept() for writer in writers] == [writer.acknowledged for writer in writers]
    assert all(writer.acknowledged > times / 2 for writer in writers)
    assert history.verify()[1] is None
    db.session.rollback()


def test_killed_a_few_times_while_people_write(site: Site, app: flask.Flask, database: str, chance: Random) -> None:
    kill_while_they_write(site, app, database, chance, 3)


@pytest.mark.slow
def test_killed_fifty_times_while_people_write(site: Site, app: flask.Flask, database: str, chance: Random) -> None:
    kill_while_they_write(site, app, database, chance, 50)


@contextmanager
def on_a_small_disk(tmp_path: Path, site: Site, app: flask.Flask) -> Iterator[Case]:
    volume = Volume(tmp_path / "volume")
    try:
        yield Case(site, app, volume)
        site.close()  # before its disk goes
    finally:
        volume.close()


def test_on_a_full_disk_nothing_is_acknowledged_and_it_says_when_to_ask_again(
    tmp_path: Path, site: Site, app: flask.Flask
) -> None:
    """The browser keeps the text meanwhile, and asks again by itself (test_autosave_browser.py)."""
    with on_a_small_disk(tmp_path, site, app) as case:
        path = f"{case.path}/project"
        status, said, _ = put(case.browser, path, 0, project="Before")
        assert (status, said["version"]) == (200, 1)
        with case.volume.full(case.running):
            status, said, wait = put(case.browser, path, 1, project="What I wrote for an hour. " * 20_000)
            if case.is_sqlite:  # else the database has a disk of its own
                assert (status, said, int(wait) > 0) == (503, {}, True)
        version = 1 if case.is_sqlite else 2
        status, said, _ = put(case.browser, path, version, project="After")
        assert (status, said["version"]) == (200, version + 1)


def test_two_co_applicants_who_write_at_once_lose_nothing(site: Site, app: flask.Flask) -> None:
    """Each adds her words to what is there, and merges when she is told of the other's: all words of both are there."""
    proposal = actions.start(world.call("open"), by=world.person(), at=clock.now())
    db.session.commit()
    path, id = f"/en/proposals/{proposal.id}/sections/project", proposal.id
    browsers = [Browser(site.port, app, proposal.owner) for _ in range(2)]
    db.session.rollback()
    site.start("run").ready()
    clashes: list[str] = []

    def write(who: int) -> None:
        version, there = 0, ""
        for n in range(15):
            mine = f"{who}:{n}"
            while True:
                status, said, _ = put(browsers[who], path, version, project=f"{there} {mine}".strip())
                version = said["version"]
                if status == 200:
                    there = f"{there} {mine}"
                    break
                clashes.append(mine)
                there = said["differ"]["project"]["theirs"]

    threads = [threading.Thread(target=write, args=(who,)) for who in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    words = next(part.answers["project"] for part in db.session.get_one(Proposal, id).drafts).split()
    db.session.rollback()
    assert sorted(words) == sorted(f"{who}:{n}" for who in range(2) for n in range(15))
    assert clashes
