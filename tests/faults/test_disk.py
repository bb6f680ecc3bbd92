"""The disk is full, read-only or gone: people are told so in a sentence, keep what they typed, and lose nothing.

Threats C7, C8.
"""

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import flask
import pytest
import sqlalchemy as sa
import world
from faults.conftest import Browser, Parts, Running, Site, pdf

from msme_calls import clock
from msme_calls.extensions import db
from msme_calls.proposals import actions as proposing

pytestmark = pytest.mark.timeout(120)
TEXT = "What I wrote for an hour, and would not write again. " * 600


class Volume:
    """A disk of a few megabytes: of its own where we may mount one, else a limit on how long files may grow."""

    def __init__(self, path: Path) -> None:
        self.path, self.mounted = path, False
        path.mkdir()
        if os.geteuid() == 0 and sys.platform == "linux":
            mount = ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(path)]
            self.mounted = subprocess.run(mount, capture_output=True).returncode == 0

    @contextmanager
    def full(self, running: Running) -> Iterator[None]:
        ballast = self.path / "ballast"
        if not self.mounted:
            resource.prlimit(running.pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
            yield
            resource.prlimit(running.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
            return
        with ballast.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 4096)
            except OSError:
                pass
        yield
        ballast.unlink()

    def close(self) -> None:
        if self.mounted:
            subprocess.run(["umount", "-l", str(self.path)], check=True)


class Case:
    """A site on that disk, and an applicant with a proposal that she writes."""

    def __init__(self, site: Site, app: flask.Flask, volume: Volume) -> None:
        self.site, self.app, self.volume = site, app, volume
        proposal = proposing.start(world.call("open"), by=world.person(), at=clock.now())
        db.session.commit()
        self.path, self.id = f"/fr/proposals/{proposal.id}/sections", proposal.id
        self.browser = Browser(site.port, app, proposal.owner)
        db.session.remove()
        site.settings["data"] = volume.path
        self.address, self.version = site.settings["database_url"], 0
        if self.is_sqlite:
            db.engine.dispose()
            shutil.copy(db.engine.url.database or "", volume.path)
            self.address = site.settings["database_url"] = f"sqlite:///{volume.path}/msme-calls.sqlite3"
        self.running = site.start("serve")
        self.running.ready()

    @property
    def is_sqlite(self) -> bool:
        return self.address.startswith("sqlite")

    def write(self, text: str = TEXT) -> tuple[int, str]:
        parts: Parts = [("go-to", "check"), ("section-version", str(self.version)), ("project", text)]
        status, page, _ = self.browser.post(f"{self.path}/project", parts)
        self.version += status == 302
        return status, page

    def upload(self, content: bytes) -> tuple[int, str]:
        parts: Parts = [("go-to", "check"), ("document", ("plan.pdf", content))]
        return self.browser.post(f"{self.path}/documents", parts)[:2]

    def look(self, statement: str) -> Any:
        engine = sa.create_engine(self.address)
        with engine.connect() as connection:
            found = connection.execute(sa.text(statement), {"id": self.id.hex if self.is_sqlite else self.id}).scalar()
        engine.dispose()
        return found

    def files(self) -> int:
        return self.look("SELECT count(*) FROM attachments WHERE proposal_id = :id")

    def ready(self) -> int:
        return self.running.get("/readyz")[0]


@pytest.fixture
def volume(tmp_path: Path) -> Iterator[Volume]:
    made = Volume(tmp_path / "volume")
    yield made
    made.close()


@pytest.fixture
def case(volume: Volume, site: Site, app: flask.Flask) -> Iterator[Case]:
    yield Case(site, app, volume)
    site.close()  # before its disk goes


def told(status: int, page: str) -> str:
    """A page in the reader’s language that says that nothing was saved, and gives back what was typed."""
    assert status == 503 and '<html lang="fr">' in page, page
    assert "Traceback" not in page and "Error" not in page
    assert 'name="go-to" value="check"' in page
    return page


def test_a_full_disk_is_told_loses_nothing_and_passes_without_a_new_start(case: Case) -> None:
    plan = pdf()
    assert (case.write("Before")[0], case.upload(pdf())[0]) == (302, 302)
    with case.volume.full(case.running):
        status, page = case.write()
        if case.is_sqlite:
            assert TEXT in told(status, page)
        else:  # the database has a disk of its own
            assert status == 302
        status, page = case.upload(plan)
        told(status, page)
        assert case.ready() in (200, 503)  # a last byte may find room
        assert case.running.get("/en/calls")[0] == 200
    assert case.files() == 1
    assert (case.write()[0], case.upload(plan)[0]) == (302, 302)
    assert case.ready() == 200
    assert case.files() == 2
    if case.is_sqlite:
        assert case.look("PRAGMA integrity_check") == "ok"


def test_where_bodies_are_received_there_is_no_room(case: Case) -> None:
    """The system’s folder for temporary files: what is sent ends there, nothing is acknowledged, and others go on."""
    case.running.end()
    folder = case.volume.path / "temporary"
    folder.mkdir()
    case.running = case.site.start("serve", code=f"import tempfile\ntempfile.tempdir = {str(folder)!r}")
    case.running.ready()
    content = pdf() + b" " * 800_000
    with case.volume.full(case.running):
        with suppress(ConnectionError):  # or our page
            assert case.upload(content)[0] == 503
        assert case.running.get("/healthz")[0] == 200
    assert case.files() == 0
    assert (case.upload(content)[0], case.files()) == (302, 1)


def test_a_log_that_finds_no_room_costs_no_page(site: Site) -> None:
    running = site.start("serve", errors="/dev/full")
    running.ready()
    assert running.get("/en/calls")[0] == 200
    assert running.get("/en/absent")[0] == 404


@pytest.mark.parametrize("place", [pytest.param("nothing", marks=pytest.mark.slow), "an empty folder"])
def test_a_folder_that_is_gone_is_told_and_is_not_replaced(case: Case, tmp_path: Path, place: str) -> None:
    """As when a volume is unmounted: whoever went on would write into nothing."""
    data, gone = case.volume.path / "here", case.volume.path / "gone"
    case.running.end()
    data.mkdir()
    for file in [*case.volume.path.glob("msme-calls*"), case.volume.path / "files"]:
        file.rename(data / file.name)
    if case.is_sqlite:
        case.address = case.site.settings["database_url"] = f"sqlite:///{data}/msme-calls.sqlite3"
    case.site.settings["data"] = data
    case.running = case.site.start("serve")
    case.running.ready()
    assert (case.write("Before")[0], case.upload(pdf())[0]) == (302, 302)
    data.rename(gone)
    if place == "an empty folder":
        data.mkdir()
    plan = pdf()
    assert case.ready() == 503
    told(*case.upload(plan))
    if case.is_sqlite:
        assert TEXT in told(*case.write())
        assert case.running.get("/en/calls")[0] == 503
    left = [file.name for file in data.iterdir()] if data.exists() else []
    if data.exists():
        data.rename(case.volume.path / "left")
    gone.rename(data)
    assert left == []
    assert case.ready() == 200
    assert (case.write()[0], case.upload(plan)[0], case.files()) == (302, 302, 2)


def test_a_folder_that_only_reads_is_told(case: Case) -> None:
    case.running.end()
    path = str(case.volume.path)
    if not case.volume.mounted:
        pytest.skip("needs a disk of its own, which only the system’s administrator may mount")
    subprocess.run(["mount", "-o", "remount,ro", path], check=True)
    try:
        running = case.site.start("serve")
        if case.is_sqlite:
            assert running.end(0) == 2
            assert running.said.startswith("Error: ") and running.said.count("\n") == 1
            return
        running.ready()
        assert running.get("/readyz")[0] == 503
        told(*case.upload(pdf()))
        assert case.write()[0] == 302  # words are in the database, which is elsewhere
    finally:
        subprocess.run(["mount", "-o", "remount,rw", path], check=True)
    assert running.get("/readyz")[0] == 200
    assert case.upload(pdf())[0] == 302
