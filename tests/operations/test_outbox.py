"""Mails leave once, to one person each, whatever the mail server does; none is lost."""

import contextlib
import smtplib
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import flask
import pytest
import sqlalchemy as sa
from operations.conftest import MailServer, Reader, answering, free_port, serving

from msme_calls import outbox
from msme_calls.extensions import db
from msme_calls.outbox import Email

NOW = datetime(2027, 2, 24, 16, 52, 8, tzinfo=UTC)
AWAY = timedelta(minutes=1.2, seconds=1)  # after the longest first wait


@pytest.fixture
def posting(
    make_app: Callable[..., flask.Flask], letter: Callable[[flask.Flask], None], mail_server: MailServer
) -> Iterator[flask.Flask]:
    """The application with a mail server."""
    app = make_app(mail_server="127.0.0.1", mail_port=mail_server.port, mail_tls=False, mail_timeout=5)  # type: ignore[attr-defined]
    letter(app)
    with app.app_context():
        yield app
        db.session.rollback()


def queue(address: str = "ana@example.org", at: datetime = NOW, **more: Any) -> None:
    outbox.queue("letter", to=Reader(address), at=at, **more)
    db.session.commit()


def row() -> Email:
    db.session.expire_all()
    return db.session.scalars(sa.select(Email)).one()


def test_each_mail_goes_to_its_one_reader(posting: flask.Flask, mail_server: MailServer) -> None:
    addresses = [f"reader{n}@example.org" for n in range(5)]
    for address in addresses:
        queue(address)
    assert outbox.deliver(NOW) == 5
    assert sorted(to for to, _ in mail_server.received) == [[a] for a in addresses]
    assert [message["To"] for _, message in mail_server.received] == [to[0] for to, _ in mail_server.received]
    assert outbox.deliver(NOW + timedelta(days=1)) == 0
    assert len(mail_server.received) == 5


def test_a_mail_waits_for_its_instant(posting: flask.Flask, mail_server: MailServer) -> None:
    """Threat E5: not a microsecond early."""
    instant = datetime(2027, 6, 27, 8, tzinfo=UTC)
    queue(due=instant)
    just_before = instant - timedelta(microseconds=1)
    assert (outbox.next_due(NOW), outbox.deliver(just_before), mail_server.received) == (instant, 0, [])
    assert outbox.deliver(instant) == 1
    assert outbox.next_due(instant) is None


def test_a_mail_that_no_longer_applies_is_dropped(
    posting: flask.Flask, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue()
    monkeypatch.setitem(outbox.MAILS, "letter", lambda row: None)
    assert outbox.deliver(NOW) == 0
    assert (row().dropped_at, row().sent_at, mail_server.tried) == (NOW, None, [])
    assert outbox.next_due(NOW) is None


def test_the_second_mail_of_a_key_is_left_out(posting: flask.Flask, mail_server: MailServer) -> None:
    """Threat C6."""
    queue(key="reminder:1")
    queue(key="reminder:1")
    assert outbox.deliver(NOW) == 1


def test_any_writing_arrives_as_it_was_written(posting: flask.Flask, mail_server: MailServer) -> None:
    words = "Ça va ? ¿Qué tal, Ñandú? 中小企业 🎉 — “done”"
    queue(words=words, title="é" * 500)
    outbox.deliver(NOW)
    message = mail_server.received[0][1]
    assert message["Subject"] == f"Dear you, {words}"
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    assert plain and html
    assert "é" * 500 in plain.get_content() and "é" * 500 in html.get_content()
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == "en"


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\r\n\r\n"])
def test_words_of_people_add_no_header(posting: flask.Flask, mail_server: MailServer, end: str) -> None:
    queue(words=f"you{end}Bcc: all@example.org{end}X-Evil: 1")
    outbox.deliver(NOW)
    (to, message), = mail_server.received  # fmt: skip
    assert (to, message["Bcc"], message["X-Evil"]) == (["ana@example.org"], None, None)
    assert message["Subject"] == "Dear you, you Bcc: all@example.org X-Evil: 1" or message["Subject"] == "Dear you, you"


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_an_address_of_two_lines_is_refused(posting: flask.Flask, end: str) -> None:
    with pytest.raises(ValueError, match="one line"):
        queue(f"ana@example.org{end}Bcc: all@example.org")


def test_html_of_people_stays_text(posting: flask.Flask, mail_server: MailServer) -> None:
    queue(title='<a href="http://evil.example">click</a>')
    outbox.deliver(NOW)
    html = mail_server.received[0][1].get_body(("html",))
    assert html and "&lt;a href=" in html.get_content() and "<a href=" not in html.get_content()


def test_a_server_that_is_down_loses_nothing(
    make_app: Callable[..., flask.Flask], letter: Callable[[flask.Flask], None]
) -> None:
    """Threat C12: asked again after 1, 2, 4 … minutes, at most every six hours."""
    port = free_port()
    app = make_app(mail_server="127.0.0.1", mail_port=port, mail_tls=False)
    letter(app)
    with app.app_context():
        queue()
        waits = []
        at = NOW
        for attempt in range(1, 12):
            assert outbox.deliver(at) == 0
            mail = row()
            assert (mail.attempts, mail.last_error, mail.dead_at) == (attempt, "ConnectionRefusedError", None)
            assert mail.leased_until
            waits.append((mail.leased_until - at).total_seconds() / 60)
            assert outbox.next_due(at) == mail.leased_until
            assert outbox.deliver(mail.leased_until - timedelta(seconds=1)) == 0  # not before its turn
            assert row().attempts == attempt
            at = mail.leased_until + timedelta(seconds=1)
        expected = [1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360]
        assert [w / e for w, e in zip(waits, expected, strict=True)] == [pytest.approx(1, abs=0.21)] * 11
        with serving(port) as server:
            assert outbox.deliver(at) == 1
            assert len(server.received) == 1


def test_a_server_that_is_down_is_not_asked_for_every_mail(
    make_app: Callable[..., flask.Flask], letter: Callable[[flask.Flask], None]
) -> None:
    app = make_app(mail_server="127.0.0.1", mail_port=free_port(), mail_tls=False)
    letter(app)
    with app.app_context():
        for n in range(10):
            queue(f"reader{n}@example.org")
        outbox.deliver(NOW)
        assert sorted(db.session.scalars(sa.select(Email.attempts))) == [0] * 7 + [1] * 3
        outbox.deliver(NOW)
        assert sorted(db.session.scalars(sa.select(Email.attempts))) == [0] * 4 + [1] * 6


def test_after_three_days_it_is_given_up(posting: flask.Flask, mail_server: MailServer) -> None:
    """Threat C12."""
    mail_server.data = ["451 Later"] * 30
    queue()
    at = NOW
    while row().dead_at is None:
        outbox.deliver(at)
        leased = row().leased_until
        assert leased
        at = leased + timedelta(seconds=1)
    assert timedelta(days=3) < row().dead_at - NOW < timedelta(days=3, hours=8)  # type: ignore[operator]
    assert row().attempts > 10
    assert outbox.deliver(at + timedelta(days=9)) == 0


def test_a_first_try_after_three_days_is_not_the_last(posting: flask.Flask, mail_server: MailServer) -> None:
    mail_server.data = ["451 Greylisted, come back later"]
    queue()
    late = NOW + timedelta(days=5)
    outbox.deliver(late)
    assert row().dead_at is None
    assert outbox.deliver(late + AWAY) == 1


def silent(connection: socket.socket) -> None:
    pass


def drop_by_drop(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"2")
        time.sleep(0.3)


def hang_after_greeting(connection: socket.socket) -> None:
    connection.sendall(b"220 hello\r\n")


@pytest.mark.parametrize("answer", [silent, drop_by_drop, hang_after_greeting])
def test_a_server_that_never_answers_holds_nobody_up(
    make_app: Callable[..., flask.Flask], letter: Callable[[flask.Flask], None], answer: Any
) -> None:
    """Threat C13: silent from the first, hanging later, or answering drop by drop."""
    with answering(answer) as port:
        app = make_app(mail_server="127.0.0.1", mail_port=port, mail_tls=False, mail_timeout=1)
        letter(app)
        with app.app_context():
            queue()
            begun = time.perf_counter()
            assert outbox.deliver(NOW) == 0
            assert time.perf_counter() - begun < 3
            assert row().attempts == 1 and row().last_error and row().dead_at is None


def test_after_a_mail_that_hung_the_others_go_on(
    make_app: Callable[..., flask.Flask], letter: Callable[[flask.Flask], None], mail_server: MailServer
) -> None:
    """Threat C13: in the same turn; the one that hung goes at its next."""
    real: int = mail_server.port  # type: ignore[attr-defined]
    seen: list[int] = []

    def hang_once(connection: socket.socket) -> None:
        seen.append(1)
        if len(seen) == 1:
            connection.sendall(b"220 hello\r\n")
            return
        with socket.create_connection(("127.0.0.1", real)) as onward:
            back = threading.Thread(target=_pour, args=(onward, connection), daemon=True)
            back.start()
            _pour(connection, onward)
            back.join(5)

    with answering(hang_once) as port:
        app = make_app(mail_server="127.0.0.1", mail_port=port, mail_tls=False, mail_timeout=1)
        letter(app)
        with app.app_context():
            for n in range(4):
                queue(f"reader{n}@example.org")
            assert outbox.deliver(NOW) == 3
            assert outbox.deliver(NOW + AWAY) == 1
    assert len({to for [to], _ in mail_server.received}) == len(mail_server.received) == 4


def _pour(source: socket.socket, into: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := source.recv(1 << 16):
            into.sendall(piece)
        into.shutdown(socket.SHUT_WR)


def test_one_refused_address_ends_only_its_own_mail(posting: flask.Flask, mail_server: MailServer) -> None:
    """Threat C14: one mail has one address, so that no half of a mail is taken; 5xx ends it, 4xx is tried again."""
    mail_server.recipients = {"gone@example.org": "550 No such user", "full@example.org": "451 Mailbox full"}
    for address in ("gone@example.org", "full@example.org", "ana@example.org"):
        queue(address)
    assert outbox.deliver(NOW) == 1
    db.session.expire_all()
    rows = {mail.address: mail for mail in db.session.scalars(sa.select(Email))}
    assert [to for to, _ in mail_server.received] == [["ana@example.org"]]
    gone, full = rows["gone@example.org"], rows["full@example.org"]
    assert (gone.dead_at, gone.last_error) == (NOW, "SMTPRecipientsRefused 550")
    assert (full.dead_at, full.last_error) == (None, "SMTPRecipientsRefused 451")
    mail_server.recipients = {}
    assert outbox.deliver(NOW + AWAY) == 1
    assert [to for to, _ in mail_server.received] == [["ana@example.org"], ["full@example.org"]]


def test_refused_words_end_the_mail(posting: flask.Flask, mail_server: MailServer) -> None:
    mail_server.data = ["554 Looks like spam"]
    queue()
    outbox.deliver(NOW)
    assert (row().dead_at, row().last_error) == (NOW, "SMTPDataError 554")


def test_a_refused_sender_is_our_fault_and_the_mail_waits(posting: flask.Flask, mail_server: MailServer) -> None:
    mail_server.sender = "550 Sender not allowed"
    queue()
    outbox.deliver(NOW)
    assert (row().dead_at, row().last_error) == (None, "SMTPSenderRefused 550")
    mail_server.sender = "250 OK"
    assert outbox.deliver(NOW + AWAY) == 1


def test_a_wrong_password_is_our_fault_and_the_mail_waits(
    make_app: Callable[..., flask.Flask], letter: Callable[[flask.Flask], None]
) -> None:
    with serving(secret=True) as server:
        login = {"mail_username": "calls", "mail_password": "wrong"}
        app = make_app(mail_server="127.0.0.1", mail_port=server.port, mail_tls=False, **login)  # type: ignore[attr-defined]
        letter(app)
        with app.app_context():
            queue()
            outbox.deliver(NOW)
            assert (row().dead_at, row().last_error) == (None, "SMTPAuthenticationError 535")


def test_a_server_without_encryption_gets_nothing_when_it_is_asked_for(
    make_app: Callable[..., flask.Flask], letter: Callable[[flask.Flask], None], mail_server: MailServer
) -> None:
    app = make_app(mail_server="127.0.0.1", mail_port=mail_server.port, mail_tls=True)  # type: ignore[attr-defined]
    letter(app)
    with app.app_context():
        queue()
        outbox.deliver(NOW)
        assert (row().last_error, row().dead_at, mail_server.tried) == ("SMTPNotSupportedError", None, [])


def test_an_impolite_farewell_is_no_failure(posting: flask.Flask, mail_server: MailServer) -> None:
    mail_server.quits = False
    queue()
    assert outbox.deliver(NOW) == 1
    assert outbox.deliver(NOW + timedelta(days=1)) == 0
    assert len(mail_server.received) == 1


def test_a_line_cut_before_the_answer_is_tried_again_under_the_same_number(
    posting: flask.Flask, mail_server: MailServer
) -> None:
    """Threat C14: who gets it twice has it once, because her program knows the number."""
    mail_server.data = ["hang up", "451 Later"]
    queue()
    at = NOW
    for _ in range(3):
        outbox.deliver(at)
        at = (row().leased_until or at) + timedelta(seconds=1)
    assert [message["Message-ID"] for message in mail_server.tried] == [f"<{row().id}@example.org>"] * 3
    assert len(mail_server.received) == 1
    assert row().sent_at


def test_two_deliverers_send_nothing_twice(posting: flask.Flask, mail_server: MailServer) -> None:
    """Threat C5."""
    for n in range(24):
        queue(f"reader{n}@example.org")
    start, sent, errors = threading.Barrier(3), [], []

    def work() -> None:
        try:
            with posting.app_context():
                start.wait()
                sent.append(outbox.deliver(NOW, limit=50))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sum(sent) == 24
    assert len(mail_server.ids) == len(set(mail_server.ids)) == 24


def test_a_mail_whose_sender_died_goes_out_once_its_lease_is_over(
    posting: flask.Flask, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Threat C5."""

    def die(message: Any) -> None:
        raise SystemExit

    queue()
    with monkeypatch.context() as patch:
        patch.setattr(outbox, "_by_smtp", die)
        with pytest.raises(SystemExit):
            outbox.deliver(NOW)
    db.session.rollback()
    assert row().attempts == 1
    over = row().leased_until
    assert over and over - NOW > timedelta(seconds=2 * 5)  # longer than any attempt may last
    assert outbox.deliver(over) == 0
    assert outbox.deliver(over + timedelta(seconds=1)) == 1
    assert len(mail_server.received) == 1


def test_a_late_failure_does_not_undo_what_another_has_sent(
    posting: flask.Flask, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever comes back late, past her lease. Threat C5."""
    queue()
    real, later = outbox._by_smtp, NOW + timedelta(hours=1)

    def sleep_past_the_lease(message: Any) -> None:
        monkeypatch.setattr(outbox, "_by_smtp", real)
        with posting.app_context():
            assert outbox.deliver(later) == 1
        raise smtplib.SMTPServerDisconnected

    monkeypatch.setattr(outbox, "_by_smtp", sleep_past_the_lease)
    outbox.deliver(NOW)
    assert (row().sent_at, row().last_error, len(mail_server.received)) == (later, None, 1)


def test_a_mail_that_can_not_be_drawn_does_not_stop_the_others(
    posting: flask.Flask, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def prepare(row: Email) -> dict[str, Any]:
        if row.address == "bad@example.org":
            raise KeyError("title")
        return {"who": "", "words": "", "title": "", "url": ""}

    monkeypatch.setitem(outbox.MAILS, "letter", prepare)
    queue("bad@example.org")
    queue("good@example.org")
    assert outbox.deliver(NOW) == 1
    assert [to for to, _ in mail_server.received] == [["good@example.org"]]


def test_an_address_that_no_server_takes_is_given_up_at_once(posting: flask.Flask, mail_server: MailServer) -> None:
    queue("josé@example.org")
    outbox.deliver(NOW)
    assert row().dead_at == NOW


def test_in_production_mails_wait_for_a_server(
    make_app: Callable[..., flask.Flask], letter: Callable[[flask.Flask], None]
) -> None:
    app = make_app(env="production", public_url="https://calls.example.org")
    letter(app)
    with app.app_context():
        queue()
        assert (outbox.deliver(NOW), outbox.next_due(NOW), row().attempts) == (0, None, 0)
        assert outbox.count_kept() == 0


def test_without_a_server_the_mailbox_keeps_them(app: flask.Flask, letter: Callable[[flask.Flask], None]) -> None:
    letter(app)
    queue(words="á")
    assert outbox.deliver(NOW) == 1
    ((name, message),) = outbox.kept()
    assert (uuid.UUID(name), message["Subject"]) == (row().id, "Dear you, á")
