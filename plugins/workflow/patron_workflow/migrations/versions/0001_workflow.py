"""The tables of workflow"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "workflow_calendar",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("trashed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_key", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("hours", sa.String(), nullable=False),
        sa.Column("holidays", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workflow_calendar")),
        sa.UniqueConstraint("name", name=op.f("uq_workflow_calendar_name")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("workflow_calendar", schema=None) as batch_op:
        batch_op.create_index("ix_workflow_calendar_name_key", ["name_key", "id"], unique=False)

    op.create_table(
        "workflow_rule",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("trashed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("conditions", sa.String(), nullable=False),
        sa.Column("owner_first", sa.Boolean(), nullable=False),
        sa.Column("target_team_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("people", sa.String(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["target_team_id"], ["core_team.id"], name=op.f("fk_workflow_rule_target_team_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workflow_rule")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("workflow_rule", schema=None) as batch_op:
        batch_op.create_index("ix_workflow_rule_position", ["position", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_workflow_rule_target_team_id"), ["target_team_id"], unique=False)

    op.create_table(
        "workflow_turn",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("rule_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("served", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["rule_id"], ["workflow_rule.id"], name=op.f("fk_workflow_turn_rule_id")),
        sa.ForeignKeyConstraint(["user_id"], ["core_user.id"], name=op.f("fk_workflow_turn_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workflow_turn")),
        sa.UniqueConstraint("rule_id", "user_id", name="uq_workflow_turn"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("workflow_turn", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_workflow_turn_user_id"), ["user_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("workflow_turn", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_workflow_turn_user_id"))

    op.drop_table("workflow_turn")
    with op.batch_alter_table("workflow_rule", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_workflow_rule_target_team_id"))
        batch_op.drop_index("ix_workflow_rule_position")

    op.drop_table("workflow_rule")
    with op.batch_alter_table("workflow_calendar", schema=None) as batch_op:
        batch_op.drop_index("ix_workflow_calendar_name_key")

    op.drop_table("workflow_calendar")
