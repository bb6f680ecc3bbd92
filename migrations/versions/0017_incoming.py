"""Files on their way, in chunks"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "incoming_uploads",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("proposal_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("received", sa.Integer(), nullable=False),
        sa.Column("described", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checking_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refusal", sa.Text(), nullable=False),
        sa.CheckConstraint("ended_at IS NOT NULL OR refusal = ''", name=op.f("ck_incoming_uploads_refused_has_ended")),
        sa.CheckConstraint("ended_at IS NULL OR received = size", name=op.f("ck_incoming_uploads_ended_is_whole")),
        sa.CheckConstraint("received BETWEEN 0 AND size", name=op.f("ck_incoming_uploads_received_of_size")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_incoming_uploads_person_id_people"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["proposal_id"],
            ["proposals.id"],
            name=op.f("fk_incoming_uploads_proposal_id_proposals"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incoming_uploads")),
    )  # fmt: skip
    for column in ("proposal_id", "person_id", "expires_at"):
        op.create_index(op.f(f"ix_incoming_uploads_{column}"), "incoming_uploads", [column], unique=False)
    op.create_table(
        "incoming_chunks",
        sa.Column("upload_id", sa.Uuid(), nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["upload_id"], ["incoming_uploads.id"], name=op.f("fk_incoming_chunks_upload_id_incoming_uploads"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("upload_id", "start", name=op.f("pk_incoming_chunks")),
    )  # fmt: skip


def downgrade() -> None:
    op.drop_table("incoming_chunks")
    for column in ("expires_at", "person_id", "proposal_id"):
        op.drop_index(op.f(f"ix_incoming_uploads_{column}"), table_name="incoming_uploads")
    op.drop_table("incoming_uploads")
