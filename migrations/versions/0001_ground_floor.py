"""People, files, mails and the history"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# The database itself keeps rows of the history from changing; only a payload may be erased.
SQLITE = """
CREATE TRIGGER history_kept BEFORE DELETE ON history BEGIN SELECT RAISE(ABORT, 'history is kept'); END;
CREATE TRIGGER history_unchanged BEFORE UPDATE ON history WHEN NEW.payload IS NOT NULL
    OR (OLD.seq, OLD.prev, OLD.hash, OLD.payload_hash, OLD.salt) IS NOT
       (NEW.seq, NEW.prev, NEW.hash, NEW.payload_hash, NEW.salt)
    BEGIN SELECT RAISE(ABORT, 'history never changes'); END
"""
POSTGRESQL = """
CREATE FUNCTION history_unchanged() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP = 'DELETE' OR NEW.payload IS NOT NULL
        OR (OLD.seq, OLD.prev, OLD.hash, OLD.payload_hash, OLD.salt) IS DISTINCT FROM
           (NEW.seq, NEW.prev, NEW.hash, NEW.payload_hash, NEW.salt)
    THEN RAISE EXCEPTION 'history never changes'; END IF;
    RETURN NEW; END $$;
CREATE TRIGGER history_unchanged BEFORE UPDATE OR DELETE ON history
    FOR EACH ROW EXECUTE FUNCTION history_unchanged()
"""


def _protect() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(POSTGRESQL)
        return
    for statement in SQLITE.strip().split("END;\n"):
        op.execute(statement if statement.rstrip().endswith("END") else f"{statement}END")


def _unprotect() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION history_unchanged CASCADE")


def upgrade() -> None:
    op.create_table(
        "emails",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("call_id", sa.Uuid(), nullable=True),
        sa.Column("values", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dropped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dead_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_emails")),
        sa.UniqueConstraint("key", name=op.f("uq_emails_key")),
    )
    op.create_index(op.f("ix_emails_call_id"), "emails", ["call_id"], unique=False)
    op.create_index(op.f("ix_emails_due_at"), "emails", ["due_at"], unique=False)
    op.create_index(op.f("ix_emails_person_id"), "emails", ["person_id"], unique=False)
    op.create_index(
        "ix_emails_waiting",
        "emails",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("sent_at IS NULL AND dropped_at IS NULL AND dead_at IS NULL"),
        postgresql_where=sa.text("sent_at IS NULL AND dropped_at IS NULL AND dead_at IS NULL"),
    )
    op.create_table(
        "history",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("prev", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("payload_hash", sa.Text(), nullable=False),
        sa.Column("salt", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=True),
        sa.Column("proposal_id", sa.Uuid(), nullable=True),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_history")),
        sa.UniqueConstraint("prev", name=op.f("uq_history_prev")),
    )
    op.create_index(op.f("ix_history_call_id"), "history", ["call_id"], unique=False)
    op.create_index(op.f("ix_history_proposal_id"), "history", ["proposal_id"], unique=False)
    op.create_table(
        "links",
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("values", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_links")),
    )
    op.create_index(op.f("ix_links_address"), "links", ["address"], unique=False)
    op.create_table(
        "people",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_folded", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("password", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_administrator", sa.Boolean(), nullable=False),
        sa.Column("is_convenor", sa.Boolean(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("organisation_folded", sa.Text(), nullable=False),
        sa.Column("international_staff", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("language IN ('en', 'fr', 'es')", name=op.f("ck_people_language_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
        sa.UniqueConstraint("email", name=op.f("uq_people_email")),
    )
    op.create_index(op.f("ix_people_organisation_folded"), "people", ["organisation_folded"], unique=False)
    op.create_table(
        "stored_files",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_stored_files")),
    )
    op.create_table(
        "throttles",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_throttles")),
    )
    op.create_table(
        "login_sessions",
        sa.Column("sid_hash", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_login_sessions_person_id_people"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("sid_hash", name=op.f("pk_login_sessions")),
    )
    op.create_index(op.f("ix_login_sessions_person_id"), "login_sessions", ["person_id"], unique=False)
    op.create_table(
        "people_economies",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_people_economies_person_id_people"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", "code", name=op.f("pk_people_economies")),
    )
    _protect()


def downgrade() -> None:
    _unprotect()
    op.drop_table("people_economies")
    op.drop_index(op.f("ix_login_sessions_person_id"), table_name="login_sessions")
    op.drop_table("login_sessions")
    op.drop_table("throttles")
    op.drop_table("stored_files")
    op.drop_index(op.f("ix_people_organisation_folded"), table_name="people")
    op.drop_table("people")
    op.drop_index(op.f("ix_links_address"), table_name="links")
    op.drop_table("links")
    op.drop_index(op.f("ix_history_proposal_id"), table_name="history")
    op.drop_index(op.f("ix_history_call_id"), table_name="history")
    op.drop_table("history")
    op.drop_index(
        "ix_emails_waiting",
        table_name="emails",
        sqlite_where=sa.text("sent_at IS NULL AND dropped_at IS NULL AND dead_at IS NULL"),
        postgresql_where=sa.text("sent_at IS NULL AND dropped_at IS NULL AND dead_at IS NULL"),
    )
    op.drop_index(op.f("ix_emails_person_id"), table_name="emails")
    op.drop_index(op.f("ix_emails_due_at"), table_name="emails")
    op.drop_index(op.f("ix_emails_call_id"), table_name="emails")
    op.drop_table("emails")
