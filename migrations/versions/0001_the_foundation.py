"""The foundation"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# What may never change is kept from changing by the database itself: rows of the history (a payload may be erased)
# and what was sealed.
SQLITE = """
CREATE TRIGGER history_kept BEFORE DELETE ON history BEGIN SELECT RAISE(ABORT, 'history is kept'); END;
CREATE TRIGGER history_unchanged BEFORE UPDATE ON history WHEN NEW.payload IS NOT NULL
    OR (OLD.seq, OLD.prev, OLD.hash, OLD.payload_hash, OLD.salt) IS NOT
       (NEW.seq, NEW.prev, NEW.hash, NEW.payload_hash, NEW.salt)
    BEGIN SELECT RAISE(ABORT, 'history never changes'); END;
CREATE TRIGGER seals_kept BEFORE DELETE ON seals BEGIN SELECT RAISE(ABORT, 'seals are kept'); END;
CREATE TRIGGER seals_unchanged BEFORE UPDATE ON seals
    WHEN (OLD.call_id, OLD.content, OLD.digest, OLD.secret, OLD.result_at, OLD.sealed_at)
    IS NOT (NEW.call_id, NEW.content, NEW.digest, NEW.secret, NEW.result_at, NEW.sealed_at)
    OR (OLD.unsealed_at IS NOT NULL AND NEW.unsealed_at IS NOT OLD.unsealed_at)
    BEGIN SELECT RAISE(ABORT, 'what was sealed never changes'); END
"""
POSTGRESQL = """
CREATE FUNCTION history_unchanged() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP = 'DELETE' OR NEW.payload IS NOT NULL
        OR (OLD.seq, OLD.prev, OLD.hash, OLD.payload_hash, OLD.salt) IS DISTINCT FROM
           (NEW.seq, NEW.prev, NEW.hash, NEW.payload_hash, NEW.salt)
    THEN RAISE EXCEPTION 'history never changes'; END IF;
    RETURN NEW; END $$;
CREATE TRIGGER history_unchanged BEFORE UPDATE OR DELETE ON history
    FOR EACH ROW EXECUTE FUNCTION history_unchanged();
CREATE FUNCTION seals_unchanged() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP = 'DELETE' OR (OLD.call_id, OLD.content, OLD.digest, OLD.secret, OLD.result_at, OLD.sealed_at)
        IS DISTINCT FROM (NEW.call_id, NEW.content, NEW.digest, NEW.secret, NEW.result_at, NEW.sealed_at)
        OR (OLD.unsealed_at IS NOT NULL AND NEW.unsealed_at IS DISTINCT FROM OLD.unsealed_at)
    THEN RAISE EXCEPTION 'what was sealed never changes'; END IF;
    RETURN NEW; END $$;
CREATE TRIGGER seals_unchanged BEFORE UPDATE OR DELETE ON seals FOR EACH ROW EXECUTE FUNCTION seals_unchanged()
"""


def _protect() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(POSTGRESQL)
        return
    for statement in SQLITE.strip().split("END;\n"):
        op.execute(statement if statement.rstrip().endswith("END") else f"{statement}END")


def _unprotect() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION history_unchanged, seals_unchanged CASCADE")


def upgrade() -> None:
    op.create_table(
        "calls",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("languages", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("theme", sa.Text(), nullable=False),
        sa.Column("lead", sa.Text(), nullable=False),
        sa.Column("background", sa.Text(), nullable=False),
        sa.Column("goals", sa.Text(), nullable=False),
        sa.Column("eligibility", sa.Text(), nullable=False),
        sa.Column("not_for", sa.Text(), nullable=False),
        sa.Column("asked", sa.Text(), nullable=False),
        sa.Column("prize", sa.Text(), nullable=False),
        sa.Column("judging", sa.Text(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("organisation_types", sa.Text(), nullable=False),
        sa.Column("outcomes", sa.Text(), nullable=False),
        sa.Column("winners", sa.Integer(), nullable=False),
        sa.Column("runners_up", sa.Integer(), nullable=False),
        sa.Column("reviews_per_proposal", sa.Integer(), nullable=False),
        sa.Column(
            "blindness", sa.Enum("open", "single", name="blindness", native_enum=False, length=40), nullable=False
        ),
        sa.Column("economy_rule", sa.Boolean(), nullable=False),
        sa.Column("tie_breaks", sa.Text(), nullable=False),
        sa.Column("unpublished", sa.Text(), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deadline_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("grace_minutes", sa.Integer(), nullable=False),
        sa.Column("review_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("review_cutoff_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("result_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("launched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("review_started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deciding_started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seal_digest", sa.Text(), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("(sealed_at IS NULL) = (seal_digest IS NULL)", name=op.f("ck_calls_sealed_with_digest")),
        sa.CheckConstraint(
            "deciding_started_at IS NULL OR review_started_at IS NOT NULL", name=op.f("ck_calls_review_before_deciding")
        ),
        sa.CheckConstraint(
            "launched_at IS NULL OR deadline_at IS NOT NULL", name=op.f("ck_calls_launched_with_deadline")
        ),
        sa.CheckConstraint(
            "opens_at IS NULL OR deadline_at IS NULL OR opens_at < deadline_at", name=op.f("ck_calls_opens_first")
        ),
        sa.CheckConstraint(
            "review_started_at IS NULL OR launched_at IS NOT NULL", name=op.f("ck_calls_launched_before_review")
        ),
        sa.CheckConstraint("sealed_at IS NULL OR result_at IS NOT NULL", name=op.f("ck_calls_sealed_for_an_instant")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calls")),
        sa.UniqueConstraint("slug", name=op.f("uq_calls_slug")),
    )
    op.create_table(
        "emails",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("call_id", sa.Uuid(), nullable=True),
        sa.Column("values", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dropped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dead_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_emails")),
        sa.UniqueConstraint("key", name=op.f("uq_emails_key")),
    )
    op.create_index(op.f("ix_emails_call_id"), "emails", ["call_id"], unique=False)
    op.create_index(op.f("ix_emails_due_at"), "emails", ["due_at"], unique=False)
    op.create_index(op.f("ix_emails_person_id"), "emails", ["person_id"], unique=False)
    op.create_index(
        "ix_emails_waiting",
        "emails",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("sent_at IS NULL AND dropped_at IS NULL AND dead_at IS NULL"),
        postgresql_where=sa.text("sent_at IS NULL AND dropped_at IS NULL AND dead_at IS NULL"),
    )
    op.create_table(
        "history",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("prev", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("payload_hash", sa.Text(), nullable=False),
        sa.Column("salt", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=True),
        sa.Column("proposal_id", sa.Uuid(), nullable=True),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_history")),
        sa.UniqueConstraint("prev", name=op.f("uq_history_prev")),
    )
    op.create_index(op.f("ix_history_call_id"), "history", ["call_id"], unique=False)
    op.create_index(op.f("ix_history_proposal_id"), "history", ["proposal_id"], unique=False)
    op.create_table(
        "links",
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=True),
        sa.Column("values", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_links")),
    )
    op.create_index(op.f("ix_links_address"), "links", ["address"], unique=False)
    op.create_table(
        "people",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_folded", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("password", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_administrator", sa.Boolean(), nullable=False),
        sa.Column("is_convenor", sa.Boolean(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("organisation_folded", sa.Text(), nullable=False),
        sa.Column("international_staff", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("language IN ('en', 'fr', 'es')", name=op.f("ck_people_language_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
        sa.UniqueConstraint("email", name=op.f("uq_people_email")),
    )
    op.create_index(op.f("ix_people_organisation_folded"), "people", ["organisation_folded"], unique=False)
    op.create_table(
        "stored_files",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_stored_files")),
    )
    op.create_table(
        "throttles",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_throttles")),
    )
    op.create_table(
        "criteria",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("scale", sa.Integer(), nullable=False),
        sa.Column("optional", sa.Boolean(), nullable=False),
        sa.Column("anchors", sa.Text(), nullable=False),
        sa.CheckConstraint("scale BETWEEN 1 AND 10", name=op.f("ck_criteria_scale_known")),
        sa.CheckConstraint("weight > 0", name=op.f("ck_criteria_weight_positive")),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_criteria_call_id_calls"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_criteria")),
        sa.UniqueConstraint("call_id", "key", name=op.f("uq_criteria_call_id_key")),
    )
    op.create_table(
        "deadline_moves",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("former", sa.DateTime(timezone=True), nullable=False),
        sa.Column("new", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("moved_by_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("former < new", name=op.f("ck_deadline_moves_later")),
        sa.ForeignKeyConstraint(
            ["call_id"], ["calls.id"], name=op.f("fk_deadline_moves_call_id_calls"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["moved_by_id"], ["people.id"], name=op.f("fk_deadline_moves_moved_by_id_people"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deadline_moves")),
    )
    op.create_index(op.f("ix_deadline_moves_call_id"), "deadline_moves", ["call_id"], unique=False)
    op.create_table(
        "invitations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "coordinator", "assistant", "chair", "reviewer", "observer", name="role", native_enum=False, length=40
            ),
            nullable=False,
        ),
        sa.Column("invited_by_id", sa.Uuid(), nullable=True),
        sa.Column("invited_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("declined_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint("accepted_at IS NULL OR declined_at IS NULL", name=op.f("ck_invitations_one_answer")),
        sa.CheckConstraint(
            "accepted_at IS NULL OR revoked_at IS NULL", name=op.f("ck_invitations_taken_or_taken_back")
        ),
        sa.ForeignKeyConstraint(
            ["call_id"], ["calls.id"], name=op.f("fk_invitations_call_id_calls"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["invited_by_id"], ["people.id"], name=op.f("fk_invitations_invited_by_id_people"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitations")),
        sa.UniqueConstraint("call_id", "address", "role", name=op.f("uq_invitations_call_id_address_role")),
    )
    op.create_index(op.f("ix_invitations_call_id"), "invitations", ["call_id"], unique=False)
    op.create_table(
        "login_sessions",
        sa.Column("sid_hash", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_login_sessions_person_id_people"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("sid_hash", name=op.f("pk_login_sessions")),
    )
    op.create_index(op.f("ix_login_sessions_person_id"), "login_sessions", ["person_id"], unique=False)
    op.create_table(
        "memberships",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "coordinator", "assistant", "chair", "reviewer", "observer", name="role", native_enum=False, length=40
            ),
            nullable=False,
        ),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("most_reviews", sa.Integer(), nullable=True),
        sa.Column("languages", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["call_id"], ["calls.id"], name=op.f("fk_memberships_call_id_calls"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_memberships_person_id_people"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_memberships")),
        sa.UniqueConstraint("call_id", "person_id", "role", name=op.f("uq_memberships_call_id_person_id_role")),
    )
    op.create_index(op.f("ix_memberships_person_id"), "memberships", ["person_id"], unique=False)
    op.create_table(
        "partners",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("logo_sha256", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_partners_call_id_calls"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["logo_sha256"], ["stored_files.sha256"], name=op.f("fk_partners_logo_sha256_stored_files")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partners")),
    )
    op.create_index(op.f("ix_partners_call_id"), "partners", ["call_id"], unique=False)
    op.create_table(
        "past_editions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("theme", sa.Text(), nullable=False),
        sa.Column("partners", sa.Text(), nullable=False),
        sa.Column("launched", sa.Date(), nullable=True),
        sa.Column("deadline", sa.Date(), nullable=True),
        sa.Column("announced", sa.Date(), nullable=True),
        sa.Column("winners", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("sources", sa.Text(), nullable=False),
        sa.Column("unknown", sa.Text(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by_id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["call_id"], ["calls.id"], name=op.f("fk_past_editions_call_id_calls"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["recorded_by_id"], ["people.id"], name=op.f("fk_past_editions_recorded_by_id_people"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_past_editions")),
        sa.UniqueConstraint("kind", "year", name=op.f("uq_past_editions_kind_year")),
    )
    op.create_table(
        "people_economies",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_people_economies_person_id_people"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", "code", name=op.f("pk_people_economies")),
    )
    op.create_table(
        "proposals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column(
            "status",
            sa.Enum("draft", "submitted", "withdrawn", name="status", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("title_folded", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("organisation_folded", sa.Text(), nullable=False),
        sa.Column("economy", sa.Text(), nullable=False),
        sa.Column("organisation_type", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("submitted_version", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(status = 'draft') = (submitted_version IS NULL)", name=op.f("ck_proposals_submitted_has_version")
        ),
        sa.CheckConstraint(
            "(status = 'withdrawn') = (withdrawn_at IS NOT NULL)", name=op.f("ck_proposals_withdrawn_has_instant")
        ),
        sa.CheckConstraint(
            "(submitted_version IS NULL) = (submitted_at IS NULL)", name=op.f("ck_proposals_version_has_instant")
        ),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_proposals_call_id_calls")),
        sa.ForeignKeyConstraint(["owner_id"], ["people.id"], name=op.f("fk_proposals_owner_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposals")),
        sa.UniqueConstraint("reference", name=op.f("uq_proposals_reference")),
    )
    op.create_index(op.f("ix_proposals_call_id"), "proposals", ["call_id"], unique=False)
    op.create_index("ix_proposals_call_id_status", "proposals", ["call_id", "status"], unique=False)
    op.create_index(op.f("ix_proposals_organisation_folded"), "proposals", ["organisation_folded"], unique=False)
    op.create_index(op.f("ix_proposals_owner_id"), "proposals", ["owner_id"], unique=False)
    op.create_table(
        "resolutions",
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("proposed_by_id", sa.Uuid(), nullable=True),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_by_id", sa.Uuid(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("digest", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "confirmed_at IS NULL OR proposed_at IS NOT NULL", name=op.f("ck_resolutions_proposed_first")
        ),
        sa.CheckConstraint(
            "confirmed_by_id IS NULL OR confirmed_by_id <> proposed_by_id", name=op.f("ck_resolutions_two_people")
        ),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_resolutions_call_id_calls")),
        sa.ForeignKeyConstraint(
            ["confirmed_by_id"], ["people.id"], name=op.f("fk_resolutions_confirmed_by_id_people"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["proposed_by_id"], ["people.id"], name=op.f("fk_resolutions_proposed_by_id_people"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_resolutions")),
    )
    op.create_table(
        "seals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("result_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sealed_by_id", sa.Uuid(), nullable=True),
        sa.Column("unsealed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unsealed_by_id", sa.Uuid(), nullable=True),
        sa.Column("unseal_asked_by_id", sa.Uuid(), nullable=True),
        sa.Column("unseal_note", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "unsealed_by_id IS NULL OR unsealed_by_id <> unseal_asked_by_id", name=op.f("ck_seals_two_people_unseal")
        ),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_seals_call_id_calls")),
        sa.ForeignKeyConstraint(
            ["sealed_by_id"], ["people.id"], name=op.f("fk_seals_sealed_by_id_people"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["unseal_asked_by_id"], ["people.id"], name=op.f("fk_seals_unseal_asked_by_id_people"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["unsealed_by_id"], ["people.id"], name=op.f("fk_seals_unsealed_by_id_people"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seals")),
    )
    op.create_index(op.f("ix_seals_call_id"), "seals", ["call_id"], unique=False)
    op.create_index(
        "uq_seals_in_force",
        "seals",
        ["call_id"],
        unique=True,
        sqlite_where=sa.text("unsealed_at IS NULL"),
        postgresql_where=sa.text("unsealed_at IS NULL"),
    )
    op.create_table(
        "sections",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("intro", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_sections_call_id_calls"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sections")),
        sa.UniqueConstraint("call_id", "key", name=op.f("uq_sections_call_id_key")),
    )
    op.create_table(
        "assignments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("proposal_id", sa.Uuid(), nullable=False),
        sa.Column("reviewer_id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("extended_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("assigned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("assigned_by_id", sa.Uuid(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "ended",
            sa.Enum("declined", "conflict", "removed", name="ended", native_enum=False, length=40),
            nullable=True,
        ),
        sa.Column("ended_reason", sa.Text(), nullable=False),
        sa.CheckConstraint("(ended_at IS NULL) = (ended IS NULL)", name=op.f("ck_assignments_ended_for_a_reason")),
        sa.ForeignKeyConstraint(
            ["assigned_by_id"], ["people.id"], name=op.f("fk_assignments_assigned_by_id_people"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["call_id"], ["calls.id"], name=op.f("fk_assignments_call_id_calls"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["proposal_id"], ["proposals.id"], name=op.f("fk_assignments_proposal_id_proposals"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["reviewer_id"], ["people.id"], name=op.f("fk_assignments_reviewer_id_people"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignments")),
    )
    op.create_index(op.f("ix_assignments_call_id"), "assignments", ["call_id"], unique=False)
    op.create_index(op.f("ix_assignments_reviewer_id"), "assignments", ["reviewer_id"], unique=False)
    op.create_index(
        "uq_assignments_active",
        "assignments",
        ["proposal_id", "reviewer_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "attachments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("proposal_id", sa.Uuid(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["proposal_id"], ["proposals.id"], name=op.f("fk_attachments_proposal_id_proposals"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["sha256"], ["stored_files.sha256"], name=op.f("fk_attachments_sha256_stored_files")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachments")),
    )
    op.create_index(op.f("ix_attachments_proposal_id"), "attachments", ["proposal_id"], unique=False)
    op.create_table(
        "conflicts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("proposal_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("declared_by_id", sa.Uuid(), nullable=True),
        sa.Column("declared_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["declared_by_id"], ["people.id"], name=op.f("fk_conflicts_declared_by_id_people"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_conflicts_person_id_people"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["proposal_id"], ["proposals.id"], name=op.f("fk_conflicts_proposal_id_proposals"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conflicts")),
        sa.UniqueConstraint("proposal_id", "person_id", name=op.f("uq_conflicts_proposal_id_person_id")),
    )
    op.create_index(op.f("ix_conflicts_person_id"), "conflicts", ["person_id"], unique=False)
    op.create_index(op.f("ix_conflicts_proposal_id"), "conflicts", ["proposal_id"], unique=False)
    op.create_table(
        "decisions",
        sa.Column("proposal_id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum(
                "winner",
                "runner-up",
                "shortlisted",
                "selected",
                "revise",
                "not-selected",
                name="outcome",
                native_enum=False,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("rationale", sa.Text(), nullable=False),
        sa.Column("public_name", sa.Text(), nullable=False),
        sa.Column("public_project", sa.Text(), nullable=False),
        sa.Column("public_summary", sa.Text(), nullable=False),
        sa.Column("decided_by_id", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_decisions_call_id_calls")),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["people.id"], name=op.f("fk_decisions_decided_by_id_people"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["proposal_id"], ["proposals.id"], name=op.f("fk_decisions_proposal_id_proposals")),
        sa.PrimaryKeyConstraint("proposal_id", name=op.f("pk_decisions")),
    )
    op.create_index(op.f("ix_decisions_call_id"), "decisions", ["call_id"], unique=False)
    op.create_table(
        "proposal_versions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("proposal_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("answers", sa.Text(), nullable=False),
        sa.Column("files", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_by_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["proposal_id"],
            ["proposals.id"],
            name=op.f("fk_proposal_versions_proposal_id_proposals"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["submitted_by_id"],
            ["people.id"],
            name=op.f("fk_proposal_versions_submitted_by_id_people"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposal_versions")),
        sa.UniqueConstraint(
            "proposal_id", "idempotency_key", name=op.f("uq_proposal_versions_proposal_id_idempotency_key")
        ),
        sa.UniqueConstraint("proposal_id", "number", name=op.f("uq_proposal_versions_proposal_id_number")),
    )
    op.create_table(
        "questions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("section_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("help", sa.Text(), nullable=False),
        sa.Column("required", sa.Boolean(), nullable=False),
        sa.Column("feeds", sa.Text(), nullable=False),
        sa.Column("hidden", sa.Boolean(), nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("options", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["section_id"], ["sections.id"], name=op.f("fk_questions_section_id_sections"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_questions")),
        sa.UniqueConstraint("section_id", "key", name=op.f("uq_questions_section_id_key")),
    )
    op.create_index(op.f("ix_questions_section_id"), "questions", ["section_id"], unique=False)
    op.create_table(
        "section_drafts",
        sa.Column("proposal_id", sa.Uuid(), nullable=False),
        sa.Column("section_id", sa.Uuid(), nullable=False),
        sa.Column("answers", sa.Text(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("saved_by_id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["proposal_id"], ["proposals.id"], name=op.f("fk_section_drafts_proposal_id_proposals"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["saved_by_id"], ["people.id"], name=op.f("fk_section_drafts_saved_by_id_people"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["section_id"], ["sections.id"], name=op.f("fk_section_drafts_section_id_sections")),
        sa.PrimaryKeyConstraint("proposal_id", "section_id", name=op.f("pk_section_drafts")),
    )
    op.create_table(
        "standings",
        sa.Column("proposal_id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("mean", sa.BigInteger(), nullable=True),
        sa.Column("spread", sa.BigInteger(), nullable=True),
        sa.Column("ties", sa.Text(), nullable=False),
        sa.Column("draw", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_standings_call_id_calls"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["proposal_id"], ["proposals.id"], name=op.f("fk_standings_proposal_id_proposals"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("proposal_id", name=op.f("pk_standings")),
    )
    op.create_index("ix_standings_rank", "standings", ["call_id", "mean", "ties", "draw"], unique=False)
    op.create_table(
        "reviews",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("assignment_id", sa.Uuid(), nullable=False),
        sa.Column(
            "status", sa.Enum("draft", "submitted", name="reviewstatus", native_enum=False, length=40), nullable=False
        ),
        sa.Column("scores", sa.Text(), nullable=False),
        sa.Column("comment_applicant", sa.Text(), nullable=False),
        sa.Column("comment_committee", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("score", sa.BigInteger(), nullable=True),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(status = 'submitted') = (submitted_at IS NOT NULL)", name=op.f("ck_reviews_submitted_has_instant")
        ),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["assignments.id"], name=op.f("fk_reviews_assignment_id_assignments"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviews")),
        sa.UniqueConstraint("assignment_id", name=op.f("uq_reviews_assignment_id")),
    )
    op.create_table(
        "former_reviews",
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("scores", sa.Text(), nullable=False),
        sa.Column("comment_applicant", sa.Text(), nullable=False),
        sa.Column("comment_committee", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("score", sa.BigInteger(), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["review_id"], ["reviews.id"], name=op.f("fk_former_reviews_review_id_reviews"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("review_id", "number", name=op.f("pk_former_reviews")),
    )
    _protect()


def downgrade() -> None:
    _unprotect()
    op.drop_table("former_reviews")
    op.drop_table("reviews")
    op.drop_index("ix_standings_rank", table_name="standings")
    op.drop_table("standings")
    op.drop_table("section_drafts")
    op.drop_index(op.f("ix_questions_section_id"), table_name="questions")
    op.drop_table("questions")
    op.drop_table("proposal_versions")
    op.drop_index(op.f("ix_decisions_call_id"), table_name="decisions")
    op.drop_table("decisions")
    op.drop_index(op.f("ix_conflicts_proposal_id"), table_name="conflicts")
    op.drop_index(op.f("ix_conflicts_person_id"), table_name="conflicts")
    op.drop_table("conflicts")
    op.drop_index(op.f("ix_attachments_proposal_id"), table_name="attachments")
    op.drop_table("attachments")
    op.drop_index(
        "uq_assignments_active",
        table_name="assignments",
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.drop_index(op.f("ix_assignments_reviewer_id"), table_name="assignments")
    op.drop_index(op.f("ix_assignments_call_id"), table_name="assignments")
    op.drop_table("assignments")
    op.drop_table("sections")
    op.drop_index(
        "uq_seals_in_force",
        table_name="seals",
        sqlite_where=sa.text("unsealed_at IS NULL"),
        postgresql_where=sa.text("unsealed_at IS NULL"),
    )
    op.drop_index(op.f("ix_seals_call_id"), table_name="seals")
    op.drop_table("seals")
    op.drop_table("resolutions")
    op.drop_index(op.f("ix_proposals_owner_id"), table_name="proposals")
    op.drop_index(op.f("ix_proposals_organisation_folded"), table_name="proposals")
    op.drop_index("ix_proposals_call_id_status", table_name="proposals")
    op.drop_index(op.f("ix_proposals_call_id"), table_name="proposals")
    op.drop_table("proposals")
    op.drop_table("people_economies")
    op.drop_table("past_editions")
    op.drop_index(op.f("ix_partners_call_id"), table_name="partners")
    op.drop_table("partners")
    op.drop_index(op.f("ix_memberships_person_id"), table_name="memberships")
    op.drop_table("memberships")
    op.drop_index(op.f("ix_login_sessions_person_id"), table_name="login_sessions")
    op.drop_table("login_sessions")
    op.drop_index(op.f("ix_invitations_call_id"), table_name="invitations")
    op.drop_table("invitations")
    op.drop_index(op.f("ix_deadline_moves_call_id"), table_name="deadline_moves")
    op.drop_table("deadline_moves")
    op.drop_table("criteria")
    op.drop_table("throttles")
    op.drop_table("stored_files")
    op.drop_index(op.f("ix_people_organisation_folded"), table_name="people")
    op.drop_table("people")
    op.drop_index(op.f("ix_links_address"), table_name="links")
    op.drop_table("links")
    op.drop_index(op.f("ix_history_proposal_id"), table_name="history")
    op.drop_index(op.f("ix_history_call_id"), table_name="history")
    op.drop_table("history")
    op.drop_index(
        "ix_emails_waiting",
        table_name="emails",
        sqlite_where=sa.text("sent_at IS NULL AND dropped_at IS NULL AND dead_at IS NULL"),
        postgresql_where=sa.text("sent_at IS NULL AND dropped_at IS NULL AND dead_at IS NULL"),
    )
    op.drop_index(op.f("ix_emails_person_id"), table_name="emails")
    op.drop_index(op.f("ix_emails_due_at"), table_name="emails")
    op.drop_index(op.f("ix_emails_call_id"), table_name="emails")
    op.drop_table("emails")
    op.drop_table("calls")
