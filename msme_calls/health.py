"""Whether the process lives (`/healthz`) and whether it can serve (`/readyz`): database, storage, migrations, clock."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
import structlog
from flask import Flask, Response, jsonify

from msme_calls import access, clock, uploads
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


def upgrade() -> None:
    """Run the migrations that the database lacks. Processes that do so at once wait for each other."""
    from alembic import command

    config = alembic_config()
    with db.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()


def _database() -> bool:
    return db.session.execute(sa.text("SELECT 1")).scalar() == 1


def up_to_date() -> bool:
    """Whether the database has had every migration that this version knows, and no other."""
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    current = MigrationContext.configure(db.session.connection()).get_current_heads()
    return set(current) == set(ScriptDirectory.from_config(alembic_config()).get_heads())


CHECKS = {"database": _database, "storage": uploads.storage_writable, "migrations": up_to_date, "clock": clock.agrees}


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
