"""Who applies together, and more time for one proposal"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("proposals", sa.Column("extended_to", sa.DateTime(timezone=True), nullable=True))
    op.add_column("proposals", sa.Column("extension_reason", sa.Text(), nullable=False, server_default=""))
    op.add_column("proposals", sa.Column("offered_to_id", sa.Uuid(), nullable=True))
    op.create_table(
        "members",
        sa.Column("proposal_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Enum("view", "edit", "submit", "owner", name="teamrole", native_enum=False, length=40),
                  nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("role IN ('view', 'edit', 'submit')", name=op.f("ck_members_role_of_member")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_members_person_id_people"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["proposal_id"], ["proposals.id"], name=op.f("fk_members_proposal_id_proposals"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("proposal_id", "person_id", name=op.f("pk_members")),
    )  # fmt: skip
    op.create_index(op.f("ix_members_person_id"), "members", ["person_id"], unique=False)
    op.create_table(
        "team_invitations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("proposal_id", sa.Uuid(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("role", sa.Enum("view", "edit", "submit", "owner", name="teamrole", native_enum=False, length=40),
                  nullable=False),
        sa.Column("invited_by_id", sa.Uuid(), nullable=True),
        sa.Column("invited_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("declined_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("accepted_at IS NULL OR declined_at IS NULL", name=op.f("ck_team_invitations_one_answer")),
        sa.CheckConstraint(
            "accepted_at IS NULL OR revoked_at IS NULL", name=op.f("ck_team_invitations_taken_or_taken_back")
        ),
        sa.CheckConstraint("role IN ('view', 'edit', 'submit')", name=op.f("ck_team_invitations_role_of_member")),
        sa.ForeignKeyConstraint(
            ["invited_by_id"], ["people.id"], name=op.f("fk_team_invitations_invited_by_id_people"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["proposal_id"], ["proposals.id"], name=op.f("fk_team_invitations_proposal_id_proposals"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team_invitations")),
        sa.UniqueConstraint("proposal_id", "address", name=op.f("uq_team_invitations_proposal_id_address")),
    )  # fmt: skip
    op.create_index(op.f("ix_team_invitations_address"), "team_invitations", ["address"], unique=False)


def downgrade() -> None:
    op.drop_table("team_invitations")
    op.drop_table("members")
    for column in ("offered_to_id", "extension_reason", "extended_to"):
        op.drop_column("proposals", column)
