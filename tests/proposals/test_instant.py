"""A submission is in time if we had received its request before the deadline, whatever it waited for afterwards.

Threats D1, D2, D4.
"""

import socket
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import flask
import pytest
import waitress
import world
from pages import Page
from signing_in import sign_in

from msme_calls import clock, server
from msme_calls.calls.deadlines import NoSuchTime, instant
from msme_calls.extensions import csrf, db
from msme_calls.keys import known
from msme_calls.proposals import queries
from msme_calls.proposals.models import ProposalVersion, Status
from msme_calls.proposals.receipts import check


@pytest.fixture
def draft(call, applicant):
    made = world.draft(call, by=applicant)
    db.session.commit()
    return made


def check_page(her, draft):
    page = Page(her.get(f"/en/proposals/{draft.id}/check"))
    return {i.get("name"): i.get("value") for i in page.all("input[@type='hidden']") if i.get("name")}


def press(her, draft, fields, **more):
    return her.post(f"/en/proposals/{draft.id}/submit", data=fields, **more)


def versions():
    db.session.rollback()
    return db.session.scalars(db.select(ProposalVersion)).all()


@pytest.mark.parametrize(("seconds", "taken"), [(-1, True), (0, False), (1, False)])
def test_the_deadline_passes_while_she_looks_at_the_check_page(her, draft, at, seconds, taken):
    """Threat D1."""
    deadline = draft.call.deadline_at
    at((deadline - timedelta(minutes=5)).isoformat())
    fields = check_page(her, draft)
    at((deadline + timedelta(seconds=seconds)).isoformat())
    response = press(her, draft, fields)
    if taken:
        assert response.status_code == 302
        assert "We have your proposal" in her.get(response.location).text
    else:
        assert response.status_code == 403 and "deadline has passed" in response.text
    assert [v.submitted_at for v in versions()] == ([deadline - timedelta(seconds=1)] if taken else [])


def test_whoever_waits_for_a_lock_over_the_deadline_is_in_time(her, draft, at, monkeypatch):
    """Threat D2."""
    deadline, lock = draft.call.deadline_at, queries.load_to_change
    at((deadline - timedelta(seconds=1)).isoformat())
    fields = check_page(her, draft)

    def waiting(*arguments):
        at((deadline + timedelta(seconds=9)).isoformat())
        return lock(*arguments)

    monkeypatch.setattr(queries, "load_to_change", waiting)
    assert press(her, draft, fields).status_code == 302
    [version] = versions()
    assert version.submitted_at == deadline - timedelta(seconds=1)
    assert check(version.receipt.encode(), [k.public for k in known()]).received == version.submitted_at


@pytest.mark.parametrize(("waited", "taken"), [(8.0, True), (1.0, False)])
def test_whoever_waits_for_a_thread_over_the_deadline_is_judged_by_her_arrival(her, draft, at, waited, taken):
    """Threat D2: on the last evening requests queue."""
    fields = check_page(her, draft)
    at((draft.call.deadline_at + timedelta(seconds=4)).isoformat())
    response = press(her, draft, fields, environ_overrides={clock.RECEIVED: time.monotonic() - waited})
    assert (response.status_code == 302) is taken
    assert all(v.submitted_at < draft.call.deadline_at for v in versions())


def test_the_server_says_when_a_request_had_come(app):
    """One thread serves two requests: the second waits, and its instant is that of its coming."""
    free, said = threading.Event(), []

    @app.post("/en/hold")
    def hold():
        said.append(0.0)
        free.wait(20)
        return "held"

    @app.post("/en/second")
    def second():
        said.append(time.monotonic() - flask.request.environ[clock.RECEIVED])
        return "served"

    for view in (hold, second):
        view.access = "public"
        csrf.exempt(view)
    listening = waitress.create_server(app, host="127.0.0.1", port=0, threads=1)
    listening.channel_class = server._Channel

    def run():
        with suppress(OSError):  # its sockets are closed under it at the end
            listening.run()

    runs = threading.Thread(target=run, daemon=True)
    runs.start()
    lines = [socket.create_connection(("127.0.0.1", listening.effective_port), 20) for _ in range(2)]
    try:
        for line, path in zip(lines, ("hold", "second"), strict=True):
            head = f"POST /en/{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
            line.sendall(head.encode())
            while not said:
                time.sleep(0.01)
        waited = time.monotonic()
        while time.monotonic() < waited + 0.3:
            time.sleep(0.05)
        free.set()
        with lines[1].makefile("rb") as answer:
            assert answer.read().endswith(b"served")
    finally:
        free.set()
        for line in lines:
            line.close()
        listening.close()
    assert said[1] >= 0.25, "it says how long the request had been there"


CHANGES = [
    ("Europe/Zurich", datetime(2027, 3, 28, 3, 0), "2027-03-28T01:00:00+00:00"),  # noqa: DTZ001  local by intent
    ("Europe/Zurich", datetime(2027, 10, 31, 3, 0), "2027-10-31T02:00:00+00:00"),  # noqa: DTZ001
    ("America/New_York", datetime(2027, 3, 14, 3, 0), "2027-03-14T07:00:00+00:00"),  # noqa: DTZ001
]


@pytest.mark.parametrize(("zone", "local", "utc"), CHANGES)
@pytest.mark.parametrize(("seconds", "taken"), [(-3601, True), (-1, True), (0, False)])
def test_a_deadline_in_the_night_of_a_change_of_clocks_is_one_instant(
    app, client, applicant, at, zone, local, utc, seconds, taken
):
    """Threat D4: also in the hour that comes twice, and after the one that never comes."""
    deadline = instant(local, zone)
    assert deadline == datetime.fromisoformat(utc)
    at((deadline - timedelta(hours=8)).isoformat())
    call = world.call("open", deadline_at=deadline, zone=zone)
    draft = world.draft(call, by=applicant)
    db.session.commit()
    her = sign_in(client, applicant)
    fields = check_page(her, draft)
    at((deadline + timedelta(seconds=seconds)).isoformat())
    assert (press(her, draft, fields).status_code == 302) is taken
    for version in versions():
        assert version.submitted_at == datetime.now(UTC)
        assert f'"received_at":"{version.submitted_at:%Y-%m-%dT%H:%M:%S}.000000Z"' in version.receipt


def test_a_deadline_that_never_comes_or_comes_twice_is_no_deadline():
    """Threat D4."""
    for local, twice in ((datetime(2027, 3, 28, 2, 30), False), (datetime(2027, 10, 31, 2, 30), True)):  # noqa: DTZ001
        with pytest.raises(NoSuchTime) as refused:
            instant(local, "Europe/Zurich")
        assert refused.value.twice is twice


def test_the_same_key_after_the_deadline_shows_the_receipt_that_is_there(her, draft, at):
    """Threats D5, C24: the answer was lost on the way, and she presses again when it is over."""
    fields = check_page(her, draft)
    assert press(her, draft, fields).status_code == 302
    at((draft.call.deadline_at + timedelta(hours=1)).isoformat())
    again = press(her, draft, fields)
    assert again.status_code == 302 and "We have your proposal" in her.get(again.location).text
    assert len(versions()) == 1 and draft.status is Status.SUBMITTED
