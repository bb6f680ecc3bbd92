"""The seed of the draw among equal proposals"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("calls", sa.Column("draw_seed", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("calls", "draw_seed")
