"""Whether the process lives (`/healthz`), and whether it can serve (`/readyz`): all that has to be well for that."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
import structlog
from flask import Flask, Response, jsonify

from msme_calls import access, clock, keys, uploads
from msme_calls.extensions import db

if TYPE_CHECKING:
    from alembic.config import Config

log = structlog.get_logger()
# Alembic takes half a second to import: here it is imported where it is needed, not by every process at its start.
MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"


def alembic_config() -> "Config":
    """Alembic's configuration, wherever the process was started."""
    from alembic.config import Config

    config = Config(toml_file=str(MIGRATIONS.parent / "pyproject.toml"))
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


class Newer(Exception):
    """The database was upgraded by a later version than this one; the message names its revision."""


def migrations() -> set[str]:
    """The revisions that this version knows."""
    from alembic.script import ScriptDirectory

    return {known.revision for known in ScriptDirectory.from_config(alembic_config()).walk_revisions()}


def upgrade(to: str = "head") -> None:
    """Run the migrations that the database lacks, all or none. Processes that do so at once wait for each other.

    A SQLite database is copied first, beside itself. Raises Newer, before anything is touched.
    """
    from alembic import command

    config = alembic_config()
    _copy(_before(config))
    with db.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, to)
        connection.commit()


def _before(config: "Config") -> str:
    """The database's revision if there is something to migrate, else nothing."""
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    with db.engine.connect() as connection:
        current = "".join(MigrationContext.configure(connection).get_current_heads())
    script = ScriptDirectory.from_config(config)
    if current and current not in {known.revision for known in script.walk_revisions()}:
        raise Newer(current)
    return current if current != script.get_current_head() else ""


def _copy(revision: str) -> None:
    """Keep what a migration changes for good: one copy, the latest, named by the revision that it is of."""
    name = db.engine.url.database
    if not revision or db.engine.dialect.name != "sqlite" or not name:
        return
    path = Path(name)
    copy = path.with_name(f"{path.name}.before-migration-from-{revision}")
    with closing(sqlite3.connect(path, timeout=60, isolation_level=None)) as only:
        only.execute("BEGIN IMMEDIATE")  # of processes that start at once, one copies at a time
        if only.execute("SELECT version_num FROM alembic_version").fetchone() != (revision,):
            return  # another was first
        # Through a connection of its own: from one that may write, a backup waits for itself (seen).
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(f"{copy}.new")) as target:
            source.backup(target)
        os.replace(f"{copy}.new", copy)
    for former in path.parent.glob(f"{path.name}.before-migration-from-*"):
        if former != copy and not former.name.endswith(".new"):
            former.unlink(missing_ok=True)


def _database() -> bool:
    return db.session.execute(sa.text("SELECT 1")).scalar() == 1


def up_to_date() -> bool:
    """Whether the database has had every migration that this version knows, and no other."""
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    current = MigrationContext.configure(db.session.connection()).get_current_heads()
    return set(current) == set(ScriptDirectory.from_config(alembic_config()).get_heads())


def _signs() -> bool:
    """Whether the next submission gets a signed receipt: it is received without one too, and nobody might notice."""
    return keys.fit(keys.Use.RECEIPTS)


CHECKS = {
    "database": _database, "storage": uploads.storage_writable, "migrations": up_to_date, "clock": clock.agrees,
    "receipts": _signs,
}  # fmt: skip


def _holds(name: str) -> bool:
    try:
        return CHECKS[name]()
    except Exception as error:
        log.error("not ready", check=name, error=type(error).__name__)
        db.session.rollback()
        return False


def init_app(app: Flask) -> None:
    """Add the two addresses; they tell nothing but which part is well."""

    @app.get("/healthz")
    @access.public
    def healthz() -> Response:
        return jsonify(alive=True)

    @app.get("/readyz")
    @access.public
    def readyz() -> tuple[Any, int]:
        found = {name: _holds(name) for name in CHECKS}
        return jsonify(found), 200 if all(found.values()) else 503
