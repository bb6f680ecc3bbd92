"""The commands as real processes: a backup while eight people write, a restore to an empty machine (threat C22)."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from operations.conftest import ROOT

from msme_calls import cli

pytestmark = pytest.mark.timeout(180)
# Eight people who write proposals with files, at once, until told to stop.
WRITERS = """
import io, sys, threading, uuid
sys.path.insert(0, {tests!r})
import world
from pypdf import PdfWriter
from msme_calls import clock, create_app, uploads
from msme_calls.calls.models import Call
from msme_calls.extensions import db
from msme_calls.proposals import actions
app, stop, done = create_app(), threading.Event(), []

def document():
    made, out = PdfWriter(), io.BytesIO()
    made.add_blank_page(200, 200)
    made.add_metadata({{"/Title": str(uuid.uuid4())}})
    made.write(out)
    out.seek(0)
    return out

def write():
    with app.app_context():
        who = world.person(email=f"{{uuid.uuid4()}}@example.org")
        db.session.commit()
        while not stop.is_set():
            file = uploads.take(document(), "a.pdf", kinds=("pdf",), max_bytes=10**6, max_pages=None)
            call = db.session.scalars(sa.select(Call)).one()
            made = world.draft(call, by=who)
            actions.attach(made, "document", file, by=who, at=clock.tick())
            actions.submit(made, "k", by=who, at=clock.tick())
            db.session.commit()  # nothing is read after it: that would begin a transaction, and hold the others up
            done.append(who)
            stop.wait(0.1)

import sqlalchemy as sa
with app.app_context():
    world.call("open")
    db.session.commit()
threads = [threading.Thread(target=write) for _ in range(8)]
for thread in threads:
    thread.start()
while len(done) < 8:
    stop.wait(0.05)
print(len(done), flush=True)
sys.stdin.read()
stop.set()
for thread in threads:
    thread.join()
print(len(done), flush=True)
"""


def environment(**settings: object) -> dict[str, str]:
    own = {f"MSME_{name.upper()}": str(value) for name, value in settings.items()}
    return {n: v for n, v in os.environ.items() if not n.startswith("MSME_")} | own | {"PYTHONPATH": str(ROOT)}


@pytest.fixture
def installation(database, tmp_path):
    return {"database_url": database, "data": tmp_path / "data"}


def new(kind: str, tmp_path: Path, databases) -> dict:
    folder = tmp_path / "machine"
    folder.mkdir()
    return {"database_url": f"sqlite:///{folder / 'x.sqlite3'}" if kind == "sqlite" else databases.empty_postgresql(),
            "data": folder / "data"}  # fmt: skip


@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)], indirect=True)
def test_a_backup_while_eight_people_write_is_whole_on_an_empty_machine(command, installation, databases, tmp_path):
    """Threat C22."""
    kind = installation["database_url"].partition(":")[0].partition("+")[0]
    folder = tmp_path / "backups"
    folder.mkdir()
    writers = subprocess.Popen(
        [sys.executable, "-c", WRITERS.format(tests=str(ROOT / "tests"))],
        env=environment(**installation), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with writers:
        begun = int(writers.stdout.readline())
        started = time.monotonic()
        code, out, err = command("backup", str(folder), **installation).end(timeout=100)
        took = time.monotonic() - started
        ended = int(writers.communicate("", timeout=60)[0])
    assert code == 0, err
    assert ended > begun, "they wrote all the while"
    (path,) = folder.iterdir()
    machine = new(kind, tmp_path, databases)
    code, out, err = command("restore", str(path), **machine).end(timeout=100)
    assert code == 0 and "The history holds." in out, err
    head = out.rsplit("Head: ", 1)[1].strip()
    assert len(head.split()[1]) == 64
    engine = sa.create_engine(machine["database_url"])
    with engine.connect() as connection:
        submitted = connection.scalar(sa.text("SELECT count(*) FROM proposals WHERE status = 'submitted'"))
        versions = connection.scalar(sa.text("SELECT count(*) FROM proposal_versions"))
        drafts = connection.scalar(sa.text("SELECT count(*) FROM proposals WHERE status = 'draft'"))
        acts = connection.scalar(sa.text("SELECT count(*) FROM history WHERE verb = 'submit'"))
    engine.dispose()
    assert begun <= submitted <= ended and submitted == versions == acts and drafts == 0
    assert took < 90, "on a busy machine, too"
    done = run("restore", str(path), **machine)
    assert done.exit_code == 1 and "This installation is not empty" in done.output
    done = run("storage", "check", **machine)
    assert done.exit_code == 0 and "Damaged: 0. Missing: 0." in done.output
    done = run("history", "verify", "--noted", head, **machine)
    assert done.exit_code == 0, done.output


def run(*arguments: str, **settings: object):
    """The command in this process, which is quicker."""
    names = {n: None for n in os.environ if n.startswith("MSME_")}
    own = {f"MSME_{name.upper()}": str(value) for name, value in settings.items()}
    return CliRunner().invoke(cli.main, arguments, env=names | own)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_faults_are_sentences(installation, tmp_path):
    for arguments, words in (
        (("restore", "nothing.tar"), "There is no file"),
        (("backup", "no/such/folder/x.tar"), "can’t be written"),
        (("backup", "x.tar", "--keep", "3"), "for a folder that exists"),
    ):
        done = run(*arguments, **installation)
        assert done.exit_code and words in done.output and isinstance(done.exception, SystemExit)
