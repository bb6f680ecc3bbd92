"""Every log is a line of JSON, whoever writes it, and holds no address, token or line of somebody's making.

Threat B22.
"""

import json
import logging
from typing import Any

import flask
import pytest
import sqlalchemy as sa
import structlog

from msme_calls.extensions import db

TOKEN = "Zr7_kQ2mXw9-LtVb4NcYh8PqRs1TuJ0dEfGaHiKoMnB"


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


@pytest.mark.parametrize("name", ["waitress", "huey.consumer", "alembic.runtime.migration", "sqlalchemy"])
def test_libraries_log_in_the_same_form(capsys: pytest.CaptureFixture[str], app: flask.Flask, name: str) -> None:
    logging.getLogger(name).warning("Queue depth is %d\nand more", 3)
    (line,) = lines(capsys)
    assert (line["event"], line["level"], line["logger"]) == ("Queue depth is 3\nand more", "warning", name)
    assert line["timestamp"].endswith("Z")


def test_an_error_is_one_line_too(capsys: pytest.CaptureFixture[str], app: flask.Flask) -> None:
    for log in (logging.getLogger("waitress"), structlog.get_logger()):
        try:
            raise RuntimeError('first\n{"event": "forged"}\x1b[31m')
        except RuntimeError:
            log.exception("it failed")
        (line,) = lines(capsys)
        assert line["event"] == "it failed"
        assert "RuntimeError: first" in line["exception"]


@pytest.mark.parametrize("quoted", ["ana.garcía@example.org", "<ana@mail.example.co.uk>", f"/en/links/{TOKEN}"])
def test_what_libraries_quote_is_hidden(capsys: pytest.CaptureFixture[str], app: flask.Flask, quoted: str) -> None:
    logging.getLogger("waitress").error("Exception while serving %s", quoted)
    try:
        raise ValueError(f"bad: {quoted}")
    except ValueError:
        structlog.get_logger().exception("it failed")
    text = capsys.readouterr().err
    assert "@" not in text and TOKEN not in text
    assert text.count("\\u2026") == 2


def test_errors_of_the_database_name_no_values(capsys: pytest.CaptureFixture[str], app: flask.Flask) -> None:
    insert = sa.text("INSERT INTO links (token_hash, purpose, address) VALUES (:token, 'x', :address)")
    try:
        db.session.execute(insert, {"token": "secret-token", "address": "ana@example.org"})
    except sa.exc.IntegrityError:
        structlog.get_logger().exception("it failed")
    db.session.rollback()
    text = capsys.readouterr().err
    assert "IntegrityError" in text
    assert "ana@" not in text


def test_identifiers_stay_readable(capsys: pytest.CaptureFixture[str], app: flask.Flask) -> None:
    structlog.get_logger().info("mail sent", id="6ccb1a50-1111-4222-8333-944455556666", mail="invited_to_review")
    (line,) = lines(capsys)
    assert line["id"] == "6ccb1a50-1111-4222-8333-944455556666"


def test_a_request_s_line_says_the_rule_and_not_the_address(
    capsys: pytest.CaptureFixture[str], app: flask.Flask
) -> None:
    app.test_client().get(f"/en/{TOKEN}?mail=ana@example.org", headers={"User-Agent": "ana@example.org"})
    (line,) = lines(capsys)
    assert (line["event"], line["rule"], line["status"]) == ("request", None, 404)
    assert TOKEN not in str(line) and "ana" not in str(line)
