"""What an administrator does first: the first account, the archive; and the README says how."""

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import click
import flask
import mails
import pytest
import sqlalchemy as sa
import world
from accounts.factors_at_hand import with_app
from click.testing import CliRunner, Result
from isolation import NOW
from pages import StrictClient

from msme_calls import cli
from msme_calls.accounts import factors
from msme_calls.accounts.models import Link
from msme_calls.calls.models import Role
from msme_calls.extensions import db
from msme_calls.history import History
from msme_calls.publication.models import PastEdition

ROOT = Path(__file__).resolve().parent.parent.parent
Run = Callable[..., Result]


@pytest.fixture
def run(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("MSME_DATABASE_URL", database)
    monkeypatch.setenv("MSME_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("MSME_PUBLIC_URL", "http://localhost")
    monkeypatch.setenv("MSME_NOW", NOW.isoformat())  # else the database’s own clock would count
    return lambda *arguments: CliRunner().invoke(cli.main, arguments)


def test_the_first_administrator_is_invited_by_a_link(run: Run, app: flask.Flask, client: StrictClient) -> None:
    result = run("invite-administrator", "Ana@Example.org")
    assert result.exit_code == 0
    address = urlsplit(result.output.strip())
    assert (address.scheme, address.netloc) == ("http", "localhost")
    assert client.page(address.path).all("main//form")
    (link,) = db.session.scalars(sa.select(Link))
    assert link.address == "ana@example.org"
    assert link.token_hash not in result.output
    assert list(db.session.scalars(sa.select(History.verb))) == ["invite-administrator"]


def test_an_address_that_is_none_is_refused_in_a_sentence(run: Run, app: flask.Flask) -> None:
    result = run("invite-administrator", "nobody")
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (1, "", 1)
    assert result.stderr.startswith("Error: ")
    assert db.session.scalars(sa.select(Link)).all() == []


def test_a_lost_second_step_is_taken_away_by_the_command(run: Run, app: flask.Flask) -> None:
    person, _ = with_app(email="ana@example.org")
    mails.sent()
    nobody = run("reset-second-factor", "nobody@example.org")
    assert (nobody.exit_code, nobody.stderr) == (1, "Error: Nobody has an account with this address.\n")
    done = run("reset-second-factor", "Ana@Example.org")
    assert (done.exit_code, done.output) == (0, "The second step is taken away. A mail tells so.\n")
    db.session.expire_all()
    assert not factors.has(person) and [m.subject for m in mails.sent()] == ["Your second step was taken away"]


def test_whoever_runs_the_server_answers_for_a_coordinator(run: Run, app: flask.Flask) -> None:
    call = world.call("review")
    person = world.member(call, Role.COORDINATOR, world.person(email="ana@example.org"))
    membership = next(m for m in call.memberships if m.person_id == person.id)
    membership.vouched_by_id, slug = call.memberships[0].person_id, call.slug
    db.session.commit()
    nobody = run("vouch", slug, "nobody@example.org")
    assert (nobody.exit_code, nobody.stderr.count("\n")) == (1, 1)
    assert run("vouch", slug, "Ana@Example.org").output == "Done. The history of the call says so.\n"
    db.session.expire_all()
    assert membership.vouched_by_id is None


def test_past_editions_are_recorded_once(run: Run, app: flask.Flask) -> None:
    assert run("record-past-editions").output == "Past editions recorded: 5.\n"
    assert run("record-past-editions").output == "Past editions recorded: 0.\n"
    assert sorted(db.session.scalars(sa.select(PastEdition.year))) == [2021, 2022, 2023, 2024, 2025]


def test_readme_lists_every_command() -> None:
    listed = re.findall(r"^\| `msme-calls ([a-z -]+?)(?: [A-Z_]+)*` \|", (ROOT / "README.md").read_text(), re.M)
    known = {
        f"{name} {sub}" if sub else name
        for name, command in cli.main.commands.items()
        for sub in (command.commands if isinstance(command, click.Group) else [""])
    }
    assert sorted(listed) == sorted(known)
