"""The group's meetings, the rounds that follow them, and the symbols of documents"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "meetings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("ends_at IS NULL OR ends_at > starts_at", name=op.f("ck_meetings_ends_later")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meetings")),
    )
    op.create_index(op.f("ix_meetings_starts_at"), "meetings", ["starts_at"], unique=False)
    op.create_table(
        "rounds",
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("meeting_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_rounds_call_id_calls"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["meeting_id"], ["meetings.id"], name=op.f("fk_rounds_meeting_id_meetings")),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_rounds")),
        sa.UniqueConstraint("meeting_id", "kind", name=op.f("uq_rounds_meeting_id_kind")),
    )
    op.add_column("decisions", sa.Column("symbol", sa.Text(), nullable=False, server_default=""))
    given = sa.text("symbol <> ''")
    op.create_index(
        "uq_decisions_symbol", "decisions", ["symbol"], unique=True, sqlite_where=given, postgresql_where=given
    )


def downgrade() -> None:
    op.drop_index("uq_decisions_symbol", table_name="decisions")
    op.drop_column("decisions", "symbol")
    op.drop_table("rounds")
    op.drop_table("meetings")
