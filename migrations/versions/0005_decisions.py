"""Decisions and seals"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# The database itself keeps what was sealed from changing.
SQLITE = """
CREATE TRIGGER seals_kept BEFORE DELETE ON seals BEGIN SELECT RAISE(ABORT, 'seals are kept'); END;
CREATE TRIGGER seals_unchanged BEFORE UPDATE ON seals
    WHEN (OLD.call_id, OLD.content, OLD.digest, OLD.secret, OLD.result_at, OLD.sealed_at)
    IS NOT (NEW.call_id, NEW.content, NEW.digest, NEW.secret, NEW.result_at, NEW.sealed_at)
    OR (OLD.unsealed_at IS NOT NULL AND NEW.unsealed_at IS NOT OLD.unsealed_at)
    BEGIN SELECT RAISE(ABORT, 'what was sealed never changes'); END
"""
POSTGRESQL = """
CREATE FUNCTION seals_unchanged() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP = 'DELETE' OR (OLD.call_id, OLD.content, OLD.digest, OLD.secret, OLD.result_at, OLD.sealed_at)
        IS DISTINCT FROM (NEW.call_id, NEW.content, NEW.digest, NEW.secret, NEW.result_at, NEW.sealed_at)
        OR (OLD.unsealed_at IS NOT NULL AND NEW.unsealed_at IS DISTINCT FROM OLD.unsealed_at)
    THEN RAISE EXCEPTION 'what was sealed never changes'; END IF;
    RETURN NEW; END $$;
CREATE TRIGGER seals_unchanged BEFORE UPDATE OR DELETE ON seals FOR EACH ROW EXECUTE FUNCTION seals_unchanged()
"""


def _protect() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(POSTGRESQL)
        return
    for statement in SQLITE.strip().split("END;\n"):
        op.execute(statement if statement.rstrip().endswith("END") else f"{statement}END")


def _unprotect() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION seals_unchanged CASCADE")


def upgrade() -> None:
    op.create_table(
        "resolutions",
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("proposed_by_id", sa.Uuid(), nullable=True),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_by_id", sa.Uuid(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("digest", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "confirmed_at IS NULL OR proposed_at IS NOT NULL", name=op.f("ck_resolutions_proposed_first")
        ),
        sa.CheckConstraint(
            "confirmed_by_id IS NULL OR confirmed_by_id <> proposed_by_id", name=op.f("ck_resolutions_two_people")
        ),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_resolutions_call_id_calls")),
        sa.ForeignKeyConstraint(
            ["confirmed_by_id"], ["people.id"], name=op.f("fk_resolutions_confirmed_by_id_people"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["proposed_by_id"], ["people.id"], name=op.f("fk_resolutions_proposed_by_id_people"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_resolutions")),
    )
    op.create_table(
        "seals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("result_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sealed_by_id", sa.Uuid(), nullable=True),
        sa.Column("unsealed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unsealed_by_id", sa.Uuid(), nullable=True),
        sa.Column("unseal_asked_by_id", sa.Uuid(), nullable=True),
        sa.Column("unseal_note", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "unsealed_by_id IS NULL OR unsealed_by_id <> unseal_asked_by_id", name=op.f("ck_seals_two_people_unseal")
        ),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_seals_call_id_calls")),
        sa.ForeignKeyConstraint(
            ["sealed_by_id"], ["people.id"], name=op.f("fk_seals_sealed_by_id_people"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["unseal_asked_by_id"], ["people.id"], name=op.f("fk_seals_unseal_asked_by_id_people"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["unsealed_by_id"], ["people.id"], name=op.f("fk_seals_unsealed_by_id_people"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seals")),
    )
    op.create_index(op.f("ix_seals_call_id"), "seals", ["call_id"], unique=False)
    op.create_index(
        "uq_seals_in_force",
        "seals",
        ["call_id"],
        unique=True,
        sqlite_where=sa.text("unsealed_at IS NULL"),
        postgresql_where=sa.text("unsealed_at IS NULL"),
    )
    op.create_table(
        "decisions",
        sa.Column("proposal_id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum(
                "winner",
                "runner-up",
                "shortlisted",
                "selected",
                "revise",
                "not-selected",
                name="outcome",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("rationale", sa.Text(), nullable=False),
        sa.Column("public_name", sa.Text(), nullable=False),
        sa.Column("public_project", sa.Text(), nullable=False),
        sa.Column("public_summary", sa.Text(), nullable=False),
        sa.Column("decided_by_id", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_decisions_call_id_calls")),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["people.id"], name=op.f("fk_decisions_decided_by_id_people"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["proposal_id"], ["proposals.id"], name=op.f("fk_decisions_proposal_id_proposals")),
        sa.PrimaryKeyConstraint("proposal_id", name=op.f("pk_decisions")),
    )
    op.create_index(op.f("ix_decisions_call_id"), "decisions", ["call_id"], unique=False)
    _protect()


def downgrade() -> None:
    _unprotect()
    op.drop_index(op.f("ix_decisions_call_id"), table_name="decisions")
    op.drop_table("decisions")
    op.drop_index(
        "uq_seals_in_force",
        table_name="seals",
        sqlite_where=sa.text("unsealed_at IS NULL"),
        postgresql_where=sa.text("unsealed_at IS NULL"),
    )
    op.drop_index(op.f("ix_seals_call_id"), table_name="seals")
    op.drop_table("seals")
    op.drop_table("resolutions")
