"""Many at once: writers of one SQLite file, the last minutes before a deadline, and lines that only drip.

Threats D12, D13. Of the times it only matters here that they stay bounded on a busy machine; ./dev bench measures them.
"""

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import flask
import pytest
import sqlalchemy as sa
import world
from faults.conftest import Browser, Parts, Running, Site
from operations.conftest import free_port

from msme_calls import clock, history
from msme_calls.extensions import db
from msme_calls.proposals import actions
from msme_calls.proposals.models import SectionDraft

pytestmark = pytest.mark.timeout(180)


class Writer:
    """Somebody who writes one section of her proposal again and again."""

    def __init__(self, site: Site, app: flask.Flask, call: Any) -> None:
        proposal = actions.start(call, by=world.person(), at=clock.now())
        db.session.commit()
        self.id, self.browser, self.saved = proposal.id, Browser(site.port, app, proposal.owner), 0
        self.path = f"/en/proposals/{self.id}/sections/contact"

    def save(self) -> tuple[int, float]:
        """The answer’s status, and how long it took."""
        said: Parts = [("section-version", str(self.saved)), ("contact_name", f"Text {self.saved + 1}")]
        begun = time.monotonic()
        status, _, _ = self.browser.post(self.path, [*said, ("go-to", "check"), ("contact_email", "ana@example.org")])
        self.saved += status == 302
        return status, time.monotonic() - begun

    @property
    def kept(self) -> str:
        return db.session.scalars(sa.select(SectionDraft).filter_by(proposal_id=self.id)).one().answers["contact_name"]


def crowd(site: Site, app: flask.Flask, size: int) -> list[Writer]:
    call = world.call("open")
    db.session.commit()
    made = [Writer(site, app, call) for _ in range(size)]
    db.session.remove()
    return made


def late(times: list[float], share: float = 0.95) -> float:
    """The time that so large a share of them kept within."""
    return sorted(times)[min(len(times) - 1, int(len(times) * share))]


def save_all(writers: list[Writer], each: int, at_once: int = 64) -> list[float]:
    with ThreadPoolExecutor(at_once) as people:
        saved = [save for _ in range(each) for save in people.map(Writer.save, writers)]
    assert [status for status, _ in saved] == [302] * len(saved)
    return [seconds for _, seconds in saved]


@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)], indirect=True)
def test_sixty_four_who_save_at_once_all_find_it_kept(site: Site, app: flask.Flask) -> None:
    """Two web processes and a worker write into the same database."""
    writers = crowd(site, app, 64)
    running = [site.start("serve"), site.start("serve", port=free_port()), site.start("worker")]
    for writer in writers[::2]:
        writer.browser.port = running[1].port
    for process in running[:2]:
        process.ready()
    times = save_all(writers, each=1)
    assert [writer.kept for writer in writers] == ["Text 1"] * 64
    assert late(times, 0.99) < 10
    db.session.rollback()
    assert history.verify()[1] is None
    db.session.rollback()


@contextmanager
def dripping(running: Running, count: int) -> Iterator[list[socket.socket]]:
    """So many uploads of 100 kB at 250 bytes a second each, as long as the context lasts."""
    lines = [socket.create_connection(("127.0.0.1", running.port)) for _ in range(count)]
    head = "POST /en/proposals/x/sections/documents HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100000\r\n"
    for line in lines:
        line.sendall(f"{head}Content-Type: multipart/form-data; boundary=edge\r\n\r\n--edge\r\n".encode())
    over = threading.Event()

    def drip() -> None:
        while not over.wait(0.2):
            for line in lines:
                line.sendall(b"x" * 50)

    thread = threading.Thread(target=drip)
    thread.start()
    yield lines
    over.set()
    thread.join()
    for line in lines:
        line.close()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # as the product comes
def test_forty_lines_that_drip_slow_nobody_down(site: Site, app: flask.Flask) -> None:
    """In the server that the product brings: it gives a thread only to a request that is there as a whole."""
    writers = crowd(site, app, 4)
    running = site.start("run", threads=4)
    running.ready()
    save_all(writers, each=2, at_once=2)
    before = late(save_all(writers, each=6, at_once=2))
    with dripping(running, 40) as lines:
        time.sleep(1)  # what they have sent by then is in the server
        during = late(save_all(writers, each=6, at_once=2))
        assert running.get("/en/calls")[0] == 200
        for line in lines:
            line.setblocking(False)
            with pytest.raises(BlockingIOError):  # nobody was sent away
                line.recv(1)
            line.setblocking(True)
    assert during < max(5 * before, 1.0), (before, during)


@pytest.mark.slow
def test_the_last_minutes_before_a_deadline(site: Site, app: flask.Flask) -> None:
    """A hundred who save again and again, beside twenty who upload slowly."""
    writers = crowd(site, app, 100)
    running = site.start("run")
    running.ready()
    save_all(writers[:8], each=1)
    with dripping(running, 20):
        times = save_all([*writers[8:], *writers[:8]], each=4, at_once=24)
    assert {writer.kept for writer in writers} == {"Text 4", "Text 5"}
    assert late(times) < 5, late(times)
