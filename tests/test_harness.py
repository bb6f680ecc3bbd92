"""The tests' own tools hold what they promise."""

import socket
import uuid
from datetime import UTC, datetime

import flask
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from isolation import NOW, NetworkUse

from msme_calls import access, clock
from msme_calls.extensions import db
from msme_calls.outbox import Email


def waiting_mail() -> Email:
    at = clock.now()
    return Email(name="x", address="a@example.org", language="en", values={}, created_at=at, due_at=at)


def give_pages(app: flask.Flask) -> None:
    """Three pages: one leaves a new row unsaved, one a flushed one, one shows what there is."""

    @app.get("/new")
    @access.public
    def new() -> str:
        db.session.add(waiting_mail())
        return "new"

    @app.get("/flushed")
    @access.public
    def flushed() -> str:
        db.session.add(waiting_mail())
        db.session.flush()
        return "flushed"

    @app.get("/count")
    @access.public
    def count() -> str:
        number = db.session.scalar(sa.select(sa.func.count()).select_from(Email))
        return (
            f"<h1>{number} mails</h1><p>{clock.now().isoformat()}</p>"
            "<form method='post' action='add'><input name='a' value='1'><textarea name='b'>\nx</textarea>"
            "<select name='c'><option>one<option selected value='2'>two</select><button>Add</button></form>"
        )

    @app.post("/add")
    @access.public
    def add() -> str:
        return repr(sorted(flask.request.form.items(multi=True)))


@pytest.mark.parametrize("path", ["/new", "/flushed"])
def test_a_get_that_leaves_changes_fails(app, client, path):
    give_pages(app)
    with pytest.raises(AssertionError, match="unsaved changes.*Email"):
        client.get(path)
    assert client.page("/count").title == "0 mails"


def test_a_request_sees_what_the_test_made(app, client):
    give_pages(app)
    db.session.add(waiting_mail())
    assert client.page("/count").title == "1 mails"


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_has_an_empty_database(app, turn):
    assert db.session.scalars(sa.select(Email)).all() == []
    db.session.add(waiting_mail())
    db.session.commit()


def test_the_clock_stands_still_until_moved(app, client, at):
    give_pages(app)
    assert clock.now() == clock.now() == NOW
    assert at("2027-06-27T09:59:00+02:00") == datetime(2027, 6, 27, 7, 59, tzinfo=UTC)
    assert "2027-06-27T07:59:00+00:00" in client.page("/count").text


def test_a_form_is_sent_as_a_browser_would(app, client):
    app.config["WTF_CSRF_ENABLED"] = False
    give_pages(app)
    form = client.page("/count").form(button="Add")
    assert (form.method, form.action) == ("POST", "/add")
    assert form.values == {"a": "1", "b": "x", "c": "2"}
    sent = client.submit(form, a="7", b=None, **{"d-1": "é"})
    assert sent.text == repr([("a", "7"), ("c", "2"), ("d-1", "é")])


def test_no_other_machine_is_reached():
    with pytest.raises(NetworkUse):
        socket.create_connection(("192.0.2.1", 80), timeout=1)
    with pytest.raises(NetworkUse):
        socket.getaddrinfo("example.org", 443)


@given(st.uuids())
def test_properties_are_tried_with_fixtures_around(value: uuid.UUID):
    assert uuid.UUID(str(value)) == value
