"""Receipts that are signed, and the public halves of the keys that sign; versions of before have none"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "signing_keys",
        sa.Column("kid", sa.Text(), nullable=False),
        sa.Column("use", sa.Enum("receipts", "results", name="use", native_enum=False, length=40), nullable=False),
        sa.Column("x", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("use IN ('receipts', 'results')", name=op.f("ck_signing_keys_known_use")),
        sa.CheckConstraint("until IS NULL OR until >= since", name=op.f("ck_signing_keys_ends_after_start")),
        sa.PrimaryKeyConstraint("kid", name=op.f("pk_signing_keys")),
        sa.UniqueConstraint("x", name=op.f("uq_signing_keys_x")),
    )
    op.add_column("proposal_versions", sa.Column("receipt", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("proposal_versions", "receipt")
    op.drop_table("signing_keys")
