"""The virus scanner: what is not known to be clean is its sender's alone, what is infected nobody's (threat B20)."""

import contextlib
import io
import socket
import struct
import threading
from datetime import timedelta

import pytest
import world
from files.hostile import pdf_of, writer
from pages import Page, words
from signing_in import browser_of

from msme_calls import clock, outbox, scanning, uploads
from msme_calls.calls.models import Role
from msme_calls.extensions import db
from msme_calls.outbox import Email
from msme_calls.proposals import actions
from msme_calls.uploads import Scan, StoredFile

OK, FOUND = b"stream: OK\0", b"stream: Eicar-Test FOUND\0"


class Clamd:
    """A scanner that says what a test wants; `seen` is what it was given."""

    def __init__(self, folder):
        self.path, self.seen, self.says = folder / "clamd", [], OK
        self.listening = socket.socket(socket.AF_UNIX)
        self.listening.bind(str(self.path))
        self.listening.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                line, _address = self.listening.accept()
                threading.Thread(target=self._talk, args=(line,), daemon=True).start()

    def _talk(self, line):
        with contextlib.suppress(OSError, struct.error), line, line.makefile("rb") as said:
            assert said.read(10) == b"zINSTREAM\0"
            content = b""
            while size := struct.unpack(">I", said.read(4))[0]:
                content += said.read(size)
            self.seen.append(content)
            if self.says is None:
                said.read()  # until the other end gives up
            else:
                line.sendall(self.says)


@pytest.fixture
def clamd(tmp_path_factory):
    made = Clamd(tmp_path_factory.mktemp("c"))
    yield made
    made.listening.close()


@pytest.fixture
def app(make_app, clamd):
    made = make_app(clamd=f"unix:{clamd.path}")
    with made.app_context():
        yield made
        db.session.rollback()


def draft(of):
    """With a file that nobody has looked at."""
    made = world.draft(of)
    checked = uploads.take(io.BytesIO(pdf_of(writer())), "example.pdf", kinds=("pdf",), max_bytes=10**6, max_pages=None)
    actions.attach(made, "document", checked, by=made.owner, at=clock.now())
    return made


@pytest.fixture
def call(app):
    made = world.call("open", deadline_at=clock.now() + timedelta(days=5))
    db.session.commit()
    return made


@pytest.fixture
def proposal(call):
    made = draft(call)
    actions.submit(made, "k", by=made.owner, at=clock.now())
    db.session.commit()
    return made


@pytest.fixture
def her(app, proposal):
    return browser_of(app, proposal.owner)


@pytest.fixture
def desk(app, call, proposal):
    """A coordinator's browser, and the address of the file at the desk."""
    who = world.member(call, Role.COORDINATOR)
    db.session.commit()
    file = proposal.attachments[0]
    return browser_of(app, who), f"/en/desk/{call.slug}/proposals/{proposal.id}/files/{file.id}"


def state(proposal):
    db.session.expire_all()
    return proposal.attachments[0].stored.scan


def own(proposal):
    return f"/en/proposals/{proposal.id}/files/{proposal.attachments[0].id}"


def section(proposal):
    return f"/en/proposals/{proposal.id}/sections/documents"


def status(browser, url):
    with browser.get(url) as answer:
        return answer.status_code


def test_until_it_is_looked_at_a_file_is_its_sender_s_alone_and_counts_all_the_same(proposal, her, desk):
    them, url = desk
    assert proposal.submitted_version == 1
    assert "Being checked" in her.page(section(proposal)).text
    assert status(her, own(proposal)) == 200
    refusal = them.page(url, status=403)
    assert "still being checked for viruses" in refusal.text


def test_a_clean_file_is_given(proposal, her, desk, clamd):
    them, url = desk
    content = world.content(proposal.attachments[0].sha256)
    assert scanning.scan_files(clock.now()) == 1
    assert clamd.seen == [content] and state(proposal) is Scan.CLEAN
    assert status(them, url) == 200 and status(her, own(proposal)) == 200
    assert "Received" in her.page(section(proposal)).text
    assert scanning.scan_files(clock.now()) == 0, "once is enough"


def test_an_infected_file_is_nobody_s_and_its_sender_is_told_what_to_do(proposal, her, desk, clamd):
    them, url = desk
    clamd.says = FOUND
    assert scanning.scan_files(clock.now()) == 1
    assert state(proposal) is Scan.INFECTED
    assert status(them, url) == 403 and status(her, own(proposal)) == 403
    page = her.page(section(proposal))
    assert "A virus was found in “example.pdf”" in words(page.one("p[@id='q-document-error']"))
    mail = outbox.render(db.session.scalars(db.select(Email).filter_by(name="file_refused")).one())
    assert "example.pdf" in mail.subject and "stays valid, but without this file" in mail.body
    assert section(proposal) in mail.body
    assert proposal.submitted_version == 1, "what was submitted stays submitted"


def test_the_same_file_is_not_taken_again(proposal, her, clamd):
    clamd.says, content = FOUND, world.content(proposal.attachments[0].sha256)
    scanning.scan_files(clock.now())
    form = her.page(section(proposal)).form(button="Save and continue")
    answer = Page(her.submit(form, document=(io.BytesIO(content), "again.pdf")))
    assert answer.status == 422 and "holds a virus" in answer.text
    other = pdf_of(writer(2))
    assert her.submit(her.page(section(proposal)).form(button="Save and continue"),
                      document=(io.BytesIO(other), "other.pdf")).status_code == 302  # fmt: skip
    assert "virus" not in her.page(section(proposal)).text


def test_after_the_deadline_she_is_told_to_write_to_the_coordinators(proposal, clamd, at):
    clamd.says = FOUND
    at(proposal.call.deadline_at + timedelta(hours=1))
    scanning.scan_files(clock.now())
    mail = outbox.render(db.session.scalars(db.select(Email).filter_by(name="file_refused")).one())
    assert proposal.call.contact in mail.body and "send it again" not in mail.body
    assert proposal.attachments[0].removed_at is None


@pytest.mark.parametrize("says", [b"", b"garbage", b"INSTREAM size limit exceeded. ERROR\0", b"x" * 5000, b"OK\0"])
def test_a_scanner_that_says_something_else_leaves_the_file_pending(proposal, clamd, says):
    clamd.says = says
    assert scanning.scan_files(clock.now()) == 0
    assert state(proposal) is Scan.PENDING


def test_a_scanner_that_is_slow_or_gone_is_asked_again_later_and_later(proposal, clamd, monkeypatch):
    monkeypatch.setattr(scanning, "PATIENCE", 0.2)
    clamd.says, begun, tries = None, clock.now(), []
    for minute in range(0, 40):
        clamd.seen.clear()
        scanning.scan_files(begun + timedelta(minutes=minute))
        tries += [minute] * len(clamd.seen)
        if minute == 3:
            assert state(proposal) is Scan.PENDING
            clamd.path.rename(clamd.path.with_name("gone"))
        if minute == 20:
            clamd.path.with_name("gone").rename(clamd.path)
            clamd.says = OK
    assert tries[:3] == [0, 1, 3] and state(proposal) is Scan.CLEAN
    assert tries[3] <= 35


def test_a_scanner_set_later_looks_at_what_is_there(make_app, clamd):
    without = make_app()
    with without.app_context():
        made = draft(world.call("open"))
        db.session.commit()
        row = db.session.scalars(db.select(StoredFile)).one()
        assert row.scan is Scan.PENDING and uploads.no_download(row, own=False) is None
        assert row.word == ("Received", "good") and scanning.scan_files(clock.now()) == 0
        number = made.id
    with make_app(clamd=f"unix:{clamd.path}").app_context():
        row = db.session.scalars(db.select(StoredFile)).one()
        assert number and uploads.no_download(row, own=False)
        assert scanning.scan_files(clock.now()) == 1


def test_by_tcp_as_well(proposal):
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer():
            line = listening.accept()[0]
            with line:
                line.recv(1 << 20)
                line.sendall(FOUND)

        threading.Thread(target=answer, daemon=True).start()
        where = f"tcp:127.0.0.1:{listening.getsockname()[1]}"
        assert scanning.virus_in(io.BytesIO(b"x"), where) == "Eicar-Test"


def test_one_person_can_not_fill_the_disk(make_app, clamd):
    """A quota for each person; what was removed counts until it is forgotten a day later."""
    from msme_calls.proposals import files, queries, rules

    app = make_app(quota_mb=1)
    with app.app_context():
        made = draft(world.call("open"))
        db.session.commit()
        made.attachments[0].size = 1_000_000
        db.session.commit()
        her = browser_of(app, made.owner)
        url = section(made)
        send = {"document": (io.BytesIO(pdf_of(writer(2))), "more.pdf")}
        answer = Page(her.submit(her.page(url).form(button="Save and continue"), **send))
        assert answer.status == 422 and "take more than 1 MB" in answer.text
        actions.detach(made.attachments[0], by=made.owner, at=clock.now())
        db.session.commit()
        assert queries.kept_of(made.owner) == (1, 1_000_000)
        assert files.forget_removed.__wrapped__(clock.now() + timedelta(hours=23)) == 0
        assert files.forget_removed.__wrapped__(clock.now() + timedelta(hours=25)) == 1
        assert queries.kept_of(made.owner) == (0, 0)
        assert rules.no_room(300, 0, 500) and rules.no_room(299, 0, 500) is None


def test_what_a_submitted_version_holds_is_never_forgotten(proposal):
    from msme_calls.proposals import files

    actions.detach(proposal.attachments[0], by=proposal.owner, at=clock.now())
    db.session.commit()
    assert files.forget_removed.__wrapped__(clock.now() + timedelta(days=400)) == 0


@pytest.mark.parametrize("seconds", [-2, 2])
def test_what_two_windows_sent_at_once_is_held_in_whichever_order_it_was_done(call, seconds):
    """A submission that came before the file, or after its removal, and was done between the two."""
    from msme_calls.proposals import files

    made, at = draft(call), clock.now()
    file, off = made.attachments[0], timedelta(seconds=seconds)
    version = actions.submit(made, "key", by=made.owner, at=at)
    assert [f["id"] for f in version.files] == [str(file.id)]
    if seconds < 0:
        version.submitted_at, made.submitted_at = file.added_at + off, file.added_at + off
    actions.detach(file, by=made.owner, at=at)
    file.removed_at = at if seconds < 0 else version.submitted_at - off
    db.session.commit()
    assert getattr(files.forget_removed, "__wrapped__", files.forget_removed)(at + timedelta(days=400)) == 0


def test_drafts_of_one_person_in_a_call_are_limited(app, call):
    from msme_calls.errors import Refused

    who = world.person()
    for _ in range(10):
        actions.start(call, by=who, at=clock.now())
    db.session.commit()
    with pytest.raises(Refused, match="You have 10 drafts"):
        actions.start(call, by=who, at=clock.now())
    page = browser_of(app, who).page(f"/en/calls/{call.slug}/start")
    assert "You have 10 drafts for this call" in page.text
