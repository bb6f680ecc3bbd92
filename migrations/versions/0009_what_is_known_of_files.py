"""What is known of a kept file: what others don't get of it, and whether a scanner has found a virus"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

CHECK = "(scan = 'pending') = (scanned_at IS NULL)"


def upgrade() -> None:
    # Columns one by one: SQLite would make the table anew, and other tables refer to its rows.
    states = sa.Enum("pending", "clean", "infected", name="scan", native_enum=False, length=40)
    op.add_column("stored_files", sa.Column("found", sa.Text(), nullable=True))
    op.add_column("stored_files", sa.Column("scan", states, nullable=False, server_default="pending"))
    op.add_column("stored_files", sa.Column("scan_due", sa.DateTime(timezone=True), nullable=True))
    op.add_column("stored_files", sa.Column("scan_attempts", sa.Integer(), nullable=False, server_default="0"))
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "ALTER TABLE stored_files ADD COLUMN scanned_at DATETIME "
            f"CONSTRAINT ck_stored_files_scanned_has_instant CHECK ({CHECK})"
        )
    else:
        op.add_column("stored_files", sa.Column("scanned_at", sa.DateTime(timezone=True), nullable=True))
        op.create_check_constraint(op.f("ck_stored_files_scanned_has_instant"), "stored_files", CHECK)
    waiting = sa.text("scan = 'pending'")
    op.create_index(
        "ix_stored_files_scan_due", "stored_files", ["scan_due"], sqlite_where=waiting, postgresql_where=waiting
    )


def downgrade() -> None:
    op.drop_index("ix_stored_files_scan_due", "stored_files")
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(op.f("ck_stored_files_scanned_has_instant"), "stored_files", type_="check")
    for name in ("scanned_at", "scan_attempts", "scan_due", "scan", "found"):
        op.drop_column("stored_files", name)
