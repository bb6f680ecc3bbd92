"""Who applies together, and more time for one proposal"""

import json

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
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
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
    named = op.create_table(
        "named_addresses",
        sa.Column("proposal_id", sa.Uuid(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["proposal_id"], ["proposals.id"], name=op.f("fk_named_addresses_proposal_id_proposals"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("proposal_id", "address", name=op.f("pk_named_addresses")),
    )
    op.create_index(op.f("ix_named_addresses_address"), "named_addresses", ["address"], unique=False)
    op.bulk_insert(named, _named())


def _named() -> list[dict[str, object]]:
    """The authors' addresses in the versions that count so far."""
    proposals = sa.table("proposals", sa.column("id", sa.Uuid()), sa.column("submitted_version", sa.Integer()))
    versions = sa.table(
        "proposal_versions", sa.column("proposal_id", sa.Uuid()), sa.column("number", sa.Integer()),
        sa.column("answers", sa.Text()),
    )  # fmt: skip
    counts = (versions.c.proposal_id == proposals.c.id) & (versions.c.number == proposals.c.submitted_version)
    rows = op.get_bind().execute(sa.select(proposals.c.id, versions.c.answers).join(versions, counts))
    found = {
        (row.id, str(author["email"]).strip().casefold())
        for row in rows
        for answer in json.loads(row.answers).values()
        if isinstance(answer, list)
        for author in answer
        if isinstance(author, dict) and author.get("email")
    }
    return [{"proposal_id": proposal_id, "address": address} for proposal_id, address in found]


def downgrade() -> None:
    op.drop_table("named_addresses")
    op.drop_table("team_invitations")
    op.drop_table("members")
    for column in ("offered_to_id", "extension_reason", "extended_to"):
        op.drop_column("proposals", column)
