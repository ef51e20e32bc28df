"""Automation rules with versions and runs; tasks and notices"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "workflow_automation",
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
        sa.Column("trigger_key", sa.String(), nullable=False),
        sa.Column("conditions", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("actions", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("sentence", sa.String(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("broken_because", sa.String(), nullable=False),
        sa.Column("author_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(
            ["author_id"], ["core_user.id"], name=op.f("fk_workflow_automation_author_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workflow_automation")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("workflow_automation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_workflow_automation_author_id"), ["author_id"], unique=False)
        batch_op.create_index("ix_workflow_automation_name_key", ["name_key", "id"], unique=False)
        batch_op.create_index("ix_workflow_automation_trigger", ["trigger_key", "enabled"], unique=False)

    op.create_table(
        "workflow_notice",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("resource", sa.String(), nullable=False),
        sa.Column("record_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["core_user.id"], name=op.f("fk_workflow_notice_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workflow_notice")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("workflow_notice", schema=None) as batch_op:
        batch_op.create_index("ix_workflow_notice_user", ["user_id", "seen_at", "id"], unique=False)

    op.create_table(
        "workflow_automation_version",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("automation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("sentence", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["automation_id"],
            ["workflow_automation.id"],
            name=op.f("fk_workflow_automation_version_automation_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workflow_automation_version")),
        sa.UniqueConstraint("automation_id", "number", name="uq_workflow_automation_version"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "workflow_run",
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
        sa.Column("automation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("resource", sa.String(), nullable=False),
        sa.Column("record_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["automation_id"], ["workflow_automation.id"], name=op.f("fk_workflow_run_automation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workflow_run")),
        sa.UniqueConstraint("automation_id", "event_id", name="uq_workflow_run"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("workflow_run", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_workflow_run_automation_id"), ["automation_id"], unique=False)
        batch_op.create_index("ix_workflow_run_created_at", ["created_at", "id"], unique=False)
        batch_op.create_index("ix_workflow_run_record", ["resource", "record_id", "id"], unique=False)

    op.create_table(
        "workflow_task",
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
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("due", sa.Date(), nullable=False),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("owner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("team_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("about_resource", sa.String(), nullable=False),
        sa.Column("about_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["core_customer.id"], name=op.f("fk_workflow_task_customer_id")
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["core_user.id"], name=op.f("fk_workflow_task_owner_id")),
        sa.ForeignKeyConstraint(["team_id"], ["core_team.id"], name=op.f("fk_workflow_task_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workflow_task")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("workflow_task", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_workflow_task_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index("ix_workflow_task_due", ["due", "id"], unique=False)
        batch_op.create_index("ix_workflow_task_owner", ["owner_id", "done", "due"], unique=False)
        batch_op.create_index(batch_op.f("ix_workflow_task_team_id"), ["team_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("workflow_task", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_workflow_task_team_id"))
        batch_op.drop_index("ix_workflow_task_owner")
        batch_op.drop_index("ix_workflow_task_due")
        batch_op.drop_index(batch_op.f("ix_workflow_task_customer_id"))

    op.drop_table("workflow_task")
    with op.batch_alter_table("workflow_run", schema=None) as batch_op:
        batch_op.drop_index("ix_workflow_run_record")
        batch_op.drop_index("ix_workflow_run_created_at")
        batch_op.drop_index(batch_op.f("ix_workflow_run_automation_id"))

    op.drop_table("workflow_run")
    op.drop_table("workflow_automation_version")
    with op.batch_alter_table("workflow_notice", schema=None) as batch_op:
        batch_op.drop_index("ix_workflow_notice_user")

    op.drop_table("workflow_notice")
    with op.batch_alter_table("workflow_automation", schema=None) as batch_op:
        batch_op.drop_index("ix_workflow_automation_trigger")
        batch_op.drop_index("ix_workflow_automation_name_key")
        batch_op.drop_index(batch_op.f("ix_workflow_automation_author_id"))

    op.drop_table("workflow_automation")
