"""Every log is a line of JSON, whoever writes it, and holds no address, token or line of somebody's making.

Threat B22.
"""

import json
import logging
import time
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
    values = {"token": "secret-token", "address": "Ana at home.\n\nWords of hers"}
    try:
        db.session.execute(insert, values)
    except sa.exc.IntegrityError:
        structlog.get_logger().exception("it failed")
    db.session.rollback()
    text = capsys.readouterr().err
    assert "IntegrityError" in text and "INSERT INTO links" in text
    assert not [words for words in ("secret-token", "Ana at home", "Words of hers") if words in text]


@pytest.mark.parametrize(
    "error",
    [
        ValueError("invalid literal for int() with base 10: 'We weave cloth'"),
        KeyError("We weave cloth"),
        OSError(2, "No such file", "/data/We weave cloth.pdf"),
    ],
)
def test_what_an_error_quotes_of_people_is_hidden_and_what_it_says_is_not(
    capsys: pytest.CaptureFixture[str], app: flask.Flask, error: Exception
) -> None:
    try:
        raise error
    except Exception:
        structlog.get_logger().exception("it failed")
    (line,) = lines(capsys)
    assert "We weave" not in line["exception"]
    assert f"{type(error).__name__}: " in line["exception"]
    assert "raise error" in line["exception"]


@pytest.mark.parametrize("long", ["x" * 50_000, "a-" * 25_000, "' " * 25_000, "a@" * 25_000, "'a 'b " * 8_000])
def test_nobody_makes_a_line_that_lasts(app: flask.Flask, long: str) -> None:
    """Threat B25."""
    began = time.process_time()
    for n in range(2):
        structlog.get_logger().error("it failed", exception=long, reason=long[n:])
    assert time.process_time() - began < 1


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
