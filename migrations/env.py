"""Alembic's environment: models equal migrations, and processes that start together migrate once."""

import sqlalchemy as sa
from alembic import context

from msme_calls.extensions import Base, Json, UTCDateTime, writing

LOCK = 0x4D534D46  # only one process migrates a PostgreSQL database at a time


def render_item(type_: str, thing: object, autogen: object) -> str | bool:
    """Write our own types as the plain ones below them, so that migrations import nothing of ours."""
    if type_ == "type" and isinstance(thing, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    if type_ == "type" and isinstance(thing, Json):
        return "sa.Text()"
    return False


def migrate(connection: sa.Connection) -> None:
    """Run the migrations in one transaction, under a lock."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_item=render_item,
        include_object=context.config.attributes.get("include_object"),
        compare_type=True,
        render_as_batch=False,
        transactional_ddl=True,  # on SQLite too, by our own BEGIN: else each migration would be committed by itself
        transaction_per_migration=False,
    )
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("SET LOCAL lock_timeout = 0"))  # another's migration may take long, and so may
            connection.execute(sa.text("SET LOCAL statement_timeout = 0"))  # ours
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
        context.run_migrations()


def run() -> None:
    """Use the caller's connection, or the application's own database."""
    given = context.config.attributes.get("connection")
    if given is not None:
        migrate(given)
        return
    from msme_calls import create_app
    from msme_calls.extensions import db

    with create_app().app_context(), db.engine.connect() as connection:
        writing.set(True)
        migrate(connection)
        connection.commit()


run()
