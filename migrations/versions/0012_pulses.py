"""When the worker had its last turn and when the last backup was made; dead mails are found without reading all"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None
DEAD = sa.text("dead_at IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "pulses",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_pulses")),
    )
    op.create_index("ix_emails_dead", "emails", ["dead_at"], sqlite_where=DEAD, postgresql_where=DEAD)


def downgrade() -> None:
    op.drop_index("ix_emails_dead", "emails")
    op.drop_table("pulses")
