"""`msme-calls history`: whoever changes, adds or takes out a row is found out, even with the database in hand.

Threat A21.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import flask
import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from isolation import NOW

from msme_calls import cli, history
from msme_calls.extensions import db

ROWS = 7
Run = Callable[..., Result]


@pytest.fixture
def run(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, app: flask.Flask) -> Iterator[Run]:
    """The command on the test's database, which has a history."""
    for n in range(ROWS):
        history.record("thing.done", by=None, at=NOW, number=n, words=f"words {n}")
        db.session.commit()
    monkeypatch.setenv("MSME_DATABASE_URL", database)
    monkeypatch.setenv("MSME_DATA", str(tmp_path / "data"))

    def command(*arguments: str) -> Result:
        db.session.rollback()
        return CliRunner().invoke(cli.main, ["history", *arguments])

    yield command


def tamper(*statements: str) -> None:
    """Change rows as somebody who has the database itself in hand: past the triggers that forbid it."""
    if db.engine.dialect.name == "postgresql":
        before = "SET LOCAL session_replication_role = replica"
        statements = (before, *statements)
    else:
        statements = ("DROP TRIGGER history_kept", "DROP TRIGGER history_unchanged", *statements)
    for statement in statements:
        db.session.execute(sa.text(statement))
    db.session.commit()


def test_the_database_itself_forbids_it(run: Run) -> None:
    for statement in ("DELETE FROM history WHERE seq = 3", "UPDATE history SET payload = '{}' WHERE seq = 3"):
        with pytest.raises(sa.exc.DBAPIError):
            db.session.execute(sa.text(statement))
        db.session.rollback()


def test_an_untouched_history_holds(run: Run) -> None:
    head = run("head").output.strip()
    assert re.fullmatch(rf"{ROWS} [0-9a-f]{{64}}", head)
    result = run("verify")
    assert (result.exit_code, result.output) == (0, f"The history holds. Rows: {ROWS}. Head: {head}\n")


@pytest.mark.parametrize(
    "statement, sentence",
    [
        ("UPDATE history SET payload = replace(payload, 'words 3', 'other words') WHERE seq = 4", "What row 4 says"),
        ("UPDATE history SET payload = 'no json' WHERE seq = 2", "What row 2 says was changed"),
        ("UPDATE history SET verb = 'thing.undone' WHERE seq = 5", "The columns of row 5 say something else"),
        ("UPDATE history SET at = '2027-02-24 10:00:00' WHERE seq = 6", "The columns of row 6 say something else"),
        ("UPDATE history SET actor_id = '12345678123456781234567812345678' WHERE seq = 1", "The columns of row 1"),
        ("UPDATE history SET call_id = '12345678123456781234567812345678' WHERE seq = 1", "The columns of row 1"),
        ("UPDATE history SET salt = 'zz' WHERE seq = 3", "Row 3 can’t be read"),
        ("UPDATE history SET payload_hash = 'zz' WHERE seq = 3", "Row 3 can’t be read"),
        (f"UPDATE history SET payload_hash = '{'ab' * 32}' WHERE seq = 3", "Row 3 does not follow"),
        (f"UPDATE history SET hash = '{'ab' * 32}' WHERE seq = 3", "Row 3 does not follow"),
        (f"UPDATE history SET prev = '{'ab' * 32}' WHERE seq = 3", "Row 3 does not follow"),
        ("DELETE FROM history WHERE seq = 4", "Row 4 is missing"),
        ("DELETE FROM history WHERE seq = 1", "Row 1 is missing"),
        ("DELETE FROM history WHERE seq IN (2, 5)", "Row 2 is missing"),
        ("UPDATE history SET seq = seq + 100 WHERE seq > 3", "Row 4 is missing"),
    ],
)
def test_the_first_broken_row_is_named(run: Run, statement: str, sentence: str) -> None:
    tamper(statement)
    result = run("verify")
    assert result.exit_code == 1
    assert sentence in result.output and "Traceback" not in result.output


@pytest.mark.parametrize("column", ["at", "actor_id"])
def test_a_row_that_can_not_be_read_is_named(run: Run, column: str) -> None:
    rubbish = f"UPDATE history SET {column} = 'rubbish' WHERE seq = 5"
    if db.engine.dialect.name == "postgresql":  # takes nothing of another kind
        with pytest.raises(sa.exc.DataError):
            tamper(rubbish)
        return
    tamper(rubbish)
    result = run("verify")
    assert (result.exit_code, result.output) == (1, "Error: Row 5 can’t be read.\n")


def test_a_text_that_was_erased_by_rule_breaks_nothing(run: Run) -> None:
    db.session.execute(sa.text("UPDATE history SET payload = NULL WHERE seq = 4"))
    db.session.commit()
    assert run("verify").exit_code == 0


def test_a_tail_cut_off_is_found_by_the_head_noted_before(run: Run) -> None:
    noted = run("head").output.strip()
    assert run("verify", "--noted", noted).exit_code == 0
    tamper(f"DELETE FROM history WHERE seq > {ROWS - 2}")
    assert run("verify").exit_code == 0  # what is left holds together
    assert run("head").output.strip() != noted
    result = run("verify", "--noted", noted)
    assert (result.exit_code, f"The history ends before row {ROWS}" in result.output) == (1, True)


def test_a_tail_written_anew_is_found_by_the_head_noted_before(run: Run) -> None:
    noted = run("head").output.strip()
    tamper(f"DELETE FROM history WHERE seq = {ROWS}")
    for _ in range(2):
        history.record("thing.invented", by=None, at=NOW)
    db.session.commit()
    assert run("verify").exit_code == 0
    assert run("verify", "--noted", noted).exit_code == 1


def test_a_head_that_is_none_is_told(run: Run) -> None:
    result = run("verify", "--noted", "latest")
    assert result.exit_code == 2 and "A head is a number and a hash" in result.output


def test_an_empty_history_holds(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MSME_DATABASE_URL", database)
    monkeypatch.setenv("MSME_DATA", str(tmp_path / "data"))
    result = CliRunner().invoke(cli.main, ["history", "verify"])
    assert (result.exit_code, result.output) == (0, f"The history holds. Rows: 0. Head: 0 {'0' * 64}\n")


def test_an_act_is_written_also_if_a_savepoint_after_it_was_undone(app: flask.Flask) -> None:
    """Of two who do the same at once, one finds the other's row there and goes on."""
    history.record("thing.done", by=None, at=NOW)
    with pytest.raises(RuntimeError), db.session.begin_nested():
        db.session.execute(sa.text("SELECT 1"))
        raise RuntimeError
    db.session.commit()
    assert db.session.scalar(sa.select(history.History.verb)) == "thing.done"
    history.record("thing.never", by=None, at=NOW)
    db.session.rollback()
    db.session.commit()
    assert history.head()[0] == 1
