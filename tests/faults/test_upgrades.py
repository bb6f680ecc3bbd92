"""Upgrades that meet one another, are killed, or come to a database of another version.

Threats C17, C18.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import flask
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from databases import ROOT
from faults.conftest import Nursery, Site, wait_for
from operations.conftest import free_port

from msme_calls.extensions import db

pytestmark = pytest.mark.timeout(300)


def test_six_that_upgrade_at_once_make_one_database(nursery: Nursery, empty: str, tmp_path: Path) -> None:
    site = Site(nursery, {"database_url": empty, "data": tmp_path / "data"}, tmp_path)
    started = [site.start("upgrade") for _ in range(6)]
    assert [running.end(0) for running in started] == [0] * 6
    assert {running.said for running in started} == {"The database is up to date.\n"}
    assert versions(empty) == [newest()]


@pytest.mark.parametrize("kills", [3, pytest.param(50, marks=pytest.mark.slow)])
def test_an_upgrade_that_is_killed_leaves_all_or_nothing(
    nursery: Nursery, database: str, empty: str, tmp_path: Path, chance: Random, kills: int
) -> None:
    """Of a new database; migrations of one that holds data run in the same one transaction."""
    site = Site(nursery, {"database_url": empty, "data": tmp_path / "data"}, tmp_path)
    takes, whole = 1.2, tables(database)
    for _ in range(kills):
        upgrading, begun = site.start("upgrade"), time.monotonic()
        time.sleep(chance.uniform(0, takes))
        upgrading.kill()
        if tables(empty) == whole:  # too late: sooner the next time
            takes = min(takes, time.monotonic() - begun)
            clear(empty)
        assert tables(empty) == set()
    assert site.start("upgrade").end(0) == 0
    assert (tables(empty), versions(empty)) == (whole, [newest()])


def test_of_a_sqlite_database_the_former_version_is_kept(nursery: Nursery, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    address = f"sqlite:///{data}/msme-calls.sqlite3"
    migrate(address, "0006")
    with sqlite3.connect(data / "msme-calls.sqlite3") as connection:
        connection.execute("INSERT INTO throttles (key, tries, first_at) VALUES ('before', 1, '2026-11-22 10:00:00')")
    connection.close()
    old = data / "msme-calls.sqlite3.before-migration-from-0001"
    old.write_bytes(b"of an upgrade long past")
    site = Site(nursery, {"data": data}, tmp_path)
    started = [site.start("upgrade") for _ in range(3)]
    assert [running.end(0) for running in started] == [0] * 3
    (copy,) = data.glob("*before-migration*")  # the latest alone: a copy is for the day of the upgrade
    assert copy.name == "msme-calls.sqlite3.before-migration-from-0006"
    assert (versions(address), versions(f"sqlite:///{copy}")) == ([newest()], ["0006"])
    for file in (data / "msme-calls.sqlite3", copy):
        with sqlite3.connect(file) as connection:
            assert connection.execute("SELECT key FROM throttles").fetchall() == [("before",)]
        connection.close()


def test_a_version_that_is_too_old_for_the_database_says_so_and_touches_nothing(
    site: Site, app: flask.Flask, database: str
) -> None:
    serving = site.start("serve")
    serving.ready()
    assert serving.get("/readyz")[0] == 200
    with ahead(newest()):
        before = tables(database)
        for name in ("run", "serve"):
            refused = site.start(name, port=free_port())
            assert refused.end(0) == 2
            assert refused.said.startswith("Error: The database") and refused.said.count("\n") == 1, refused.said
        assert (tables(database), versions(database)) == (before, ["9999"])
        # Whoever serves when another machine upgrades goes on with what still fits, and says that it is behind.
        assert serving.get("/en/calls")[0] == 200
        status, words = serving.get("/readyz")
        assert (status, '"migrations": false' in words or '"migrations":false' in words) == (503, True)


@contextmanager
def ahead(ours: str) -> Iterator[None]:
    """The database of a later version; then ours again, for the tests that come to this database after it."""
    change = sa.text("UPDATE alembic_version SET version_num = :number")
    db.session.execute(change, {"number": "9999"})
    db.session.commit()
    try:
        yield
    finally:
        db.session.execute(change, {"number": ours})
        db.session.commit()


def migrate(address: str, revision: str) -> None:
    engine = sa.create_engine(address)
    configuration = Config(toml_file=str(ROOT / "pyproject.toml"))
    with engine.connect() as connection:
        configuration.attributes["connection"] = connection
        command.upgrade(configuration, revision)
        connection.commit()
    engine.dispose()


def newest() -> str:
    from alembic.script import ScriptDirectory

    head: Any = ScriptDirectory.from_config(Config(toml_file=str(ROOT / "pyproject.toml"))).get_current_head()
    return head


def look(address: str, statement: str) -> list[Any]:
    engine = sa.create_engine(address)
    try:
        with engine.connect() as connection:
            return list(connection.scalars(sa.text(statement)))
    finally:
        engine.dispose()


def versions(address: str) -> list[str]:
    return look(address, "SELECT version_num FROM alembic_version")


def tables(address: str) -> set[str]:
    if address.startswith("sqlite"):
        return set(look(address, "SELECT type || name FROM sqlite_master"))
    others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    wait_for(lambda: look(address, f"{others} AND state <> 'idle'") == [0])  # what it was asked for is over
    return set(
        look(address, "SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace AND nspname = 'public'")
    )


def clear(address: str) -> None:
    if address.startswith("sqlite"):
        for file in Path(address.removeprefix("sqlite:///")).parent.glob("empty.sqlite3*"):
            file.unlink()
        return
    engine = sa.create_engine(address)
    with engine.begin() as connection:
        connection.execute(sa.text("DROP SCHEMA public CASCADE"))
        connection.execute(sa.text("CREATE SCHEMA public"))
    engine.dispose()
