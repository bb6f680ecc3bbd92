"""What is known of a session: when its person last proved who she is, when it was last used, in which browser"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("login_sessions") as table:
        table.add_column(sa.Column("proved_at", sa.DateTime(timezone=True), nullable=True))
        table.add_column(sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True))
        table.add_column(sa.Column("browser", sa.Text(), nullable=True))
        table.add_column(sa.Column("system", sa.Text(), nullable=True))
    op.execute("UPDATE login_sessions SET proved_at = started_at, seen_at = started_at, browser = '', system = ''")
    with op.batch_alter_table("login_sessions") as table:
        for name, kind in (("proved_at", sa.DateTime(timezone=True)), ("seen_at", sa.DateTime(timezone=True)),
                           ("browser", sa.Text()), ("system", sa.Text())):  # fmt: skip
            table.alter_column(name, existing_type=kind, nullable=False)


def downgrade() -> None:
    with op.batch_alter_table("login_sessions") as table:
        for name in ("proved_at", "seen_at", "browser", "system"):
            table.drop_column(name)
