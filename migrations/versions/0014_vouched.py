"""From whom the role of a coordinator stems who joined during the review"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

INVITED = "UPDATE invitations SET vouched_by_id = invited_by_id WHERE role = 'coordinator'"
JOINED = """
UPDATE memberships SET vouched_by_id = (
    SELECT i.invited_by_id FROM invitations i JOIN people p ON p.email = i.address
    WHERE p.id = memberships.person_id AND i.call_id = memberships.call_id AND i.role = 'coordinator'
        AND i.accepted_at IS NOT NULL)
WHERE role = 'coordinator' AND EXISTS (
    SELECT 1 FROM calls c WHERE c.id = memberships.call_id AND c.review_started_at <= memberships.since)
"""


def upgrade() -> None:
    for table in ("memberships", "invitations"):
        op.add_column(table, sa.Column("vouched_by_id", sa.Uuid(), nullable=True))
    op.execute(INVITED)
    op.execute(JOINED)


def downgrade() -> None:
    for table in ("memberships", "invitations"):
        op.drop_column(table, "vouched_by_id")
