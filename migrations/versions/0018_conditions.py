"""Questions that are asked only if an earlier answer is so"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("questions") as questions:
        questions.add_column(sa.Column("match", sa.Text(), nullable=False, server_default="all"))
        questions.create_check_constraint(op.f("ck_questions_match_known"), "\"match\" IN ('all', 'any')")
    op.create_table(
        "conditions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("question_id", sa.Uuid(), nullable=False),
        sa.Column("depends_on_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("operator", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.CheckConstraint("question_id <> depends_on_id", name=op.f("ck_conditions_on_another")),
        sa.CheckConstraint(
            "operator IN ('is', 'is-not', 'at-least', 'at-most', 'answered', 'unanswered')",
            name=op.f("ck_conditions_operator_known"),
        ),
        sa.CheckConstraint(
            "(operator IN ('answered', 'unanswered')) = (value = '')", name=op.f("ck_conditions_valued")
        ),
        sa.ForeignKeyConstraint(
            ["depends_on_id"], ["questions.id"], name=op.f("fk_conditions_depends_on_id_questions"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["question_id"], ["questions.id"], name=op.f("fk_conditions_question_id_questions"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conditions")),
    )
    op.create_index(op.f("ix_conditions_depends_on_id"), "conditions", ["depends_on_id"], unique=False)
    op.create_index(op.f("ix_conditions_question_id"), "conditions", ["question_id"], unique=False)


def downgrade() -> None:
    op.drop_table("conditions")
    with op.batch_alter_table("questions") as questions:
        questions.drop_constraint(op.f("ck_questions_match_known"), type_="check")
        questions.drop_column("match")
