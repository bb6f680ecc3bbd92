"""Uploads in chunks before real servers, by a client that isn't ours (tuspy): killed with -9, on a full disk, at once.

What the server says has come is there after it was killed, nothing is sent twice but what was on its way, and the file
is attached once, as it was. Threats C2, C7.
"""

import contextlib
import hashlib
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from random import Random
from time import monotonic, sleep
from typing import Any

import flask
import pytest
import requests
import sqlalchemy as sa
import world
from faults.conftest import Browser, Site, pdf, wait_for
from faults.test_disk import Volume
from operations.conftest import free_port
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError, TusUploadFailed
from tusclient.uploader import Uploader

from msme_calls import clock
from msme_calls.backups import stock
from msme_calls.extensions import db
from msme_calls.proposals import actions
from msme_calls.proposals.incoming import IncomingChunk, IncomingUpload
from msme_calls.proposals.models import Attachment

pytestmark = pytest.mark.timeout(300)
CHUNK = 1 << 14


class Sender:
    """An applicant who sends a file with tuspy, and begins again where she was told that it got to."""

    def __init__(self, site: Site, app: flask.Flask) -> None:
        made = actions.start(world.call("open"), by=world.person(), at=clock.now())
        db.session.commit()
        self.id, self.content, self.patched, self.said = made.id, pdf(), 0, 0
        browser = Browser(site.port, app, made.owner)
        self.browser, self.base = browser, f"http://127.0.0.1:{site.port}/en/proposals/{self.id}/uploads"
        self.headers = {"Cookie": browser.cookie, "X-CSRFToken": browser.token}
        self.client = TusClient(self.base, headers=self.headers)
        self.uploader: Uploader | None = None
        db.session.remove()

    def begin(self) -> Uploader:
        about = {"filename": "plan.pdf", "question": "document"}
        made = self.client.uploader(
            file_stream=BytesIO(self.content), chunk_size=CHUNK, metadata=about, upload_checksum=True
        )
        if not made.url:
            made.set_url(made.create_url())
        return made

    def send(self) -> None:
        """Until all has come, whatever breaks."""
        end = monotonic() + 120
        while self.said < len(self.content):
            assert monotonic() < end, "it never came"
            with contextlib.suppress(TusUploadFailed, TusCommunicationError, OSError):
                self._go_on()
            sleep(0.01)

    def _go_on(self) -> None:
        self.uploader = self.uploader or self.begin()
        told = self.uploader.get_offset()
        assert told >= self.said, "what was acknowledged is gone"
        self.said = self.uploader.offset = told
        while self.said < len(self.content):
            self.patched += min(CHUNK, len(self.content) - self.said)
            self.uploader.upload_chunk()
            self.said = self.uploader.offset

    def outcome(self) -> str:
        """What became of it, as the server tells whoever missed the last answer; she asks until it is known."""
        assert self.uploader and self.uploader.url

        def known() -> str:
            with contextlib.suppress(OSError):
                more = {"Upload-Offset": str(len(self.content)), "Content-Type": "application/offset+octet-stream"}
                headers = self.headers | {"Tus-Resumable": "1.0.0", **more}
                answer = requests.patch(self.uploader.url, headers=headers, timeout=30)
                return answer.headers["Upload-Outcome"] if answer.status_code in (204, 422) else ""
            return ""

        found: list[str] = []
        wait_for(lambda: found.append(known()) or found[-1], 60)
        return found[-1]

    def attached(self) -> list[bytes]:
        db.session.rollback()
        rows = db.session.scalars(sa.select(Attachment).filter_by(proposal_id=self.id, removed_at=None)).all()
        found = [world.content(a.sha256) for a in rows]
        db.session.rollback()
        return found


def left() -> tuple[int, int]:
    """Uploads that have not ended, and chunks."""
    db.session.rollback()
    still = sa.select(sa.func.count()).select_from(IncomingUpload).where(IncomingUpload.ended_at.is_(None))
    found = (
        db.session.scalar(still) or 0,
        db.session.scalar(sa.select(sa.func.count()).select_from(IncomingChunk)) or 0,
    )
    db.session.rollback()
    return found


def test_an_independent_client_sends_a_file(site: Site, app: flask.Flask) -> None:
    sender = Sender(site, app)
    site.start("serve").ready()
    options = requests.options(sender.base, headers=sender.headers, timeout=20)
    assert (options.status_code, options.headers["Tus-Version"]) == (204, "1.0.0")
    sender.send()
    assert (sender.patched, sender.outcome()) == (len(sender.content), "attached")
    assert sender.attached() == [sender.content]
    assert left() == (0, 0)


def kill_while_it_is_sent(site: Site, app: flask.Flask, chance: Random, times: int) -> None:
    senders = [Sender(site, app) for _ in range(2)]
    running = site.start("serve")
    running.ready()
    with ThreadPoolExecutor(len(senders)) as people:
        sent = [people.submit(sender.send) for sender in senders]
        for _ in range(times):
            sleep(chance.uniform(0, 0.3))
            running.kill()
            assert_whole()
            running = site.start("serve")
        for each in sent:
            each.result(150)
    for sender in senders:
        assert sender.outcome() == "attached"
        assert [hashlib.sha256(c).digest() for c in sender.attached()] == [hashlib.sha256(sender.content).digest()]
        assert sender.patched <= len(sender.content) + (times + 1) * CHUNK  # at most one chunk anew for each kill
    assert left()[1] == 0


def assert_whole() -> None:
    """What rows say has come is there, byte for byte counted, however the process ended."""
    db.session.rollback()
    there = sa.select(IncomingUpload.received, sa.func.coalesce(sa.func.sum(sa.func.length(IncomingChunk.content)), 0))
    there = there.outerjoin(IncomingChunk, IncomingChunk.upload_id == IncomingUpload.id)
    there = there.where(IncomingUpload.ended_at.is_(None)).group_by(IncomingUpload.id, IncomingUpload.received)
    counted: list[Any] = list(db.session.execute(there))
    db.session.rollback()
    assert all(received == found for received, found in counted), counted


def test_a_few_kills_while_a_file_is_sent(site: Site, app: flask.Flask, chance: Random) -> None:
    kill_while_it_is_sent(site, app, chance, times=3)


@pytest.mark.slow
def test_fifty_kills_while_files_are_sent(site: Site, app: flask.Flask, chance: Random) -> None:
    for _ in range(5):
        kill_while_it_is_sent(site, app, chance, times=10)
        site.started[-1].kill()


def test_what_came_whole_when_the_server_was_killed_is_attached_by_the_worker(site: Site, app: flask.Flask) -> None:
    """She sees the last chunk go, switches off her phone, and the server falls before it has looked at the file."""
    sender = Sender(site, app)
    die = "import os, signal\nfrom msme_calls.proposals import incoming\n"
    die += "incoming.check = lambda *given: os.kill(os.getpid(), signal.SIGKILL)"
    running = site.start("serve", code=die)
    running.ready()
    with contextlib.suppress(TusUploadFailed, TusCommunicationError):
        sender._go_on()
    running.end(0)
    assert (sender.attached(), left()[0]) == ([], 1)
    later = clock.now() + 2 * (world.DAY / 24 / 60)
    site.start("worker", now=later.isoformat())
    wait_for(lambda: sender.attached() == [sender.content])
    assert left() == (0, 0)


def test_of_two_writers_of_one_upload_each_byte_is_kept_once(site: Site, app: flask.Flask) -> None:
    sender = Sender(site, app)
    site.start("serve").ready()
    url = sender.begin().url
    said = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}
    codes: set[int] = set()

    def write() -> None:
        offset = 0
        while offset < len(sender.content):
            body = sender.content[offset : offset + CHUNK]
            headers = sender.headers | said | {"Upload-Offset": str(offset)}
            answer = requests.patch(url, body, headers=headers, timeout=30)
            codes.add(answer.status_code)
            offset = int(answer.headers.get("Upload-Offset", offset))

    with ThreadPoolExecutor(3) as windows:
        for each in [windows.submit(write) for _ in range(3)]:
            each.result(60)
    assert codes <= {204, 409, 423}
    sender.uploader, sender.said = sender.client.uploader(file_stream=BytesIO(sender.content), url=url), 0
    assert sender.outcome() == "attached"
    assert sender.attached() == [sender.content]


def test_chunks_go_to_whichever_server_is_asked(site: Site, app: flask.Flask) -> None:
    """Two of one installation, as on two machines: each goes on where the other was."""
    sender, other = Sender(site, app), free_port()
    for running in (site.start("serve"), site.start("serve", port=other)):
        running.ready()
    uploader = sender.uploader = sender.begin()
    urls = [uploader.url, uploader.url.replace(f":{site.port}/", f":{other}/")]
    while uploader.offset < len(sender.content):
        urls.reverse()
        uploader.url = urls[0]
        uploader.upload_chunk()
    assert (sender.outcome(), sender.attached()) == ("attached", [sender.content])


@pytest.fixture
def volume(tmp_path: Path) -> Iterator[Volume]:
    made = Volume(tmp_path / "volume")
    yield made
    made.close()


def test_on_a_full_disk_nothing_is_acknowledged_and_it_goes_on_when_there_is_room(
    site: Site, app: flask.Flask, volume: Volume, database: str
) -> None:
    sender = Sender(site, app)
    site.settings["data"] = volume.path
    if database.startswith("sqlite"):
        db.engine.dispose()
        shutil.copy(db.engine.url.database or "", volume.path)
        site.settings["database_url"] = f"sqlite:///{volume.path}/msme-calls.sqlite3"
    running = site.start("serve")
    running.ready()
    uploader = sender.uploader = sender.begin()
    uploader.upload_chunk()
    with volume.full(running):
        with pytest.raises(TusUploadFailed) as told:
            for _ in range(20):  # a last byte may find room
                uploader.upload_chunk()
        assert told.value.status_code == 503
        status = requests.head(uploader.url, headers=sender.headers | {"Tus-Resumable": "1.0.0"}, timeout=20)
        assert (status.status_code, status.headers["Upload-Offset"]) == (
            200,
            str(max(uploader.offset, uploader.get_offset())),
        )
    sender.said = uploader.get_offset()
    sender.send()
    assert sender.outcome() == "attached"
    folder = volume.path / "files"
    assert hashlib.sha256(sender.content).hexdigest() in {path.name for path in folder.glob("*/*")}
    site.close()


def test_stock_knows_of_no_leftovers(site: Site, app: flask.Flask) -> None:
    """Chunks are rows: an upload that was left alone leaves nothing in the store or in its folders."""
    sender = Sender(site, app)
    site.start("serve").ready()
    sender.begin().upload_chunk()
    later = clock.now() + 3 * world.DAY
    found = stock.take(later)
    assert (found.unnamed, found.leftovers) == ([], [])
